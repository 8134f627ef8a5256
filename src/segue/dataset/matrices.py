# SPDX-License-Identifier: Apache-2.0
"""A dataset: its vocabulary of items, and the rows of listeners, playlists and sessions over it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from typing import TypeAlias

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from segue.kernels.ragged import take_rows

__all__ = ["CONTENT", "CSR", "Dataset", "Interactions", "Vocabulary"]

CONTENT = pl.Schema(
    {
        "title": pl.String(),
        "genres": pl.List(pl.String()),  # of the track and of its artist
        "year": pl.Int32(),  # of release
        "tempo_bpm": pl.Float32(),
        "key": pl.Int8(),  # pitch class, 0 = C … 11 = B
        "mode": pl.Int8(),  # 1 = major, 0 = minor
        "energy": pl.Float32(),  # 0–1
        "valence": pl.Float32(),  # 0–1, sad to glad
        "danceability": pl.Float32(),  # 0–1
        "acousticness": pl.Float32(),  # 0–1
        "instrumentalness": pl.Float32(),  # 0–1
        "speechiness": pl.Float32(),  # 0–1
        "loudness_db": pl.Float32(),
        "language": pl.String(),  # stated, or else detected; ISO 639-1
    }
)
"""The columns of `Dataset.content`; null: unknown."""

CSR: TypeAlias = "sp.csr_matrix[np.float32]"


@dataclass(frozen=True)
class Vocabulary:
    """The items that models of this dataset know, in the order of their ids. An item is an index into it."""

    ids: pl.Series
    """`String[n]`, sorted: the canonical track ids."""
    numbers: NDArray[np.int32]
    """`int32[n]`: each item's number in the catalogue."""
    artists: NDArray[np.int32]
    """`int32[n]`: each item's artist, an index that means nothing beyond this vocabulary."""
    artist_names: pl.Series | None = None
    """`String[artists]`: what each artist is called, where that is known."""

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def index(self) -> NDArray[np.int32]:
        """`int32[numbers]`: the item of each catalogue number, -1 for a track that is no item."""
        table = np.full(int(self.numbers.max(initial=-1)) + 1, -1, np.int32)
        table[self.numbers] = np.arange(len(self), dtype=np.int32)
        return table


@dataclass(frozen=True)
class Interactions:
    """Rows of items: a row's items in order (by time for sessions, as written for playlists, by id for listeners)."""

    rows: pl.Series
    """`String[R]`, sorted: ids of listeners or playlists; for sessions, whose each one is."""
    offsets: NDArray[np.int64]
    """`int64[R + 1]`."""
    items: NDArray[np.int32]
    """`int32[nnz]`, indices into the vocabulary."""
    weights: NDArray[np.float32]
    """`float32[nnz]`, above 0."""
    times: NDArray[np.int64] | None = None
    """`int64[nnz]`: when each was last played, in milliseconds since 1970, -1 where unknown; None: all unknown."""
    titles: pl.Series | None = None
    """`String[R]`, playlists only."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def nnz(self) -> int:
        """Number of interactions."""
        return len(self.items)

    def row(self, index: int) -> NDArray[np.int32]:
        """Return the items of one row."""
        return self.items[self.offsets[index] : self.offsets[index + 1]]

    def take(self, rows: NDArray[np.int64]) -> "Interactions":
        """Return the chosen rows."""
        offsets, index = take_rows(self.offsets, rows)
        return Interactions(
            self.rows.gather(rows),
            offsets,
            self.items[index],
            self.weights[index],
            None if self.times is None else self.times[index],
            None if self.titles is None else self.titles.gather(rows),
        )


@dataclass(frozen=True)
class Dataset:
    """One kind of item (music, podcasts or audiobooks), as models see it. Nothing in it changes."""

    items: Vocabulary
    listeners: Interactions | None = None
    playlists: Interactions | None = None
    sessions: Interactions | None = None
    catalogue: Vocabulary | None = None
    """All items of the kind, also those that nobody has played yet; None: no more than `items`."""
    content: pl.DataFrame | None = None
    """What is said of each item of `catalogue`, a row each: `CONTENT`. None: nothing is."""
    opinions: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"listener": pl.String, "item": pl.Int32, "liked": pl.Int8})
    )
    """Likes (1) and dislikes (-1), apart from plays."""
    reference_at: datetime | None = None
    """The moment that ages count from: the last event's."""
    until: int = 0
    """The log's position that the dataset was read to."""
    dropped: dict[str, int] = field(default_factory=dict)
    """Events that are not in it, by reason in words."""

    def stacked(self, which: Iterable[str] = ("listeners", "playlists")) -> CSR:
        """Return the rows of several matrices, one below the other, as a CSR matrix with sorted columns.

        Duplicates within a row (a playlist that has a track twice) count once, with their greatest weight.
        """
        parts = [part for name in which if (part := getattr(self, name)) is not None]
        offsets = np.concatenate([np.zeros(1, np.int64), *(np.diff(part.offsets) for part in parts)]).cumsum()
        items = np.concatenate([np.zeros(0, np.int32), *(part.items for part in parts)])
        weights = np.concatenate([np.zeros(0, np.float32), *(part.weights for part in parts)])
        shape = (len(offsets) - 1, len(self.items))
        rows = np.repeat(np.arange(shape[0]), np.diff(offsets))
        if ((items[1:] > items[:-1]) | (rows[1:] > rows[:-1])).all():
            return sp.csr_matrix((weights, items, offsets), shape=shape)
        order = np.lexsort((-weights, items, rows))
        rows, items, weights = rows[order], items[order], weights[order]
        first = np.ones(len(rows), bool)
        first[1:] = (rows[1:] != rows[:-1]) | (items[1:] != items[:-1])
        counts = np.bincount(rows[first], minlength=shape[0])
        indptr = np.concatenate([np.zeros(1, np.int64), counts.cumsum()])
        return sp.csr_matrix((weights[first], items[first], indptr), shape=shape)

    @cached_property
    def fingerprint(self) -> str:
        """32 hex digits of ids, weights, times and content: equal data gives equal fingerprints on any machine."""
        hasher = blake2b(digest_size=16)
        _hash(hasher, self.items.ids)
        for name in ("listeners", "playlists", "sessions"):
            part: Interactions | None = getattr(self, name)
            hasher.update(f"\x1e{name}".encode())
            if part is not None:
                _hash(hasher, part.rows)
                for array in (part.offsets, part.items, part.weights, part.times):
                    hasher.update(b"\x1d" if array is None else np.ascontiguousarray(array).tobytes())
                if part.titles is not None:
                    _hash(hasher, part.titles.fill_null(""))
        hasher.update(self.opinions.write_csv().encode())
        if self.catalogue is not None:
            _hash(hasher, self.catalogue.ids)
        if self.content is not None:
            for slice_ in self.content.iter_slices(100_000):
                hasher.update(slice_.write_ndjson().encode())
        return hasher.hexdigest()


def _hash(hasher: blake2b, words: pl.Series) -> None:
    """Hash each word with its length before it, a million at a time."""
    for first in range(0, len(words), 1 << 20):
        some = words.slice(first, 1 << 20)
        hasher.update(some.str.len_bytes().to_numpy().tobytes())
        hasher.update("".join(some).encode())
