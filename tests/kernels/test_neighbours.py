# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.kernels.neighbours import neighbours, score_by_neighbours
from segue.kernels.ragged import Ragged

Table = tuple[NDArray[np.int32], NDArray[np.float32]]


def ranked(scores: dict[int, float], k: int) -> tuple[list[int], list[float]]:
    """Best first, ties to the lower item."""
    best = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:k]
    return [item for item, _ in best], [score for _, score in best]


def find(matrix: NDArray[np.float32], norms: NDArray[np.float32], shrinkage: float, k: int) -> Table:
    return neighbours(Ragged.of_matrix(sp.csr_matrix(matrix)), norms, shrinkage, k)


def small_matrix(rng: np.random.Generator, rows: int, items: int) -> NDArray[np.float32]:
    """Counts of 0 to 2: their products are exact, and ties abound."""
    counts: NDArray[np.float32] = rng.choice([0, 0, 1, 2], (rows, items)).astype(np.float32)
    return counts


@settings(max_examples=60)
@given(
    rows=st.integers(1, 12),
    items=st.integers(1, 12),
    k=st.integers(1, 14),
    shrinkage=st.sampled_from([0.0, 1.0, 6.0]),
    seed=st.integers(0, 2**32),
)
def test_neighbours_are_those_of_the_dense_product(rows: int, items: int, k: int, shrinkage: float, seed: int) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    matrix = small_matrix(rng, rows, items)
    norms = rng.choice([1, 2, 4], (2, items)).astype(np.float32)
    found, values = find(matrix, norms, shrinkage, k)
    assert (found.shape, found.dtype, values.dtype) == ((items, k), np.int32, np.float32)
    shared = matrix.T @ matrix
    for item in range(items):
        similar = {
            other: float(np.float32(shared[item, other] / (norms[0, item] * norms[1, other] + shrinkage)))
            for other in range(items)
            if other != item and shared[item, other] > 0
        }
        wanted, scores = ranked(similar, k)
        missing = k - len(wanted)
        assert found[item].tolist() == wanted + [-1] * missing
        np.testing.assert_allclose(values[item], scores + [0.0] * missing, rtol=1e-6)


def test_of_equally_near_items_the_lower_ones_are_kept() -> None:
    found, values = find(np.ones((3, 6), np.float32), np.ones((2, 6), np.float32), 0.0, 2)
    assert found.tolist() == [[1, 2], [0, 2], [0, 1], [0, 1], [0, 1], [0, 1]]
    assert set(values.ravel().tolist()) == {3.0}


def test_finding_twice_gives_the_same_bytes() -> None:
    matrix = np.random.Generator(np.random.PCG64(4)).random((200, 60), np.float32) ** 4
    norms = np.ones((2, 60), np.float32)
    first, second = find(matrix, norms, 0.0, 20), find(matrix, norms, 0.0, 20)
    assert [array.tobytes() for array in first] == [array.tobytes() for array in second]


def test_values_too_small_to_multiply_make_no_neighbours() -> None:
    # In a process of its own: what goes wrong here writes behind an array's end.
    script = """
        import numpy as np, scipy.sparse as sp
        from segue.kernels.neighbours import neighbours
        from segue.kernels.ragged import Ragged
        rows, items = 20_000, 16
        by_row = Ragged.of_matrix(sp.csr_matrix(np.full((rows, items), 1e-30, np.float32)))
        found, values = neighbours(by_row, np.ones((2, items), np.float32), 0.0, 4)
        assert (found == -1).all() and (values == 0).all()
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr[-500:]}"


def random_table(rng: np.random.Generator, asked: int, items: int, width: int) -> Table:
    """Rows of at most `width` distinct items; values are quarters, whose sums are exact."""
    found = np.full((asked, width), -1, np.int32)
    values = np.zeros((asked, width), np.float32)
    for row in range(asked):
        beside = rng.permutation(items)[: rng.integers(0, min(width, items) + 1)]
        found[row, : len(beside)] = beside
        values[row, : len(beside)] = rng.integers(1, 6, len(beside)) / 4
    return found, values


def random_rows(rng: np.random.Generator, rows: int, upto: int, weights: list[float]) -> Ragged:
    lengths = rng.integers(0, 6, rows)
    return Ragged.of(
        [rng.integers(0, upto, length) for length in lengths], [rng.choice(weights, length) for length in lengths]
    )


def twin(
    history: Ragged, exclude: Ragged, table: Table, items: int, k: int
) -> tuple[list[list[int]], list[list[float]]]:
    dense = np.zeros((len(table[0]), items))
    proposed = np.zeros((len(table[0]), items), bool)
    for row, (found, values) in enumerate(zip(*table, strict=True)):
        dense[row, found[found >= 0]] = values[found >= 0]
        proposed[row, found[found >= 0]] = True
    columns, best = [], []
    for row in range(len(history)):
        asked = history.row(row)
        weights = history.weights[history.offsets[row] : history.offsets[row + 1]]
        total = weights @ dense[asked]
        allowed = proposed[asked].any(axis=0)
        allowed[exclude.row(row)] = False
        wanted, scores = ranked({item: float(total[item]) for item in np.flatnonzero(allowed).tolist()}, k)
        columns.append(wanted + [-1] * (k - len(wanted)))
        best.append(scores + [-np.inf] * (k - len(wanted)))
    return columns, best


@pytest.mark.parametrize("parallel", [False, True])
@settings(max_examples=60)
@given(
    rows=st.integers(0, 5),
    asked=st.integers(1, 8),
    items=st.integers(1, 9),
    width=st.integers(1, 6),
    k=st.integers(1, 12),
    seed=st.integers(0, 2**32),
)
def test_scores_are_the_weighted_sums_of_the_dense_table(
    parallel: bool, rows: int, asked: int, items: int, width: int, k: int, seed: int
) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    table = random_table(rng, asked, items, width)
    history = random_rows(rng, rows, asked, [-0.5, 1.0, 2.0])
    exclude = random_rows(rng, rows, items, [1.0])
    columns, best = score_by_neighbours(history, exclude, *table, items, k, parallel=parallel)
    assert (columns.tolist(), best.tolist()) == twin(history, exclude, table, items, k)


def test_serial_and_parallel_scores_have_the_same_bytes() -> None:
    rng = np.random.Generator(np.random.PCG64(11))
    table = random_table(rng, 300, 300, 40)
    history, exclude = random_rows(rng, 500, 300, [0.3, 1.7]), random_rows(rng, 500, 300, [1.0])
    serial = score_by_neighbours(history, exclude, *table, 300, 25)
    parallel = score_by_neighbours(history, exclude, *table, 300, 25, parallel=True)
    assert [array.tobytes() for array in serial] == [array.tobytes() for array in parallel]
