# SPDX-License-Identifier: Apache-2.0
import numpy as np
import polars as pl
import pytest

from segue.events.schema import INTAKE, conform
from segue.simulate.serials import TOPICS
from segue.simulate.world import World, WorldConfig, simulate

CONFIG = WorldConfig(
    seed=6, listeners=500, tracks=600, weeks=8, sessions_per_week=5, bot_share=0.05, shows=60, books=40
)
MUSIC = CONFIG.model_copy(update={"shows": 0, "books": 0})


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(CONFIG)


@pytest.fixture(scope="module")
def weeks(world: World) -> list[pl.DataFrame]:
    return list(world.events())


@pytest.fixture(scope="module")
def heard(world: World, weeks: list[pl.DataFrame]) -> pl.DataFrame:
    """Plays and skips of parts, with what the catalogue says of each, in order of time."""
    parts = world.tracks.filter(pl.col("kind") != "track").select(
        "kind", "position", "genres", "release_date", "language", track="track_id", serial="album_id"
    )
    return pl.concat(weeks).join(parts, on="track", maintain_order="left")


def test_the_music_that_is_played_stays_the_same_beside_it(weeks: list[pl.DataFrame]) -> None:
    alone = pl.concat(simulate(MUSIC).events()).drop("event_id")
    of_parts = pl.col("track").str.contains("sim:(episode|chapter):").fill_null(False)
    music = pl.concat(weeks).filter(~of_parts).drop("event_id")
    assert music.equals(alone)


def test_the_same_settings_give_the_same_events(world: World, weeks: list[pl.DataFrame]) -> None:
    again = simulate(WorldConfig.model_validate_json(CONFIG.model_dump_json()))
    assert again.tracks.equals(world.tracks)
    assert all(one.equals(other) for one, other in zip(again.events(), weeks, strict=True))


def test_events_conform_stand_in_order_and_keep_to_their_week(weeks: list[pl.DataFrame]) -> None:
    for number, week in enumerate(weeks):
        assert week.schema == INTAKE
        assert conform(week).equals(week)
        assert week["occurred_at"].is_sorted()
        assert week["occurred_at"][0] >= CONFIG.week_start(number)
        assert week["occurred_at"][-1] < CONFIG.week_start(number + 1)
    ids = pl.concat(weeks)["event_id"]
    assert ids.equals(pl.Series("event_id", [f"sim:{n}" for n in range(len(ids))]))


def test_nobody_hears_two_things_at_once(weeks: list[pl.DataFrame]) -> None:
    plays = pl.concat(weeks).filter(pl.col("type").is_in(["play", "skip"])).sort("listener", "occurred_at")
    times = plays.with_columns(
        ends=pl.col("occurred_at") + pl.duration(milliseconds="played_ms"),
        next=pl.col("occurred_at").shift(-1).over("listener"),
    )
    assert (times["ends"] <= times["next"]).drop_nulls().all()


def test_only_those_with_the_habit_listen_and_nearly_all_of_them_do(world: World, heard: pl.DataFrame) -> None:
    for kind, habit in (("episode", world.truth.hears_shows), ("chapter", world.truth.hears_books)):
        listeners = set(world.listeners["listener"].filter(pl.Series(habit)))
        found = set(heard.filter(kind=kind)["listener"])
        assert found <= listeners
        assert len(found) > 0.95 * len(listeners) > 20
        assert 0.05 < habit.mean() < 0.5
        assert not (habit & world.truth.bot).any()


def test_podcasts_are_for_the_way_and_books_for_the_night(heard: pl.DataFrame) -> None:
    shows, books = heard.filter(kind="episode"), heard.filter(kind="chapter")
    assert (shows["activity"] == "commute").mean() > 0.5
    assert shows["device"].is_in(["phone", "car"]).mean() > 0.6
    assert (books["activity"] == "sleep").mean() > 0.5
    hours = pl.concat(
        part.select(hour=pl.col("occurred_at").dt.convert_time_zone(zone).dt.hour())
        for (zone,), part in books.group_by("timezone")
    )["hour"]
    assert ((hours >= 19) | (hours <= 2)).mean() > 0.9


def test_no_part_is_heard_before_it_is_out(heard: pl.DataFrame) -> None:
    assert (heard["occurred_at"].dt.date() >= heard["release_date"]).all()
    new = heard.filter(pl.col("kind") == "episode", pl.col("release_date") >= CONFIG.start.date())
    assert new.height > 100


def test_chapters_follow_each_other_in_order(heard: pl.DataFrame) -> None:
    steps = heard.filter(kind="chapter").with_columns(
        step=pl.col("position").diff().over("listener", "serial"),
        first=pl.col("position").first().over("listener", "serial"),
    )
    assert steps["step"].drop_nulls().is_in([0, 1]).all()
    assert (steps["first"] == 1).all()


def test_episodes_are_heard_mostly_in_order(heard: pl.DataFrame) -> None:
    step = (
        heard.filter(kind="episode")
        .select(pl.col("position").diff().over("listener", "serial"))
        .to_series()
        .drop_nulls()
    )
    assert 0.8 < step.is_in([0, 1]).mean() < 1


def test_a_part_is_finished_when_its_sittings_add_up_to_it(heard: pl.DataFrame) -> None:
    chapters = (
        heard.filter(kind="chapter")
        .group_by("listener", "track")
        .agg(pl.col("played_ms").sum(), pl.col("duration_ms").first(), pl.col("end_reason"))
    )
    once = chapters.filter(pl.col("end_reason").list.count_matches("finished") == 1)
    assert once.height > 300
    assert (once["played_ms"] == once["duration_ms"]).all()
    assert (heard["played_ms"] <= heard["duration_ms"]).all()
    resumed = once.filter(pl.col("end_reason").list.len() > 1)
    assert resumed.height > 50


def test_some_parts_are_given_up_and_are_skips(heard: pl.DataFrame) -> None:
    assert set(heard["type"]) == {"play", "skip"}
    assert ((heard["type"] == "skip") == (heard["end_reason"] == "skipped")).all()
    assert 0.01 < (heard["type"] == "skip").mean() < 0.2
    ends = heard.group_by("kind").agg(pl.col("end_reason").n_unique())
    assert ends["end_reason"].to_list() == [3, 3]


def test_a_book_that_was_given_up_is_left(heard: pl.DataFrame) -> None:
    books = heard.filter(kind="chapter").with_columns(
        before=pl.col("type").shift(1).over("listener"),
        same=pl.col("serial") == pl.col("serial").shift(1).over("listener"),
    )
    after = books.filter(before="skip")
    assert after.height > 20
    assert not after["same"].any()


def test_listeners_favour_their_topics(world: World, heard: pl.DataFrame) -> None:
    names = pl.Series([topic.name for topic in TOPICS])
    favourites = pl.DataFrame(
        {"listener": world.listeners["listener"], "first": names.gather(world.truth.topics[:, 0])}
    )
    shows = (
        heard.filter(kind="episode").join(favourites, on="listener").with_columns(topic=pl.col("genres").list.first())
    )
    own = (shows["topic"] == shows["first"]).mean()
    chance = float(np.mean([(shows["topic"] == other).mean() for other in names]))
    assert own > 2.5 * chance


def test_the_smallest_world_with_one_show_and_one_book_turns() -> None:
    tiny = simulate(WorldConfig(listeners=30, tracks=50, weeks=2, shows=1, books=1))
    found = pl.concat(tiny.events())["track"].drop_nulls()
    assert found.str.starts_with("sim:episode:").any()
    assert found.str.starts_with("sim:chapter:").any()
