# SPDX-License-Identifier: Apache-2.0
"""The kernel works in float32; against float64 its factors are within 0.1% of the longest row's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.kernels.factors import principal, solve_rows
from segue.kernels.ragged import Ragged

TOLERANCE = 1e-3


def twin(rows: Ragged, factors: NDArray[np.float32], regularization: NDArray[np.float32]) -> NDArray[np.float64]:
    """Solve each row's normal equations as Hu, Koren and Volinsky write them, with a λ for each row."""
    y = factors.astype(np.float64)
    f = y.shape[1]
    solved = np.zeros((len(rows), f))
    for row in range(len(rows)):
        confidence, preference = np.ones(len(y)), np.zeros(len(y))
        inside = slice(rows.offsets[row], rows.offsets[row + 1])
        confidence[rows.values[inside]] += rows.weights[inside]
        preference[rows.values[inside]] = 1
        system = y.T @ (confidence[:, None] * y) + regularization[row] * np.eye(f)
        solved[row] = np.linalg.solve(system, y.T @ (confidence * preference))
    return solved


def random_rows(rng: np.random.Generator, lengths: list[int], items: int) -> Ragged:
    rows = [rng.permutation(items)[:length] for length in lengths]
    return Ragged.of(rows, [rng.uniform(0.2, 40, len(row)) for row in rows])


def assert_close(solved: NDArray[np.float32], expected: NDArray[np.float64]) -> None:
    scale = max(np.linalg.norm(expected, axis=1).max(initial=0), 1e-6)
    assert np.abs(solved - expected).max(initial=0) <= TOLERANCE * scale


@pytest.mark.parametrize("parallel", [False, True])
@settings(max_examples=40)
@given(
    lengths=st.lists(st.integers(0, 30), max_size=8),
    f=st.sampled_from([1, 3, 8, 16]),
    regularization=st.sampled_from([0.1, 5.0, 50.0]),
    seed=st.integers(0, 2**32),
)
def test_rows_solve_their_normal_equations(
    parallel: bool, lengths: list[int], f: int, regularization: float, seed: int
) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    factors, spectrum = principal(rng.normal(0, 0.3, (30, f)).astype(np.float32))
    rows = random_rows(rng, lengths, len(factors))
    damped = (regularization * rng.uniform(0.5, 2, len(rows))).astype(np.float32)
    solved = solve_rows(rows, damped, factors, spectrum, parallel=parallel)
    assert solved.dtype == np.float32
    assert_close(solved, twin(rows, factors, damped))


@pytest.mark.parametrize("length", [1, 11, 12, 13, 30], ids=lambda length: f"{length}-of-12")
def test_rows_shorter_and_longer_than_the_factors_are_solved_alike(length: int) -> None:
    rng = np.random.Generator(np.random.PCG64(length))
    factors, spectrum = principal(rng.normal(0, 0.3, (40, 12)).astype(np.float32))
    rows = random_rows(rng, [length] * 5, len(factors))
    damped = np.full(5, 2, np.float32)
    solved = solve_rows(rows, damped, factors, spectrum)
    assert_close(solved, twin(rows, factors, damped))


@pytest.mark.parametrize("f", [16, 20, 40])
@pytest.mark.parametrize("length", [12, 13, 16, 17, 33, 100, 8200, 16500], ids=str)
def test_rows_of_every_length_are_solved_alike(length: int, f: int) -> None:
    """A few items, fewer than factors, more, and more than are gathered at once."""
    rng = np.random.Generator(np.random.PCG64(length))
    factors, spectrum = principal(rng.normal(0, 0.3, (17000, f)).astype(np.float32))
    rows = random_rows(rng, [length, 3], len(factors))
    damped = np.full(2, 7, np.float32)
    solved = solve_rows(rows, damped, factors, spectrum)
    assert_close(solved, twin(rows, factors, damped))


def blockwise(
    rows: Ragged, factors: NDArray[np.float32], damped: NDArray[np.float32], found: NDArray[np.float32], block: int
) -> NDArray[np.float64]:
    """Solve for a block of factors at a time, each row's normal equations with the other factors as they stand."""
    y, solved = factors.astype(np.float64), found.astype(np.float64)
    for row in range(len(rows)):
        inside = slice(rows.offsets[row], rows.offsets[row + 1])
        confidence, preference = np.ones(len(y)), np.zeros(len(y))
        confidence[rows.values[inside]] += rows.weights[inside]
        preference[rows.values[inside]] = 1
        for first in range(0, y.shape[1], block):
            part = np.arange(first, min(first + block, y.shape[1]))
            others = np.setdiff1d(np.arange(y.shape[1]), part)
            left = confidence * (preference - y[:, others] @ solved[row, others])
            system = y[:, part].T @ (confidence[:, None] * y[:, part]) + damped[row] * np.eye(len(part))
            solved[row, part] = np.linalg.solve(system, y[:, part].T @ left)
    return solved


@pytest.mark.parametrize(("f", "block"), [(48, 16), (40, 16), (40, 32), (16, 16), (48, 20)])
def test_blocks_are_solved_one_after_the_other(f: int, block: int) -> None:
    rng = np.random.Generator(np.random.PCG64(f))
    factors, spectrum = principal(rng.normal(0, 0.3, (200, f)).astype(np.float32))
    rows = random_rows(rng, [1, 5, 12, 14, 20, 60, 150], len(factors))
    damped = rng.uniform(1, 9, len(rows)).astype(np.float32)
    found = rng.normal(0, 0.3, (len(rows), f)).astype(np.float32)
    arrays = rows, damped, factors, spectrum
    solved = solve_rows(*arrays, found=found, block=block)
    assert_close(solved, blockwise(rows, factors, damped, found, -(-block // 16) * 16))


def test_an_empty_row_has_no_factors() -> None:
    factors, spectrum = principal(np.ones((3, 4), np.float32))
    rows = Ragged.of([[], [1], []])
    solved = solve_rows(rows, np.ones(3, np.float32), factors, spectrum)
    assert solved.any(axis=1).tolist() == [False, True, False]


def test_serial_and_parallel_agree() -> None:
    rng = np.random.Generator(np.random.PCG64(7))
    factors, spectrum = principal(rng.normal(0, 0.3, (200, 16)).astype(np.float32))
    rows = random_rows(rng, rng.integers(0, 60, 300).tolist(), len(factors))
    damped = np.full(300, 5, np.float32)
    arrays = rows, damped, factors, spectrum
    serial, parallel = (solve_rows(*arrays, parallel=parallel) for parallel in (False, True))
    assert_close(serial, twin(rows, factors, damped))
    np.testing.assert_array_equal(serial, parallel)


def test_principal_axes_keep_inner_products_and_make_the_gram_matrix_diagonal() -> None:
    factors = np.random.Generator(np.random.PCG64(3)).normal(0, 0.5, (50, 8)).astype(np.float32)
    turned, spectrum = principal(factors)
    np.testing.assert_allclose(turned @ turned.T, factors @ factors.T, atol=1e-5)
    np.testing.assert_allclose(turned.T @ turned, np.diag(spectrum), atol=1e-4)


def test_the_arguments_are_not_changed() -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    factors, spectrum = principal(rng.normal(0, 1, (20, 4)).astype(np.float32))
    rows = random_rows(rng, [2, 9], len(factors))
    damped = np.ones(2, np.float32)
    arrays = rows.offsets, rows.values, rows.weights, damped, factors, spectrum
    before = [array.copy() for array in arrays]
    solve_rows(rows, damped, factors, spectrum)
    for array, was in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, was)
