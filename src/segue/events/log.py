# SPDX-License-Identifier: Apache-2.0
"""The embedded log's files: one SQLite file of hot batches and Parquet files by day, tied by a manifest table.

A batch is one blob of Arrow IPC. A Parquet file exists only when the table `files` lists it; listing a file and
deleting the hot batches it took in are one transaction, so a reader sees every event once at any moment. The table
`seen` holds a 128-bit digest of every event id, which makes an append idempotent for ever.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import blake2b
from io import BytesIO
from pathlib import Path

import polars as pl

from segue.stores import files
from segue.stores.locks import exclusive

__all__ = ["HOT", "UNDATED", "connect", "decode", "digests", "encode", "partition", "transaction"]

HOT = "hot.sqlite"
UNDATED = "undated"
"""The partition of events whose time their source does not know."""

_TABLES = """
CREATE TABLE IF NOT EXISTS batches (first INTEGER PRIMARY KEY, rows INTEGER NOT NULL, payload BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    path TEXT PRIMARY KEY, day TEXT NOT NULL, rows INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS seen (id BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS progress (only INTEGER PRIMARY KEY CHECK (only = 1), position INTEGER NOT NULL);
INSERT OR IGNORE INTO progress VALUES (1, 0);
"""


def connect(folder: Path) -> sqlite3.Connection:
    """Open the hot file for this thread or lock holder, making it where it is missing. Commits reach the disk."""
    path = folder / HOT
    if not path.exists():
        with exclusive(folder / "hot.lock"):
            if not path.exists():
                files.write_with(path, _create)
    connection = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")  # what is erased is overwritten, however SQLite was built
    return connection


def _create(path: Path) -> None:
    """Make an empty hot file aside: SQLite does not wait for others while a file changes to WAL."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(_TABLES)


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


def encode(events: pl.DataFrame) -> bytes:
    """Return the events as Arrow IPC, LZ4-compressed; columns that are null throughout are left out."""
    kept = [column for column in events.columns if events[column].null_count() < events.height]
    with BytesIO() as buffer:
        events.select(kept).write_ipc(buffer, compression="lz4")
        return buffer.getvalue()


def decode(payload: bytes, schema: pl.Schema) -> pl.DataFrame:
    """Return the events of a blob with the columns of `schema`; columns it does not hold come back null."""
    frame = pl.read_ipc(payload)
    return frame.select(
        pl.col(name) if name in frame.columns else pl.lit(None, dtype).alias(name) for name, dtype in schema.items()
    )


def digests(event_ids: pl.Series) -> list[bytes]:
    """Return the 16-byte digest of each event id."""
    return [blake2b(event_id.encode(), digest_size=16).digest() for event_id in event_ids]


def partition() -> pl.Expr:
    """The partition an event belongs to: its UTC day, or `undated`."""
    return pl.col("occurred_at").dt.strftime("%Y-%m-%d").fill_null(UNDATED).alias("day")
