# SPDX-License-Identifier: Apache-2.0
"""EASE: the best linear map from what was heard to what else is, in closed form."""

from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from numba import get_num_threads
from numpy.typing import NDArray
from pydantic import Field
from threadpoolctl import threadpool_limits

from segue.dataset.matrices import CSR, Dataset
from segue.errors import NotReady
from segue.kernels.neighbours import contributions, neighbours, score_by_neighbours, scores_at, strongest_at
from segue.kernels.ragged import Ragged, offsets_of, places
from segue.kernels.regression import regress
from segue.kernels.topk import topk
from segue.models.model import Model, ModelConfig, Ranked

__all__ = ["Ease", "EaseConfig"]

Table: TypeAlias = tuple[NDArray[np.int32], NDArray[np.float32]]

_CHUNK_BYTES = 256 << 20
_FAME = 0.25
"""How much less likely a popular item is to explain others: what they share is divided by its rows to this power."""


class EaseConfig(ModelConfig):
    """How strongly the map is held back, and how much of it is kept."""

    rows: tuple[Literal["listeners", "playlists", "sessions"], ...] = ("listeners", "playlists")
    """The matrices whose rows are learned from."""
    regularization: float = Field(default=100.0, gt=0)
    """λ of the mean item."""
    frequency: float = Field(default=0.3, ge=0, le=1)
    """How much more items of many rows are regularized: λ grows with their number to this power."""
    diagonal: float = Field(default=0.5, ge=0, le=1)
    """How strictly an item may not explain itself: 1 as in the paper, 0 not at all (ridge regression)."""
    neighbours: int = Field(default=500, ge=1, le=5000)
    """How many weights are kept of each item, greatest first."""
    exact_up_to: int = Field(default=20_000, ge=0)
    """Up to so many items, all pairs are weighed; of more, each is explained by a few alone. While it is made,
    the inverse of 20,000 takes some 10 GB."""
    explained_by: int = Field(default=100, ge=1, le=1000)
    """How many these are: those that it shares most rows with."""


