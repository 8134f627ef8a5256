# SPDX-License-Identifier: Apache-2.0
"""What a table's columns may be, and a column's values in the type of its field."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

import polars as pl

from segue.catalog.schema import ARTISTS, TRACKS
from segue.events.schema import INTAKE
from segue.importers.fields import LATEST_S, shown
from segue.importers.records import refuse
from segue.types import ItemKind

__all__ = ["FIELDS", "IN_OTHER_UNITS", "OF_ARTISTS", "OF_CATALOGUE", "OF_TRACKS", "Part", "typed"]

_RENAMED = {"track": "track_id", "track_title": "title", "track_region": "region"}
"""Fields of a track that the catalogue calls otherwise, for an event has a field of that name."""
OF_TRACKS = {name: name for name in TRACKS if name not in _RENAMED.values()} | _RENAMED
"""Our field of a track to its column in the catalogue."""
OF_ARTISTS = {
    "artist_id": "artist_id",
    "artist_name": "name",
    "genres": "genres",
    "artist_region": "region",
    "gender": "gender",
    "popularity": "popularity",
    "mbid": "mbid",
}
"""Our field of an artist, in a row of kind `artist`, to its column in the catalogue."""
IN_OTHER_UNITS = {"played_s": "played_ms", "duration_s": "duration_ms", "popularity_percent": "popularity"}
"""A field in a unit of the table's to the field in ours."""
_TIME = INTAKE["occurred_at"]

_ON_TRACKS = {
    **{ours: TRACKS[theirs] for ours, theirs in OF_TRACKS.items()},
    **dict.fromkeys(("duration_s", "popularity_percent"), pl.Float64()),
}
FIELDS: Mapping[str, pl.DataType] = {
    **{name: dtype for name, dtype in INTAKE.items() if name != "source"},
    **_ON_TRACKS,
    "played_s": pl.Float64(),
}
"""What a column of a table of plays may be: the columns of an event and of a track, some in other units too."""
OF_CATALOGUE: Mapping[str, pl.DataType] = {
    **_ON_TRACKS,
    **{ours: ARTISTS[theirs] for ours, theirs in OF_ARTISTS.items()},
}
"""What a column of a table of tracks and artists may be."""
_DTYPES = {**FIELDS, **OF_CATALOGUE}

_SHARES = ("energy", "valence", "danceability", "acousticness", "instrumentalness", "speechiness", "popularity")
_RANGES: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(_SHARES, (0, 1)),
    "popularity_percent": (0, 100),
    "key": (0, 11),
    "mode": (0, 1),
    "age_rating": (0, 99),
}
"""Least and greatest value of what has both."""
_UNKNOWN: Mapping[str, float] = {"key": -1, "tempo_bpm": 0}
"""The number with which sources say that they do not know."""

_FROM_EPOCH_MS = 100_000_000_000
"""Numbers from here on are milliseconds since 1970, smaller ones seconds (as seconds, this is the year 5138)."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of one table: columns under our names, as read."""

    file: str
    first: int
    """Number of the first row, from 1."""
    rows: pl.DataFrame
    called: Mapping[str, str]
    """Our field to their column."""

    def refuse(self, index: int, field: str, value: object, reason: str) -> NoReturn:
        """Raise `BadInput` for one value."""
        called = self.called.get(field, field)
        value = value.to_list() if isinstance(value, pl.Series) else value
        refuse(self.file, self.first + index, f"has {shown(value)} in column {called!r} ({field}), {reason}")


