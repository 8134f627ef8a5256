# SPDX-License-Identifier: Apache-2.0
"""The k best of each row: a heap over a scan, so that a row costs one pass over its scores."""

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

__all__ = ["topk"]


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
    (_all_rows if parallel else _each_row)(np.ascontiguousarray(scores), columns, best)
    return columns, best


@njit(cache=True, nogil=True)
def push(score: float, column: int, best: NDArray[np.float32], columns: NDArray[np.int32]) -> None:
    """Put a score into a full min-heap whose root is its worst entry, in place of the root."""
    k = len(best)
    at = 0
    while True:
        child = 2 * at + 1
        if child >= k:
            break
        right = child + 1
        if right < k and (
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
def sort_heap(best: NDArray[np.float32], columns: NDArray[np.int32]) -> None:
    """Turn the heap into an order: best first, ties by column, empty places (-1) last."""
    order = np.argsort(columns)
    order = order[np.argsort(-best[order], kind="mergesort")]
    columns[:] = columns[order]
    best[:] = best[order]


@njit(cache=True, nogil=True)
def _select(scores: NDArray[np.float32], columns: NDArray[np.int32], best: NDArray[np.float32]) -> None:
    worst = best[0]
    for column in range(len(scores)):
        score = scores[column]
        if score > worst:
            push(score, column, best, columns)
            worst = best[0]
    sort_heap(best, columns)


@njit(cache=True, nogil=True)
def _each_row(scores: NDArray[np.float32], columns: NDArray[np.int32], best: NDArray[np.float32]) -> None:
    for row in range(len(scores)):
        _select(scores[row], columns[row], best[row])


@njit(cache=True, nogil=True, parallel=True)
def _all_rows(scores: NDArray[np.float32], columns: NDArray[np.int32], best: NDArray[np.float32]) -> None:
    for row in prange(len(scores)):
        _select(scores[row], columns[row], best[row])