class Ease(Model):
    """Ridge regression of every item on all others (Steck 2019, "Embarrassingly Shallow Autoencoders").

    With the rows X, `P = (XᵀX + Λ)⁻¹` and Λ a diagonal, the weight from item i to item j is `-P_ij / P_jj^diagonal`.
    P is computed through the smaller of two inverses: of as many unknowns as items, or as rows (Woodbury). Where there
    are too many items to weigh all pairs, P is taken of each item and those it shares most rows with, without the
    others (after Steck 2019, "Markov Random Fields for Collaborative Filtering", part 3.2, with one item to a set).
    """

    name = "ease"
    learned: ClassVar[tuple[str, ...]] = ("found", "weights")
    Config = EaseConfig
    config: EaseConfig
    found: NDArray[np.int32]
    """`int32[n, K]`: the items that each item speaks for, greatest weight first, -1 behind the last."""
    weights: NDArray[np.float32]
    """`float32[n, K]`."""

    def fit(self, data: Dataset, *, seed: int) -> None:  # noqa: ARG002 (nothing is random here)
        """Invert, and keep the greatest weights of each item."""
        config = self.config
        matrix = data.stacked(config.rows)
        if matrix.nnz == 0:
            raise NotReady(f"ease: the dataset has no {' or '.join(config.rows)}")
        matrix.data[:] = 1
        counts = np.maximum(np.bincount(matrix.indices, minlength=matrix.shape[1]), 1).astype(np.float64)
        grown = counts**config.frequency
        ridge = (config.regularization * grown / grown.mean()).astype(np.float32)
        k = min(config.neighbours, max(matrix.shape[1] - 1, 1))
        if matrix.shape[1] > config.exact_up_to:
            self.found, self.weights = _sparse(matrix, ridge, counts, config, k)
        else:
            self.found, self.weights = _exact(matrix, ridge, config, k)
        self.weights[self.found < 0] = 0

    def recommend(self, history: Ragged, exclude: Ragged, k: int, *, parallel: bool = False) -> Ranked:
        """Sum the weights over each history; an item counts once, however much it was played."""
        return score_by_neighbours(
            self._once(history), exclude, self.found, self.weights, len(self.found), k, parallel=parallel
        )

    def score(self, history: Ragged, items: Ragged) -> NDArray[np.float32]:
        """Sum the weights of each history to chosen items."""
        return scores_at(self._once(history), items, self.found, self.weights, len(self.found))

    def contributions(self, history: Ragged, items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return each history item's weights to `items`."""
        return contributions(self._once(history), self.found, self.weights, items)

    def strongest(self, history: Ragged, items: Ragged, count: int = 1, *, parallel: bool = False) -> NDArray[np.int32]:  # noqa: ARG002
        """Return what adds most, by the same numbers."""
        asked = self._once(history)
        return history.pick(items.offsets, strongest_at(asked, items, self.found, self.weights, len(self.found), count))

    def _once(self, history: Ragged) -> Ragged:
        return Ragged(history.offsets, history.values, np.sign(history.weights))


def _exact(matrix: CSR, ridge: NDArray[np.float32], config: EaseConfig, k: int) -> Table:
    """Weigh all pairs, and keep the greatest of each item."""
    n = matrix.shape[1]
    found = np.full((n, k), -1, np.int32)
    kept = np.zeros((n, k), np.float32)
    step = max(1, _CHUNK_BYTES // (4 * n))
    with threadpool_limits(get_num_threads(), "blas"):
        precision = _Dual(matrix, ridge) if matrix.shape[0] < n else _Primal(matrix, ridge)
        divisor = precision.diagonal() ** config.diagonal
        for first in range(0, n, step):
            some = np.arange(first, min(first + step, n))
            weights = precision.negated(some) / divisor
            weights[np.arange(len(some)), some] = -np.inf
            weights[weights <= 0] = -np.inf
            found[some], kept[some] = topk(weights, k, parallel=True)
    return found, kept


def _sparse(matrix: CSR, ridge: NDArray[np.float32], counts: NDArray[np.float64], config: EaseConfig, k: int) -> Table:
    """Weigh each item's pairs with those most like it, and turn these into what each item speaks for."""
    n = matrix.shape[1]
    by_item = matrix.tocsc()
    columns = by_item.indptr.astype(np.int64), by_item.indices
    norms = (counts**_FAME).astype(np.float32)
    near, _ = neighbours(
        Ragged.of_matrix(matrix), np.stack([np.ones_like(norms), norms]), 0.0, min(config.explained_by, n - 1)
    )
    with threadpool_limits(1, "blas"):
        explained, left = regress(matrix.shape[0], *columns, near, ridge)
    weights = explained * left[:, None] ** np.float32(config.diagonal - 1)
    of, place = np.nonzero((near >= 0) & (weights > 0))
    by, of, weight = near[of, place], of.astype(np.int32), weights[of, place]
    order = np.lexsort((of, -weight, by))
    by, of, weight = by[order], of[order], weight[order]
    rank = places(offsets_of(np.bincount(by, minlength=n)))
    kept = rank < k
    found = np.full((n, k), -1, np.int32)
    table = np.zeros((n, k), np.float32)
    found[by[kept], rank[kept]], table[by[kept], rank[kept]] = of[kept], weight[kept]
    return found, table


class _Primal:
    """P by an inverse of as many unknowns as items."""

    def __init__(self, matrix: CSR, ridge: NDArray[np.float32]):
        gram: NDArray[np.float64] = (matrix.T @ matrix).toarray().astype(np.float64)
        gram[np.diag_indices_from(gram)] += ridge
        self._inverse = _invert(gram)

    def diagonal(self) -> NDArray[np.float32]:
        taken: NDArray[np.float32] = self._inverse.diagonal()
        return taken

    def negated(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return `-P` at some rows, the diagonal not to be used."""
        return -self._inverse[items]


class _Dual:
    """P by an inverse of as many unknowns as rows: `Λ⁻¹ - Λ⁻¹Xᵀ (I + XΛ⁻¹Xᵀ)⁻¹ XΛ⁻¹`."""

    def __init__(self, matrix: CSR, ridge: NDArray[np.float32]):
        self._ridge = ridge
        self._scaled: sp.csc_matrix[np.float32] = sp.csc_matrix(matrix.multiply(1 / ridge))
        kernel: NDArray[np.float64] = (self._scaled @ matrix.T).toarray().astype(np.float64)
        kernel[np.diag_indices_from(kernel)] += 1
        self._inverse = _invert(kernel)

    def diagonal(self) -> NDArray[np.float32]:
        taken = np.zeros(len(self._ridge), np.float32)
        step = max(1, _CHUNK_BYTES // (4 * len(self._inverse)))
        for first in range(0, len(taken), step):
            some: Any = self._scaled[:, first : first + step]
            taken[first : first + step] = np.asarray(some.multiply((some.T @ self._inverse).T).sum(axis=0)).ravel()
        left: NDArray[np.float32] = (1 / self._ridge - taken).astype(np.float32)
        return left

    def negated(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return `-P` at some rows, the diagonal not to be used."""
        projected = self._scaled[:, items].T @ self._inverse
        dense: NDArray[np.float32] = np.ascontiguousarray((self._scaled.T @ projected.T).T)
        return dense


def _invert(matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the inverse of a symmetric positive definite matrix, by its Cholesky factor."""
    factor, _ = scipy.linalg.cho_factor(matrix, lower=True, overwrite_a=True)
    inverse, _ = scipy.linalg.lapack.dpotri(factor, lower=1, overwrite_c=1)
    lower = np.tril(inverse).astype(np.float32)
    whole: NDArray[np.float32] = lower + np.tril(lower, -1).T
    return whole
