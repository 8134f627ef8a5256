# SPDX-License-Identifier: Apache-2.0
"""One epoch of skip-gram with negative sampling over rows of items, by one thread and a seed of its own.

A centre i and an item j beside it, with negatives N drawn apart from them, take one step up the gradient of

    log σ(x_i · y_j) + Σ_{k ∈ N} log σ(-x_i · y_k)

(Mikolov, Sutskever, Chen, Corrado, Dean 2013). Steps follow one another, each from where the last one led, so the same
state gives the same bytes.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.ragged import Ragged

__all__ = ["draw_table", "skipgram_epoch"]

_DRAWS_PER_ITEM = 32
_LEAST_DRAWS = 1 << 16
_MULTIPLIER = np.uint64(2685821657736338717)
_A, _B, _C, _HALF = np.uint64(12), np.uint64(25), np.uint64(27), np.uint64(32)


def draw_table(weights: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return items such that a place drawn evenly is an item drawn by its weight: `int32[m]`, m about 32 an item."""
    places = max(_LEAST_DRAWS, _DRAWS_PER_ITEM * len(weights))
    shares = np.cumsum(weights) / np.sum(weights)
    found: NDArray[np.int64] = np.searchsorted(shares, (np.arange(places) + 0.5) / places)
    return found.astype(np.int32)


def skipgram_epoch(
    rows: Ragged,
    windows: NDArray[np.int32],
    kept: NDArray[np.float32],
    table: NDArray[np.int32],
    state: NDArray[np.uint64],
    rates: tuple[float, float],
    pairs: int,
    negatives: int,
    inputs: NDArray[np.float32],
    outputs: NDArray[np.float32],
) -> None:
    """Take every row once, in their order, and change `inputs`, `outputs` and `state` in place.

    Args:
        rows: R rows of items; their weights are passed over.
        windows: `int32[R]`: how many places to each side are beside a centre, at most (how many is drawn evenly for
            each centre, so that near ones come more often); 0: the row has no order, and `pairs` of its items, drawn
            evenly, are beside each.
        kept: `float32[n]`: with what probability an item stays in a row, for this epoch.
        table: `int32[m]`: items to draw negatives from (`draw_table`).
        state: `uint64[1]`: of the generator (xorshift64*, Vigna 2016), not 0.
        rates: Of the first row and of the last; between them it changes linearly.
        pairs: How many items are beside a centre of a row without order.
        negatives: How many a pair; one that is the item beside the centre is passed over.
        inputs: `float32[n, d]`: x, the vectors of centres.
        outputs: `float32[n, d]`: y, the vectors of what is beside them.
    """
    _epoch(rows.offsets, rows.values, windows, kept, table, state, *rates, pairs, negatives, inputs, outputs)


@njit(cache=True, nogil=True)
def _draw(state):
    x = state[0]
    x ^= x >> _A
    x ^= x << _B
    x ^= x >> _C
    state[0] = x
    return (x * _MULTIPLIER) >> _HALF


@njit(cache=True, nogil=True)
def _below(state, bound):
    """Draw evenly from 0 to `bound - 1`."""
    return np.int64((_draw(state) * np.uint64(bound)) >> _HALF)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz", "arcp"})
def _step(centre, beside, table, state, rate, negatives, inputs, outputs, moved):
    """Move a centre and what is beside it towards one another, and the centre and its negatives apart."""
    d = inputs.shape[1]
    x = inputs[centre]
    for k in range(d):
        moved[k] = 0
    for sample in range(negatives + 1):
        target, label = beside, np.float32(1)
        if sample > 0:
            target, label = table[_below(state, len(table))], np.float32(0)
            if target == beside:
                continue
        y = outputs[target]
        dot = np.float32(0)
        for k in range(d):
            dot += x[k] * y[k]
        change = rate * (label - np.float32(1) / (np.float32(1) + np.exp(-dot)))
        for k in range(d):
            moved[k] += change * y[k]
            y[k] += change * x[k]
    for k in range(d):
        x[k] += moved[k]


@njit(cache=True, nogil=True)
def _epoch(offsets, items, windows, kept, table, state, first_rate, last_rate, pairs, negatives, inputs, outputs):
    count = len(offsets) - 1
    longest = 0
    for row in range(count):
        longest = max(longest, offsets[row + 1] - offsets[row])
    left = np.empty(longest, np.int32)
    moved = np.empty(inputs.shape[1], np.float32)
    for row in range(count):
        rate = np.float32(first_rate + (last_rate - first_rate) * row / count)
        m = 0
        for place in range(offsets[row], offsets[row + 1]):
            item = items[place]
            if kept[item] >= 1 or np.float64(_draw(state)) * 2.0**-32 < kept[item]:
                left[m] = item
                m += 1
        if m < 2:
            continue
        for place in range(m):
            if windows[row] > 0:
                reach = 1 + _below(state, windows[row])
                for other in range(max(0, place - reach), min(m, place + reach + 1)):
                    if left[other] != left[place]:
                        _step(left[place], left[other], table, state, rate, negatives, inputs, outputs, moved)
            else:
                for _ in range(pairs):
                    other = _below(state, m - 1)
                    other += other >= place
                    if left[other] != left[place]:
                        _step(left[place], left[other], table, state, rate, negatives, inputs, outputs, moved)
