# SPDX-License-Identifier: Apache-2.0
"""The kernels work in float32. On vectors along the axes they choose what their twins choose, ties included; on any
vectors each choice is the best one, given those before it, for likenesses and pivots within 1e-4 of the true ones."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.kernels.diversity import Quotas, Shares, dpp, mmr
from segue.kernels.ragged import Ragged, offsets_of

Choose = Callable[..., tuple[NDArray[np.int64], NDArray[np.int64]]]
Doubles = NDArray[np.float64]
Gains = Callable[[Doubles, Doubles, float, list[int], float], Doubles]

QUARTERS = st.integers(0, 4).map(lambda quarters: quarters / 4)
both = pytest.mark.parametrize("method", ["mmr", "dpp"])


def units(vectors: NDArray[np.float32], items: NDArray[np.int32]) -> Doubles:
    """The vectors of some items at length 1; zeros for what is unknown."""
    made = np.where(items[:, None] < 0, 0, vectors[items]).astype(np.float64)
    made /= np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-30)
    return made


def mmr_gains(unit: Doubles, relevance: Doubles, theta: float, chosen: list[int], slack: float) -> Doubles:
    """What each candidate is worth behind those chosen, as the paper has it; less like them by the slack."""
    nearest = (unit @ unit[chosen].T).max(axis=1) - slack if chosen else np.zeros(len(unit))
    worth: Doubles = (1 - theta) * relevance - theta * nearest
    return worth


def dpp_gains(unit: Doubles, relevance: Doubles, theta: float, chosen: list[int], slack: float) -> Doubles:
    """What each candidate adds to the objective, by Schur complements, greater by the slack; -inf for a copy."""
    if theta == 0:
        return relevance
    similar = (1 + unit @ unit.T) / 2
    np.fill_diagonal(similar, 1)
    among, beside = similar[np.ix_(chosen, chosen)], similar[chosen]
    pivot = 1 - (beside * np.linalg.lstsq(among, beside, rcond=1e-9)[0]).sum(axis=0) + slack
    return np.where(pivot > 1e-5, (1 - theta) * relevance + theta * np.log(np.maximum(pivot, 1e-5)), -np.inf)


CHOOSE: dict[str, Choose] = {"mmr": mmr, "dpp": dpp}
GAINS: dict[str, Gains] = {"mmr": mmr_gains, "dpp": dpp_gains}


def twin(gains: Gains, unit: Doubles, relevance: Doubles, limit: int, theta: float) -> list[int]:
    """Choose the first of the best, one after the other; the most relevant, where nothing is worth anything."""
    chosen: list[int] = []
    while len(chosen) < min(limit, len(unit)):
        worth = gains(unit, relevance, theta, chosen, 0).round(9)  # so that equal ones tie here too
        left = [i for i in range(len(unit)) if i not in chosen]
        if all(worth[i] == -np.inf for i in left):
            worth = relevance
        chosen.append(max(left, key=lambda i: (worth[i], -i)))
    return chosen


def rows_of(offsets: NDArray[np.int64], chosen: NDArray[np.int64], candidates: Ragged) -> Iterator[list[int]]:
    """Give each row's chosen places from the beginning of the row."""
    for row in range(len(candidates)):
        yield (chosen[offsets[row] : offsets[row + 1]] - candidates.offsets[row]).tolist()


@both
@pytest.mark.parametrize("parallel", [False, True])
@settings(deadline=None, max_examples=60)
@given(
    rows=st.lists(st.lists(st.tuples(st.integers(-1, 5), QUARTERS), max_size=20), max_size=5),
    data=st.data(),
)
def test_along_the_axes_the_chosen_are_those_of_the_twin(
    method: str, parallel: bool, rows: list[list[tuple[int, float]]], data: st.DataObject
) -> None:
    """Items 0 to 4 lie along axes, 5 is a zero vector, and -1 is unknown."""
    vectors = np.diag(np.array([1, 2, 4, 0.5, 8, 0], np.float32))
    candidates = Ragged.of([[item for item, _ in row] for row in rows], [[score for _, score in row] for row in rows])
    limit = [data.draw(st.integers(0, 22)) for _ in rows]
    theta = [data.draw(QUARTERS) for _ in rows]
    given_rows = candidates, vectors, np.array(limit, np.int32), np.array(theta, np.float32)
    offsets, chosen = CHOOSE[method](*given_rows, parallel=parallel)
    assert (offsets.dtype, chosen.dtype) == (np.int64, np.int64)
    for row, found in enumerate(rows_of(offsets, chosen, candidates)):
        relevance = np.array([score for _, score in rows[row]], np.float64)
        expected = twin(GAINS[method], units(vectors, candidates.row(row)), relevance, limit[row], theta[row])
        assert found == expected


