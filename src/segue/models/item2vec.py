# SPDX-License-Identifier: Apache-2.0
"""Items as words: vectors of tracks, learned from what stands beside them in playlists and sessions."""

from itertools import pairwise
from typing import ClassVar, Literal

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from pydantic import Field

from segue.dataset.matrices import Dataset
from segue.errors import NotReady
from segue.kernels.products import best_products
from segue.kernels.ragged import Ragged, faded, offsets_of, row_numbers
from segue.kernels.skipgram import draw_table, skipgram_epoch
from segue.models.model import Model, ModelConfig, Ranked

__all__ = ["Item2Vec", "Item2VecConfig"]

_SHORTEST = 1e-12

Rows = Literal["listeners", "playlists", "sessions"]


class Item2VecConfig(ModelConfig):
    """What stands beside an item, and how its vector is learned."""

    rows: tuple[Rows, ...] = ("playlists", "sessions", "listeners")
    """The matrices whose rows are read."""
    ordered: tuple[Rows, ...] = ("sessions",)
    """Those of them whose order says something: only what is near an item stands beside it, not its whole row."""
    dimensions: int = Field(default=64, ge=1, le=1024)
    """Dimensions of the space."""
    window: int = Field(default=5, ge=1, le=100)
    """In an ordered row, how many places to each side stand beside an item, at most."""
    pairs: int = Field(default=4, ge=1, le=100)
    """In a row without order, how many of its items, drawn at random, stand beside each item in an epoch."""
    epochs: int = Field(default=15, ge=1, le=500)
    """How often all rows are read."""
    negatives: int = Field(default=5, ge=1, le=100)
    """How many items are drawn against each pair."""
    negative_exponent: float = Field(default=0.75, ge=-2, le=2)
    """How much more often a popular item is drawn as a negative: its count to this power."""
    subsampling: float = Field(default=0.0, ge=0, le=1)
    """An item of a greater share of all entries than this is passed over the more often, the greater; 0: none is."""
    rate: float = Field(default=0.1, gt=0, le=1)
    """How far the first steps go; it falls to nothing with the last."""
    least: int = Field(default=1, ge=1)
    """In how many places an item must stand to get a vector; fewer say too little of it."""
    popularity: float = Field(default=0.15, ge=0, le=2)
    """How much more a popular item is found: its count, as a share of the greatest, to this power times the cosine."""
    recency: float = Field(default=0.0, ge=0, le=2)
    """How much less older items of a history count: their place from its end to this power divides their weight."""


