# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from segue.dataset.matrices import Dataset
from segue.kernels.ragged import Ragged
from segue.models.popularity import Popularity, PopularityConfig, popularity

from .contract import ModelContract, fitted
from .worlds import REFERENCE, interactions, vocabulary


class TestPopularity(ModelContract):
    kind = Popularity
    other_config = PopularityConfig(half_life_days=None)
    personal = False
    needs_rows = False


def world() -> Dataset:
    """Item 0: three listeners long ago; 1: two today; 2: one, and one playlist; 3: nobody."""
    played = [{0: 1.0, 1: 1.0}, {0: 1.0, 1: 1.0}, {0: 1.0, 2: 1.0}]
    days = [{0: 120.0, 1: 0.0}, {0: 120.0, 1: 0.0}, {0: 120.0, 2: 60.0}]
    return Dataset(
        vocabulary(4),
        listeners=interactions(played, days),
        playlists=interactions([{2: 1.0}]),
        reference_at=REFERENCE,
    )


def test_a_play_of_one_half_life_ago_counts_half() -> None:
    assert popularity(world(), 60.0) == pytest.approx([3 / 4, 2, 1 / 2 + 1, 0])


def test_without_a_half_life_all_rows_count_alike() -> None:
    assert popularity(world(), None).tolist() == [3, 2, 2, 0]


def test_undated_plays_do_not_fade() -> None:
    part = interactions([{0: 1.0, 1: 1.0}], [{0: 600.0, 1: 600.0}])
    assert part.times is not None
    part.times[1] = -1
    data = Dataset(vocabulary(2), listeners=part, reference_at=REFERENCE)
    assert popularity(data, 60.0) == pytest.approx([2**-10, 1])


def test_how_often_one_listener_played_does_not_count() -> None:
    data = Dataset(vocabulary(2), listeners=interactions([{0: 4.0}, {1: 0.1}]))
    assert popularity(data, 60.0).tolist() == [1, 1]


@pytest.mark.parametrize(("half_life_days", "order"), [(60.0, [1, 2, 0, 3]), (None, [0, 1, 2, 3])])
def test_the_most_popular_come_first_and_ties_go_to_the_lower_item(half_life_days: float, order: list[int]) -> None:
    model = Popularity(PopularityConfig(half_life_days=half_life_days))
    model.fit(world(), seed=0)
    items, scores = model.recommend(Ragged.empty(1), Ragged.empty(1), 4)
    assert items[0].tolist() == order
    assert scores[0, 0] == 1


def test_each_row_is_filled_up_behind_what_it_excludes() -> None:
    model = Popularity()
    model.fit(world(), seed=0)
    exclude = Ragged.of([[1], [], [0, 1, 2, 3], [1, 2, 1]])
    items, scores = model.recommend(Ragged.empty(4), exclude, 2)
    assert items.tolist() == [[2, 0], [1, 2], [-1, -1], [0, 3]]
    np.testing.assert_array_equal(np.isfinite(scores), items >= 0)


def test_sessions_are_counted_where_there_is_nothing_else() -> None:
    sessions = interactions([{1: 1.0}, {1: 1.0, 2: 1.0}])
    alone = fitted(Popularity(), Dataset(vocabulary(3), sessions=sessions))
    assert alone.state()["order"].tolist() == [1, 2, 0]
    beside = fitted(Popularity(), Dataset(vocabulary(3), listeners=interactions([{0: 1.0}]), sessions=sessions))
    assert beside.state()["order"].tolist() == [0, 1, 2]
