# SPDX-License-Identifier: Apache-2.0
"""Distances are quarters here, and so exact: the kernel makes each exchange that its twin makes."""

from collections.abc import Iterator
from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.kernels.order import EXACT, sequence
from segue.kernels.ragged import Ragged, offsets_of, row_numbers

NOTHING = np.zeros((1, 3), np.float32)
"""Vectors of one item that is a distance of 1 from all."""

ROW = st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 8), st.integers(0, 4)), max_size=11)
"""Tracks of an artist, with a feature in quarters, and what they cost near the beginning, in quarters."""
ARC = st.one_of(st.none(), st.tuples(st.integers(0, 8), st.integers(0, 8)))
"""Levels at the beginning and the end, in quarters; None: no arc."""

Row = list[tuple[int, int, int]]


def missed(artists: list[int], gap: int) -> int:
    """Add up, over all pairs of an artist, how many of `gap` places are missing between them."""
    return sum(
        max(gap - (j - i - 1), 0) for j in range(len(artists)) for i in range(j) if artists[i] == artists[j] >= 0
    )


class Twin:
    """One row, put in order by lists that are made anew for each exchange."""

    def __init__(self, row: Row, gap: int, *, arc: tuple[int, int] | None = None, kept: int = 0, period: float = 0):
        self.artists = [artist for artist, _, _ in row]
        self.features = [feature / 4 for _, feature, _ in row]
        self.hooks = [hook / 4 for _, _, hook in row]
        self.gap, self.arc, self.kept, self.period = gap, arc, min(kept, len(row)), period

    def order(self, passes: int) -> list[int]:
        found = self.improved(self.begun(False), passes)
        spread = self.begun(True)
        if self.missed(found) and not self.missed(spread):
            found = self.improved(spread, passes)
        return self.best(found) if len(self.artists) - self.kept <= EXACT else found

    def best(self, found: list[int]) -> list[int]:
        first, others = found[: self.kept], sorted(found[self.kept :])
        for rest in permutations(others):
            tried = [*first, *rest]
            shorter = self.length(tried) < self.length(found)
            if (self.missed(tried), not shorter) < (self.missed(found), True):
                found = tried
        return found

    def missed(self, order: list[int]) -> int:
        return missed([self.artists[i] for i in order], self.gap)

    def step(self, i: int, j: int) -> float:
        apart = abs(self.features[i] - self.features[j])
        if self.period:
            apart = min(apart % self.period, -apart % self.period)
        return 1 + apart

    def cost(self, i: int, place: int) -> float:
        """What a track costs at a place, from 0."""
        since = place - self.kept
        if since < 0:
            return 0
        last = max(len(self.artists) - self.kept - 1, 1)
        amiss = 0.0 if self.arc is None else abs(4 * self.features[i] - np.interp(since / last, [0, 1], self.arc)) / 4
        return float(amiss + self.hooks[i] * (since < 2))

    def length(self, order: list[int]) -> float:
        steps = sum(self.step(i, j) for i, j in pairwise(order))
        return steps + sum(self.cost(i, place) for place, i in enumerate(order))

    def begun(self, most_left: bool) -> list[int]:
        order = list(range(self.kept))
        while left := [i for i in range(len(self.artists)) if i not in order]:

            def rank(i: int, left: list[int] = left) -> tuple[float, ...]:
                same = [j for j in left if i == j or self.artists[i] == self.artists[j] >= 0]
                near = self.missed([*order, i]) - self.missed(order)
                step = self.step(order[-1], i) if order else 0
                return near, -len(same) if most_left else 0, step + self.cost(i, len(order))

            order.append(min(left, key=rank))
        return order

    def improved(self, order: list[int], passes: int) -> list[int]:
        free, still, p = len(order) - self.kept, 0, self.kept
        for _ in range(passes * free):
            if still == free:
                break
            if made := self.exchanged(order, p):
                order, still = made, 0
            else:
                p, still = p + 1 if p < len(order) - 1 else self.kept, still + 1
        return order

    def exchanged(self, order: list[int], p: int) -> list[int] | None:
        """Make the exchange from a place on that gains most, or else one of a single track that misses less."""
        before, last = self.missed(order), len(order) - 1
        gains = [(self.length(order) - self.length(made), made) for made in self.exchanges(order, p)]
        for gain, made in sorted(gains, key=lambda one: -one[0]):
            if gain > 1e-9 and self.missed(made) <= before:
                return made
        singles = [self.swapped(order, p, p, r) for r in range(p + 1, last + 1)]
        singles += [self.swapped(order, p, q, q + 1) for q in range(p, last)]
        return next((made for made in singles if self.missed(made) < before), None)

    def exchanges(self, order: list[int], p: int) -> Iterator[list[int]]:
        last = len(order) - 1
        yield from (order[:p] + order[p : q + 1][::-1] + order[q + 1 :] for q in range(p + 1, last + 1))
        for least, step in ((1, 1), (2, -1)):  # up to three from here on move behind others, and are turned round
            for size in range(least, 4):
                yield from (self.swapped(order, p, p + size - 1, r, first=step) for r in range(p + size, last + 1))
        for least, step in ((1, 1), (2, -1)):  # as many from behind others move to here
            for size in range(least, 4):
                yield from (self.swapped(order, p, q, q + size, second=step) for q in range(p + 3, last + 1 - size))

    @staticmethod
    def swapped(order: list[int], p: int, q: int, r: int, first: int = 1, second: int = 1) -> list[int]:
        """Let p … q and q + 1 … r change places, either turned round where its step is -1."""
        return order[:p] + order[q + 1 : r + 1][::second] + order[p : q + 1][::first] + order[r + 1 :]


