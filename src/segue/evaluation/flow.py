# SPDX-License-Identifier: Apache-2.0
"""How smooth lists are: how far neighbours lie apart, and how soon an artist comes back."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segue.kernels.ragged import places, row_numbers

__all__ = ["repeats", "steps"]


def steps(offsets: NDArray[np.int64], values: NDArray[np.float32], periods: ArrayLike = 0.0) -> NDArray[np.float64]:
    """Return `float64[Q]`: the mean step between neighbours of each list, over the pairs of which both are known.

    NaN where there is no such pair. With a period, a step is the shorter way round: with one of 1, the logarithms to
    the base 2 of 70 and 141 beats a minute are 0.01 apart.

    Args:
        offsets: `int64[Q + 1]`.
        values: `float32[n]`, or `float32[n, d]`, whose distances are added up; NaN where not known.
        periods: Of each of the d columns; 0 for none.
    """
    columns = np.asarray(values, np.float64).reshape(len(values), -1)
    rows = row_numbers(offsets)
    away = np.abs(np.diff(columns, axis=0))
    period = np.broadcast_to(np.asarray(periods, np.float64), columns.shape[1:])
    for column in np.flatnonzero(period > 0):
        round_ = away[:, column] % period[column]
        away[:, column] = np.minimum(round_, period[column] - round_)
    step = away.sum(axis=1)
    inside = (np.diff(rows) == 0) & np.isfinite(step)
    count = np.bincount(rows[1:][inside], minlength=len(offsets) - 1)
    total = np.bincount(rows[1:][inside], step[inside], minlength=len(offsets) - 1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def repeats(offsets: NDArray[np.int64], groups: NDArray[np.int32], gap: int) -> NDArray[np.float64]:
    """Return `float64[Q]`: the share of each list's tracks that have one of their group among the `gap` before them.

    NaN where a list is empty.

    Args:
        offsets: `int64[Q + 1]`.
        groups: `int32[n]`, such as artists; below 0: nobody's, which nothing repeats.
        gap: How many tracks are looked back.
    """
    place, again = places(offsets), np.zeros(len(groups), bool)
    for back in range(1, min(gap, len(groups) - 1) + 1):
        again[back:] |= (groups[back:] == groups[:-back]) & (groups[back:] >= 0) & (place[back:] >= back)
    count = np.diff(offsets)
    marked = np.bincount(row_numbers(offsets), again, minlength=len(count))
    return np.where(count > 0, marked / np.maximum(count, 1), np.nan)
