# SPDX-License-Identifier: Apache-2.0
"""The order of a row's tracks: small steps, no artist again too soon, and an arc."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.cosines import AXES, ask, lay, longest, products
from segue.kernels.exchanges import improve, missing, missing_before, room_for
from segue.kernels.native import LANES
from segue.kernels.ragged import Ragged
from segue.kernels.threads import spread

__all__ = ["EXACT", "sequence"]

EXACT = 7
"""Rows of so many tracks to place, or fewer, get the best order of all."""
_LEAST_GAIN = 1e-6
"""What an exchange must gain in length; less is rounding."""


def sequence(
    rows: Ragged,
    vectors: NDArray[np.float32],
    groups: NDArray[np.int32],
    gaps: NDArray[np.int32],
    *,
    features: NDArray[np.float32] | None = None,
    periods: NDArray[np.float32] | None = None,
    weights: NDArray[np.float32] | None = None,
    levels: NDArray[np.float32] | None = None,
    arcs: NDArray[np.float32] | None = None,
    arc_weight: float = 1.0,
    hooks: NDArray[np.float32] | None = None,
    hooked: int = 3,
    fixed: NDArray[np.int32] | None = None,
    passes: int = 20,
    parallel: bool = False,
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Put the tracks of each row into a short order that keeps the tracks of an artist apart.

    How long an order is, adds up from three things. A step from i to j is

        weight_i · (1 - cos(i, j)) + Σ_d weights_d · |features_id - features_jd|

    long, where the difference of a periodic feature is the shorter way round: of tempo, as the logarithm to the base 2
    with a period of 1, so that 70 and 140 beats a minute are the same; of key, as the place on the circle of fifths
    with a period of 12. A track at the place p of n is `arc_weight · |levels_i - arc(p)|` away from the arc of its row.
    And each of the first `hooked` places costs `hooks_i`.

    Between two tracks of a group (an artist, an album) `gaps` places are to lie; those that are missing are added up
    over all pairs and groups. For instance, with a gap of 3, a a b a misses 3 + 2 + 1. Of two orders the one that
    misses less is better; of equal ones, the shorter one.

    From the first track on, the one follows that misses least and, of those, lengthens the order least (nearest
    neighbour). Then parts are turned round (2-opt: Croes 1958) and up to three tracks are moved to another place
    (or-opt: Or 1976): from each place in turn what gains most, while anything does. If it misses anything still, this
    begins again from an order in which members of the largest groups left go first. With one kind of groups and nothing
    fixed that one misses nothing if any order does (see `_begin`), so a gap that can be kept is kept. A row of at most
    `EXACT` tracks is searched whole (depth first, leaving what is no better than the best so far), so its order is the
    best of all. A longer one is a local optimum.

    A row of n tracks costs n² f, and n² for each pass; rows should have 100 tracks at most.

    Args:
        rows: Q rows of items, which are rows of `vectors` (below 0: unknown), with what their steps weigh as weights
            (the mean of both counts); tracks that are to stay first stand first.
        vectors: `float32[n, f]`, finite, of any lengths; a zero vector is a distance of 1 from all.
        groups: `int32[G, m]`, beside `rows.values`; below 0: nobody's, which never misses any.
        gaps: `int32[G]`: how many places are to lie between two tracks of a group, not negative.
        features: `float32[m, d]`, beside `rows.values`; NaN is unknown, and no distance.
        periods: `float32[d]`, 0 where a feature has none; None: none has.
        weights: `float32[d]`, not negative; None: 1.
        levels: `float32[m]`: what is to follow the arc, such as energy; NaN is unknown, and nowhere amiss.
        arcs: `float32[Q, K]`: the levels of each row at K moments, evenly from its first place to its last, straight
            lines between; NaN throughout: it follows none.
        arc_weight: Of one unit of levels, at each place.
        hooks: `float32[m]`: what each track costs near the beginning; None: nothing.
        hooked: How many places are near it.
        fixed: `int32[Q]`: how many tracks stay first, as they stand: what was played before. Arc and hooks begin behind
            them. None: none.
        passes: So many times each place is looked at, at most, on the average; each begin.
        parallel: Use all threads (jobs) or one (requests).

    Returns:
        `int64[m]`, row by row in the new order: places in the flat arrays of `rows`; and `int32[Q]`: what each row
        misses, 0 where the gaps are kept.
    """
    size = len(rows.values)
    placed = np.empty(size, np.int64)
    missed = np.zeros(len(rows), np.int32)
    if features is None:
        features = np.zeros((size, 0), np.float32)
    if periods is None:
        periods = np.zeros(features.shape[1], np.float32)
    if weights is None:
        weights = np.ones(features.shape[1], np.float32)
    if levels is None or arcs is None:
        levels, arcs = np.zeros(size, np.float32), np.full((len(rows), 1), np.nan, np.float32)
    if hooks is None:
        hooks = np.zeros(size, np.float32)
    if fixed is None:
        fixed = np.zeros(len(rows), np.int32)
    given = (
        rows.offsets, rows.values, rows.weights, vectors, groups, gaps, features, periods, weights, levels, arcs,
        np.float32(arc_weight), hooks, hooked, fixed, passes,
    )  # fmt: skip
    spread(_sequence, len(rows), given, (placed, missed), parallel=parallel, costs=rows.offsets)
    return placed, missed


