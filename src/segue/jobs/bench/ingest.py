# SPDX-License-Identifier: Apache-2.0
"""Taking events in, beside a plain SQLite table with a unique id: both durable, and both refuse what they have."""

import json
import sqlite3
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl

from segue.errors import SegueError
from segue.events import compaction
from segue.events.schema import conform
from segue.events.sink import Sink
from segue.jobs.bench.duel import duel
from segue.jobs.bench.rows import Row, ratio
from segue.jobs.machine import Limits
from segue.jobs.progress import Progress, silent

__all__ = ["CASES", "PROTOCOL", "ingest"]

PROTOCOL = (
    "plays in batches, each acknowledged when it is on disk; one in ten was sent before and must be refused; "
    "beside one row an event in a SQLite table with the event id as its key, committed with synchronous = FULL"
)
CASES = ("batches of 1,000", "batches of 100", "single events, 8 at a time")
_EVENTS = {1000: 100_000, 100: 20_000, 1: 4_000}
_AGAIN = 10
_NOW = datetime(2026, 6, 5, 12, tzinfo=UTC)


def ingest(case: str, scale: float, rounds: int, limits: Limits, progress: Progress = silent) -> Row:  # noqa: ARG001
    """Run one case.

    Raises:
        SegueError: The sides hold different events.
    """
    size, threads = (1, 8) if case.startswith("single") else (int(case.split()[-1].replace(",", "")), 1)
    events = max(round(_EVENTS[size] * scale) // size, 20) * size
    world = events, size, threads
    ours, peer = duel(
        {"ours": partial(_Ours, *world), "sqlite3": partial(_Table, *world)}, rounds, progress=progress
    ).values()
    held = ours.qualities[-1]["new events"], peer.qualities[-1]["new events"]
    if held[0] != held[1]:
        raise SegueError(f"ingest, {case}: {held[0]:g} events are held, and {held[1]:g} by the table")
    return Row(
        case,
        round(events / float(np.median(ours.seconds))),
        "events/s",
        round(events / float(np.median(peer.seconds))),
        f"sqlite3 {sqlite3.sqlite_version}",
        ratio(ours.seconds, peer.seconds),
        quality={"new events": held[0], "peer's": held[1]},
        peak_mb=ours.peak_mb,
        peer_peak_mb=peer.peak_mb,
    )


class _Side(ABC):
    """Sends rounds of events, each round's ids beginning where the last one's ended."""

    def __init__(self, events: int, size: int, threads: int):
        self._folder = tempfile.TemporaryDirectory(prefix="segue-bench-")
        self.folder = Path(self._folder.name)
        self.events, self.size, self.threads = events, size, threads
        self.first = 0

    def round(self) -> float:
        batches = [self._batch(at) for at in range(self.first, self.first + self.events, self.size)]
        self.first += self.events
        began = perf_counter()
        if self.threads == 1:
            for batch in batches:
                self.take(batch)
        else:
            with ThreadPoolExecutor(self.threads) as pool:
                list(pool.map(self.take, batches))
        return perf_counter() - began

    def _batch(self, first: int) -> list[dict[str, Any]]:
        ids = [
            number if number % _AGAIN else max(number - self.events, 0) for number in range(first, first + self.size)
        ]
        return [
            {
                "event_id": f"client:{number}",
                "type": "play",
                "listener": f"listener:{number % 997:07d}",
                "track": f"track:{number % 49_999:07d}",
                "occurred_at": _NOW,
                "played_ms": 180_000,
            }
            for number in ids
        ]

    @abstractmethod
    def take(self, batch: Sequence[Mapping[str, Any]]) -> None:
        """Take a batch in; it is on disk afterwards."""


class _Ours(_Side):
    def __init__(self, events: int, size: int, threads: int):
        super().__init__(events, size, threads)
        self.sink = Sink(self.folder)

    def take(self, batch: Sequence[Mapping[str, Any]]) -> None:
        self.sink.append(conform(pl.DataFrame(batch)))

    def quality(self) -> Mapping[str, float]:
        """Return how many different events are held."""
        return {"new events": compaction.hot_rows(self.folder)}


class _Table(_Side):
    def __init__(self, events: int, size: int, threads: int):
        super().__init__(events, size, threads)
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute(
                "CREATE TABLE events (event_id TEXT PRIMARY KEY, listener TEXT, payload TEXT) WITHOUT ROWID"
            )
        self.connection = self._connect()

    def take(self, batch: Sequence[Mapping[str, Any]]) -> None:
        rows = [(one["event_id"], one["listener"], json.dumps(one, default=str)) for one in batch]
        connection = self.connection if self.threads == 1 else self._connect()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT OR IGNORE INTO events VALUES (?, ?, ?)", rows)
        connection.execute("COMMIT")
        if self.threads > 1:
            connection.close()

    def quality(self) -> Mapping[str, float]:
        """Return how many different events are held."""
        (count,) = self.connection.execute("SELECT count(*) FROM events").fetchone()
        return {"new events": count}

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.folder / "events.sqlite", timeout=60, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA synchronous=FULL")
        return connection
