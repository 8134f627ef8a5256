# SPDX-License-Identifier: Apache-2.0
"""The k best of chosen items for each query, by exact inner product: what makes an approximate search exact again."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.native import AHEAD, LANES, fma, load, prefetch, splat, total
from segue.kernels.numbers import SPARE, cut, decoded, number
from segue.kernels.ragged import Ragged
from segue.kernels.threads import spread

__all__ = ["best_of"]


def best_of(
    queries: NDArray[np.float32],
    factors: NDArray[np.float32],
    chosen: NDArray[np.int64],
    exclude: Ragged,
    k: int,
    *,
    barred: NDArray[np.bool_],
    parallel: bool = False,
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int64]]:
    """Return the k of the chosen items with the greatest `q_u · y_i` for each query, best first, and their scores.

    Ties go to the lower item; rows with fewer than k end in item -1, score -inf. Reads only the factors of what is
    chosen, in no order, each asked for ahead.

    Args:
        queries: `float32[Q, f]`.
        factors: `float32[n, f]`.
        chosen: `int64[Q, c]`: items, each once in a row; -1: none.
        exclude: Q rows of items that must not be returned (weights unused).
        k: How many a query, at least 1.
        barred: `bool[n]`: items that nobody gets.
        parallel: Use all threads (jobs) or one (requests).

    Returns:
        `int32[Q, k]`, `float32[Q, k]`, and `int64[Q]`: how many of the chosen were neither excluded nor barred.
    """
    items = np.full((len(queries), k), -1, np.int32)
    scores = np.full((len(queries), k), -np.inf, np.float32)
    found = np.zeros(len(queries), np.int64)
    exclude = exclude.ordered()
    given = (queries, factors, chosen, exclude.offsets, exclude.values, barred, k)
    best = np.zeros((len(queries), k + SPARE), np.uint64)
    spread(_best_of, len(queries), given, (best, found), parallel=parallel)
    best.sort(axis=1)
    decoded(best[:, : -k - 1 : -1], np.arange(len(queries)), items, scores)
    return items, scores, found


@njit(cache=True, nogil=True)
def _best_of(
    queries, factors, chosen, offsets, excluded, barred, k, start, stop, best, found
):  # fmt: skip
    kept = np.zeros(chosen.shape[1] + SPARE, np.uint64)
    for row in range(start, stop):
        count, live = 0, 0
        for place in range(chosen.shape[1]):
            if place + AHEAD < chosen.shape[1] and chosen[row, place + AHEAD] >= 0:
                for column in range(0, factors.shape[1], LANES):
                    prefetch(factors, chosen[row, place + AHEAD], column)
            item = chosen[row, place]
            if item < 0 or barred[item] or _among(excluded, offsets[row], offsets[row + 1], item):
                continue
            live += 1
            score = _product(queries, row, factors, item)
            if score > -np.inf:
                kept[count] = number(score, item)
                count += 1
        found[row] = live
        count, _ = cut(kept, count, k)
        for place in range(count):
            best[row, place] = kept[place]


@njit(cache=True, nogil=True)
def _product(queries, row, factors, item):
    whole = factors.shape[1] // LANES * LANES
    summed = splat(np.float32(0))
    for column in range(0, whole, LANES):
        summed = fma(load(queries, row, column), load(factors, item, column), summed)
    score = total(summed)
    for column in range(whole, factors.shape[1]):
        score += queries[row, column] * factors[item, column]
    return score


@njit(cache=True, nogil=True)
def _among(values, first, last, value):
    """Return whether an ascending run of values holds one."""
    while first < last:
        middle = (first + last) // 2
        if values[middle] < value:
            first = middle + 1
        elif values[middle] > value:
            last = middle
        else:
            return True
    return False
