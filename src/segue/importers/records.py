# SPDX-License-Identifier: Apache-2.0
"""JSON records of files of any size, one at a time: an array's elements, values one after the other, or lines."""

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple, NoReturn

from segue.errors import BadInput, TooLarge
from segue.importers.archives import Member

__all__ = ["RECORD_LIMIT", "Record", "batched", "lines", "read", "refuse"]

RECORD_LIMIT = 8 << 20
"""Bytes (of a line) or characters (of a JSON value) above which a record is refused, unread."""
_CHUNK_BYTES = 1 << 20
_BATCH_CHARACTERS = 16 << 20
_SPACE = re.compile(r"[ \t\r\n]*")
_LONGEST_TOKEN = 16
"""A token that is no string and was cut by the buffer's end is in error at most so many characters before it."""


class Record(NamedTuple):
    """One record of a source, and where it stands."""

    file: str
    row: int
    """Counted from 1 within the file; of JSON lines, the line."""
    value: dict[str, Any]
    size: int = 0
    """Characters it takes in the file."""


def read(member: Member, *, key: str | None = None) -> Iterator[Record]:
    """Give the records of a JSON file, holding no more than one of them and a chunk.

    Args:
        member: A JSON array of objects, objects one after the other, or JSON lines (by the name's ending).
        key: Where the file is one object that holds the array under this key, the key.

    Raises:
        BadInput: Not UTF-8, not JSON, cut short, or a record is no object.
        TooLarge: A record is above `RECORD_LIMIT`.
    """
    with member.open() as stream:
        start = stream.peek(1)[:4096].removeprefix(codecs.BOM_UTF8).lstrip()
        if member.name.endswith((".jsonl", ".ndjson")) and not start.startswith(b"["):
            values = _json_lines(stream, member.label)
        else:
            values = _json_values(stream, member.label, key)
        for row, value, size in values:
            if not isinstance(value, dict):
                refuse(member.label, row, f"is {_kind(value)} where an object was expected")
            yield Record(member.label, row, value, size)


def lines(stream: BinaryIO, label: str) -> Iterator[tuple[int, bytes]]:
    """Give each line with its number from 1, and refuse one above `RECORD_LIMIT` before it is read."""
    row = 0
    while line := stream.readline(RECORD_LIMIT + 1):
        row += 1
        if len(line) > RECORD_LIMIT:
            _too_large(label, row)
        yield row, line.removeprefix(codecs.BOM_UTF8) if row == 1 else line


def batched(records: Iterable[Record], rows: int) -> Iterator[list[Record]]:
    """Give the records in lists of at most `rows`, fewer where they are long."""
    batch: list[Record] = []
    size = 0
    for record in records:
        batch.append(record)
        size += record.size
        if len(batch) == rows or size > _BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def refuse(label: str, row: int, reason: str) -> NoReturn:
    """Raise `BadInput` that names the file, the row and the reason."""
    raise BadInput(f"{label}: row {row} {reason}; correct the row or leave it out, or export the file again")


def _json_lines(stream: BinaryIO, label: str) -> Iterator[tuple[int, Any, int]]:
    for row, line in lines(stream, label):
        try:
            text = line.decode("utf-8").strip()
            if text:
                yield row, _DECODER.decode(text), len(text)
        except (ValueError, RecursionError) as error:
            refuse(label, row, f"is no JSON ({_brief(error)})")


def _json_values(stream: BinaryIO, label: str, key: str | None) -> Iterator[tuple[int, Any, int]]:
    text = _Text(stream, label)
    if text.peek() == "[":
        yield from _elements(text)
    elif key is not None and text.peek() == "{":
        yield from _member_elements(text, key)
    else:
        while text.peek():
            yield text.row, *text.value()
            text.row += 1
    if text.peek():
        text.refuse(f"begins with {text.peek()!r} after the end of the JSON")


def _elements(text: "_Text") -> Iterator[tuple[int, Any, int]]:
    text.take("[")
    if text.peek() == "]":
        text.take("]")
        return
    while True:
        yield text.row, *text.value()
        text.row += 1
        if text.take(",]") == "]":
            return


def _member_elements(text: "_Text", key: str) -> Iterator[tuple[int, Any, int]]:
    """Walk one object and give the elements of the array under `key`."""
    text.take("{")
    found = False
    while True:
        name, _ = text.value()
        text.take(":")
        if name == key and text.peek() == "[":
            found = True
            yield from _elements(text)
        else:
            text.value()
        if text.take(",}") == "}":
            break
    if not found:
        raise BadInput(f"{text.label} has no array {key!r}; is it the right file?")


class _Text:
    """A window on a JSON text: what was decoded is let go, what is needed is read."""

    def __init__(self, stream: BinaryIO, label: str):
        self.label = label
        self.row = 1
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._buffer = ""
        self._at = 0
        self._ended = False

    def peek(self) -> str:
        """Return the next character that is no space, "" at the end."""
        while True:
            space = _SPACE.match(self._buffer, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if self._ended:
                return ""
            self._more()

    def take(self, wanted: str) -> str:
        """Step over the next character, which must be one of those wanted."""
        found = self.peek()
        if not found:
            self.refuse("is where the file ends, in the middle of the JSON: it was cut short")
        if found not in wanted:
            self.refuse(f"is no JSON ({' or '.join(map(repr, wanted))} expected, {found!r} found)")
        self._at += 1
        return found

    def value(self) -> tuple[Any, int]:
        """Decode the next value, and say how many characters it took."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated") or error.pos >= len(self._buffer) - _LONGEST_TOKEN
                if self._ended or not cut:
                    ending = ": the file ends in the middle of it" if cut else ""
                    self.refuse(f"is no JSON ({error.msg}){ending}")
            except (ValueError, RecursionError) as error:
                self.refuse(f"is no JSON ({_brief(error)})")
            else:
                size = end - self._at
                if size > RECORD_LIMIT:
                    _too_large(self.label, self.row)
                if end < len(self._buffer) or self._ended:
                    self._at = end
                    return value, size
            if len(self._buffer) - self._at > RECORD_LIMIT:
                _too_large(self.label, self.row)
            self._more()

    def refuse(self, reason: str) -> NoReturn:
        """Raise for the record that is being read."""
        refuse(self.label, self.row, reason)

    def _more(self) -> None:
        some = self._stream.read(_CHUNK_BYTES)
        self._ended = not some
        try:
            text = self._decoder.decode(some, self._ended)
        except UnicodeDecodeError as error:
            self.refuse(f"or one soon after it is not UTF-8 ({error.reason})")
        self._buffer = self._buffer[self._at :] + text
        self._at = 0


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


def _too_large(label: str, row: int) -> NoReturn:
    limit = f"{RECORD_LIMIT >> 20} MiB"
    raise TooLarge(f"{label}: row {row} is longer than {limit}, the limit of one record; is it the right file?")


def _brief(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error).split(": line ")[0]


def _kind(value: Any) -> str:
    return {list: "an array", str: "a text", type(None): "null", bool: "a truth value"}.get(type(value), "a number")
