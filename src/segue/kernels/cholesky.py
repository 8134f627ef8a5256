# SPDX-License-Identifier: Apache-2.0
"""Small positive definite systems, in registers: what a block has in common with itself, and its solution.

BLAS and LAPACK lose half of the machine and more on systems of 16 to 128 unknowns, of which factorization solves one
for each row. Here an 8 by 16 tile of the result stays in eight registers while the rows pass by. All sizes are
multiples of 16; what is beyond the true size is zero, and one on the diagonal.
"""

import numpy as np
from numba import njit

from segue.kernels.native import LANES, fma, load, plus, splat, store, times, total

__all__ = ["FEW", "add_gram", "add_products", "solve_all_from_identity", "solve_few", "solve_from_identity"]

FEW = 12
"""Up to so many unknowns, `solve_few` is quicker than tiles of sixteen."""


@njit(cache=True, nogil=True)
def add_gram(block, rows, first, width, system):
    """Add BᵀB to the upper triangle of `system`, B being some columns of the first rows of a block.

    Args:
        block: `float32[·, f]`.
        rows: How many of its rows count.
        first: The first column.
        width: How many columns: d, a multiple of 16.
        system: `float32[≥ d, ≥ d]`; also what is below the diagonal in its blocks of 16 changes.
    """
    add_products(block, rows, first, width, width, system)


@njit(cache=True, nogil=True)
def add_products(block, rows, first, width, whole, system):
    """Add BᵀB as `add_gram` does, and BᵀC to the columns behind it, C being the columns of the block behind B.

    Args:
        block: `float32[·, f]`.
        rows: How many of its rows count.
        first: The first column of B.
        width: How many columns B has: d, a multiple of 16.
        whole: How many B and C have together: e, a multiple of 16.
        system: `float32[≥ d, ≥ e]`.
    """
    for at in range(0, width, LANES):
        for column in range(at, whole, LANES):
            _tile(block, rows, first, at, column, np.float32(1), system)
            _tile(block, rows, first, at + 8, column, np.float32(1), system)


@njit(cache=True, nogil=True)
def _tile(block, rows, first, at, column, sign, system):
    """Add to 8 rows and 16 columns of a system, or take away, the products of these columns of a block."""
    s = splat(sign)
    c0, c1 = times(s, load(system, at, column)), times(s, load(system, at + 1, column))
    c2, c3 = times(s, load(system, at + 2, column)), times(s, load(system, at + 3, column))
    c4, c5 = times(s, load(system, at + 4, column)), times(s, load(system, at + 5, column))
    c6, c7 = times(s, load(system, at + 6, column)), times(s, load(system, at + 7, column))
    p, q = first + at, first + column
    for i in range(rows):
        x = load(block, i, q)
        c0 = fma(splat(block[i, p]), x, c0)
        c1 = fma(splat(block[i, p + 1]), x, c1)
        c2 = fma(splat(block[i, p + 2]), x, c2)
        c3 = fma(splat(block[i, p + 3]), x, c3)
        c4 = fma(splat(block[i, p + 4]), x, c4)
        c5 = fma(splat(block[i, p + 5]), x, c5)
        c6 = fma(splat(block[i, p + 6]), x, c6)
        c7 = fma(splat(block[i, p + 7]), x, c7)
    store(system, at, column, times(s, c0))
    store(system, at + 1, column, times(s, c1))
    store(system, at + 2, column, times(s, c2))
    store(system, at + 3, column, times(s, c3))
    store(system, at + 4, column, times(s, c4))
    store(system, at + 5, column, times(s, c5))
    store(system, at + 6, column, times(s, c6))
    store(system, at + 7, column, times(s, c7))


@njit(cache=True, nogil=True)
def solve_from_identity(system, size, right):
    """Solve a system that is the identity plus a Gram matrix; `system` becomes its factor, `right` the solution.

    Args:
        system: As `_factorize` takes it.
        size: A multiple of 16.
        right: `float32[1, ≥ size]`.
    """
    _factorize(system, size, size)
    _substitute(system, size, right, 0)


