# SPDX-License-Identifier: Apache-2.0
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.pipeline.trace import Trace
from segue.reranking.rules import ArtistCap, Floor, Limit
from segue.types import DropReason
from tests.pipeline.rows import candidates, request, tracks_of

ROWS = st.lists(st.lists(st.integers(0, 11), max_size=9, unique=True), max_size=4)
ARTISTS = np.arange(12, dtype=np.int32) % 3


@given(ROWS, st.integers(1, 3))
def test_the_first_tracks_of_each_artist_stay_in_their_order(rows: list[list[int]], most: int) -> None:
    trace = Trace()
    left = ArtistCap(ARTISTS, most)(request(len(rows)), candidates(rows), trace)
    wanted = []
    for row in rows:
        seen: Counter[int] = Counter()
        wanted.append([])
        for track in row:
            seen[track % 3] += 1
            if seen[track % 3] <= most:
                wanted[-1].append(track)
    assert tracks_of(left) == wanted
    assert trace.drops[DropReason.ARTIST_CAP] == sum(map(len, rows)) - sum(map(len, wanted))


def test_tracks_below_a_share_of_the_rows_best_are_dropped() -> None:
    trace = Trace()
    given_rows = candidates([[1, 2, 3], [], [4, 5]], [[1.0, 0.5, 0.4], [], [0.1, 0.05]])
    assert tracks_of(Floor(0.5)(request(3), given_rows, trace)) == [[1, 2], [], [4, 5]]
    assert dict(trace.drops) == {DropReason.BELOW_FLOOR: 1}


def test_a_floor_of_zero_drops_nothing() -> None:
    trace = Trace()
    assert tracks_of(Floor(0.0)(request(1), candidates([[1, 2]], [[1.0, 0.0]]), trace)) == [[1, 2]]
    assert not trace.drops


@given(ROWS, st.integers(1, 10))
def test_each_row_is_cut_at_its_own_limit(rows: list[list[int]], longest: int) -> None:
    trace = Trace()
    limit = [1 + (longest + row) % 5 for row in range(len(rows))]
    left = Limit(np.full(100, 200_000))(request(len(rows), limit=limit), candidates(rows), trace)
    assert tracks_of(left) == [row[:most] for row, most in zip(rows, limit, strict=True)]
    assert trace.drops[DropReason.BELOW_LIMIT] == sum(
        max(0, len(row) - most) for row, most in zip(rows, limit, strict=True)
    )


@pytest.mark.parametrize(
    "rule", [ArtistCap(ARTISTS, 1), Floor(0.1), Limit(np.full(100, 200_000))], ids=lambda rule: type(rule).__name__
)
def test_rules_leave_empty_rows_empty(rule: ArtistCap | Floor | Limit) -> None:
    assert tracks_of(rule(request(2), candidates([[], []]), Trace())) == [[], []]


def test_a_row_lasts_as_long_as_it_is_asked_to_and_says_where_it_cannot() -> None:
    lengths = np.array([200, 180, 240, 300, 60, 90], np.int64) * 1000
    asked = replace(request(3, limit=[6, 6, 6]), length_ms=np.array([0, 600_000, 3_000_000], np.int64))
    trace = Trace()
    left = Limit(lengths)(asked, candidates([[0, 1, 2, 3, 4, 5]] * 3), trace)
    totals = [int(lengths[row].sum()) for row in tracks_of(left)]
    assert totals[0] == totals[2] == lengths.sum()
    assert abs(totals[1] - 600_000) <= 30_000
    assert trace.relaxed["length"].tolist() == [False, False, True]


def test_a_list_that_is_not_as_familiar_as_asked_says_so() -> None:
    asked = replace(request(4, limit=[4] * 4, history=[[0, 1], [0, 1], [0], []]), dial=np.array([0.5, 0, np.nan, 0]))
    trace = Trace()
    Limit(np.full(12, 200_000))(asked, candidates([[0, 1, 2, 3], [1, 2, 3, 4], [5, 6], [5, 6]]), trace)
    assert trace.relaxed["dial"].tolist() == [False, True, False, False]


def test_rows_that_ask_for_an_artist_are_not_capped() -> None:
    artist = np.zeros(10, np.int32)
    cap = ArtistCap(artist, 1, lambda asked: np.arange(len(asked)) == 1)
    assert tracks_of(cap(request(2), candidates([[1, 2], [1, 2]]), Trace())) == [[1], [1, 2]]
