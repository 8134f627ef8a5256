# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.pipeline.trace import Trace
from segue.reranking.composition import Compose
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
