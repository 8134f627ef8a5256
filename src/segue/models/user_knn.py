# SPDX-License-Identifier: Apache-2.0
"""Row neighbourhood: what else those have who heard the same."""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from segue.dataset.matrices import Dataset
from segue.errors import NotReady
from segue.kernels.ragged import Ragged, faded, offsets_of, row_numbers, take_rows
from segue.kernels.rows import score_by_rows
from segue.models.model import Model, ModelConfig, Ranked

__all__ = ["UserKnn", "UserKnnConfig"]


class UserKnnConfig(ModelConfig):
    """Which rows are like a history, and what they vote for."""

    rows: tuple[Literal["listeners", "playlists", "sessions"], ...] = ("listeners", "playlists")
    """The matrices whose rows vote."""
    neighbours: int = Field(default=100, ge=1, le=10_000)
    """How many rows vote (K)."""
    rarity: float = Field(default=1.5, ge=0, le=4)
    """How much more it says to share a rare item: its inverse document frequency to this power."""
    length: float = Field(default=0.5, ge=0, le=2)
    """How much less a long row is like a history: its length to this power divides what is shared (cosine: 0.5)."""
    sharpness: float = Field(default=2.0, gt=0, le=8)
    """How much more the rows most like a history vote: their likeness to this power."""
    recency: float = Field(default=0.0, ge=0, le=2)
    """How much less older items of a history count: their place from its end to this power divides their weight."""


class UserKnn(Model):
    """Votes of the rows that share most with a history (Herlocker et al. 1999; locality: Aiolli 2013).

    A row is an anonymous set of items, kept without weights, times or any id of whose it was, in an order that only
    what it holds decides. Rows of one item, which have nothing to vote for, are left out.
    """

    name = "user_knn"
    learned: ClassVar[tuple[str, ...]] = ("row_offsets", "row_items", "item_offsets", "item_rows", "idf")
    Config = UserKnnConfig
    config: UserKnnConfig
    row_offsets: NDArray[np.int64]
    """`int64[R + 1]`, with `row_items`: the rows."""
    row_items: NDArray[np.int32]
    """`int32[m]`: items, ascending in each row."""
    item_offsets: NDArray[np.int64]
    """`int64[n + 1]`, with `item_rows`: where each item stands."""
    item_rows: NDArray[np.int32]
    """`int32[m]`: rows of each item, ascending."""
    idf: NDArray[np.float32]
    """`float32[n]`: what it says to share an item."""

    def fit(self, data: Dataset, *, seed: int) -> None:  # noqa: ARG002 (nothing is random here)
        """Index the rows by their items."""
        config = self.config
        matrix = data.stacked(config.rows)
        if matrix.nnz == 0:
            raise NotReady(f"user_knn: the dataset has no {' or '.join(config.rows)}")
        offsets, n = matrix.indptr.astype(np.int64), matrix.shape[1]
        self.row_offsets, index = take_rows(offsets, _by_content(offsets, matrix.indices))
        self.row_items = matrix.indices[index].astype(np.int32)
        counts = np.bincount(self.row_items, minlength=n)
        self.item_offsets = offsets_of(counts)
        self.item_rows = row_numbers(self.row_offsets)[np.argsort(self.row_items, kind="stable")].astype(np.int32)
        rarity = np.log((len(self.row_offsets) - 1) / np.maximum(counts, 1) + 1)
        self.idf = (rarity**config.rarity).astype(np.float32)

    def recommend(self, history: Ragged, exclude: Ragged, k: int, *, parallel: bool = False) -> Ranked:
        """Let the rows most like each history vote; a history of nothing gets nothing."""
        config = self.config
        return score_by_rows(
            faded(history.keep(history.weights > 0), config.recency),
            exclude,
            (self.row_offsets, self.row_items),
            (self.item_offsets, self.item_rows),
            self.idf,
            (min(config.neighbours, max(len(self.row_offsets) - 1, 1)), config.length, config.sharpness),
            k,
            parallel=parallel,
        )


def _by_content(offsets: NDArray[np.int64], items: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the rows of two items or more, in an order that does not tell whose they are: that of their items."""
    held = {int(row): items[offsets[row] : offsets[row + 1]].tobytes() for row in np.flatnonzero(np.diff(offsets) > 1)}
    return np.array(sorted(held, key=held.__getitem__), np.int64)
