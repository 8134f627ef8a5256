# SPDX-License-Identifier: Apache-2.0
"""Running a finite automaton over many texts at once: which of its features each text has."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.ragged import offsets_of

__all__ = ["matches"]


def matches(
    text: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    steps: NDArray[np.uint32],
    rows: NDArray[np.uint32],
    found: NDArray[np.int32],
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the features that are met in each text, in their order, as often as they are met.

    Every text is read from state 0, byte by byte.

    Args:
        text: Bytes of all texts, end to end.
        offsets: `int64[Q + 1]`: text q is `text[offsets[q]:offsets[q + 1]]`.
        steps: `uint32[256 · R]`: the next state, by row and byte; states that go on alike share a row.
        rows: `uint32[S]`: the row of each state.
        found: `int32[S]`: the feature that is met on coming to a state, -1 for none.

    Returns:
        `int64[Q + 1]` and `int32[n]`: the features of text q are `values[offsets[q]:offsets[q + 1]]`.
    """
    counts = np.zeros(len(offsets) - 1, np.int64)
    _count(text, offsets, steps, rows, found, counts)
    ends = offsets_of(counts)
    values = np.empty(ends[-1], np.int32)
    _fill(text, offsets, steps, rows, found, ends, values)
    return ends, values


@njit(cache=True, nogil=True)
def _count(text, offsets, steps, rows, found, counts):
    for q in range(len(counts)):
        state = 0
        for place in range(offsets[q], offsets[q + 1]):
            state = steps[rows[state] * 256 + text[place]]
            if found[state] >= 0:
                counts[q] += 1


@njit(cache=True, nogil=True)
def _fill(text, offsets, steps, rows, found, ends, values):
    for q in range(len(ends) - 1):
        state, at = 0, ends[q]
        for place in range(offsets[q], offsets[q + 1]):
            state = steps[rows[state] * 256 + text[place]]
            if found[state] >= 0:
                values[at] = found[state]
                at += 1
