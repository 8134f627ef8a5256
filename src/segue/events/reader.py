# SPDX-License-Identifier: Apache-2.0
"""The way out of the log, for `privacy` alone: events by range of position or day, as polars frames."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from threading import Lock

import polars as pl
import pyarrow.parquet as pq

from segue.errors import Damaged
from segue.events import log
from segue.events.schema import EVENTS
from segue.stores.sqlite import transaction

__all__ = ["Reader"]

_TRIES = 5


class Reader:
    """Reads the embedded log in `folder`. It never locks: a read sees one moment of the log."""

    def __init__(self, folder: Path):
        self.folder = folder
        self._looking = Lock()
        self._connection: sqlite3.Connection | None = None

    def position(self) -> int:
        """Return the position of the last event (0: the log is empty). Cheap: it is looked at in every answer."""
        with self._looking:
            if self._connection is None:
                if not (self.folder / log.HOT).exists():
                    return 0
                self._connection = log.connect(self.folder)
            (position,) = self._connection.execute("SELECT position FROM progress").fetchone()
        return int(position)

    def read(
        self,
        columns: Sequence[str],
        *,
        where: pl.Expr | None = None,
        after: int = 0,
        until: int | None = None,
        since_day: str | None = None,
    ) -> pl.DataFrame:
        """Return events in the order of their positions.

        Args:
            columns: Columns of `EVENTS` to return.
            where: A filter over any columns of `EVENTS`, pushed down into the files.
            after: Only events of a greater position.
            until: Only events up to this position (None: all there are now).
            since_day: Only Parquet days from this one on ("2026-01-31"), and the undated; hot events come regardless.

        Raises:
            Damaged: A listed file is not there.
        """
        for attempt in range(_TRIES):
            try:
                return self._read(columns, where, after, until, since_day)
            except FileNotFoundError as error:  # compaction replaced a file between the listing and the scan
                if attempt == _TRIES - 1:
                    raise _missing(error) from error
        raise AssertionError

    def bounds(self, rows: int) -> list[str]:
        """Return listeners, ascending, that part the log into pieces of about so many events, or more; none: one piece.

        They are known of the files alone, whose groups of rows are ordered by listener.
        """
        for attempt in range(_TRIES):
            try:
                return self._bounds(rows)
            except FileNotFoundError as error:
                if attempt == _TRIES - 1:
                    raise _missing(error) from error
        raise AssertionError

    def _bounds(self, rows: int) -> list[str]:
        if not (self.folder / log.HOT).exists():
            return []
        with closing(log.connect(self.folder)) as connection:
            files = connection.execute("SELECT path FROM files").fetchall()
        groups: list[tuple[str, int]] = []
        for (path,) in files:
            footer = pq.read_metadata(self.folder / path)
            column = footer.schema.names.index("listener")
            for one in map(footer.row_group, range(footer.num_row_groups)):
                told = one.column(column).statistics
                if told is not None and told.has_min_max:
                    groups.append((str(told.min), one.num_rows))
        bounds: list[str] = []
        held = 0
        for least, count in sorted(groups):
            if held >= rows and least > (bounds[-1] if bounds else ""):
                bounds.append(least)
                held = 0
            held += count
        return bounds

    def _read(
        self, columns: Sequence[str], where: pl.Expr | None, after: int, until: int | None, since_day: str | None
    ) -> pl.DataFrame:
        if not (self.folder / log.HOT).exists():
            return pl.DataFrame(schema={name: EVENTS[name] for name in columns})
        with closing(log.connect(self.folder)) as connection, transaction(connection, write=False):
            files = connection.execute(
                "SELECT path FROM files WHERE last > ? AND first <= ? AND day >= ? ORDER BY day",
                (after, until if until is not None else 2**62, since_day or ""),
            ).fetchall()
            batches = connection.execute(
                "SELECT payload FROM batches WHERE first + rows > ? AND first <= ? ORDER BY first",
                (after + 1, until if until is not None else 2**62),
            ).fetchall()
        keep = pl.col("position") > after
        if until is not None:
            keep &= pl.col("position") <= until
        if where is not None:
            keep &= where
        needed = {*columns, *keep.meta.root_names(), "position"}
        schema = pl.Schema({name: dtype for name, dtype in EVENTS.items() if name in needed})
        parts = [
            log.decode(payload, schema).filter(keep).select(*columns, pl.col("position").alias("_"))
            for (payload,) in batches
        ]
        if files:
            scan = log.scan([self.folder / path for (path,) in files])
            parts.append(scan.filter(keep).select(*columns, pl.col("position").alias("_")).collect())
        if not parts:
            return pl.DataFrame(schema={name: EVENTS[name] for name in columns})
        return pl.concat(parts).sort("_").drop("_")


def _missing(error: FileNotFoundError) -> Damaged:
    return Damaged(f"the event log lists a file that is missing: {error}; restore a backup")
