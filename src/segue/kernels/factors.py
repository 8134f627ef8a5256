# SPDX-License-Identifier: Apache-2.0
"""The half-step of implicit ALS: each row's factors, solved exactly, given the factors of the other side.

Row u with items i of weight c_i - 1 = a_i > 0 has the normal equations (Hu, Koren, Volinsky 2008)

    (A0 + Σ a_i y_i y_iᵀ) x = Σ (1 + a_i) y_i,        A0 = YᵀY + λI.

With m items in the row and f factors, the textbook solution costs m f² + f³/3. A0 is the same for all rows, so with
Z = Y A0⁻¹ (one matrix product for all rows) the Woodbury identity gives the same x from a system of size m:

    x = Σ_i v_i z_i,        (diag(1/a) + Y_u Z_uᵀ) v = (1 + a) / a,

which costs m² f / 2 + m³/6. Most rows of a music catalogue have m far below f. Both are exact; the cheaper is taken.
"""

import numpy as np
import scipy.linalg
from numba import njit
from numpy.typing import NDArray

from segue.kernels.threads import spread

__all__ = ["gramian", "solve_rows"]


def gramian(factors: NDArray[np.float32], regularization: float) -> NDArray[np.float64]:
    """Return `A0 = YᵀY + λI`, `float64[f, f]`, of factors `float32[n, f]`."""
    gram: NDArray[np.float64] = (factors.T @ factors).astype(np.float64)
    gram[np.diag_indices_from(gram)] += regularization
    return gram


def solve_rows(
    offsets: NDArray[np.int64],
    items: NDArray[np.int32],
    weights: NDArray[np.float32],
    factors: NDArray[np.float32],
    gram: NDArray[np.float64],
    projected: NDArray[np.float32] | None = None,
    *,
    parallel: bool = False,
) -> NDArray[np.float32]:
    """Return the factors of each row, `float32[Q, f]`; an empty row's are zero.

    Args:
        offsets: `int64[Q + 1]` of the rows.
        items: `int32[m]`, rows of `factors`.
        weights: `float32[m]`: `a = c - 1`, above 0.
        factors: `float32[n, f]`: Y.
        gram: `float64[f, f]`: A0, of `gramian`.
        projected: `float32[n, f]`: Z = Y A0⁻¹; made here when not given.
        parallel: Use all threads (jobs) or one (requests).
    """
    if projected is None:
        touched, local = np.unique(items, return_inverse=True)
        factors = factors[touched]
        items = local.astype(np.int32)
        projected = project(factors, gram)
    solved = np.zeros((len(offsets) - 1, factors.shape[1]), np.float32)
    gram32 = gram.astype(np.float32)
    spread(_solve, (offsets, items, weights, factors, projected, gram32), (solved,), parallel=parallel)
    return solved


def project(factors: NDArray[np.float32], gram: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return `Z = Y A0⁻¹`, `float32[n, f]`."""
    inverse = scipy.linalg.cho_solve(scipy.linalg.cho_factor(gram), np.eye(len(gram)))
    return factors @ inverse.astype(np.float32)


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
def _solve(offsets, items, weights, factors, projected, gram, start, step, solved):
    f = factors.shape[1]
    system = np.empty((f, f), np.float32)
    right = np.empty(f, np.float32)
    for row in range(start, len(offsets) - 1, step):
        first = offsets[row]
        m = offsets[row + 1] - first
        if m == 0:
            continue
        x = solved[row]
        if m < f:
            for i in range(m):
                y = factors[items[first + i]]
                a = weights[first + i]
                right[i] = (1 + a) / a
                for j in range(i + 1):
                    z = projected[items[first + j]]
                    dot = np.float32(0)
                    for k in range(f):
                        dot += y[k] * z[k]
                    system[i, j] = dot
                system[i, i] += 1 / a
            _cholesky_solve(system, m, right)
            for i in range(m):
                z = projected[items[first + i]]
                v = right[i]
                for k in range(f):
                    x[k] += v * z[k]
        else:
            for i in range(f):
                for j in range(i + 1):
                    system[i, j] = gram[i, j]
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
