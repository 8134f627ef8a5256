# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.catalog.traits import Marks
from segue.models.boards import Boards
from segue.models.bound import Bound
from segue.pipeline.request import Request
from segue.pipeline.trace import Trace
from segue.reranking.composition import Compose
from tests.models.test_charts import fitted
from tests.pipeline.rows import candidates, request, tracks_of

VECTORS = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
INDEX = np.array([0, 0, 0, 1, 1, 1, 2, 2, -1, -1], np.int32)
"""Tracks 0 to 2 are alike, 3 to 5, 6 and 7; the model knows neither 8 nor 9."""

both = pytest.mark.parametrize("method", ["mmr", "dpp"])


@both
def test_what_is_unlike_the_chosen_comes_before_what_is_alike(method: str) -> None:
    given_rows = candidates([[0, 1, 3, 2, 6], [], [4, 5, 8]], [[8, 7, 6, 5, 4], [], [1, 0.9, 0.8]])
    left = Compose(VECTORS, INDEX, 0.5, method)(request(3, limit=[3, 3, 2]), given_rows, Trace())  # type: ignore[arg-type]
    assert tracks_of(left) == [[0, 3, 6, 1, 2], [], [4, 8, 5]]


@both
def test_tracks_behind_the_pool_stay_behind_it(method: str) -> None:
    given_rows = candidates([[0, 1, 2, 3, 6]], [[5, 4, 3, 2, 1]])
    stage = Compose(VECTORS, INDEX, 0.9, method, pool=4)  # type: ignore[arg-type]
    assert tracks_of(stage(request(1, limit=[5]), given_rows, Trace())) == [[0, 3, 1, 2, 6]]


def test_relevance_does_not_hang_on_the_scale_of_scores() -> None:
    scores = np.array([[8, 7, 6, 5, 4]])
    tracks = [
        tracks_of(
            Compose(VECTORS, INDEX, 0.3)(request(1), candidates([[0, 1, 3, 2, 6]], (scale * scores).tolist()), Trace())
        )
        for scale in (0.001, 1, 1000)
    ]
    assert tracks[0] == tracks[1] == tracks[2]


@both
@settings(deadline=None)
@given(
    rows=st.lists(st.lists(st.integers(0, 9), max_size=9, unique=True), max_size=4),
    strength=st.sampled_from([0.0, 0.3, 1.0]),
    pool=st.integers(1, 10),
    limit=st.integers(1, 10),
)
def test_every_track_stays_and_without_strength_every_place(
    method: str, rows: list[list[int]], strength: float, pool: int, limit: int
) -> None:
    trace = Trace()
    given_rows = candidates(rows, [[1 / (1 + place) for place in range(len(row))] for row in rows])
    stage = Compose(VECTORS, INDEX, strength, method, pool)  # type: ignore[arg-type]
    left = stage(request(len(rows), limit=[limit] * len(rows)), given_rows, trace)
    assert [sorted(row) for row in tracks_of(left)] == [sorted(row) for row in rows]
    assert [row[pool:] for row in tracks_of(left)] == [row[pool:] for row in rows]
    assert not trace.drops
    if strength == 0:
        assert tracks_of(left) == rows


def broad(history: list[list[int]], **more: NDArray[np.float32]) -> Request:
    return replace(request(len(history), history=history, limit=[4] * len(history)), **more)


def test_of_two_tastes_each_has_the_share_in_which_it_is_played() -> None:
    rng = np.random.default_rng(4)
    around = [np.array(one, float) for one in ([1, 0, 0], [0, 1, 0])]
    vectors = np.concatenate([one + 0.05 * rng.normal(size=(60, 3)) for one in around]).astype(np.float32)
    index = np.arange(120, dtype=np.int32)
    asked = broad([[*range(30), *range(60, 70)]])
    given_rows = candidates([[*range(40, 50), *range(90, 100)]], [[1 - place / 100 for place in range(20)]])
    for calibration, expected in ((0.0, 4), (1.0, 3)):
        left = Compose(vectors, index, 0.0, calibration=calibration)(asked, given_rows, Trace())
        assert (left.track[:4] < 60).sum() == expected


