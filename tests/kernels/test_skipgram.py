# SPDX-License-Identifier: Apache-2.0
"""The kernel works in float32; after an epoch its vectors are within 1e-5 of those of a plain float64 twin."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.kernels.ragged import Ragged
from segue.kernels.skipgram import draw_table, skipgram_epoch

ITEMS = 9
TOLERANCE = 1e-5


class Draws:
    """xorshift64* as its paper has it, on Python's own integers."""

    def __init__(self, state: int):
        self.state = state

    def next(self) -> int:
        self.state ^= self.state >> 12
        self.state ^= (self.state << 25) % 2**64
        self.state ^= self.state >> 27
        return (self.state * 2685821657736338717) % 2**64 >> 32

    def below(self, bound: int) -> int:
        return self.next() * bound >> 32


def twin(
    rows: list[list[int]],
    windows: list[int],
    kept: list[float],
    table: list[int],
    state: int,
    rates: tuple[float, float],
    pairs: int,
    negatives: int,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> int:
    """Change x and y as Mikolov et al. write it, one gradient step a pair, and return the generator's last state."""
    draws = Draws(state)
    for number, (whole, window) in enumerate(zip(rows, windows, strict=True)):
        rate = rates[0] + (rates[1] - rates[0]) * number / len(rows)
        row = [item for item in whole if kept[item] >= 1 or draws.next() / 2**32 < kept[item]]
        for place, centre in enumerate(row if len(row) > 1 else []):
            if window:
                reach = 1 + draws.below(window)
                near = [at for at in range(len(row)) if abs(at - place) <= reach]
            else:
                near = [0] * pairs
            for other in near:
                if not window:
                    drawn_place = draws.below(len(row) - 1)
                    other = drawn_place if drawn_place < place else drawn_place + 1
                beside = row[other]
                if beside == centre:
                    continue
                drawn = [(beside, 1)] + [(table[draws.below(len(table))], 0) for _ in range(negatives)]
                gradient = np.zeros(x.shape[1])
                for target, label in (one for at, one in enumerate(drawn) if at == 0 or one[0] != beside):
                    error = label - 1 / (1 + np.exp(-x[centre] @ y[target]))
                    gradient += error * y[target]
                    y[target] += rate * error * x[centre]
                x[centre] += rate * gradient
    return draws.state


def vectors(seed: int, d: int) -> NDArray[np.float32]:
    return np.random.Generator(np.random.PCG64(seed)).normal(0, 0.4, (ITEMS, d)).astype(np.float32)


@settings(max_examples=60)
@given(
    rows=st.lists(st.lists(st.integers(0, ITEMS - 1), max_size=12), max_size=8),
    data=st.data(),
    d=st.sampled_from([1, 3, 8, 16]),
    pairs=st.integers(1, 4),
    negatives=st.integers(1, 5),
    seed=st.integers(1, 2**64 - 1),
)
def test_an_epoch_gives_the_numbers_of_its_twin(
    rows: list[list[int]], data: st.DataObject, d: int, pairs: int, negatives: int, seed: int
) -> None:
    windows = [data.draw(st.integers(0, 4)) for _ in rows]
    kept = np.array([data.draw(st.sampled_from([0.25, 0.5, 1.0])) for _ in range(ITEMS)], np.float32)
    table = draw_table(np.arange(1.0, ITEMS + 1))
    x, y, state = vectors(1, d), vectors(2, d), np.array([seed], np.uint64)
    expected_x, expected_y = x.astype(np.float64), y.astype(np.float64)
    given_rows = Ragged.of(rows)
    reach = np.array(windows, np.int32)
    skipgram_epoch(given_rows, reach, kept, table, state, (0.1, 0.02), pairs, negatives, x, y)
    expected_state = twin(
        rows, windows, kept.tolist(), table.tolist(), seed, (0.1, 0.02), pairs, negatives, expected_x, expected_y
    )
    assert int(state[0]) == expected_state
    np.testing.assert_allclose(x, expected_x, rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(y, expected_y, rtol=0, atol=TOLERANCE)


def test_items_are_drawn_by_their_weights() -> None:
    weights = np.array([1.0, 0, 3, 6])
    table = draw_table(weights)
    assert table.dtype == np.int32
    np.testing.assert_allclose(np.bincount(table, minlength=4) / len(table), weights / 10, rtol=0, atol=1e-4)


@pytest.mark.parametrize("row", [[], [4], [4, 4]], ids=["none", "one", "one twice"])
def test_a_row_without_two_items_moves_nothing(row: list[int]) -> None:
    x, y = vectors(1, 4), vectors(2, 4)
    for window in (0, 3):
        skipgram_epoch(
            Ragged.of([row]),
            np.array([window], np.int32),
            np.ones(ITEMS, np.float32),
            draw_table(np.ones(ITEMS)),
            np.array([7], np.uint64),
            (0.1, 0.1),
            3,
            2,
            x,
            y,
        )
    np.testing.assert_array_equal(x, vectors(1, 4))
    np.testing.assert_array_equal(y, vectors(2, 4))
