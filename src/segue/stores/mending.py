# SPDX-License-Identifier: Apache-2.0
"""What killed runs and failing disks leave among playlists: files that nobody lists, or nobody can read."""

import sqlite3
from collections.abc import Collection
from pathlib import Path

from segue.errors import Damaged
from segue.stores import files, parts
from segue.stores.batches import is_begun

__all__ = ["sweep", "unlist_lost", "unlist_unreadable"]


def sweep(connection: sqlite3.Connection, folder: Path) -> None:
    """Remove what nobody lists and no run will go on with.

    To be called while no run makes parts, and inside of a transaction that writes: so nobody is about to list anything.
    """
    listed = {folder / path for (path,) in connection.execute("SELECT path FROM parts")}
    for run in [path for path in folder.glob("*/*") if path.is_dir()]:
        for path in run.iterdir():
            if path.suffix == ".tmp" or (path not in listed and not is_begun(run)):
                path.unlink()
        if not any(run.iterdir()):
            run.rmdir()


def unlist_lost(connection: sqlite3.Connection, folder: Path) -> int:
    """Unlist and remove the parts that are missing or not what was written; return how many playlists they held."""
    listed = connection.execute("SELECT path, rows, checksum FROM parts").fetchall()
    lost = {path: rows for path, rows, checksum in listed if not _is(folder / path, checksum)}
    _unlist(connection, folder, lost)
    return sum(lost.values())


def unlist_unreadable(connection: sqlite3.Connection, folder: Path, listener: str) -> None:
    """Unlist and remove the parts that may hold playlists of a listener, and cannot be read."""
    query = "SELECT path FROM parts WHERE first <= ? AND last >= ?"
    held = [path for (path,) in connection.execute(query, (listener, listener))]
    _unlist(connection, folder, [path for path in held if not _readable(folder / path)])


def _is(path: Path, checksum: str) -> bool:
    return path.is_file() and files.checksum(path) == checksum


def _readable(path: Path) -> bool:
    """Read all of it: one listener's rows may be sound where others' are not."""
    try:
        parts.read(path)
    except (FileNotFoundError, Damaged):
        return False
    return True


def _unlist(connection: sqlite3.Connection, folder: Path, paths: Collection[str]) -> None:
    connection.executemany("DELETE FROM parts WHERE path = ?", [(path,) for path in paths])
    for path in paths:
        (folder / path).unlink(missing_ok=True)
