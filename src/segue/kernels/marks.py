# SPDX-License-Identifier: Apache-2.0
"""Which mark, such as a genre or a language, most tracks of a history have."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.ragged import Ragged
from segue.kernels.threads import spread

__all__ = ["leading"]


def leading(
    history: Ragged,
    marks: Ragged,
    count: int,
    *,
    among: int | None = None,
    most: int | None = None,
    parallel: bool = False,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Return the mark that most liked tracks of each row have, how many have it, and how many have any.

    Args:
        history: Q rows of tracks; those of weight above 0 are liked.
        marks: A row for each track: numbers of its marks, each once (weights unused).
        count: All marks are below it.
        among: Only marks below it may lead; None: all.
        most: Of a longer row only so many tracks are looked at, the last ones; None: all.
        parallel: Use all threads (jobs) or one (requests).

    Returns:
        `int32[Q]` marks, the lowest of equals, -1 where no liked track has any; `int32[Q]` twice.
    """
    rows = len(history)
    made = np.full(rows, -1, np.int32), np.zeros(rows, np.int32), np.zeros(rows, np.int32)
    looked = np.iinfo(np.int32).max if most is None else most
    given = (
        history.offsets,
        history.values,
        history.weights,
        marks.offsets,
        marks.values,
        count,
        count if among is None else among,
        looked,
    )
    spread(_lead, rows, given, made, parallel=parallel, costs=history.offsets)
    return made


@njit(cache=True, nogil=True)
def _lead(offsets, tracks, weights, mark_offsets, marks, count, among, most, start, stop, mark, having, marked):
    counts = np.zeros(count, np.int32)
    for row in range(start, stop):
        first = max(offsets[row], offsets[row + 1] - most)
        for at in range(first, offsets[row + 1]):
            track = tracks[at]
            if weights[at] > 0 and mark_offsets[track] < mark_offsets[track + 1]:
                marked[row] += 1
                for place in range(mark_offsets[track], mark_offsets[track + 1]):
                    counts[marks[place]] += 1
        for one in range(count):
            if one < among and counts[one] > having[row]:
                having[row] = counts[one]
                mark[row] = one
            counts[one] = 0
