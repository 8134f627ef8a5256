# SPDX-License-Identifier: Apache-2.0
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.kernels.ragged import Ragged
from segue.kernels.tastes import MOST, nearest, tastes

RNG = np.random.default_rng(8)
DIRECTIONS = np.linalg.qr(RNG.normal(size=(16, 16)))[0][:6].astype(np.float32)
"""Six directions at right angles."""
TRACKS = np.concatenate([one + 0.12 * RNG.normal(size=(40, 16)) for one in DIRECTIONS]).astype(np.float32)
"""Forty tracks around each: track i is of direction i // 40. Their lengths do not matter."""
TRACKS *= RNG.uniform(0.1, 10, (240, 1)).astype(np.float32)


def of(*directions: int, each: int = 20) -> NDArray[np.int32]:
    return np.concatenate([40 * one + np.arange(each) for one in directions]).astype(np.int32)


def evidence(rows: int, value: float = 3.0) -> NDArray[np.float32]:
    return np.full(rows, value, np.float32)


@pytest.mark.parametrize("count", range(1, MOST + 1))
def test_as_many_tastes_are_found_as_there_are_and_each_track_is_in_its_own(count: int) -> None:
    found = tastes(Ragged.of([of(*range(count))]), TRACKS, evidence(1))
    assert found.count.tolist() == [count]
    labels = found.label.reshape(count, 20)
    assert (labels == labels[:, :1]).all()
    assert len(set(labels[:, 0].tolist())) == count
    np.testing.assert_allclose(found.share[0, :count], 1 / count, atol=1e-5)
    assert not found.share[0, count:].any()


def test_a_sparse_history_has_one_taste_where_a_rich_one_has_two() -> None:
    found = tastes(Ragged.of([of(0, 1, each=3), of(0, 1, each=30)]), TRACKS, evidence(2))
    assert found.count.tolist() == [1, 2]


def test_two_tracks_played_again_and_again_bear_out_little() -> None:
    often = [[100.0, 100.0] + [0.1] * 38]
    row = np.concatenate([of(0, each=1), of(1, each=1), of(0, 1, each=20)[[*range(1, 20), *range(21, 40)]]])
    assert tastes(Ragged.of([row], often), TRACKS, evidence(1, 4.0)).count.tolist() == [1]
    assert tastes(Ragged.of([row]), TRACKS, evidence(1, 4.0)).count.tolist() == [2]


def test_the_taste_that_is_played_most_stands_first() -> None:
    row = np.concatenate([of(3, each=10), of(5, each=30)])
    found = tastes(Ragged.of([row]), TRACKS, evidence(1))
    assert found.share[0, :2].tolist() == [0.75, 0.25]
    assert found.centre[0, 0] @ DIRECTIONS[5] > 0.95
    assert found.centre[0, 1] @ DIRECTIONS[3] > 0.95


def test_of_a_long_history_what_is_played_little_joins_the_taste_that_lies_nearest() -> None:
    long = np.tile(of(2, 4, each=40), 4)
    little = np.arange(len(long)) % 5 == 0
    found = tastes(Ragged.of([long], [np.where(little, 0.1, 1.0).tolist()]), TRACKS, evidence(1))
    assert (len(long), int((~little).sum())) == (320, 256)
    assert found.count.tolist() == [2]
    second = long >= 160
    assert {tuple(set(found.label[mine].tolist())) for mine in (second, ~second)} == {(0,), (1,)}
    np.testing.assert_allclose(found.share[0, :2], 0.5, atol=0.01)


def test_what_is_unknown_or_skipped_has_no_taste() -> None:
    found = tastes(Ragged.of([[0, -1, 41, 2], [], [-1]], [[1, 1, -1, 1], [], [1]]), TRACKS, evidence(3))
    assert found.label.tolist() == [0, -1, -1, 0, -1]
    assert found.count.tolist() == [1, 0, 0]


def test_scatter_is_small_of_a_narrow_history_and_great_of_a_broad_one() -> None:
    narrow, broad, none = tastes(Ragged.of([of(0), of(0, 1, 2, 3), []]), TRACKS, evidence(3)).scatter
    assert none == 0
    assert 0 < narrow < 0.3 < broad < 1


def test_each_item_is_told_the_taste_that_lies_nearest() -> None:
    found = tastes(Ragged.of([np.concatenate([of(0, each=30), of(1, each=10)]), []]), TRACKS, evidence(2))
    label, cosine = nearest(found, np.array([0, 4, 5]), np.array([39, 79, 80, -1, 0], np.int32), TRACKS)
    assert label.tolist() == [0, 1, label[2], -1, -1]
    assert cosine[0] > 0.7 > 0.5 > abs(cosine[2])
    assert cosine[3:].tolist() == [0, 0]


ROWS = st.lists(
    st.lists(st.tuples(st.integers(-1, 239), st.floats(-1, 5)), max_size=30, unique_by=lambda one: one[0]), max_size=4
)


@settings(deadline=None, max_examples=60)
@given(rows=ROWS, value=st.floats(0.1, 8))
def test_shares_add_up_and_no_round_leaves_a_track_nearer_to_another_taste(
    rows: list[list[tuple[int, float]]], value: float
) -> None:
    history = Ragged.of([[item for item, _ in row] for row in rows], [[weight for _, weight in row] for row in rows])
    found = tastes(history, TRACKS, evidence(len(rows), value))
    parallel = tastes(history, TRACKS, evidence(len(rows), value), parallel=True)
    assert [getattr(found, name).tobytes() for name in found.__slots__] == [
        getattr(parallel, name).tobytes() for name in found.__slots__
    ]
    for row, (first, last) in enumerate(pairwise(history.offsets.tolist())):
        liked = (history.values[first:last] >= 0) & (history.weights[first:last] > 0)
        labels = found.label[first:last]
        assert ((labels >= 0) == liked).all()
        assert found.share[row].sum() == pytest.approx(1 if liked.any() else 0, abs=1e-4)
        assert (np.diff(found.share[row]) <= 1e-6).all()
        for taste in range(found.count[row]):
            assert (labels == taste).any()
            assert np.linalg.norm(found.centre[row, taste]) == pytest.approx(1, abs=1e-3)
