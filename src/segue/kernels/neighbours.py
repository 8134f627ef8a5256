# SPDX-License-Identifier: Apache-2.0
"""Item-to-item neighbours: weighted co-occurrence, its k best a row, and scoring a history by them."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.ragged import Ragged
from segue.kernels.threads import spread
from segue.kernels.topk import push, sort_heap, take_best

__all__ = ["contributions", "neighbours", "score_by_neighbours", "scores_at"]


def neighbours(
    row_offsets: NDArray[np.int64],
    row_items: NDArray[np.int32],
    row_values: NDArray[np.float32],
    item_offsets: NDArray[np.int64],
    item_rows: NDArray[np.int32],
    item_values: NDArray[np.float32],
    norms: NDArray[np.float32],
    shrinkage: float,
    k: int,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return for each item the k items that share most rows with it, on all threads.

    The similarity of i to j is `Σ_u x_ui x_uj / (norms_ij + shrinkage)` with `norms_ij = norms[0, i] · norms[1, j]`.

    Args:
        row_offsets: `int64[R + 1]` of the matrix by rows (CSR), with `row_items` and `row_values`.
        row_items: `int32[nnz]`.
        row_values: `float32[nnz]`, not negative.
        item_offsets: `int64[n + 1]` of the same matrix by items (CSC), with `item_rows` and `item_values`.
        item_rows: `int32[nnz]`.
        item_values: `float32[nnz]`.
        norms: `float32[2, n]`: what an item divides by as the one asked about, and as the one found.
        shrinkage: Not negative; damps similarities that rest on little.
        k: Neighbours kept of each item.

    Returns:
        `int32[n, k]`, best first, -1 where there are fewer; `float32[n, k]`, 0 there.
    """
    n = len(item_offsets) - 1
    found = np.full((n, k), -1, np.int32)
    values = np.full((n, k), -np.inf, np.float32)
    given = (row_offsets, row_items, row_values, item_offsets, item_rows, item_values, norms, shrinkage)
    spread(_neighbours, n, given, (found, values), parallel=True)
    values[found < 0] = 0
    return found, values


@njit(cache=True, nogil=True)
def _neighbours(
    row_offsets,
    row_items,
    row_values,
    item_offsets,
    item_rows,
    item_values,
    norms,
    shrinkage,
    start,
    stop,
    found,
    values,
):
    n = len(item_offsets) - 1
    shared = np.zeros(n, np.float32)
    marked = np.zeros(n, np.bool_)
    touched = np.empty(n, np.int32)
    for item in range(start, stop):
        count = 0
        for p in range(item_offsets[item], item_offsets[item + 1]):
            row = item_rows[p]
            value = item_values[p]
            for q in range(row_offsets[row], row_offsets[row + 1]):
                other = row_items[q]
                if not marked[other]:
                    marked[other] = True
                    touched[count] = other
                    count += 1
                shared[other] += value * row_values[q]
        best = values[item]
        columns = found[item]
        for t in range(count):
            other = touched[t]
            if other != item and shared[other] > 0:
                similarity = np.float32(shared[other] / (norms[0, item] * norms[1, other] + shrinkage))
                if similarity > best[0] or (similarity == best[0] and other < columns[0]):
                    push(similarity, other, best, columns)
            shared[other] = 0
            marked[other] = False
        sort_heap(best, columns)


