# SPDX-License-Identifier: Apache-2.0
"""Looking a workspace over."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from segue.catalog import store
from segue.errors import SegueError
from segue.events import log
from segue.registry import snapshot, versions

__all__ = ["Finding", "examine"]

_LOW_DISK = 1 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    what: str
    ok: bool
    detail: str
    """Its state; where it is not well, what to do."""


def examine(home: Path) -> list[Finding]:
    """Check the log's files against their manifest, the catalogue, the models' checksums and the disk."""
    free = shutil.disk_usage(home).free
    return [
        Finding("workspace", True, str(home)),
        _log(home / "events"),
        _catalog(home / "catalog"),
        *_models(home),
        Finding("disk", free > _LOW_DISK, f"{free / 1e9:.1f} GB free" + ("" if free > _LOW_DISK else "; make room")),
    ]


def _log(folder: Path) -> Finding:
    if not (folder / log.HOT).exists():
        return Finding("event log", True, "empty; `segue import` brings plays")
    try:
        with closing(log.connect(folder)) as connection:
            (state,) = connection.execute("PRAGMA quick_check").fetchone()
            (position,) = connection.execute("SELECT position FROM progress").fetchone()
            (hot,) = connection.execute("SELECT coalesce(sum(rows), 0) FROM batches").fetchone()
            listed = connection.execute("SELECT path, rows FROM files").fetchall()
    except sqlite3.DatabaseError as error:
        return Finding("event log", False, f"{folder / log.HOT} cannot be read ({error}); restore a backup")
    if state != "ok":
        return Finding("event log", False, f"{folder / log.HOT} is damaged ({state}); restore a backup")
    for path, rows in listed:
        try:
            found = pl.scan_parquet(folder / path).select(pl.len()).collect().item()
        except (OSError, pl.exceptions.PolarsError) as error:
            return Finding("event log", False, f"{path} cannot be read ({error}); restore a backup")
        if found != rows:
            return Finding("event log", False, f"{path} holds {found} events instead of {rows}; restore a backup")
    cold = sum(rows for _, rows in listed)
    return Finding(
        "event log",
        True,
        f"{hot + cold:,} events ({hot:,} hot, {cold:,} in {len(listed):,} days), position {position:,}",
    )


def _catalog(folder: Path) -> Finding:
    try:
        catalog = store.load(folder)
    except SegueError as error:
        return Finding("catalogue", False, str(error))
    repeated = int((catalog.canonical != catalog.tracks["number"].to_numpy()).sum())
    return Finding(
        "catalogue",
        True,
        f"{len(catalog):,} tracks, {repeated:,} of them repeated recordings, generation {catalog.generation}",
    )


def _models(home: Path) -> list[Finding]:
    try:
        pointer = snapshot.read_pointer(home)
    except SegueError as error:
        return [Finding("snapshot", False, str(error))]
    findings = [Finding("snapshot", True, f"{pointer.id}, of {pointer.created_at}")]
    for name, version in pointer.models.items():
        try:
            versions.load(home / "models", name, version)
        except SegueError as error:
            findings.append(Finding(f"model {name}", False, str(error)))
        else:
            findings.append(Finding(f"model {name}", True, version))
    return findings
