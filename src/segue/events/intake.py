# SPDX-License-Identifier: Apache-2.0
"""Events as JSON objects, from HTTP: checked field by field, so that a refusal names the event and the field."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from segue.errors import BadInput
from segue.events.schema import INTAKE, conform
from segue.types import EventType

__all__ = ["from_rows"]


def from_rows(rows: Sequence[Mapping[str, Any]], source: str) -> pl.DataFrame:
    """Return the events as the sink takes them.

    Args:
        rows: One mapping an event, with columns of `INTAKE`; times as ISO 8601 with an offset.
        source: Filled in where an event names none.

    Raises:
        BadInput: An event is not an object, has an unknown field or a value of a wrong type, or fails `conform`.
    """
    for number, row in enumerate(rows, 1):
        if not isinstance(row, Mapping):
            raise BadInput(f"event {number} is not a JSON object")
        if unknown := [name for name in row if name not in INTAKE]:
            raise BadInput(f"event {number} has an unknown field {unknown[0]!r}; the fields are: {', '.join(INTAKE)}")
        if row.get("type") == EventType.ERASURE:
            raise BadInput(f"event {number} is an erasure; `segue listener erase` erases a listener")
    columns = [pl.Series(name, _column(rows, name, dtype), dtype) for name, dtype in INTAKE.items()]
    return conform(pl.DataFrame(columns).with_columns(pl.col("source").fill_null(source)))


def _column(rows: Sequence[Mapping[str, Any]], name: str, dtype: pl.DataType) -> list[Any]:
    values = [row.get(name) for row in rows]
    convert = _CONVERT[dtype.base_type()]
    for place, value in enumerate(values):
        if value is None:
            continue
        try:
            values[place] = convert(value, dtype)
        except (TypeError, ValueError, OverflowError) as error:
            raise BadInput(f"event {place + 1} has {name} {value!r:.100}: {error}") from error
    return values


def _text(value: Any, _: pl.DataType) -> str:
    if not isinstance(value, str):
        raise TypeError("it must be text")
    value.encode()  # half of a surrogate pair is JSON, but no text
    return value


def _integer(value: Any, dtype: pl.DataType) -> int:
    if isinstance(value, bool) or not (isinstance(value, int) or (isinstance(value, float) and value.is_integer())):
        raise TypeError("it must be a whole number")
    if abs(int(value)) >= 2 ** (31 if dtype == pl.Int32 else 63):
        raise ValueError("it is too large")
    return int(value)


def _number(value: Any, _: pl.DataType) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("it must be a number")
    return float(value)


def _boolean(value: Any, _: pl.DataType) -> bool:
    if not isinstance(value, bool):
        raise TypeError("it must be true or false")
    return value


def _time(value: Any, _: pl.DataType) -> datetime:
    if not isinstance(value, str):
        raise TypeError("it must be a time in ISO 8601, such as 2026-11-16T08:30:00Z")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("it must carry an offset, such as Z or +02:00")
    return moment.astimezone(UTC)


def _list(value: Any, dtype: pl.DataType) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("it must be a list")
    inner: Any = dtype.inner  # type: ignore[attr-defined]
    return [_CONVERT[inner.base_type()](item, inner) for item in value]


_CONVERT: dict[Any, Any] = {
    pl.String: _text,
    pl.Int32: _integer,
    pl.Int64: _integer,
    pl.Float32: _number,
    pl.Boolean: _boolean,
    pl.Datetime: _time,
    pl.List: _list,
}