def ask(rows: list[Row], gap: int, **options: object) -> tuple[list[list[int]], list[int]]:
    """Return each row's order, as places from its beginning, and what each misses."""
    tracks = Ragged.of([[0] * len(row) for row in rows])
    every = [one for row in rows for one in row]
    groups = np.array([[artist for artist, *_ in every]], np.int32)
    features = np.array([feature / 4 for _, feature, _ in every], np.float32)
    told = {"features": features.reshape(-1, 1), "levels": features, "hooked": 2, **options}
    told["hooks"] = np.array([hook / 4 for *_, hook in every], np.float32)
    placed, misses = sequence(tracks, NOTHING, groups, np.array([gap], np.int32), **told)  # type: ignore[arg-type]
    assert (placed.dtype, misses.dtype) == (np.int64, np.int32)
    bounds = pairwise(tracks.offsets.tolist())
    return [(placed[first:last] - first).tolist() for first, last in bounds], misses.tolist()


@pytest.mark.parametrize("parallel", [False, True])
@settings(deadline=None, max_examples=100)
@given(
    rows=st.lists(ROW, max_size=3),
    gap=st.integers(0, 4),
    passes=st.sampled_from([0, 1, 20]),
    kept=st.integers(0, 2),
    period=st.sampled_from([0, 1]),
)
def test_the_order_is_as_good_as_that_of_the_twin(
    parallel: bool, rows: list[Row], gap: int, passes: int, kept: int, period: int
) -> None:
    fixed = np.full(len(rows), kept, np.int32)
    periods = np.array([period], np.float32)
    orders, misses = ask(rows, gap, passes=passes, parallel=parallel, fixed=fixed, periods=periods)
    for row, order, missing in zip(rows, orders, misses, strict=True):
        twin = Twin(row, gap, kept=kept, period=period)
        made = twin.order(passes)
        if len(row) - kept > EXACT:
            assert order == made
        assert (missing, twin.length(order)) == (twin.missed(made), pytest.approx(twin.length(made), abs=1e-4))
        assert order[:kept] == list(range(min(kept, len(row))))


@settings(deadline=None, max_examples=150)
@given(row=ROW.filter(lambda row: len(row) <= EXACT), gap=st.integers(0, 3), arc=ARC, kept=st.integers(0, 2))
def test_a_short_row_has_the_best_order_of_all(row: Row, gap: int, arc: tuple[int, int] | None, kept: int) -> None:
    arcs = np.full((1, 2), np.nan, np.float32) if arc is None else np.array([arc], np.float32) / 4
    (order,), _ = ask([row], gap, arcs=arcs, fixed=np.array([kept], np.int32))
    twin = Twin(row, gap, arc=arc, kept=kept)
    others = permutations(range(twin.kept, len(row)))
    best = min(
        (twin.missed(tried), round(twin.length(tried), 4)) for tried in ([*range(twin.kept), *rest] for rest in others)
    )
    assert (twin.missed(order), pytest.approx(twin.length(order), abs=1e-3)) == best


@settings(deadline=None, max_examples=60)
@given(row=st.lists(ROW.filter(bool).map(lambda row: row[0]), min_size=8, max_size=24), arc=ARC, seed=st.integers(0, 9))
def test_exchanges_make_no_order_longer_along_its_arc(row: Row, arc: tuple[int, int] | None, seed: int) -> None:
    arcs = np.full((1, 2), np.nan, np.float32) if arc is None else np.array([arc], np.float32) / 4
    twin = Twin(row, 2, arc=arc)
    (begun,), (missed_before,) = ask([row], 2, arcs=arcs, passes=0)
    (ended,), (missed_after,) = ask([row], 2, arcs=arcs)
    assert sorted(ended) == list(range(len(row)))
    assert (twin.missed(begun), twin.missed(ended)) == (missed_before, missed_after)
    assert missed_after <= missed_before
    if missed_after == missed_before == twin.missed(twin.begun(False)):  # else one of them began anew
        assert twin.length(ended) <= twin.length(begun) + 1e-4
        p, q = sorted(np.random.default_rng(seed).integers(0, len(row), 2))
        other = ended[:p] + ended[p : q + 1][::-1] + ended[q + 1 :]
        assert twin.missed(other) > missed_after or twin.length(other) >= twin.length(ended) - 1e-4


@settings(deadline=None, max_examples=100)
@given(artists=st.lists(st.integers(-1, 3), min_size=1, max_size=7), gap=st.integers(0, 6))
def test_as_little_is_missing_as_can_be(artists: list[int], gap: int) -> None:
    (order,), (missing,) = ask([[(artist, 0, 0) for artist in artists]], gap)
    assert sorted(order) == list(range(len(artists)))
    least = min(missed(list(tried), gap) for tried in permutations(artists))
    assert missing == missed([artists[i] for i in order], gap) == least


