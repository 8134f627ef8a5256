# SPDX-License-Identifier: Apache-2.0
"""Numbers drawn by name and not in turn: who else is asked, and in which order, changes nobody's luck."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["luck"]

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def luck(seed: int, *keys: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each row of the keys, which are broadcast together and not negative.

    Two policies that are tried on the same listeners with the same seed meet the same luck wherever they show the same
    track, so that what differs between them is not chance. The hash is SplitMix64's (Steele, Lea, Flood 2014).
    """
    state = np.full(1, seed, np.uint64)
    for key in keys:
        state = _mixed(state + _STEP * (key.astype(np.uint64) + np.uint64(1)))
    return np.asarray((state >> np.uint64(11)) * 2.0**-53)


def _mixed(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    return state ^ (state >> np.uint64(31))
