# SPDX-License-Identifier: Apache-2.0
"""Files that are whole or absent: written aside, flushed to disk, then renamed into place."""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from segue.errors import Damaged

__all__ = [
    "checksum",
    "new_folder",
    "read_json",
    "read_sealed",
    "sync_folder",
    "write_bytes",
    "write_json",
    "write_sealed",
    "write_with",
]

_SEAL = "checksum"


def write_with(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` on a temporary neighbour of `path`, flush it to disk, and rename it to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        write(aside)
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.rename(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_bytes(path: Path, content: bytes) -> None:
    """Replace the file atomically."""
    write_with(path, lambda aside: aside.write_bytes(content))


def write_json(path: Path, value: Any) -> None:
    """Replace the file atomically with readable JSON (sorted keys)."""
    write_bytes(path, json.dumps(value, indent=2, sort_keys=True, default=str).encode() + b"\n")


def read_json(path: Path) -> Any:
    """Read a JSON file that this workspace wrote.

    Raises:
        FileNotFoundError: It is not there.
        Damaged: It is there and is not JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise Damaged(f"{path} is not readable JSON ({error}); restore it from a backup") from error


def write_sealed(path: Path, value: Mapping[str, Any]) -> None:
    """Replace the file atomically with readable JSON that carries its own checksum."""
    plain = json.loads(json.dumps(value, default=str))
    write_json(path, {**plain, _SEAL: _seal(plain)})


def read_sealed(path: Path) -> dict[str, Any]:
    """Read what `write_sealed` wrote.

    Raises:
        FileNotFoundError: It is not there.
        Damaged: It is there and is not what was written.
    """
    content = read_json(path)
    seal = content.pop(_SEAL, None) if isinstance(content, dict) else None
    if seal is None or seal != _seal(content):
        raise Damaged(f"{path} is not what was written; restore it from a backup, or make it again")
    return dict(content)


def _seal(value: Mapping[str, Any]) -> str:
    return sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Give a temporary folder to fill; when the block ends well it becomes `path`, which must not exist yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    aside.mkdir()
    try:
        yield aside
        for file in aside.iterdir():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
        sync_folder(aside)
        aside.rename(path)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Flush a folder's entries to disk, so that a rename in it survives a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, as hex."""
    hasher = sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            hasher.update(block)
    return hasher.hexdigest()
