# SPDX-License-Identifier: Apache-2.0
import numpy as np
import polars as pl
import pytest

from segue.simulate.regions import REGIONS
from segue.simulate.world import World, WorldConfig, simulate

CONFIG = WorldConfig(
    seed=5, listeners=250, tracks=1_500, weeks=30, sessions_per_week=4, exploration=0.8, mover_share=0.4
)


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(CONFIG)


@pytest.fixture(scope="module")
def plays(world: World) -> pl.DataFrame:
    """Plays with the week, and when and where to their listener moves (week −1: never)."""
    weeks = [
        week.filter(pl.col("type").is_in(["play", "skip"])).with_columns(week=pl.lit(number))
        for number, week in enumerate(world.events())
    ]
    codes = pl.Series([*(region.code for region in REGIONS), None])
    moves = pl.DataFrame(
        {
            "listener": world.listeners["listener"],
            "home": world.listeners["region"],
            "moves": world.truth.move_week,
            "to": codes.gather(np.where(world.truth.move_region < 0, len(REGIONS), world.truth.move_region)),
        }
    )
    return pl.concat(weeks).join(moves, on="listener", maintain_order="left")


def test_about_the_share_that_was_asked_for_moves_and_to_elsewhere(world: World) -> None:
    moving = world.truth.move_week >= 0
    assert 0.3 < moving.mean() < 0.5
    assert (world.truth.move_week[moving] >= 1).all()
    assert (world.truth.move_week < CONFIG.weeks).all()
    assert ((world.truth.move_region >= 0) == moving).all()
    codes = np.array([region.code for region in REGIONS])
    assert (codes[world.truth.move_region[moving]] != world.listeners["region"].to_numpy()[moving]).all()


def test_plays_carry_the_new_region_and_a_zone_of_it_from_the_move_on(plays: pl.DataFrame) -> None:
    settled = plays.filter(pl.col("moves") >= 0, pl.col("week") > pl.col("moves"))  # the week before may run late
    before = plays.filter((pl.col("moves") < 0) | (pl.col("week") < pl.col("moves")))
    assert settled.height > 1_000
    assert (settled["region"] == settled["to"]).all()
    assert (before["region"] == before["home"]).all()
    zones = {region.code: set(region.zones) for region in REGIONS}
    assert all(zone in zones[region] for region, zone in plays.select("region", "timezone").unique().iter_rows())
    assert settled.group_by("listener").agg(pl.col("timezone").n_unique())["timezone"].max() == 1


def test_homes_says_where_everyone_lives_at_a_moment(world: World) -> None:
    first, last = world.homes(CONFIG.start), world.homes(CONFIG.week_start(CONFIG.weeks))
    assert first.equals(world.listeners.select("listener", "region", "timezone"))
    assert ((first["region"] != last["region"]).to_numpy() == (world.truth.move_week >= 0)).all()
    half = world.homes(CONFIG.week_start(15))
    moved = (world.truth.move_week >= 0) & (world.truth.move_week <= 15)
    assert ((first["region"] != half["region"]).to_numpy() == moved).all()


def test_what_they_like_stays(world: World, plays: pl.DataFrame) -> None:
    affinity = world.truth.affinity(np.arange(CONFIG.listeners), np.arange(CONFIG.tracks))
    numbered = plays.filter(pl.col("moves") >= 0).with_columns(
        row=pl.col("listener").str.slice(-6).cast(pl.Int64), track=pl.col("track").str.slice(-6).cast(pl.Int64)
    )
    early = numbered.filter(pl.col("week") < pl.col("moves"))
    late = numbered.filter(pl.col("week") > pl.col("moves"))
    suited = [affinity[part["row"], part["track"]].mean() for part in (early, late)]
    assert abs(suited[0] - suited[1]) < 0.05
    assert min(suited) > np.quantile(affinity, 0.85)


def test_they_turn_to_the_charts_of_the_new_region_slowly(world: World, plays: pl.DataFrame) -> None:
    """Tracks from the new region among what they play: as before at first, and more later on."""
    origin = world.tracks.select(track="track_id", origin="region")
    since = (
        plays.join(origin, on="track").filter(pl.col("moves") >= 0).with_columns(since=pl.col("week") - pl.col("moves"))
    )
    local = [
        (part["origin"] == part["to"]).mean()
        for part in (
            since.filter(pl.col("since") < 0),
            since.filter(pl.col("since").is_between(0, 3)),
            since.filter(pl.col("since") >= 16),
        )
    ]
    assert abs(local[1] - local[0]) < 0.03
    assert local[2] > local[0] + 0.06


def test_nobody_plays_two_tracks_at_once_for_having_moved(plays: pl.DataFrame) -> None:
    times = plays.sort("listener", "occurred_at").with_columns(
        ends=pl.col("occurred_at") + pl.duration(milliseconds="played_ms"),
        next=pl.col("occurred_at").shift(-1).over("listener"),
    )
    assert (times["ends"] <= times["next"]).drop_nulls().all()


def test_bots_stay_and_a_single_week_has_no_moves() -> None:
    farm = simulate(WorldConfig(listeners=80, tracks=100, weeks=3, bot_share=0.5, mover_share=1.0)).truth
    assert ((farm.move_week < 0) == farm.bot).all()
    short = simulate(WorldConfig(listeners=20, tracks=100, weeks=1, mover_share=1.0))
    assert (short.truth.move_week == -1).all()
    assert sum(week.height for week in short.events()) > 0
