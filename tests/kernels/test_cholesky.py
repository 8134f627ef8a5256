# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest

from segue.kernels.cholesky import FEW, add_gram, add_products, solve_all_from_identity, solve_few, solve_from_identity


@pytest.mark.parametrize("width", [16, 32, 80])
@pytest.mark.parametrize("rows", [0, 1, 5, 100])
def test_a_gram_matrix_is_added_to_the_upper_triangle(width: int, rows: int) -> None:
    rng = np.random.Generator(np.random.PCG64(width))
    block = rng.normal(0, 1, (rows + 2, width + 32)).astype(np.float32)
    system = rng.normal(0, 1, (width + 5, width + 7)).astype(np.float32)
    expected = system[:width, :width] + block[:rows, 16 : 16 + width].T @ block[:rows, 16 : 16 + width]
    add_gram(block, rows, 16, width, system)
    np.testing.assert_allclose(np.triu(system[:width, :width]), np.triu(expected), atol=1e-4)


@pytest.mark.parametrize("size", [16, 48, 128])
@pytest.mark.parametrize("spread", [0.0, 0.1, 30.0], ids=["identity", "near", "far"])
def test_the_identity_and_a_gram_matrix_are_solved(size: int, spread: float) -> None:
    rng = np.random.Generator(np.random.PCG64(size))
    block = (spread * rng.normal(0, 1, (size + 9, size))).astype(np.float32)
    whole = np.eye(size) + block.astype(np.float64).T @ block
    system, right = whole.astype(np.float32), rng.normal(0, 1, (1, size)).astype(np.float32)
    expected = np.linalg.solve(whole, right[0])
    solve_from_identity(system, size, right)
    np.testing.assert_allclose(right[0], expected, atol=1e-3 * np.abs(expected).max())


@pytest.mark.parametrize("size", [16, 48, 128])
@pytest.mark.parametrize("sides", [16, 32])
def test_many_right_sides_are_solved_at_once(size: int, sides: int) -> None:
    rng = np.random.Generator(np.random.PCG64(size))
    block = rng.normal(0, 1, (40, size + sides)).astype(np.float32)
    wide = block.astype(np.float64)
    expected = np.linalg.solve(np.eye(size) + wide[:, :size].T @ wide[:, :size], wide[:, :size].T @ wide[:, size:])
    system = np.eye(size + sides, dtype=np.float32)
    system[:size, size:] = 0
    add_products(block, 40, 0, size, size + sides, system)
    solve_all_from_identity(system, size, size + sides)
    np.testing.assert_allclose(system[:size, size:], expected, atol=1e-3 * np.abs(expected).max())


@pytest.mark.parametrize("rows", range(1, FEW + 1))
def test_a_few_rows_are_solved(rows: int) -> None:
    rng = np.random.Generator(np.random.PCG64(rows))
    block = rng.normal(0, 1, (rows + 3, 48)).astype(np.float32)
    part = block[:rows, 16:35].astype(np.float64)
    right = rng.normal(0, 1, 16).astype(np.float32)
    expected = np.linalg.solve(np.eye(rows) + part @ part.T, right[:rows])
    solve_few(block, rows, 16, 19, right)
    np.testing.assert_allclose(right[:rows], expected, atol=1e-4)
