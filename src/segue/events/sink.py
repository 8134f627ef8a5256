# SPDX-License-Identifier: Apache-2.0
"""The way into the log: idempotent batches, acknowledged only when they are on disk."""

import sqlite3
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

import polars as pl

from segue.events import compaction, log
from segue.events.schema import EVENTS
from segue.stores.sqlite import transaction

__all__ = ["Receipt", "Sink"]


_SMALL_BATCHES = 256
"""Commits after which small batches are joined, so that a reader decodes few."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an append: its events are on disk when this exists."""

    accepted: int
    duplicates: int
    position: int
    """The log's last position after the append."""


@dataclass(slots=True)
class _Ticket:
    events: pl.DataFrame
    received_at: datetime
    outcome: Receipt | BaseException | None = field(default=None)


class Sink:
    """Appends to the embedded log in `folder`, from any number of threads and processes.

    Group commit: while one thread writes, the others queue, and the next one writes for all of them in one
    transaction (one flush to disk). The first event of an id wins; later ones are counted as duplicates.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._connection = log.connect(folder)
        self._small = 0
        self._queue: list[_Ticket] = []
        self._queueing = Lock()
        self._committing = Lock()

    def append(self, events: pl.DataFrame, *, received_at: datetime | None = None) -> Receipt:
        """Write the events (as `schema.conform` returns them) and return when they are on disk.

        Raises:
            sqlite3.Error: The disk or the file refused; nothing of this call was written.
        """
        ticket = _Ticket(events, received_at or datetime.now(UTC))
        with self._queueing:
            self._queue.append(ticket)
        with self._committing:
            if ticket.outcome is None:
                with self._queueing:
                    tickets, self._queue = self._queue, []
                self._commit(tickets)
        if isinstance(ticket.outcome, Receipt):
            return ticket.outcome
        assert ticket.outcome is not None
        raise ticket.outcome

    def close(self) -> None:
        """Close the file. Appending afterwards is an error."""
        with self._committing:
            self._connection.close()

    def _commit(self, tickets: list[_Ticket]) -> None:
        try:
            with transaction(self._connection):
                outcomes = self._write(tickets)
        except BaseException as error:
            for ticket in tickets:
                ticket.outcome = error
            return
        for ticket, outcome in zip(tickets, outcomes, strict=True):
            ticket.outcome = outcome
        self._small += 1
        if self._small >= _SMALL_BATCHES:
            self._small = 0
            with suppress(sqlite3.Error):  # what is appended is on disk; joining can wait
                compaction.coalesce(self.folder, self._connection)

    def _write(self, tickets: list[_Ticket]) -> list[Receipt]:
        events = pl.concat(
            ticket.events.with_columns(
                pl.lit(ticket.received_at).cast(EVENTS["received_at"]).alias("received_at"),
                pl.lit(number, pl.Int32).alias("ticket"),
            )
            for number, ticket in enumerate(tickets)
        )
        new = events.filter(self._unseen(events["event_id"]))
        (before,) = self._connection.execute("SELECT position FROM progress").fetchone()
        if new.height:
            placed = new.with_columns(
                pl.int_range(before + 1, before + 1 + new.height, dtype=pl.Int64).alias("position")
            )
            payload = log.encode(placed.drop("ticket"))
            self._connection.execute("INSERT INTO batches VALUES (?, ?, ?)", (before + 1, new.height, payload))
            self._connection.execute("UPDATE progress SET position = ?", (before + new.height,))
        accepted = dict(new.group_by("ticket").len().iter_rows())
        return [
            Receipt(count := accepted.get(number, 0), ticket.events.height - count, before + new.height)
            for number, ticket in enumerate(tickets)
        ]

    def _unseen(self, event_ids: pl.Series) -> pl.Series:
        """Mark the ids that neither the log nor an earlier row of the batch holds, and remember them."""
        ids = log.digests(event_ids)
        execute = self._connection.execute
        execute("CREATE TEMP TABLE IF NOT EXISTS incoming (id BLOB PRIMARY KEY) WITHOUT ROWID")
        execute("DELETE FROM incoming")
        # In key order, so that the B-trees are filled from left to right.
        self._connection.executemany("INSERT INTO incoming VALUES (?)", [(one,) for one in sorted(set(ids))])
        seen = {row[0] for row in execute("SELECT id FROM incoming JOIN seen USING (id)")}
        execute("INSERT OR IGNORE INTO seen SELECT id FROM incoming ORDER BY id")
        unseen = []
        for one in ids:
            unseen.append(one not in seen)
            seen.add(one)
        return pl.Series(unseen, dtype=pl.Boolean)
