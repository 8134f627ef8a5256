# SPDX-License-Identifier: Apache-2.0
"""Simulated plays of any size: listeners of groups with tastes of their own, lengths and popularity of a long tail."""

from functools import cache

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

__all__ = ["plays"]

_GROUPS = 200
_OWN = 0.6
"""Share of a listener's plays that fall on the music of their group."""


@cache
def plays(listeners: int, tracks: int, mean: int, seed: int = 0) -> sp.csr_matrix:
    """Return play counts, `float32[listeners, tracks]` in CSR, columns ascending.

    Lengths of histories are log-normal (σ = 1), popularity is Zipf's (exponent 0.9, flattened at the head). The
    same for the same arguments, on every machine.

    Args:
        listeners: Rows.
        tracks: Columns.
        mean: About how many tracks a listener has.
        seed: Of the random numbers.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    lengths = rng.lognormal(0, 1, listeners)
    lengths = np.maximum(2, lengths * 1.1 * mean * listeners / lengths.sum()).astype(np.int64)
    rows = np.repeat(np.arange(listeners), lengths)
    anyone = _drawn(rng, len(rows), tracks, 50, 0.9)
    span = max(4 * tracks // _GROUPS, 1)
    group = rng.integers(0, _GROUPS, listeners)[rows]
    own = (group * tracks // _GROUPS + _drawn(rng, len(rows), span, 10, 0.8)) % tracks
    shuffled = rng.permutation(tracks)
    columns = np.where(rng.random(len(rows)) < _OWN, shuffled[own], anyone)
    made = sp.csr_matrix((np.ones(len(rows), np.float32), (rows, columns)), shape=(listeners, tracks))
    made.sum_duplicates()
    made.data = np.minimum(made.data, 20).astype(np.float32)
    return made


def _drawn(rng: np.random.Generator, count: int, size: int, flat: int, power: float) -> NDArray[np.int64]:
    """Draw ranks below `size`, the chance of rank r falling as `(r + flat)^-power`."""
    chance = np.cumsum((np.arange(size) + flat) ** -power)
    drawn: NDArray[np.int64] = np.searchsorted(chance, rng.random(count) * chance[-1])
    return drawn.clip(max=size - 1)
