# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from segue.features.charts import added, count, strength

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SCHEMA = {"listener": pl.String, "number": pl.Int32, "occurred_at": pl.Datetime("ms", "UTC"), "region": pl.String}


def told(counted: pl.DataFrame) -> dict[tuple[str | None, int], tuple[float, int]]:
    return {(region, number): (weight, listeners) for region, number, weight, listeners in counted.iter_rows()}


def test_a_listener_counts_once_a_track_and_region_and_fades_from_their_last_play() -> None:
    old, older = NOW - timedelta(days=60), NOW - timedelta(days=90)
    rows = [("a", 0, older, "PT"), ("a", 0, old, "PT"), ("a", 0, NOW, "ES"), ("b", 0, None, None), ("b", 1, NOW, "ES")]
    later = [("c", 1, NOW + timedelta(days=1), "ES")]
    found = told(count(pl.DataFrame(rows + later, schema=SCHEMA, orient="row"), 60.0, NOW))
    assert found == {
        (None, 0): (2, 2), (None, 1): (1, 1), ("PT", 0): (0.5, 1), ("ES", 0): (1, 1), ("ES", 1): (1, 1),
    }  # fmt: skip


def test_groups_of_listeners_counted_apart_add_up_to_all_of_them() -> None:
    rows = [(who, number, NOW, "PT") for who in "abcd" for number in range(3)]
    plays = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    parts = [count(plays.filter(pl.col("listener").is_in(list(some))), 60.0, NOW) for some in ("ab", "cd")]
    assert told(added(parts)) == told(count(plays, 60.0, NOW))
    assert added([]).is_empty()


def test_the_strength_of_a_known_prior_is_found_within_a_factor_of_two() -> None:
    rng = np.random.default_rng(1)
    share = rng.dirichlet(np.ones(200))
    for true in (30.0, 1000.0):
        regions = [rng.multinomial(3000, rng.dirichlet(true * share + 1e-9)).astype(float) for _ in range(30)]
        found = strength([(one[one > 0], share[one > 0]) for one in regions])
        assert true / 2 <= found <= true * 2