class Item2Vec(Model):
    """Skip-gram with negative sampling over rows of items (Barkan, Koenigstein 2016, after Mikolov et al. 2013).

    Settings that suit words do not suit music (Caselles-Dupré, Lesaint, Royo-Letelier 2018), so all are open. An item's
    vector is the sum of the two that training gives it, as a centre and as what stands beside one: two such sums point
    the same way if the items stand beside the same ones, or beside each other. A history is the mean of its items'
    vectors, and a score the cosine to that mean, times a power of how often the item is found: without it, items that
    stand in one row alone come first.

    Example: `a` and `b` stand in the same rows, `c` in others. The vectors of `a` and `b` come to point the same way,
    so a history of `a` finds `b`. Where rows are ordered and the window is 1, only neighbours count.
    """

    name = "item2vec"
    learned: ClassVar[tuple[str, ...]] = ("embeddings", "prominence")
    Config = Item2VecConfig
    config: Item2VecConfig
    embeddings: NDArray[np.float32]
    """`float32[n, d]`: a vector of length 1 for each item, zeros for what stood in too few places."""
    prominence: NDArray[np.float32]
    """`float32[n]`: what an item's cosine is multiplied by, up to 1; 0 where it has no vector."""

    def fit(self, data: Dataset, *, seed: int) -> None:
        """Read all rows, in another order in each epoch."""
        config, n = self.config, len(data.items)
        rows, windows = self._read(data)
        counts = np.bincount(rows.values, minlength=n)
        if not counts.any():
            raise NotReady(f"item2vec: no {' or '.join(config.rows)} with two items found {config.least} times or more")
        rng = np.random.Generator(np.random.PCG64(seed))
        inputs = (rng.random((n, config.dimensions), np.float32) - np.float32(0.5)) / np.float32(config.dimensions)
        outputs = np.zeros_like(inputs)
        state = rng.integers(1, 2**64, 1, np.uint64)
        found = counts > 0
        drawn = draw_table(np.where(found, np.maximum(counts, 1.0) ** config.negative_exponent, 0))
        kept = _kept(counts, config.subsampling)
        rates = np.linspace(config.rate, 0, config.epochs + 1).tolist()
        for first, last in pairwise(rates):
            order = rng.permutation(len(rows))
            skipgram_epoch(
                rows.take(order),
                windows[order],
                kept,
                drawn,
                state,
                (first, last),
                config.pairs,
                config.negatives,
                inputs,
                outputs,
            )
        self.embeddings = _directions((inputs + outputs) * found[:, None])
        self.prominence = np.where(found, (counts / counts.max()) ** config.popularity, 0).astype(np.float32)

    def recommend(self, history: Ragged, exclude: Ragged, k: int, *, parallel: bool = False) -> Ranked:
        """Rank by the cosine to each history's mean, times prominence; what is not like it (0 or below) is left out."""
        means = self._means(history)
        items, scores = best_products(means, self.embeddings, exclude, k, scale=self.prominence, parallel=parallel)
        unlike = scores <= 0
        items[unlike], scores[unlike] = -1, -np.inf
        return items, scores

    def score(self, history: Ragged, items: Ragged) -> NDArray[np.float32]:
        """Return the scores of chosen items, also below 0; NaN for histories and items without a vector."""
        means, rows = self._means(history), row_numbers(items.offsets)
        scores: NDArray[np.float32] = np.einsum("id,id->i", means[rows], self.embeddings[items.values])
        scores *= self.prominence[items.values]
        moved: NDArray[np.bool_] = np.any(means, axis=1)
        said = moved[rows] & (self.prominence[items.values] > 0)
        return np.where(said, scores, np.float32(np.nan))

    def contributions(self, history: Ragged, items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Split each score over the history: each item's part of the mean, along the item scored."""
        vectors = self.embeddings[history.values] * self._liking(history)[:, None]
        length = max(float(np.linalg.norm(vectors.sum(axis=0))), _SHORTEST)
        shares = vectors @ self.embeddings[items].T * self.prominence[items]
        return (shares / length).astype(np.float32)

    def _means(self, history: Ragged) -> NDArray[np.float32]:
        """Return the direction of each history's mean, `float32[Q, d]` of length 1; zeros where it has no vector."""
        shape = len(history), len(self.embeddings)
        summed = sp.csr_matrix((self._liking(history), history.values, history.offsets), shape=shape)
        return _directions(summed @ self.embeddings)

    def _liking(self, history: Ragged) -> NDArray[np.float32]:
        """Return what each item of the histories counts, `float32[h]`: nothing where its weight is 0 or less."""
        counted = faded(history, self.config.recency).weights
        liking: NDArray[np.float32] = np.where(counted > 0, counted, np.float32(0))
        return liking

    def _read(self, data: Dataset) -> tuple[Ragged, NDArray[np.int32]]:
        """Return all rows of items found often enough, in their order, and the window of each."""
        config = self.config
        parts = [(name, part) for name in config.rows if (part := getattr(data, name)) is not None]
        offsets = offsets_of(np.concatenate([np.zeros(0, np.int64), *(np.diff(part.offsets) for _, part in parts)]))
        items = np.concatenate([np.zeros(0, np.int32), *(part.items for _, part in parts)])
        reach = [np.full(len(part), config.window if name in config.ordered else 0, np.int32) for name, part in parts]
        windows = np.concatenate([np.zeros(0, np.int32), *reach])
        often = np.bincount(items, minlength=len(data.items)) >= config.least
        rows = Ragged(offsets, items, np.ones(len(items), np.float32)).keep(often[items])
        together = np.flatnonzero(np.diff(rows.offsets) > 1)
        return rows.take(together), windows[together]


def _kept(counts: NDArray[np.int64], threshold: float) -> NDArray[np.float32]:
    """Return the probability that an item stays in a row (Mikolov et al. 2013, equation 5): `float32[n]`."""
    if threshold == 0:
        return np.ones(len(counts), np.float32)
    shares = np.maximum(counts, 1) / counts.sum()
    kept: NDArray[np.float64] = np.minimum(np.sqrt(threshold / shares), 1)
    return kept.astype(np.float32)


def _directions(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the vectors at length 1; zeros stay."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions: NDArray[np.float32] = vectors / np.maximum(lengths, _SHORTEST)
    return directions
