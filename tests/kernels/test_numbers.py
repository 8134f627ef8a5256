# SPDX-License-Identifier: Apache-2.0

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.kernels.numbers import SPARE, column_of, cut, number, rank_in_sample, reached_by, score_of

SCORES = st.floats(width=32, allow_nan=False)
COLUMNS = st.integers(0, 2**31 - 1)


@given(score=SCORES, column=COLUMNS)
def test_a_number_holds_a_score_and_a_column(score: float, column: int) -> None:
    one = np.uint64(number(np.float32(score), column))  # what Numba returns is a plain int
    assert (score_of(one), column_of(one)) == (score, column)


@given(first=st.tuples(SCORES, COLUMNS), second=st.tuples(SCORES, COLUMNS))
def test_a_greater_number_has_a_greater_score_or_of_equal_ones_a_lower_column(
    first: tuple[float, int], second: tuple[float, int]
) -> None:
    before = (first[0], -first[1]) > (second[0], -second[1])
    assert (number(np.float32(first[0]), first[1]) > number(np.float32(second[0]), second[1])) == before


def test_no_score_above_minus_infinity_has_the_number_nought() -> None:
    assert number(np.float32(np.finfo(np.float32).min), 2**32 - 2) > 0


@settings(max_examples=60)
@given(count=st.integers(0, 300), k=st.integers(1, 200), alike=st.booleans(), seed=st.integers(0, 2**32))
def test_a_cut_leaves_the_best_and_few_more_in_their_order(count: int, k: int, alike: bool, seed: int) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    scores = np.zeros(count, np.float32) if alike else rng.lognormal(0, 5, count).astype(np.float32)
    kept = np.array([number(score, column) for column, score in enumerate(scores)], np.uint64)
    whole = kept.copy()
    left, least = cut(kept, count, k)
    assert min(count, k) <= left <= k + SPARE
    assert kept[:left].tolist() == [one for one in whole.tolist() if one >= least]
    assert set(np.sort(whole)[::-1][:k].tolist()) <= set(kept[:left].tolist())


@settings(max_examples=60)
@given(rank=st.integers(1, 200), seed=st.integers(0, 2**32))
def test_a_threshold_is_reached_by_as_many_as_its_rank_says_or_a_few_more(rank: int, seed: int) -> None:
    scores = np.random.Generator(np.random.PCG64(seed)).normal(0, 3, (2, 160)).astype(np.float32)
    threshold = reached_by(scores, 1, 160, rank)
    reached = int((scores[1] >= threshold).sum())
    assert min(rank, 160) <= reached <= max(1.125 * rank, rank + 3)


def test_a_rank_in_a_sample_seldom_comes_too_early() -> None:
    """Draw samples in which so many of the best are expected, and count how often there are more than the rank."""
    rng = np.random.Generator(np.random.PCG64(1))
    for expected in (0.5, 5, 50, 500):
        drawn = rng.poisson(expected, 100_000)
        assert (drawn >= rank_in_sample(expected)).mean() < 0.01
