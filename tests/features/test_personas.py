# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from segue.features.personas import Persona, PersonasConfig, Rhythm, personas

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONFIG = PersonasConfig()
SCHEMA = {
    "type": pl.String,
    "listener": pl.String,
    "track": pl.String,
    "occurred_at": pl.Datetime("ms", "UTC"),
    "count": pl.Int32,
}


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def persona(*heard: tuple[str, str, datetime | None, int | None]) -> Persona:
    """Of one listener: type, track, when, count."""
    rows = [(kind, "ann", track, at, count) for kind, track, at, count in heard]
    return personas(pl.DataFrame(rows, schema=SCHEMA, orient="row"), CONFIG, NOW)["ann"]


def a_day(days: int, track: str = "t", plays: int = 3) -> list[tuple[str, str, datetime | None, int | None]]:
    return [("play", track, ago(day + 0.5), plays) for day in range(days)]


@pytest.mark.parametrize(
    ("days", "rhythm"),
    [(7, Rhythm.OCCASIONAL), (8, Rhythm.REGULAR), (19, Rhythm.REGULAR), (20, Rhythm.DEVOTED)],
)
def test_the_days_with_music_say_the_rhythm(days: int, rhythm: Rhythm) -> None:
    assert persona(*a_day(days)).rhythm is rhythm
    assert persona(*a_day(days)).days == days


def test_who_has_fewer_than_twenty_plays_is_new_on_however_many_days() -> None:
    assert persona(*a_day(19, plays=1)).rhythm is Rhythm.NEW
    assert persona(*a_day(20, plays=1)).rhythm is Rhythm.DEVOTED


def test_plays_that_say_no_time_leave_the_rhythm_unknown_and_its_days_unsaid() -> None:
    found = persona(("play", "t", None, 500))
    assert (found.rhythm, found.new_share) == (Rhythm.UNKNOWN, None)
    assert str(found) == "unknown: 500 plays in all"


def test_an_explorer_plays_what_was_never_heard_before_the_window() -> None:
    old = [("play", f"old{n}", ago(40), None) for n in range(10)]
    new = [("play", f"new{n}", ago(2), None) for n in range(10)]
    again = [("play", f"old{n}", ago(2), None) for n in range(10)]
    assert (found := persona(*old, *new, *again)).explorer, found
    assert found.new_share == 0.5
    assert persona(*old, *new[:4], *again, *again).explorer is False
    assert persona(*new, *new).explorer is None  # nothing before the window to compare with


def test_who_skips_half_is_picky_and_of_who_begins_little_nothing_is_said() -> None:
    skips = [("skip", "t", ago(1), None)] * 10
    plays = [("play", "t", ago(1), None)] * 10
    assert persona(*skips, *plays).picky is True
    assert persona(*skips[1:], *plays, *plays[:1]).picky is False
    assert persona(*skips, *plays[1:]).picky is None


def test_the_sentence_names_the_numbers_that_decided() -> None:
    assert str(persona(*a_day(8), ("play", "t", ago(99), None))) == (
        "regular: 25 plays in all, music on 8 of the last 28 days, 6 plays a week, 0% of tracks new, 0% skipped"
    )


def test_what_comes_after_now_is_not_known_yet() -> None:
    assert persona(*a_day(8), ("play", "t", ago(-1), 1000)) == persona(*a_day(8))


@given(st.lists(st.tuples(st.sampled_from(["ann", "bob"]), st.floats(0, 60), st.booleans()), max_size=60))
def test_a_listener_alone_is_called_what_they_are_called_among_others(heard: list[tuple[str, float, bool]]) -> None:
    rows = [("skip" if skip else "play", who, f"t{day:.0f}", ago(day), None) for who, day, skip in heard]
    events = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    together = personas(events, CONFIG, NOW)
    alone = [personas(part, CONFIG, NOW) for _, part in events.group_by("listener")]
    assert together == {who: found for one in alone for who, found in one.items()}
    assert all(found.days <= CONFIG.window_days for found in together.values())


def test_bounds_out_of_order_are_refused() -> None:
    with pytest.raises(ValidationError, match="must not fall"):
        PersonasConfig(regular_days=21)
