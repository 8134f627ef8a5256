# SPDX-License-Identifier: Apache-2.0
"""Rows of tracks that last as long as they should."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.threads import spread

__all__ = ["fitting"]


def fitting(
    offsets: NDArray[np.int64], length_ms: NDArray[np.int64], wanted_ms: NDArray[np.int64], *, parallel: bool = False
) -> NDArray[np.bool_]:
    """Mark the tracks of each row, best first, that together last about as long as wanted.

    The first ones are taken, as many as come closest. Then, while that comes closer still, the last one taken that
    helps most is exchanged for one that was not, or one more is added. So what is given up is near the end.

    Args:
        offsets: `int64[Q + 1]`.
        length_ms: `int64[n]`, above 0.
        wanted_ms: `int64[Q]`; 0: all are taken.
        parallel: Use all threads (jobs) or one (requests).

    Returns:
        `bool[n]`.
    """
    taken = np.zeros(len(length_ms), bool)
    given = (offsets, length_ms, wanted_ms)
    spread(_fitting, len(wanted_ms), given, (taken,), parallel=parallel, costs=offsets)
    return taken


@njit(cache=True, nogil=True)
def _fitting(offsets, length_ms, wanted_ms, start, stop, taken):
    for row in range(start, stop):
        first, last, wanted = offsets[row], offsets[row + 1], wanted_ms[row]
        if wanted == 0:
            taken[first:last] = True
            continue
        off = wanted  # how much is missing; below 0: too much
        at = first
        while at < last and abs(off - length_ms[at]) < abs(off):
            off -= length_ms[at]
            taken[at] = True
            at += 1
        for _ in range(last - first):
            out, into, least = np.int64(-1), np.int64(-1), abs(off)
            for other in range(first, last):
                if taken[other]:
                    continue
                if abs(off - length_ms[other]) < least:
                    out, into, least = np.int64(-1), other, abs(off - length_ms[other])
                for one in range(at - 1, first - 1, -1):
                    if taken[one] and abs(off + length_ms[one] - length_ms[other]) < least:
                        out, into, least = one, other, abs(off + length_ms[one] - length_ms[other])
            if into < 0:
                break
            taken[into] = True
            off -= length_ms[into]
            if out >= 0:
                taken[out] = False
                off += length_ms[out]
            at = max(at, into + 1)
