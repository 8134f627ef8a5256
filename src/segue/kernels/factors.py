# SPDX-License-Identifier: Apache-2.0
"""The half-step of implicit ALS: each row's factors, solved given the factors of the other side.

Row u with items i of weight c_i - 1 = a_i > 0 has the normal equations (Hu, Koren, Volinsky 2008)

    (YᵀY + λ_u I + Σ a_i y_i y_iᵀ) x = Σ (1 + a_i) y_i.

YᵀY is the same for all rows. Turned to its principal axes (`axes`, once for all rows) it is diagonal, D, and so is
M = D + λ_u I whatever the row's own λ_u. With w_i = √a_i M^-½ y_i, x = M^-½ z and t_i = (1 + a_i) / √a_i this is

    (I + WᵀW) z = Wᵀt,        or the same        z = Wᵀ (I + WWᵀ)⁻¹ t :

a system as large as the factors, or as the row is long (Woodbury). The smaller is solved; most rows of a music
catalogue have far fewer items than there are factors.

Solved for some of the factors at a time, given the others, it is iALS++ (Rendle, Krichene, Zhang, Koren 2021, "iALS++:
Speeding up Matrix Factorization with Subspace Optimization"); in these axes one block asks nothing of another but the
scores of the row's own items. All factors at once are the exact solution.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.cholesky import FEW, add_gram, solve_few, solve_from_identity
from segue.kernels.lanes import padded
from segue.kernels.native import AHEAD, LANES, prefetch, transpose
from segue.kernels.ragged import Ragged
from segue.kernels.threads import spread

__all__ = ["axes", "principal", "solve_rows"]

_LONG = 8192
"""A row of more items is gathered in parts of so many, and solved for all factors at once."""


def axes(factors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the principal axes of the Gram matrix of factors `float32[n, f]`, as the columns of `float32[f, f]`.

    Beside them the matrix along these axes, which is diagonal: `float32[f]`, not negative.
    """
    values, vectors = np.linalg.eigh((factors.T @ factors).astype(np.float64))
    return vectors.astype(np.float32), np.maximum(values, 0).astype(np.float32)


