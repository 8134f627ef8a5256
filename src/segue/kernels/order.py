# SPDX-License-Identifier: Apache-2.0
"""The order of a row's tracks: small steps from each to the next, and no artist again too soon."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.cosines import AXES, ask, lay, longest, products
from segue.kernels.native import LANES
from segue.kernels.ragged import Ragged
from segue.kernels.threads import spread

__all__ = ["sequence"]

_SHORT = 3
"""Most tracks that move to another place together."""
_LEAST_GAIN = 1e-6
"""What an exchange must gain in distance; less is rounding."""


def sequence(
    rows: Ragged,
    vectors: NDArray[np.float32],
    artist: NDArray[np.int32],
    gap: int,
    *,
    first: NDArray[np.int32] | None = None,
    features: NDArray[np.float32] | None = None,
    weights: NDArray[np.float32] | None = None,
    passes: int = 20,
    parallel: bool = False,
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Put the tracks of each row into an order of small steps that keeps the tracks of an artist apart.

    A step from i to j is `1 - cos(i, j) + Σ_d weights_d · |features_id - features_jd|` long. Between two tracks of an
    artist `gap` places are to lie; those that are missing are added up over all pairs. For instance, with a gap of 3,
    a a b a misses 3 + 2 + 1. Of two orders the one that misses less is better; of equal ones, the shorter one.

    From the first track on, the nearest follows that misses least (nearest neighbour). Then parts are turned round
    (2-opt: Croes 1958) and up to three tracks are moved to another place (or-opt: Or 1976) while an exchange makes the
    order better. If it misses anything still, this begins again from an order in which artists with most tracks left go
    first. That one misses nothing if any order from this first track does (see `_begin`), so a gap that can be kept is
    kept. Where it cannot be, the order is a local optimum.

    A row of n tracks costs n² f, and n² for each pass; rows should have 100 tracks at most.

    Args:
        rows: Q rows of items, which are rows of `vectors` (below 0: unknown), with scores as weights.
        vectors: `float32[n, f]`, finite, of any lengths; a zero vector is a distance of 1 from all.
        artist: `int32[m]`, beside `rows.values`; below 0: nobody's, which never misses any.
        gap: How many places are to lie between two tracks of an artist, not negative.
        first: `int32[Q]`: the place in its row of the track that starts it; below 0, or None: that of the best score,
            of equal ones the earlier.
        features: `float32[m, d]`, beside `rows.values`, such as tempo and loudness; NaN is unknown, and no distance.
        weights: `float32[d]`, not negative; None: 1.
        passes: Most passes over all exchanges, each begin.
        parallel: Use all threads (jobs) or one (requests).

    Returns:
        `int64[m]`, row by row in the new order: places in the flat arrays of `rows`; and `int32[Q]`: what each row
        misses, 0 where the gap is kept.
    """
    placed = np.empty(len(rows.values), np.int64)
    missed = np.zeros(len(rows), np.int32)
    starts = np.full(len(rows), -1, np.int32) if first is None else first
    if features is None:
        features = np.zeros((len(rows.values), 0), np.float32)
    if weights is None:
        weights = np.ones(features.shape[1], np.float32)
    given = (rows.offsets, rows.values, rows.weights, starts, vectors, artist, features, weights, gap, passes)
    spread(_sequence, len(rows), given, (placed, missed), parallel=parallel, costs=rows.offsets)
    return placed, missed


