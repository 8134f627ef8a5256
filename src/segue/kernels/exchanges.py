# SPDX-License-Identifier: Apache-2.0
"""Exchanges that make an order shorter: a part is turned round, or two change places. For use inside kernels.

All exchanges that begin at one place are priced together, sixteen at a time. For that, what is between two tracks and
what a track costs at a place are kept by where the tracks stand now, so that each price is a sum of a few rows.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.lanes import padded
from segue.kernels.native import LANES, exceeds, load, lowest, minus, plus, splat, store

__all__ = ["Room", "improve", "missing", "missing_before", "room_for"]

_SHORT = 3
"""Most tracks that move to another place together."""
_LEAST_GAIN = np.float32(1e-4)
"""What an exchange must gain in length; less is rounding."""

_ON, _ON_TURNED, _BACK, _BACK_TURNED, _KINDS = 1, 4, 6, 9, 11
"""Kinds of exchanges: 0, a part is turned round; from `_ON` on, the 1 to 3 tracks from here on move behind others;
from `_ON_TURNED` on, 2 or 3 do and are turned round; from `_BACK` and `_BACK_TURNED` on, as many tracks move to here
from behind others."""


class Room(NamedTuple):
    """Scratch for one row, whose n tracks stand at the places 1 to n; at 0 and n + 1 stand none."""

    near: NDArray[np.float32]
    """`[x, y]`: how far the tracks at x and y are apart; 0 from where none stands."""
    here: NDArray[np.float32]
    """`[x, y]`: what the track at x would cost at y."""
    away: NDArray[np.float32]
    """`[y, x]`: the same."""
    skips: NDArray[np.float32]
    """`[k, x]`: how far the tracks at x and x + 1 + k are apart."""
    shifts: NDArray[np.float32]
    """`[3 + k, x]`: what the tracks at 1 … x would cost k places further on, together."""
    turns: NDArray[np.float32]
    """`[x, y]`: what the tracks at x … y would cost turned round."""
    gains: NDArray[np.float32]
    """`[kind, x]`: what the exchange gains that ends at x: turning up to x, moving behind x, or moving what is behind
    x; `_price` has it for one beginning."""
    spare: NDArray[np.int64]
    """Tracks that are put by."""


@njit(cache=True, nogil=True)
def room_for(most):
    """Return scratch for rows of so many tracks."""
    side = padded(most + 2) + LANES
    return Room(
        np.zeros((side, side), np.float32),
        np.zeros((side, side), np.float32),
        np.zeros((side, side), np.float32),
        np.zeros((_SHORT + 1, side), np.float32),
        np.zeros((2 * _SHORT + 1, side), np.float32),
        np.zeros((side, side), np.float32),
        np.zeros((_KINDS, side), np.float32),
        np.zeros(side, np.int64),
    )


@njit(cache=True, nogil=True)
def improve(steps, costs, member, n, kept, gaps, passes, room, order):
    """Exchange parts of an order while that makes it better; return what it misses at the end.

    From each place on in turn, what gains most is exchanged until nothing gains anything.

    Args:
        steps: `float32[n + 2, n + 2]`: distances; n and n + 1 are no tracks, and 0 from all.
        costs: `float32[n + 2, n + 2]`: of each track at each place.
        member: `int32[G, n + 2]`: of which group of each kind each track is.
        n: Tracks.
        kept: How many stay first.
        gaps: `int32[G]`: how many places are to lie between two tracks of a group.
        passes: Most looks at a place, for each of the tracks.
        room: Scratch.
        order: `int64[n + 2]`, as `Room` has places; improved in place.
    """
    lacking = missing(order, member, 1, n, gaps, n)
    _relate(steps, costs, order, 0, n + 1, n, room)
    free, still, p = n - kept, 0, kept + 1  # `still`: places in turn from which nothing was exchanged
    for _ in range(passes * free):
        if still == free:
            break
        _price(n, p, room)
        less, last = _exchange(member, n, gaps, p, lacking, room, order)
        if last < 0:
            still += 1
            p = p + 1 if p < n else kept + 1
        else:
            still = 0
            lacking -= less
            _relate(steps, costs, order, p, last, n, room)
    return lacking


@njit(cache=True, nogil=True)
def _relate(steps, costs, order, first, last, n, room):
    """Write into the room what the tracks that stand from the first to the last place have to do with the others."""
    near, here, away = room.near, room.here, room.away
    for x in range(first, last + 1):
        track = order[x]
        for y in range(n + 2):
            near[x, y] = near[y, x] = steps[track, order[y]]
            here[x, y] = away[y, x] = costs[track, y]
    for k in range(_SHORT + 1):
        for x in range(max(first - 1 - k, 0), min(last, n - k) + 1):
            room.skips[k, x] = near[x, x + 1 + k]
    for shift in range(-_SHORT, _SHORT + 1):
        sums = room.shifts[shift + _SHORT]
        for x in range(max(first, 1), n + 1):
            to = x + shift
            sums[x] = sums[x - 1] + (here[x, to] if 1 <= to <= n else np.float32(0))
    for x in range(min(last, n), 0, -1):
        room.turns[x, x] = here[x, x]
        room.turns[x + 1, x] = 0
        for c in range(max(first, x + 1), n + 1, LANES):
            both = plus(load(here, x, c), load(away, x, c))
            store(room.turns, x, c, plus(both, load(room.turns, x + 1, c - 1)))


@njit(cache=True, nogil=True)
def _price(n, p, room):
    """Write what each exchange gains that begins at the place p. What it writes for impossible ones means nothing."""
    near, here, away, skips, shifts, gains = room.near, room.here, room.away, room.skips, room.shifts, room.gains
    before = skips[0, p - 1]
    stay = shifts[_SHORT, p - 1]
    for c in range(p // LANES * LANES, n + 1, LANES):
        # The steps into p, from q to the next, and what p … q cost now.
        own = plus(plus(load(skips, 0, c), splat(before - stay)), load(shifts, _SHORT, c))
        front = load(near, p - 1, c + 1)
        made = plus(plus(load(near, p - 1, c), load(near, p, c + 1)), load(room.turns, p, c))
        store(gains, 0, c, minus(own, made))
        for moved in range(1, _SHORT + 1):
            q = p + moved - 1
            if q < n:
                # p … q move behind the place r.
                fixed = skips[0, q] - near[p - 1, q + 1] + shifts[_SHORT - moved, q]
                rest = minus(plus(own, splat(fixed)), load(shifts, _SHORT - moved, c))
                straight = plus(load(near, p, c), load(near, q, c + 1))
                turned = plus(load(near, q, c), load(near, p, c + 1))
                for i in range(moved):
                    straight = plus(straight, load(here, p + i, c - moved + 1 + i))
                    turned = plus(turned, load(here, p + i, c - i))
                store(gains, _ON + moved - 1, c, minus(rest, straight))
                if moved > 1:
                    store(gains, _ON_TURNED + moved - 2, c, minus(rest, turned))
            # The tracks behind the place q move to p.
            now = plus(plus(load(skips, 0, c), load(skips, 0, c + moved)), load(shifts, _SHORT, c + moved))
            then = plus(load(skips, moved, c), load(shifts, _SHORT + moved, c))
            rest = plus(minus(now, then), splat(before - stay + shifts[_SHORT + moved, p - 1]))
            straight = plus(front, load(near, p, c + moved))
            turned = plus(load(near, p - 1, c + moved), load(near, p, c + 1))
            for i in range(moved):
                straight = plus(straight, load(away, p + i, c + 1 + i))
                turned = plus(turned, load(away, p + moved - 1 - i, c + 1 + i))
            store(gains, _BACK + moved - 1, c, minus(rest, straight))
            if moved > 1:
                store(gains, _BACK_TURNED + moved - 2, c, minus(rest, turned))


@njit(cache=True, nogil=True)
def _span(kind, n, p):
    """Return how many tracks an exchange moves (0: none), and the first and last place it may end at."""
    if kind == 0:
        return 0, p + 1, n
    if kind < _BACK:
        moved = kind - _ON + 1 if kind < _ON_TURNED else kind - _ON_TURNED + 2
        return moved, p + moved, n
    moved = kind - _BACK + 1 if kind < _BACK_TURNED else kind - _BACK_TURNED + 2
    return moved, p + _SHORT, n - moved


@njit(cache=True, nogil=True)
def _exchange(member, n, gaps, p, lacking, room, order):
    """Make the exchange that gains most; return how much less is missing, and the last place it touches, or -1."""
    while True:
        kind, at = _best(n, p, room.gains)
        if kind < 0:
            break
        less, last = _try(member, n, gaps, p, kind, at, room.gains[kind, at], lacking, room.spare, order)
        if last >= 0:
            return less, last
        room.gains[kind, at] = 0
    # What makes the order longer may still miss less: tried with single tracks alone, as it seldom does.
    if lacking > 0:
        for kind in (_ON, _BACK):
            _, first, final = _span(kind, n, p)
            if kind == _BACK:
                first = p
            for at in range(first, final + 1):
                less, last = _try(member, n, gaps, p, kind, at, np.float32(0), lacking, room.spare, order)
                if last >= 0:
                    return less, last
    return 0, -1


@njit(cache=True, nogil=True)
def _best(n, p, gains):
    """Return the kind of exchange that gains most and where it ends, or -1 if none gains anything."""
    found, place, most = -1, -1, _LEAST_GAIN
    for kind in range(_KINDS):
        _, first, last = _span(kind, n, p)
        for c in range(first // LANES * LANES, last + 1, LANES):
            more = exceeds(load(gains, kind, c), splat(most))
            while more:
                lane = lowest(more)
                more = np.uint16(more & (more - np.uint16(1)))
                at = c + lane
                if first <= at <= last and gains[kind, at] > most:
                    found, place, most = kind, at, gains[kind, at]
    return found, place


@njit(cache=True, nogil=True)
def _try(member, n, gaps, p, kind, at, gain, lacking, spare, order):
    """Make an exchange if that makes the order better; return how much less is missing, and the last place, or -1."""
    moved, _, _ = _span(kind, n, p)
    if kind == 0:
        q, last, turn = at, at, 1
    elif kind < _BACK:
        q, last, turn = p + moved - 1, at, 1 if kind >= _ON_TURNED else 0
    else:
        q, last, turn = at, at + moved, 2 if kind >= _BACK_TURNED else 0
    before = missing(order, member, p, last, gaps, n) if lacking > 0 else 0
    for place in range(p, last + 1):
        spare[place] = order[place]
    for place in range(q + 1, last + 1):
        order[p + (last - place if turn == 2 else place - q - 1)] = spare[place]
    for place in range(p, q + 1):
        order[p + last - place if turn == 1 else place + last - q] = spare[place]
    less = before - missing(order, member, p, last, gaps, n)
    if less > 0 or (less == 0 and gain > _LEAST_GAIN):
        return less, last
    for place in range(p, last + 1):
        order[place] = spare[place]
    return 0, -1


@njit(cache=True, nogil=True)
def missing(order, member, first, last, gaps, n):
    """Return what is missing, at least all that has to do with the places from the first to the last."""
    found = 0
    reach = 0
    for group in range(len(gaps)):
        reach = max(reach, gaps[group])
    for place in range(first, min(last + reach, n) + 1):
        found += missing_before(order, member, place, gaps, order[place])
    return found


@njit(cache=True, nogil=True)
def missing_before(order, member, place, gaps, who):
    """Return what is missing of the gaps between a track here and those at the places before."""
    found = 0
    for group in range(len(gaps)):
        own, gap = member[group, who], gaps[group]
        if own >= 0:
            for before in range(max(place - gap, 1), place):
                found += gap + 1 - place + before if member[group, order[before]] == own else 0
    return found
