# SPDX-License-Identifier: Apache-2.0
"""Neighbour sessions: those that share items with a session, and what stood near these items in them."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.ragged import Ragged
from segue.kernels.shares import MATERIAL, drop_slight, rank_in
from segue.kernels.threads import spread
from segue.kernels.topk import take_best

__all__ = ["followed_at", "score_by_sessions"]


def score_by_sessions(
    history: Ragged,
    exclude: Ragged,
    sessions: tuple[NDArray[np.int64], NDArray[np.int32]],
    postings: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int16]],
    steps: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]],
    rarity: NDArray[np.float32],
    freshness: NDArray[np.float32],
    settings: tuple[int, int, float, float, float, float, float, float],
    k: int,
    *,
    parallel: bool = False,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Rank the k best next items for each session so far.

    A past session s scores `(Σ_i rarity_i exp(-age_i / fade) · freshness_s)^sharpness` over the items i that it shares
    with the session at hand, age 0 for the last item. The best `neighbours` of them vote for each of their items,
    `rarity · exp(-(distance - 1) / reach)`, other before the newest shared item than behind it. To this, as a share of
    the best, comes what followed the last three items directly (`steps`), each half as much as the one after it.

    Args:
        history: Q sessions: items in order, the last one newest. Weights of 0 or less (skips) are passed over.
        exclude: Q rows of items that must not come back.
        sessions: `int64[S + 1]` and `int32[m]`: past sessions in order of time.
        postings: `int64[n + 1]`, `int32`, `int16`: of each item, its sessions, ascending, and where it last stands.
        steps: `int64[n + 1]`, `int32`, `float32`: of each item, what followed, as shares of the most frequent.
        rarity: `float32[n]`.
        freshness: `float32[S]`.
        settings: Most recent postings looked at, neighbours, fade, reach, what a place before the newest shared item
            counts, what that item itself counts, sharpness, weight of `steps`.
        k: How many a row.
        parallel: Use all threads (jobs) or one (requests).

    Returns:
        `int32[Q, k]`, best first, -1 where there are fewer; `float32[Q, k]`, -inf there.
    """
    found = np.full((len(history), k), -1, np.int32)
    scores = np.full((len(history), k), -np.inf, np.float32)
    rows = (history.offsets, history.values, history.weights, exclude.offsets, exclude.values)
    spread(
        _score,
        len(history),
        (*rows, *sessions, *postings, *steps, rarity, freshness, *settings),
        (found, scores),
        parallel=parallel,
    )
    return found, scores


def followed_at(
    history: Ragged,
    items: Ragged,
    postings: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int16]],
    recent: int,
    back: int,
    least: int,
    count: int,
) -> NDArray[np.int64]:
    """Return for each of `items` the places in its history after which it came most often, `int64[m, count]`.

    Args:
        history: Q sessions, as `score_by_sessions` takes them.
        items: Q rows of items (weights unused).
        postings: As `score_by_sessions` takes them.
        recent: Most recent sessions looked at, of each item.
        back: How many items of a history, the last ones, are looked at.
        least: In how many sessions an item must have come after another.
        count: How many places, at most.

    Returns:
        Most first, -1 behind the last; what it came after much less often than after the first is not named.
    """
    found = np.full((len(items.values), count), -1, np.int64)
    most = np.zeros((len(items.values), count), np.float32)
    rows = (history.offsets, history.values, history.weights, items.offsets, items.values)
    spread(_followed, len(history), (*rows, *postings, recent, back, least, MATERIAL), (found, most), parallel=False)
    return found


