# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from segue.events.schema import INTAKE
from segue.features.answers import COLUMNS, SHOWN, lists

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def log(*events: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(events), schema={name: INTAKE[name] for name in COLUMNS})


def test_a_track_is_new_that_was_not_played_before_it_was_shown_and_what_is_replayed_counts_more() -> None:
    before, after, later = NOW - timedelta(days=1), NOW + timedelta(minutes=1), NOW + timedelta(days=2)
    event = {"listener": "a", "duration_ms": 100}
    answer = event | {"occurred_at": after, "request_id": "r"}
    impression = {"type": "impression", "listener": "a", "request_id": "r", "occurred_at": NOW}
    told = (
        event | {"type": "play", "track": "known", "occurred_at": before},
        impression | {"tracks": ["known", "x", "y"]},
        answer | {"type": "skip", "track": "x", "played_ms": 20},
        answer | {"type": "play", "track": "known", "played_ms": 100, "occurred_at": after + timedelta(minutes=1)},
        answer | {"type": "like", "track": "known"},
    )
    found = lists(log(*told))
    assert found.select("listener", "novelty", "tracks").rows() == [("a", 0.5, 2)]
    assert found["outcome"].to_list() == pytest.approx([(2 + 0.2) / 2])
    left = lists(log(*told, answer | {"type": "skip", "track": "x", "played_ms": 20, "occurred_at": later}))
    assert left["tracks"].to_list() == [3]
    ours = event | {"type": "play", "track": "x", "occurred_at": later, "request_id": "another"}
    assert lists(log(*told, ours))["outcome"].to_list() == found["outcome"].to_list()  # we played it, not they
    replayed = lists(log(*told, event | {"type": "play", "track": "x", "occurred_at": later}))
    assert replayed["outcome"].to_list() == pytest.approx([(2 + 0.7) / 2])
    assert replayed.schema == SHOWN


def test_a_lift_says_who_answers_better_where_a_list_is_newer() -> None:
    def heard(listener: str, likes_new: bool) -> list[dict[str, object]]:
        tracks = [f"{listener} {place}" for place in range(20)]
        about = {"listener": listener, "request_id": f"r {listener}"}
        events = [about | {"type": "impression", "occurred_at": NOW, "tracks": tracks}]
        for place, track in enumerate(tracks):
            new, at = place % 10 >= 5, NOW + timedelta(minutes=place + 1)
            if not new:
                before = {"type": "play", "listener": listener, "track": track, "occurred_at": NOW - timedelta(days=1)}
                events.append(before)
            kind = "play" if new == likes_new else "skip"
            ms = {"played_ms": 100 if kind == "play" else 0, "duration_ms": 100}
            events.append(about | ms | {"type": kind, "track": track, "occurred_at": at})
        return events

    def other(listener: str) -> list[dict[str, object]]:
        """Plays all of a list that is new where the others' is old."""
        tracks = [f"{listener} {place}" for place in range(20)]
        about = {"listener": listener, "request_id": f"r {listener}"}
        events = [about | {"type": "impression", "occurred_at": NOW, "tracks": tracks}]
        for place, track in enumerate(tracks):
            if place % 10 >= 5:
                before = {"type": "play", "listener": listener, "track": track, "occurred_at": NOW - timedelta(days=1)}
                events.append(before)
            at, ms = NOW + timedelta(minutes=place + 1), {"played_ms": 100, "duration_ms": 100}
            events.append(about | ms | {"type": "play", "track": track, "occurred_at": at})
        return events

    found = lists(log(*heard("a", True), *heard("b", False), *other("c"), *other("d")))
    swing, lift = found["swing"].to_list(), found["lift"].to_list()
    assert min(swing) > 0
    assert lift[0] > 0 > lift[1]
