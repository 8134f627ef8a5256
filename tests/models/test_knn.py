# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

from segue.dataset.matrices import Dataset
from segue.kernels.ragged import Ragged
from segue.models.knn import ItemKnn, ItemKnnConfig

from .contract import ModelContract, fitted
from .worlds import ITEMS, interactions, noise, vocabulary

Dense = NDArray[np.float64]


class TestItemKnn(ModelContract):
    kind = ItemKnn
    other_config = ItemKnnConfig(rows=("listeners",), weighting="bm25", neighbours=5, shrinkage=2.0)


def binary(x: Dense) -> Dense:
    return (x > 0).astype(float)


def tfidf(x: Dense) -> Dense:
    return np.sqrt(x) * np.log1p(len(x) / (x > 0).sum(axis=0))


def bm25(x: Dense) -> Dense:
    lengths = (x > 0).sum(axis=1, keepdims=True)
    idf = np.log1p(len(x) / (x > 0).sum(axis=0))
    return idf * x * (1.2 + 1) / (x + 1.2 * (1 - 0.75 + 0.75 * lengths / lengths.mean()))


WEIGHTINGS: dict[str, Callable[[Dense], Dense]] = {
    "binary": binary,
    "tfidf": tfidf,
    "bm25": bm25,
    "weights": lambda x: x,
}


def similarity(model: ItemKnn) -> Dense:
    """Return the table as a matrix."""
    dense = np.zeros((ITEMS, ITEMS))
    row, place = np.nonzero(model.found >= 0)
    dense[row, model.found[row, place]] = model.similarity[row, place]
    return dense


def all_neighbours(**config: Any) -> ItemKnnConfig:
    return ItemKnnConfig(neighbours=ITEMS, **config)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_with_exponents_of_one_it_is_the_cosine_of_weighted_columns(weighting: str) -> None:
    data = noise(10)
    config = all_neighbours(weighting=weighting, asked_exponent=1, found_exponent=1, row_damping=0)
    weighted = WEIGHTINGS[weighting](data.stacked().toarray().astype(float))
    unit = sp.csc_array(weighted / np.linalg.norm(weighted, axis=0))
    expected = (unit.T @ unit).toarray()
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(similarity(fitted(ItemKnn(config), data)), expected, rtol=1e-5, atol=1e-7)


def test_with_exponents_of_zero_it_counts_rows_in_common() -> None:
    data = noise(11)
    config = all_neighbours(weighting="binary", asked_exponent=0, found_exponent=0, row_damping=0)
    rows = sp.csc_array(binary(data.stacked().toarray()))
    expected = (rows.T @ rows).toarray()
    np.fill_diagonal(expected, 0)
    np.testing.assert_array_equal(similarity(fitted(ItemKnn(config), data)), expected)


def test_damping_shrinkage_and_exponents_apply_as_written() -> None:
    data = noise(12)
    config = all_neighbours(asked_exponent=0.3, found_exponent=0.6, row_damping=0.5, shrinkage=1.5)
    rows = binary(data.stacked().toarray())
    shared = rows.T @ (rows / rows.sum(axis=1, keepdims=True) ** 0.5)
    norms = np.sqrt(rows.sum(axis=0))
    expected = shared / (norms[:, None] ** 0.3 * norms[None, :] ** 0.6 + 1.5)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(similarity(fitted(ItemKnn(config), data)), expected, rtol=1e-5, atol=1e-7)


def test_only_so_many_neighbours_are_kept_nearest_first() -> None:
    data = noise(13)
    every = fitted(ItemKnn(all_neighbours()), data)
    few = fitted(ItemKnn(ItemKnnConfig(neighbours=3)), data)
    assert isinstance(every, ItemKnn) and isinstance(few, ItemKnn)
    np.testing.assert_array_equal(few.found, every.found[:, :3])
    assert (np.diff(few.similarity, axis=1) <= 0).all()


def test_only_the_rows_that_it_is_told_to_count_are_counted() -> None:
    data = Dataset(
        vocabulary(3), listeners=interactions([{0: 1, 1: 1}]), sessions=interactions([{0: 1, 2: 1}, {0: 1, 2: 1}])
    )
    for rows, nearest in ((("listeners",), 1), (("sessions",), 2), (("listeners", "sessions"), 2)):
        model = ItemKnn(ItemKnnConfig(rows=rows))
        model.fit(data, seed=0)
        assert model.found[0, 0] == nearest


def test_a_skipped_track_pushes_its_neighbours_back() -> None:
    data = Dataset(vocabulary(4), playlists=interactions([{0: 1, 2: 1}, {1: 1, 2: 1}, {1: 1, 3: 1}]))
    model = ItemKnn()
    model.fit(data, seed=0)
    history = Ragged.of([[1, 0]], [[1.0, -1.0]])
    items, scores = model.recommend(history, history, 4)
    assert items[0, 0] == 3
    assert scores[0, 0] > 0
