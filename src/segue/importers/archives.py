# SPDX-License-Identifier: Apache-2.0
"""A source's files as streams of bytes, wherever they lie: a plain file, a gzip file, a zip or a folder."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from segue.errors import BadInput

__all__ = ["Member", "opened"]

_ZIP, _GZIP = (b"PK\x03\x04", b"PK\x05\x06"), b"\x1f\x8b"
_BUFFER_BYTES = 1 << 18
_BROKEN = (EOFError, OSError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)
"""What the standard library raises on damaged, encrypted or oddly packed bytes."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a source."""

    name: str
    """Path inside the source with `/` and without `.gz`; the file's own name where the source is one file."""
    label: str
    """What messages call it: the source's file name and, of a zip or folder, the path inside."""
    path: Path | None
    """Where it lies uncompressed on disk, if it does."""
    alone: bool
    """Whether it is the whole source."""
    opener: Callable[[], IO[bytes]]

    @property
    def base(self) -> str:
        """Last part of the name."""
        return self.name.rpartition("/")[2]

    @contextmanager
    def open(self) -> "Iterator[io.BufferedReader[_Checked]]":
        """Open the file; whatever is wrong with its packing is `BadInput`, also midway."""
        try:
            raw = self.opener()
        except _BROKEN as error:
            raise _broken(self.label, error) from error
        with raw, io.BufferedReader(_Checked(raw, self.label), _BUFFER_BYTES) as stream:
            yield stream


@contextmanager
def opened(path: Path) -> Iterator[list[Member]]:
    """Give the source's files in sorted order of their names, without hidden ones.

    Raises:
        BadInput: There is no such file, it is empty, or it is a zip that is broken or was cut short.
    """
    if path.is_dir():
        yield _in_folder(path)
        return
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}); check the path") from error
    if not start:
        raise BadInput(f"{path.name} is empty; export or download it again")
    if path.suffix.lower() == ".zip" or start in _ZIP:
        try:
            archive = zipfile.ZipFile(path)
        except _BROKEN as error:
            raise BadInput(f"{path.name} is no zip, or was cut short ({error}); download it again") from error
        with archive:
            yield _in_zip(archive, path.name)
        return
    only = _plain(path, path.name, path.name, start, alone=True)
    with only.open() as stream:
        if not stream.peek(1):
            raise BadInput(f"{path.name} is empty; export or download it again")
    yield [only]


def _in_folder(folder: Path) -> list[Member]:
    members = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not _hidden(name):
            with path.open("rb") as file:
                start = file.read(4)
            members.append(_plain(path, name, f"{folder.name}/{name}", start, alone=False))
    return members


def _in_zip(archive: zipfile.ZipFile, label: str) -> list[Member]:
    members = []
    for entry in sorted(archive.infolist(), key=lambda entry: entry.filename):
        if entry.is_dir() or _hidden(entry.filename):
            continue

        def unpack(entry: zipfile.ZipInfo = entry) -> IO[bytes]:
            return _gunzip(archive.open(entry)) if entry.filename.endswith(".gz") else archive.open(entry)

        name = entry.filename.removesuffix(".gz")
        members.append(Member(name, f"{label}/{entry.filename}", None, False, unpack))
    return members


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


def _plain(path: Path, name: str, label: str, start: bytes, *, alone: bool) -> Member:
    if start.startswith(_GZIP) or name.endswith(".gz"):
        return Member(name.removesuffix(".gz"), label, None, alone, lambda: _gunzip(path.open("rb")))
    return Member(name, label, path, alone, lambda: path.open("rb"))


def _gunzip(packed: IO[bytes]) -> IO[bytes]:
    unpacked = gzip.GzipFile(fileobj=packed, mode="rb")
    unpacked.myfileobj = packed  # type: ignore[assignment]  # closed together with it
    return cast(IO[bytes], unpacked)


class _Checked(io.RawIOBase):
    """A stream whose damage is reported as `BadInput` with the file's name."""

    def __init__(self, source: IO[bytes], label: str):
        self._source = source
        self._label = label

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            some = self._source.read(len(buffer))
        except _BROKEN as error:
            raise _broken(self._label, error) from error
        buffer[: len(some)] = some
        return len(some)


def _broken(label: str, error: Exception) -> BadInput:
    return BadInput(
        f"{label} is damaged or was cut short ({str(error) or type(error).__name__}); export or download it again"
    )
