# SPDX-License-Identifier: Apache-2.0
"""The tastes of each listener: groups of what they play that lie apart, as many as the plays bear out and no more."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.cosines import AXES, ask, lay, products
from segue.kernels.lanes import fetch, padded
from segue.kernels.native import AHEAD, LANES
from segue.kernels.ragged import Ragged
from segue.kernels.threads import spread

__all__ = ["MOST", "Tastes", "nearest", "tastes"]

MOST = 6
"""Tastes of a row at most."""
_ROUNDS = 8
_SETTLED = 1e-4
"""Gain in mean cosine below which centres count as found."""
_LEAST_SCATTER = 1e-3
_CORE = 256
"""Tracks of a row that centres are found from: those of the greatest weights. Others join the nearest."""
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

    A new centre begins at the track that lies farthest from its own, times the root of its weight. Of a long history
    the 256 tracks of the greatest weights decide, and the others join the nearest taste. A row of n of these costs
    n² f, for their cosines, and n² for each round.

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


@njit(cache=True, nogil=True, error_model="numpy")
def _tastes(offsets, items, weights, vectors, evidence, start, stop, label, count, share, centre, breadth):
    longest, f = 0, vectors.shape[1]
    for row in range(start, stop):
        longest = max(longest, offsets[row + 1] - offsets[row])
    room, depth = padded(min(longest, _CORE)), (f + AXES - 1) // AXES * AXES
    tiles = np.zeros((room // LANES * depth, LANES), np.float32)
    asked = np.zeros(depth, np.float32)
    cosines = np.zeros((room, room), np.float32)
    sums = np.zeros((MOST, room), np.float32)
    size = np.zeros(MOST, np.float32)
    close = np.empty(room, np.float32)
    own = np.empty(room, np.int8)
    best_own = np.empty(room, np.int8)
    item = np.empty(longest, np.int32)
    weight = np.empty(longest, np.float32)
    place = np.empty(longest, np.int64)
    for row in range(start, stop):
        n = _known(items, weights, vectors, offsets[row], offsets[row + 1], item, weight, place)
        if n == 0:
            continue
        core = _strongest_first(n, item, weight, place)
        lay(vectors, item, 0, core, depth, tiles)
        for i in range(core):
            ask(tiles, depth, i, depth, asked)
            products(tiles, depth, depth, core, asked, cosines[i : i + 1])
        total, squares = np.float32(0), np.float32(0)
        for i in range(core):
            total += weight[i]
            squares += weight[i] * weight[i]
            close[i] = -1
        worth = total * total / squares
        least, found = np.float32(np.inf), 0
        for k in range(1, min(MOST, core) + 1):
            if k > 1 and k * np.float32(_WORTH) > worth:
                break
            far = 0
            for i in range(core):
                if k > 1 and (1 - close[i]) * np.sqrt(weight[i]) > (1 - close[far]) * np.sqrt(weight[far]):
                    far = i
            sums[k - 1, :core] = cosines[far, :core]
            size[k - 1] = 1
            scatter = _settle(cosines, weight, core, k, sums, size, own, close) / total
            if k == 1:
                breadth[row] = scatter
            told = worth * np.log(max(scatter, np.float32(_LEAST_SCATTER))) + evidence[row] * k * np.log(
                max(worth, np.float32(2))
            )
            if told >= least:
                break
            least, found = told, k
            best_own[:core] = own[:core]
        _write(vectors, item, weight, place, best_own, core, n, found, row, label, count, share, centre)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _known(items, weights, vectors, first, last, item, weight, place):
    """Write what is known and liked, with weights beside the greatest, and where it stands; return how many."""
    n = 0
    most = np.float32(0)
    for at in range(first, last):
        most = max(most, weights[at])
    for at in range(first, last):
        if at + AHEAD < last:
            fetch(vectors, items[at + AHEAD])
        if items[at] < 0 or weights[at] <= 0:
            continue
        squares = np.float32(0)
        for d in range(vectors.shape[1]):
            squares += vectors[items[at], d] * vectors[items[at], d]
        if squares > 0:
            item[n], weight[n], place[n] = items[at], max(weights[at] / most, np.float32(1e-6)), at
            n += 1
    return n


@njit(cache=True, nogil=True)
def _strongest_first(n, item, weight, place):
    """Put the greatest weights first where there are more than `_CORE`; return how many count."""
    if n > _CORE:
        order = np.argsort(-weight[:n], kind="mergesort")
        item[:n], weight[:n], place[:n] = item[:n][order], weight[:n][order], place[:n][order]
    return min(n, _CORE)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _settle(cosines, weight, n, k, sums, size, own, close):
    """Move k centres until they stay; return the scatter around them, and write the centre nearest to each point.

    A centre is a weighted sum of points, divided by its length. So its cosine to any point, and its length, are sums of
    cosines between points, and no vector is looked at again.

    Args:
        cosines: `float32[n, n]`, between points.
        weight: Of each point.
        n: Points.
        k: Centres.
        sums: `float32[k, n]`: each centre's inner product with each point, before that division.
        size: `float32[k]`: the length it is divided by.
        own: The centre nearest to each point is written.
        close: Its cosine is written.
    """
    scatter = np.float32(np.inf)
    total = np.float32(0)
    for i in range(n):
        total += weight[i]
    for _ in range(_ROUNDS):
        close[:n] = -2
        for c in range(k):
            scale, one = np.float32(1) / size[c], sums[c]
            for i in range(n):
                if one[i] * scale > close[i]:
                    close[i], own[i] = one[i] * scale, c
        before, scatter = scatter, np.float32(0)
        for i in range(n):
            scatter += weight[i] * (1 - close[i])
        if before - scatter < np.float32(_SETTLED) * total:
            break
        sums[:k] = 0
        for i in range(n):
            one, other, share = sums[own[i]], cosines[i], weight[i]
            for j in range(n):
                one[j] += share * other[j]
        size[:k] = 0
        for i in range(n):
            size[own[i]] += weight[i] * sums[own[i], i]
        for c in range(k):
            size[c] = np.sqrt(max(size[c], np.float32(1e-20)))
    return scatter


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _write(vectors, item, weight, place, own, core, n, k, row, label, count, share, centre):
    """Write the tastes of a row, the most played first, those without a track left out.

    Tracks behind the `core` ones belong to the taste whose centre, among these, lies nearest.
    """
    size = np.zeros(MOST, np.float32)
    for i in range(core):
        size[own[i]] += weight[i]
    rank = np.argsort(-size[:k])
    number = np.zeros(MOST, np.int8)
    for c in range(k):
        if size[rank[c]] > 0:
            number[rank[c]] = c
            count[row] = c + 1
    total = np.float32(0)
    for i in range(n):
        one, squares = vectors[item[i]], np.float32(0)
        for d in range(len(one)):
            squares += one[d] * one[d]
        if i == core:
            _to_unit(centre[row], count[row])
        if i < core:
            c = number[own[i]]
            scale = weight[i] / np.sqrt(squares)
            for d in range(len(one)):
                centre[row, c, d] += scale * one[d]
        else:
            c = _nearest_of(one, centre[row], count[row])[0]
        label[place[i]] = c
        share[row, c] += weight[i]
        total += weight[i]
    _to_unit(centre[row], count[row])
    for c in range(count[row]):
        share[row, c] /= total


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _to_unit(centres, k):
    for c in range(k):
        squares = np.float32(0)
        for d in range(centres.shape[1]):
            squares += centres[c, d] * centres[c, d]
        if squares > 0:
            scale = np.float32(1) / np.sqrt(squares)
            for d in range(centres.shape[1]):
                centres[c, d] *= scale


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _nearest_of(one, centres, k):
    """Return the centre nearest to a vector, and the inner product with it."""
    found, best = np.int8(0), np.float32(-np.inf)
    for c in range(k):
        made = np.float32(0)
        for d in range(len(one)):
            made += one[d] * centres[c, d]
        if made > best:
            found, best = np.int8(c), made
    return found, best


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def _nearest(offsets, items, vectors, count, centre, start, stop, label, cosine):
    for row in range(start, stop):
        for at in range(offsets[row], offsets[row + 1]):
            if at + AHEAD < offsets[stop]:
                fetch(vectors, items[at + AHEAD])
            item = items[at]
            if item < 0 or count[row] == 0:
                continue
            one, squares = vectors[item], np.float32(0)
            for d in range(len(one)):
                squares += one[d] * one[d]
            if squares > 0:
                label[at], best = _nearest_of(one, centre[row], count[row])
                cosine[at] = best / np.sqrt(squares)
