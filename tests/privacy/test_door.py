# SPDX-License-Identifier: Apache-2.0
from datetime import timedelta

import polars as pl
import pytest

from segue.events import compaction
from segue.events.compaction import compact
from segue.events.schema import EVENTS
from segue.types import EventType, Purpose

from .making import DAY, Log

PERSONALISE = Purpose.PERSONALISE


def test_a_read_gives_the_columns_asked_for_and_no_others(log: Log) -> None:
    log.play("ann")
    events = log.door.read(PERSONALISE, ["track", "count"])
    assert events.schema == {"track": pl.String, "count": pl.Int32}
    assert events.rows() == [("t", None)]


def test_an_empty_log_reads_as_no_events(log: Log) -> None:
    assert log.door.read(PERSONALISE, EVENTS.names()).schema == EVENTS
    assert log.door.position() == 0


def test_every_column_may_be_read_where_consents_differ(log: Log) -> None:
    log.play("ann", "bob", None)
    log.consent("ann", False)
    log.say("erasure", "bob")
    assert log.door.read(PERSONALISE, EVENTS.names()).schema == EVENTS


def test_a_read_may_be_of_some_types_only(log: Log) -> None:
    log.play("ann")
    log.say("like", "ann", track="t")
    log.say("skip", "ann", track="t")
    kept = log.door.read(PERSONALISE, ["type"], types=[EventType.LIKE, EventType.SKIP])
    assert kept["type"].to_list() == ["like", "skip"]


def test_a_read_may_be_of_some_listeners_only(log: Log) -> None:
    log.play("ann", "bob", None, "cleo")
    assert log.plays(listeners=["cleo", "ann"]) == [1, 4]
    assert log.plays(listeners=[]) == []


def test_a_read_may_end_at_a_position_and_begin_at_a_day(log: Log) -> None:
    for days in (0, 1, 2):
        log.play("ann", occurred_at=DAY + timedelta(days=days))
    log.play("ann", occurred_at=None)
    compact(log.folder)
    assert log.plays(until=2) == [1, 2]
    assert log.plays(since_day="2026-03-02") == [2, 3, 4]


def test_a_read_up_to_an_earlier_position_heeds_what_was_withdrawn_since(log: Log) -> None:
    log.play("ann")
    log.consent("ann", False)
    assert log.plays(until=1) == []


def test_consent_holds_over_files_and_hot_events_alike(log: Log) -> None:
    log.play("ann", "bob")
    compact(log.folder)
    log.consent("ann", False)
    log.play("bob", "ann")
    assert log.plays() == [2, 4]
    compact(log.folder)
    assert log.plays() == [2, 4]


def test_a_consent_of_another_door_is_heeded_at_the_next_read(log: Log) -> None:
    log.play("ann")
    assert log.plays() == [1]
    assert log.door.ledger().allowed("ann", PERSONALISE)
    log.consent("ann", False)
    assert log.plays() == []
    assert not log.door.ledger().allowed("ann", PERSONALISE)


def test_following_gives_what_is_new_and_where_to_go_on_from(log: Log) -> None:
    log.play("ann", "bob")
    first = log.door.follow(PERSONALISE, 0, ["position"])
    assert (first.events["position"].to_list(), first.position) == ([1, 2], 2)
    log.play("ann")
    second = log.door.follow(PERSONALISE, first.position, ["position"])
    assert (second.events["position"].to_list(), second.position) == ([3], 3)
    third = log.door.follow(PERSONALISE, second.position, ["position"])
    assert (third.events.is_empty(), third.changed, third.position) == (True, frozenset(), 3)
    assert third.events.schema == second.events.schema


def test_following_from_anywhere_adds_up_to_the_whole(log: Log) -> None:
    log.play("ann", "bob", None, "ann")
    compact(log.folder)
    log.play("bob", "ann")
    for position in range(7):
        followed = log.door.follow(PERSONALISE, position, ["position"])
        assert followed.events["position"].to_list() == list(range(position + 1, 7))


def test_following_names_those_whose_consent_changed_and_withholds_their_plays(log: Log) -> None:
    log.play("ann", "bob")
    position = log.door.position()
    log.play("ann", "bob")
    log.consent("ann", False)
    log.say("erasure", "bob")
    log.play("bob", "cleo")
    followed = log.door.follow(PERSONALISE, position, ["listener", "position"], types=[EventType.PLAY])
    assert followed.changed == {"ann", "bob"}
    assert followed.events.rows() == [("bob", 7), ("cleo", 8)]
    assert log.door.follow(PERSONALISE, followed.position, ["position"]).changed == frozenset()


def test_following_heeds_a_type_and_moves_on_past_the_others(log: Log) -> None:
    log.play("ann")
    log.say("like", "ann", track="t")
    followed = log.door.follow(PERSONALISE, 0, ["type"], types=[EventType.PLAY])
    assert (followed.events["type"].to_list(), followed.position) == (["play"], 2)


def test_a_column_that_there_is_not_is_an_error(log: Log) -> None:
    log.play("ann")
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        log.door.read(PERSONALISE, ["mood"])


def test_pieces_of_listeners_hold_together_all_there_is(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "_GROUP_ROWS", 8)
    whom = [f"listener {number:03}" for number in range(100)]
    for _ in range(3):
        log.play(*whom, None)
    assert log.door.pieces(10) == [(None, None)]  # nothing is in a file yet
    compact(log.folder)
    log.play("a", "listener 050", "z", None)
    pieces = log.door.pieces(30)
    assert 8 <= len(pieces) <= 10
    assert [high for _, high in pieces[:-1]] == [low for low, _ in pieces[1:]]
    parts = [log.door.read(PERSONALISE, ["listener", "position"], between=between) for between in pieces]
    assert max(part.height for part in parts) < 60
    theirs = [set(part["listener"]) for part in parts]
    assert sum(map(len, theirs)) == len(set().union(*theirs)) == 103
    whole = log.door.read(PERSONALISE, ["listener", "position"])
    assert pl.concat(parts).sort("position").equals(whole)
    assert log.door.pieces(1_000) == [(None, None)]
