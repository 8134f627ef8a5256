# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest

from segue.catalog.traits import Marks
from segue.kernels.ragged import Ragged
from segue.models.boards import Boards
from segue.models.bound import Bound
from segue.models.popularity import Popularity
from segue.pipeline.request import Request
from segue.retrieval.charts import ChartSource
from segue.retrieval.sources import ModelSource
from segue.service.slates import charted
from tests.models.test_charts import fitted
from tests.pipeline.rows import candidates, request

NUMBERS = np.array([2, 3, 0, 1], np.int32)
"""The catalogue number of each of four items."""
INDEX = np.array([2, 3, 0, 1], np.int32)
GENRES = Marks(("fado", "pop"), np.array([0, 2, 4]), np.array([0, 1, 2, 3], np.int32), np.ones(4, bool))
LANGUAGES = Marks(("en", "pt"), np.array([0, 3, 4]), np.array([0, 1, 2, 3], np.int32), np.ones(4, bool))
PLAYED = {None: [400, 300, 200, 100], "PT": [20, 20, 20, 60], "SE": [1, 2, 3, 4]}
"""By item: everyone likes item 0, Portugal item 3, and of Sweden too little is known."""


@pytest.fixture(scope="module")
def boards() -> Boards:
    return Boards(Bound(fitted(PLAYED, small_language=0.35), NUMBERS, INDEX), GENRES, LANGUAGES)


@pytest.fixture(scope="module")
def source(boards: Boards) -> ChartSource:
    model = Popularity()
    model.scores = np.array([1.0, 0.75, 0.5, 0.25], np.float32)
    model.order = np.arange(4, dtype=np.int32)
    return ChartSource(ModelSource("popularity:history", Bound(model, NUMBERS, INDEX), "history", 3), boards)


def asked(boards: Boards, *regions: str | None, **told: list[list[int]]) -> Request:
    made = request(len(regions), **told)  # type: ignore[arg-type]
    return replace(made, region=boards.places(regions), mark=boards.suiting(made.history))


def test_a_region_of_which_nothing_can_be_told_has_what_is_popular_with_everyone(
    source: ChartSource, boards: Boards
) -> None:
    tracks, scores = source.propose(asked(boards, None, "SE", "PT"), parallel=False)
    assert tracks[:2].tolist() == [[2, 3, 0], [2, 3, 0]]
    assert scores[0].tolist() == [1, 0.75, 0.5]
    assert tracks[2, 0] == 1  # item 3


def test_each_row_gets_what_it_would_get_alone(source: ChartSource, boards: Boards) -> None:
    together = asked(boards, "PT", None, "PT", exclude=[[1], [2], []], history=[[0, 0, 1], [], []])
    tracks, scores = source.propose(together, parallel=False)
    for row in range(3):
        alone = source.propose(together.take(np.array([row])), parallel=False)
        assert tracks[row].tolist() == alone[0][0].tolist()
        np.testing.assert_array_equal(scores[row], alone[1][0])
    assert 1 not in tracks[0]


def test_what_it_scores_is_what_it_proposes(source: ChartSource, boards: Boards) -> None:
    rows = asked(boards, "PT", None, history=[[0, 0, 1], []])
    tracks, scores = source.propose(rows, parallel=False)
    made = candidates([[int(one) for one in row] for row in tracks])
    np.testing.assert_allclose(source.score(rows, made), scores.ravel())


def test_a_genre_suits_who_plays_it_half_of_the_time_and_leads_their_chart(boards: Boards) -> None:
    rows = Ragged.of([[0, 1, 0], [0, 0, 0, 2, 2, 2, 2], [0, 0], [2, 2, 2, 3, 3, 3]])
    assert boards.suiting(rows).tolist() == [0, 1, -1, 2]  # the last one's songs are in Portuguese, which few hear
    assert [boards.genre(mark) for mark in (0, 1, -1, 2)] == ["fado", "pop", None, None]
    plain, fado = boards.scores(-1, -1), boards.scores(-1, 0)
    assert plain[2] < plain[0]
    assert fado[2] > fado[0]


def test_a_language_is_spoken_in_its_share_of_the_tracks_whose_language_is_known(boards: Boards) -> None:
    language, share = boards.spoken(Ragged.of([[3, 3, 3, 0], [3, 3, 0], [], [3, 3, 3, 0, 0, 0, 0, 0, 0]]))
    assert [boards.languages[one] if one >= 0 else None for one in language] == ["pt", None, None, "pt"]
    assert share.tolist() == pytest.approx([0.75, 0, 0, 1 / 3])


def test_a_chart_is_named_only_where_it_spoke_and_its_genre_only_of_tracks_of_it(boards: Boards) -> None:
    rows = asked(boards, "PT", "SE", None, history=[[0, 0, 1], [], []])
    tracks = np.array([1, 3, 1, 1], np.int32)
    codes, code = charted(
        ("knn:history", "popularity:history"),
        np.array([1, 1, 1, 0], np.int16),
        tracks,
        np.array([0, 0, 1, 0]),
        rows,
        boards,
    )
    assert [codes[one] for one in code] == [
        "popularity:PT:fado", "popularity:PT", "popularity:history", "knn:history",
    ]  # fmt: skip