@njit(cache=True, nogil=True)
def _sequence(
    offsets, items, scores, starts, vectors, artists, features, weights, gap, passes, start, stop, placed, missed
):  # fmt: skip
    room = longest(offsets, start, stop)
    depth = (vectors.shape[1] + AXES - 1) // AXES * AXES
    tiles = np.zeros((room // LANES * depth, LANES), np.float32)
    asked = np.empty(depth, np.float32)
    cosines = np.empty((1, room), np.float32)
    # One more place, at no distance from any: what stands behind the last track.
    steps = np.zeros((room + 1, room + 1), np.float32)
    near = np.empty((room + 1, room + 1), np.float32)
    links = np.empty(room, np.float32)
    gains = np.empty(room, np.float32)
    artist = np.empty(room, np.int32)
    order = np.empty(room + 1, np.int64)
    other = np.empty(room + 1, np.int64)
    spare = np.empty(room + 1, np.int64)
    for row in range(start, stop):
        begin, n = offsets[row], offsets[row + 1] - offsets[row]
        if n == 0:
            continue
        head = starts[row]
        if head < 0:
            head = 0
            for i in range(n):
                if scores[begin + i] > scores[begin + head]:
                    head = i
        for i in range(n):
            artist[i] = artists[begin + i]
        lay(vectors, items, begin, n, depth, tiles)
        for i in range(n):
            ask(tiles, depth, i, depth, asked)
            products(tiles, depth, depth, n, asked, cosines)
            _measure(cosines, features, weights, begin, i, n, steps)
        for attempt in range(2):
            _begin(steps, artist, n, head, gap, attempt == 1, spare, other)
            if attempt == 1 and _missing(other, artist, 0, n, gap, n) > 0:
                break
            missing = _improve(steps, artist, n, gap, passes, spare, near, links, gains, other)
            order, other = other, order
            if missing == 0:
                break
        missed[row] = missing
        for i in range(n):
            placed[begin + i] = begin + order[i]


@njit(cache=True, nogil=True)
def _measure(cosines, features, weights, begin, i, n, steps):
    """Write the distances of one track to all, and none to the place behind the last."""
    for j in range(n):
        steps[i, j] = np.float32(1) - cosines[0, j]
    for d in range(len(weights)):
        for j in range(n):
            apart = abs(features[begin + i, d] - features[begin + j, d])
            if apart >= 0:
                steps[i, j] += weights[d] * apart
    steps[i, n] = steps[n, i] = 0


@njit(cache=True, nogil=True)
def _begin(steps, artist, n, head, gap, most_left, left, order):
    """Write an order that goes on, from the head, with the nearest of the tracks that miss least.

    A track is missing from a gap where it stands nearer than `gap` places behind another of its artist. With
    `most_left`, nothing is missing if these tracks have any order that misses nothing. Suppose S is such an order, and
    first differs from ours at a place where it has a track of artist b, and we chose one of artist a, who has at least
    as many tracks left. From that place on, name a's tracks in S a1, a2 … and b's b1, b2 …; b1 is first. Take the
    least j for which b has no track after bj, or that one comes more than `gap` places behind aj. Up to j, each bi
    comes before its ai, so the two can change places pair by pair and still keep their distances: an order that misses
    nothing and has a at this place. For instance b a b a, with a gap of 1, becomes a b a b.

    Args:
        steps: Distances.
        artist: Of each track.
        n: Tracks.
        head: The first one.
        gap: As `sequence` has it.
        most_left: Whether the artist with the most tracks left goes before the nearest track.
        left: Scratch: of each track, how many of its artist are left, itself among them; 0 for one that is placed.
        order: The first n places are written, and n behind them.
    """
    for i in range(n):
        left[i] = 1
        for j in range(n):
            left[i] += j != i and artist[i] >= 0 and artist[j] == artist[i]
    best = np.int64(head)
    for place in range(n):
        if place:
            last = order[place - 1]
            best, fewest, most = -1, 0, 0
            for i in range(n):
                if left[i] == 0:
                    continue
                near = _missing_before(order, artist, place, gap, artist[i])
                more = left[i] if most_left else 0
                if (
                    best < 0
                    or near < fewest
                    or (near == fewest and (more > most or (more == most and steps[last, i] < steps[last, best])))
                ):
                    best, fewest, most = i, near, more
        order[place] = best
        for i in range(n):
            left[i] -= left[i] > 0 and i != best and artist[i] >= 0 and artist[i] == artist[best]
        left[best] = 0
    order[n] = n


@njit(cache=True, nogil=True)
def _missing_before(order, artist, place, gap, who):
    """Return what is missing of the gap between an artist's track here and their tracks at the places before."""
    missing = 0
    if who >= 0:
        for before in range(max(place - gap, 0), place):
            missing += gap + 1 - place + before if artist[order[before]] == who else 0
    return missing


@njit(cache=True, nogil=True)
def _improve(steps, artist, n, gap, passes, spare, near, links, gains, order):
    """Exchange parts of an order while that makes it better; return what it misses at the end.

    Distances are kept in `near` by place, so that what the exchanges at p and q would gain is read from three rows.
    """
    missing = _missing(order, artist, 0, n, gap, n)
    _relate(steps, order, 0, n, n, near, links)
    still = 0  # places in turn from which nothing was exchanged
    for number in range(passes * (n - 1)):
        if still == n - 1:
            break
        p = number % (n - 1) + 1
        still += 1
        for q in range(p, n):
            # The part p … q is turned round, or it changes places with q + 1 … r, where one of the two is short.
            last = n - 1 if q - p < _SHORT else min(q + _SHORT, n - 1)
            _gain(near, links, p, q, last, gains)
            for r in range(max(q, p + 1), last + 1):
                # What makes the order longer may still miss less: tried with single tracks alone, as it seldom does.
                if gains[r] > np.float32(_LEAST_GAIN) or (missing > 0 and (q == p or r == q + 1)):
                    turn = _turn(near, p, q, r)
                    less = _try(artist, n, gap, p, q, r, turn, gains[r], missing, spare, order)
                    if less >= 0:
                        missing -= less
                        still = 0
                        _relate(steps, order, p, r, n, near, links)
                        _gain(near, links, p, q, last, gains)
    return missing


@njit(cache=True, nogil=True)
def _relate(steps, order, first, last, n, near, links):
    """Write the distances of the tracks at some places to all, and from each place to the next."""
    for x in range(first, last + 1):
        for y in range(n + 1):
            near[x, y] = near[y, x] = steps[order[x], order[y]]
    for x in range(max(first - 1, 0), min(last + 1, n)):
        links[x] = near[x, x + 1]


@njit(cache=True, nogil=True)
def _gain(near, links, p, q, last, gains):
    """Write how much shorter each exchange makes an order, r from q to the last; a short part is turned if better."""
    gains[q] = links[p - 1] + links[q] - near[p - 1, q] - near[p, q + 1]
    for r in range(q + 1, last + 1):
        least = near[p - 1, q + 1] + near[p, r] + near[q, r + 1]
        if q - p < _SHORT:
            least = min(least, near[p - 1, q + 1] + near[q, r] + near[p, r + 1])
        if r - q <= _SHORT:
            least = min(least, near[p - 1, r] + near[p, q + 1] + near[q, r + 1])
        gains[r] = links[p - 1] + links[q] + links[r] - least


@njit(cache=True, nogil=True)
def _turn(near, p, q, r):
    """Return what this exchange turns round: 1 p … q, 2 q + 1 … r, 0 neither."""
    if r == q:
        return 1
    turn, least = 0, near[p - 1, q + 1] + near[p, r] + near[q, r + 1]
    first = near[p - 1, q + 1] + near[q, r] + near[p, r + 1]
    second = near[p - 1, r] + near[p, q + 1] + near[q, r + 1]
    if q - p < _SHORT and first < least:
        turn, least = 1, first
    if r - q <= _SHORT and second < least:
        turn = 2
    return turn


@njit(cache=True, nogil=True)
def _try(artist, n, gap, p, q, r, turn, gain, missing, spare, order):
    """Make an exchange if that makes the order better; return how much less is missing, or -1 if not made."""
    before = _missing(order, artist, p, r, gap, n) if missing > 0 else 0
    for place in range(p, r + 1):
        spare[place] = order[place]
    for place in range(q + 1, r + 1):
        order[p + (r - place if turn == 2 else place - q - 1)] = spare[place]
    for place in range(p, q + 1):
        order[p + r - place if turn == 1 else place + r - q] = spare[place]
    less = before - _missing(order, artist, p, r, gap, n)
    if less > 0 or (less == 0 and gain > np.float32(_LEAST_GAIN)):
        return less
    for place in range(p, r + 1):
        order[place] = spare[place]
    return -1


@njit(cache=True, nogil=True)
def _missing(order, artist, first, last, gap, n):
    """Return what is missing, at least all that has to do with the places from the first to the last."""
    missing = 0
    for place in range(first, min(last + gap + 1, n)):
        missing += _missing_before(order, artist, place, gap, artist[order[place]])
    return missing