@both
@settings(deadline=None, max_examples=40)
@given(
    lengths=st.lists(st.integers(0, 40), max_size=4),
    f=st.sampled_from([1, 2, 5, 16, 33]),
    theta=st.sampled_from([0.1, 0.5, 0.9, 1.0]),
    seed=st.integers(0, 2**32),
)
def test_on_any_vectors_each_choice_is_the_best(
    method: str, lengths: list[int], f: int, theta: float, seed: int
) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    vectors = rng.normal(0.3, 1, (30, f)).astype(np.float32)
    candidates = Ragged(
        offsets_of(lengths),
        rng.integers(-1, 30, sum(lengths)).astype(np.int32),
        rng.random(sum(lengths), np.float32),
    )
    limit = np.full(len(lengths), 12, np.int32)
    strength = np.full(len(lengths), theta, np.float32)
    offsets, chosen = CHOOSE[method](candidates, vectors, limit, strength)
    for row, found in enumerate(rows_of(offsets, chosen, candidates)):
        assert len(set(found)) == len(found) == min(12, lengths[row])
        unit = units(vectors, candidates.row(row))
        relevance = candidates.weights[candidates.offsets[row] :][: lengths[row]].astype(np.float64)
        for step, one in enumerate(found):
            at_most, at_least = (
                GAINS[method](unit, relevance, float(np.float32(theta)), found[:step], slack) for slack in (1e-4, -1e-4)
            )
            assert at_most[one] >= np.delete(at_least, found[:step]).max()


@both
@given(st.lists(st.lists(st.floats(-2, 2, width=32), max_size=9), max_size=4), st.integers(0, 10))
def test_without_strength_the_most_relevant_are_chosen(method: str, rows: list[list[float]], most: int) -> None:
    candidates = Ragged.of([[0] * len(row) for row in rows], rows)
    limit, strength = np.full(len(rows), most, np.int32), np.zeros(len(rows), np.float32)
    offsets, chosen = CHOOSE[method](candidates, np.ones((1, 3), np.float32), limit, strength)
    expected = [np.argsort(-np.array(row), kind="stable")[:most].tolist() for row in rows]
    assert list(rows_of(offsets, chosen, candidates)) == expected


@both
def test_a_copy_of_what_is_chosen_comes_after_what_is_new(method: str) -> None:
    vectors = np.array([[1, 0], [2, 0], [0, 1]], np.float32)
    candidates = Ragged.of([[0, 1, 2]], [[1.0, 0.9, 0.8]])
    _, chosen = CHOOSE[method](candidates, vectors, np.array([3], np.int32), np.array([0.5], np.float32))
    assert chosen.tolist() == [0, 2, 1]


def test_opposites_are_far_apart_in_a_determinantal_process() -> None:
    vectors = np.array([[1, 0], [-1, 0], [0.6, 0.8]], np.float32)
    candidates = Ragged.of([[0, 1, 2]], [[1.0, 0.9, 0.9]])
    _, chosen = dpp(candidates, vectors, np.array([2], np.int32), np.array([0.9], np.float32))
    assert chosen.tolist() == [0, 1]


@both
def test_serial_and_parallel_choices_are_the_same(method: str) -> None:
    rng = np.random.Generator(np.random.PCG64(3))
    lengths = rng.integers(0, 60, 300)
    vectors = rng.normal(0, 1, (500, 24)).astype(np.float32)
    total = int(lengths.sum())
    candidates = Ragged(
        offsets_of(lengths), rng.integers(0, 500, total).astype(np.int32), rng.random(total, np.float32)
    )
    limit, strength = rng.integers(0, 40, 300).astype(np.int32), rng.random(300, np.float32)
    serial = CHOOSE[method](candidates, vectors, limit, strength)
    parallel = CHOOSE[method](candidates, vectors, limit, strength, parallel=True)
    assert [array.tobytes() for array in serial] == [array.tobytes() for array in parallel]