@njit(cache=True, nogil=True)
def _sequence(
    offsets, items, shares, vectors, groups, gaps, features, periods, weights, levels, arcs, arc_weight, hooks, hooked,
    fixed, passes, start, stop, placed, missed
):  # fmt: skip
    room = longest(offsets, start, stop)
    depth = (vectors.shape[1] + AXES - 1) // AXES * AXES
    tiles = np.zeros((room // LANES * depth, LANES), np.float32)
    asked = np.empty(depth, np.float32)
    cosines = np.empty((1, room), np.float32)
    # A row's n tracks stand at the places 1 to n. At 0 and behind the last stand n and n + 1, no distance from any.
    known = np.empty((len(weights), room), np.float32)
    steps = np.zeros((room + 2, room + 2), np.float32)
    costs = np.zeros((room + 2, room + 2), np.float32)
    scratch = room_for(room)
    member = np.full((len(groups), room + 2), -1, np.int32)
    order = np.empty(room + 2, np.int64)
    other = np.empty(room + 2, np.int64)
    spare = np.empty(room + 2, np.int64)
    for row in range(start, stop):
        begin, n = offsets[row], offsets[row + 1] - offsets[row]
        if n == 0:
            continue
        kept = min(np.int64(fixed[row]), n)
        for group in range(len(groups)):
            for i in range(n):
                member[group, i] = groups[group, begin + i]
            member[group, n] = member[group, n + 1] = -1
        for d in range(len(weights)):
            for i in range(n):
                known[d, i] = features[begin + i, d]
        lay(vectors, items, begin, n, depth, tiles)
        for i in range(n):
            ask(tiles, depth, i, depth, asked)
            products(tiles, depth, depth, n, asked, cosines)
            _measure(cosines, shares[begin : begin + n], known, periods, weights, i, n, steps)
        _placed(levels, arcs[row], arc_weight, hooks, hooked, begin, n, kept, costs)
        for attempt in range(2):
            _begin(steps, costs, member, n, kept, gaps, attempt == 1, spare, other)
            if attempt == 1 and missing(other, member, 1, n, gaps, n) > 0:
                break
            lacking = improve(steps, costs, member, n, kept, gaps, passes, scratch, other)
            order, other = other, order
            if lacking == 0:
                break
        if n - kept <= EXACT:
            lacking = _exact(steps, costs, member, n, kept, gaps, lacking, spare, other, order)
        missed[row] = lacking
        for i in range(n):
            placed[begin + i] = begin + order[i + 1]


@njit(cache=True, nogil=True)
def _measure(cosines, share, known, periods, weights, i, n, steps):
    """Write the distances of one track to all, and none to the places before the first and behind the last."""
    here, near = steps[i], cosines[0]
    for j in range(n):
        here[j] = np.float32(0.5) * (share[i] + share[j]) * (np.float32(1) - near[j])
    for d in range(len(weights)):
        feature, weight, period = known[d], weights[d], periods[d]
        own = feature[i]
        if own != own:
            continue
        if period > 0:
            turns = np.float32(1) / period
            for j in range(n):
                apart = feature[j] - own
                apart = abs(apart - period * np.rint(apart * turns))
                here[j] += weight * apart if apart >= 0 else np.float32(0)
        else:
            for j in range(n):
                apart = abs(feature[j] - own)
                here[j] += weight * apart if apart >= 0 else np.float32(0)
    for beyond in range(n, n + 2):
        here[beyond] = 0
        steps[beyond, :] = 0


@njit(cache=True, nogil=True)
def _placed(levels, arc, arc_weight, hooks, hooked, begin, n, kept, costs):
    """Write what each track costs at each place."""
    knots = len(arc)
    follows = arc[0] == arc[0]
    wanted = np.zeros(n + 1, np.float32)
    if follows:
        for p in range(kept + 1, n + 1):
            at = (knots - 1) * np.float32(p - kept - 1) / np.float32(max(n - kept - 1, 1))
            knot = min(np.int64(at), knots - 1)
            after = min(knot + 1, knots - 1)
            wanted[p] = arc[knot] + (at - knot) * (arc[after] - arc[knot])
    costs[:] = 0
    for i in range(kept, n):
        here, level = costs[i], levels[begin + i]
        if follows and level == level:
            for p in range(kept + 1, n + 1):
                here[p] = arc_weight * abs(level - wanted[p])
        for p in range(kept + 1, min(kept + hooked, n) + 1):
            here[p] += hooks[begin + i]


@njit(cache=True, nogil=True)
def _begin(steps, costs, member, n, kept, gaps, most_left, left, order):
    """Write an order that goes on, from what is fixed, with the nearest of the tracks that miss least.

    A track is missing from a gap where it stands nearer than its gap behind another of its group. With `most_left`, one
    kind of groups and nothing fixed, nothing is missing if these tracks have any order that misses nothing. Suppose S
    is such an order, and first differs from ours at a place where it has a track of artist b, and we chose one of
    artist a, who has at least as many tracks left. From that place on, name a's tracks in S a1, a2 … and b's b1, b2 …;
    b1 is first. Take the least j for which b has no track after bj, or that one comes more than the gap behind aj. Up
    to j, each bi comes before its ai, so the two can change places pair by pair and still keep their distances: an
    order that misses nothing and has a at this place. For instance b a b a, with a gap of 1, becomes a b a b.

    Args:
        steps: Distances.
        costs: Of each track at each place.
        member: Of which group of each kind each track is.
        n: Tracks.
        kept: How many stay first.
        gaps: As `sequence` has them.
        most_left: Whether members of the largest groups left go before the nearest track.
        left: Scratch: of each track, how many of its first group are left, itself among them; 0 for one that is placed.
        order: The places 0 to n + 1 are written.
    """
    order[0], order[n + 1] = n, n + 1
    for i in range(n):
        left[i] = 1
        for j in range(n):
            left[i] += j != i and member[0, i] >= 0 and member[0, j] == member[0, i]
    misses = np.empty(n, np.int32)
    for place in range(1, n + 1):
        best = np.int64(-1)
        if place <= kept:
            best = place - 1
        else:
            _miss(order, member, place, gaps, misses)
            here = steps[order[place - 1]]
            fewest, most, least = np.int32(0), np.int64(0), np.float32(0)
            for i in range(n):
                if left[i] == 0 or (best >= 0 and misses[i] > fewest):
                    continue
                more = left[i] if most_left else np.int64(0)
                length = here[i] + costs[i, place]
                if best < 0 or misses[i] < fewest or more > most or (more == most and length < least):
                    best, fewest, most, least = i, misses[i], more, length
        order[place] = best
        for i in range(n):
            left[i] -= left[i] > 0 and i != best and member[0, i] >= 0 and member[0, i] == member[0, best]
        left[best] = 0


@njit(cache=True, nogil=True)
def _miss(order, member, place, gaps, misses):
    """Write what is missing of the gaps between each track, if it were here, and those at the places before."""
    misses[:] = 0
    for group in range(len(gaps)):
        every = member[group]
        for before in range(max(place - gaps[group], 1), place):
            own = every[order[before]]
            if own >= 0:
                lacking = np.int32(gaps[group] + 1 - place + before)
                for i in range(len(misses)):
                    misses[i] += lacking if every[i] == own else np.int32(0)


@njit(cache=True, nogil=True)
def _exact(steps, costs, member, n, kept, gaps, lacking, tried, used, order):
    """Search all orders depth first for one that is better; return what the best misses."""
    lengths = np.zeros(EXACT + 2, np.float32)
    misses = np.zeros(EXACT + 2, np.int64)
    best = np.float32(0)
    for place in range(kept + 1, n + 1):
        best += steps[order[place - 1], order[place]] + costs[order[place], place]
    most = lacking
    for place in range(n + 2):
        tried[place] = order[place]
    for i in range(n):
        used[i] = 0
    for place in range(1, kept + 1):
        used[order[place]] = 1
    misses[0] = missing(order, member, 1, kept, gaps, kept)
    place = kept + 1
    tried[place] = -1
    while place > kept:
        level = place - kept
        if tried[place] >= 0:
            used[tried[place]] = 0
        i = tried[place] + 1
        while i < n and used[i] == 1:
            i += 1
        if i == n:
            place -= 1
            continue
        tried[place] = i
        used[i] = 1
        lengths[level] = lengths[level - 1] + steps[tried[place - 1], i] + costs[i, place]
        misses[level] = misses[level - 1] + missing_before(tried, member, place, gaps, i)
        longer = lengths[level] >= best - np.float32(_LEAST_GAIN)
        if misses[level] > most or (misses[level] == most and longer):
            continue
        if place == n:
            most, best = misses[level], lengths[level]
            for at in range(kept + 1, n + 1):
                order[at] = tried[at]
        else:
            place += 1
            tried[place] = -1
    return most
