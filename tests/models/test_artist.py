# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from segue.dataset.matrices import Dataset
from segue.kernels.ragged import Ragged
from segue.models.artist import SameArtist, SameArtistConfig

from .contract import ModelContract
from .worlds import interactions, vocabulary


class TestSameArtist(ModelContract):
    kind = SameArtist
    other_config = SameArtistConfig(tracks=3)
    needs_rows = False


def world() -> Dataset:
    """Artist 0 has items 0, 2, 4 and 5 with 1, 4, 2 and 2 rows; artist 1 has items 1 and 3 with 1 and 1."""
    rows = [{0: 1.0, 2: 1.0, 4: 1.0, 5: 1.0}, {2: 1.0, 4: 1.0, 5: 1.0}, {2: 1.0, 1: 1.0}, {2: 1.0, 3: 1.0}]
    return Dataset(vocabulary(6, [0, 1, 0, 1, 0, 0]), playlists=interactions(rows))


def ranked(history: Ragged, config: SameArtistConfig | None = None) -> tuple[list[list[int]], list[list[float]]]:
    model = SameArtist(config)
    model.fit(world(), seed=0)
    items, scores = model.recommend(history, history, 4)
    return items.tolist(), scores.tolist()


def test_an_artists_most_played_come_first_and_ties_go_to_the_lower_item() -> None:
    assert ranked(Ragged.of([[0]]))[0] == [[2, 4, 5, -1]]


def test_the_score_is_the_root_of_the_share_of_the_artists_most_played() -> None:
    assert ranked(Ragged.of([[2]]))[1][0] == pytest.approx([np.sqrt(1 / 2), np.sqrt(1 / 2), 1 / 2, -np.inf])


def test_artists_count_by_their_weight_in_the_history() -> None:
    items, scores = ranked(Ragged.of([[0, 1]], [[1.0, 3.0]]))
    assert items == [[3, 2, 4, 5]]
    assert scores[0] == pytest.approx([3 / 4, 1 / 4, np.sqrt(1 / 2) / 4, np.sqrt(1 / 2) / 4])


def test_an_artist_who_was_skipped_adds_nothing() -> None:
    items, scores = ranked(Ragged.of([[0, 1]], [[1.0, -2.0]]))
    assert items[0][:3] == [2, 4, 5]
    assert max(scores[0][3:]) <= 0


def test_only_so_many_tracks_of_an_artist_are_kept() -> None:
    assert ranked(Ragged.of([[0]]), SameArtistConfig(tracks=2))[0] == [[2, 4, -1, -1]]
