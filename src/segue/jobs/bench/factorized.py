# SPDX-License-Identifier: Apache-2.0
"""What the benches of ALS factorize, and how good the factors are."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from segue.jobs.bench.plays import plays
from segue.kernels.alternate import Solver
from segue.kernels.products import best_products
from segue.kernels.ragged import Ragged

__all__ = ["LAMBDA", "Side", "World"]

LAMBDA = 100.0
"""Regularization of a row of the mean length; of every row, where all are regularized alike."""
_ALPHA = 10.0
"""Weight of a play, above that of none."""


@dataclass(frozen=True, slots=True)
class World:
    """What is factorized."""

    listeners: int
    tracks: int
    mean: int
    factors: int
    solver: Solver
    held_out: bool = False
    by_length: bool = False
    """Whether a row is regularized by the number of its entries (Zhou et al. 2008), or all alike."""
    seed: int = 0


class Side:
    """What both sides share: the data, the start, and how good they are."""

    def __init__(self, world: World):
        self.world = world
        heard = plays(world.listeners, world.tracks, world.mean, world.seed)
        self.hidden: NDArray[np.int64] | None = None
        self.matrix = heard.copy()
        if world.held_out:
            self.matrix, self.hidden = _without_one(heard)
        self.matrix.data = _ALPHA * self.matrix.data
        rng = np.random.Generator(np.random.PCG64(world.seed))
        size = world.factors
        self.rows = ((rng.random((world.listeners, size), np.float32) - 0.5) / size).astype(np.float32)
        self.items = ((rng.random((world.tracks, size), np.float32) - 0.5) / size).astype(np.float32)

    def quality(self) -> Mapping[str, float]:
        """Return the loss over all cells; or, where tracks were taken out, how well lists find them."""
        if self.hidden is None:
            return {"loss": _loss(self.matrix, self.rows, self.items)}
        return {"NDCG@100": _ndcg(self.matrix, self.hidden, self.rows, self.items)}


def _loss(matrix: sp.csr_matrix, rows: NDArray[np.float32], items: NDArray[np.float32]) -> float:
    """Return the loss over all cells, a mean: the Gram matrices say what the empty ones add."""
    squares = np.sum((rows.T @ rows).astype(np.float64) * (items.T @ items).astype(np.float64))
    entries = matrix.tocoo()
    for first in range(0, matrix.nnz, 1 << 20):
        part = slice(first, first + (1 << 20))
        score = np.einsum("if,if->i", rows[entries.row[part]], items[entries.col[part]]).astype(np.float64)
        squares += np.sum((1 + entries.data[part]) * (1 - score) ** 2 - score**2)
    ridge = LAMBDA * (np.sum(np.square(rows, dtype=np.float64)) + np.sum(np.square(items, dtype=np.float64)))
    return float((squares + ridge) / (matrix.shape[0] * matrix.shape[1]))


_ASKED = 2000


def _without_one(heard: sp.csr_matrix) -> tuple[sp.csr_matrix, NDArray[np.int64]]:
    """Take one track from each of some listeners; return what is left, and the tracks."""
    asked = min(_ASKED, heard.shape[0])
    rng = np.random.Generator(np.random.PCG64(1))
    taken = heard.indptr[:asked] + (rng.random(asked) * np.diff(heard.indptr)[:asked]).astype(np.int64)
    left = heard.copy()
    left.data = heard.data.copy()
    left.data[taken] = 0
    left.eliminate_zeros()
    return left, heard.indices[taken].astype(np.int64)


def _ndcg(
    matrix: sp.csr_matrix, hidden: NDArray[np.int64], rows: NDArray[np.float32], items: NDArray[np.float32]
) -> float:
    """Return NDCG@100 of the taken tracks in lists without those that are left."""
    asked = len(hidden)
    few = matrix[:asked]
    ranked, _ = best_products(rows[:asked], items, Ragged.of_matrix(few), 100, parallel=True)
    found = ranked == hidden[:, None]
    return float(np.mean(np.where(found.any(axis=1), 1 / np.log2(2 + found.argmax(axis=1)), 0)))
