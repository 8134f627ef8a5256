# SPDX-License-Identifier: Apache-2.0
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segue.kernels.ragged import Ragged, offsets_of, row_numbers, take_rows

Row = list[tuple[int, float]]
ROWS = st.lists(
    st.lists(st.tuples(st.integers(0, 9), st.sampled_from([-1.5, 0.0, 0.25, 1.0, 3.0])), max_size=5), max_size=6
)


def ragged(rows: list[Row]) -> Ragged:
    return Ragged.of([[value for value, _ in row] for row in rows], [[weight for _, weight in row] for row in rows])


def lists(made: Ragged) -> list[Row]:
    assert (made.offsets.dtype, made.values.dtype, made.weights.dtype) == (np.int64, np.int32, np.float32)
    assert made.offsets[0] == 0 and made.offsets[-1] == len(made.values) == len(made.weights)
    bounds = list(zip(made.offsets[:-1].tolist(), made.offsets[1:].tolist(), strict=True))
    entries = list(zip(made.values.tolist(), made.weights.tolist(), strict=True))
    return [entries[first:last] for first, last in bounds]


@given(ROWS)
def test_rows_come_back_as_they_were_given(rows: list[Row]) -> None:
    made = ragged(rows)
    assert lists(made) == rows
    assert len(made) == len(rows)
    assert [made.row(index).tolist() for index in range(len(rows))] == [[value for value, _ in row] for row in rows]


def test_weights_are_one_where_none_are_given() -> None:
    assert lists(Ragged.of([[3, 1], [], [2]])) == [[(3, 1.0), (1, 1.0)], [], [(2, 1.0)]]


def test_empty_rows_hold_nothing() -> None:
    assert lists(Ragged.empty(3)) == [[], [], []]


@given(st.lists(st.integers(0, 5), max_size=8))
def test_offsets_and_row_numbers_say_the_same(lengths: list[int]) -> None:
    for given_as in (lengths, np.array(lengths, np.int32)):
        offsets = offsets_of(given_as)
        assert np.diff(offsets).tolist() == lengths
        assert row_numbers(offsets).tolist() == [row for row, length in enumerate(lengths) for _ in range(length)]


@given(ROWS, st.data())
def test_taking_rows_may_repeat_and_reorder_them(rows: list[Row], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=8) if rows else st.just([]))
    assert lists(ragged(rows).take(np.array(chosen, np.int64))) == [rows[index] for index in chosen]


@given(ROWS)
def test_taking_rows_of_flat_columns_points_at_their_values(rows: list[Row]) -> None:
    made = ragged(rows)
    backwards = np.arange(len(rows))[::-1]
    offsets, index = take_rows(made.offsets, backwards)
    assert lists(Ragged(offsets, made.values[index], made.weights[index])) == rows[::-1]


@given(ROWS)
def test_keeping_values_leaves_every_row_in_its_place(rows: list[Row]) -> None:
    made = ragged(rows)
    assert lists(made.keep(made.weights > 0)) == [[entry for entry in row if entry[1] > 0] for row in rows]


@given(ROWS, st.lists(st.integers(-1, 4), min_size=1, max_size=10))
def test_translation_leaves_out_what_the_table_lacks(rows: list[Row], table: list[int]) -> None:
    wanted = [[(table[v], w) for v, w in row if v < len(table) and table[v] >= 0] for row in rows]
    assert lists(ragged(rows).translate(np.array(table, np.int32))) == wanted


@given(st.lists(st.tuples(*[st.lists(st.tuples(st.integers(0, 9), st.just(1.0)), max_size=4)] * 2), max_size=5))
def test_concatenation_puts_each_row_behind_the_same_row(pairs: list[tuple[Row, Row]]) -> None:
    first, second = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    assert lists(ragged(first).concat(ragged(second))) == [one + other for one, other in pairs]
