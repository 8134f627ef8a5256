# SPDX-License-Identifier: Apache-2.0
"""Numbers in free words: years, decades and beats a minute."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Numeral", "read"]

_TOLERANCE = 0.04
"""Of a tempo given as one number: a mix does not bear more."""
_SLOWEST, _FASTEST = 40, 240
_TENS = {
    word: tens
    for tens, words in {
        50: "fifties cincuenta cincuentas cinquenta funfziger cinquante",
        60: "sixties sesenta sesentas sessenta sechziger soixante",
        70: "seventies setenta setentas siebziger",
        80: "eighties ochenta ochentas oitenta oitentas achtziger 80er",
        90: "nineties noventa noventas neunziger 90er",
    }.items()
    for word in words.split()
}
_BEFORE_DECADE = frozenset("anos annees anni jahre los the".split())
_PARTS = {"early": (0, 3), "mid": (3, 6), "late": (6, 9)}
_TO = frozenset("to bis a ate au and y und e et through until".split())
_SINCE = frozenset("since after desde ab seit depuis depois apres despues nach".split())
_UNTIL = frozenset("before until antes vor bis avant pre".split())
_FIRST, _LAST = 1900, 2099
_YEAR, _DECADE, _BPM = (
    re.compile(r"(?:19|20)\d\d"),
    re.compile(r"((?:19|20)?\d0)(s|er|ern|ies)?"),
    re.compile(r"(\d{2,3})bpm"),
)


@dataclass(frozen=True, slots=True)
class Numeral:
    """Years or beats a minute, and how many words say so."""

    kind: str
    """tempo or years."""
    first: float
    last: float
    words: int


def read(words: Sequence[str], place: int) -> Numeral | None:
    """Return the numeral that begins at a place: "160 bpm", "120 130 bpm", "1985", "late 80s", "años 90"."""
    rest = words[place : place + 5]
    return _tempo(rest) or _years(rest)


def _tempo(rest: Sequence[str]) -> Numeral | None:
    if (joined := _BPM.fullmatch(rest[0])) is not None:
        return _around(int(joined[1]), 1)
    numbers = [int(word) for word in rest[:3] if word.isascii() and word.isdigit()]
    for count in (2, 1):
        size = count
        if count == 2 and len(rest) > 3 and rest[1] in _TO and rest[0].isdigit() and rest[2].isdigit():
            numbers, size = [int(rest[0]), int(rest[2])], 3
        if len(numbers) >= count and len(rest) > size and rest[size] == "bpm" and rest[0].isdigit():
            if count == 1:
                return _around(numbers[0], 2)
            first, last = sorted(numbers[:2])
            return Numeral("tempo", first, last, size + 1) if _plausible(first) and _plausible(last) else None
    return None


def _around(beats: int, words: int) -> Numeral | None:
    if not _plausible(beats):
        return None
    return Numeral("tempo", beats * (1 - _TOLERANCE), beats * (1 + _TOLERANCE), words)


def _plausible(beats: int) -> bool:
    return _SLOWEST <= beats <= _FASTEST


def _years(rest: Sequence[str]) -> Numeral | None:
    if rest[0] in _SINCE | _UNTIL and len(rest) > 1 and (years := _years(rest[1:])) is not None:
        if rest[0] in _SINCE:
            return Numeral("years", years.first, _LAST, years.words + 1)
        return Numeral("years", _FIRST, years.first - 1, years.words + 1)
    if rest[0] in _PARTS and len(rest) > 1 and (decade := _decade(rest[1:])) is not None:
        first, last = _PARTS[rest[0]]
        return Numeral("years", decade.first + first, decade.first + last, decade.words + 1)
    if (decade := _decade(rest)) is not None:
        return decade
    if _YEAR.fullmatch(rest[0]) is None:
        return None
    first = int(rest[0])
    for gap in (1, 2):
        between = gap == 1 or (len(rest) > 1 and rest[1] in _TO)
        if len(rest) > gap and between and _YEAR.fullmatch(rest[gap]) and int(rest[gap]) > first:
            return Numeral("years", first, int(rest[gap]), gap + 1)
    return Numeral("years", first, first, 1)


def _decade(rest: Sequence[str]) -> Numeral | None:
    """Read "80s", "80 s" (from "80's"), "1980s", "años 80", "achtziger", "eighties"."""
    behind = 1 if len(rest) > 1 and rest[1] == "jahre" else 0
    if rest[0] in _TENS:
        return _from(_TENS[rest[0]], 1 + behind)
    ahead = 1 if rest[0] in _BEFORE_DECADE and len(rest) > 1 else 0
    if ahead and rest[1] in _TENS:
        return _from(_TENS[rest[1]], 2)
    found = _DECADE.fullmatch(rest[ahead])
    if found is None:
        return None
    apart = found[2] is None and len(rest) > ahead + 1 and rest[ahead + 1] == "s"
    said = ahead and rest[0] not in ("the", "los")
    if found[2] is None and not apart and not said:
        return None
    return _from(int(found[1]), ahead + 1 + apart + (0 if ahead else behind))


def _from(tens: int, words: int) -> Numeral:
    first = tens if tens >= _FIRST else (1900 if tens >= 30 else 2000) + tens
    return Numeral("years", first, first + 9, words)
