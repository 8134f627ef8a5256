# SPDX-License-Identifier: Apache-2.0
"""The kernel gathers halves; against float64 its factors are within 0.5% of the longest row's, as it
begins or ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.kernels.conjugate import descend
from segue.kernels.factors import principal
from segue.kernels.ragged import Ragged

TOLERANCE = 5e-3
Dense = NDArray[np.float64]


def systems(rows: Ragged, factors: NDArray[np.float32], damped: NDArray[np.float32]) -> list[tuple[Dense, Dense]]:
    """Return each row's normal equations (Hu, Koren, Volinsky 2008)."""
    y = factors.astype(np.float64)
    made = []
    for row in range(len(rows)):
        inside = slice(rows.offsets[row], rows.offsets[row + 1])
        confidence, preference = np.ones(len(y)), np.zeros(len(y))
        confidence[rows.values[inside]] += rows.weights[inside]
        preference[rows.values[inside]] = 1
        system = y.T @ (confidence[:, None] * y) + damped[row] * np.eye(y.shape[1])
        made.append((system, y.T @ (confidence * preference)))
    return made


def twin(equations: list[tuple[Dense, Dense]], found: Dense, before: Dense, steps: int) -> Dense:
    """Descend by conjugate gradients with a diagonal preconditioner, `before[row]` (Saad 2003, algorithm 9.1)."""
    solved = found.copy()
    for row, (system, right) in enumerate(equations):
        residual = right - system @ solved[row]
        direction = residual / before[row]
        for _ in range(steps):
            left = residual @ (residual / before[row])
            if left < 1e-14:
                break
            step = left / (direction @ system @ direction)
            solved[row] += step * direction
            residual -= step * (system @ direction)
            direction = residual / before[row] + residual @ (residual / before[row]) / left * direction
    return solved


def world(seed: int, lengths: list[int], items: int, f: int):  # type: ignore[no-untyped-def]
    rng = np.random.Generator(np.random.PCG64(seed))
    factors, spectrum = principal(rng.normal(0, 0.3, (items, f)).astype(np.float32))
    rows = Ragged.of(
        [np.sort(rng.permutation(items)[:length]) for length in lengths],
        [rng.uniform(0.2, 40, length).tolist() for length in lengths],
    )
    damped = rng.uniform(0.5, 9, len(rows)).astype(np.float32)
    found = rng.normal(0, 0.2, (len(rows), f)).astype(np.float32)
    return rows, damped, factors, spectrum, found


def descended(rows, damped, factors, spectrum, found, steps: int, *, parallel: bool = False):  # type: ignore[no-untyped-def]
    given = rows, damped, factors, spectrum, found
    return descend(*given, steps, parallel=parallel)


def assert_close(
    solved: NDArray[np.float32], expected: Dense, found: NDArray[np.float32], tolerance: float = TOLERANCE
) -> None:
    scale = max(np.linalg.norm(rows, axis=1).max(initial=0) for rows in (expected, found))
    assert np.abs(solved - expected).max(initial=0) <= tolerance * scale


@settings(max_examples=40)
@given(
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=8),
    f=st.sampled_from([1, 3, 16, 20]),
    steps=st.integers(0, 3),
    seed=st.integers(0, 2**32),
)
def test_rows_descend_as_the_textbook_says(lengths: list[int], f: int, steps: int, seed: int) -> None:
    rows, damped, factors, spectrum, found = world(seed, lengths, 40, f)
    before = spectrum.astype(np.float64)[None, :] + damped[:, None]
    expected = twin(systems(rows, factors, damped), found.astype(np.float64), before, steps)
    assert_close(descended(rows, damped, factors, spectrum, found, steps), expected, found)


def test_enough_steps_are_the_solution() -> None:
    rows, damped, factors, spectrum, found = world(3, [1, 5, 40, 90], 100, 24)
    expected = np.stack([np.linalg.solve(*equations) for equations in systems(rows, factors, damped)])
    assert_close(descended(rows, damped, factors, spectrum, found, 60), expected, found)


def test_a_row_longer_than_what_is_gathered_at_once_is_solved_alike() -> None:
    rows, damped, factors, spectrum, found = world(4, [16400, 3, 17000], 17000, 16)
    before = spectrum.astype(np.float64)[None, :] + damped[:, None]
    expected = twin(systems(rows, factors, damped), found.astype(np.float64), before, 2)
    assert_close(descended(rows, damped, factors, spectrum, found, 2), expected, found)


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 1e3, 1e6])
def test_no_size_of_the_factors_leaves_the_range_of_halves(scale: float) -> None:
    rows, damped, factors, spectrum, found = world(5, [20, 30], 50, 16)
    factors, spectrum = (factors * scale).astype(np.float32), (spectrum * scale**2).astype(np.float32)
    damped, found = (damped * scale**2).astype(np.float32), (found / scale).astype(np.float32)
    expected = np.stack([np.linalg.solve(*equations) for equations in systems(rows, factors, damped)])
    assert_close(descended(rows, damped, factors, spectrum, found, 40), expected, found)


def test_a_row_at_its_solution_stays_there_and_an_empty_one_has_none() -> None:
    rows, damped, factors, spectrum, _ = world(6, [4, 0, 9], 20, 8)
    solution = np.stack([np.linalg.solve(*equations) for equations in systems(rows, factors, damped)])
    there = solution.astype(np.float32)
    there[1] = 5
    solved = descended(rows, damped, factors, spectrum, there, 3)
    assert not solved[1].any()
    assert_close(solved[[0, 2]], solution[[0, 2]], there[[0, 2]], 1e-2)


def test_serial_and_parallel_agree() -> None:
    lengths = np.random.Generator(np.random.PCG64(7)).integers(0, 60, 300).tolist()
    given = world(7, lengths, 200, 16)
    serial, parallel = (descended(*given, 2, parallel=parallel) for parallel in (False, True))
    np.testing.assert_array_equal(serial, parallel)


def test_the_arguments_are_not_changed() -> None:
    rows, *arrays = world(8, [2, 9], 20, 4)
    before = [array.copy() for array in arrays]
    descended(rows, *arrays, 2)
    for array, was in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, was)
