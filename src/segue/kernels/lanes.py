# SPDX-License-Identifier: Apache-2.0
"""What several kernels do with rows of whole lanes (`segue.kernels.native`)."""

import numpy as np
from numba import njit

from segue.kernels.native import LANES, fma, load, prefetch, splat, total

__all__ = ["fetch", "padded", "product"]


@njit(cache=True, nogil=True)
def padded(size):
    """Return the least multiple of `LANES` that is not below a size."""
    return (size + LANES - 1) // LANES * LANES


@njit(cache=True, nogil=True)
def fetch(rows, row):
    """Ask for all of a row of `float32[n, f]`, if it is one: numbers below 0 are none."""
    if row >= 0:
        for k in range(0, rows.shape[1], LANES):
            prefetch(rows, row, k)


@njit(cache=True, nogil=True)
def product(one, row, other):
    """Return the inner product of a row and the first row of another array, both of a multiple of `LANES` columns."""
    found = splat(np.float32(0))
    for k in range(0, one.shape[1], LANES):
        found = fma(load(one, row, k), load(other, 0, k), found)
    return total(found)
