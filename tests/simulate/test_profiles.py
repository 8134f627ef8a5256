# SPDX-License-Identifier: Apache-2.0
import polars as pl
import pytest

from segue.events.schema import conform
from segue.simulate.world import World, WorldConfig, simulate
from segue.types import AgeBracket

CONFIG = WorldConfig(seed=8, listeners=2_000, tracks=300, weeks=2, sessions_per_week=1, profiles=True)


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(CONFIG)


@pytest.fixture(scope="module")
def events(world: World) -> pl.DataFrame:
    return pl.concat(world.events())


@pytest.fixture(scope="module")
def profiles(events: pl.DataFrame) -> pl.DataFrame:
    return events.filter(type="profile")


def test_everyone_says_who_they_are_before_anything_else(world: World, events: pl.DataFrame) -> None:
    first = events.head(CONFIG.listeners)
    assert set(first["type"]) == {"profile"}
    assert first["listener"].equals(world.listeners["listener"])
    assert set(first["occurred_at"]) == {CONFIG.start}
    assert first["region"].equals(world.listeners["region"])
    assert (events["type"] == "profile").sum() == CONFIG.listeners
    assert conform(events).equals(events)


def test_all_else_is_as_without_profiles(events: pl.DataFrame) -> None:
    without = pl.concat(simulate(CONFIG.model_copy(update={"profiles": False})).events())
    assert events.filter(pl.col("type") != "profile").drop("event_id").equals(without.drop("event_id"))


def test_what_is_said_is_the_truth(world: World, profiles: pl.DataFrame) -> None:
    brackets = pl.Series([bracket.value for bracket in AgeBracket])
    assert profiles["age_bracket"].to_list() == brackets.gather(world.truth.age).to_list()
    assert profiles["allows_explicit"].to_list() == world.truth.allows_explicit.tolist()
    known = profiles.join(world.listeners, on="listener", maintain_order="left")
    assert (known["languages"].list.sort() == known["languages_right"].list.sort()).all()


def test_the_first_language_is_the_regions(profiles: pl.DataFrame) -> None:
    first = profiles.group_by("region").agg(pl.col("languages").list.first().unique())
    assert dict(first.iter_rows()) == {
        "US": ["en"], "DE": ["de"], "FR": ["fr"], "BR": ["pt"], "JP": ["ja"], "IN": ["hi"]
    }  # fmt: skip


def test_there_are_all_ages_and_the_young_allow_less(profiles: pl.DataFrame) -> None:
    ages = {age: part for (age,), part in profiles.group_by("age_bracket")}
    assert set(ages) == {bracket.value for bracket in AgeBracket}
    assert ages[AgeBracket.ADULT].height > CONFIG.listeners / 2
    allowed = [ages[bracket]["allows_explicit"].mean() for bracket in AgeBracket]
    assert allowed[0] == 0
    assert allowed == sorted(allowed)
    assert set(profiles["tier"]) == {"premium", "ad-supported"}


def test_machines_say_that_they_are_grown_up() -> None:
    truth = simulate(WorldConfig(listeners=200, tracks=50, weeks=1, bot_share=0.5, profiles=True)).truth
    assert (truth.age[truth.bot] == list(AgeBracket).index(AgeBracket.ADULT)).all()
