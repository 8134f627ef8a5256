# SPDX-License-Identifier: Apache-2.0
"""Implicit-feedback matrix factorization by alternating least squares, and the fold-in of unseen histories."""

from typing import Any, ClassVar, Literal

import numpy as np
import scipy.sparse as sp
from numba import get_num_threads
from numpy.typing import NDArray
from pydantic import Field
from threadpoolctl import threadpool_limits

from segue.dataset.matrices import Dataset
from segue.errors import NotReady
from segue.kernels.alternate import Solver, half_step
from segue.kernels.beginnings import projected, weighted_sums
from segue.kernels.factors import principal, solve_rows
from segue.kernels.products import best_products
from segue.kernels.ragged import Ragged, faded, offsets_of, row_numbers
from segue.kernels.shares import split, strongest
from segue.models.model import Model, ModelConfig, Ranked

__all__ = ["ImplicitALS", "ImplicitALSConfig"]

_NOISE = 0.01


class ImplicitALSConfig(ModelConfig):
    """The size of the space and the weight of what was heard."""

    rows: tuple[Literal["listeners", "playlists", "sessions"], ...] = ("listeners", "playlists")
    """The matrices whose rows are factorized."""
    factors: int = Field(default=128, ge=1, le=1024)
    """Dimensions of the space."""
    alpha: float = Field(default=20.0, gt=0)
    """Confidence of an interaction of weight r: 1 + alpha · r."""
    regularization: float = Field(default=50.0, gt=0)
    """λ of the mean interaction."""
    frequency: float = Field(default=0.4, ge=0, le=1)
    """How much more rows and items of many interactions are regularized: λ grows with their number to this power."""
    iterations: int = Field(default=12, ge=1, le=100)
    """Sweeps over both sides."""
    solver: Solver = "conjugate"
    """How a sweep solves for a row: a few steps of conjugate gradients from where the row stood, the quickest; some of
    the factors at a time (iALS++); or exactly. A listener's factors are always exact."""
    steps: int = Field(default=2, ge=1, le=20)
    """Steps of conjugate gradients."""
    block: int = Field(default=64, ge=1, le=1024)
    """How many factors are solved at a time, in blocks."""
    starts: int = Field(default=1, ge=1, le=32)
    """How many factorizations from different random starts are summed; each has `factors` dimensions."""
    recency: float = Field(default=0.0, ge=0, le=2)
    """How much less older items of a history count: their place from its end to this power divides their weight."""
    artists: float = Field(default=0.0, ge=0, le=10)
    """How much a row's artists count beside its items: each is one more column, with this times the root of what its
    items weigh together. So a track that few rows hold is placed by its artist too."""