def test_a_broad_listener_gets_a_more_diverse_list_than_a_narrow_one() -> None:
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(200, 8)).astype(np.float32)
    vectors[:50] = [1, 0, 0, 0, 0, 0, 0, 0] + 0.1 * rng.normal(size=(50, 8))
    index = np.arange(200, dtype=np.int32)
    rows = [[*range(30, 50), *range(150, 200)]] * 2
    asked = broad([list(range(20)), list(range(100, 140))])
    made = Compose(vectors, index, 0.3, matched=True, pool=70)(
        asked, candidates(rows, [[1 - place / 200 for place in range(70)]] * 2), Trace()
    )
    chosen = [(np.array(row[:4]) >= 50).sum() for row in tracks_of(made)]
    assert chosen[0] < chosen[1]


def test_the_dial_sets_how_many_tracks_are_familiar() -> None:
    index = np.full(40, -1, np.int32)
    dials = np.array([0.0, 0.25, 0.5, 1.0, np.nan], np.float32)
    asked = broad([list(range(10))] * 5, dial=dials)
    rows = [[*range(20, 30), *range(10)]] * 5
    left = Compose(VECTORS, index)(asked, candidates(rows, [[1 - place / 30 for place in range(20)]] * 5), Trace())
    assert [sum(track < 10 for track in row[:4]) for row in tracks_of(left)] == [4, 3, 2, 0, 0]


def test_a_dial_is_followed_as_far_as_there_are_tracks() -> None:
    index = np.full(40, -1, np.int32)
    asked = broad([[1], [1], []], dial=np.array([0.0, 0.75, 0.0], np.float32))
    left = Compose(VECTORS, index)(asked, candidates([[5, 6, 7, 8, 1]] * 3, [[5, 4, 3, 2, 1]] * 3), Trace())
    assert [sorted(row[:4]) for row in tracks_of(left)] == [[1, 5, 6, 7], [1, 5, 6, 7], [5, 6, 7, 8]]


def test_a_share_of_the_list_is_of_rare_tracks() -> None:
    rare = np.zeros(40, bool)
    rare[[8, 9]] = True
    index = np.full(40, -1, np.int32)
    given_rows = candidates([[1, 2, 3, 4, 5, 8, 9]], [[7, 6, 5, 4, 3, 2, 1]])
    for share, expected in ((0.0, [1, 2, 3, 4]), (0.25, [1, 2, 3, 8]), (0.5, [1, 2, 8, 9])):
        left = Compose(VECTORS, index, rare=rare, rare_share=share)(broad([[]]), given_rows, Trace())
        assert sorted(tracks_of(left)[0][:4]) == expected


def test_a_list_has_a_floor_of_the_small_language_that_its_listener_plays() -> None:
    catalan, others = [0, 8, 9], [*range(1, 8), *range(10, 40)]
    languages = Marks(("ca", "en"), np.array([0, 3, 40]), np.array(catalan + others, np.int32), np.ones(40, bool))
    none = Marks((), np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(40, bool))
    same = np.arange(40, dtype=np.int32)
    boards = Boards(Bound(fitted({None: [1] * 40}), same, same), none, languages)
    assert boards.languages == ("ca",)
    given_rows = candidates([[1, 2, 3, 4, 5, 8, 9]] * 2, [[7, 6, 5, 4, 3, 2, 1]] * 2)
    history = [[0, 8, 9, 20], [0, 20, 21, 22]]
    asked = request(2, limit=[4, 4], history=history)
    index = np.full(40, -1, np.int32)
    for floor, expected in ((0.0, [1, 2, 3, 4]), (0.3, [1, 2, 3, 8]), (0.6, [1, 2, 8, 9])):
        left = Compose(VECTORS, index, boards=boards, language_floor=floor)(asked, given_rows, Trace())
        assert sorted(tracks_of(left)[0][:4]) == expected
        assert sorted(tracks_of(left)[1][:4]) == [1, 2, 3, 4]  # one track is no evidence


@both
def test_what_a_list_gives_up_is_told(method: str) -> None:
    given_rows = candidates([[0, 1, 3, 2, 6], [0, 3, 6]], [[8, 7, 6, 5, 4], [3, 2, 1]])
    trace = Trace()
    Compose(VECTORS, INDEX, 0.5, method)(request(2, limit=[3, 3]), given_rows, trace)  # type: ignore[arg-type]
    np.testing.assert_allclose(trace.costs["composition"], [1 - (8 + 6 + 4) / (8 + 7 + 6), 0], atol=1e-6)