@njit(cache=True, nogil=True)
def _followed(
    offsets, heard, weights, item_offsets, items, posting_offsets, sessions, places, recent, back, least, material,
    start, stop, found, most,
):  # fmt: skip
    for row in range(start, stop):
        if item_offsets[row] == item_offsets[row + 1]:
            continue
        looked = 0
        for p in range(offsets[row + 1] - 1, offsets[row] - 1, -1):
            if looked == back:
                break
            if weights[p] <= 0:
                continue
            looked += 1
            item, again = heard[p], False
            for later in range(p + 1, offsets[row + 1]):
                again |= heard[later] == item and weights[later] > 0
            if again:
                continue
            first = max(posting_offsets[item], posting_offsets[item + 1] - recent)
            for at in range(item_offsets[row], item_offsets[row + 1]):
                other = items[at]
                q = max(posting_offsets[other], posting_offsets[other + 1] - recent)
                times = 0
                for own in range(first, posting_offsets[item + 1]):
                    while q < posting_offsets[other + 1] and sessions[q] < sessions[own]:
                        q += 1
                    if q == posting_offsets[other + 1]:
                        break
                    times += sessions[q] == sessions[own] and places[q] > places[own]
                if times >= least:
                    rank_in(np.float32(times), p - offsets[row], most, found, at)
        for at in range(item_offsets[row], item_offsets[row + 1]):
            drop_slight(most, found, at, material)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz", "arcp"})
def _score(
    offsets, items, weights, exclude_offsets, exclude_items, session_offsets, session_items, item_offsets,
    item_sessions, item_places, step_offsets, step_items, step_shares, rarity, freshness, recent, neighbours, fade,
    reach, before, itself, sharpness, weight, start, stop, found, scores,
):  # fmt: skip
    shared = np.zeros(len(session_offsets) - 1, np.float32)
    newest = np.zeros(len(session_offsets) - 1, np.int16)
    touched = np.empty(len(session_offsets) - 1, np.int32)
    total = np.zeros(len(rarity), np.float32)
    marked = np.zeros(len(rarity), np.int8)  # 1: has a score; 2: must not be returned
    proposed = np.empty(len(rarity), np.int32)
    for row in range(start, stop):
        for p in range(exclude_offsets[row], exclude_offsets[row + 1]):
            marked[exclude_items[p]] = 2
        count = 0
        age = 0
        for p in range(offsets[row + 1] - 1, offsets[row] - 1, -1):
            item = items[p]
            if weights[p] <= 0:
                continue
            again = False
            for later in range(p + 1, offsets[row + 1]):
                again |= items[later] == item and weights[later] > 0
            if not again:
                share = rarity[item] * np.exp(-age / fade)
                for q in range(max(item_offsets[item], item_offsets[item + 1] - recent), item_offsets[item + 1]):
                    session = item_sessions[q]
                    if shared[session] == 0:
                        touched[count] = session
                        count += 1
                        newest[session] = item_places[q]
                    shared[session] += share
            age += 1
        least = np.float32(0)
        for t in range(count):
            session = touched[t]
            shared[session] *= freshness[session]
        if count > neighbours:
            values = np.empty(count, np.float32)
            for t in range(count):
                values[t] = shared[touched[t]]
            least = np.partition(values, count - neighbours)[count - neighbours]
        voted = 0
        best = np.float32(0)
        for t in range(count):
            session = touched[t]
            if shared[session] >= least:
                vote = shared[session] ** sharpness
                first = session_offsets[session]
                for p in range(first, session_offsets[session + 1]):
                    item = session_items[p]
                    if marked[item] == 2:
                        continue
                    if marked[item] == 0:
                        marked[item] = 1
                        proposed[voted] = item
                        voted += 1
                    distance = p - first - newest[session]
                    if distance > 0:
                        near = np.exp(-(distance - 1) / reach)
                    elif distance < 0:
                        near = before * np.exp((distance + 1) / reach)
                    else:
                        near = itself
                    total[item] += vote * rarity[item] * near
            shared[session] = 0
        for t in range(voted):
            best = max(best, total[proposed[t]])
        for t in range(voted):
            total[proposed[t]] /= best
        back = 0
        for p in range(offsets[row + 1] - 1, offsets[row] - 1, -1):
            if back == 3 or weight == 0:
                break
            if weights[p] <= 0:
                continue
            for q in range(step_offsets[items[p]], step_offsets[items[p] + 1]):
                item = step_items[q]
                if marked[item] == 2:
                    continue
                if marked[item] == 0:
                    marked[item] = 1
                    proposed[voted] = item
                    voted += 1
                total[item] += weight * 0.5**back * step_shares[q]
            back += 1
        excluded = exclude_items[exclude_offsets[row] : exclude_offsets[row + 1]]
        take_best(total, proposed, voted, marked, excluded, scores[row], found[row])
