# SPDX-License-Identifier: Apache-2.0
"""Tables of plays in CSV or Parquet, whose columns the caller names."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from segue.errors import UsageError
from segue.events.schema import INTAKE
from segue.importers import parts, tracks
from segue.importers.batch import Batch, Occurrences
from segue.importers.columns import FIELDS, Part
from segue.importers.dropping import keep
from segue.importers.fields import checked
from segue.types import EventType

__all__ = ["Table"]

_NEEDS = (("track",), ("artist_name", "track_title"), ("tracks",), ("type",))
_IDENTITY = ("type", "listener", "occurred_at", "track", "artist", "playlist", "played_ms", "count", "value")
"""What tells two rows apart where the table has no `event_id`."""


class Table:
    """Reads a `.csv` (also `.tsv`, `.gz`, parted by `,`, `;` or tabulators), a `.parquet`, or a folder or zip of them.

    Args:
        mapping: Their column to our field (`columns.FIELDS`). A column of one of our names needs no entry, others are
            ignored. There must be a `track`, or `artist_name` and `track_title` from which a `name:` id is derived;
            a table of other things than plays may have `type` or `tracks` instead.
        type: The event type of rows where no column says it.
        listener: The listener of rows where no column says it.

    Times are ISO 8601, or seconds or milliseconds since 1970, and UTC where they have no offset. Lists in text are
    parted by `|`, genres also by `;`. A track without a title is called by its id.
    """

    name = "table"

    def __init__(self, mapping: Mapping[str, str] | None = None, *, type: str = "play", listener: str | None = None):  # noqa: A002
        self._mapping = dict(mapping or {})
        self._type = type
        self._listener = listener

    def read(self, path: Path) -> Iterator[Batch]:
        """Give the rows in batches of at most 20,000.

        Raises:
            UsageError: The mapping names a field that there is not.
            BadInput: A file is damaged, lacks a mapped column, or a value is not what its field should be.
        """
        parts.check(self._mapping, FIELDS)
        if self._type not in list(EventType):
            raise UsageError(f"there is no event type {self._type!r}; the types are: {', '.join(EventType)}")
        occurrences = Occurrences(self.name)
        for part in parts.read(path, self._mapping, FIELDS, _NEEDS):
            yield self._translate(part, occurrences)

    def _translate(self, part: Part, occurrences: Occurrences) -> Batch:
        rows = _with_defaults(part, self._type, self._listener)
        needs_track = pl.col("type").is_in([EventType.PLAY.value, EventType.SKIP.value])
        kept, dropped = keep(rows, {"no track": needs_track & pl.col("track").is_null()})
        if "event_id" in kept.columns:
            missing = kept["event_id"].is_null().arg_true()
            if len(missing):
                part.refuse(kept["index"][missing[0]], "event_id", None, "which is no id")
        else:
            plain = kept.select(name for name in _IDENTITY if name in kept.columns)
            if "occurred_at" in plain.columns:
                plain = plain.with_columns(pl.col("occurred_at").dt.epoch("ms"))
            kept = kept.with_columns(occurrences.ids(plain))
        events = kept.select(name for name in INTAKE if name in kept.columns)
        return Batch(
            rows=rows.height,
            events=checked(events, lambda index: (part.file, part.first + int(kept["index"][index]))),
            tracks=tracks.described(kept).unique("track_id", keep="first", maintain_order=True),
            dropped=dropped,
        )


def _with_defaults(part: Part, type_: str, listener: str | None) -> pl.DataFrame:
    """Return the rows in the types of their fields, with `index`, `type`, `track` and the caller's listener."""
    rows = tracks.typed_rows(part)
    for name, value in {"type": type_, "listener": listener}.items():
        column = pl.col(name) if name in rows.columns else pl.lit(None, pl.String)
        rows = rows.with_columns(pl.coalesce(column, pl.lit(value, pl.String)).alias(name))
    return tracks.with_ids(rows).with_columns(
        pl.int_range(pl.len()).alias("index"),
        pl.lit(Table.name).alias("source"),
    )
