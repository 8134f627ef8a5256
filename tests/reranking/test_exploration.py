# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.trace import Trace
from segue.reranking.exploration import Explore
from segue.reranking.rules import Limit
from tests.pipeline.rows import candidates, request, tracks_of

TRACKS = 60
ARTIST = (np.arange(TRACKS) // 2).astype(np.int32)
"""Two tracks each: 0 and 1 are of the first artist, and so on."""
LENGTHS = np.full(TRACKS, 200_000, np.int64)
LIST = list(range(TRACKS))
HISTORY = [0, 2, 4]


def explore(*slots: int, pool: int = 40) -> Explore:
    return Explore([Limit(LENGTHS)], ARTIST, slots, pool)


def asked(rows: int, limit: int = 6, history: list[int] | None = None) -> Request:
    return request(rows, history=[HISTORY if history is None else history] * rows, limit=[limit] * rows)


def shown(stage: Explore, wanted: Request) -> Candidates:
    scores = [[1 - track / 100 for track in LIST]] * len(wanted)
    return stage(wanted, candidates([LIST] * len(wanted), scores), Trace())


def test_the_places_that_are_named_hold_drawn_tracks_and_all_others_the_best() -> None:
    made = shown(explore(1, 4), asked(20))
    for row in tracks_of(made):
        assert [row[place] for place in (0, 2, 3, 5)] == [0, 1, 2, 3]
        assert len(set(row)) == 6
    drawn = ~np.isnan(made.propensity.reshape(20, 6))
    assert drawn.all(axis=0).tolist() == [False, True, False, False, True, False]
    assert drawn.any(axis=0).tolist() == drawn.all(axis=0).tolist()
    assert len({row[1] for row in tracks_of(made)}) > 5


def test_what_is_drawn_is_of_artists_that_the_listener_never_played_and_the_list_does_not_hold() -> None:
    made = shown(explore(1, 4), asked(200))
    for row in tracks_of(made):
        artists = ARTIST[row]
        for slot in (1, 4):
            assert artists[slot] not in ARTIST[HISTORY]
            assert (artists == artists[slot]).sum() == 1


def test_a_chance_is_how_often_other_seeds_draw_the_track() -> None:
    rows = 4000
    made = shown(explore(2, pool=5), asked(rows))
    track = made.track.reshape(rows, 6)[:, 2]
    assert np.unique(made.propensity.reshape(rows, 6)[:, 2]) == pytest.approx([0.2])
    assert np.unique(track, return_counts=True)[1] / rows == pytest.approx([0.2] * 5, abs=0.03)


@given(st.integers(1, 20), st.integers(0, 2**63), st.integers(0, 30))
def test_lists_are_as_long_as_asked_without_a_track_twice(limit: int, seed: int, known: int) -> None:
    wanted = replace(asked(1, limit, LIST[:known]), seed=np.array([seed], np.uint64))
    made = shown(explore(2, 5), wanted)
    (row,) = tracks_of(made)
    assert len(set(row)) == len(row) == limit
    drawn = np.flatnonzero(~np.isnan(made.propensity)).tolist()
    assert drawn in ([], [2, 5])
    if not drawn:
        assert row == LIST[:limit]


@pytest.mark.parametrize("without", ["history", "length", "artists"])
def test_nothing_is_drawn_where_it_should_not_or_cannot_be(without: str) -> None:
    wanted = asked(1, 6, [] if without == "history" else HISTORY)
    if without == "length":
        wanted = replace(wanted, length_ms=np.array([1_200_000], np.int64))
    stage = explore(1, 4)
    if without == "artists":
        stage = replace(stage, artist=(ARTIST % 6).astype(np.int32))
    assert np.isnan(shown(stage, wanted).propensity).all()


def test_drawn_tracks_count_among_the_new_ones_that_a_dial_asks_for() -> None:
    seen: list[float] = []

    def stage(wanted: Request, given_rows: Candidates, trace: Trace) -> Candidates:
        assert wanted.dial is not None
        seen.extend(wanted.dial.tolist())
        return Limit(LENGTHS)(wanted, given_rows, trace)

    wanted = replace(asked(3, 10), dial=np.array([0.5, 1.0, np.nan], np.float32))
    shown(Explore([stage], ARTIST, (1, 4)), wanted)
    assert seen == pytest.approx([3 / 8, 1, np.nan], nan_ok=True)
