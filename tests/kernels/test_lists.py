# SPDX-License-Identifier: Apache-2.0
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.kernels.lists import among, best_first, blend, first_unlisted, greatest, merge, to_front, under_cap
from segue.kernels.ragged import Ragged, offsets_of

N = 12
LISTS = st.lists(st.lists(st.integers(0, N - 1), max_size=8), min_size=1, max_size=5)
SCORES = st.sampled_from([-1.5, 0.0, -0.0, 0.25, 0.5, 3.0])


def proposal(rows: list[list[tuple[int, float]]]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    width = max(map(len, rows)) + 1
    items, scores = np.full((len(rows), width), -1, np.int32), np.full((len(rows), width), -np.inf, np.float32)
    for row, said in enumerate(rows):
        for place, (item, score) in enumerate(said):
            items[row, place], scores[row, place] = item, score
    return items, scores


SAID = st.lists(st.tuples(st.integers(0, N - 1), SCORES | st.just(np.nan)), max_size=6, unique_by=lambda one: one[0])


@given(
    st.integers(1, 4).flatmap(
        lambda rows: st.lists(st.lists(SAID, min_size=rows, max_size=rows), min_size=1, max_size=3)
    )
)
def test_a_merged_row_holds_what_any_source_proposed_with_what_each_said(
    said: list[list[list[tuple[int, float]]]],
) -> None:
    offsets, items, scores = merge([proposal(rows) for rows in said], N)
    for row in range(len(said[0])):
        proposed = [{item: score for item, score in rows[row] if np.isfinite(score)} for rows in said]
        union = list(dict.fromkeys(item for one in proposed for item in one))
        assert items[offsets[row] : offsets[row + 1]].tolist() == union
        expected = np.array([[one.get(item, np.nan) for one in proposed] for item in union], np.float32)
        np.testing.assert_array_equal(scores[offsets[row] : offsets[row + 1]], expected.reshape(len(union), len(said)))


@given(LISTS, st.integers(0, 2**32))
def test_what_the_same_row_lists_is_marked(rows: list[list[int]], seed: int) -> None:
    random = np.random.default_rng(seed)
    listed = [[item for item in range(N) if random.random() < 0.3] for _ in rows]
    flat = np.array([item for row in rows for item in row], np.int32)
    marked = among(offsets_of(map(len, rows)), flat, Ragged.of(listed), N)
    assert marked.tolist() == [item in wanted for row, wanted in zip(rows, listed, strict=True) for item in row]


@given(st.lists(st.lists(SCORES, max_size=8), min_size=1, max_size=5))
def test_rows_are_put_in_the_order_of_a_stable_sort(rows: list[list[float]]) -> None:
    offsets, flat = offsets_of(map(len, rows)), np.array([score for row in rows for score in row], np.float32)
    expected = [
        place + int(first)
        for row, first in zip(rows, offsets, strict=False)
        for place in sorted(range(len(row)), key=lambda place: -row[place])
    ]
    assert best_first(offsets, flat).tolist() == expected
    assert greatest(offsets, flat).tolist() == [max([0.0, *row]) for row in rows]


@given(
    st.lists(
        st.lists(st.tuples(SCORES | st.just(np.nan), SCORES | st.just(np.nan)), max_size=6), min_size=1, max_size=4
    )
)
def test_a_blend_weighs_shares_of_the_best_of_each_row(rows: list[list[tuple[float, float]]]) -> None:
    weights = np.array([0.75, 0.5], np.float32)
    said = np.array([one for row in rows for one in row], np.float32).reshape(-1, 2)
    scores, sources = blend(offsets_of(map(len, rows)), said, weights)
    first = 0
    for row in rows:
        own = said[first : first + len(row)]
        told = np.maximum(np.nan_to_num(own, nan=0.0), 0)
        parts = told / np.maximum(told.max(axis=0, initial=0), 1e-12) * weights
        np.testing.assert_allclose(scores[first : first + len(row)], parts.sum(axis=1), rtol=1e-6)
        parts[np.isnan(own)] = -1
        assert sources[first : first + len(row)].tolist() == parts.argmax(axis=1).tolist()
        first += len(row)


@given(LISTS, st.integers(1, 3))
def test_a_cap_keeps_the_first_of_each_group(rows: list[list[int]], most: int) -> None:
    flat = np.array([group for row in rows for group in row], np.int32)
    kept = under_cap(offsets_of(map(len, rows)), flat, N, most)
    assert kept.tolist() == [row[:place].count(group) < most for row in rows for place, group in enumerate(row)]


@given(LISTS, st.integers(0, 2**32))
def test_what_is_chosen_comes_to_the_front_of_its_row(rows: list[list[int]], seed: int) -> None:
    random = np.random.default_rng(seed)
    offsets = offsets_of(map(len, rows))
    chosen = [
        first + random.permutation(len(row))[: random.integers(len(row) + 1)]
        for row, first in zip(rows, offsets, strict=False)
    ]
    expected = [
        place
        for own, first, last in zip(chosen, offsets, offsets[1:], strict=False)
        for place in [*own.tolist(), *(place for place in range(first, last) if place not in own)]
    ]
    assert to_front(offsets, np.concatenate(chosen).astype(np.int64)).tolist() == expected


@given(LISTS, st.integers(1, N + 2), st.permutations(range(N)))
def test_the_first_that_a_row_does_not_list_are_found(rows: list[list[int]], k: int, order: list[int]) -> None:
    found = first_unlisted(np.array(order, np.int32), Ragged.of(rows), k)
    for row, ranked in zip(rows, found.tolist(), strict=True):
        left = [item for item in order if item not in row][:k]
        assert ranked == left + [-1] * (k - len(left))
