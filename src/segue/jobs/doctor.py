# SPDX-License-Identifier: Apache-2.0
"""Looking a workspace over."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from segue.catalog import store
from segue.errors import SegueError
from segue.events import log
from segue.registry import snapshot, versions
from segue.stores import files, parts

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
    """Check every file of the log, the catalogue, the models and the kept playlists against what was written."""
    free = shutil.disk_usage(home).free
    return [
        Finding("workspace", True, str(home)),
        _log(home / "events"),
        _catalog(home / "catalog"),
        *_models(home),
        _playlists(home / "playlists" / "kept.sqlite"),
        Finding("disk", free > _LOW_DISK, f"{free / 1e9:.1f} GB free" + ("" if free > _LOW_DISK else "; make room")),
    ]


def _log(folder: Path) -> Finding:
    if not (folder / log.HOT).exists():
        days = len(list(folder.glob("day=*")))
        if days:
            lost = f"{folder / log.HOT} is missing, and {days} days of events stand there; restore a backup"
            return Finding("event log", False, lost)
        return Finding("event log", True, "empty; `segue import` brings plays")
    try:
        with closing(log.connect(folder)) as connection:
            (state,) = connection.execute("PRAGMA integrity_check").fetchone()
            (position,) = connection.execute("SELECT position FROM progress").fetchone()
            (hot,) = connection.execute("SELECT coalesce(sum(rows), 0) FROM batches").fetchone()
            listed = connection.execute("SELECT path, rows, checksum FROM files").fetchall()
    except sqlite3.DatabaseError as error:
        return Finding("event log", False, f"{folder / log.HOT} cannot be read ({error}); restore a backup")
    if state != "ok":
        return Finding("event log", False, f"{folder / log.HOT} is damaged ({state}); restore a backup")
    for path, _, checksum in listed:
        if not (folder / path).is_file():
            return Finding("event log", False, f"{path} is missing; restore a backup")
        if files.checksum(folder / path) != checksum:
            return Finding("event log", False, f"{path} does not match its checksum; restore a backup")
    cold = sum(rows for _, rows, _ in listed)
    return Finding(
        "event log",
        True,
        f"{hot + cold:,} events ({hot:,} hot, {cold:,} in {len(listed):,} files), position {position:,}",
    )


def _catalog(folder: Path) -> Finding:
    try:
        catalog = store.load(folder)
    except SegueError as error:
        return Finding("catalogue", False, str(error))
    if not len(catalog):
        return Finding("catalogue", True, "empty; `segue import` brings tracks")
    repeated = int((catalog.canonical != catalog.tracks["number"].to_numpy()).sum())
    return Finding(
        "catalogue",
        True,
        f"{len(catalog):,} tracks, {repeated:,} of them repeated recordings, generation {catalog.generation}",
    )


def _playlists(path: Path) -> Finding:
    if not path.exists():
        return Finding("playlists", True, "none yet; `segue weekly` makes them")
    listed: list[tuple[str, int, str]] = []
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            (state,) = connection.execute("PRAGMA integrity_check").fetchone()
            (count,) = connection.execute("SELECT count(*) FROM playlists").fetchone()
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'parts'").fetchone():
                listed = connection.execute("SELECT path, rows, checksum FROM parts").fetchall()
    except sqlite3.DatabaseError as error:
        state, count = str(error), 0
    if state != "ok":
        return Finding(
            "playlists",
            False,
            f"{path} is damaged ({state}); restore a backup, or remove the folder {path.parent}: then `segue weekly` "
            "makes this week's playlists anew, and past ones are lost",
        )
    for name, _, checksum in listed:
        part = path.parent / name
        if not part.is_file() or files.checksum(part) != checksum:
            wrong = "does not match its checksum" if part.is_file() else "is missing"
            return Finding("playlists", False, f"{part} {wrong}; {parts.GIVEN_UP}")
    return Finding("playlists", True, f"{count + sum(rows for _, rows, _ in listed):,} kept")


def _models(home: Path) -> list[Finding]:
    try:
        pointer = snapshot.read_pointer(home)
        store.load(home / "catalog", pointer.generation)
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
