# SPDX-License-Identifier: Apache-2.0
"""What free words were taken for, and what of them could not hold, in the language of whoever asked."""

from collections.abc import Sequence
from typing import Any

from segue.explain.words import Language
from segue.themes.theme import Aim, Relaxed, Theme, Understood

__all__ = ["notes", "to_json"]


def notes(theme: Theme, relaxed: Sequence[Relaxed], spoken: Language) -> list[str]:
    """Say what was understood, what was not, and what could not hold."""
    told = []
    if theme.understood:
        told.append(spoken.say("understood", list="; ".join(_read(one, spoken) for one in theme.understood)))
    if theme.unknown:
        quoted = [spoken.say("quoted", words=word) for word in theme.unknown]
        told.append(spoken.say("unknown", list=spoken.messages["join"].join(quoted)))
    return [*told, *(spoken.say(one.code, wish=_wish(one, spoken), count=f"{one.count:,}") for one in relaxed)]


def to_json(theme: Theme, spoken: Language) -> dict[str, Any]:
    """Return what was understood and what was not, as answers carry it; kinds are codes, meanings are words."""
    return {
        "understood": [
            {"words": _words(one, spoken), "as": one.kind, "meaning": _meaning(one, spoken)} for one in theme.understood
        ],
        "unknown": list(theme.unknown),
    }


def _read(one: Understood, spoken: Language) -> str:
    meaning = _meaning(one, spoken)
    gaps = {"words": _words(one, spoken), "kind": spoken.kinds[one.kind]}
    return spoken.say("meant", meaning=meaning, **gaps) if meaning else spoken.say("read", **gaps)


def _words(one: Understood, spoken: Language) -> str:
    return spoken.say("not", words=one.words) if one.turned else one.words


def _meaning(one: Understood, spoken: Language) -> str:
    """Return what words came to, such as "least energy, of the catalogue's 30%"; "" where their kind says it all."""
    parts = [one.meant] if one.meant else []
    parts += [_aim(aim, spoken) for aim in one.aims]
    if one.value:
        parts.append(spoken.say("tempo", value=one.value) if one.kind == "tempo" else one.value)
    if not one.marked:
        parts.append(spoken.messages["unmarked"])
    return spoken.messages["join"].join(parts)


def _aim(aim: Aim, spoken: Language) -> str:
    share = round(100 * (1 - aim.quantile if aim.above else aim.quantile))
    return spoken.say("most" if aim.above else "least", column=spoken.sounds[aim.column], share=share)


def _wish(one: Relaxed, spoken: Language) -> str:
    if one.kind == "tempo":
        return spoken.say("tempo", value=one.words)
    if one.kind == "sound":
        return spoken.messages["wordless"]
    words = one.words if one.kind == "years" else spoken.say("quoted", words=one.words)
    said = spoken.say("wish", kind=spoken.kinds[one.kind], words=words)
    return spoken.say("not", words=said) if one.turned else said
