# SPDX-License-Identifier: Apache-2.0
"""Many lists of scored items at once: merged from several proposals, freed of what must not be there, and put in order.

A list is a row of ragged columns. Each kernel passes over a row a few times and touches nothing of another row; what it
needs to look up lies in a dense array over all items, which is left as it was found.
"""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.numbers import number
from segue.kernels.ragged import Ragged, offsets_of
from segue.kernels.threads import spread

__all__ = ["among", "best_first", "blend", "first_unlisted", "greatest", "merge", "to_front", "under_cap"]

_alone = partial(spread, parallel=False)
"""On this thread alone: rows share the arrays that things are looked up in."""


def merge(
    proposals: Sequence[tuple[NDArray[np.int32], NDArray[np.float32]]], n: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Return each row's union of S proposals, in the order in which they name an item first.

    Args:
        proposals: For each of S sources `int32[Q, k]` items, each once in its row, -1 for none, and `float32[Q, k]`
            scores; what is not finite was not proposed.
        n: All items are below it.

    Returns:
        `int64[Q + 1]` offsets, `int32[m]` items and `float32[m, S]` scores, NaN where a source did not name the item.
    """
    items = np.concatenate([items for items, _ in proposals], axis=1)
    scores = np.concatenate([scores for _, scores in proposals], axis=1)
    sources = np.repeat(np.arange(len(proposals)), [items.shape[1] for items, _ in proposals])
    place = np.full(n, -1, np.int32)
    lengths = np.zeros(len(items), np.int64)
    _alone(_count, len(items), (items, scores), (place, lengths))
    offsets = offsets_of(lengths)
    union = np.empty(offsets[-1], np.int32)
    said = np.full((offsets[-1], len(proposals)), np.nan, np.float32)
    _alone(_fill, len(items), (items, scores, sources, offsets), (place, union, said))
    return offsets, union, said


@njit(cache=True, nogil=True)
def _count(items, scores, start, stop, place, lengths):
    for row in range(start, stop):
        count = 0
        for at in range(items.shape[1]):
            item = items[row, at]
            if item >= 0 and np.isfinite(scores[row, at]) and place[item] < 0:
                place[item] = count
                count += 1
        lengths[row] = count
        for at in range(items.shape[1]):
            if items[row, at] >= 0:
                place[items[row, at]] = -1


@njit(cache=True, nogil=True)
def _fill(items, scores, sources, offsets, start, stop, place, union, said):
    for row in range(start, stop):
        count = 0
        for at in range(items.shape[1]):
            item = items[row, at]
            if item < 0 or not np.isfinite(scores[row, at]):
                continue
            if place[item] < 0:
                place[item] = count
                union[offsets[row] + count] = item
                count += 1
            said[offsets[row] + place[item], sources[at]] = scores[row, at]
        for at in range(offsets[row], offsets[row + 1]):
            place[union[at]] = -1


def among(offsets: NDArray[np.int64], items: NDArray[np.int32], listed: Ragged, n: int) -> NDArray[np.bool_]:
    """Mark the items of each row that the same row of `listed` holds.

    Args:
        offsets: `int64[Q + 1]`.
        items: `int32[m]`.
        listed: Q rows of items (weights unused).
        n: All items are below it.
    """
    found = np.zeros(len(items), np.bool_)
    if len(listed.values) and len(items):
        given = offsets, items, listed.offsets, listed.values
        _alone(_mark, len(listed), given, (np.zeros(n, np.bool_), found))
    return found


@njit(cache=True, nogil=True)
def _mark(offsets, items, listed_offsets, listed, start, stop, marked, found):
    for row in range(start, stop):
        for at in range(listed_offsets[row], listed_offsets[row + 1]):
            marked[listed[at]] = True
        for at in range(offsets[row], offsets[row + 1]):
            found[at] = marked[items[at]]
        for at in range(listed_offsets[row], listed_offsets[row + 1]):
            marked[listed[at]] = False


def greatest(offsets: NDArray[np.int64], scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the greatest score of each row, `float32[Q]`, 0 where none is above it."""
    best = np.zeros(len(offsets) - 1, np.float32)
    filled = np.flatnonzero(np.diff(offsets))
    if len(filled):
        best[filled] = np.maximum(np.maximum.reduceat(scores, offsets[filled]), 0)
    return best


def blend(
    offsets: NDArray[np.int64], said: NDArray[np.float32], weights: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Return `Σ_s w_s · said_s / max said_s` of each place, the maximum being its row's, and who says most of it.

    Args:
        offsets: `int64[Q + 1]`.
        said: `float32[m, S]`: NaN and what is below 0 add nothing.
        weights: `float32[S]`, or `float32[Q, S]` where rows differ; not negative.

    Returns:
        `float32[m]`, and `int8[m]`: the source with the largest part, the first of equal ones; none that said NaN.
    """
    scores = np.zeros(len(said), np.float32)
    sources = np.zeros(len(said), np.int8)
    each = np.ascontiguousarray(np.broadcast_to(weights, (len(offsets) - 1, said.shape[1])))
    _alone(_blend, len(offsets) - 1, (offsets, said, each), (scores, sources))
    return scores, sources


@njit(cache=True, nogil=True, error_model="numpy")
def _blend(offsets, said, weights, start, stop, scores, sources):
    best = np.empty(said.shape[1], np.float32)
    for row in range(start, stop):
        for source in range(said.shape[1]):
            best[source] = np.float32(1e-12)
        for at in range(offsets[row], offsets[row + 1]):
            for source in range(said.shape[1]):
                if said[at, source] > best[source]:
                    best[source] = said[at, source]
        for at in range(offsets[row], offsets[row + 1]):
            total, most = np.float32(0), np.float32(-1)
            for source in range(said.shape[1]):
                if np.isnan(said[at, source]):
                    continue
                part = weights[row, source] * max(said[at, source], np.float32(0)) / best[source]
                total += part
                if part > most:
                    most = part
                    sources[at] = source
            scores[at] = total


def best_first(offsets: NDArray[np.int64], scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return all places, each row's by falling score (`float32[m]`, no NaN); equal ones keep their order."""
    numbers = np.empty(len(scores), np.uint64)
    _alone(_number, len(offsets) - 1, (offsets, scores), (numbers,))
    for start, stop in pairwise(offsets.tolist()):
        numbers[start:stop].sort()
    return np.repeat(offsets[:-1], np.diff(offsets)) + (numbers & np.uint64(0xFFFFFFFF)).astype(np.int64)


@njit(cache=True, nogil=True)
def _number(offsets, scores, start, stop, numbers):
    for row in range(start, stop):
        for at in range(offsets[row], offsets[row + 1]):
            numbers[at] = ~number(scores[at], at - offsets[row])


def to_front(offsets: NDArray[np.int64], chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return all places, the chosen ones of each row in their order, then its others in the order that they had.

    Args:
        offsets: `int64[Q + 1]`.
        chosen: `int64[c]`: places, row by row, each once.
    """
    turned = np.empty(offsets[-1], np.int64)
    _alone(_front, len(offsets) - 1, (offsets, chosen), (np.zeros(offsets[-1], np.bool_), turned))
    return turned


@njit(cache=True, nogil=True)
def _front(offsets, chosen, start, stop, taken, turned):
    for place in chosen:
        taken[place] = True
    next_chosen = 0
    for row in range(start, stop):
        count = offsets[row]
        while next_chosen < len(chosen) and chosen[next_chosen] < offsets[row + 1]:
            turned[count] = chosen[next_chosen]
            next_chosen += 1
            count += 1
        for place in range(offsets[row], offsets[row + 1]):
            if not taken[place]:
                turned[count] = place
                count += 1


def under_cap(offsets: NDArray[np.int64], groups: NDArray[np.int32], n: int, most: int) -> NDArray[np.bool_]:
    """Mark in each row the first places of every group, so many at most.

    Args:
        offsets: `int64[Q + 1]`.
        groups: `int32[m]`: the group of each place, such as its artist.
        n: All groups are below it.
        most: Places of a group.
    """
    kept = np.empty(len(groups), np.bool_)
    _alone(_cap, len(offsets) - 1, (offsets, groups, most), (np.zeros(n, np.int32), kept))
    return kept


@njit(cache=True, nogil=True)
def _cap(offsets, groups, most, start, stop, counts, kept):
    for row in range(start, stop):
        for at in range(offsets[row], offsets[row + 1]):
            kept[at] = counts[groups[at]] < most
            counts[groups[at]] += 1
        for at in range(offsets[row], offsets[row + 1]):
            counts[groups[at]] = 0


def first_unlisted(order: NDArray[np.int32], listed: Ragged, k: int, n: int | None = None) -> NDArray[np.int32]:
    """Return for each row the first k items of an order that it does not list: `int32[Q, k]`, -1 behind the last.

    Args:
        order: `int32[m]`: items, each once.
        listed: Q rows of items (weights unused).
        k: How many.
        n: All items, listed ones too, are below it; None: m.
    """
    found = np.full((len(listed), k), -1, np.int32)
    given = order, listed.offsets, listed.values
    _alone(_skip, len(listed), given, (np.zeros(len(order) if n is None else n, np.bool_), found))
    return found


@njit(cache=True, nogil=True)
def _skip(order, offsets, listed, start, stop, marked, found):
    for row in range(start, stop):
        for at in range(offsets[row], offsets[row + 1]):
            marked[listed[at]] = True
        count = 0
        for item in order:
            if count == found.shape[1]:
                break
            if not marked[item]:
                found[row, count] = item
                count += 1
        for at in range(offsets[row], offsets[row + 1]):
            marked[listed[at]] = False
