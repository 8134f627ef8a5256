# SPDX-License-Identifier: Apache-2.0
"""The best of each row's candidates that are not all alike, by marginal relevance or a determinantal process.

Both weigh relevance against likeness by a strength θ of each row, from 0 to 1: 0 is relevance alone, 1 likeness alone.
What is unknown, a zero vector, is like nothing. Of equally good candidates the earlier is chosen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.cosines import AXES, ask, lay, longest, products
from segue.kernels.lanes import padded
from segue.kernels.native import LANES, load, store
from segue.kernels.ragged import Ragged, offsets_of
from segue.kernels.threads import spread

__all__ = ["Quotas", "Shares", "dpp", "mmr"]

_MIXED = 0.01
"""Share of the target that is mixed into what a list has, so that no logarithm is of 0 (Steck's α)."""
_LEAST_PIVOT = 1e-5
"""A candidate with less than this of its own is as good as a copy; `float32` cannot tell it from rounding."""


@dataclass(frozen=True, slots=True)
class Shares:
    """What shares of a list groups of candidates, such as tastes or genres, are to have."""

    group: NDArray[np.int8]
    """`int8[m]`, beside the candidates: below C, or -1 for none."""
    target: NDArray[np.float32]
    """`float32[Q, C]`: rows add up to 1, or are all 0: nothing is asked."""
    weight: NDArray[np.float32]
    """`float32[Q]`: what one unit of divergence from the target costs, in relevance."""

    @classmethod
    def none(cls, rows: int, candidates: int) -> "Shares":
        """Ask nothing."""
        return cls(np.full(candidates, -1, np.int8), np.zeros((rows, 1), np.float32), np.zeros(rows, np.float32))


@dataclass(frozen=True, slots=True)
class Quotas:
    """How many of a list are to be of some kinds, such as familiar, or little known."""

    kind: NDArray[np.bool_]
    """`bool[m, K]`, beside the candidates: which kinds each is of."""
    least: NDArray[np.int32]
    """`int32[Q, K]`."""
    most: NDArray[np.int32]
    """`int32[Q, K]`."""

    @classmethod
    def none(cls, rows: int, candidates: int) -> "Quotas":
        """Ask nothing."""
        return cls(np.zeros((candidates, 0), bool), np.zeros((rows, 0), np.int32), np.zeros((rows, 0), np.int32))


def mmr(
    candidates: Ragged,
    vectors: NDArray[np.float32],
    limit: NDArray[np.int32],
    strength: NDArray[np.float32],
    *,
    shares: Shares | None = None,
    quotas: Quotas | None = None,
    parallel: bool = False,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose by maximal marginal relevance (Carbonell, Goldstein 1998), one after the other.

    Next comes the candidate i of greatest `(1 - θ) · relevance_i - θ · max_j cos(i, j)` over all j chosen before; the
    first one is the most relevant. The greatest cosine of each candidate is kept and only ever raised, so a row costs
    limit × candidates × f.

    With shares, what a candidate adds to the divergence `KL(target, had)` of the list so far counts against it, times a
    weight: calibration (Steck 2018, "Calibrated Recommendations"), greedily. With quotas, a kind that has what it may
    have is passed over, and once as many places are left as kinds still want, only these are chosen from; where the
    candidates do not let a quota be held, the best of the others follow.

    Args:
        candidates: Q rows of items, which are rows of `vectors` (below 0: unknown), with finite relevances as weights,
            best about 1, as cosines are.
        vectors: `float32[n, f]`, finite, of any lengths.
        limit: `int32[Q]`: how many to choose of each row; all, where it has fewer.
        strength: `float32[Q]`: θ.
        shares: Of groups; None: of none.
        quotas: Of kinds; None: of none.
        parallel: Use all threads (jobs) or one (requests).

    Returns:
        `int64[Q + 1]` offsets, and `int64`, row by row in the order of choice: places in the flat arrays of
        `candidates`.
    """
    rows, count = len(candidates), len(candidates.values)
    shares, quotas = shares or Shares.none(rows, count), quotas or Quotas.none(rows, count)
    more = shares.group, shares.target, shares.weight, quotas.kind, quotas.least, quotas.most
    return _choose(_mmr, candidates, vectors, limit, strength, parallel, more)


def dpp(
    candidates: Ragged,
    vectors: NDArray[np.float32],
    limit: NDArray[np.int32],
    strength: NDArray[np.float32],
    *,
    parallel: bool = False,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose the likeliest set of a determinantal point process, greedily (Chen, Zhang, Zhou 2018, "Fast Greedy MAP
    Inference for Determinantal Point Process to Improve Recommendation Diversity").

    The set R is to have the greatest `(1 - θ) · Σ relevance_i + θ · log det S_R` (the paper's own θ is our 1 - θ).
    `S_ij` is `(1 + cos(i, j)) / 2`, which the paper advises, so that opposites are not alike. Next comes the candidate
    of greatest `(1 - θ) · relevance_i + θ · log d_i²`, where d_i², what of it lies beside all that is chosen, is the
    next pivot of the Cholesky factor of S. The factor grows by one row at a time, so a row of candidates costs
    limit × candidates × (f + limit). Once nothing has a pivot above 1e-5, the most relevant follow.

    Arguments and what is returned are those of `mmr`, without shares and quotas.
    """
    return _choose(_dpp, candidates, vectors, limit, strength, parallel)


def _choose(
    kernel: Callable[..., object],
    candidates: Ragged,
    vectors: NDArray[np.float32],
    limit: NDArray[np.int32],
    strength: NDArray[np.float32],
    parallel: bool,
    more: tuple[NDArray[Any], ...] = (),
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    lengths = np.diff(candidates.offsets)
    offsets = offsets_of(np.clip(limit, 0, lengths))
    chosen = np.empty(offsets[-1], np.int64)
    given = (candidates.offsets, candidates.values, candidates.weights, vectors, strength, offsets, *more)
    spread(kernel, len(candidates), given, (chosen,), parallel=parallel, costs=candidates.offsets)
    return offsets, chosen


@njit(cache=True, nogil=True, error_model="numpy")
def _mmr(
    offsets, items, relevance, vectors, strength, chosen_offsets, group, target, weight, kind, least, most, start, stop,
    chosen,
):  # fmt: skip
    room = longest(offsets, start, stop)
    depth = (vectors.shape[1] + AXES - 1) // AXES * AXES
    tiles = np.zeros((room // LANES * depth, LANES), np.float32)
    asked = np.empty(depth, np.float32)
    cosines = np.empty((1, room), np.float32)
    nearest = np.empty(room, np.float32)
    worth = np.empty(room, np.float32)
    left = np.empty(room, np.bool_)
    may = np.empty(room, np.bool_)
    extra = np.zeros(target.shape[1] + 1, np.float32)
    had = np.zeros(target.shape[1] + 1, np.int64)
    have = np.zeros(kind.shape[1], np.int64)
    for row in range(start, stop):
        first, count, wanted = offsets[row], offsets[row + 1] - offsets[row], chosen_offsets[row]
        theta = np.float32(strength[row])
        lay(vectors, items, first, count, depth, tiles)
        for i in range(count):
            worth[i] = (np.float32(1) - theta) * relevance[first + i]
            nearest[i] = 0
            left[i] = True
        had[:] = 0
        have[:] = 0
        for place in range(wanted, chosen_offsets[row + 1]):
            _extra(target[row], weight[row], had, place - wanted, extra)
            _allowed(kind, least[row], most[row], have, first, count, chosen_offsets[row + 1] - place, left, may)
            best = _dearest(worth, nearest, theta, may, group, extra, first, count)
            left[best] = False
            had[group[first + best]] += 1
            for one in range(len(have)):
                have[one] += kind[first + best, one]
            chosen[place] = first + best
            ask(tiles, depth, best, depth, asked)
            products(tiles, depth, depth, count, asked, cosines)
            for i in range(count):
                nearest[i] = cosines[0, i] if place == wanted else max(nearest[i], cosines[0, i])


@njit(cache=True, nogil=True)
def _dearest(worth, nearest, theta, may, group, extra, first, count):
    """Return the first of those allowed that are worth most behind what their likeness and their group take."""
    best, most = -1, np.float32(0)
    for i in range(count):
        gain = worth[i] - theta * nearest[i] - extra[group[first + i]]
        if may[i] and (best < 0 or gain > most):
            best, most = i, gain
    return best


@njit(cache=True, nogil=True)
def _extra(target, weight, had, chosen, extra):
    """Write what one more of each group would make of the divergence, times the weight; at the end, of none."""
    extra[:] = 0
    if weight == 0:
        return
    divergence = np.float32(0)
    for one in range(len(target)):
        if target[one] > 0:
            divergence += target[one] * np.log(target[one] / _mixed(had[one], chosen, target[one]))
    for one in range(len(target) + 1):
        extra[one] = divergence
        if one < len(target) and target[one] > 0:
            before, after = _mixed(had[one], chosen, target[one]), _mixed(had[one] + 1, chosen, target[one])
            extra[one] += target[one] * np.log(before / after)
        extra[one] *= weight


@njit(cache=True, nogil=True, error_model="numpy")
def _mixed(had, chosen, target):
    """Return a group's share of a list that is one longer, with a little of its target in it."""
    share = np.float32(had) / np.float32(chosen + 1)
    return (1 - np.float32(_MIXED)) * share + np.float32(_MIXED) * target


@njit(cache=True, nogil=True)
def _allowed(kind, least, most, have, first, count, places, left, may):
    """Mark the candidates that may come next, with so many places left; all that are left where none may."""
    missing = 0
    for one in range(len(have)):
        missing += max(least[one] - have[one], 0)
    some = False
    for i in range(count):
        may[i] = left[i]
        if left[i] and len(have):
            wanted = False
            for one in range(len(have)):
                if kind[first + i, one]:
                    wanted |= have[one] < least[one]
                    if have[one] >= most[one]:
                        may[i] = False
            if missing >= places and not wanted:
                may[i] = False
        some |= may[i]
    if not some:
        for i in range(count):
            may[i] = left[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _dpp(offsets, items, relevance, vectors, strength, chosen_offsets, start, stop, chosen):
    room = longest(offsets, start, stop)
    f = (vectors.shape[1] + AXES - 1) // AXES * AXES
    depth = f + longest(chosen_offsets, start, stop)  # below its vector, each candidate's row of the Cholesky factor
    tiles = np.zeros((room // LANES * depth, LANES), np.float32)
    asked = np.zeros(depth, np.float32)
    made = np.empty((1, room), np.float32)
    pivot = np.empty(room, np.float32)
    worth = np.empty(room, np.float32)
    left = np.empty(room, np.bool_)
    half = np.float32(0.5)
    for row in range(start, stop):
        first, count, wanted = offsets[row], offsets[row + 1] - offsets[row], chosen_offsets[row]
        theta = np.float32(strength[row])
        lay(vectors, items, first, count, depth, tiles)
        for i in range(count):
            worth[i] = (np.float32(1) - theta) * relevance[first + i]
            pivot[i] = 1
            left[i] = True
        for place in range(wanted, chosen_offsets[row + 1]):
            step = place - wanted
            best = _roomiest(worth, pivot, theta, left, count) if theta > 0 else -1
            if best < 0:
                _fill(relevance, first, left, count, place, chosen_offsets[row + 1], chosen)
                break
            left[best] = False
            chosen[place] = first + best
            ask(tiles, depth, best, f + step, asked)
            for k in range(f):
                asked[k] *= half
            for k in range(f, f + step):
                asked[k] = -asked[k]
            used = (f + step + AXES - 1) // AXES * AXES
            for k in range(f + step, used):
                asked[k] = 0
            products(tiles, depth, used, count, asked, made)
            root = np.float32(1) / np.sqrt(pivot[best])
            for i in range(count):
                made[0, i] = (half + made[0, i]) * root
                pivot[i] -= made[0, i] * made[0, i]
            for i in range(count, padded(count)):
                made[0, i] = 0  # what an earlier row left in these lanes must not grow
            for column in range(0, count, LANES):
                store(tiles, column // LANES * depth + f + step, 0, load(made, 0, column))


@njit(cache=True, nogil=True)
def _roomiest(worth, pivot, theta, left, count):
    """Return the first of those left that are worth most with the logarithm of their pivots; -1 if all are copies."""
    best, most = -1, np.float32(0)
    for i in range(count):
        # No pivot is above 1, so no logarithm above 0 can lift what is worth less already.
        if left[i] and pivot[i] > np.float32(_LEAST_PIVOT) and (best < 0 or worth[i] > most):
            gain = worth[i] + theta * np.log(pivot[i])
            if best < 0 or gain > most:
                best, most = i, gain
    return best


@njit(cache=True, nogil=True)
def _fill(relevance, first, left, count, place, last, chosen):
    """Choose the most relevant of those left."""
    while place < last:
        best = -1
        for i in range(count):
            if left[i] and (best < 0 or relevance[first + i] > relevance[first + best]):
                best = i
        left[best] = False
        chosen[place] = first + best
        place += 1
