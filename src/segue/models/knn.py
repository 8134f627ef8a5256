# SPDX-License-Identifier: Apache-2.0
"""Item neighbourhood: items found beside one another in the same rows."""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from segue.dataset.matrices import Dataset
from segue.errors import NotReady
from segue.kernels.neighbours import contributions, neighbours, score_by_neighbours, scores_at, strongest_at
from segue.kernels.ragged import Ragged, faded
from segue.models.model import Model, ModelConfig, Ranked

__all__ = ["ItemKnn", "ItemKnnConfig"]


class ItemKnnConfig(ModelConfig):
    """What two items must share to be neighbours."""

    rows: tuple[Literal["listeners", "playlists", "sessions"], ...] = ("listeners", "playlists")
    """The matrices whose rows are counted."""
    weighting: Literal["binary", "tfidf", "bm25", "weights"] = "binary"
    """How an entry counts: 1; by the rarity of its item (TF-IDF, BM25); or by the preference itself."""
    neighbours: int = Field(default=200, ge=1, le=2000)
    """How many neighbours are kept of each item (K)."""
    asked_exponent: float = Field(default=0.3, ge=0, le=2)
    """How much a popular item in the history counts less: its norm to this power (cosine: 1)."""
    found_exponent: float = Field(default=0.0, ge=0, le=2)
    """How much a popular item is found less: its norm to this power (cosine: 1; raw co-occurrence: 0)."""
    row_damping: float = Field(default=0.5, ge=0, le=1)
    """How much a long row counts less: 1 / length to this power for each pair in it."""
    recency: float = Field(default=0.0, ge=0, le=2)
    """How much less older items of a history count: their place from its end to this power divides their weight."""
    shrinkage: float = Field(default=0.0, ge=0)
    """Added to the denominator; damps similarities that rest on few rows."""


class ItemKnn(Model):
    """Weighted co-occurrence with asymmetric normalization (Aiolli 2013), K neighbours an item.

    `similarity(i, j) = Σ_u x_ui x_uj / (|i|^asked · |j|^found + shrinkage)` with `|i|² = Σ_u x_ui²`. Exponents of 1 and
    row damping of 0 give the cosine; 0 and 0 give raw counts.
    """

    name = "knn"
    learned: ClassVar[tuple[str, ...]] = ("found", "similarity")
    Config = ItemKnnConfig
    config: ItemKnnConfig
    found: NDArray[np.int32]
    """`int32[n, K]`: the neighbours of each item, nearest first, -1 behind the last."""
    similarity: NDArray[np.float32]
    """`float32[n, K]`."""

    def fit(self, data: Dataset, *, seed: int) -> None:  # noqa: ARG002 (nothing is random here)
        """Count what is found together."""
        config = self.config
        matrix = data.stacked(config.rows)
        if matrix.nnz == 0:
            raise NotReady(f"knn: the dataset has no {' or '.join(config.rows)}")
        lengths = np.diff(matrix.indptr)
        matrix.data = _weigh(matrix.data, matrix.indices, lengths, matrix.shape[1], config.weighting)
        norms = np.sqrt(np.bincount(matrix.indices, matrix.data.astype(np.float64) ** 2, matrix.shape[1]))
        norms[norms == 0] = 1
        matrix.data /= np.repeat(np.maximum(lengths, 1), lengths).astype(np.float32) ** (config.row_damping / 2)
        self.found, self.similarity = neighbours(
            Ragged.of_matrix(matrix),
            np.stack([norms**config.asked_exponent, norms**config.found_exponent]).astype(np.float32),
            config.shrinkage,
            min(config.neighbours, max(matrix.shape[1] - 1, 1)),
        )

    def recommend(self, history: Ragged, exclude: Ragged, k: int, *, parallel: bool = False) -> Ranked:
        """Sum the neighbours of each history's items."""
        asked = faded(history, self.config.recency)
        return score_by_neighbours(asked, exclude, self.found, self.similarity, len(self.found), k, parallel=parallel)

    def score(self, history: Ragged, items: Ragged) -> NDArray[np.float32]:
        """Sum the similarities of each history's items to chosen ones."""
        return scores_at(faded(history, self.config.recency), items, self.found, self.similarity, len(self.found))

    def contributions(self, history: Ragged, items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return each history item's similarity to each of `items`, times its weight."""
        return contributions(faded(history, self.config.recency), self.found, self.similarity, items)

    def strongest(self, history: Ragged, items: Ragged, count: int = 1, *, parallel: bool = False) -> NDArray[np.int32]:  # noqa: ARG002
        """Return what adds most, by the same numbers."""
        asked = faded(history, self.config.recency)
        return history.pick(
            items.offsets, strongest_at(asked, items, self.found, self.similarity, len(self.found), count)
        )


def _weigh(
    values: NDArray[np.float32],
    items: NDArray[np.int32],
    lengths: NDArray[np.int32],
    n: int,
    weighting: str,
) -> NDArray[np.float32]:
    """Return the entries' weights; BM25 with the usual k1 = 1.2, b = 0.75 (Robertson, Zaragoza 2009)."""
    if weighting == "weights":
        return values.astype(np.float32)
    if weighting == "binary":
        return np.ones(len(values), np.float32)
    frequency = np.bincount(items, minlength=n)
    idf = np.log1p(len(lengths) / np.maximum(frequency, 1))[items]
    if weighting == "tfidf":
        return (np.sqrt(values) * idf).astype(np.float32)
    length = np.repeat(lengths / max(lengths.mean(), 1e-9), lengths)
    return (idf * values * 2.2 / (values + 1.2 * (0.25 + 0.75 * length))).astype(np.float32)