def typed(part: Part, field: str) -> pl.Series:
    """Return a column in the type of its field, or refuse its first value that does not fit."""
    column, wanted = part.rows[field], _DTYPES[field]
    if column.dtype in (pl.Categorical, pl.Enum):
        column = column.cast(pl.String)
    if column.dtype == pl.String:
        column = column.str.strip_chars()
        column = column.set(column == "", None)
    if column.dtype.is_float():
        _refuse_first(part, field, column, ~column.is_finite(), "which is no number")
    if field == "occurred_at":
        return _time(part, column)
    if isinstance(wanted, pl.List):
        return _list(part, field, column, wanted)
    typed = _cast(part, field, column, wanted)
    if field in _UNKNOWN:
        typed = typed.set(typed == _UNKNOWN[field], None)
    if field in _RANGES:
        least, most = _RANGES[field]
        reason = f"which is not from {least} to {most}"
        if field == "popularity":
            reason += "; map it to popularity_percent if it counts to 100"
        _refuse_first(part, field, column, ~typed.is_between(least, most), reason)
    if field == "position":
        _refuse_first(part, field, column, typed < 1, "which is below 1")
    if field.endswith(("_ms", "_s")) or field in ("count", "tempo_bpm"):
        _refuse_first(part, field, column, typed < 0, "which is negative")
    if field in ("played_s", "duration_s"):
        return (typed * 1000).round().cast(pl.Int64)
    if field == "popularity_percent":
        return (typed / 100).cast(pl.Float32)
    if field == "kind":
        _refuse_first(part, field, column, ~typed.is_in(list(ItemKind)), f"which is none of {', '.join(ItemKind)}")
    return typed


def _cast(part: Part, field: str, column: pl.Series, wanted: pl.DataType) -> pl.Series:
    kind = f"which is no {_KINDS[wanted]}"
    if not _castable(column.dtype, wanted):
        _refuse_first(part, field, column, column.is_not_null(), kind)
        return pl.repeat(None, len(column), dtype=wanted, eager=True).alias(field)
    if wanted == pl.Boolean and column.dtype == pl.String:
        truths = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
        cast = column.str.to_lowercase().replace_strict(truths, default=None, return_dtype=pl.Boolean)
    elif wanted == pl.Date and column.dtype == pl.String:
        first = {4: "-01-01", 7: "-01"}  # a year or a month alone counts as its first day
        rest = column.str.len_chars().replace_strict(first, default="", return_dtype=pl.String)
        cast = (column + rest).str.to_date("%Y-%m-%d", strict=False)
    elif wanted == pl.String and column.dtype.is_float():
        _refuse_first(part, field, column, column != column.round(), "which is no id")
        cast = column.cast(pl.Int64, strict=False).cast(pl.String)  # ids that passed through a frame with gaps
    elif wanted.is_integer() and column.dtype == pl.String:
        number = column.cast(pl.Float64, strict=False)
        cast = column.cast(wanted, strict=False)
        whole = number.set(number != number.round(), None).cast(wanted, strict=False)
        cast = cast.zip_with(cast.is_not_null(), whole)
    else:
        cast = column.cast(wanted, strict=False)
    _refuse_first(part, field, column, cast.is_null() & column.is_not_null(), kind)
    if wanted.is_float():
        _refuse_first(part, field, column, ~cast.is_finite(), "which is no number")
    if wanted.is_integer() and column.dtype.is_float():
        _refuse_first(part, field, column, column != column.round(), kind)
    return cast.alias(field)


def _castable(given: pl.DataType, wanted: pl.DataType) -> bool:
    """Whether values of one type may stand for another; a date is no number, and a truth value none either."""
    if given in (pl.String, pl.Null) or given == wanted:
        return True
    if wanted == pl.Date:
        return given == pl.Datetime
    if wanted == pl.String:
        return given.is_numeric()
    return given.is_integer() if wanted == pl.Boolean else given.is_numeric()


_KINDS: Mapping[pl.DataType, str] = {
    pl.Int64(): "whole number",
    pl.Int32(): "whole number",
    pl.Int8(): "small whole number",
    pl.Float32(): "number",
    pl.Float64(): "number",
    pl.Boolean(): "truth value",
    pl.Date(): "date (YYYY-MM-DD, YYYY-MM or YYYY)",
    pl.String(): "text",
}


