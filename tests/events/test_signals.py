# SPDX-License-Identifier: Apache-2.0
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.events.signals import LISTENING_COLUMNS, SignalsConfig, habits, preferences, strength

from . import making
from .making import DAY, plays

CONFIG = SignalsConfig()


def listening(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return Ann's events on one track, a row each; what a row does not say is as in a play now."""
    known = {"event_id": "e", "type": "play", "listener": "ann", "track": "t", "occurred_at": DAY}
    return making.frame([known | row for row in rows])


def said(**row: Any) -> float | None:
    """Return what one event says."""
    return listening(row).select(strength(CONFIG)).item()


def preference(*rows: dict[str, Any], now: Any = DAY, config: SignalsConfig = CONFIG) -> dict[str, Any]:
    """Return what all events of one listener and track add up to."""
    (only,) = preferences(listening(*rows), config, now, by="track").to_dicts()
    return only


@pytest.mark.parametrize(
    ("row", "plays_worth"),
    [
        ({}, 1.0),
        ({"played_ms": 100_000, "duration_ms": 100_000}, 1.0),
        ({"played_ms": 50_000, "duration_ms": 200_000}, 0.25),
        ({"played_ms": 300_000, "duration_ms": 200_000}, 1.0),
        ({"played_ms": 0, "duration_ms": 200_000}, 0.0),
        ({"played_ms": 105_000}, 0.5),  # of the 210 s that a track usually has
        ({"duration_ms": 200_000}, 1.0),
        ({"played_ms": 0, "duration_ms": 0}, 0.0),
        ({"played_ms": 90_000, "duration_ms": 120_000, "end_reason": "stopped"}, 0.75),
    ],
)
def test_a_play_is_worth_the_share_that_was_heard(row: dict[str, Any], plays_worth: float) -> None:
    assert said(**row) == pytest.approx(plays_worth)


def test_a_total_of_plays_is_worth_as_many() -> None:
    assert said(count=7) == 7.0
    assert said(count=4, played_ms=100_000, duration_ms=200_000) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("played_ms", "duration_ms", "says"),
    [
        (None, 200_000, -0.6),
        (10_000, 200_000, -0.6),
        (29_999, 40_000, -0.6),  # before 30 s, though late in the track
        (49_999, 200_000, -0.6),  # before a quarter, though after 30 s
        (50_000, 200_000, 0.3 * 0.25),
        (30_000, 60_000, 0.3 * 0.5),
        (150_000, 200_000, 0.3 * 0.75),
        (105_000, None, 0.3 * 0.5),
    ],
)
def test_an_early_skip_speaks_against_a_track_and_a_late_one_a_little_for_it(
    played_ms: int | None, duration_ms: int | None, says: float
) -> None:
    assert said(type="skip", played_ms=played_ms, duration_ms=duration_ms) == pytest.approx(says)


@pytest.mark.parametrize(("kind", "says"), [("like", 3.0), ("save", 3.0), ("share", 2.0)])
def test_likes_saves_and_shares_are_worth_plays(kind: str, says: float) -> None:
    assert said(type=kind) == says


@pytest.mark.parametrize("kind", ["play", "skip"])
@pytest.mark.parametrize("reason", ["error", "quit"])
def test_what_ended_by_an_error_or_by_leaving_says_nothing(kind: str, reason: str) -> None:
    assert said(type=kind, played_ms=1000, duration_ms=200_000, end_reason=reason) is None


@pytest.mark.parametrize("kind", ["dislike", "search", "follow", "impression"])
def test_other_events_say_nothing_of_how_much(kind: str) -> None:
    row = {"event_id": "e", "type": kind, "listener": "ann", "track": "t", "request_id": "r", "tracks": ["t"]}
    assert making.frame([row]).select(strength(CONFIG)).item() is None


@pytest.mark.parametrize(("total", "weight"), [(1, 1.0), (3, 2.0), (9, 3.0), (1_000_000, 4.0)])
def test_plays_saturate(total: int, weight: float) -> None:
    assert preference({"count": total})["weight"] == pytest.approx(weight, abs=1e-4)
    assert preference({"count": total - 1}, {})["weight"] == pytest.approx(weight, abs=1e-4)


def test_skips_that_outweigh_plays_are_not_saturated() -> None:
    assert preference({}, *[{"type": "skip"}] * 5)["weight"] == pytest.approx(1 - 3.0)


@pytest.mark.parametrize(("days", "plays_worth"), [(0, 1.0), (180, 0.5), (360, 0.25), (-30, 1.0)])
def test_an_event_says_half_as_much_after_each_half_life(days: int, plays_worth: float) -> None:
    weight = preference({"occurred_at": DAY - timedelta(days=days)})["weight"]
    assert weight == pytest.approx(4 * plays_worth / (plays_worth + 3))