@njit(cache=True, nogil=True)
def solve_all_from_identity(system, size, whole):
    """Solve a system that is the identity plus a Gram matrix for many right sides, which stand behind it, in place.

    Args:
        system: `float32[≥ size, ≥ whole]`; of the first `size` columns the upper triangle is read, and becomes their
            factor; the columns behind them are right sides, and become solutions.
        size: A multiple of 16.
        whole: Columns in all, a multiple of 16.
    """
    _factorize(system, size, whole)
    for column in range(size, whole, LANES):
        for row in range(size - 1, -1, -1):
            left, other = load(system, row, column), splat(np.float32(0))
            for below in range(row + 1, size - 1, 2):
                left = fma(splat(-system[row, below]), load(system, below, column), left)
                other = fma(splat(-system[row, below + 1]), load(system, below + 1, column), other)
            if (size - row) % 2 == 0:
                left = fma(splat(-system[row, size - 1]), load(system, size - 1, column), left)
            store(system, row, column, times(splat(system[row, row]), plus(left, other)))


@njit(cache=True, nogil=True, error_model="numpy")
def _factorize(system, size, whole):
    """Turn a system that is the identity plus a Gram matrix into U, with UᵀU the system, but for an inverted diagonal.

    No pivot of such a system is below 1, so nothing can fail. What stands behind the system, R, becomes U⁻ᵀR.

    Args:
        system: `float32[≥ size, ≥ whole]`; the upper triangle is read.
        size: A multiple of 16.
        whole: Columns in all, a multiple of 16.
    """
    one = np.float32(1)
    for begin in range(0, size, LANES):
        for column in range(begin, whole, LANES):  # what the rows above leave of these sixteen
            _tile(system, begin, 0, begin, column, -one, system)
            _tile(system, begin, 0, begin + 8, column, -one, system)
        for row in range(begin, begin + LANES):
            inverse = one / np.sqrt(max(system[row, row], one))
            scale = splat(inverse)
            for column in range(begin, whole, LANES):
                store(system, row, column, times(scale, load(system, row, column)))
            system[row, begin:row] = 0
            system[row, row] = inverse
            for below in range(row + 1, begin + LANES):
                share = splat(-system[row, below])
                for column in range(begin, whole, LANES):
                    store(system, below, column, fma(share, load(system, row, column), load(system, below, column)))


@njit(cache=True, nogil=True)
def _substitute(system, size, right, at):
    """Solve for one right side, a row of `right` (`float32[·, ≥ size]`), in place, by what `_factorize` left."""
    for row in range(size):
        value = right[at, row] * system[row, row]
        share = splat(-value)
        for column in range(row // LANES * LANES, size, LANES):
            store(right, at, column, fma(share, load(system, row, column), load(right, at, column)))
        right[at, row] = value
    for row in range(size - 1, -1, -1):
        value = right[at, row]
        right[at, row] = 0
        found = splat(np.float32(0))
        for column in range(row // LANES * LANES, size, LANES):
            found = fma(load(system, row, column), load(right, at, column), found)
        right[at, row] = (value - total(found)) * system[row, row]


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz", "arcp"})
def solve_few(block, rows, first, width, right):
    """Solve (I + BBᵀ) v = right in place, for the few first rows of a block and some of its columns.

    Args:
        block: `float32[·, f]`.
        rows: At most `FEW`.
        first: The first column.
        width: How many columns.
        right: `float32[≥ rows]`.
    """
    system = np.empty((FEW, FEW), np.float32)
    for i in range(rows):
        one = block[i, first : first + width]
        for j in range(i + 1):
            other = block[j, first : first + width]
            product = np.float32(0)
            for k in range(width):
                product += one[k] * other[k]
            system[i, j] = product
        system[i, i] += 1
    for j in range(rows):
        pivot = system[j, j]
        for k in range(j):
            pivot -= system[j, k] * system[j, k]
        inverse = np.float32(1) / np.sqrt(max(pivot, np.float32(1)))
        system[j, j] = inverse
        value = right[j]
        for k in range(j):
            value -= system[j, k] * right[k]
        right[j] = value * inverse
        for i in range(j + 1, rows):
            value = system[i, j]
            for k in range(j):
                value -= system[i, k] * system[j, k]
            system[i, j] = value * inverse
    for i in range(rows - 1, -1, -1):
        value = right[i]
        for k in range(i + 1, rows):
            value -= system[k, i] * right[k]
        right[i] = value * system[i, i]
