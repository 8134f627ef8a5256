# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.features.charts import ChartsConfig, Counts, blended, count, strength

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CONFIG = ChartsConfig()


def counts(*weights: float, listeners: list[int] | None = None) -> Counts:
    weight = np.array(weights, float)
    return Counts(weight, weight.astype(np.int64) if listeners is None else np.array(listeners))


def test_a_listener_counts_once_a_track_and_region_and_fades_from_their_last_play() -> None:
    old, older = NOW - timedelta(days=60), NOW - timedelta(days=90)
    rows = [("a", 0, older, "PT"), ("a", 0, old, "PT"), ("a", 0, NOW, "ES"), ("b", 0, None, None), ("b", 1, NOW, "ES")]
    schema = {
        "listener": pl.String,
        "number": pl.Int32,
        "occurred_at": pl.Datetime("ms", "UTC"),
        "region": pl.String,
    }
    later = [("c", 1, NOW + timedelta(days=1), "ES")]
    found = count(pl.DataFrame(rows + later, schema=schema, orient="row"), 2, CONFIG, NOW)
    assert {name: one.weight.tolist() for name, one in found.items()} == {None: [2, 1], "PT": [0.5, 0], "ES": [1, 1]}
    assert found[None].listeners.tolist() == [2, 1]


def test_a_share_is_the_regions_count_with_everyones_worth_of_the_strength() -> None:
    shares, told = blended(counts(60, 40), counts(100, 900), 100.0, CONFIG)
    assert shares.tolist() == pytest.approx([(60 + 10) / 200, (40 + 90) / 200])
    assert told.all()


def test_what_fewer_than_ten_listeners_play_moves_no_chart() -> None:
    everyone = counts(100, 300, 600)
    small, told = blended(counts(9, 0, 0), everyone, 1.0, CONFIG)
    assert small.tolist() == pytest.approx([0.1, 0.3, 0.6])
    assert not told.any()
    one_way, _ = blended(counts(9, 0, 20), everyone, 1.0, CONFIG)
    other_way, _ = blended(counts(0, 9, 20), everyone, 1.0, CONFIG)
    assert one_way.tolist() == pytest.approx(other_way.tolist())


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40)), min_size=1, max_size=8), st.floats(1, 1e6))
def test_shares_add_up_to_one(both: list[tuple[int, int]], prior: float) -> None:
    own, others = zip(*both, strict=True)
    shares, _ = blended(counts(*own), counts(*np.add(own, others)), prior, CONFIG)
    assert shares.sum() == pytest.approx(1)


def test_the_strength_of_a_known_prior_is_found_within_a_factor_of_two() -> None:
    rng = np.random.default_rng(1)
    share = rng.dirichlet(np.ones(200))
    for true in (30.0, 1000.0):
        regions = [rng.multinomial(3000, rng.dirichlet(true * share + 1e-9)).astype(float) for _ in range(30)]
        assert true / 2 <= strength(regions, share) <= true * 2
