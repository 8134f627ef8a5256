# SPDX-License-Identifier: Apache-2.0
"""What was found out about music files, kept so that it is not found out again."""

import json
import os
import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import Any

from segue.errors import Damaged
from segue.stores import sqlite

__all__ = ["Memory"]

_TABLES = """
CREATE TABLE files (
    path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, digest TEXT NOT NULL, said TEXT NOT NULL
);
CREATE TABLE sounds (digest TEXT, how TEXT, said TEXT NOT NULL, PRIMARY KEY (digest, how)) WITHOUT ROWID;
"""
_MOST = 2_000_000
"""Files that are remembered; of more, those that were read first are forgotten."""


class Memory:
    """An SQLite file. A file is known by path, size and time of change; its sound by digest and by how it was heard.

    So a file that was moved or tagged anew is read again and not heard again. May be used from many threads.
    """

    def __init__(self, path: Path):
        self._path = path
        self._lock = Lock()
        try:
            self._connection = sqlite.connect(path, _TABLES)
            self._connection.execute("SELECT 1 FROM files, sounds LIMIT 1")
        except sqlite3.DatabaseError as error:
            raise Damaged(f"{path} cannot be read ({error}); remove it: the files are then described anew") from error

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def identity(self, path: Path, stat: os.stat_result) -> dict[str, Any] | None:
        """Return what `keep_identity` was told of the file as it is now, None where it was not told."""
        query = "SELECT said FROM files WHERE path = ? AND size = ? AND mtime_ns = ?"
        said: dict[str, Any] | None = self._one(query, (os.fsencode(path), stat.st_size, stat.st_mtime_ns))
        return said

    def keep_identity(self, path: Path, stat: os.stat_result, said: dict[str, Any]) -> None:
        """Remember a file; `said` holds its `digest`."""
        row = (os.fsencode(path), stat.st_size, stat.st_mtime_ns, said["digest"], json.dumps(said))
        self._write("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", row)

    def paths(self, digests: Collection[str]) -> dict[str, Path]:
        """Return a file of each digest, of those that are still there."""
        marks = ", ".join("?" for _ in digests)
        with self._lock:
            rows = self._connection.execute(f"SELECT digest, path FROM files WHERE digest IN ({marks})", [*digests])
            found = [(digest, Path(os.fsdecode(path))) for digest, path in rows.fetchall()]
        return {digest: path for digest, path in found if path.is_file()}

    def heard(self, digest: str, how: str) -> Any:
        """Return what `keep_heard` was told, in a list of one; None where it was not told."""
        return self._one("SELECT said FROM sounds WHERE digest = ? AND how = ?", (digest, how))

    def keep_heard(self, digest: str, how: str, said: Any) -> None:
        """Remember how a sound was heard."""
        self._write("INSERT OR REPLACE INTO sounds VALUES (?, ?, ?)", (digest, how, json.dumps([said])))

    def forget_others(self, folder: Path, met: Collection[Path]) -> None:
        """Forget the files below a folder that are there no more, what no file sounds like, and what is too much."""
        below, kept = os.fsencode(folder).rstrip(b"/") + b"/", {os.fsencode(path) for path in met}
        with self._lock, sqlite.transaction(self._connection):
            query = "SELECT path FROM files WHERE path >= ? AND path < ?"
            with closing(self._connection.execute(query, (below, below[:-1] + b"0"))) as rows:
                gone = [(path,) for (path,) in rows if path not in kept]
            self._connection.executemany("DELETE FROM files WHERE path = ?", gone)
            (count,) = self._connection.execute("SELECT count(*) FROM files").fetchone()
            self._connection.execute(
                "DELETE FROM files WHERE rowid IN (SELECT rowid FROM files ORDER BY rowid LIMIT ?)",
                (max(0, count - _MOST),),
            )
            self._connection.execute("DELETE FROM sounds WHERE digest NOT IN (SELECT digest FROM files)")

    def _one(self, query: str, values: tuple[Any, ...]) -> Any:
        with self._lock:
            row = self._connection.execute(query, values).fetchone()
        return json.loads(row[0]) if row else None

    def _write(self, query: str, values: tuple[Any, ...]) -> None:
        with self._lock:
            self._connection.execute(query, values)
