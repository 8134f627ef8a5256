# SPDX-License-Identifier: Apache-2.0
"""Distances are quarters here, and so exact: the kernel makes each exchange that its twin makes."""

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.kernels.order import sequence
from segue.kernels.ragged import Ragged, offsets_of, row_numbers

NOTHING = np.zeros((1, 3), np.float32)
"""Vectors of one item that is a distance of 1 from all."""

ROW = st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 8), st.integers(0, 4)), max_size=10)
"""Tracks of an artist, with a feature in quarters, and a score."""

Row = list[tuple[int, int, int]]


def missed(artists: list[int], gap: int) -> int:
    """Add up, over all pairs of an artist, how many of `gap` places are missing between them."""
    return sum(
        max(gap - (j - i - 1), 0) for j in range(len(artists)) for i in range(j) if artists[i] == artists[j] >= 0
    )


class Twin:
    """One row, put in order by lists that are made anew for each exchange."""

    def __init__(self, features: list[float], artists: list[int], gap: int):
        self.features, self.artists, self.gap = features, artists, gap

    def order(self, head: int, passes: int) -> list[int]:
        found = self.improved(self.begun(head, False), passes)
        spread = self.begun(head, True)
        if self.missed(found) and not self.missed(spread):
            return self.improved(spread, passes)
        return found

    def missed(self, order: list[int]) -> int:
        return missed([self.artists[i] for i in order], self.gap)

    def step(self, i: int, j: int) -> float:
        return 1 + abs(self.features[i] - self.features[j])

    def length(self, order: list[int]) -> float:
        return sum(self.step(i, j) for i, j in pairwise(order))

    def begun(self, head: int, most_left: bool) -> list[int]:
        order = [head]
        while left := [i for i in range(len(self.artists)) if i not in order]:

            def rank(i: int, left: list[int] = left) -> tuple[float, ...]:
                same = [j for j in left if i == j or self.artists[i] == self.artists[j] >= 0]
                near = self.missed([*order, i]) - self.missed(order)
                return near, -len(same) if most_left else 0, self.step(order[-1], i)

            order.append(min(left, key=rank))
        return order

    def improved(self, order: list[int], passes: int) -> list[int]:
        last, still = len(order) - 1, 0
        for turn in range(passes * last):
            p, still = turn % last + 1, still + 1
            for q in range(p, last + 1):
                for r in range(q, last + 1):
                    one, two = order[p : q + 1], order[q + 1 : r + 1]
                    if two and min(len(one), len(two)) > 3:
                        continue
                    ways = [two + one]
                    ways += [two + one[::-1]] if len(one) <= 3 else []
                    ways += [two[::-1] + one] if len(two) <= 3 else []
                    made = min(
                        (order[:p] + way + order[r + 1 :] for way in (ways if two else [one[::-1]])), key=self.length
                    )
                    gain, less = self.length(order) - self.length(made), self.missed(order) - self.missed(made)
                    alone = len(one) == 1 or len(two) == 1
                    if (less == 0 and gain > 0) or (less > 0 and (gain > 0 or alone)):
                        order, still = made, 0
            if still == last:
                break
        return order


def ask(rows: list[Row], gap: int, **options: object) -> tuple[list[list[int]], list[int]]:
    """Return each row's order, as places from its beginning, and what each misses."""
    tracks = Ragged.of([[0] * len(row) for row in rows], [[score for *_, score in row] for row in rows])
    artists = np.array([artist for row in rows for artist, *_ in row], np.int32)
    features = np.array([feature / 4 for row in rows for _, feature, _ in row], np.float32).reshape(-1, 1)
    options = {"features": features, "weights": np.ones(1, np.float32), **options}
    placed, misses = sequence(tracks, NOTHING, artists, gap, **options)  # type: ignore[arg-type]
    assert (placed.dtype, misses.dtype) == (np.int64, np.int32)
    bounds = pairwise(tracks.offsets.tolist())
    return [(placed[first:last] - first).tolist() for first, last in bounds], misses.tolist()


@pytest.mark.parametrize("parallel", [False, True])
@settings(deadline=None, max_examples=100)
@given(rows=st.lists(ROW, max_size=3), gap=st.integers(0, 4), passes=st.sampled_from([0, 1, 20]))
def test_the_order_is_that_of_the_twin(parallel: bool, rows: list[Row], gap: int, passes: int) -> None:
    orders, misses = ask(rows, gap, passes=passes, parallel=parallel)
    for row, order, missing in zip(rows, orders, misses, strict=True):
        scores = [score for *_, score in row]
        made = Twin([feature / 4 for _, feature, _ in row], [artist for artist, *_ in row], gap)
        assert order == (made.order(scores.index(max(scores)), passes) if row else [])
        assert missing == made.missed(order)


