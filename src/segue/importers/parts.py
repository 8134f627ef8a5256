# SPDX-License-Identifier: Apache-2.0
"""Tables in CSV and Parquet, some rows at a time, with their columns under our names."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from segue.errors import BadInput, UsageError
from segue.importers import archives, delimited
from segue.importers.archives import Member
from segue.importers.columns import IN_OTHER_UNITS, Part
from segue.importers.records import refuse

__all__ = ["check", "read"]

_ROWS = 20_000


def read(
    path: Path,
    mapping: Mapping[str, str],
    fields: Collection[str],
    needs: Sequence[Collection[str]],
    advice: str = "map some of its columns",
) -> Iterator[Part]:
    """Give the rows of a `.csv` (also `.tsv`, `.gz`), a `.parquet`, or a folder or zip of them, 20,000 at a time.

    Text is parted by `,`, `;` or tabulators. The columns are still of any type: `columns.typed` gives them their own.

    Args:
        path: The file, folder or zip.
        mapping: Their column to our field.
        fields: The fields there are. A column of one of these names needs no mapping, others are left out.
        needs: Fields of which a table must have one group whole.
        advice: What to do where it has none.

    Raises:
        BadInput: A file is damaged, or lacks a mapped column or what it needs.
    """
    names = _Names(mapping, fields, needs, advice)
    with archives.opened(path) as members:
        tables = [member for member in members if member.alone or _is_table(member)]
        if not tables:
            raise BadInput(f"{path.name} holds no .csv, .tsv and no .parquet")
        for member in tables:
            yield from _parts(member, names)


def check(mapping: Mapping[str, str], fields: Collection[str]) -> None:
    """Refuse a mapping to what is no field, or of two columns to one.

    Raises:
        UsageError: It is such a mapping.
    """
    unknown = [field for field in mapping.values() if field not in fields]
    if unknown:
        raise UsageError(f"there is no field {unknown[0]!r} to map a column to; the fields are: {', '.join(fields)}")
    twice = [field for field in mapping.values() if list(mapping.values()).count(field) > 1]
    if twice:
        raise UsageError(f"two columns are mapped to {twice[0]!r}; map one")


@dataclass(frozen=True, slots=True)
class _Names:
    """Finds which of a table's columns is which field."""

    mapping: Mapping[str, str]
    fields: Collection[str]
    needs: Sequence[Collection[str]]
    advice: str

    def __call__(self, file: str, columns: list[str]) -> dict[str, str]:
        """Return the column of each field that the table has."""
        twice = [name for name in columns if columns.count(name) > 1]
        if twice:
            raise BadInput(f"{file} has two columns {twice[0]!r}; rename one")
        for theirs, ours in self.mapping.items():
            if theirs not in columns:
                there = ", ".join(columns[:30])
                raise BadInput(f"{file} has no column {theirs!r} (mapped to {ours!r}); it has: {there}")
        called = {ours: theirs for theirs, ours in self.mapping.items()}
        free = [name for name in columns if name in self.fields and name not in self.mapping]
        called |= {name: name for name in free if name not in called}
        for other, ours in IN_OTHER_UNITS.items():
            if other in called and ours in called:
                raise BadInput(f"{file} gives {ours} twice, as {called[other]!r} and as {called[ours]!r}; map one")
        if not any(set(need) <= set(called) for need in self.needs):
            wanted = ", nor for ".join(" and ".join(f"`{name}`" for name in need) for need in self.needs)
            raise BadInput(f"{file} has no column for {wanted}; {self.advice}: {', '.join(columns[:30])}")
        return called


def _is_table(member: Member) -> bool:
    return member.base.lower().endswith((".csv", ".tsv", ".parquet"))


def _parts(member: Member, names: _Names) -> Iterator[Part]:
    with member.open() as stream:
        is_parquet = stream.peek(4)[:4] == b"PAR1" or member.base.lower().endswith(".parquet")
    yield from _parts_of_parquet(member, names) if is_parquet else _parts_of_text(member, names)


def _parts_of_parquet(member: Member, names: _Names) -> Iterator[Part]:
    if member.path is None:
        raise BadInput(f"{member.label}: Parquet is read from a plain file or folder; unpack it first")
    first = 1
    try:
        with pq.ParquetFile(member.path, buffer_size=1 << 20, pre_buffer=False) as file:
            called = names(member.label, file.schema_arrow.names)
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


def _parts_of_text(member: Member, names: _Names) -> Iterator[Part]:
    rows = delimited.read(member, delimited.delimiter(member))
    _, header = next(rows, (0, []))
    header = [cell.strip() for cell in header]
    called = names(member.label, header)
    places = {ours: header.index(theirs) for ours, theirs in called.items()}
    first = 1
    while some := list(islice(rows, _ROWS)):
        for row, cells in some:
            if len(cells) != len(header):
                refuse(member.label, row, f"has {len(cells)} columns where {len(header)} were expected")
        columns = {ours: pl.Series([cells[at] for _, cells in some], dtype=pl.String) for ours, at in places.items()}
        yield Part(member.label, first, pl.DataFrame(columns), called)
        first += len(some)
