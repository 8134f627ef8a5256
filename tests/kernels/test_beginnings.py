# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

from segue.kernels.beginnings import projected, weighted_sums
from segue.kernels.ragged import Ragged


def parts(matrix: NDArray[np.float32]) -> Ragged:
    return Ragged.of_matrix(sp.csr_matrix(matrix))


def sparse(seed: int, rows: int, items: int) -> NDArray[np.float32]:
    rng = np.random.Generator(np.random.PCG64(seed))
    made: NDArray[np.float32] = (rng.random((rows, items)) * (rng.random((rows, items)) < 0.2)).astype(np.float32)
    return made


@pytest.mark.parametrize("f", [1, 7, 16, 33])
def test_weighted_sums_are_products_of_matrices(f: int) -> None:
    matrix = sparse(f, 300, 40)
    matrix[5] = 0
    factors = np.random.Generator(np.random.PCG64(1)).normal(0, 1, (40, f)).astype(np.float32)
    np.testing.assert_allclose(weighted_sums(parts(matrix), factors), matrix @ factors, atol=1e-5)


def test_a_beginning_spans_the_random_projection_of_the_normalized_matrix_and_back() -> None:
    matrix = sparse(2, 80, 50)
    matrix[3] = 0
    matrix[:, 9] = 0
    made = projected(parts(matrix), parts(np.ascontiguousarray(matrix.T)), 6, np.random.Generator(np.random.PCG64(4)))
    gram = made.T @ made
    np.testing.assert_allclose(gram, np.diag(np.diag(gram)), atol=1e-3)
    assert np.square(made).sum() == pytest.approx(50, rel=1e-3)
    assert not made[9].any()
    rows, items = matrix.sum(axis=1, keepdims=True), matrix.sum(axis=0, keepdims=True)
    normal = np.sqrt(matrix / np.maximum(rows * items, 1e-9)).astype(np.float64)
    drawn = np.random.Generator(np.random.PCG64(4)).standard_normal((50, 6), np.float32)
    there = normal.T @ (normal @ drawn)
    basis, _ = np.linalg.qr(there)
    cosines = np.linalg.svd(basis.T @ (made / np.linalg.norm(made, axis=0)), compute_uv=False)
    np.testing.assert_allclose(cosines, 1, atol=1e-3)
    lengths = np.linalg.svd(there, compute_uv=False)[::-1]
    np.testing.assert_allclose(np.diag(gram) / gram.trace(), lengths / lengths.sum(), rtol=1e-3)


def test_a_matrix_of_less_rank_than_factors_begins_too() -> None:
    matrix = np.ones((4, 3), np.float32)
    made = projected(parts(matrix), parts(matrix.T), 8, np.random.Generator(np.random.PCG64(5)))
    assert np.isfinite(made).all()
    assert np.square(made).sum() <= 3 * 1.001
