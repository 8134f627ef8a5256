# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.evaluation.flow import repeats, steps


def offsets(*lengths: int) -> np.ndarray:
    return np.cumsum([0, *lengths])


def test_a_step_is_the_mean_distance_of_neighbours_within_a_list() -> None:
    values = np.array([0.1, 0.3, 0.2, 0.9, 0.9], np.float32)
    assert steps(offsets(3, 2), values) == pytest.approx([0.15, 0.0])


def test_pairs_of_which_one_is_not_known_do_not_count() -> None:
    values = np.array([0.1, np.nan, 0.2, 0.5, np.nan, 0.5], np.float32)
    assert steps(offsets(4, 2), values) == pytest.approx([0.3, np.nan], nan_ok=True)


def test_half_and_double_a_tempo_are_no_step_apart() -> None:
    tempo = np.log2(np.array([70, 140, 35, 99], np.float32))
    assert steps(offsets(3, 1), tempo, 1.0) == pytest.approx([0, np.nan], abs=1e-6, nan_ok=True)


def test_the_circle_of_fifths_is_gone_the_shorter_way_and_a_ring_is_one_more() -> None:
    keys = np.array([[0, 1], [11, 1], [11, 0]], np.float32)
    assert steps(offsets(3), keys, (12, 0)) == pytest.approx([1.0])


def test_lists_of_one_track_and_of_none_have_no_step() -> None:
    assert np.isnan(steps(offsets(1, 0, 1), np.array([0.1, 0.9], np.float32))).all()


def test_an_artist_within_the_gap_repeats() -> None:
    artists = np.array([1, 2, 1, 1, 1, 2, -1, -1], np.int32)
    assert repeats(offsets(4, 4), artists, 1) == pytest.approx([0.25, 0.0])
    assert repeats(offsets(4, 4), artists, 2) == pytest.approx([0.5, 0.0])


@given(st.lists(st.lists(st.integers(-1, 3), max_size=8), min_size=1, max_size=4), st.integers(1, 5))
def test_repeats_are_those_that_a_loop_counts(rows: list[list[int]], gap: int) -> None:
    found = repeats(offsets(*map(len, rows)), np.array([one for row in rows for one in row], np.int32), gap)
    for row, share in zip(rows, found, strict=True):
        again = [one >= 0 and one in row[max(0, place - gap) : place] for place, one in enumerate(row)]
        assert share == pytest.approx(np.mean(again) if row else np.nan, nan_ok=True)
