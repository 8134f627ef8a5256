# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.features.habits import BINS, DAY_PARTS, begins, day_part, habits, hours
from segue.simulate.world import WorldConfig, simulate

NOBODY = np.zeros(BINS)


def plays(*heard: tuple[str, datetime, str | None]) -> pl.DataFrame:
    return pl.DataFrame(
        heard,
        schema={"listener": pl.String, "occurred_at": pl.Datetime("ms", "UTC"), "timezone": pl.String},
        orient="row",
    )


def day(first: int, last: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Music in each half hour from one to another, over midnight if need be."""
    made = np.zeros(BINS)
    made[np.arange(first, last if last > first else last + BINS) % BINS] = 10
    return made


def at(hour: int, minute: int = 0, days: int = 0) -> datetime:
    return datetime(2026, 1, 5, hour, minute, tzinfo=UTC) + timedelta(days=days)


def test_a_half_hour_counts_once_a_day_on_the_listeners_own_clock() -> None:
    found = hours(
        plays(("a", at(8), "Asia/Tokyo"), ("a", at(8, 20), "Asia/Tokyo"), ("a", at(8, 0, 1), None), ("b", at(8), "?"))
    )
    assert found["listener"].to_list() == ["a", "b"]
    a, b = (np.asarray(one) for one in found["hours"].to_list())
    assert {place: count for place, count in enumerate(a) if count} == {16: 1, 34: 1}
    assert {place: count for place, count in enumerate(b) if count} == {16: 1}


def test_no_plays_are_nobodys_hours() -> None:
    assert hours(plays()).height == 0


def test_a_day_begins_where_the_quiet_ends_also_over_midnight() -> None:
    assert begins(day(14, 46)) == 7
    assert begins(day(36, 20)) == 18


def test_who_has_played_little_has_everyones_morning_and_who_has_played_much_their_own() -> None:
    little, much = day(36, 20) / 100, day(36, 20) * 10
    assert habits(little, day(14, 46)) == 7
    assert habits(much, day(14, 46)) == 18
    assert habits(much, NOBODY) == 18


@pytest.mark.parametrize(("hour", "begin", "part"), [
    (8, 7, "morning"), (13, 7, "afternoon"), (20, 7, "evening"), (2, 7, "night"),
    (20, 18, "morning"), (0.5, 18, "afternoon"), (8, 18, "evening"), (14, 18, "night"),
])  # fmt: skip
def test_the_parts_of_a_day_count_from_its_begin(hour: float, begin: float, part: str) -> None:
    assert day_part(hour, begin) == part


@given(st.lists(st.integers(0, 20), min_size=BINS, max_size=BINS), st.integers(0, BINS - 1), st.floats(0, 23.9))
def test_who_lives_some_hours_later_has_all_of_it_some_hours_later(counts: list[int], later: int, hour: float) -> None:
    own = np.array(counts, np.float64)
    turned = np.roll(own, later)
    quiet = np.convolve(np.concatenate([own, own[:11]]), np.ones(12), "valid")
    if (quiet == quiet.min()).sum() == 1:
        assert begins(turned) == (begins(own) + later / 2) % 24
    assert day_part(hour, begins(own)) in DAY_PARTS


def test_the_mornings_of_most_simulated_night_shifts_are_found_where_the_wall_clock_finds_none() -> None:
    config = WorldConfig(listeners=400, tracks=600, weeks=8, seed=11, night_shift_share=0.15, playlists_per_listener=0)
    world = simulate(config)
    heard = pl.concat(
        [week.filter(pl.col("type") == "play").select("listener", "occurred_at", "timezone") for week in world.events()]
    )
    found = hours(heard)
    counted = [np.asarray(one) for one in found["hours"].to_list()]
    everyone = np.sum(counted, axis=0)
    common = begins(everyone)
    number = found["listener"].str.extract(r"(\d+)$").cast(pl.Int64).to_numpy()
    begun = np.array([habits(one, everyone) for one in counted])
    night = world.truth.night_shift[number]

    def near(hour: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        away = np.abs(begun - hour) % 24
        return np.asarray(np.minimum(away, 24 - away) <= 2)

    assert night.sum() > 30
    assert near(common + 11)[night].mean() >= 0.85
    assert near(common)[~night].mean() >= 0.85
    assert near(common)[night].mean() <= 0.1
