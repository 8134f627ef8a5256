# SPDX-License-Identifier: Apache-2.0
"""Playlists kept for listeners, in one SQLite file: replaced in place, with their past kept."""

import sqlite3
from collections.abc import Callable, Collection, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from segue.stores import sqlite
from segue.stores.sqlite import transaction

__all__ = ["Kept", "Shelf"]

_TABLE = """
CREATE TABLE IF NOT EXISTS playlists (
    listener TEXT NOT NULL, name TEXT NOT NULL, edition TEXT NOT NULL, made_at TEXT NOT NULL, slate TEXT NOT NULL,
    PRIMARY KEY (listener, name, edition)
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """One edition of a listener's playlist."""

    listener: str
    name: str
    """Such as "weekly"."""
    edition: str
    """Sorts by age, such as the Monday "2026-11-16"."""
    made_at: str
    slate: str
    """JSON, as its writer made it."""


class Shelf:
    """Keeps editions of playlists. Safe from any thread and process."""

    def __init__(self, path: Path):
        self.path = path

    def put(self, playlists: Iterable[Kept], *, allowed: Callable[[str], bool] | None = None) -> list[str]:
        """Write editions; one that is there already is replaced. All or none.

        Args:
            playlists: Any number.
            allowed: Asked about each listener while nobody else can write, so that what a `forget` took away, once a
                listener's consent was gone, cannot be put back by a run that began before.

        Returns:
            The listeners whose editions were written.
        """
        with closing(self._connect()) as connection, transaction(connection):
            kept = [one for one in playlists if allowed is None or allowed(one.listener)]
            rows = [(one.listener, one.name, one.edition, one.made_at, one.slate) for one in kept]
            connection.executemany("INSERT OR REPLACE INTO playlists VALUES (?, ?, ?, ?, ?)", rows)
        return [one.listener for one in kept]

    def edition(self, listener: str, name: str, edition: str) -> Kept | None:
        """Return one edition, if it is there."""
        query = "SELECT * FROM playlists WHERE listener = ? AND name = ? AND edition = ?"
        kept = self._read(query, (listener, name, edition))
        return kept[0] if kept else None

    def editions(self, listener: str, name: str, limit: int = 1000) -> list[Kept]:
        """Return the listener's editions, newest first."""
        query = "SELECT * FROM playlists WHERE listener = ? AND name = ? ORDER BY edition DESC LIMIT ?"
        return self._read(query, (listener, name, limit))

    def since(self, name: str, edition: str, listeners: Collection[str]) -> list[Kept]:
        """Return the editions of some listeners (a few thousand at once) from `edition` on."""
        marks = ", ".join("?" * len(listeners))
        query = f"SELECT * FROM playlists WHERE name = ? AND edition >= ? AND listener IN ({marks})"
        return self._read(query, (name, edition, *listeners))

    def forget(self, listener: str) -> int:
        """Remove everything of a listener; return how many editions there were."""
        if not self.path.exists():
            return 0
        with closing(self._connect()) as connection:
            with transaction(connection):
                count = connection.execute("DELETE FROM playlists WHERE listener = ?", (listener,)).rowcount
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("VACUUM")
            return count

    def _read(self, query: str, values: tuple[object, ...]) -> list[Kept]:
        if not self.path.exists():
            return []
        with closing(self._connect()) as connection:
            return [Kept(*row) for row in connection.execute(query, values)]

    def _connect(self) -> sqlite3.Connection:
        return sqlite.connect(self.path, _TABLE)
