# SPDX-License-Identifier: Apache-2.0
"""The fields of some records as columns; a value that does not fit is refused with its file, row and field."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

import polars as pl

from segue.errors import BadInput
from segue.events import schema
from segue.importers.records import Record, refuse

__all__ = ["LATEST_S", "Fields", "checked", "mbid", "shown"]

LATEST_S = 253_402_300_799
"""The last second of the year 9999; a larger number is no time in seconds."""
_LARGEST = 2**62
_DIGITS = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_SAFE = {str, type(None)}


@dataclass(frozen=True, slots=True)
class Fields:
    """Columns over records. A field that a record lacks is null; so is a text of white space."""

    records: Sequence[Record]

    def __len__(self) -> int:
        return len(self.records)

    def values(self, name: str) -> list[Any]:
        """Return one field as it stands."""
        return [record.value.get(name) for record in self.records]

    def inside(self, name: str) -> "Fields":
        """Return the fields of the objects that one field holds."""
        return Fields(
            [
                Record(file, row, value[name] if isinstance(value.get(name), dict) else self._no_object(index, name))
                for index, (file, row, value, _) in enumerate(self.records)
            ]
        )

    def text(self, name: str) -> pl.Series:
        """`String`, without surrounding white space."""
        values = self.values(name)
        if not set(map(type, values)) <= _SAFE:
            wrong = next(index for index, value in enumerate(values) if type(value) not in _SAFE)
            self.refuse(wrong, f"has {name} {shown(values[wrong])}, which is no text")
        try:
            column = pl.Series(name, values, pl.String)
        except UnicodeEncodeError:
            wrong = next(index for index, value in enumerate(values) if value and not _encodable(value))
            self.refuse(wrong, f"has {name} {shown(values[wrong])}, which is not Unicode")
        stripped = column.str.strip_chars()
        return stripped.set(stripped == "", None)

    def number(self, name: str, *, scale: int = 1, least: int | None = 0) -> pl.Series:
        """`Int64`: whole numbers, also where they stand as text; times `scale`, rounded, and not below `least`."""
        values = self.values(name)
        if scale != 1 or not set(map(type, values)) <= {int, type(None)}:
            values = [
                self._number(index, name, value, scale) if value is not None else None
                for index, value in enumerate(values)
            ]
        try:
            column = pl.Series(name, values, pl.Int64)
        except (TypeError, OverflowError):
            wrong = next(index for index, value in enumerate(values) if value is not None and abs(value) > _LARGEST)
            self.refuse(wrong, f"has {name} {shown(values[wrong])}, which is too large")
        if least is not None:
            row = (column < least).fill_null(False).arg_true()
            if len(row):
                self.refuse(row[0], f"has {name} {shown(self.values(name)[row[0]])}; it cannot be below {least}")
        return column

    def flag(self, name: str) -> pl.Series:
        """`Boolean`; 0 and 1 are read too."""
        values = self.values(name)
        for index, value in enumerate(values):
            if value not in (None, False, True):
                self.refuse(index, f"has {name} {shown(value)}, which is neither true nor false")
        return pl.Series(name, [None if value is None else bool(value) for value in values], pl.Boolean)

    def epoch_s(self, name: str) -> pl.Series:
        """`Datetime(ms, UTC)` from seconds since 1970; 0 is no time."""
        millis = self.number(name, scale=1000)
        late = (millis > LATEST_S * 1000).fill_null(False).arg_true()
        if len(late):
            self.refuse(late[0], f"has {name} {shown(self.values(name)[late[0]])}, which is no time in seconds")
        return millis.set(millis == 0, None).cast(pl.Datetime("ms")).dt.replace_time_zone("UTC")

    def instant(self, name: str, format_: str) -> pl.Series:
        """`Datetime(ms, UTC)` from text of a format, or else of ISO 8601; without an offset it is UTC."""
        text = self.text(name)
        times = text.str.to_datetime(format_, time_unit="ms", strict=False).dt.replace_time_zone("UTC")
        rest = (times.is_null() & text.is_not_null()).arg_true()
        parsed = [self._instant(index, name, text[index]) for index in rest]
        return times.scatter(rest, pl.Series(parsed, dtype=times.dtype))

    def refuse(self, index: int, reason: str) -> NoReturn:
        """Raise `BadInput` for one of the records."""
        refuse(self.records[index].file, self.records[index].row, reason)

    def _no_object(self, index: int, name: str) -> dict[str, Any]:
        value = self.records[index].value.get(name)
        if value is not None:
            self.refuse(index, f"has {name} {shown(value)} where an object was expected")
        return {}

    def _number(self, index: int, name: str, value: Any, scale: int) -> int | None:
        number: float | None = None
        if isinstance(value, str):
            text = value.strip()
            if not text:
                return None
            if _DIGITS.fullmatch(text):
                number = float(text) if "." in text else int(text)
        elif (isinstance(value, float) and math.isfinite(value)) or type(value) is int:
            number = value
        if number is None:
            self.refuse(index, f"has {name} {shown(value)}, which is no number")
        return round(number * scale)

    def _instant(self, index: int, name: str, text: str) -> datetime:
        try:
            time = datetime.fromisoformat(text)
            return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        except (ValueError, OverflowError):
            self.refuse(index, f"has {name} {shown(text)}, which is no time")


def checked(events: pl.DataFrame, place: Callable[[int], tuple[str, int]]) -> pl.DataFrame:
    """Return the events, or refuse the first that the log would refuse, by its file and row (`place` of its index)."""
    try:
        schema.conform(events)
    except BadInput:
        for index in range(events.height):
            try:
                schema.conform(events[index], origin="event")
            except BadInput as error:
                refuse(*place(index), f"is refused: {str(error).removeprefix('event 1 ')}")
        raise
    return events


def mbid(column: pl.Series) -> pl.Series:
    """Return MusicBrainz ids in lower case; what is none becomes null."""
    lower = column.str.to_lowercase()
    return lower.set(~lower.str.contains(_UUID), None)


def shown(value: Any) -> str:
    """Return a value as a message may quote it."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"


def _encodable(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
