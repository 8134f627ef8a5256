# SPDX-License-Identifier: Apache-2.0
"""The tastes of each listener: groups of what they play that lie apart, as many as the plays bear out and no more."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.ragged import Ragged
from segue.kernels.threads import spread

__all__ = ["MOST", "Tastes", "nearest", "tastes"]

MOST = 6
"""Tastes of a row at most."""
_ROUNDS = 8
_SETTLED = 1e-4
"""Gain in mean cosine below which centres count as found."""
_LEAST_SCATTER = 1e-3
_WORTH = 4.0
"""Equally played tracks that a taste must be worth, on the average, for there to be more than one."""


@dataclass(frozen=True, slots=True)
class Tastes:
    """The tastes of Q rows, the most played first."""

    label: NDArray[np.int8]
    """`int8[n]`, beside the values of the history: its taste, -1 for what is unknown or not liked."""
    count: NDArray[np.int32]
    """`int32[Q]`."""
    share: NDArray[np.float32]
    """`float32[Q, MOST]`: of the weight of what is liked and known; rows add up to 1, or 0 where nothing is."""
    centre: NDArray[np.float32]
    """`float32[Q, MOST, f]`: of length 1; zeros behind the last."""
    scatter: NDArray[np.float32]
    """`float32[Q]`: how broad the row is: the weighted mean of 1 - cos to its mean direction, as if of one taste."""


def tastes(
    history: Ragged, vectors: NDArray[np.float32], evidence: NDArray[np.float32], *, parallel: bool = False
) -> Tastes:
    """Part the tracks of each row into tastes by direction (spherical k-means: Dhillon, Modha 2001).

    How many there are, the data say: another taste is believed as long as `n · ln(scatter) + evidence · k · ln(n)`
    falls, the Bayesian information criterion (Schwarz 1978) of k directions with one spread, as Pelleg and Moore 2000
    use it in X-means, with a penalty in the place of the count of parameters, since the axes of learned vectors are
    far from free. Scatter is the weighted mean of 1 - cos to the own centre; n is how many equally played tracks the
    row is worth, `(Σ w)² / Σ w²`, so that a few tracks that are played on and on bear out little. So a sparse row has
    one taste: below 8 tracks in any case; with 8 and an evidence of 2, a second one must take the scatter below 0.6 of
    what it was.

    A new centre begins at the track that lies farthest from its own, times the root of its weight.

    Args:
        history: Q rows of items, which are rows of `vectors` (below 0: unknown), with preferences; 0 or less: not
            liked.
        vectors: `float32[n, f]`, finite, of any lengths.
        evidence: `float32[Q]`: what another taste must bring.
        parallel: Use all threads (jobs) or one (requests).
    """
    rows, f = len(history), vectors.shape[1]
    made = (
        np.full(len(history.values), -1, np.int8),
        np.zeros(rows, np.int32),
        np.zeros((rows, MOST), np.float32),
        np.zeros((rows, MOST, f), np.float32),
        np.zeros(rows, np.float32),
    )
    given = (history.offsets, history.values, history.weights, vectors, evidence)
    spread(_tastes, rows, given, made, parallel=parallel, costs=history.offsets)
    return Tastes(*made)


def nearest(
    tastes: Tastes, offsets: NDArray[np.int64], items: NDArray[np.int32], vectors: NDArray[np.float32]
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return the taste that lies nearest to each item of some rows, `int8[m]`, -1 for none; and its cosine.

    Args:
        tastes: Of Q rows.
        offsets: `int64[Q + 1]` of the items.
        items: `int32[m]`: rows of `vectors`, below 0: unknown.
        vectors: As `tastes` took them.
    """
    label, cosine = np.full(len(items), -1, np.int8), np.zeros(len(items), np.float32)
    given = (offsets, items, vectors, tastes.count, tastes.centre)
    spread(_nearest, len(offsets) - 1, given, (label, cosine), parallel=False)
    return label, cosine


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _tastes(offsets, items, weights, vectors, evidence, start, stop, label, count, share, centre, breadth):
    room, f = 0, vectors.shape[1]
    for row in range(start, stop):
        room = max(room, offsets[row + 1] - offsets[row])
    points = np.empty((room, f), np.float32)
    weight = np.empty(room, np.float32)
    place = np.empty(room, np.int64)
    own = np.empty(room, np.int64)
    best_own = np.empty(room, np.int64)
    close = np.empty(room, np.float32)
    centres = np.empty((MOST, f), np.float32)
    for row in range(start, stop):
        n = _gather(items, weights, vectors, offsets[row], offsets[row + 1], points, weight, place)
        if n == 0:
            continue
        total, squares = np.float32(0), np.float32(0)
        for i in range(n):
            total += weight[i]
            squares += weight[i] * weight[i]
            own[i] = 0
            close[i] = -1
        worth = total * total / squares
        least, found = np.float32(np.inf), 0
        for k in range(1, min(MOST, n) + 1):
            if k > 1 and k * np.float32(_WORTH) > worth:
                break
            if k == 1:
                centres[0] = points[0]
            else:
                far = 0
                for i in range(n):
                    if (1 - close[i]) * np.sqrt(weight[i]) > (1 - close[far]) * np.sqrt(weight[far]):
                        far = i
                centres[k - 1] = points[far]
            scatter = _settle(points, weight, n, k, centres, own, close) / total
            if k == 1:
                breadth[row] = scatter
            told = worth * np.log(max(scatter, np.float32(_LEAST_SCATTER))) + evidence[row] * k * np.log(
                max(worth, np.float32(2))
            )
            if told >= least:
                break
            least, found = told, k
            for i in range(n):
                best_own[i] = own[i]
        _write(points, weight, place, best_own, n, found, row, label, count, share, centre)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _gather(items, weights, vectors, first, last, points, weight, place):
    """Copy the vectors, of length 1, of what is known and liked, and weights beside the greatest; return how many."""
    n = 0
    most = np.float32(0)
    for at in range(first, last):
        most = max(most, weights[at])
    for at in range(first, last):
        item = items[at]
        if item < 0 or weights[at] <= 0:
            continue
        squares = np.float32(0)
        for d in range(vectors.shape[1]):
            squares += vectors[item, d] * vectors[item, d]
        if squares <= 0:
            continue
        scale = np.float32(1) / np.sqrt(squares)
        for d in range(vectors.shape[1]):
            points[n, d] = vectors[item, d] * scale
        weight[n], place[n] = max(weights[at] / most, np.float32(1e-6)), at
        n += 1
    return n


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _settle(points, weight, n, k, centres, own, close):
    """Move k centres until they stay; return the scatter around them, and write the centre nearest to each point."""
    f = points.shape[1]
    scatter = np.float32(np.inf)
    total = np.float32(0)
    for i in range(n):
        total += weight[i]
    for _ in range(_ROUNDS):
        before, scatter = scatter, np.float32(0)
        for i in range(n):
            close[i] = -2
            for c in range(k):
                cosine = np.float32(0)
                for d in range(f):
                    cosine += points[i, d] * centres[c, d]
                if cosine > close[i]:
                    close[i], own[i] = cosine, c
            scatter += weight[i] * (1 - close[i])
        if before - scatter < np.float32(_SETTLED) * total:
            break
        centres[:k] = 0
        for i in range(n):
            for d in range(f):
                centres[own[i], d] += weight[i] * points[i, d]
        for c in range(k):
            squares = np.float32(0)
            for d in range(f):
                squares += centres[c, d] * centres[c, d]
            scale = np.float32(1) / np.sqrt(max(squares, np.float32(1e-20)))
            for d in range(f):
                centres[c, d] *= scale
    return scatter


