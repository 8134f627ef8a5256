# SPDX-License-Identifier: Apache-2.0
"""The half-step of implicit ALS by a few steps of conjugate gradients for each row, from where the row stood.

The equations are those of `segue.kernels.factors`. A step costs 4 m f operations for a row of m items and f factors,
against m f² for a solution (Takács, Pilászy, Tikk 2011, "Applications of the Conjugate Gradient Method for Implicit
Feedback Collaborative Filtering"). What makes it quick here:

- In the principal axes of YᵀY that matrix is its diagonal D, so a step costs nothing for the items that a row lacks;
  turning all factors costs one product of matrices.
- There, (D + λ)⁻¹ is a good preconditioner for nothing: two steps come nearer than three without.
- A row's items are gathered once into a block that stays in the cache, and are asked for ahead of time. They are kept
  as halves to be gathered from, along axes scaled so that each has a mean square near 1: that halves the memory read,
  and no value leaves their range. All sums are of `float32`.
- Sixteen numbers at a time stay in registers (`segue.kernels.native`), eight items of a row side by side.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.lanes import padded, product
from segue.kernels.native import (
    AHEAD,
    LANES,
    fma,
    load,
    load_halves,
    narrow,
    plus,
    prefetch,
    splat,
    store,
    times,
    total,
)
from segue.kernels.ragged import Ragged
from segue.kernels.threads import spread

__all__ = ["descend"]

_ROWS = 8
"""Rows of a block are worked on so many at a time."""
_BLOCK_BYTES = 1 << 20
"""A row of more items than fit is gathered in parts, anew for each step."""


def descend(
    rows: Ragged,
    regularization: NDArray[np.float32],
    factors: NDArray[np.float32],
    spectrum: NDArray[np.float32],
    start_at: NDArray[np.float32],
    steps: int,
    *,
    parallel: bool = False,
) -> NDArray[np.float32]:
    """Return factors of each row, `float32[Q, f]`, nearer to the solution than those given; an empty row's are zero.

    Args:
        rows: Q rows of items, which are rows of `factors`, with weights `a = c - 1`, not below 0.
        regularization: `float32[Q]`: λ of each row, above 0.
        factors: `float32[n, f]`: Y, along the principal axes of YᵀY.
        spectrum: `float32[f]`: the diagonal of YᵀY.
        start_at: `float32[Q, f]`: where each row begins, along the same axes; zeros where nothing is known.
        steps: Of conjugate gradients.
        parallel: Use all threads (jobs) or one (requests).
    """
    n, f = factors.shape
    width = padded(f)
    # Along axis k, stretched by s_k = √(n / (D_k + λ)) with a middling λ, items have a mean square of at most 1.
    stretch = np.zeros(width, np.float32)
    stretch[:f] = np.sqrt(n / (spectrum + np.median(regularization)))
    halves = _aligned(n, width)
    spread(_stretch, n, (factors, stretch), (halves,), parallel=parallel)
    diagonal = np.ones((2, width), np.float32)  # of the system: D s² + λ s²
    diagonal[0, :f] = spectrum * stretch[:f] ** 2
    diagonal[1, :f] = stretch[:f] ** 2
    made = np.zeros((len(start_at), f), np.float32)
    given = (rows.offsets, rows.values, rows.weights, regularization, halves, stretch, diagonal, start_at, steps)
    spread(_descend, len(start_at), given, (made,), parallel=parallel, costs=rows.offsets)
    return made


def _aligned(rows: int, width: int) -> NDArray[np.uint16]:
    """Return `uint16[rows, width]`, uninitialised, whose rows begin where cache lines do."""
    raw = np.empty(rows * width + 32, np.uint16)
    first = -raw.ctypes.data % 64 // 2
    return raw[first : first + rows * width].reshape(rows, width)


@njit(cache=True, nogil=True)
def _stretch(factors, stretch, start, stop, halves):
    for row in range(start, stop):
        for k in range(factors.shape[1]):
            halves[row, k] = narrow(factors[row, k] * stretch[k])
        for k in range(factors.shape[1], len(stretch)):
            halves[row, k] = 0


@njit(cache=True, nogil=True, error_model="numpy")
def _descend(
    offsets, items, weights, regularization, halves, stretch, diagonal, start_at, steps, start, stop, made
):  # fmt: skip
    width = halves.shape[1]
    room = max(_BLOCK_BYTES // (4 * width), 64) // _ROWS * _ROWS
    block = np.empty((room, width), np.float32)
    heavy = np.empty(room, np.float32)
    x = np.zeros((1, width), np.float32)
    system = np.ones((1, width), np.float32)
    inverse = np.ones((1, width), np.float32)
    residual = np.empty((1, width), np.float32)
    direction = np.empty((1, width), np.float32)
    moved = np.empty((1, width), np.float32)
    one = np.float32(1)
    for row in range(start, stop):
        first = offsets[row]
        m = offsets[row + 1] - first
        if m == 0:
            continue
        for k in range(width):
            system[0, k] = diagonal[0, k] + regularization[row] * diagonal[1, k]
            inverse[0, k] = one / system[0, k]
        for k in range(start_at.shape[1]):
            x[0, k] = start_at[row, k] / stretch[k]
        # What is left of the right side, b - A x, is the first thing to descend along.
        _times(system, x, -one, moved)
        for part in range(0, m, room):
            rows = min(room, m - part)
            _gather(halves, items, weights, first + part, rows, block, heavy)
            _add_products(block, heavy, rows, x, one, -one, moved)
        for k in range(width):
            residual[0, k] = moved[0, k]
        _times(inverse, residual, one, direction)
        left = product(residual, 0, direction)
        enough = np.float32(1e-12) * left
        for _ in range(steps):
            if left <= enough:
                break
            _times(system, direction, one, moved)
            for part in range(0, m, room):
                rows = min(room, m - part)
                if m > room:
                    _gather(halves, items, weights, first + part, rows, block, heavy)
                _add_products(block, heavy, rows, direction, np.float32(0), one, moved)
            step = left / product(direction, 0, moved)
            before, left = left, np.float32(0)
            for k in range(width):
                x[0, k] += step * direction[0, k]
                residual[0, k] -= step * moved[0, k]
                moved[0, k] = residual[0, k] * inverse[0, k]
            left = product(residual, 0, moved)
            turn = left / before
            for k in range(width):
                direction[0, k] = moved[0, k] + turn * direction[0, k]
        for k in range(start_at.shape[1]):
            made[row, k] = x[0, k] * stretch[k]


@njit(cache=True, nogil=True)
def _gather(halves, items, weights, first, rows, block, heavy):
    """Write the factors and weights of some items of a row, and zeros up to a multiple of rows at a time."""
    last = len(items) - 1
    width = halves.shape[1]
    for i in range(rows):
        after = items[min(first + i + AHEAD, last)]
        for k in range(0, width, 32):
            prefetch(halves, after, k)
        item = items[first + i]
        for k in range(0, width, LANES):
            store(block, i, k, load_halves(halves, item, k))
        heavy[i] = weights[first + i]
    for i in range(rows, (rows + _ROWS - 1) // _ROWS * _ROWS):
        block[i] = 0
        heavy[i] = 0


@njit(cache=True, nogil=True)
def _add_products(block, heavy, rows, direction, right, sign, moved):
    """Add to `moved` each row y of the block, `right · (1 + a) + sign · a · (yᵀ direction)` times."""
    width = block.shape[1]
    nothing = splat(np.float32(0))
    for i in range(0, rows, _ROWS):
        t0 = t1 = t2 = t3 = t4 = t5 = t6 = t7 = nothing
        for k in range(0, width, LANES):
            p = load(direction, 0, k)
            t0 = fma(load(block, i, k), p, t0)
            t1 = fma(load(block, i + 1, k), p, t1)
            t2 = fma(load(block, i + 2, k), p, t2)
            t3 = fma(load(block, i + 3, k), p, t3)
            t4 = fma(load(block, i + 4, k), p, t4)
            t5 = fma(load(block, i + 5, k), p, t5)
            t6 = fma(load(block, i + 6, k), p, t6)
            t7 = fma(load(block, i + 7, k), p, t7)
        s0 = splat(right + heavy[i] * (right + sign * total(t0)))
        s1 = splat(right + heavy[i + 1] * (right + sign * total(t1)))
        s2 = splat(right + heavy[i + 2] * (right + sign * total(t2)))
        s3 = splat(right + heavy[i + 3] * (right + sign * total(t3)))
        s4 = splat(right + heavy[i + 4] * (right + sign * total(t4)))
        s5 = splat(right + heavy[i + 5] * (right + sign * total(t5)))
        s6 = splat(right + heavy[i + 6] * (right + sign * total(t6)))
        s7 = splat(right + heavy[i + 7] * (right + sign * total(t7)))
        for k in range(0, width, LANES):
            one = fma(s0, load(block, i, k), load(moved, 0, k))
            two = times(s1, load(block, i + 1, k))
            one = fma(s2, load(block, i + 2, k), one)
            two = fma(s3, load(block, i + 3, k), two)
            one = fma(s4, load(block, i + 4, k), one)
            two = fma(s5, load(block, i + 5, k), two)
            one = fma(s6, load(block, i + 6, k), one)
            two = fma(s7, load(block, i + 7, k), two)
            store(moved, 0, k, plus(one, two))


@njit(cache=True, nogil=True)
def _times(one, other, sign, made):
    for k in range(0, one.shape[1], LANES):
        store(made, 0, k, times(times(load(one, 0, k), splat(sign)), load(other, 0, k)))
