# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from segue.evaluation.beyond import (
    calibration,
    coverage,
    distinct,
    gini,
    intra_list_diversity,
    novelty,
    popularity_lift,
)
from segue.kernels.ragged import Ragged

RANKED = np.array([[0, 1, -1], [1, 2, 3], [-1, -1, -1]], np.int32)


def test_coverage_counts_each_item_once_and_no_empty_place() -> None:
    assert coverage(RANKED, 8) == 4 / 8
    assert coverage(RANKED[2:], 8) == 0


def test_distinct_counts_the_artists_of_each_list() -> None:
    assert distinct(RANKED, np.array([5, 5, 0, 5], np.int32)).tolist() == [1, 2, 0]


@pytest.mark.parametrize(("shown", "expected"), [([3, 3, 3], 0.0), ([0, 0, 9], 2 / 3), ([0, 0], 0.0), ([1, 3], 0.25)])
def test_gini_grows_as_fewer_are_shown(shown: list[int], expected: float) -> None:
    assert gini(np.array(shown)) == pytest.approx(expected)


@given(st.lists(st.integers(0, 50), min_size=2, max_size=12).filter(any))
def test_gini_is_half_the_mean_difference_over_the_mean(shown: list[int]) -> None:
    values = np.array(shown, float)
    expected = np.abs(values[:, None] - values).mean() / (2 * values.mean())
    assert gini(np.array(shown)) == pytest.approx(expected)


def test_novelty_is_in_bits_and_unseen_items_are_the_newest() -> None:
    share = np.array([0.5, 0.25, 0.125, 0.0])
    rows = novelty(RANKED, share)
    assert rows[:2] == pytest.approx([(1 + 2) / 2, (2 + 3 + 4) / 3])
    assert np.isnan(rows[2])


def test_a_list_twice_as_popular_as_its_history_has_a_lift_of_one() -> None:
    share = np.array([0.4, 0.4, 0.2, 0.1])
    rows = popularity_lift(RANKED[:2], Ragged.of([[2, 2], []]), share)
    assert rows[0] == pytest.approx(1.0)
    assert np.isnan(rows[1])


def test_diversity_is_the_mean_distance_of_all_pairs() -> None:
    vectors = np.array([[1, 0], [0, 2], [0, 1], [1, 1], [0, 0]], np.float32)
    rows = intra_list_diversity(np.array([[0, 1, -1], [1, 2, 3], [1, 4, -1], [0, -1, -1]], np.int32), vectors)
    half = 1 - 1 / np.sqrt(2)
    assert rows[:3] == pytest.approx([1.0, (0 + half + half) / 3, 1.0])
    assert np.isnan(rows[3])
    sparse = intra_list_diversity(np.array([[0, 1, -1], [1, 2, 3]], np.int32), sp.csr_matrix(vectors))
    assert sparse == pytest.approx(rows[:2])


def test_a_list_with_the_genres_of_the_history_is_calibrated_and_one_with_others_is_not() -> None:
    genres = np.eye(4, dtype=np.float32)
    genres[3] = 0
    ranked = np.array([[0, 1], [2, 2], [3, 3]], np.int32)
    rows = calibration(ranked, Ragged.of([[0, 1], [0, 1], [0]]), genres)
    assert rows[:2] == pytest.approx([0, 1])
    assert np.isnan(rows[2])


@given(st.lists(st.integers(1, 9), min_size=3, max_size=3), st.lists(st.integers(0, 2), min_size=1, max_size=5))
def test_calibration_agrees_with_scipy(weights: list[int], listed: list[int]) -> None:
    history = Ragged.of([[0, 1, 2]], [[float(one) for one in weights]])
    row = calibration(np.array([listed], np.int32), history, np.eye(3, dtype=np.float32))
    expected = jensenshannon(weights, np.bincount(listed, minlength=3), base=2) ** 2
    assert row[0] == pytest.approx(expected, abs=1e-6)
