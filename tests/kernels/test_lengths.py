# SPDX-License-Identifier: Apache-2.0
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.kernels.lengths import fitting
from segue.kernels.ragged import offsets_of

ROWS = st.lists(st.lists(st.integers(1, 60), max_size=8), min_size=1, max_size=4)


def taken(rows: list[list[int]], wanted: list[int], *, parallel: bool = False) -> list[list[int]]:
    lengths = np.array([length for row in rows for length in row], np.int64)
    offsets = offsets_of(map(len, rows))
    marked = fitting(offsets, lengths, np.array(wanted, np.int64), parallel=parallel)
    return [np.flatnonzero(marked[a:b]).tolist() for a, b in pairwise(offsets)]


def test_the_first_tracks_are_taken_as_long_as_they_fit() -> None:
    assert taken([[10, 10, 10, 10]], [30]) == [[0, 1, 2]]


def test_near_the_end_a_track_is_exchanged_for_one_that_fits_better() -> None:
    assert taken([[20, 20, 20, 25]], [65]) == [[0, 1, 3]]


def test_without_a_wish_all_are_taken() -> None:
    assert taken([[3, 4], []], [0, 0]) == [[0, 1], []]


def test_what_does_not_suffice_is_taken_whole() -> None:
    assert taken([[3, 4]], [100]) == [[0, 1]]


@pytest.mark.parametrize("parallel", [False, True])
@settings(deadline=None, max_examples=150)
@given(rows=ROWS, wanted=st.integers(1, 250))
def test_no_exchange_and_no_addition_comes_closer(parallel: bool, rows: list[list[int]], wanted: int) -> None:
    for row, chosen in zip(rows, taken(rows, [wanted] * len(rows), parallel=parallel), strict=True):
        off = abs(wanted - sum(row[i] for i in chosen))
        others = [i for i in range(len(row)) if i not in chosen]
        assert all(abs(wanted - sum(row[i] for i in [*chosen, j])) >= off for j in others)
        assert all(abs(wanted - sum(row[i] for i in [*(set(chosen) - {i}), j])) >= off for i in chosen for j in others)


@settings(deadline=None, max_examples=60)
@given(row=st.lists(st.integers(100, 400), min_size=30, max_size=40), wanted=st.integers(1500, 5000))
def test_of_many_tracks_some_fit_within_a_twentieth(row: list[int], wanted: int) -> None:
    (chosen,) = taken([row], [wanted])
    assert abs(sum(row[i] for i in chosen) - wanted) <= 0.05 * wanted
    assert len(set(chosen)) == len(chosen)
    assert list(combinations(chosen, 2)) == sorted(combinations(chosen, 2))