def test_the_half_life_is_a_setting() -> None:
    brief = SignalsConfig(half_life_days=10)
    assert preference({"occurred_at": DAY - timedelta(days=10)}, config=brief)["weight"] == pytest.approx(4 * 0.5 / 3.5)


def test_undated_events_do_not_fade() -> None:
    assert preference({"occurred_at": None})["weight"] == 1.0
    assert preference({"occurred_at": None}, now=None) == preference({"occurred_at": None})


def test_without_a_now_nothing_fades() -> None:
    assert preference({"occurred_at": DAY - timedelta(days=9999)}, now=None)["weight"] == 1.0


def test_a_dislike_does_not_add_to_the_weight() -> None:
    assert preference({}, {"type": "dislike"}) == preference({}) | {"liked": -1}
    assert preference({"type": "dislike"})["weight"] == 0.0


@pytest.mark.parametrize(
    ("kinds", "liked"),
    [("play", 0), ("like", 1), ("dislike", -1), ("like dislike play", -1), ("dislike like save", 1), ("save", 0)],
)
def test_the_last_like_or_dislike_counts(kinds: str, liked: int) -> None:
    assert preference(*({"type": kind} for kind in kinds.split()))["liked"] == liked


def test_silent_events_leave_a_pair_without_weight() -> None:
    assert preference({"end_reason": "quit"})["weight"] == 0.0


def test_the_last_time_is_kept_and_null_where_no_event_has_one() -> None:
    earlier = DAY - timedelta(days=3)
    assert preference({"occurred_at": None}, {}, {"occurred_at": earlier})["last_at"] == DAY
    assert preference({"occurred_at": None})["last_at"] is None


def test_pairs_come_sorted_and_nobodys_events_are_left_out() -> None:
    events = plays("1", "2", "3", "4", listener=["bob", "ann", None, "ann"], track=["x", "y", "x", "x"])
    pairs = preferences(events, CONFIG, DAY, by="track")
    assert pairs.select("listener", "track").rows() == [("ann", "x"), ("ann", "y"), ("bob", "x")]
    assert pairs["weight"].dtype == pl.Float32


def test_the_listed_columns_are_all_that_is_read() -> None:
    events = listening({}, {"type": "skip"}).select(LISTENING_COLUMNS)
    assert preferences(events, CONFIG, DAY, by="track").height == 1


@given(st.lists(making.rows, max_size=8))
def test_a_weight_is_finite_and_at_most_its_limit(drawn: list[dict[str, Any]]) -> None:
    events = making.frame([row | {"listener": "ann", "track": "t"} for row in drawn])
    for weight in preferences(events, CONFIG, DAY, by="track")["weight"]:
        assert -0.6 * len(drawn) - 1e-5 <= weight <= 4.0


def habit(*rows: dict[str, Any]) -> dict[str, Any]:
    """Return what all events of one listener and track say beside the preference, on that day."""
    (only,) = preferences(listening(*rows), CONFIG, DAY, by="track", beside=habits(CONFIG, DAY)).to_dicts()
    return only


@pytest.mark.parametrize(
    ("row", "plays"),
    [
        ({}, 1),
        ({"count": 7}, 7),
        ({"played_ms": 31_000, "duration_ms": 200_000}, 1),
        ({"played_ms": 29_000, "duration_ms": 200_000}, 0),
        ({"played_ms": 12_000, "duration_ms": 15_000}, 1),
        ({"end_reason": "error"}, 0),
        ({"type": "skip"}, 0),
        ({"type": "like"}, 0),
    ],
)
def test_a_play_counts_that_was_not_broken_off_early(row: dict[str, Any], plays: int) -> None:
    assert habit(row)["plays"] == plays


@pytest.mark.parametrize(
    ("hours", "replayed"),
    [((1, 2), True), ((1, 1), False), ((1, 1.1), False), ((1,), False), ((1, 150), False), ((-143, 1), True)],
)
def test_a_track_is_replayed_if_played_at_two_times_of_the_last_days(hours: tuple[float, ...], replayed: bool) -> None:
    rows = [{"event_id": str(at), "occurred_at": DAY + timedelta(hours=at)} for at in hours]
    assert habit(*rows)["replayed"] is replayed


def test_a_total_of_plays_is_of_one_time() -> None:
    assert habit({"count": 9})["replayed"] is False
    undated = habit({"count": 9, "occurred_at": None})
    assert (undated["plays"], undated["replayed"], undated["untimed"]) == (9, False, True)


def test_of_a_track_with_a_play_of_unknown_time_nobody_knows_the_last() -> None:
    assert [habit({}, *more)["untimed"] for more in ((), ({"event_id": "f", "occurred_at": None},))] == [False, True]
