# SPDX-License-Identifier: Apache-2.0
"""The embedded log's files: one SQLite file of hot batches and Parquet files by day, tied by a manifest table.

A batch is one blob of Arrow IPC. A Parquet file exists only when the table `files` lists it; listing a file and
deleting the hot batches it took in are one transaction, so a reader sees every event once at any moment. The table
`seen` holds a 128-bit digest of every event id, which makes an append idempotent for ever.
"""

import sqlite3
from collections.abc import Sequence
from hashlib import blake2b
from io import BytesIO
from pathlib import Path

import polars as pl

from segue.events.schema import EVENTS
from segue.stores import sqlite

__all__ = ["HOT", "UNDATED", "connect", "decode", "digests", "encode", "partition", "scan"]

HOT = "hot.sqlite"
UNDATED = "undated"
"""The partition of events whose time their source does not know."""

_TABLES = """
CREATE TABLE IF NOT EXISTS batches (first INTEGER PRIMARY KEY, rows INTEGER NOT NULL, payload BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    path TEXT PRIMARY KEY, day TEXT NOT NULL, rows INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    checksum TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS seen (id BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS progress (only INTEGER PRIMARY KEY CHECK (only = 1), position INTEGER NOT NULL);
INSERT OR IGNORE INTO progress VALUES (1, 0);
"""


def connect(folder: Path) -> sqlite3.Connection:
    """Open the hot file for this thread or lock holder, making it where it is missing."""
    return sqlite.connect(folder / HOT, _TABLES)


def encode(events: pl.DataFrame) -> bytes:
    """Return the events as Arrow IPC, LZ4-compressed; columns that are null throughout are left out."""
    kept = [column for column in events.columns if events[column].null_count() < events.height]
    with BytesIO() as buffer:
        events.select(kept).write_ipc(buffer, compression="lz4")
        return buffer.getvalue()


def decode(payload: bytes, schema: pl.Schema) -> pl.DataFrame:
    """Return the events of a blob with the columns of `schema`; columns it does not hold come back null."""
    held = pl.read_ipc_schema(BytesIO(payload))
    frame = pl.read_ipc(payload, columns=[name for name in schema if name in held])
    return frame.select(
        pl.col(name) if name in frame.columns else pl.lit(None, dtype).alias(name) for name, dtype in schema.items()
    )


def scan(paths: Sequence[Path]) -> pl.LazyFrame:
    """Return the events of Parquet files; columns that an older release did not know come back null."""
    return pl.scan_parquet(list(paths), schema=EVENTS, missing_columns="insert")


def digests(event_ids: pl.Series) -> list[bytes]:
    """Return the 16-byte digest of each event id."""
    return [blake2b(event_id.encode(), digest_size=16).digest() for event_id in event_ids]


def partition() -> pl.Expr:
    """The partition an event belongs to: its UTC day, or `undated`."""
    return pl.col("occurred_at").dt.strftime("%Y-%m-%d").fill_null(UNDATED).alias("day")
