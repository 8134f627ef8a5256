# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.pipeline.trace import Trace
from segue.retrieval.eligibility import Eligible
from segue.types import DropReason
from tests.pipeline.rows import candidates, request, tracks_of

TRACKS = 12
LISTS = st.lists(st.lists(st.integers(0, TRACKS - 1), max_size=5, unique=True), min_size=3, max_size=3)


def eligible(available: NDArray[np.bool_], unheard: bool = False) -> Eligible:
    return Eligible(available, np.zeros(TRACKS, bool), np.zeros(TRACKS, np.int8), unheard)


def test_each_track_is_dropped_for_the_first_reason_that_applies() -> None:
    available = np.ones(TRACKS, bool)
    available[0] = False
    trace = Trace()
    asked = request(1, seeds=[[0, 1]], banned=[[1, 2]], exclude=[[3]], history=[[3, 4]])
    left = eligible(available, unheard=True)(asked, candidates([[0, 1, 2, 3, 4, 5]]), trace)
    assert tracks_of(left) == [[5]]
    assert dict(trace.drops) == {
        DropReason.UNAVAILABLE: 1,
        DropReason.SEED: 1,
        DropReason.BANNED: 1,
        DropReason.EXCLUDED: 1,
        DropReason.HEARD: 1,
    }


def test_what_is_not_for_a_rows_age_is_dropped_in_this_row_alone() -> None:
    explicit, rating = np.zeros(TRACKS, bool), np.zeros(TRACKS, np.int8)
    explicit[[1, 2]], rating[[2, 3]] = True, (16, 13)
    trace = Trace()
    asked = replace(
        request(4), years=np.array([0, 13, 16, 18], np.int8), allows_explicit=np.array([False, False, True, False])
    )
    stage = Eligible(np.ones(TRACKS, bool), explicit, rating)
    left = stage(asked, candidates([[0, 1, 2, 3]] * 4), trace)
    assert tracks_of(left) == [[0], [0, 3], [0, 1, 2, 3], [0, 3]]
    assert dict(trace.drops) == {DropReason.RESTRICTED: 7}


def test_a_row_that_wants_all_new_tracks_loses_what_it_heard() -> None:
    asked = replace(request(3, history=[[1, 2]] * 3), dial=np.array([1.0, 0.5, np.nan], np.float32))
    left = eligible(np.ones(TRACKS, bool))(asked, candidates([[1, 2, 3]] * 3), Trace())
    assert tracks_of(left) == [[3], [1, 2, 3], [1, 2, 3]]


def test_heard_tracks_stay_where_they_may_come_back() -> None:
    trace = Trace()
    left = eligible(np.ones(TRACKS, bool))(request(1, history=[[1, 2]]), candidates([[1, 2, 3]]), trace)
    assert tracks_of(left) == [[1, 2, 3]]
    assert not trace.drops


@given(LISTS, LISTS, LISTS, LISTS, LISTS, st.sets(st.integers(0, TRACKS - 1)), st.booleans())
def test_one_rows_lists_never_drop_anothers_tracks(
    tracks: list[list[int]],
    seeds: list[list[int]],
    banned: list[list[int]],
    exclude: list[list[int]],
    history: list[list[int]],
    gone: set[int],
    unheard: bool,
) -> None:
    trace = Trace()
    available = np.array([track not in gone for track in range(TRACKS)])
    asked = request(3, seeds=seeds, banned=banned, exclude=exclude, history=history)
    left = eligible(available, unheard)(asked, candidates(tracks), trace)
    wanted = []
    for row, proposed in enumerate(tracks):
        unwanted = {*gone, *seeds[row], *banned[row], *exclude[row], *(history[row] if unheard else [])}
        wanted.append([track for track in proposed if track not in unwanted])
    assert tracks_of(left) == wanted
    assert trace.drops.total() == sum(map(len, tracks)) - sum(map(len, wanted))
