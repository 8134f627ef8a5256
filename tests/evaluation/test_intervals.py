# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from scipy import stats

from segue.evaluation.intervals import bootstrap, paired


def test_the_interval_is_about_that_of_the_normal_approximation() -> None:
    rows = np.random.Generator(np.random.PCG64(1)).normal(0.3, 0.2, 900)
    interval = bootstrap(rows, seed=3)
    low, high = stats.norm.interval(0.95, rows.mean(), rows.std() / 30)
    assert interval.mean == pytest.approx(rows.mean())
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.002)


def test_pairing_sees_a_difference_that_is_smaller_than_the_spread() -> None:
    rng = np.random.Generator(np.random.PCG64(2))
    theirs = rng.random(400)
    ours = theirs + rng.normal(0.02, 0.03, 400)
    apart = bootstrap(ours, seed=1)
    assert apart.low < theirs.mean() < apart.high
    assert 0 < paired(ours, theirs, seed=1).low < 0.02 < paired(ours, theirs, seed=1).high + 0.01


def test_rows_with_nothing_to_find_are_left_out() -> None:
    assert bootstrap(np.array([np.nan, 1.0, np.nan, 1.0]), seed=1).low == 1.0
    assert bootstrap(np.array([np.nan]), seed=1).high == 0.0


def test_the_same_seed_gives_the_same_interval() -> None:
    rows = np.arange(50.0)
    assert bootstrap(rows, seed=5) == bootstrap(rows, seed=5) != bootstrap(rows, seed=6)
