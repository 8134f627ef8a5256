# SPDX-License-Identifier: Apache-2.0
"""Moving hot events into Parquet by day, and removing a listener's events from both."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import polars as pl

from segue.errors import Busy
from segue.events import log
from segue.events.schema import EVENTS
from segue.stores import files
from segue.stores.locks import exclusive
from segue.stores.sqlite import transaction

__all__ = ["Compaction", "coalesce", "compact", "forget", "hot_rows"]


_Row: TypeAlias = tuple[str, str, int, int, int, str]
_BYTES = 16 << 20
"""Batches of so many bytes, compressed, are moved together."""
_FILE_ROWS = 1 << 19
"""A day's file of so many events, or more, is left as it is: what comes later goes into another."""
_GROUP_ROWS = 1 << 15
_SMALL_ROWS = 4096
"""Batches of fewer events are joined with their neighbours."""


@dataclass(frozen=True, slots=True)
class Compaction:
    """What a compaction or an erasure did."""

    events: int
    files: int


def hot_rows(folder: Path) -> int:
    """Return how many events wait in the hot file."""
    with closing(log.connect(folder)) as connection:
        return int(connection.execute("SELECT coalesce(sum(rows), 0) FROM batches").fetchone()[0])


def coalesce(folder: Path, connection: sqlite3.Connection) -> None:
    """Join neighbouring small batches of the hot file; left for later while a compaction runs."""
    try:
        with exclusive(folder / "compaction.lock", wait=False), transaction(connection):
            small = connection.execute(
                "SELECT first, rows, payload FROM batches WHERE rows < ? ORDER BY first", (_SMALL_ROWS,)
            ).fetchall()
            for run in _runs(small):
                joined = pl.concat(log.decode(payload, EVENTS) for _, _, payload in run)
                connection.executemany("DELETE FROM batches WHERE first = ?", [(first,) for first, _, _ in run])
                row = (run[0][0], joined.height, log.encode(joined))
                connection.execute("INSERT INTO batches VALUES (?, ?, ?)", row)
    except Busy:
        return


def _runs(batches: list[tuple[int, int, bytes]]) -> list[list[tuple[int, int, bytes]]]:
    """Group batches whose positions follow on one another; groups of one are left out."""
    runs: list[list[tuple[int, int, bytes]]] = []
    end = None
    for batch in batches:
        if batch[0] != end:
            runs.append([])
        runs[-1].append(batch)
        end = batch[0] + batch[1]
    return [run for run in runs if len(run) > 1]


def compact(folder: Path) -> Compaction:
    """Move every hot event into the Parquet files of its day; late events merge into a file that the day has.

    It goes some batches at a time, so that its memory does not grow with the log. A process killed at any point leaves
    either the old state or the new one of those; files that no manifest row names are removed by the next compaction.
    """
    events = 0
    written: set[str] = set()
    with exclusive(folder / "compaction.lock"), closing(log.connect(folder)) as connection:
        _sweep(folder, connection)
        (until,) = connection.execute("SELECT position FROM progress").fetchone()  # what comes meanwhile can wait
        while batches := _oldest(connection, until):
            events += _move(folder, connection, batches, written)
    return Compaction(events, len(written))


def _oldest(connection: sqlite3.Connection, until: int) -> list[tuple[int, bytes]]:
    """Return the first hot batches up to a position, of so many bytes together, or one, each with its place."""
    with transaction(connection, write=False):
        query = "SELECT first, length(payload) FROM batches WHERE first <= ? ORDER BY first"
        sizes = connection.execute(query, (until,)).fetchall()
        ends = list(accumulate(size for _, size in sizes))
        taken = [first for (first, _), end in zip(sizes, ends, strict=True) if end <= _BYTES] or [
            first for first, _ in sizes[:1]
        ]
        if not taken:
            return []
        query = "SELECT first, payload FROM batches WHERE first <= ? ORDER BY first"
        return connection.execute(query, (taken[-1],)).fetchall()