def score_by_neighbours(
    history: Ragged,
    exclude: Ragged,
    found: NDArray[np.int32],
    values: NDArray[np.float32],
    n: int,
    k: int,
    *,
    parallel: bool = False,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the k items of greatest `Σ_h w_h · values(h, item)` over each history.

    Args:
        history: Q rows of weighted rows of the table.
        exclude: Q rows of items that must not be returned (weights unused).
        found: `int32[m, K]`: items beside each row of the table, -1 behind the last.
        values: `float32[m, K]`.
        n: Number of items.
        k: How many a row.
        parallel: Use all threads (jobs) or one (requests).

    Returns:
        `int32[Q, k]`, best first, -1 where there are fewer; `float32[Q, k]`, -inf there.
    """
    columns = np.full((len(history), k), -1, np.int32)
    best = np.full((len(history), k), -np.inf, np.float32)
    given = (history.offsets, history.values, history.weights, exclude.offsets, exclude.values, found, values, n)
    spread(_score, len(history), given, (columns, best), parallel=parallel)
    return columns, best


def scores_at(
    history: Ragged, items: Ragged, found: NDArray[np.int32], values: NDArray[np.float32], n: int
) -> NDArray[np.float32]:
    """Return `Σ_h w_h · values(h, item)` over each history for chosen items, `float32` beside `items.values`.

    Args:
        history: Q rows of weighted rows of the table.
        items: Q rows of items, each once in its row (weights unused).
        found: As `score_by_neighbours` takes it.
        values: As `score_by_neighbours` takes it.
        n: Number of items.

    Returns:
        NaN for an item that stands beside nothing of the history.
    """
    scores = np.full(len(items.values), np.nan, np.float32)
    given = (history.offsets, history.values, history.weights, items.offsets, items.values, found, values, n)
    spread(_score_at, len(history), given, (scores,), parallel=False)
    return scores


def contributions(
    history: Ragged, found: NDArray[np.int32], values: NDArray[np.float32], items: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Return `w_h · values(h, item)` for each entry h of one history and each of `items`, `float32[h, len(items)]`.

    Args:
        history: One row, or several end to end.
        found: As `score_by_neighbours` takes it.
        values: As `score_by_neighbours` takes it.
        items: `int32[n]`, each once.
    """
    shares = np.zeros((len(history.values), len(items)), np.float32)
    if not len(items):
        return shares
    order = np.argsort(items)
    beside = found[history.values]
    place = np.searchsorted(items[order], beside).clip(max=len(items) - 1)
    entry, neighbour = np.nonzero((items[order][place] == beside) & (beside >= 0))
    column = order[place[entry, neighbour]]
    shares[entry, column] = values[history.values[entry], neighbour] * history.weights[entry]
    return shares


@njit(cache=True, nogil=True)
def _score(offsets, items, weights, exclude_offsets, exclude_items, found, values, n, start, stop, columns, best):
    total = np.zeros(n, np.float32)
    marked = np.zeros(n, np.int8)  # 1: has a score; 2: must not be returned
    touched = np.empty(n, np.int32)
    for row in range(start, stop):
        count = 0
        for p in range(exclude_offsets[row], exclude_offsets[row + 1]):
            marked[exclude_items[p]] = 2
        for p in range(offsets[row], offsets[row + 1]):
            item = items[p]
            for j in range(found.shape[1]):
                other = found[item, j]
                if other < 0:
                    break
                if marked[other] == 2:
                    continue
                if marked[other] == 0:
                    marked[other] = 1
                    touched[count] = other
                    count += 1
                total[other] += weights[p] * values[item, j]
        excluded = exclude_items[exclude_offsets[row] : exclude_offsets[row + 1]]
        take_best(total, touched, count, marked, excluded, best[row], columns[row])


@njit(cache=True, nogil=True)
def _score_at(offsets, asked, weights, item_offsets, items, found, values, n, start, stop, scores):
    place = np.full(n, -1, np.int64)
    for row in range(start, stop):
        for p in range(item_offsets[row], item_offsets[row + 1]):
            place[items[p]] = p
        for p in range(offsets[row], offsets[row + 1]):
            item = asked[p]
            for j in range(found.shape[1]):
                other = found[item, j]
                if other < 0:
                    break
                at = place[other]
                if at >= 0:
                    added = weights[p] * values[item, j]
                    scores[at] = added if np.isnan(scores[at]) else scores[at] + added
        for p in range(item_offsets[row], item_offsets[row + 1]):
            place[items[p]] = -1