class ImplicitALS(Model):
    """Weighted matrix factorization of implicit feedback (Hu, Koren, Volinsky 2008).

    A row or item of m interactions is regularized by `damping · m^frequency` (Rendle, Krichene, Zhang, Koren 2022,
    "Revisiting the Performance of iALS on Item Recommendation Benchmarks"); `damping` is such that the mean over all
    interactions is `regularization`.

    Only the items' factors are kept: a listener's are folded in from the history at hand, so a listener that training
    never saw is served like any other.

    Where `artists` is not 0, a row is of items and of artists, factorized together (as attributes are by Singh, Gordon
    2008, "Relational Learning via Collective Matrix Factorization", with one matrix of both); only items are ranked.
    """

    name = "als"
    learned: ClassVar[tuple[str, ...]] = ("factors", "spectrum", "damping", "artist_rows")
    Config = ImplicitALSConfig
    config: ImplicitALSConfig
    factors: NDArray[np.float32]
    """`float32[n, starts · f]`: of each start the items' factors Y, along the principal axes of YᵀY; then the artists',
    if these count."""
    spectrum: NDArray[np.float32]
    """`float32[starts · f]`: the diagonal of YᵀY."""
    damping: NDArray[np.float32]
    """`float32[1]`: λ of a row of one interaction."""
    artist_rows: NDArray[np.int32]
    """`int32[n]`: the row of `factors` that each item's artist has; empty where artists do not count."""

    def fit(self, data: Dataset, *, seed: int) -> None:
        """Alternate between rows and items; an index of what was learned before is given up."""
        config = self.config
        if self.index is not None:
            self.index = None
        matrix = data.stacked(config.rows)
        if matrix.nnz == 0:
            raise NotReady(f"als: the dataset has no {' or '.join(config.rows)}")
        self.artist_rows = np.zeros(0, np.int32)
        if config.artists:
            self.artist_rows = data.items.artists + np.int32(len(data.items))
            whole = self._with_artists(Ragged.of_matrix(matrix))
            shape = matrix.shape[0], int(self.artist_rows.max()) + 1
            matrix = sp.csr_matrix((whole.weights, whole.values, whole.offsets), shape=shape)
        matrix.data *= np.float32(config.alpha)
        by_item = matrix.T.tocsr()
        rng = np.random.Generator(np.random.PCG64(seed))
        damping = self._damping(np.diff(matrix.indptr))
        of_items = self._damping(np.diff(by_item.indptr))
        found = []
        with threadpool_limits(get_num_threads(), "blas"):
            for _ in range(config.starts):
                items = projected(Ragged.of_matrix(matrix), Ragged.of_matrix(by_item), config.factors, rng)
                rows = np.zeros((matrix.shape[0], config.factors), np.float32)
                for _ in range(config.iterations):
                    rows, items = self._sweep(matrix, rows, items, damping)
                    items, rows = self._sweep(by_item, items, rows, of_items)
                found.append(principal(items))
        self.factors = np.concatenate([factors for factors, _ in found], axis=1)
        self.spectrum = np.concatenate([spectrum for _, spectrum in found])
        self.damping = np.array([damping], np.float32)

    def recommend(self, history: Ragged, exclude: Ragged, k: int, *, parallel: bool = False) -> Ranked:
        """Fold the histories in and rank by inner product: of all items, or of those that an index proposes.

        What scores below a hundredth of the history's own mean score is noise of the factorization, such as music
        that nobody heard together with any of it, and is left out.
        """
        folded = self.fold_in(history, parallel=parallel)
        moved: NDArray[np.bool_] = np.any(folded, axis=1)
        if self.index is None:
            items, scores = best_products(folded, self.item_factors, exclude, k, asked=moved, parallel=parallel)
        else:
            items, scores = self.index.search(folded, exclude, k, asked=moved, parallel=parallel)
        noise = scores < _NOISE * self._own_scores(history, folded, parallel=parallel)[:, None]
        items[noise], scores[noise] = -1, -np.inf
        return items, scores

    def score(self, history: Ragged, items: Ragged) -> NDArray[np.float32]:
        """Return the inner products of each folded history with chosen items."""
        folded = self.fold_in(history)
        rows = row_numbers(items.offsets)
        scores: NDArray[np.float32] = np.einsum("if,if->i", folded[rows], self.factors[items.values])
        moved: NDArray[np.bool_] = np.any(folded, axis=1)
        scores[~moved[rows]] = np.nan
        return scores

    def _own_scores(self, history: Ragged, folded: NDArray[np.float32], *, parallel: bool) -> NDArray[np.float32]:
        """Return `float32[Q]`: the mean score of the items that each history likes."""
        liked = history.keep(history.weights > 0)
        ones = Ragged(liked.offsets, liked.values, np.ones(len(liked.values), np.float32))
        own: NDArray[np.float32] = np.einsum("qf,qf->q", folded, weighted_sums(ones, self.factors, parallel=parallel))
        mean: NDArray[np.float32] = (own / np.maximum(np.diff(liked.offsets), 1)).astype(np.float32)
        return mean

    def fold_in(self, history: Ragged, *, parallel: bool = False) -> NDArray[np.float32]:
        """Return the factors of each history, `float32[Q, starts · f]`; items of weight 0 or less are passed over."""
        given = self._given(faded(history.keep(history.weights > 0), self.config.recency))
        parts = [solve_rows(*given, factors, spectrum, parallel=parallel) for factors, spectrum in self._each_start()]
        return np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]

    def contributions(self, history: Ragged, items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Split each score over the history (`kernels.shares.split`)."""
        moved = history.weights > 0
        parts = np.zeros((len(history.values), len(items)), np.float32)
        _, split = self._split(history.keep(moved), Ragged.of([items]), parallel=False)
        parts[moved] = split.reshape(len(items), int(moved.sum())).T
        return parts

    def strongest(self, history: Ragged, items: Ragged, count: int = 1, *, parallel: bool = False) -> NDArray[np.int32]:
        """Return what adds most, by the same parts."""
        liked = history.keep(history.weights > 0)
        return liked.pick(items.offsets, strongest(*self._split(liked, items, parallel=parallel), items, count))

    def _split(self, liked: Ragged, items: Ragged, *, parallel: bool) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Split the scores of items over histories of weights above 0, as `kernels.shares.split` returns it.

        What an artist adds is split over the artist's items, by their weights.
        """
        own = faded(liked, self.config.recency)
        given = self._given(own)
        offsets, parts = np.zeros(0, np.int64), np.zeros(0, np.float32)
        for factors, spectrum in self._each_start():
            offsets, more = split(*given, factors, spectrum, items, parallel=parallel)
            parts = more if not len(parts) else parts + more
        if not len(self.artist_rows):
            return offsets, parts
        tables = []
        for row in range(len(own)):
            count = own.offsets[row + 1] - own.offsets[row]
            table = parts[offsets[row] : offsets[row + 1]].reshape(len(items.row(row)), len(given[0].row(row)))
            weights = own.weights[own.offsets[row] : own.offsets[row + 1]]
            artist = np.searchsorted(given[0].row(row)[count:], self.artist_rows[own.row(row)])
            together = np.bincount(artist, weights)
            tables.append((table[:, :count] + table[:, count:][:, artist] * (weights / together[artist])).ravel())
        return offsets_of(np.diff(own.offsets) * np.diff(items.offsets)), np.concatenate(tables).astype(np.float32)

    def _given(self, own: Ragged) -> tuple[Ragged, NDArray[np.float32]]:
        """Return the rows of the systems to solve: items, behind them artists, with weights `c - 1`; and their λ."""
        liked = self._with_artists(own)
        damped = self._regularization(np.diff(liked.offsets), self.damping[0])
        return Ragged(liked.offsets, liked.values, liked.weights * np.float32(self.config.alpha)), damped

    @property
    def item_factors(self) -> NDArray[np.float32]:
        """`float32[n, starts · f]`: the rows of `factors` that are items."""
        return self.factors[: len(self.artist_rows)] if len(self.artist_rows) else self.factors

    def _with_artists(self, rows: Ragged) -> Ragged:
        """Return each row's items, and behind them its artists, in ascending order."""
        if not len(self.artist_rows):
            return rows
        size = int(self.artist_rows.max()) + 1
        pairs, place = np.unique(row_numbers(rows.offsets) * size + self.artist_rows[rows.values], return_inverse=True)
        together = np.bincount(place, rows.weights, len(pairs))
        beside = Ragged(
            offsets_of(np.bincount(pairs // size, minlength=len(rows))),
            (pairs % size).astype(np.int32),
            (self.config.artists * np.sqrt(together)).astype(np.float32),
        )
        return rows.concat(beside)

    def _each_start(self) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Return the factors and the spectrum of each start."""
        size = self.config.factors
        if self.config.starts == 1:
            return [(self.factors, self.spectrum)]
        blocks = [slice(first, first + size) for first in range(0, self.factors.shape[1], size)]
        return [(np.ascontiguousarray(self.factors[:, block]), self.spectrum[block]) for block in blocks]

    def _sweep(
        self, matrix: sp.csr_matrix, rows: NDArray[np.float32], other: NDArray[np.float32], damping: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Solve for the rows of a matrix; return them and the other side, both along the axes of the latter."""
        damped = self._regularization(np.diff(matrix.indptr), damping)
        config = self.config
        return half_step(
            Ragged.of_matrix(matrix), damped, rows, other, solver=config.solver, steps=config.steps, block=config.block
        )

    def _damping(self, counts: NDArray[Any]) -> float:
        """Return the λ of one interaction with which the mean over all interactions is as configured."""
        grown = np.sum(counts.astype(np.float64) ** (1 + self.config.frequency))
        return float(self.config.regularization * counts.sum() / max(grown, 1))

    def _regularization(self, counts: NDArray[Any], damping: float) -> NDArray[np.float32]:
        grown: NDArray[np.float64] = np.maximum(counts, 1).astype(np.float64) ** self.config.frequency
        return (damping * grown).astype(np.float32)
