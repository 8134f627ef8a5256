# SPDX-License-Identifier: Apache-2.0
"""Rows that share a number, counted without a loop."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["earlier"]


def earlier(groups: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return for each row how many earlier rows are of its group: `[5, 7, 5, 5]` gives `[0, 0, 1, 2]`.

    Groups are numbers from 0.
    """
    order = np.argsort(groups, kind="stable")
    first = np.flatnonzero(np.diff(groups[order], prepend=-1))
    counted = np.empty(len(groups), np.intp)
    counted[order] = np.arange(len(groups)) - np.repeat(first, np.diff(first, append=len(groups)))
    return counted
