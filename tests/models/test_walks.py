# SPDX-License-Identifier: Apache-2.0
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.dataset.matrices import Dataset
from segue.kernels.ragged import Ragged
from segue.models.knn import ItemKnn, ItemKnnConfig
from segue.models.walks import RandomWalk, RandomWalkConfig

from .contract import ModelContract, fitted
from .worlds import ITEMS, interactions, noise, vocabulary

Dense = NDArray[np.float64]


class TestRandomWalk(ModelContract):
    kind = RandomWalk
    other_config = RandomWalkConfig(rows=("listeners",), weighted=True, alpha=1.2, neighbours=5)


def table_of(model: RandomWalk) -> Dense:
    table = np.zeros((len(model.found), len(model.found)))
    for item, (found, walks) in enumerate(zip(model.found, model.walks, strict=True)):
        table[item, found[found >= 0]] = walks[found >= 0]
    return table


def walked(data: Dataset, **config: Any) -> RandomWalk:
    model = fitted(RandomWalk(RandomWalkConfig(**config)), data)
    assert isinstance(model, RandomWalk)
    return model


def test_a_plain_walk_is_that_of_pen_and_paper() -> None:
    data = Dataset(vocabulary(3), listeners=interactions([{0: 1, 1: 1}, {0: 1, 1: 1, 2: 1}]))
    expected = [  # from 0: either row with 1/2, then 1 of 2 or 1 of 3 items
        [0, 1 / 4 + 1 / 6, 1 / 6],
        [1 / 4 + 1 / 6, 0, 1 / 6],
        [1 / 3, 1 / 3, 0],
    ]
    np.testing.assert_allclose(table_of(walked(data, alpha=1, beta=0)), expected, rtol=1e-6)


def test_a_weighted_walk_goes_where_the_preference_is() -> None:
    data = Dataset(vocabulary(3), listeners=interactions([{0: 1, 1: 3, 2: 1}]))
    table = table_of(walked(data, alpha=1, beta=0, weighted=True))
    np.testing.assert_allclose(table, [[0, 0.6, 0.2], [0.2, 0, 0.2], [0.2, 0.6, 0]], rtol=1e-6)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("alpha", "beta"), [(1.0, 0.0), (0.4, 0.6), (1.3, 0.5)])
def test_walks_are_products_of_transition_matrices(weighted: bool, alpha: float, beta: float) -> None:
    data = noise(21)
    heard = data.stacked().toarray().astype(np.float64)
    held = (heard > 0).astype(np.float64)
    x = heard if weighted else held
    to_row = (x / np.maximum(x.sum(axis=0), 1e-9)).T ** alpha
    to_item = (x / x.sum(axis=1, keepdims=True)) ** alpha
    expected = to_row @ to_item / np.maximum(held.sum(axis=0), 1) ** beta
    np.fill_diagonal(expected, 0)
    model = walked(data, weighted=weighted, alpha=alpha, beta=beta, neighbours=ITEMS)
    np.testing.assert_allclose(table_of(model), expected, rtol=1e-4, atol=1e-8)


def test_unweighted_walks_are_item_neighbours_of_other_exponents() -> None:
    data = noise(23)
    config = ItemKnnConfig(asked_exponent=1.2, found_exponent=0.8, row_damping=0.6)
    other = fitted(ItemKnn(config), data)
    assert isinstance(other, ItemKnn)
    np.testing.assert_allclose(walked(data, alpha=0.6, beta=0.4).walks, other.similarity, rtol=1e-5)


def test_the_likeliest_ends_are_kept() -> None:
    data = noise(22)
    whole, few = (walked(data, neighbours=k, beta=0.7) for k in (ITEMS, 3))
    np.testing.assert_array_equal(few.found, whole.found[:, :3])
    assert (np.diff(whole.walks, axis=1) <= 0).all()


def test_a_skipped_track_takes_its_walks_back() -> None:
    data = Dataset(vocabulary(4), playlists=interactions([{0: 1, 2: 1}, {1: 1, 2: 1}, {1: 1, 3: 1}]))
    history = Ragged.of([[1, 0]], [[1.0, -1.0]])
    items, _ = walked(data).recommend(history, history, 2)
    assert items[0].tolist() == [3, 2]
