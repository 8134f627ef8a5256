# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from segue.dataset.matrices import Dataset
from segue.errors import NotReady
from segue.kernels.ragged import Ragged
from segue.models.item2vec import Item2Vec, Item2VecConfig

from .contract import ModelContract, fitted
from .worlds import ITEMS, checkerboard, interactions, noise, places, vocabulary

ALONE = Ragged.of([[item] for item in range(ITEMS)])
"""Histories of each item alone."""


class TestItem2Vec(ModelContract):
    kind = Item2Vec
    other_config = Item2VecConfig(
        ordered=("sessions", "listeners"),
        dimensions=7,
        window=2,
        negatives=2,
        subsampling=0.01,
        least=3,
        popularity=0.4,
        recency=0.5,
    )


def two_groups() -> Dataset:
    """Playlists of 8 of the first 12 items, or of 8 of the others."""
    rng = np.random.Generator(np.random.PCG64(4))
    half = ITEMS // 2
    rows = [dict.fromkeys((rng.permutation(half)[:8] + half * (row % 2)).tolist(), 1.0) for row in range(60)]
    return Dataset(vocabulary(ITEMS), playlists=interactions(rows))


def couples() -> Dataset:
    """Sessions of all items in any order, but that each odd item directly follows the even one below it."""
    rng = np.random.Generator(np.random.PCG64(5))
    rows = [(2 * rng.permutation(ITEMS // 2)[:, None] + [0, 1]).ravel().tolist() for _ in range(60)]
    return Dataset(vocabulary(ITEMS), sessions=interactions([dict.fromkeys(row, 1.0) for row in rows]))


def first_of_each(data: Dataset, config: Item2VecConfig) -> list[int]:
    items, _ = fitted(Item2Vec(config), data).recommend(ALONE, ALONE, 1)
    return [int(item) for item in items[:, 0]]


def test_two_groups_that_share_no_row_are_told_apart() -> None:
    items, _ = fitted(Item2Vec(), two_groups()).recommend(ALONE, ALONE, ITEMS // 2 - 1)
    for item, ranked in enumerate(places(items)):
        assert {one * 2 // ITEMS for one in ranked} == {item * 2 // ITEMS}


def test_in_an_ordered_row_what_always_stands_next_comes_first() -> None:
    other = [item ^ 1 for item in range(ITEMS)]
    assert first_of_each(couples(), Item2VecConfig(window=1)) == other


def test_in_a_row_without_order_it_does_not_matter_what_stands_next() -> None:
    found = first_of_each(couples(), Item2VecConfig(ordered=()))
    assert sum(first == item ^ 1 for item, first in enumerate(found)) < ITEMS // 4


def test_an_item_that_stands_in_too_few_places_is_neither_found_nor_scored() -> None:
    rare, never = ITEMS, ITEMS + 1
    rows = [dict.fromkeys(row, 1.0) for row in [*[[0, 2, 4], [1, 3, 5]] * 9, [0, 2, rare]]]
    data = Dataset(vocabulary(ITEMS + 2), playlists=interactions(rows))
    model = fitted(Item2Vec(Item2VecConfig(least=2)), data)
    history = Ragged.of([[0], [rare]])
    items, _ = model.recommend(history, history, ITEMS)
    assert {2, 4} <= set(places(items)[0]) <= {1, 2, 3, 4, 5}
    assert not places(items)[1]
    said = model.score(history, Ragged.of([[2, rare, never], [0]]))
    assert np.isnan(said).tolist() == [False, True, True, True]


def test_where_no_item_is_left_it_is_not_ready() -> None:
    with pytest.raises(NotReady, match="100 times or more"):
        fitted(Item2Vec(Item2VecConfig(least=100)), checkerboard())


def test_what_was_skipped_counts_for_nothing() -> None:
    model = fitted(Item2Vec(), noise(4))
    liked, skipped = Ragged.of([[3, 7]]), Ragged.of([[3, 7, 9]], [[1, 1, -1]])
    without, beside = (model.recommend(history, liked, 9) for history in (liked, skipped))
    np.testing.assert_array_equal(without[0], beside[0])
    assert not model.contributions(skipped, np.arange(5, dtype=np.int32))[2].any()


def test_a_greater_exponent_finds_popular_items_more() -> None:
    rows = [{0: 1.0, 1: 1.0, 2: 1.0}] + [{0: 1.0, 1: 1.0, 3: 1.0, 4: 1.0}] * 5
    data = Dataset(vocabulary(5), playlists=interactions(rows))
    history, both = Ragged.of([[0]]), Ragged.of([[1, 2]])
    even, steep = (fitted(Item2Vec(Item2VecConfig(popularity=power)), data).score(history, both) for power in (0, 1))
    np.testing.assert_allclose(steep[1] / even[1], 1 / 6, rtol=1e-5)
    np.testing.assert_allclose(steep[0], even[0], rtol=1e-5)
