# SPDX-License-Identifier: Apache-2.0
"""A low-pass filter on the graph of rows and items: what is smooth on it passes, the rest is noise."""

from typing import ClassVar, Literal

import numpy as np
import scipy.sparse as sp
from numba import get_num_threads
from numpy.typing import NDArray
from pydantic import Field
from scipy.sparse.linalg import svds
from threadpoolctl import threadpool_limits

from segue.dataset.matrices import Dataset
from segue.errors import NotReady
from segue.kernels.products import best_products
from segue.kernels.ragged import Ragged, row_numbers
from segue.models.model import Model, ModelConfig, Ranked

__all__ = ["GraphFilter", "GraphFilterConfig"]

_NOISE = 0.01


class GraphFilterConfig(ModelConfig):
    """How the graph is normalized, and what of it passes."""

    rows: tuple[Literal["listeners", "playlists", "sessions"], ...] = ("listeners", "playlists")
    """The matrices whose rows are nodes of the graph, beside the items."""
    factors: int = Field(default=160, ge=1, le=1024)
    """How many of the smoothest directions pass."""
    row_exponent: float = Field(default=0.35, ge=0, le=1)
    """How much less an edge of a long row counts: its length to this power divides it (paper: 0.5)."""
    item_exponent: float = Field(default=0.3, ge=0, le=1)
    """How much less an edge of a popular item counts, in the graph and in a history (paper: 0.5)."""
    popularity: float = Field(default=0.2, ge=0, le=1)
    """How much of its popularity an item gets back: its rows to this power multiply its score (paper: 0.5)."""
    slope: float = Field(default=0.3, ge=0, le=2)
    """How much less a direction passes the less smooth it is: its singular value to this power (ideal filter: 0)."""


class GraphFilter(Model):
    """Graph filtering without training: GF-CF (Shen et al. 2021), normalized as LightGCN++ is (Lee et al. 2024).

    With the rows R, their lengths D and the items' counts N, `R̃ = D^-row_exponent R N^-item_exponent` has the greatest
    singular values σ and right singular vectors V. A history h scores `h N^-item_exponent V (σ / σ₁)^slope Vᵀ
    N^popularity`. A slope of 0 is GF-CF's ideal low-pass filter, 2 its linear one (R̃ᵀR̃, here within the directions
    that pass).
    """

    name = "graph"
    learned: ClassVar[tuple[str, ...]] = ("factors", "asked", "found")
    Config = GraphFilterConfig
    config: GraphFilterConfig
    factors: NDArray[np.float32]
    """`float32[n, f]`: V (σ / σ₁)^(slope / 2), smoothest direction first; 0 for an item that no row holds."""
    asked: NDArray[np.float32]
    """`float32[n]`: what each item counts in a history."""
    found: NDArray[np.float32]
    """`float32[n]`: what each item's own score counts."""

    def fit(self, data: Dataset, *, seed: int) -> None:
        """Find the smoothest directions."""
        config = self.config
        matrix = data.stacked(config.rows)
        if matrix.nnz == 0:
            raise NotReady(f"graph: the dataset has no {' or '.join(config.rows)}")
        lengths = np.repeat(np.diff(matrix.indptr), np.diff(matrix.indptr)).astype(np.float64)
        counts = np.maximum(np.bincount(matrix.indices, minlength=matrix.shape[1]), 1).astype(np.float64)
        edges = lengths**-config.row_exponent * counts[matrix.indices] ** -config.item_exponent
        normalized = sp.csr_matrix((edges, matrix.indices, matrix.indptr), shape=matrix.shape)
        directions, smoothness = _smoothest(normalized, config.factors, seed)
        self.factors = (directions * smoothness ** (config.slope / 2)).astype(np.float32, order="C")
        self.asked = (counts**-config.item_exponent).astype(np.float32)
        self.found = (counts**config.popularity).astype(np.float32)

    def recommend(self, history: Ragged, exclude: Ragged, k: int, *, parallel: bool = False) -> Ranked:
        """Filter each history; an item counts once, however much it was played, and a skipped one against.

        What scores below a hundredth of the history's own mean score is left out, as `ImplicitALS` does.
        """
        passed = self._passed(history)
        floor = _NOISE * self._own_scores(history)
        moved: NDArray[np.bool_] = np.any(passed, axis=1)
        items, scores = best_products(
            passed, self.factors, exclude, k, scale=self.found, asked=moved, parallel=parallel
        )
        noise = scores < floor[:, None]
        items[noise], scores[noise] = -1, -np.inf
        return items, scores

    def score(self, history: Ragged, items: Ragged) -> NDArray[np.float32]:
        """Filter each history and read chosen items."""
        passed = self._passed(history)
        rows = row_numbers(items.offsets)
        scores: NDArray[np.float32] = np.einsum("if,if->i", passed[rows], self.factors[items.values])
        scores *= self.found[items.values]
        moved: NDArray[np.bool_] = np.any(passed, axis=1)
        scores[~moved[rows]] = np.nan
        return scores

    def contributions(self, history: Ragged, items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return what passes from each history item to each of `items`."""
        given = self._given(history)[:, None] * self.factors[history.values]
        return ((given @ self.factors[items].T) * self.found[items]).astype(np.float32)

    def _passed(self, history: Ragged) -> NDArray[np.float32]:
        """Return `float32[Q, f]`: what of each history passes."""
        shape = (len(history), len(self.factors))
        heard = sp.csr_matrix((self._given(history), history.values, history.offsets), shape=shape)
        passed: NDArray[np.float32] = heard @ self.factors
        return passed

    def _given(self, history: Ragged) -> NDArray[np.float32]:
        given: NDArray[np.float32] = np.sign(history.weights) * self.asked[history.values]
        return given

    def _own_scores(self, history: Ragged) -> NDArray[np.float32]:
        """Return `float32[Q]`: the mean score of the items that each history likes."""
        liked = history.keep(history.weights > 0)
        own = np.nan_to_num(self.score(history, liked), nan=0)
        total = np.bincount(row_numbers(liked.offsets), own, len(history))
        return (total / np.maximum(np.diff(liked.offsets), 1)).astype(np.float32)


def _smoothest(
    normalized: "sp.csr_matrix[np.float64]", count: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the right singular vectors of the greatest singular values, `[n, f]`, and these as shares of the greatest.

    There are no more than the matrix has rows or items; directions of no smoothness at all are zero.
    """
    smaller = min(normalized.shape)
    with threadpool_limits(get_num_threads(), "blas"):
        if count < smaller:
            start = np.random.Generator(np.random.PCG64(seed)).standard_normal(smaller)
            _, values, vectors = svds(normalized, count, v0=start)
        else:
            _, values, vectors = np.linalg.svd(normalized.toarray(), full_matrices=False)
    order = np.argsort(-values, kind="stable")
    smoothness = values[order] / values[order[0]]
    passing = smoothness > 1e-6
    return np.where(passing, vectors[order].T, 0), np.where(passing, smoothness, 0)
