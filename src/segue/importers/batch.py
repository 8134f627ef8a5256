# SPDX-License-Identifier: Apache-2.0
"""What an importer yields, and the ids that make importing twice the same as importing once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["Batch", "Importer", "Occurrences"]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a source, translated."""

    rows: int
    """How many rows of the source this batch covers, taken or not."""
    events: pl.DataFrame
    """Any columns of `events.schema.INTAKE`, among them `event_id` and `type`."""
    tracks: pl.DataFrame
    """Any columns of `catalog.schema.TRACKS`; ids may repeat within and across batches."""
    artists: pl.DataFrame | None = None
    albums: pl.DataFrame | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Rows not taken, by reason in words."""
    total: int | None = None
    """How many rows there are in the whole source, where that is known beforehand."""


class Importer(Protocol):
    """Reads one kind of source. Its constructor takes what the source does not say (the listener's name, a mapping)."""

    name: str
    """What `segue import` calls it; also the events' `source`."""

    def read(self, path: Path) -> Iterator[Batch]:
        """Give the source's rows in batches of bounded size.

        Raises:
            BadInput: The file is not what it should be; the message names the file, the row and the reason.
        """
        ...


class Occurrences:
    """Ids for rows that have none: a digest of the row and of how many equal rows came before it in this import.

    Two equal rows of one source are two events; the same rows in a second import get the same ids again.
    """

    def __init__(self, source: str):
        self._source = source
        self._earlier: list[NDArray[np.uint64]] = []

    def ids(self, rows: pl.DataFrame) -> pl.Series:
        """Return `event_id` for each row of a batch; only what tells rows apart belongs in its columns."""
        texts = rows.select(
            pl.concat_str(pl.all().cast(pl.String).fill_null("\x00"), separator="\x1f").alias("row")
        ).to_series()
        hashes = np.fromiter((int.from_bytes(_digest(text, 8)) for text in texts), np.uint64, len(texts))
        counts = self._count(hashes)
        named = (f"{self._source}\x1f{text}\x1f{count}" for text, count in zip(texts, counts, strict=True))
        return pl.Series("event_id", [_digest(text, 16).hex() for text in named])

    def _count(self, hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
        order = np.argsort(hashes, kind="stable")
        ordered = hashes[order]
        counts = np.empty(len(hashes), np.int64)
        counts[order] = np.arange(len(hashes)) - np.searchsorted(ordered, ordered)
        for earlier in self._earlier:
            counts += np.searchsorted(earlier, hashes, "right") - np.searchsorted(earlier, hashes, "left")
        self._earlier.append(ordered)
        if len(self._earlier) > 16:
            self._earlier = [np.sort(np.concatenate(self._earlier))]
        return counts


def _digest(text: str, size: int) -> bytes:
    return blake2b(text.encode(), digest_size=size).digest()
