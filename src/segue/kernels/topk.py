# SPDX-License-Identifier: Apache-2.0
"""The k best of each row: a heap over a scan, so that a row costs one pass over its scores."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.numbers import column_of, cut, number, score_of
from segue.kernels.threads import spread

__all__ = ["push", "sort_heap", "take_best", "topk"]


def topk(
    scores: NDArray[np.float32], k: int, *, parallel: bool = False
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the columns of the k greatest scores of each row, best first, and their scores.

    Ties go to the lower column. NaN and -inf never enter; rows with fewer than k scores end in column -1, score -inf.

    Args:
        scores: `float32[Q, n]`.
        k: How many, at least 1.
        parallel: Use all threads (jobs) or one (requests).

    Returns:
        `int32[Q, k]` and `float32[Q, k]`.
    """
    best = np.full((scores.shape[0], k), -np.inf, np.float32)
    columns = np.full((scores.shape[0], k), -1, np.int32)
    spread(_select, len(scores), (np.ascontiguousarray(scores),), (columns, best), parallel=parallel)
    return columns, best


@njit(cache=True, nogil=True)
def push(score: float, column: int, best: NDArray[np.float32], columns: NDArray[np.int32]) -> None:
    """Put a score into a full min-heap whose root is its worst entry, in place of the root."""
    _sift(score, column, best, columns, len(best))


@njit(cache=True, nogil=True)
def take_best(
    total: NDArray[np.float32],
    touched: NDArray[np.int32],
    count: int,
    marked: NDArray[np.int8],
    excluded: NDArray[np.int32],
    best: NDArray[np.float32],
    columns: NDArray[np.int32],
) -> None:
    """Write the greatest sums, in order, and leave `total` and `marked` as zeros for the next row.

    Args:
        total: `float32[n]`: sums, 0 but for what is touched.
        touched: `int32[n]`: the first `count` are columns with a sum.
        count: How many.
        marked: `int8[n]`: not 0 for what is touched or excluded.
        excluded: Columns that were marked and got no sum.
        best: `float32[k]`, all -inf.
        columns: `int32[k]`, all -1.
    """
    kept = np.empty(count, np.uint64)
    for t in range(count):
        kept[t] = number(total[touched[t]], touched[t])
        total[touched[t]] = 0
        marked[touched[t]] = 0
    left, _ = cut(kept, count, len(best))
    few = kept[:left]
    few.sort()
    for t in range(min(left, len(best))):
        one = few[left - 1 - t]
        best[t], columns[t] = score_of(one), column_of(one)
    for p in range(len(excluded)):
        marked[excluded[p]] = 0


@njit(cache=True, nogil=True)
def sort_heap(best: NDArray[np.float32], columns: NDArray[np.int32]) -> None:
    """Turn the heap into an order: best first, ties by column, empty places (-1) last."""
    for size in range(len(best) - 1, 0, -1):  # the worst of what is left goes behind it
        score, column = best[size], columns[size]
        best[size], columns[size] = best[0], columns[0]
        _sift(score, column, best, columns, size)


@njit(cache=True, nogil=True)
def _sift(score, column, best, columns, size):
    """Let an entry sink from the root of a heap of `size`, in place of what was there."""
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        right = child + 1
        if right < size and (
            best[right] < best[child] or (best[right] == best[child] and columns[right] > columns[child])
        ):
            child = right
        if best[child] < score or (best[child] == score and columns[child] > column):
            best[at] = best[child]
            columns[at] = columns[child]
            at = child
        else:
            break
    best[at] = score
    columns[at] = column


@njit(cache=True, nogil=True)
def _select(scores, start, stop, columns, best):
    for row in range(start, stop):
        heap, places = best[row], columns[row]
        worst = heap[0]
        for column in range(scores.shape[1]):
            score = scores[row, column]
            if score > worst:
                push(score, column, heap, places)
                worst = heap[0]
        sort_heap(heap, places)
