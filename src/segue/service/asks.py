# SPDX-License-Identifier: Apache-2.0
"""Asks at the border: what can be asked, and reading an ask from a line of JSON."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from segue.errors import BadInput, SegueError
from segue.events.schema import LONGEST_ID
from segue.playlists.arcs import ARCS, arc
from segue.recipes.spoken import SHELVES
from segue.service.mixing import MUSIC, counts
from segue.types import AgeBracket, Ask, Kind, Refusal, Spoken

__all__ = ["MOST_MINUTES", "MOST_TRACKS", "check", "parse", "read_arc", "read_dial", "read_mix"]

MOST_TRACKS = 1000
"""The longest list that may be asked for."""
MOST_MINUTES = 1440
_MOST_SEEDS = 1000
_LONGEST_TITLE = 1000
_LONGEST_LINE = 1 << 20
_LONGEST_TAG = 35
_EXACT = 1e-6
_DIAL = "from 0 (all familiar) to 1 (all new), or 'learned'"


def check(ask: Ask) -> Ask:
    """Return the ask if it can be answered.

    Raises:
        BadInput: Its limit is out of bounds, or it lacks what its kind needs.
    """
    if not 1 <= ask.limit <= MOST_TRACKS:
        raise BadInput(f"limit is {ask.limit}; it must be from 1 to {MOST_TRACKS}")
    if len(ask.tracks) > _MOST_SEEDS:
        raise BadInput(f"{len(ask.tracks)} tracks are given; at most {_MOST_SEEDS} can be")
    if ask.kind is Kind.RADIO and not ask.tracks:
        raise BadInput("a radio needs at least one track to start from")
    if ask.kind is Kind.CONTINUE and not ask.tracks and not (ask.title or "").strip():
        raise BadInput("a continuation needs at least one track to start from, or a title")
    if ask.title is not None and len(ask.title) > _LONGEST_TITLE:
        raise BadInput(f"the title has {len(ask.title)} characters; at most {_LONGEST_TITLE} are read")
    if ask.kind is Kind.MOOD and not (ask.text or "").strip():
        raise BadInput("a mood needs text: a mood, an activity, a genre, years, a tempo, such as 'rainy sunday jazz'")
    if ask.text is not None and len(ask.text) > _LONGEST_TITLE:
        raise BadInput(f"the text has {len(ask.text)} characters; at most {_LONGEST_TITLE} are read")
    if ask.kind is Kind.WEEKLY and not ask.listener:
        raise BadInput("a weekly needs a listener")
    _check_spoken(ask)
    if ask.minutes is not None and not 1 <= ask.minutes <= MOST_MINUTES:
        raise BadInput(f"minutes is {ask.minutes:g}; it must be from 1 to {MOST_MINUTES}")
    if isinstance(ask.dial, str):
        if ask.dial != "learned":
            raise BadInput(f"dial is {ask.dial!r}; it must be {_DIAL}")
    elif ask.dial is not None and not 0 <= ask.dial <= 1:
        raise BadInput(f"dial is {ask.dial:g}; it must be {_DIAL}")
    if ask.dial is not None and ask.listener is None:
        raise BadInput("a dial from familiar to new needs a listener: nobody knows what is new to nobody")
    if ask.arc is not None:
        arc(ask.arc)
    bracket, explicit = ask.context.get("age_bracket"), ask.context.get("allows_explicit")
    if bracket is not None and bracket not in list(AgeBracket):
        raise BadInput(f"age_bracket is {bracket!r}; it must be one of {', '.join(AgeBracket)}")
    if explicit is not None and not isinstance(explicit, bool):
        raise BadInput(f"allows_explicit is {explicit!r}; it must be true or false")
    region = ask.context.get("region")
    if region is not None and not (isinstance(region, str) and 0 < len(region) <= _LONGEST_TAG):
        raise BadInput(f"region is {region!r}; name it as plays do, such as 'ES'")
    if ask.language is not None and not 0 < len(ask.language) <= _LONGEST_TAG:
        raise BadInput(f"the language has {len(ask.language)} characters; name it by its code, such as 'es'")
    if ask.listener is not None and not 0 < len(ask.listener.encode()) <= LONGEST_ID:
        raise BadInput(f"the listener has {len(ask.listener.encode())} bytes; it must have 1 to {LONGEST_ID}")
    return ask


def _check_spoken(ask: Ask) -> None:
    """Refuse what cannot be asked of podcasts and audiobooks."""
    if ask.kind in SHELVES and ask.spoken not in list(Spoken):
        raise BadInput(f"spoken is {ask.spoken!r}; the shelf {ask.kind} is of one of {', '.join(Spoken)}")
    if ask.kind not in SHELVES and ask.spoken is not None:
        raise BadInput(f"spoken is for shelves ({', '.join(SHELVES)}); a {ask.kind} takes `mix`")
    if ask.kind in (Kind.RESUME, Kind.NEW, Kind.NEXT) and not ask.listener:
        raise BadInput(f"the shelf {ask.kind} needs a listener")
    if ask.mix is None:
        return
    if ask.kind not in (Kind.RADIO, Kind.CONTINUE, Kind.MOOD):
        raise BadInput(f"a {ask.kind} has no mix; a radio, a continuation and a mood have")
    kinds = (MUSIC, *Spoken)
    for name, share in ask.mix.items():
        if name not in kinds:
            raise BadInput(f"mix has {name!r}; it can have {', '.join(kinds)}")
        if not 0 <= share <= 1:
            raise BadInput(f"mix has {share:g} of {name}; a share is from 0 to 1")
    if abs(sum(ask.mix.values()) - 1) > _EXACT:
        raise BadInput(f"the shares of mix add up to {sum(ask.mix.values()):g}; they must add up to 1")
    if not counts(ask.mix, ask.limit).get(MUSIC):
        raise BadInput("a mix has music in it; `segue shelves` has what is spoken alone")
    if ask.minutes is not None:
        raise BadInput("a mix is of so many items; give limit, and no minutes")


def read_mix(text: str) -> dict[str, float]:
    """Return the mix that a person writes, such as "music=0.8,podcast=0.2"."""
    try:
        pairs = [part.split("=") for part in text.split(",")]
        return {name.strip(): float(share) for name, share in pairs}
    except ValueError as error:
        raise BadInput(f"mix is {text!r}; write it as music=0.8,podcast=0.2") from error


def parse(line: str, number: int, now: datetime) -> Ask | Refusal:
    """Return the ask that a line of `segue batch` holds, or why it holds none; `number` counts lines from 1."""
    place = f"line {number}"
    if len(line) > _LONGEST_LINE:
        return Refusal(place, f"{place} has {len(line)} characters; at most {_LONGEST_LINE} are read")
    try:
        fields = json.loads(line)
        json.dumps(fields, ensure_ascii=False).encode()  # half of a surrogate pair is JSON, but no text
    except (ValueError, RecursionError) as error:
        return Refusal(place, f"{place} is not JSON: {error}")
    if not isinstance(fields, dict):
        return Refusal(place, f"{place} is not a JSON object")
    identity = str(fields.get("id", place))
    try:
        return check(_from_fields(fields, identity, now))
    except SegueError as error:
        return Refusal(identity, str(error))


def _from_fields(fields: Mapping[str, Any], identity: str, now: datetime) -> Ask:
    known = {
        "id", "kind", "tracks", "title", "text", "listener", "context", "limit", "dial", "minutes", "arc", "language",
        "spoken", "mix",
    }  # fmt: skip
    if unknown := sorted(set(fields) - known):
        raise BadInput(f"unknown field {unknown[0]!r}; the fields are {', '.join(sorted(known))}")
    try:
        kind = Kind(fields.get("kind", ""))
    except ValueError as error:
        raise BadInput(f"kind is {fields.get('kind')!r}; it must be one of {[kind.value for kind in Kind]}") from error
    tracks, limit = fields.get("tracks", []), fields.get("limit", 30)
    if not isinstance(tracks, list) or not all(isinstance(track, str) for track in tracks):
        raise BadInput("tracks must be a list of track ids")
    if not isinstance(limit, int) or isinstance(limit, bool):
        raise BadInput(f"limit is {limit!r}; it must be a whole number")
    listener = fields.get("listener")
    if listener is not None and not isinstance(listener, str):
        raise BadInput(f"listener is {listener!r}; it must be text")
    for name in ("title", "text"):
        if not isinstance(fields.get(name), str | None):
            raise BadInput(f"{name} is {fields[name]!r}; it must be text")
    context = fields.get("context") or {}
    given = fields.get("dial")
    dial = given if isinstance(given, str) else _number("dial", fields, _DIAL)
    minutes = _number("minutes", fields, f"from 1 to {MOST_MINUTES}")
    arc_ = _arc(fields.get("arc"))
    language = fields.get("language")
    if language is not None and not isinstance(language, str):
        raise BadInput(f"language is {language!r}; it must be text, such as 'es'")
    title, text = fields.get("title"), fields.get("text")
    wishes: dict[str, Any] = {"dial": dial, "minutes": minutes, "arc": arc_, "language": language, "text": text}
    wishes |= {"spoken": _spoken(fields.get("spoken")), "mix": _mix(fields.get("mix"))}
    return Ask(identity, kind, tuple(tracks), title, listener, context, limit, now, **wishes)


def _number(name: str, fields: Mapping[str, Any], bounds: str) -> float | None:
    given = fields.get(name)
    if given is None:
        return None
    if not isinstance(given, int | float) or isinstance(given, bool):
        raise BadInput(f"{name} is {given!r}; it must be a number {bounds}")
    return float(given)


def _spoken(given: object) -> Spoken | None:
    if given is not None and given not in list(Spoken):
        raise BadInput(f"spoken is {given!r}; it must be one of {', '.join(Spoken)}")
    return None if given is None else Spoken(str(given))


def _mix(given: object) -> dict[str, float] | None:
    if given is None:
        return None
    if not isinstance(given, dict):
        raise BadInput(f'mix is {given!r}; it must be an object such as {{"music": 0.8, "podcast": 0.2}}')
    return {name: _number(name, given, "from 0 to 1") or 0.0 for name in given}


def read_arc(text: str) -> str | tuple[float, ...]:
    """Return the arc that a person writes: a name, or levels parted by commas."""
    try:
        return tuple(float(one) for one in text.split(",")) if "," in text else text
    except ValueError as error:
        raise BadInput(f"arc is {text!r}; write a name ({', '.join(ARCS)}), or levels such as 0.2,0.9,0.1") from error


def read_dial(text: str) -> float | str:
    """Return the dial that a person writes: a number, or a word, which `check` refuses if it is none."""
    try:
        return float(text)
    except ValueError:
        return text


def _arc(given: object) -> str | tuple[float, ...] | None:
    if given is None or isinstance(given, str):
        return given
    if not isinstance(given, list) or not all(isinstance(one, int | float) for one in given):
        raise BadInput(f"arc is {given!r}; it must be a name or a list of numbers")
    return tuple(float(one) for one in given)
