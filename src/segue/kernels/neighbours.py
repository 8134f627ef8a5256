# SPDX-License-Identifier: Apache-2.0
"""Item-to-item neighbours: weighted co-occurrence, its k best a row, and scoring a history by them."""

import numpy as np
import scipy.sparse as sp
from numba import njit
from numpy.typing import NDArray

from segue.kernels.lanes import padded
from segue.kernels.native import LANES, exceeds, fma, load, lowest, over, prefetch, splat, store, times
from segue.kernels.numbers import column_of, cut, number, rank_in_sample, reached_by, score_of
from segue.kernels.ragged import Ragged
from segue.kernels.shares import MATERIAL, drop_slight, rank_in
from segue.kernels.threads import spread
from segue.kernels.topk import take_best

_EVERY = 16
"""One in so many columns are a sample."""

__all__ = ["contributions", "neighbours", "score_by_neighbours", "scores_at", "strongest_at"]


def neighbours(
    rows: Ragged,
    norms: NDArray[np.float32],
    shrinkage: float,
    k: int,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return for each item the k items that share most rows with it, on all threads.

    The similarity of i to j is `Σ_u x_ui x_uj / (norms_ij + shrinkage)` with `norms_ij = norms[0, i] · norms[1, j]`.

    The products of an item with all others are summed into a dense row, popular items first, so that most of what is
    added to lies together. What is near enough is looked for sixteen columns at a time, and kept as numbers that are
    cut to the best now and then. Memory is about `5 n` bytes a thread beside the result.

    Args:
        rows: R rows of items, each once in its row, with weights x, not negative.
        norms: `float32[2, n]`, above 0: what an item divides by as the one asked about, and as the one found.
        shrinkage: Not negative; damps similarities that rest on little.
        k: Neighbours kept of each item.

    Returns:
        `int32[n, k]`, best first, ties to the lower item, -1 where there are fewer; `float32[n, k]`, 0 there.
    """
    n = norms.shape[1]
    lengths = np.diff(rows.offsets)
    popular = np.argsort(-np.bincount(rows.values, minlength=n), kind="stable").astype(np.int32)
    place = np.empty(n, np.int32)
    place[popular] = np.arange(n, dtype=np.int32)
    by_item = sp.csr_matrix((rows.weights, place[rows.values], rows.offsets), shape=(len(rows), n)).tocsc()
    by_row = by_item.tocsr()
    columns = by_item.indptr.astype(np.int64), by_item.indices, by_item.data
    wide = np.ones((2, padded(n)), np.float32)
    wide[:, :n] = norms[:, popular]
    costs = np.concatenate([[0], np.cumsum(lengths[by_item.indices])])[by_item.indptr]
    found = np.full((n, k), -1, np.int32)
    nearness = np.zeros((n, k), np.float32)
    given = (rows.offsets, by_row.indices, by_row.data, *columns, wide, np.float32(shrinkage), popular)
    spread(_neighbours, n, given, (found, nearness), parallel=True, costs=costs)
    return found, nearness


@njit(cache=True, nogil=True)
def _neighbours(
    row_offsets, row_items, row_values, item_offsets, item_rows, item_values, norms, shrinkage, popular, start, stop,
    found, nearness,
):  # fmt: skip
    k = found.shape[1]
    groups = norms.shape[1] // LANES
    every = np.arange(groups).astype(np.int32)
    touched = np.empty(groups, np.int32)  # groups of columns with a sum, where these are few
    marked = np.zeros(groups, np.bool_)
    shared = np.zeros((1, norms.shape[1]), np.float32)
    kept = np.empty(4 * k + 1024 + LANES, np.uint64)
    sample = np.empty((1, LANES * (groups // _EVERY + 1)), np.float32)
    for item in range(start, stop):
        work = 0
        for p in range(item_offsets[item], item_offsets[item + 1]):
            work += row_offsets[item_rows[p] + 1] - row_offsets[item_rows[p]]
        few = 2 * work < groups
        looked_at = 0
        for p in range(item_offsets[item], item_offsets[item + 1]):
            row, value = item_rows[p], item_values[p]
            for q in range(row_offsets[row], row_offsets[row + 1]):
                shared[0, row_items[q]] += value * row_values[q]
            if few:
                for q in range(row_offsets[row], row_offsets[row + 1]):
                    group = row_items[q] // LANES
                    if not marked[group]:
                        marked[group] = True
                        touched[looked_at] = group
                        looked_at += 1
        shared[0, item] = 0
        for group in touched[:looked_at]:
            marked[group] = False
        near = touched[:looked_at] if few else every
        least = _threshold(shared, near, norms[0, item], norms, shrinkage, sample, k)
        count = _take_near(shared, near, norms[0, item], norms, shrinkage, popular, kept, k, least)
        if count < k and least > 0:
            count = _take_near(shared, near, norms[0, item], norms, shrinkage, popular, kept, k, np.float32(0))
        for group in near:
            store(shared, 0, LANES * group, splat(np.float32(0)))
        for place in range(min(count, k)):
            best = kept[count - 1 - place]
            found[popular[item], place] = column_of(best)
            nearness[popular[item], place] = score_of(best)


@njit(cache=True, nogil=True)
def _threshold(shared, groups, asked, norms, shrinkage, sample, k):
    """Return a little less than the k-th nearest should be, from every sixteenth group of columns; 0 for few groups."""
    if len(groups) * LANES < 4 * k + 1024:
        return np.float32(0)
    size = 0
    for at in range(0, len(groups), _EVERY):
        column = LANES * groups[at]
        bound = fma(splat(asked), load(norms, 1, column), splat(shrinkage))
        store(sample, 0, size, over(load(shared, 0, column), bound))
        size += LANES
    return max(reached_by(sample, 0, size, rank_in_sample(k / _EVERY)), np.float32(0))


@njit(cache=True, nogil=True)
def _take_near(shared, groups, asked, norms, shrinkage, popular, kept, k, least):
    """Keep the k nearest of those as near as `least`, the nearest last; return how many are kept."""
    nearly = splat(np.float32(1 - 1e-6))  # the quotient itself is asked behind this
    last, count = np.uint64(0), 0
    for group in groups:
        column = LANES * group
        sums = load(shared, 0, column)
        bound = times(splat(least), fma(splat(asked), load(norms, 1, column), splat(shrinkage)))
        lanes = exceeds(sums, times(nearly, bound))
        while lanes:
            other = column + lowest(lanes)
            lanes &= lanes - np.uint16(1)
            near = np.float32(shared[0, other] / (asked * norms[1, other] + shrinkage))
            one = number(near, popular[other])
            if near > 0 and near >= least and one > last:
                kept[count] = one
                count += 1
        if count > len(kept) - LANES:
            count, last = cut(kept, count, k)
            least = score_of(last)
    count, _ = cut(kept, count, k)
    kept[:count].sort()
    return count


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
    return _added_at(history, items, found, values, n, 1)[0]


def strongest_at(
    history: Ragged, items: Ragged, found: NDArray[np.int32], values: NDArray[np.float32], n: int, count: int
) -> NDArray[np.int64]:
    """Return for each of `items` the places in its history of the greatest `w_h · values(h, item)`, `int64[m, count]`.

    Args:
        history: As `scores_at` takes it.
        items: As `scores_at` takes it.
        found: As `score_by_neighbours` takes it.
        values: As `score_by_neighbours` takes it.
        n: Number of items.
        count: How many, at most.

    Returns:
        Greatest first, -1 behind the last: what adds nothing, or less than `MATERIAL` of what adds most, is not named.
    """
    return _added_at(history, items, found, values, n, count)[1]


def _added_at(
    history: Ragged, items: Ragged, found: NDArray[np.int32], values: NDArray[np.float32], n: int, count: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return what each history adds to its items in all, NaN for nothing, and where most of it comes from."""
    scores = np.full(len(items.values), np.nan, np.float32)
    strongest = np.full((len(items.values), count), -1, np.int64)
    most = np.zeros((len(items.values), count), np.float32)
    given = (history.offsets, history.values, history.weights, items.offsets, items.values, found, values, n, MATERIAL)
    spread(_add_at, len(history), given, (scores, strongest, most), parallel=False)
    return scores, strongest


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
    touched = np.empty(n + 1, np.int32)
    for row in range(start, stop):
        count = 0
        for p in range(exclude_offsets[row], exclude_offsets[row + 1]):
            marked[exclude_items[p]] = 2
        for p in range(offsets[row], offsets[row + 1]):
            item = items[p]
            if p + 1 < offsets[row + 1]:
                prefetch(found, items[p + 1], 0)
                prefetch(values, items[p + 1], 0)
            for j in range(found.shape[1]):
                other = found[item, j]
                if other < 0:
                    break
                # Without a branch: whether an item is new is as good as random.
                fresh = marked[other] == 0
                touched[count] = other
                count += fresh
                marked[other] += fresh
                total[other] += weights[p] * values[item, j]
        for p in range(exclude_offsets[row], exclude_offsets[row + 1]):
            total[exclude_items[p]] = 0
        excluded = exclude_items[exclude_offsets[row] : exclude_offsets[row + 1]]
        take_best(total, touched, count, marked, excluded, best[row], columns[row])


@njit(cache=True, nogil=True)
def _add_at(
    offsets, heard, weights, item_offsets, items, found, values, n, material, start, stop, scores, strongest, most
):
    place = np.empty(n, np.int64)
    asked = np.zeros((n + 63) // 64, np.uint64)  # a bit for each item: most neighbours are none of these
    one = np.uint64(1)
    for row in range(start, stop):
        if item_offsets[row] == item_offsets[row + 1]:
            continue
        for p in range(item_offsets[row], item_offsets[row + 1]):
            place[items[p]] = p
            asked[items[p] >> 6] |= one << np.uint64(items[p] & 63)
        for p in range(offsets[row], offsets[row + 1]):
            item = heard[p]
            if p + 1 < offsets[row + 1]:
                prefetch(found, heard[p + 1], 0)
                prefetch(values, heard[p + 1], 0)
            for j in range(found.shape[1]):
                other = found[item, j]
                if other < 0:
                    break
                if not (asked[other >> 6] >> np.uint64(other & 63)) & one:
                    continue
                at = place[other]
                added = weights[p] * values[item, j]
                scores[at] = added if np.isnan(scores[at]) else scores[at] + added
                rank_in(added, p - offsets[row], most, strongest, at)
        for p in range(item_offsets[row], item_offsets[row + 1]):
            asked[items[p] >> 6] = 0
            drop_slight(most, strongest, p, material)
