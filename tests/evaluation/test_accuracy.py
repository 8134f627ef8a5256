# SPDX-License-Identifier: Apache-2.0
"""Each measure has worked examples, a naive twin, and trec_eval as a second opinion."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import BadInput
from segue.evaluation import accuracy
from segue.evaluation.accuracy import clicks, hits, mean, measure, ndcg, r_precision, recall
from segue.kernels.ragged import Ragged

RANKED = np.array([[3, 1, 4, 5], [9, 2, -1, -1], [0, 1, 2, 3]], np.int32)
RELEVANT = Ragged.of([[1, 5, 7], [2], []])
"""Hits: places 2 and 4 of three; place 2 of one; a row with nothing to find."""

Row = tuple[list[int], set[int]]
ROWS = st.lists(
    st.tuples(st.permutations(range(8)), st.sets(st.integers(0, 9), min_size=1, max_size=8)), min_size=1, max_size=4
)


def test_hits_are_the_places_of_relevant_items_of_the_same_row() -> None:
    assert hits(RANKED, RELEVANT).astype(int).tolist() == [[0, 1, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0]]


def test_an_empty_place_never_hits_the_row_above() -> None:
    assert not hits(np.array([[0], [-1]], np.int32), Ragged.of([[4], [0]])).any()


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("R@4", 2 / 3, 1),
        ("R@2", 1 / 3, 1),
        ("R@1", 0, 0),
        ("P@4", 2 / 4, 1 / 4),
        ("HR@1", 0, 0),
        ("HR@2", 1, 1),
        ("MRR@4", 1 / 2, 1 / 2),
        ("MRR@1", 0, 0),
        ("MAP@4", (1 / 2 + 2 / 4) / 3, 1 / 2),
        ("N@4", (1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3) + 1 / 2), 1 / math.log2(3)),
        ("R-precision", 1 / 3, 0),
        ("clicks", 0, 0),
    ],
)
def test_each_measure_has_a_worked_example(name: str, first: float, second: float) -> None:
    rows = measure(name, RANKED, RELEVANT)
    assert rows[:2] == pytest.approx([first, second])
    assert np.isnan(rows[2]), "a row with nothing to find says nothing"


@pytest.mark.parametrize("name", ["F1@10", "N@", "N@0", "N@x", "ndcg", ""])
def test_a_measure_that_does_not_exist_is_refused_by_name(name: str) -> None:
    with pytest.raises(BadInput, match="N@K"):
        measure(name, RANKED, RELEVANT)


def test_clicks_count_pages_of_ten_until_the_first_hit() -> None:
    ranked = np.arange(500, dtype=np.int32)[None, :].repeat(4, axis=0)
    relevant = Ragged.of([[9, 300], [10], [499], [501]])
    assert clicks(ranked, relevant).tolist() == [0, 1, 49, 51]


def test_lists_shorter_than_the_relevant_miss_at_their_end() -> None:
    assert mean(r_precision(np.array([[1, 2]], np.int32), Ragged.of([[1, 2, 3, 4]]))) == pytest.approx(1 / 2)


def test_the_ideal_list_is_cut_at_k_too() -> None:
    assert mean(ndcg(np.array([[1, 2]], np.int32), Ragged.of([[1, 2, 3]]), 2)) == pytest.approx(1)


def test_lists_shorter_than_k_can_be_ideal_no_more() -> None:
    expected = 1 / (1 + 1 / math.log2(3))
    assert mean(ndcg(np.array([[1]], np.int32), Ragged.of([[1, 2]]), 10)) == pytest.approx(expected)


@pytest.mark.parametrize("relevant", [Ragged.empty(1), Ragged.empty(0)], ids=["nothing", "nobody"])
def test_where_nothing_can_be_found_every_mean_is_zero(relevant: Ragged) -> None:
    ranked = np.zeros((len(relevant), 3), np.int32)
    assert mean(recall(ranked, relevant, 3)) == mean(r_precision(ranked, relevant)) == 0


def dcg(marks: list[bool]) -> float:
    return sum(mark / math.log2(place + 1) for place, mark in enumerate(marks, 1))


NAIVE: dict[str, Callable[[list[int], set[int], int], float]] = {
    "R": lambda row, wanted, k: len(wanted & set(row[:k])) / len(wanted),
    "P": lambda row, wanted, k: len(wanted & set(row[:k])) / k,
    "HR": lambda row, wanted, k: float(bool(wanted & set(row[:k]))),
    "N": lambda row, wanted, k: dcg([item in wanted for item in row[:k]]) / dcg([True] * min(k, len(wanted))),
    "MRR": lambda row, wanted, k: next((1 / at for at, item in enumerate(row[:k], 1) if item in wanted), 0.0),
    "MAP": lambda row, wanted, k: (
        sum(len(wanted & set(row[:at])) / at for at, item in enumerate(row[:k], 1) if item in wanted)
        / min(k, len(wanted))
    ),
}


@pytest.mark.parametrize("name", NAIVE)
@given(rows=ROWS, k=st.integers(1, 8))
def test_measures_agree_with_their_definitions(name: str, rows: list[Row], k: int) -> None:
    ranked, relevant = np.array([row for row, _ in rows], np.int32), Ragged.of([sorted(wanted) for _, wanted in rows])
    expected = [NAIVE[name](list(row), wanted, k) for row, wanted in rows]
    assert measure(f"{name}@{k}", ranked, relevant) == pytest.approx(expected)


@given(ROWS)
def test_r_precision_agrees_with_its_definition(rows: list[Row]) -> None:
    ranked, relevant = np.array([row for row, _ in rows], np.int32), Ragged.of([sorted(wanted) for _, wanted in rows])
    expected = [len(wanted & set(row[: len(wanted)])) / len(wanted) for row, wanted in rows]
    assert r_precision(ranked, relevant) == pytest.approx(expected)


@given(ROWS, st.integers(1, 8))
def test_trec_eval_agrees(rows: list[Row], k: int) -> None:
    """trec_eval's NDCG has the whole ideal; its recall, precision and success are ours."""
    ranked, relevant = np.array([row for row, _ in rows], np.int32), Ragged.of([sorted(wanted) for _, wanted in rows])
    wanted = {str(at): dict.fromkeys(map(str, sorted(items)), 1) for at, (_, items) in enumerate(rows)}
    scored = {
        str(at): {str(item): float(len(row) - place) for place, item in enumerate(row)}
        for at, (row, _) in enumerate(rows)
    }
    names = {f"R@{k}": f"recall_{k}", f"P@{k}": f"P_{k}", f"HR@{k}": f"success_{k}", f"N@{k}": f"ndcg_cut_{k}"}
    theirs = pytrec_eval.RelevanceEvaluator(wanted, {f"recall.{k}", f"P.{k}", f"success.{k}", f"ndcg_cut.{k}"})
    found = theirs.evaluate(scored)
    for ours, name in names.items():
        expected = [found[str(at)][name] for at in range(len(rows))]
        assert measure(ours, ranked, relevant) == pytest.approx(expected), ours
    whole = pytrec_eval.RelevanceEvaluator(wanted, {"recip_rank", "Rprec", "map"}).evaluate(scored)
    for name, rows_of in (
        ("recip_rank", measure("MRR@8", ranked, relevant)),
        ("Rprec", r_precision(ranked, relevant)),
        ("map", accuracy.average_precision(ranked, relevant, 8)),
    ):
        assert rows_of == pytest.approx([whole[str(at)][name] for at in range(len(rows))]), name
