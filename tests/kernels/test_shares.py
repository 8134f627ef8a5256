# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from numpy.typing import NDArray

from segue.kernels.factors import principal
from segue.kernels.ragged import Ragged
from segue.kernels.shares import split, strongest

N = 90


def world(f: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return principal(np.random.default_rng(f).standard_normal((N, f)).astype(np.float32))


def rows_of(*lengths: int) -> Ragged:
    rng = np.random.default_rng(7)
    chosen = [rng.permutation(N)[:length] for length in lengths]
    return Ragged.of(chosen, [(rng.random(length) * 9 + 0.1).tolist() for length in lengths])


def twin(
    rows: Ragged, damped: NDArray[np.float32], factors: NDArray[np.float32], items: Ragged
) -> list[NDArray[np.float64]]:
    """Each row's parts, a line for each item: the definition, with a dense inverse."""
    wide = factors.astype(np.float64)
    tables = []
    for row in range(len(rows)):
        heard = wide[rows.row(row)]
        weights = rows.weights[rows.offsets[row] : rows.offsets[row + 1]].astype(np.float64)
        system = wide.T @ wide + damped[row] * np.eye(wide.shape[1]) + heard.T @ (heard * weights[:, None])
        tables.append(wide[items.row(row)] @ np.linalg.inv(system) @ heard.T * (1 + weights))
    return tables


@pytest.mark.parametrize("f", [3, 16, 40])
@pytest.mark.parametrize("parallel", [False, True])
def test_parts_are_those_of_the_definition(f: int, parallel: bool) -> None:
    factors, spectrum = world(f)
    rows, items = rows_of(5, 0, 1, 70, 33, 16), rows_of(4, 3, 0, 20, 1, 2)
    damped = np.linspace(0.5, 4, len(rows)).astype(np.float32)
    offsets, parts = split(rows, damped, factors, spectrum, items, parallel=parallel)
    for row, table in enumerate(twin(rows, damped, factors, items)):
        own = parts[offsets[row] : offsets[row + 1]].reshape(table.shape)
        np.testing.assert_allclose(own, table, rtol=0, atol=2e-4 * max(np.abs(table).max(initial=0), 1e-3))


def test_the_strongest_is_the_greatest_part_above_nothing() -> None:
    items = Ragged.of([[1, 2], [], [3]])
    offsets = np.array([0, 6, 6, 8])
    parts = np.array([0.1, 0.5, 0.2, -1, -2, -3, 0, 0.25], np.float32)
    assert strongest(offsets, parts, items, 1).tolist() == [[1], [-1], [1]]


def test_the_strongest_few_are_those_that_add_a_third_of_what_the_first_does() -> None:
    parts = np.array([0.5, 1.5, 0.49, 1.5, 0.9, -2], np.float32)
    assert strongest(np.array([0, 6]), parts, Ragged.of([[1]]), 4).tolist() == [[1, 3, 4, 0]]
    assert strongest(np.array([0, 6]), parts, Ragged.of([[1]]), 5).tolist() == [[1, 3, 4, 0, -1]]