@settings(deadline=None, max_examples=100)
@given(artists=st.lists(st.integers(-1, 3), min_size=1, max_size=7), gap=st.integers(0, 6), head=st.integers(0, 6))
def test_as_little_is_missing_as_can_be(artists: list[int], gap: int, head: int) -> None:
    """Beside all orders from the same first track."""
    head %= len(artists)
    (order,), (missing,) = ask([[(artist, 0, 0) for artist in artists]], gap, first=np.array([head], np.int32))
    assert order[0] == head
    assert sorted(order) == list(range(len(artists)))
    others = [i for i in range(len(artists)) if i != head]
    least = min(missed([artists[i] for i in (head, *rest)], gap) for rest in permutations(others))
    assert missing == missed([artists[i] for i in order], gap) == least


@settings(deadline=None, max_examples=60)
@given(counts=st.lists(st.integers(1, 9), min_size=1, max_size=12), gap=st.integers(1, 8), seed=st.integers(0, 2**32))
def test_a_gap_that_can_be_kept_is_kept(counts: list[int], gap: int, seed: int) -> None:
    """It can by `(m - 1) · (gap + 1) + c` tracks, where c artists have the most, m, and one of these begins."""
    most = max(counts)
    needed = (most - 1) * (gap + 1) + counts.count(most)
    artists = np.repeat(np.arange(len(counts)), counts)
    artists = np.concatenate([artists, np.full(max(needed - len(artists), 0), -1)])
    np.random.Generator(np.random.PCG64(seed)).shuffle(artists)
    row = [(int(artist), int(artist) % 7, int(artist >= 0 and counts[artist] == most)) for artist in artists]
    _, misses = ask([row], gap)
    assert misses == [0]


def test_tracks_on_an_arc_are_walked_along() -> None:
    angles = np.array([0.9, 0.1, 1.4, 0.4, 0.0, 1.1, 0.6])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    scores = np.array([0, 0, 0, 0, 1, 0, 0], np.float32)
    rows = Ragged(offsets_of([7]), np.arange(7, dtype=np.int32), scores)
    placed, _ = sequence(rows, vectors, np.arange(7, dtype=np.int32), 2)
    assert placed.tolist() == np.argsort(angles).tolist()


def test_a_feature_that_is_unknown_is_no_distance() -> None:
    rows = [[(0, 0, 1), (1, 8, 0), (2, 4, 0)]]
    features = np.array([[0], [2], [np.nan]], np.float32)
    assert ask(rows, 1, features=features)[0] == [[0, 2, 1]]


def random_rows(seed: int) -> tuple[Ragged, NDArray[np.float32], NDArray[np.int32]]:
    rng = np.random.Generator(np.random.PCG64(seed))
    lengths = rng.integers(0, 50, 200)
    total = int(lengths.sum())
    rows = Ragged(offsets_of(lengths), rng.integers(-1, 400, total).astype(np.int32), rng.random(total, np.float32))
    return rows, rng.normal(0, 1, (400, 24)).astype(np.float32), rng.integers(0, 12, total).astype(np.int32)


def test_no_order_is_longer_than_it_began() -> None:
    rows, vectors, artists = random_rows(2)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.concatenate([unit, np.zeros((1, 24), np.float32)])

    row = row_numbers(rows.offsets)

    def lengths(passes: int) -> NDArray[np.float64]:
        placed, _ = sequence(rows, vectors, artists, 0, passes=passes)
        chosen = unit[rows.values[placed]]
        steps = (1 - (chosen[1:] * chosen[:-1]).sum(axis=1)) * (row[1:] == row[:-1])
        return np.bincount(row[1:], steps, len(rows))

    begun, ended = lengths(0), lengths(20)
    assert (ended <= begun + 1e-4).all()
    assert ended.sum() < 0.98 * begun.sum()


def test_serial_and_parallel_orders_are_the_same() -> None:
    given_rows = random_rows(3)
    serial, parallel = sequence(*given_rows, 3), sequence(*given_rows, 3, parallel=True)
    assert [array.tobytes() for array in serial] == [array.tobytes() for array in parallel]
