# SPDX-License-Identifier: Apache-2.0
"""Tables of plays in CSV or Parquet, whose columns the caller names."""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from segue.errors import BadInput, UsageError
from segue.events.schema import INTAKE
from segue.importers import archives, delimited, identity
from segue.importers.archives import Member
from segue.importers.batch import Batch, Occurrences
from segue.importers.columns import FIELDS, OF_TRACKS, SECONDS, Part, typed
from segue.importers.dropping import keep
from segue.importers.fields import checked
from segue.importers.records import refuse
from segue.types import EventType

__all__ = ["Table"]

_ROWS = 20_000
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
        self._check_mapping()
        occurrences = Occurrences(self.name)
        with archives.opened(path) as members:
            tables = [member for member in members if member.alone or _is_table(member)]
            if not tables:
                raise BadInput(f"{path.name} holds no .csv, .tsv and no .parquet")
            for member in tables:
                for part in _parts(member, self._mapping):
                    yield self._translate(part, occurrences)

    def _check_mapping(self) -> None:
        unknown = [field for field in self._mapping.values() if field not in FIELDS]
        if unknown:
            raise UsageError(
                f"there is no field {unknown[0]!r} to map a column to; the fields are: {', '.join(FIELDS)}"
            )
        twice = [field for field in self._mapping.values() if list(self._mapping.values()).count(field) > 1]
        if twice:
            raise UsageError(f"two columns are mapped to {twice[0]!r}; map one")
        if self._type not in list(EventType):
            raise UsageError(f"there is no event type {self._type!r}; the types are: {', '.join(EventType)}")

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
            tracks=_catalogue(kept),
            dropped=dropped,
        )


def _is_table(member: Member) -> bool:
    return member.base.lower().endswith((".csv", ".tsv", ".parquet"))


def _parts(member: Member, mapping: Mapping[str, str]) -> Iterator[Part]:
    """Give a table's rows in parts, the columns under our names and still of any type."""
    with member.open() as stream:
        is_parquet = stream.peek(4)[:4] == b"PAR1" or member.base.lower().endswith(".parquet")
    yield from _parts_of_parquet(member, mapping) if is_parquet else _parts_of_text(member, mapping)


def _parts_of_parquet(member: Member, mapping: Mapping[str, str]) -> Iterator[Part]:
    if member.path is None:
        raise BadInput(f"{member.label}: Parquet is read from a plain file or folder; unpack it first")
    first = 1
    try:
        with pq.ParquetFile(member.path, buffer_size=1 << 20, pre_buffer=False) as file:
            called = _called(member.label, file.schema_arrow.names, mapping)
            for batch in file.iter_batches(batch_size=_ROWS, columns=list(called.values())):
                frame = pl.from_arrow(batch)
                assert isinstance(frame, pl.DataFrame)
                yield Part(
                    member.label,
                    first,
                    frame.select(pl.col(theirs).alias(ours) for ours, theirs in called.items()),
                    called,
                )
                first += len(batch)
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError) as error:
        raise BadInput(f"{member.label} is no Parquet file, or was cut short ({str(error)[:200]})") from error


def _parts_of_text(member: Member, mapping: Mapping[str, str]) -> Iterator[Part]:
    rows = delimited.read(member, delimited.delimiter(member))
    _, header = next(rows, (0, []))
    header = [cell.strip() for cell in header]
    called = _called(member.label, header, mapping)
    places = {ours: header.index(theirs) for ours, theirs in called.items()}
    first = 1
    while some := list(islice(rows, _ROWS)):
        for row, cells in some:
            if len(cells) != len(header):
                refuse(member.label, row, f"has {len(cells)} columns where {len(header)} were expected")
        columns = {ours: pl.Series([cells[at] for _, cells in some], dtype=pl.String) for ours, at in places.items()}
        yield Part(member.label, first, pl.DataFrame(columns), called)
        first += len(some)


def _called(file: str, columns: list[str], mapping: Mapping[str, str]) -> dict[str, str]:
    """Return the column of each field that the table has."""
    twice = [name for name in columns if columns.count(name) > 1]
    if twice:
        raise BadInput(f"{file} has two columns {twice[0]!r}; rename one")
    for theirs, ours in mapping.items():
        if theirs not in columns:
            raise BadInput(f"{file} has no column {theirs!r} (mapped to {ours!r}); it has: {', '.join(columns[:30])}")
    called = {ours: theirs for theirs, ours in mapping.items()}
    called |= {name: name for name in columns if name in FIELDS and name not in called and name not in mapping}
    for seconds, millis in SECONDS.items():
        if seconds in called and millis in called:
            raise BadInput(f"{file} gives {millis} twice, as {called[seconds]!r} and as {called[millis]!r}; map one")
    if not {"track", "tracks", "type"} & set(called) and not {"artist_name", "track_title"} <= set(called):
        raise BadInput(
            f"{file} has no column for `track`, nor for `artist_name` and `track_title`; "
            f"map some of its columns: {', '.join(columns[:30])}"
        )
    return called


def _with_defaults(part: Part, type_: str, listener: str | None) -> pl.DataFrame:
    """Return the rows in the types of their fields, with `index`, `type`, `track` and the caller's listener."""
    columns = [typed(part, name) for name in part.rows.columns]
    rows = pl.DataFrame([column.alias(SECONDS.get(column.name, column.name)) for column in columns])
    defaults = {"type": type_, "listener": listener, "track": None}
    for name, value in defaults.items():
        column = pl.col(name) if name in rows.columns else pl.lit(None, pl.String)
        rows = rows.with_columns(pl.coalesce(column, pl.lit(value, pl.String)).alias(name))
    if {"artist_name", "track_title"} <= set(rows.columns):
        has = rows["track"].is_not_null()
        named = identity.named(rows["artist_name"].set(has, None), rows["track_title"].set(has, None))
        rows = rows.with_columns(pl.coalesce("track", named).alias("track"))
    return rows.with_columns(
        pl.int_range(pl.len()).alias("index"),
        pl.lit(Table.name).alias("source"),
    )


def _catalogue(rows: pl.DataFrame) -> pl.DataFrame:
    """Return what the table tells of its tracks, once each."""
    told = rows.select(pl.col(ours).alias(theirs) for ours, theirs in OF_TRACKS.items() if ours in rows.columns)
    if "title" not in told.columns:
        told = told.with_columns(pl.col("track_id").alias("title"))
    named = told.with_columns(pl.coalesce("title", "track_id").alias("title"))
    return named.filter(pl.col("track_id").is_not_null()).unique("track_id", keep="first", maintain_order=True)