def _move(folder: Path, connection: sqlite3.Connection, batches: list[tuple[int, bytes]], written: set[str]) -> int:
    """Move some batches; note the files that are there afterwards, and return how many events they were."""
    small = dict(connection.execute("SELECT day, path FROM files WHERE rows < ?", (_FILE_ROWS,)).fetchall())
    hot = pl.concat(log.decode(payload, EVENTS) for _, payload in batches).with_columns(log.partition())
    replaced: list[str] = []
    rows: list[_Row] = []
    for (day,), late in hot.group_by("day", maintain_order=True):
        parts = [late.drop("day")]
        if day in small:
            parts.append(log.scan([folder / small[str(day)]]).collect())
            replaced.append(small[str(day)])
        rows.append(_write(folder, str(day), pl.concat(parts)))
    with transaction(connection):
        connection.executemany("DELETE FROM files WHERE path = ?", [(path,) for path in replaced])
        connection.executemany("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.executemany("DELETE FROM batches WHERE first = ?", [(first,) for first, _ in batches])
    _unlink(folder, replaced)
    written.difference_update(replaced)
    written.update(row[0] for row in rows)
    return hot.height


def forget(folder: Path, listener: str, until: int) -> Compaction:
    """Remove the listener's events up to a position from every file, and their digests, so they may be sent again.

    The erasure and consent events themselves are kept: they are the proof, and the door needs them.
    """
    gone = (
        (pl.col("listener") == listener) & (pl.col("position") <= until) & ~pl.col("type").is_in(["consent", "erasure"])
    )
    compact(folder)
    with exclusive(folder / "compaction.lock"), closing(log.connect(folder)) as connection:
        replaced: list[str] = []
        written: list[_Row] = []
        forgotten: list[bytes] = []
        for day, path in connection.execute("SELECT day, path FROM files WHERE first <= ?", (until,)).fetchall():
            ids = log.scan([folder / path]).filter(gone).select("event_id").collect()["event_id"]
            if ids.is_empty():
                continue
            kept = log.scan([folder / path]).filter(~gone.fill_null(False)).collect()
            replaced.append(path)
            forgotten += log.digests(ids)
            if kept.height:
                written.append(_write(folder, day, kept))
        with transaction(connection):
            connection.executemany("DELETE FROM files WHERE path = ?", [(path,) for path in replaced])
            connection.executemany("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?)", written)
            connection.executemany("DELETE FROM seen WHERE id = ?", [(digest,) for digest in forgotten])
        _unlink(folder, replaced)
        connection.execute("VACUUM")  # overwritten pages of the hot file must not keep what was erased
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # nor the write-ahead log, nor the file before it
        return Compaction(len(forgotten), len(replaced))


def _write(folder: Path, day: str, events: pl.DataFrame) -> _Row:
    """Write one day's file and return its row of the manifest table `files`.

    A listener's events stand together, so that who reads a few listeners reads a few groups of rows of each day.
    """
    path = f"day={day}/{uuid4().hex}.parquet"
    told = events.sort("listener", "position")
    files.write_with(folder / path, lambda aside: told.write_parquet(aside, row_group_size=_GROUP_ROWS))
    first, last = told.select(pl.col("position").min(), pl.col("position").max().alias("last")).row(0)
    return path, day, told.height, first, last, files.checksum(folder / path)


def _unlink(folder: Path, paths: list[str]) -> None:
    for path in paths:
        (folder / path).unlink(missing_ok=True)


def _sweep(folder: Path, connection: sqlite3.Connection) -> None:
    """Remove files that no manifest row names: a compaction was killed before its transaction, or after it."""
    listed = {path for (path,) in connection.execute("SELECT path FROM files")}
    for day in folder.glob("day=*"):
        for file in day.iterdir():
            if f"{day.name}/{file.name}" not in listed:
                file.unlink()
        if not any(day.iterdir()):
            shutil.rmtree(day)