def principal(factors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Turn factors `float32[n, f]` to their principal axes; inner products stay as they are.

    Returns the turned factors, whose Gram matrix is diagonal, and that diagonal, `float32[f]`.
    """
    vectors, spectrum = axes(factors)
    return factors @ vectors, spectrum


def solve_rows(
    rows: Ragged,
    regularization: NDArray[np.float32],
    factors: NDArray[np.float32],
    spectrum: NDArray[np.float32],
    *,
    found: NDArray[np.float32] | None = None,
    block: int | None = None,
    parallel: bool = False,
) -> NDArray[np.float32]:
    """Return the factors of each row, `float32[Q, f]`; an empty row's are zero.

    Args:
        rows: Q rows of items, which are rows of `factors`, with weights `a = c - 1`, above 0.
        regularization: `float32[Q]`: λ of each row, above 0.
        factors: `float32[n, f]`: Y, as `principal` returns it.
        spectrum: `float32[f]`: the diagonal of YᵀY.
        found: `float32[Q, f]`, along the same axes: where a row begins that is solved in blocks; None: at zero.
        block: How many factors are solved at a time, once each, in sixteens; None: all, exactly.
        parallel: Use all threads (jobs) or one (requests).
    """
    f = factors.shape[1]
    begun = np.zeros((len(rows), f), np.float32) if found is None else found
    solved = np.zeros((len(rows), f), np.float32)
    given = (rows.offsets, rows.values, rows.weights, regularization, factors, spectrum, begun, block or f)
    spread(_solve, len(solved), given, (solved,), parallel=parallel, costs=rows.offsets)
    return solved


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "arcp"})
def _solve(offsets, items, weights, regularization, factors, spectrum, found, block, start, stop, solved):
    f = factors.shape[1]
    width = padded(f)
    block = min(padded(block), width)
    gathered = np.zeros((64, width), np.float32)
    rest = np.empty(64, np.float32)
    turned = np.empty((width, width), np.float32)
    system = np.empty((width, width), np.float32)
    right = np.empty((1, max(width, FEW)), np.float32)
    scale = np.zeros(width, np.float32)
    z = np.zeros(width, np.float32)
    for row in range(start, stop):
        begin = offsets[row]
        m = offsets[row + 1] - begin
        if m == 0:
            continue
        for k in range(f):
            scale[k] = np.float32(1) / np.sqrt(spectrum[k] + regularization[row])
        room = padded(min(m, _LONG))
        if room > len(gathered):
            room = max(room, 2 * len(gathered))
            gathered = np.zeros((room, width), np.float32)
            rest = np.empty(room, np.float32)
        if m > _LONG:
            z[:] = 0
            _begin(system, right, width)
            for part in range(0, m, _LONG):
                rows = min(_LONG, m - part)
                _gather(factors, items, weights, begin + part, rows, scale, z, gathered, rest)
                _combine(gathered, rest, rows, 0, right[0, :width])
                add_gram(gathered, rows, 0, width, system)
            solve_from_identity(system, width, right)
            _copy(right[0], z, width)
        else:
            for k in range(f):
                z[k] = found[row, k] / scale[k] if block < width else np.float32(0)
            _gather(factors, items, weights, begin, m, scale, z, gathered, rest)
            for first in range(0, width, block):
                part = z[first : min(first + block, width)]
                if block < width:
                    _add_products(gathered, m, first, part, np.float32(1), rest)  # what the others leave to this one
                _solve_part(gathered, m, first, rest, turned, system, right, part)
                if block < width:
                    _add_products(gathered, m, first, part, np.float32(-1), rest)
        for k in range(f):
            solved[row, k] = z[k] * scale[k]


@njit(cache=True, nogil=True)
def _copy(values, other, size):
    """Copy so many values; `other[:] = values` would take seconds to compile, for the message it never gives."""
    for k in range(size):
        other[k] = values[k]


@njit(cache=True, nogil=True)
def _begin(system, right, size):
    """Set a system of so many unknowns to the identity, and its right side to zero."""
    for i in range(size):
        system[i, :size] = 0
        system[i, i] = 1
    right[0, :size] = 0


@njit(cache=True, nogil=True)
def _solve_part(gathered, rows, first, rest, turned, system, right, z):
    """Solve for some factors, given what the others leave: z = Wᵀ(I + WWᵀ)⁻¹ rest, or (I + WᵀW)⁻¹ Wᵀ rest."""
    width = len(z)
    size = padded(rows)
    if rows > FEW and size >= width:
        _begin(system, right, width)
        _combine(gathered, rest, rows, first, right[0, :width])
        add_gram(gathered, rows, first, width, system)
        solve_from_identity(system, width, right)
        _copy(right[0], z, width)
        return
    if rows <= FEW:
        _copy(rest, right[0], rows)
        solve_few(gathered, rows, first, width, right[0])
    else:
        _begin(system, right, size)
        _copy(rest, right[0], rows)
        gathered[rows:size] = 0
        for i in range(0, size, LANES):
            for k in range(0, width, LANES):
                transpose(gathered, i, first + k, turned, k, i)
        add_gram(turned, width, 0, size, system)
        solve_from_identity(system, size, right)
    z[:] = 0
    _combine(gathered, right[0], rows, first, z)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "arcp"})
def _gather(factors, items, weights, begin, rows, scale, z, gathered, rest):
    """Write W, and t - W z."""
    last = len(items) - 1
    f = factors.shape[1]
    for i in range(rows):
        after = items[min(begin + i + AHEAD, last)]
        for k in range(0, f, LANES):
            prefetch(factors, after, k)
        y = factors[items[begin + i]]
        w = gathered[i]
        a = weights[begin + i]
        root = np.sqrt(a)
        for k in range(f):
            w[k] = root * y[k] * scale[k]
        score = np.float32(0)
        for k in range(f):
            score += w[k] * z[k]
        rest[i] = (np.float32(1) + a) / root - score


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "arcp"})
def _combine(gathered, values, rows, first, total):
    """Add the rows of a block, each times a value, to `total`."""
    for i in range(0, rows - 3, 4):
        v0, v1, v2, v3 = values[i], values[i + 1], values[i + 2], values[i + 3]
        w0, w1, w2, w3 = gathered[i], gathered[i + 1], gathered[i + 2], gathered[i + 3]
        for k in range(len(total)):
            total[k] += v0 * w0[first + k] + v1 * w1[first + k] + v2 * w2[first + k] + v3 * w3[first + k]
    for i in range(rows - rows % 4, rows):
        for k in range(len(total)):
            total[k] += values[i] * gathered[i, first + k]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "arcp"})
def _add_products(gathered, rows, first, z, sign, rest):
    """Add the products of the rows of a block with z, or take them away."""
    for i in range(rows):
        w = gathered[i]
        score = np.float32(0)
        for k in range(len(z)):
            score += w[first + k] * z[k]
        rest[i] += sign * score
