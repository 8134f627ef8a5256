# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.evaluation.accuracy import hits, ndcg, r_precision, recall
from segue.kernels.ragged import Ragged

RANKED = np.array([[3, 1, 4, 5], [9, 2, -1, -1], [0, 1, 2, 3]], np.int32)
RELEVANT = Ragged.of([[1, 5, 7], [2], []])
"""Hits: places 2 and 4 of three; place 2 of one; a row with nothing to find."""


def test_hits_are_the_places_of_relevant_items_of_the_same_row() -> None:
    assert hits(RANKED, RELEVANT).astype(int).tolist() == [[0, 1, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0]]


def test_an_empty_place_never_hits_the_row_above() -> None:
    assert not hits(np.array([[0], [-1]], np.int32), Ragged.of([[4], [0]])).any()


def test_recall_is_the_share_of_the_relevant_that_is_found() -> None:
    assert recall(RANKED, RELEVANT, 4) == pytest.approx((2 / 3 + 1) / 2)
    assert recall(RANKED, RELEVANT, 2) == pytest.approx((1 / 3 + 1) / 2)
    assert recall(RANKED, RELEVANT, 1) == 0


def test_r_precision_looks_at_as_many_places_as_there_are_relevant_items() -> None:
    assert r_precision(RANKED, RELEVANT) == pytest.approx((1 / 3 + 0) / 2)


def test_lists_shorter_than_the_relevant_miss_at_their_end() -> None:
    assert r_precision(np.array([[1, 2]], np.int32), Ragged.of([[1, 2, 3, 4]])) == pytest.approx(1 / 2)


def test_ndcg_discounts_by_the_logarithm_of_the_place() -> None:
    first = (1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3) + 1 / 2)
    second = 1 / math.log2(3)
    assert ndcg(RANKED, RELEVANT, 4) == pytest.approx((first + second) / 2)


def test_the_ideal_list_is_cut_at_k_too() -> None:
    assert ndcg(np.array([[1, 2]], np.int32), Ragged.of([[1, 2, 3]]), 2) == pytest.approx(1)


def test_lists_shorter_than_k_can_be_ideal_no_more() -> None:
    assert ndcg(np.array([[1]], np.int32), Ragged.of([[1, 2]]), 10) == pytest.approx(1 / (1 + 1 / math.log2(3)))


@pytest.mark.parametrize("relevant", [Ragged.empty(1), Ragged.empty(0)], ids=["nothing", "nobody"])
def test_where_nothing_can_be_found_every_measure_is_zero(relevant: Ragged) -> None:
    ranked = np.zeros((len(relevant), 3), np.int32)
    assert recall(ranked, relevant, 3) == r_precision(ranked, relevant) == ndcg(ranked, relevant, 3) == 0


@given(
    st.lists(
        st.tuples(st.permutations(range(8)), st.sets(st.integers(0, 9), min_size=1, max_size=8)), min_size=1, max_size=4
    ),
    st.integers(1, 8),
)
def test_measures_agree_with_their_definitions(rows: list[tuple[list[int], set[int]]], k: int) -> None:
    ranked, relevant = np.array([row for row, _ in rows], np.int32), Ragged.of([sorted(wanted) for _, wanted in rows])

    def mean(values: list[float]) -> float:
        return sum(values) / len(values)

    def dcg(marks: list[bool]) -> float:
        return sum(mark / math.log2(place + 1) for place, mark in enumerate(marks, 1))

    assert recall(ranked, relevant, k) == pytest.approx(
        mean([len(wanted & set(row[:k])) / len(wanted) for row, wanted in rows])
    )
    assert r_precision(ranked, relevant) == pytest.approx(
        mean([len(wanted & set(row[: len(wanted)])) / len(wanted) for row, wanted in rows])
    )
    assert ndcg(ranked, relevant, k) == pytest.approx(
        mean([dcg([item in wanted for item in row[:k]]) / dcg([True] * min(k, len(wanted))) for row, wanted in rows])
    )
