# SPDX-License-Identifier: Apache-2.0
"""The half-step of implicit ALS: each row's factors, solved exactly, given the factors of the other side.

Row u with items i of weight c_i - 1 = a_i > 0 has the normal equations (Hu, Koren, Volinsky 2008)

    (YᵀY + λ_u I + Σ a_i y_i y_iᵀ) x = Σ (1 + a_i) y_i.

With m items in the row and f factors, the textbook solution costs m f² + f³/3. YᵀY is the same for all rows. Turned to
its principal axes (`principal`, once for all rows) it is diagonal, D, and so is D + λ_u I whatever the row's own λ_u.
With z_i = (D + λ_u I)⁻¹ y_i, the Woodbury identity gives the same x from a system of size m:

    x = Σ_i v_i z_i,        (diag(1/a) + Y_u Z_uᵀ) v = (1 + a) / a,

which costs m² f / 2 + m³/6. Most rows of a music catalogue have m far below f. Both are exact; the cheaper is taken.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.threads import spread

__all__ = ["principal", "solve_rows"]


def principal(factors: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Turn factors `float32[n, f]` to the principal axes of their Gram matrix.

    Inner products stay as they are. Returns the turned factors, whose Gram matrix is diagonal, and that diagonal,
    `float32[f]`, not negative.
    """
    values, axes = np.linalg.eigh((factors.T @ factors).astype(np.float64))
    return factors @ axes.astype(np.float32), np.maximum(values, 0).astype(np.float32)


def solve_rows(
    offsets: NDArray[np.int64],
    items: NDArray[np.int32],
    weights: NDArray[np.float32],
    regularization: NDArray[np.float32],
    factors: NDArray[np.float32],
    spectrum: NDArray[np.float32],
    *,
    parallel: bool = False,
) -> NDArray[np.float32]:
    """Return the factors of each row, `float32[Q, f]`; an empty row's are zero.

    Args:
        offsets: `int64[Q + 1]` of the rows.
        items: `int32[m]`, rows of `factors`.
        weights: `float32[m]`: `a = c - 1`, above 0.
        regularization: `float32[Q]`: λ of each row, above 0.
        factors: `float32[n, f]`: Y, as `principal` returns it.
        spectrum: `float32[f]`: the diagonal of YᵀY.
        parallel: Use all threads (jobs) or one (requests).
    """
    solved = np.zeros((len(offsets) - 1, factors.shape[1]), np.float32)
    spread(_solve, (offsets, items, weights, regularization, factors, spectrum), (solved,), parallel=parallel)
    return solved


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz", "arcp"})
def _cholesky_solve(system, size, right):
    """Solve in place with the lower triangle of `system[:size, :size]`; the solution is left in `right`."""
    for j in range(size):
        pivot = system[j, j]
        for k in range(j):
            pivot -= system[j, k] * system[j, k]
        pivot = np.sqrt(pivot)
        system[j, j] = pivot
        scale = 1 / pivot
        for i in range(j + 1, size):
            value = system[i, j]
            for k in range(j):
                value -= system[i, k] * system[j, k]
            system[i, j] = value * scale
    for i in range(size):
        value = right[i]
        for k in range(i):
            value -= system[i, k] * right[k]
        right[i] = value / system[i, i]
    for i in range(size - 1, -1, -1):
        value = right[i] / system[i, i]
        right[i] = value
        for k in range(i):
            right[k] -= system[i, k] * value


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz", "arcp"})
def _solve(offsets, items, weights, regularization, factors, spectrum, start, step, solved):
    f = factors.shape[1]
    system = np.empty((f, f), np.float32)
    projected = np.empty((f, f), np.float32)
    right = np.empty(f, np.float32)
    inverse = np.empty(f, np.float32)
    for row in range(start, len(offsets) - 1, step):
        first = offsets[row]
        m = offsets[row + 1] - first
        if m == 0:
            continue
        x = solved[row]
        if m < f:
            for k in range(f):
                inverse[k] = 1 / (spectrum[k] + regularization[row])
            for i in range(m):
                y = factors[items[first + i]]
                z = projected[i]
                for k in range(f):
                    z[k] = y[k] * inverse[k]
                a = weights[first + i]
                right[i] = (1 + a) / a
                for j in range(i + 1):
                    z = projected[j]
                    dot = np.float32(0)
                    for k in range(f):
                        dot += y[k] * z[k]
                    system[i, j] = dot
                system[i, i] += 1 / a
            _cholesky_solve(system, m, right)
            for i in range(m):
                z = projected[i]
                v = right[i]
                for k in range(f):
                    x[k] += v * z[k]
        else:
            for i in range(f):
                for j in range(i):
                    system[i, j] = 0
                system[i, i] = spectrum[i] + regularization[row]
                right[i] = 0
            for p in range(first, first + m):
                y = factors[items[p]]
                a = weights[p]
                for i in range(f):
                    right[i] += (1 + a) * y[i]
                    ay = a * y[i]
                    for j in range(i + 1):
                        system[i, j] += ay * y[j]
            _cholesky_solve(system, f, right)
            x[:] = right
