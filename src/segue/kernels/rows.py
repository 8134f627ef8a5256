# SPDX-License-Identifier: Apache-2.0
"""Neighbour rows: those that share items with the row at hand, and what else they hold."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.ragged import Ragged
from segue.kernels.threads import spread
from segue.kernels.topk import push, sort_heap, take_best

__all__ = ["score_by_rows"]


def score_by_rows(
    history: Ragged,
    exclude: Ragged,
    rows: tuple[NDArray[np.int64], NDArray[np.int32]],
    postings: tuple[NDArray[np.int64], NDArray[np.int32]],
    rarity: NDArray[np.float32],
    settings: tuple[int, float, float],
    k: int,
    *,
    parallel: bool = False,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Rank the k items that the rows most like each history hold.

    A row u is like a history by `Σ_i w_i rarity_i / |u|^length` over the items i that they share. The `neighbours` rows
    most like it (of equal ones the lower) vote for each of their items with `likeness^sharpness`, likeness being
    a share of the nearest row's.

    Args:
        history: Q rows of weighted items, each once in its row. Weights of 0 or less (skips) are passed over.
        exclude: Q rows of items that must not come back.
        rows: `int64[R + 1]` and `int32[m]`: what each row holds, each item once.
        postings: `int64[n + 1]` and `int32[m]`: of each item, the rows that hold it.
        rarity: `float32[n]`, above 0: what sharing an item says.
        settings: Neighbours, length, sharpness.
        k: How many a row.
        parallel: Use all threads (jobs) or one (requests).

    Returns:
        `int32[Q, k]`, best first, -1 where there are fewer; `float32[Q, k]`, -inf there.
    """
    items = np.full((len(history), k), -1, np.int32)
    scores = np.full((len(history), k), -np.inf, np.float32)
    questions = (history.offsets, history.values, history.weights, exclude.offsets, exclude.values)
    given = (*questions, *rows, *postings, rarity, *settings)
    spread(_score, len(history), given, (items, scores), parallel=parallel)
    return items, scores


@njit(cache=True, nogil=True)
def _score(
    offsets, items, weights, exclude_offsets, exclude_items, row_offsets, row_items, item_offsets, item_rows, rarity,
    neighbours, length, sharpness, start, stop, best_items, best_scores,
):  # fmt: skip
    shared = np.zeros(len(row_offsets) - 1, np.float32)
    touched = np.empty(len(row_offsets) - 1, np.int32)
    total = np.zeros(len(rarity), np.float32)
    marked = np.zeros(len(rarity), np.int8)  # 1: has a score; 2: must not be returned
    proposed = np.empty(len(rarity), np.int32)
    nearest = np.empty(neighbours, np.int32)
    likeness = np.empty(neighbours, np.float32)
    for question in range(start, stop):
        count = 0
        for p in range(offsets[question], offsets[question + 1]):
            if weights[p] <= 0:
                continue
            item = items[p]
            share = weights[p] * rarity[item]
            for q in range(item_offsets[item], item_offsets[item + 1]):
                row = item_rows[q]
                if shared[row] == 0:
                    touched[count] = row
                    count += 1
                shared[row] += share
        nearest[:] = -1
        likeness[:] = -np.inf
        for t in range(count):
            row = touched[t]
            like = np.float32(shared[row] / (row_offsets[row + 1] - row_offsets[row]) ** length)
            if like > likeness[0] or (like == likeness[0] and row < nearest[0]):
                push(like, row, likeness, nearest)
            shared[row] = 0
        sort_heap(likeness, nearest)  # an order of votes that does not hang on the order of the history
        for p in range(exclude_offsets[question], exclude_offsets[question + 1]):
            marked[exclude_items[p]] = 2
        voted = 0
        for t in range(neighbours):
            row = nearest[t]
            if row < 0:
                break
            vote = (likeness[t] / likeness[0]) ** sharpness
            for p in range(row_offsets[row], row_offsets[row + 1]):
                item = row_items[p]
                if marked[item] == 2:
                    continue
                if marked[item] == 0:
                    marked[item] = 1
                    proposed[voted] = item
                    voted += 1
                total[item] += vote
        excluded = exclude_items[exclude_offsets[question] : exclude_offsets[question + 1]]
        take_best(total, proposed, voted, marked, excluded, best_scores[question], best_items[question])
