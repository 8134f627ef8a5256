# SPDX-License-Identifier: Apache-2.0
"""Playlists of many listeners as Parquet: one part of a batch a file, sorted by listener, and read by listener.

Groups of few rows, whose least and greatest listener the file's footer names, so that reading one listener's playlist
decodes some dozens.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from errno import ENOENT
from functools import lru_cache
from itertools import takewhile
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from segue.errors import Damaged
from segue.stores import files

__all__ = ["COLUMNS", "EMPTY", "GIVEN_UP", "of_listener", "read", "without", "write"]

COLUMNS = pa.schema(
    [
        ("listener", pa.string()),
        ("edition", pa.string()),
        ("made_at", pa.string()),
        ("rung", pa.string()),
        ("recipe", pa.string()),
        ("snapshot", pa.string()),
        ("notes", pa.list_(pa.string())),
        ("tracks", pa.list_(pa.string())),
        ("scores", pa.list_(pa.float32())),
        ("sources", pa.list_(pa.string())),
        ("seeds", pa.list_(pa.string())),
        ("codes", pa.list_(pa.string())),
        ("others", pa.list_(pa.string())),
        ("propensities", pa.list_(pa.float32())),
        ("dial", pa.float32()),
        ("dial_propensity", pa.float32()),
    ]
)
"""One row a playlist; `tracks` and the lists after it stand beside one another. Older files lack the last columns."""
EMPTY = pl.DataFrame(pl.from_arrow(COLUMNS.empty_table()))
"""No playlists."""

GIVEN_UP = "restore a backup, or let `segue weekly --again` give up what it held and make this week's playlists anew"
"""What to do about a file that is lost."""
_GROUP_ROWS = 64
_FEW_WORDS = ["sources.list.element", "codes.list.element"]
_FOOTERS = 512
"""So many are kept in memory."""


def write(path: Path, playlists: pl.DataFrame) -> None:
    """Write a file, whole or not at all; the same playlists give the same bytes.

    Args:
        path: Where to.
        playlists: `COLUMNS`, ascending by listener.
    """
    table: Any = playlists.to_arrow().cast(COLUMNS)
    how: Any = {"row_group_size": _GROUP_ROWS, "compression": "lz4", "use_dictionary": _FEW_WORDS}
    files.write_with(path, lambda aside: pq.write_table(table, aside, **how))


def read(path: Path, columns: Collection[str] | None = None) -> pl.DataFrame:
    """Return the playlists of a file.

    Raises:
        FileNotFoundError: It is not there.
        Damaged: It cannot be read.
    """
    with _told(path):
        table = pq.read_table(path, columns=list(columns) if columns is not None else None, use_threads=False)
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    if columns is None and "codes" not in frame.columns:  # written when a reason was a source and one track
        nothing = pl.col("seeds").list.eval(pl.when(False).then(pl.element()))
        frame = frame.with_columns(pl.col("sources").alias("codes"), nothing.alias("others"))
    if columns is None and "dial" not in frame.columns:  # written when nothing was left to chance
        none = pl.col("scores").list.eval(pl.when(False).then(pl.element()))
        unknown = [pl.lit(None, pl.Float32).alias(name) for name in ("dial", "dial_propensity")]
        frame = frame.with_columns(none.alias("propensities"), *unknown)
    return frame


def of_listener(path: Path, listener: str) -> list[dict[str, Any]]:
    """Return the playlists of one listener, most often one or none, as dictionaries of `COLUMNS`.

    Raises:
        FileNotFoundError: The file is not there.
        Damaged: It cannot be read.
    """
    with _told(path):
        return _of_listener(path, listener)


def _of_listener(path: Path, listener: str) -> list[dict[str, Any]]:
    footer = _footer(path)
    groups = range(footer.num_row_groups)
    first = bisect_left(groups, listener, key=lambda group: _bounds(footer, group)[1])
    held = list(takewhile(lambda group: _bounds(footer, group)[0] <= listener, groups[first:]))
    if not held:
        return []
    with pq.ParquetFile(path, metadata=footer, memory_map=True) as file:
        rows: Any = file.read_row_groups(held, use_threads=False)
    whose = rows.column("listener").to_pylist()  # some dozens: a filter of Arrow's would take longer to set up
    return [row for place, one in enumerate(whose) if one == listener for row in rows.slice(place, 1).to_pylist()]


def without(path: Path, gone: Collection[str]) -> pl.DataFrame | None:
    """Return a file's playlists without those of some listeners; None where it holds none of theirs."""
    whole = read(path)
    theirs = whole["listener"].is_in(list(gone))
    return whole.filter(~theirs) if theirs.any() else None


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Tell what Arrow cannot read in our own words."""
    try:
        yield
    except FileNotFoundError as error:
        raise FileNotFoundError(ENOENT, "No such file", str(path)) from error
    except (OSError, pa.ArrowException) as error:
        raise Damaged(f"{path} is damaged; {GIVEN_UP}") from error


@lru_cache(_FOOTERS)
def _footer(path: Path) -> pq.FileMetaData:
    """Read what a file says of its groups of rows; listed files never change."""
    return pq.read_metadata(path)


def _bounds(footer: pq.FileMetaData, group: int) -> tuple[str, str]:
    """Return the least and the greatest listener of a group of rows."""
    told = footer.row_group(group).column(0).statistics
    assert told is not None
    return str(told.min), str(told.max)