def plain(relevances: list[float]) -> tuple[Ragged, NDArray[np.float32]]:
    """One row of candidates that are like nothing."""
    rows = Ragged.of([[-1] * len(relevances)], [relevances])
    return rows, np.zeros((1, 2), np.float32)


def test_shares_are_followed_as_closely_as_relevance_lets_them() -> None:
    rows, vectors = plain([1.0, 0.99, 0.98, 0.97, 0.96, 0.95, 0.94, 0.93])
    group = np.array([0, 0, 0, 0, 0, 0, 1, 1], np.int8)
    target = np.array([[0.75, 0.25]], np.float32)
    counts = []
    for weight in (0.0, 1.0):
        shares = Shares(group, target, np.array([weight], np.float32))
        _, chosen = mmr(rows, vectors, np.array([4], np.int32), np.zeros(1, np.float32), shares=shares)
        counts.append(np.bincount(group[chosen], minlength=2).tolist())
    assert counts == [[4, 0], [3, 1]]


@settings(deadline=None, max_examples=100)
@given(
    groups=st.lists(st.integers(-1, 2), min_size=1, max_size=9),
    target=st.sampled_from([(1.0, 0.0, 0.0), (0.5, 0.3, 0.2), (0.0, 0.0, 0.0)]),
    limit=st.integers(1, 9),
    weight=st.floats(0, 2),
)
def test_calibration_is_that_of_a_twin(groups: list[int], target: tuple[float, ...], limit: int, weight: float) -> None:
    relevances = [1 / (1 + place) for place in range(len(groups))]
    rows, vectors = plain(relevances)

    def divergence(chosen: list[int]) -> float:
        had = [sum(groups[i] == one for i in chosen) / len(chosen) for one in range(3)]
        mixed = [0.99 * has + 0.01 * wants for has, wants in zip(had, target, strict=True)]
        return sum(wants * np.log(wants / has) for wants, has in zip(target, mixed, strict=True) if wants > 0)

    expected: list[int] = []
    while len(expected) < min(limit, len(groups)):
        left = [i for i in range(len(groups)) if i not in expected]
        expected.append(max(left, key=lambda i: round(relevances[i] - weight * divergence([*expected, i]), 5)))
    shares = Shares(np.array(groups, np.int8), np.array([target], np.float32), np.array([weight], np.float32))
    _, chosen = mmr(rows, vectors, np.array([limit], np.int32), np.zeros(1, np.float32), shares=shares)
    worth = [
        sum(relevances[i] - weight * divergence(order[: place + 1]) for place, i in enumerate(order))
        for order in (expected, chosen.tolist())
    ]
    assert worth[1] == pytest.approx(worth[0], abs=1e-3)


@settings(deadline=None, max_examples=150)
@given(
    kinds=st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=12),
    limit=st.integers(1, 12),
    least=st.tuples(st.integers(0, 6), st.integers(0, 6)),
    exact=st.booleans(),
)
def test_a_quota_that_can_be_held_is_held(
    kinds: list[tuple[bool, bool]], limit: int, least: tuple[int, int], exact: bool
) -> None:
    """Of two kinds, the first may be asked for exactly; the second one is asked for alone."""
    kind = np.array(kinds, bool)
    rows, vectors = plain([1 / (1 + place) for place in range(len(kinds))])
    taken = min(limit, len(kinds))
    asked = np.array([[least[0], 0]] if exact else [[0, least[1]]], np.int32)
    most = np.array([[least[0], taken]] if exact else [[taken, taken]], np.int32)
    quotas = Quotas(kind, asked, most)
    _, chosen = mmr(rows, vectors, np.array([limit], np.int32), np.zeros(1, np.float32), quotas=quotas)
    assert len(set(chosen.tolist())) == len(chosen) == taken
    which = 0 if exact else 1
    there, wanted = int(kind[:, which].sum()), least[which]
    had = int(kind[chosen, which].sum())
    if exact:
        others = len(kinds) - there
        possible = min(wanted, taken) <= there and taken - min(wanted, taken) <= others
        assert had == min(wanted, taken) or not possible
    else:
        assert had >= min(wanted, there, taken)
