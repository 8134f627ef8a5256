# SPDX-License-Identifier: Apache-2.0
"""SQLite files in WAL mode: what is committed is on the disk, and what is deleted is overwritten."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from segue.stores import files
from segue.stores.locks import exclusive

__all__ = ["connect", "transaction"]


def connect(path: Path, tables: str) -> sqlite3.Connection:
    """Open the file in autocommit mode, making it with `tables` (SQL) where it is missing.

    A connection may change threads, but serves one at a time.
    """
    if not path.exists():
        with exclusive(path.with_suffix(".lock")):
            if not path.exists():
                files.write_with(path, lambda aside: _create(aside, tables))
    connection = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")  # what is erased is overwritten, however SQLite was built
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection, *, write: bool = True) -> Iterator[None]:
    """Run the block as one transaction: all of it is on disk afterwards, or none."""
    connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # after some errors, such as a full disk, SQLite has rolled back itself
            connection.execute("ROLLBACK")
        raise


def _create(path: Path, tables: str) -> None:
    """Make an empty file aside: SQLite does not wait for others while a file changes to WAL."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(tables)