def _time(part: Part, column: pl.Series) -> pl.Series:
    field = "occurred_at"
    if isinstance(column.dtype, pl.Datetime):
        utc = column.dt.convert_time_zone("UTC") if column.dtype.time_zone else column.dt.replace_time_zone("UTC")
        return utc.cast(_TIME).alias(field)
    if column.dtype == pl.Date:
        return column.cast(pl.Datetime("ms")).dt.replace_time_zone("UTC").alias(field)
    if not _castable(column.dtype, pl.Float64()):
        _refuse_first(part, field, column, column.is_not_null(), "which is no time")
    number = column.cast(pl.Float64, strict=False)
    millis = number.zip_with(number >= _FROM_EPOCH_MS, number * 1000).round()
    wrong = number.is_not_null() & ((number < 0) | (millis > LATEST_S * 1000) | ~number.is_finite())
    _refuse_first(part, field, column, wrong, "which is no time since 1970")
    times = millis.cast(pl.Int64, strict=False).cast(pl.Datetime("ms")).dt.replace_time_zone("UTC")
    if column.dtype == pl.String:
        texts = column.set(number.is_not_null(), None)
        read = texts.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="ms", strict=False).dt.replace_time_zone("UTC")
        times = times.zip_with(number.is_not_null(), read)
        rest = (times.is_null() & texts.is_not_null()).arg_true()
        parsed = [_parsed(part, int(index), texts[int(index)]) for index in rest]
        times = times.scatter(rest, pl.Series(parsed, dtype=_TIME))
    _refuse_first(part, field, column, times.is_null() & column.is_not_null(), "which is no time")
    return times.cast(_TIME).alias(field)


def _parsed(part: Part, index: int, text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        part.refuse(index, "occurred_at", text, "which is no time (ISO 8601, or seconds or milliseconds since 1970)")


def _list(part: Part, field: str, column: pl.Series, wanted: pl.List) -> pl.Series:
    if column.dtype == pl.String:
        column = _texts(part, field, column)
    elif not isinstance(column.dtype, pl.List):
        _refuse_first(part, field, column, column.is_not_null(), "which is no list")
    typed = column.cast(wanted, strict=False)
    gaps = typed.list.eval(pl.element().is_null()).list.any()
    _refuse_first(part, field, column, gaps, "which holds a value of the wrong type")
    if wanted.inner.is_float():
        infinite = typed.list.eval(~pl.element().is_finite()).list.any()
        _refuse_first(part, field, column, infinite, "which holds what is no number")
    if field in OF_CATALOGUE:
        typed = typed.set(typed.list.len() == 0, None)  # no genre named is none known
    return typed.alias(field)


def _texts(part: Part, field: str, column: pl.Series) -> pl.Series:
    """Return lists of texts from `a|b`, `["a", "b"]` or `['a', 'b']`."""
    parted = (column.str.replace_all(";", "|") if field == "genres" else column).str.split("|")
    parted = parted.list.eval(pl.element().str.strip_chars()).list.eval(pl.element().filter(pl.element() != ""))
    bracketed = (column.str.starts_with("[") & column.str.ends_with("]")).fill_null(False)
    if not bracketed.any():
        return parted
    read: dict[str, list[str]] = {}
    for index in bracketed.arg_true():
        text = column[int(index)]
        if text not in read:
            items = _bracketed(text)
            if items is None:
                part.refuse(int(index), field, text, """which is no list; write it as a|b or as ["a", "b"]""")
            read[text] = items
    return parted.zip_with(~bracketed, pl.Series([read.get(text) for text in column], dtype=parted.dtype))


_ITEM = r"""\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s,'"\[\]{}](?:[^,'"\[\]{}]*[^\s,'"\[\]{}])?))\s*"""
_ITEMS = re.compile(rf"\[(?:{_ITEM}(?:,{_ITEM})*,?)?\s*\]")
_ONE = re.compile(_ITEM)


def _bracketed(text: str) -> list[str] | None:
    """Return the items of a list as JSON or Python writes it, as texts; None: it is no such list."""
    try:
        items: list[Any] = json.loads(text)
    except (ValueError, RecursionError):
        if not _ITEMS.fullmatch(text):
            return None
        found = _ONE.findall(text[1:-1])
        items = [re.sub(r"\\(['\"\\])", r"\1", single or double) or bare for single, double, bare in found]
    if not all(isinstance(item, str | int | float) and not isinstance(item, bool) for item in items):
        return None
    stripped = (str(item).strip() for item in items)
    return [item for item in stripped if item]


def _refuse_first(part: Part, field: str, column: pl.Series, wrong: pl.Series, reason: str) -> None:
    rows = wrong.fill_null(False).arg_true()
    if len(rows):
        part.refuse(rows[0], field, column[int(rows[0])], reason)
