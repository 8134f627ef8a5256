# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from numpy.typing import NDArray

from segue.dataset.matrices import Dataset
from segue.kernels.ragged import Ragged
from segue.models.spectral import GraphFilter, GraphFilterConfig

from .contract import ModelContract, fitted
from .worlds import ITEMS, checkerboard, interactions, noise, vocabulary

Dense = NDArray[np.float64]


class TestGraphFilter(ModelContract):
    kind = GraphFilter
    other_config = GraphFilterConfig(rows=("sessions",), factors=6, row_exponent=0.5, slope=1.0)

    def build(self) -> GraphFilter:
        """Two colours, two smooth directions."""
        return GraphFilter(GraphFilterConfig(factors=2))


def filtered(data: Dataset, history: list[int], **config: float) -> Dense:
    """The scores of all items for one history."""
    model = fitted(GraphFilter(GraphFilterConfig.model_validate(config)), data)
    every = Ragged.of([range(len(data.items))])
    return model.score(Ragged.of([history]), every).astype(np.float64)


def by_definition(data: Dataset, history: list[int], config: GraphFilterConfig) -> Dense:
    """The twin: eigenvectors of the dense R̃ᵀR̃."""
    held = (data.stacked(config.rows).toarray() > 0).astype(np.float64)
    counts = np.maximum(held.sum(axis=0), 1)
    normalized = held / held.sum(axis=1, keepdims=True) ** config.row_exponent / counts**config.item_exponent
    squares, vectors = np.linalg.eigh(normalized.T @ normalized)
    squares, vectors = squares[::-1][: config.factors], vectors[:, ::-1][:, : config.factors]
    gain = (np.maximum(squares, 0) / squares[0]) ** (config.slope / 2)
    heard = np.isin(np.arange(len(counts)), history) / counts**config.item_exponent
    return (heard @ vectors * gain) @ vectors.T * counts**config.popularity


@pytest.mark.parametrize("config", [
    GraphFilterConfig(factors=5),
    GraphFilterConfig(factors=5, row_exponent=0.5, item_exponent=0.5, popularity=0.5, slope=0.0),
    GraphFilterConfig(factors=20, row_exponent=0.2, item_exponent=0.6, popularity=0.1, slope=1.5),
])  # fmt: skip
def test_it_is_the_filter_of_the_paper(config: GraphFilterConfig) -> None:
    data = noise(41)
    expected = by_definition(data, [3, 8, 11], config)
    found = filtered(data, [3, 8, 11], **config.model_dump())
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())


def test_one_direction_is_that_of_pen_and_paper() -> None:
    """Two rows of items 0 and 1, one of item 2: the smoothest direction is (1, 1, 0) / √2."""
    data = Dataset(vocabulary(3), listeners=interactions([{0: 1, 1: 1}, {0: 1, 1: 1}, {2: 1}]))
    plain = {"row_exponent": 0.0, "item_exponent": 0.0, "slope": 0.0}
    one = filtered(data, [0], factors=1, popularity=0, **plain)
    np.testing.assert_allclose(one, [0.5, 0.5, 0], atol=1e-6)
    back = filtered(data, [0], factors=1, popularity=1, **plain)
    np.testing.assert_allclose(back, [1, 1, 0], atol=1e-6)
    both = filtered(data, [0, 2], factors=2, popularity=0, **{**plain, "slope": 1.0})
    np.testing.assert_allclose(both, [0.5, 0.5, 0.5], atol=1e-6)  # σ = 2 and 1: item 2 passes by half


def test_a_slope_of_two_over_all_directions_is_the_linear_filter() -> None:
    data = noise(42)
    assert data.listeners is not None
    config = {"factors": ITEMS, "row_exponent": 0.5, "item_exponent": 0.5, "popularity": 0.0, "slope": 2.0}
    held = (data.stacked().toarray() > 0).astype(np.float64)
    normalized = held / np.sqrt(held.sum(axis=1, keepdims=True)) / np.sqrt(np.maximum(held.sum(axis=0), 1))
    heard = np.isin(np.arange(ITEMS), [1, 5]) / np.sqrt(held.sum(axis=0))
    expected = heard @ normalized.T @ normalized
    found = filtered(data, [1, 5], **config)
    np.testing.assert_allclose(found / found.max(), expected / expected.max(), atol=1e-5)


def test_more_directions_than_there_are_change_nothing() -> None:
    data = noise(43)
    every, more = (filtered(data, [2, 6], factors=count) for count in (ITEMS, 500))
    np.testing.assert_array_equal(every, more)


def test_one_row_is_enough() -> None:
    data = Dataset(vocabulary(4), listeners=interactions([{0: 1, 2: 1}]))
    history = Ragged.of([[0]])
    items, _ = fitted(GraphFilter(), data).recommend(history, history, 4)
    assert items[0].tolist() == [2, -1, -1, -1]


def test_a_skipped_track_counts_against_its_neighbours() -> None:
    model = fitted(GraphFilter(GraphFilterConfig(factors=2)), checkerboard())
    history = Ragged.of([[0, 1]], [[1.0, -1.0]])
    items, _ = model.recommend(history, history, ITEMS)
    assert {item % 2 for item in items[0].tolist() if item >= 0} == {0}
