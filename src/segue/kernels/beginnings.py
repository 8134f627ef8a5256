# SPDX-License-Identifier: Apache-2.0
"""Where factorization begins: what items are held together, by a random projection of the matrix and back.

From random factors the first sweeps of ALS find little more than the leading subspace of the matrix. One step of
randomized subspace iteration (Halko, Martinsson, Tropp 2011, algorithm 4.4) finds most of it for the price of a
third of a sweep.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.factors import axes
from segue.kernels.native import AHEAD, LANES, fma, load, prefetch, splat, store
from segue.kernels.ragged import Ragged, row_numbers
from segue.kernels.threads import spread

__all__ = ["projected", "weighted_sums"]


def projected(
    by_row: Ragged,
    by_item: Ragged,
    factors: int,
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Return factors of the items, `float32[n, f]`: orthogonal columns, and rows whose mean square is 1.

    With `b_ui = √(w_ui / (W_u W_i))`, W the sums of rows and items, they span BᵀBΩ for a random Ω,
    and the square of a column's length is as the length that it has there.

    Args:
        by_row: Each row's items, with weights above 0.
        by_item: Each item's rows, of the same matrix.
        factors: f.
        rng: Draws Ω.
    """
    n = len(by_item)
    of_items = _scale(by_item)
    drawn = rng.standard_normal((n, factors), np.float32) * of_items[:, None]
    rows = weighted_sums(_rooted(by_row), drawn) * _scale(by_row)[:, None] ** 2
    items = weighted_sums(_rooted(by_item), rows) * of_items[:, None]
    vectors, spectrum = axes(items)
    lengths = np.sqrt(np.maximum(spectrum, 1e-6 * spectrum.max(initial=0) + 1e-30))
    made: NDArray[np.float32] = items @ (vectors * np.sqrt(n / lengths.sum() / lengths)).astype(np.float32)
    return made


def _rooted(rows: Ragged) -> Ragged:
    return Ragged(rows.offsets, rows.values, np.sqrt(rows.weights))


def _scale(rows: Ragged) -> NDArray[np.float32]:
    """Return one over the root of each row's sum; 0 for an empty one."""
    sums = np.bincount(row_numbers(rows.offsets), rows.weights, len(rows))
    sums[sums == 0] = np.inf
    return (1 / np.sqrt(sums)).astype(np.float32)


def weighted_sums(rows: Ragged, factors: NDArray[np.float32], *, parallel: bool = True) -> NDArray[np.float32]:
    """Return `Σ_i w_i y_i` over each row's items, `float32[Q, f]`.

    Args:
        rows: Q rows of items, which are rows of `factors`.
        factors: `float32[n, f]`.
        parallel: Use all threads (jobs) or one (requests).
    """
    made = np.zeros((len(rows), factors.shape[1]), np.float32)
    given = (rows.offsets, rows.values, rows.weights, factors)
    spread(_sums, len(made), given, (made,), parallel=parallel, costs=rows.offsets)
    return made


@njit(cache=True, nogil=True)
def _sums(offsets, items, weights, factors, start, stop, made):
    last = len(items) - 1
    width = made.shape[1]
    whole = width // LANES * LANES
    for row in range(start, stop):
        for p in range(offsets[row], offsets[row + 1]):
            after = items[min(p + AHEAD, last)]
            for k in range(0, width, LANES):
                prefetch(factors, after, k)
            weight = splat(weights[p])
            for k in range(0, whole, LANES):
                store(made, row, k, fma(weight, load(factors, items[p], k), load(made, row, k)))
            for k in range(whole, width):
                made[row, k] += weights[p] * factors[items[p], k]
