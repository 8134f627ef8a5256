# SPDX-License-Identifier: Apache-2.0
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from segue.events.schema import conform
from segue.simulate.hearings import HALF_LIFE_DAYS, Hearings
from segue.simulate.world import WorldConfig, simulate

CONFIG = WorldConfig(listeners=10, tracks=100, weeks=3)
NOW = CONFIG.week_start(1)


def plays(*rows: tuple[str, int, int, datetime, int, int]) -> pl.DataFrame:
    names = ("type", "listener", "track", "occurred_at", "played_ms", "duration_ms")
    ids = [f"x{number}" for number in range(len(rows))]
    frame = pl.DataFrame(rows, schema=names, orient="row").with_columns(pl.Series("event_id", ids))
    padded = (pl.format(f"sim:{of}:{{}}", pl.col(of).cast(pl.String).str.zfill(6)).alias(of) for of in names[1:3])
    return conform(frame.with_columns(*padded))


def one(hearings: Hearings, listener: int, track: int) -> float:
    return float(hearings.of(np.array([listener]), np.array([[track]]))[0, 0])


def test_before_the_first_week_nobody_has_heard_anything() -> None:
    assert not Hearings.none(CONFIG).of(np.arange(10), np.zeros((10, 3), np.int32)).any()


def test_a_play_counts_by_the_share_that_was_heard() -> None:
    told = plays(("play", 2, 7, NOW, 200, 200), ("play", 2, 7, NOW, 100, 200), ("skip", 3, 7, NOW, 20, 200))
    hearings = Hearings.none(CONFIG).after(told, NOW)
    assert one(hearings, 2, 7) == pytest.approx(1.5)
    assert one(hearings, 3, 7) == pytest.approx(0.1)
    assert one(hearings, 2, 8) == one(hearings, 1, 7) == 0


def test_what_lies_long_ago_counts_less() -> None:
    told = plays(("play", 2, 7, NOW, 200, 200))
    hearings = Hearings.none(CONFIG).after(told, NOW + timedelta(days=HALF_LIFE_DAYS))
    assert one(hearings, 2, 7) == pytest.approx(0.5)
    assert one(hearings.after(told.clear(), NOW + timedelta(days=2 * HALF_LIFE_DAYS)), 2, 7) == pytest.approx(0.25)


def test_week_by_week_is_as_all_at_once() -> None:
    world = simulate(CONFIG)
    weeks = list(world.events())
    end = CONFIG.week_start(CONFIG.weeks)
    stepwise = Hearings.none(CONFIG)
    for number, week in enumerate(weeks, 1):
        stepwise = stepwise.after(week, CONFIG.week_start(number))
    at_once = Hearings.none(CONFIG).after(pl.concat(weeks), end)
    assert (stepwise.keys == at_once.keys).all()
    np.testing.assert_allclose(stepwise.amounts, at_once.amounts)
    assert len(at_once.keys) == weeks_pairs(weeks)


def weeks_pairs(weeks: list[pl.DataFrame]) -> int:
    played = pl.concat(weeks).filter(pl.col("type").is_in(["play", "skip"]))
    return played.select("listener", "track").n_unique()


def test_events_of_other_kinds_and_of_other_worlds_are_left_out() -> None:
    told = plays(("play", 2, 7, NOW, 200, 200), ("like", 2, 8, NOW, 200, 200), ("play", 2, 555, NOW, 200, 200))
    strange = told.with_columns(event_id="y" + pl.col("event_id"), track=pl.lit("spotify:track:1"))
    episodes = told.with_columns(event_id="z" + pl.col("event_id"), track=pl.lit("sim:episode:000001"))
    nobody = told.with_columns(event_id="n" + pl.col("event_id"), listener=pl.lit(None, pl.String))
    hearings = Hearings.none(CONFIG).after(pl.concat([told, strange, episodes, nobody]), NOW)
    assert hearings.keys.tolist() == [2 * CONFIG.tracks + 7]


def test_a_play_without_numbers_is_a_whole_one_and_a_total_counts_as_many() -> None:
    told = plays(("play", 2, 7, NOW, 200, 200)).with_columns(
        count=pl.lit(3, pl.Int32), played_ms=pl.lit(None, pl.Int64), occurred_at=pl.lit(None, pl.Datetime("ms", "UTC"))
    )
    assert one(Hearings.none(CONFIG).after(told, NOW), 2, 7) == pytest.approx(3)


def test_padding_has_not_been_heard() -> None:
    told = plays(("play", 0, 99, NOW, 200, 200))
    hearings = Hearings.none(CONFIG).after(told, NOW)
    found = hearings.of(np.array([1, 0]), np.array([[-1, 0], [99, -1]]))
    assert found.tolist() == [[0, 0], [1, 0]]
