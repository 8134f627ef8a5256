# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from numpy.typing import NDArray

from segue.dataset.matrices import Dataset
from segue.models.ease import Ease, EaseConfig

from .contract import ModelContract, fitted
from .worlds import ITEMS, checkerboard, interactions, noise, vocabulary

Dense = NDArray[np.float64]


class TestEase(ModelContract):
    kind = Ease
    other_config = EaseConfig(regularization=3.0, frequency=0.0, diagonal=1.0, neighbours=5)

    def build(self) -> Ease:
        return Ease(EaseConfig(regularization=2.0))


class TestSparseEase(ModelContract):
    kind = Ease
    other_config = EaseConfig(regularization=3.0, diagonal=1.0, exact_up_to=0, explained_by=3)

    def build(self) -> Ease:
        return Ease(EaseConfig(regularization=2.0, exact_up_to=0, explained_by=8))


def weights_of(data: Dataset, config: EaseConfig) -> Dense:
    """The weights by a plain inverse over items (Steck 2019, equation 8, softened and weighted as configured)."""
    x = (data.stacked(config.rows).toarray() > 0).astype(np.float64)
    grown = np.maximum(x.sum(axis=0), 1) ** config.frequency
    inverse = np.linalg.inv(x.T @ x + np.diag(config.regularization * grown / grown.mean()))
    weights = -inverse / np.diag(inverse) ** config.diagonal
    np.fill_diagonal(weights, 0)
    return np.maximum(weights, 0)


def table_of(model: Ease) -> Dense:
    table = np.zeros((len(model.found), len(model.found)))
    for item, (found, weights) in enumerate(zip(model.found, model.weights, strict=True)):
        table[item, found[found >= 0]] = weights[found >= 0]
    return table


@pytest.mark.parametrize("config", [
    EaseConfig(regularization=2.0, frequency=0.0, diagonal=1.0),
    EaseConfig(regularization=5.0, frequency=0.5, diagonal=0.5),
    EaseConfig(regularization=1.0, frequency=1.0, diagonal=0.0),
])  # fmt: skip
@pytest.mark.parametrize("rows", [3, 40], ids=["fewer rows than items", "more rows than items"])
def test_both_inverses_give_the_weights_of_the_paper(config: EaseConfig, rows: int) -> None:
    whole = noise(8)
    assert whole.listeners is not None
    data = Dataset(whole.items, listeners=whole.listeners.take(np.arange(min(rows, len(whole.listeners)))))
    assert (data.stacked().shape[0] < ITEMS) == (rows == 3)
    model = fitted(Ease(config), data)
    assert isinstance(model, Ease)
    np.testing.assert_allclose(table_of(model), weights_of(data, config), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("diagonal", [0.0, 0.5, 1.0])
def test_explained_by_all_that_shares_a_row_with_it_an_item_is_weighed_exactly(diagonal: float) -> None:
    """The colours share no row: with all of its own colour near, an item has the weights of the whole inverse."""
    data, config = checkerboard(), EaseConfig(regularization=5.0, diagonal=diagonal)
    sparse = fitted(Ease(config.model_copy(update={"exact_up_to": 0, "explained_by": ITEMS})), data)
    assert isinstance(sparse, Ease)
    np.testing.assert_allclose(table_of(sparse), weights_of(data, config), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("explained_by", [1, 4])
def test_explained_by_a_few_an_item_is_weighed_as_if_there_were_no_others(explained_by: int) -> None:
    data, config = noise(3), EaseConfig(regularization=5.0, frequency=0.0, exact_up_to=0, explained_by=explained_by)
    model = fitted(Ease(config), data)
    assert isinstance(model, Ease)
    x = (data.stacked(config.rows).toarray() > 0).astype(np.float64)
    shared = x.T @ x / x.sum(axis=0) ** 0.25
    np.fill_diagonal(shared, -1)
    table = table_of(model)
    for item in range(ITEMS):
        near = np.argsort(-shared[item].astype(np.float32), kind="stable")[:explained_by]
        few = x[:, [*near, item]]
        inverse = np.linalg.inv(few.T @ few + 5.0 * np.eye(explained_by + 1))
        weights = -inverse[:-1, -1] / inverse[-1, -1] ** config.diagonal
        np.testing.assert_allclose(table[near, item], np.maximum(weights, 0), rtol=1e-3, atol=1e-6)
        assert not np.delete(table[:, item], near).any()


def test_the_greatest_weights_are_kept() -> None:
    data = noise(9)
    whole, few = (fitted(Ease(EaseConfig(neighbours=k)), data) for k in (ITEMS, 3))
    assert isinstance(whole, Ease)
    assert isinstance(few, Ease)
    np.testing.assert_array_equal(few.found, whole.found[:, :3])


def test_how_often_a_track_was_played_changes_nothing() -> None:
    rows = [{0: 1.0, 1: 9.0}, {1: 2.0, 2: 1.0}, {0: 5.0, 2: 0.5}]
    often = Dataset(vocabulary(3), listeners=interactions(rows))
    once = Dataset(vocabulary(3), listeners=interactions([dict.fromkeys(row, 1.0) for row in rows]))
    first, second = (fitted(Ease(), data).state() for data in (often, once))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_popularity_alone_teaches_it_nothing_between_the_colours() -> None:
    model = fitted(Ease(EaseConfig(regularization=0.5)), checkerboard())
    assert isinstance(model, Ease)
    assert not table_of(model)[::2, 1::2].any()
