# SPDX-License-Identifier: Apache-2.0
"""A score and its column as one number of 64 bits, greater for what ranks before: for taking the best without a heap.

The upper half grows with the score, the lower one with how low the column is, so equal scores rank by column, and one
comparison says which of two comes first. No score has the number 0.
"""

import numpy as np
from numba import njit

from segue.kernels.native import LANES, bits, counted, from_bits, load, reaches, splat

__all__ = ["SPARE", "column_of", "cut", "decoded", "number", "rank_in_sample", "reached_by", "score_of"]

SPARE = LANES
"""How many more than asked for `cut` may leave."""

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_SIGN = np.uint32(0x80000000)
_ALL = np.uint32(0xFFFFFFFF)


@njit(cache=True, nogil=True)
def number(score, column):
    """Return the number of a score, `float32` above -inf, and a column, from 0 to 2³² - 2."""
    raw = bits(score + np.float32(0))  # -0 is 0
    above = raw ^ (_ALL if raw & _SIGN else _SIGN)
    return (np.uint64(above) << _HALF) | (_LOW - np.uint64(column))


@njit(cache=True, nogil=True)
def score_of(one):
    """Return the score of a number."""
    above = np.uint32(one >> _HALF)
    return from_bits(above ^ (_SIGN if above & _SIGN else _ALL))


@njit(cache=True, nogil=True)
def column_of(one):
    """Return the column of a number."""
    return np.int32(_LOW - (one & _LOW))


@njit(cache=True, nogil=True)
def cut(kept, count, k):
    """Leave the k best of some numbers, and at most `SPARE` more, at the front, in their order.

    Args:
        kept: `uint64[≥ count]`, distinct.
        count: How many there are.
        k: At least 1.

    Returns:
        How many are left; and the least of them, 0 if none was dropped.
    """
    if count <= k + SPARE:
        return count, np.uint64(0)
    least, most = kept[0], kept[0]
    for place in range(count):
        least, most = min(least, kept[place]), max(most, kept[place])
    reached = count
    while reached > k + SPARE:
        middle = least + (most - least) // np.uint64(2) + np.uint64(1)
        found = 0
        for place in range(count):
            found += kept[place] >= middle
        if found >= k:
            least, reached = middle, found
        else:
            most = middle - np.uint64(1)
    filled = 0
    for place in range(count):
        if kept[place] >= least:
            kept[filled] = kept[place]
            filled += 1
    return filled, least


@njit(cache=True, nogil=True)
def rank_in_sample(expected):
    """Return a rank that seldom comes before the one looked for, where so many of a sample should."""
    return np.int64(2 + 1.1 * expected + 3 * np.sqrt(expected))


@njit(cache=True, nogil=True)
def reached_by(scores, row, width, rank):
    """Return a threshold that as many scores of a row reach as the rank says, or a few more, by bisection.

    Args:
        scores: `float32[·, ≥ width]`.
        row: Which.
        width: How many of its scores count, a multiple of 16.
        rank: At least 1. The least score, where it is greater than the width.
    """
    least, most = np.float32(np.inf), np.float32(-np.inf)
    for column in range(width):
        least = min(least, scores[row, column])
        most = max(most, scores[row, column])
    for _ in range(14):
        middle = least + (most - least) / np.float32(2)
        count = 0
        for column in range(0, width, LANES):
            count += counted(reaches(load(scores, row, column), splat(middle)))
        if count >= rank:
            least = middle
            if 8 * count <= 9 * rank:
                break
        else:
            most = middle
    return least


@njit(cache=True, nogil=True)
def decoded(best, rows, columns, scores):
    """Write the columns and scores of `best[i]`, numbers up to the first 0, to row `rows[i]`."""
    for at in range(len(rows)):
        for place in range(best.shape[1]):
            if best[at, place] == 0:
                break
            columns[rows[at], place] = column_of(best[at, place])
            scores[rows[at], place] = score_of(best[at, place])
