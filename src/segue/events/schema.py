# SPDX-License-Identifier: Apache-2.0
"""The one columnar schema of every event, and the check at its border."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

import polars as pl

from segue.errors import BadInput
from segue.types import AgeBracket, Device, EndReason, EventType, Purpose, Tier

__all__ = ["EVENTS", "INTAKE", "LONGEST_ID", "conform", "empty"]

_TIME = pl.Datetime("ms", "UTC")

INTAKE = pl.Schema(
    {
        # What, who, when
        "event_id": pl.String(),  # unique for ever; a second event of the same id is the same event
        "type": pl.String(),  # an EventType
        "listener": pl.String(),  # null: nobody in particular (a published playlist)
        "occurred_at": _TIME,  # null where the source does not know it; never invented
        "source": pl.String(),  # the importer or client that brought it
        # About which item
        "track": pl.String(),  # the source's own id, as given
        "artist": pl.String(),  # the artist's id (follow, search)
        "playlist": pl.String(),  # the playlist's id (playlist, save, follow)
        "title": pl.String(),  # the playlist's title
        "tracks": pl.List(pl.String()),  # playlist: its tracks in order; impression: what was shown, in order
        # How it went
        "count": pl.Int32(),  # plays in a total (null: one play)
        "played_ms": pl.Int64(),  # milliseconds heard; for a skip: where it fell
        "duration_ms": pl.Int64(),  # the item's length as the source knows it
        "end_reason": pl.String(),  # an EndReason
        "seeks": pl.Int32(),
        "shuffle": pl.Boolean(),
        "offline": pl.Boolean(),
        "value": pl.Float32(),  # survey answer or rating, 0–1
        "query": pl.String(),  # search or survey text
        # In which context; every field may be null
        "session": pl.String(),
        "device": pl.String(),  # a Device
        "place": pl.String(),  # a class such as urban, rural, gym; never a position
        "region": pl.String(),  # ISO 3166
        "timezone": pl.String(),  # IANA name; gives the local hour and weekday
        "activity": pl.String(),
        # In answer to what
        "request_id": pl.String(),
        "slot": pl.Int32(),  # position in the slate, from 0
        "propensity": pl.Float32(),  # chance with which the policy showed it there; impression: drew its dial
        "scores": pl.List(pl.Float32()),  # impression: beside `tracks`
        "sources": pl.List(pl.String()),  # impression: beside `tracks`, the source with the largest share of each score
        "reasons": pl.List(pl.String()),  # impression: beside `tracks`, in words, as they were shown
        "reason_codes": pl.List(pl.String()),  # impression: the same in no language: a source, or a fact
        "reason_seeds": pl.List(pl.String()),  # impression: a track that each reason names, or null
        "reason_others": pl.List(pl.String()),  # impression: another one, or null
        "propensities": pl.List(pl.Float32()),  # impression: beside `tracks`; null where nothing was left to chance
        "dial": pl.Float32(),  # impression: from familiar (0) to new (1)
        "recipe": pl.String(),
        "rung": pl.String(),
        "snapshot": pl.String(),
        "experiment": pl.String(),
        "arm": pl.String(),
        # Consent
        "purpose": pl.String(),  # a Purpose
        "granted": pl.Boolean(),
        # Profile: what a listener says of themselves
        "age_bracket": pl.String(),  # an AgeBracket
        "allows_explicit": pl.Boolean(),
        "languages": pl.List(pl.String()),  # ISO 639-1, best first
        "tier": pl.String(),  # a Tier
    }
)
"""Columns that an importer or client may fill. All may be null but `event_id` and `type`."""

EVENTS = pl.Schema({**INTAKE, "received_at": _TIME, "position": pl.Int64()})
"""Columns of the log: the intake's, when the log received the event, and its place in the log's order (from 1)."""

_WORDS: dict[str, type[StrEnum]] = {
    "type": EventType,
    "end_reason": EndReason,
    "device": Device,
    "purpose": Purpose,
    "age_bracket": AgeBracket,
    "tier": Tier,
}
_NOT_NEGATIVE = ("count", "played_ms", "duration_ms", "seeks", "slot", "propensity")
_NOTHING = {name: pl.lit(None, dtype).alias(name) for name, dtype in INTAKE.items()}
LONGEST_ID = 512
"""Bytes of an id."""
_NEEDS = {
    EventType.PLAY: ("track",),
    EventType.SKIP: ("track",),
    EventType.LIKE: ("listener", "track"),
    EventType.DISLIKE: ("listener", "track"),
    EventType.PLAYLIST: ("playlist", "tracks"),
    EventType.IMPRESSION: ("request_id", "tracks"),
    EventType.CONSENT: ("listener", "purpose", "granted"),
    EventType.ERASURE: ("listener",),
    EventType.PROFILE: ("listener",),
    EventType.EXPOSURE: ("experiment", "arm"),
}


def empty() -> pl.DataFrame:
    """Return no events, with every column of the intake."""
    return pl.DataFrame(schema=INTAKE)


def conform(events: pl.DataFrame, *, origin: str = "event") -> pl.DataFrame:
    """Return the events with exactly the intake's columns and types, or refuse them all.

    Args:
        events: Any subset of the columns of `INTAKE`, among them `event_id` and `type`.
        origin: What a row is called in the message ("event", "row").

    Raises:
        BadInput: A column is unknown or of a wrong type; an id is missing; a word is not in its enum; a count or a
            duration is negative or not a number; a type lacks a column that it needs. The first such row is named.
    """
    unknown = [name for name in events.columns if name not in INTAKE]
    if unknown:
        raise BadInput(f"unknown event column {unknown[0]!r}; the columns are: {', '.join(INTAKE)}")
    held = [_typed(events[name], INTAKE[name], origin) for name in events.columns]
    frame = events.select(held).with_columns(_NOTHING[name] for name in INTAKE if name not in events.columns)
    frame = frame.select(INTAKE.names())
    failed = frame.select(_BROKEN).row(0)
    for rule, broken in zip(_RULES, failed, strict=True):
        if broken:
            _refuse(frame, rule, origin)
    return frame


@dataclass(frozen=True, slots=True)
class _Rule:
    """What no event may be."""

    wrong: pl.Expr
    """True: it is so."""
    message: str
    """With the columns of the event to be filled in."""


def _rules() -> Iterator[_Rule]:
    for name in ("event_id", "type"):
        yield _Rule(pl.col(name).is_null() | (pl.col(name) == ""), f"has no {name}")
    for name in ("listener", "track"):
        yield _Rule(pl.col(name) == "", f"has an empty {name}; leave it out")
    for name, words in _WORDS.items():
        known = [word.value for word in words]
        yield _Rule(~pl.col(name).is_in(known), f"has {name} {{{name}}}, which is not one of {known}")
    for name in ("event_id", "listener", "track"):
        too_long = f"has {_article(name)} {name} of more than {LONGEST_ID} bytes; shorten it"
        yield _Rule(pl.col(name).str.len_bytes() > LONGEST_ID, too_long)
    for name in _NOT_NEGATIVE:
        yield _Rule(pl.col(name) < 0, f"has {name} {{{name}}}; it cannot be negative")
    for name in ("value", "propensity"):
        yield _Rule(pl.col(name).is_finite().not_(), f"has {name} {{{name}}}, no number")
    scores = pl.col("scores").list.eval(pl.element().is_finite().not_()).list.any()
    yield _Rule(scores, "has scores among which one is no number")
    for kind, names in _NEEDS.items():
        missing = pl.any_horizontal(pl.col(name).is_null() for name in names)
        yield _Rule((pl.col("type") == kind.value) & missing, f"is {_article(kind.value)} {kind} without {_and(names)}")


def _typed(column: pl.Series, dtype: pl.DataType, origin: str) -> pl.Series:
    if column.dtype == dtype:
        return column
    try:
        cast = column.cast(dtype, strict=False)
    except pl.exceptions.PolarsError as error:
        raise BadInput(f"{column.name} is a column of {column.dtype}; it must be {dtype}") from error
    wrong = cast.is_null() & column.is_not_null()
    if dtype.is_integer() and column.dtype.is_float():
        wrong |= (cast != column).fill_null(False)
    if wrong.any():
        row = int(wrong.arg_true()[0])
        raise BadInput(f"{origin} {row + 1} has {column.name} {column[row]!r}; it must be {dtype}")
    return cast


def _refuse(frame: pl.DataFrame, rule: _Rule, origin: str) -> NoReturn:
    """Name the first event that breaks a rule."""
    row = frame.select(rule.wrong.fill_null(False).arg_true().first()).item()
    values = {name: repr(value) for name, value in frame.row(row, named=True).items()}
    identity = f" (event_id {values['event_id']})" if values["event_id"] != "None" else ""
    raise BadInput(f"{origin} {row + 1}{identity} {rule.message.format_map(values)}")


def _article(word: str) -> str:
    return "an" if word[0] in "aeio" else "a"


def _and(names: Iterable[str]) -> str:
    return " and ".join(names)


_RULES = list(_rules())
_BROKEN = [rule.wrong.any().alias(str(place)) for place, rule in enumerate(_RULES)]