@settings(deadline=None, max_examples=60)
@given(counts=st.lists(st.integers(1, 9), min_size=1, max_size=12), gap=st.integers(1, 8), seed=st.integers(0, 2**32))
def test_a_gap_that_can_be_kept_is_kept(counts: list[int], gap: int, seed: int) -> None:
    """It can by `(m - 1) · (gap + 1) + c` tracks, where c artists have the most, m."""
    most = max(counts)
    needed = (most - 1) * (gap + 1) + counts.count(most)
    artists = np.repeat(np.arange(len(counts)), counts)
    artists = np.concatenate([artists, np.full(max(needed - len(artists), 0), -1)])
    np.random.Generator(np.random.PCG64(seed)).shuffle(artists)
    _, misses = ask([[(int(artist), int(artist) % 7, 0) for artist in artists]], gap)
    assert misses == [0]


def test_albums_are_kept_apart_beside_artists() -> None:
    groups = np.array([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]], np.int32)
    rows = Ragged(offsets_of([10]), np.zeros(10, np.int32), np.ones(10, np.float32))
    placed, misses = sequence(rows, NOTHING, groups, np.array([3, 3], np.int32))
    albums = groups[1, placed]
    assert misses.tolist() == [0]
    assert all(len(set(albums[place : place + 4].tolist())) == 4 for place in range(7))


def test_tracks_on_an_arc_of_angles_are_walked_along() -> None:
    angles = np.array([0.9, 0.1, 1.4, 0.4, 0.0, 1.1, 0.6, 0.3, 1.2])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    rows = Ragged(offsets_of([9]), np.arange(9, dtype=np.int32), np.ones(9, np.float32))
    hooks = (np.arange(9) != 4).astype(np.float32)
    placed, _ = sequence(rows, vectors, np.arange(9, dtype=np.int32)[None], np.array([2], np.int32), hooks=hooks)
    assert placed.tolist() == np.argsort(angles).tolist()


def test_a_row_goes_along_the_arc_that_it_is_asked_for() -> None:
    energies = np.array([0.1, 0.9, 0.5, 0.3, 0.7, 0.2, 0.8, 0.4, 0.6], np.float32)
    rows = Ragged(offsets_of([9, 9]), np.zeros(18, np.int32), np.ones(18, np.float32))
    arcs = np.array([[0.1, 0.9], [0.9, 0.1]], np.float32)
    own, gaps = np.arange(18, dtype=np.int32)[None], np.array([0], np.int32)
    placed, _ = sequence(rows, NOTHING, own, gaps, levels=np.tile(energies, 2), arcs=arcs)
    assert placed[:9].tolist() == np.argsort(energies).tolist()
    assert (placed[9:] - 9).tolist() == np.argsort(-energies).tolist()


def test_a_feature_that_is_unknown_is_no_distance() -> None:
    rows = [[(0, 0, 1), (1, 8, 3), (2, 4, 4)]]
    features = np.array([[0], [2], [np.nan]], np.float32)
    assert ask(rows, 1, features=features)[0] == [[0, 2, 1]]


def random_rows(seed: int) -> tuple[Ragged, NDArray[np.float32], NDArray[np.int32]]:
    rng = np.random.Generator(np.random.PCG64(seed))
    lengths = rng.integers(0, 50, 200)
    total = int(lengths.sum())
    rows = Ragged(offsets_of(lengths), rng.integers(-1, 400, total).astype(np.int32), np.ones(total, np.float32))
    return rows, rng.normal(0, 1, (400, 24)).astype(np.float32), rng.integers(0, 12, (1, total)).astype(np.int32)


def test_no_order_is_longer_than_it_began() -> None:
    rows, vectors, artists = random_rows(2)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.concatenate([unit, np.zeros((1, 24), np.float32)])

    row = row_numbers(rows.offsets)

    def lengths(passes: int) -> NDArray[np.float64]:
        placed, _ = sequence(rows, vectors, artists, np.zeros(1, np.int32), passes=passes)
        chosen = unit[rows.values[placed]]
        steps = (1 - (chosen[1:] * chosen[:-1]).sum(axis=1)) * (row[1:] == row[:-1])
        return np.bincount(row[1:], steps, len(rows))

    begun, ended = lengths(0), lengths(20)
    assert (ended <= begun + 1e-4).all()
    assert ended.sum() < 0.98 * begun.sum()


def test_serial_and_parallel_orders_are_the_same() -> None:
    rows, vectors, artists = random_rows(3)
    levels = np.random.default_rng(3).random(len(rows.values), np.float32)
    arcs = np.tile(np.array([[0, 1, 0.5]], np.float32), (len(rows), 1))
    asked = rows, vectors, artists, np.array([3], np.int32)
    serial, parallel = (sequence(*asked, levels=levels, arcs=arcs, parallel=one) for one in (False, True))
    assert [array.tobytes() for array in serial] == [array.tobytes() for array in parallel]