@njit(cache=True, nogil=True, error_model="numpy")
def _write(points, weight, place, own, n, k, row, label, count, share, centre):
    """Write the tastes of a row, the most played first, those without a track left out."""
    size = np.zeros(MOST, np.float32)
    total = np.float32(0)
    for i in range(n):
        size[own[i]] += weight[i]
        total += weight[i]
    rank = np.argsort(-size[:k])
    number = np.zeros(MOST, np.int8)
    for c in range(k):
        if size[rank[c]] > 0:
            number[rank[c]] = c
            share[row, c] = size[rank[c]] / total
            count[row] = c + 1
    for i in range(n):
        c = number[own[i]]
        label[place[i]] = c
        for d in range(points.shape[1]):
            centre[row, c, d] += weight[i] * points[i, d]
    for c in range(count[row]):
        squares = np.float32(0)
        for d in range(points.shape[1]):
            squares += centre[row, c, d] * centre[row, c, d]
        if squares > 0:
            for d in range(points.shape[1]):
                centre[row, c, d] /= np.sqrt(squares)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _nearest(offsets, items, vectors, count, centre, start, stop, label, cosine):
    for row in range(start, stop):
        for at in range(offsets[row], offsets[row + 1]):
            item = items[at]
            if item < 0 or count[row] == 0:
                continue
            squares, best = np.float32(0), np.float32(-np.inf)
            for d in range(vectors.shape[1]):
                squares += vectors[item, d] * vectors[item, d]
            if squares <= 0:
                continue
            for c in range(count[row]):
                made = np.float32(0)
                for d in range(vectors.shape[1]):
                    made += vectors[item, d] * centre[row, c, d]
                if made > best:
                    best, label[at] = made, c
            cosine[at] = best / np.sqrt(squares)
