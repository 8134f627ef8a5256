# SPDX-License-Identifier: Apache-2.0
"""Rows of delimited text (CSV and its kin), one at a time."""

import csv
import re
from collections.abc import Iterator
from typing import BinaryIO

from segue.errors import BadInput
from segue.importers.archives import Member
from segue.importers.records import RECORD_LIMIT, lines, refuse

__all__ = ["delimiter", "read"]


def delimiter(member: Member) -> str:
    """Return which of `,`, `;` and the tabulator parts the first line most often."""
    with member.open() as stream:
        _, first = next(lines(stream, member.label), (1, b""))
    bare = re.sub(rb'"[^"]*"', b"", first)
    return max(",;\t", key=lambda candidate: bare.count(candidate.encode()))


def read(
    member: Member, separator: str, *, quoted: bool = True, latin: bool = False
) -> Iterator[tuple[int, list[str]]]:
    """Give each row with its number; the first, which may be a header, is 0. Empty lines are left out.

    Args:
        member: The file, in UTF-8, with or without a byte order mark.
        separator: One character.
        quoted: Whether `"` quotes (CSV) or is a character like others.
        latin: Whether a line that is not UTF-8 is read as Latin-1.

    Raises:
        BadInput: A line is not UTF-8, or quotes are not closed.
        TooLarge: A line or row is above `RECORD_LIMIT`.
    """
    with member.open() as stream:
        texts = _Texts(stream, member.label, latin=latin)
        rows = csv.reader(
            texts, delimiter=separator, strict=True, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
        )
        row = 0
        while True:
            texts.used = 0
            try:
                cells = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                refuse(member.label, row, f"is no row of values ({error})")
            if cells:
                yield row, cells
                row += 1


class _Texts(Iterator[str]):
    """The lines of a stream as text; counts what one row has used, for quotes may span lines."""

    def __init__(self, stream: BinaryIO, label: str, *, latin: bool):
        self.used = 0
        self._lines = lines(stream, label)
        self._label = label
        self._latin = latin

    def __next__(self) -> str:
        number, line = next(self._lines)
        self.used += len(line)
        if self.used > RECORD_LIMIT:
            refuse(
                self._label, number, f"begins no new row within {RECORD_LIMIT >> 20} MiB (a quote that is not closed?)"
            )
        try:
            return line.decode("utf-8")
        except UnicodeDecodeError as error:
            if self._latin:
                return line.decode("latin-1")
            raise BadInput(
                f"{self._label}: line {number} is not UTF-8 ({error.reason}); save the file as UTF-8"
            ) from error
