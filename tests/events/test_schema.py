# SPDX-License-Identifier: Apache-2.0
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from segue.errors import BadInput
from segue.events.schema import INTAKE, conform, empty

from . import making
from .making import plays

GOOD: dict[str, Any] = {"event_id": "good", "type": "play", "track": "t"}


def test_no_events_have_every_column_of_the_intake() -> None:
    assert empty().schema == INTAKE
    assert empty().is_empty()


def test_columns_that_are_not_given_are_null() -> None:
    events = conform(pl.DataFrame([GOOD]))
    assert events.schema == INTAKE
    assert {name for name in INTAKE if events[name].null_count() == 0} == set(GOOD)


@given(st.lists(making.rows, max_size=4))
def test_what_conforms_is_returned_as_it_was(drawn: list[dict[str, Any]]) -> None:
    events = making.frame(drawn)
    assert_frame_equal(conform(events), events)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"event_id": None}, "event 2 has no event_id"),
        ({"event_id": ""}, "event 2 .* has no event_id"),
        ({"type": None}, "event 2 .*'bad'.* has no type"),
        ({"type": "hum"}, "event 2 .*'bad'.* has type 'hum', which is not one of .*'play'"),
        ({"end_reason": "bored"}, "event 2 .*'bad'.* has end_reason 'bored', which is not one of .*'quit'"),
        ({"tier": "gold"}, "has tier 'gold', which is not one of .*'ad-supported'"),
        ({"device": "toaster"}, "event 2 .*'bad'.* has device 'toaster'"),
        ({"purpose": "profit"}, "event 2 .*'bad'.* has purpose 'profit'"),
        ({"type": "{event_id}"}, r"event 2 .*'bad'.* has type '\{event_id\}'"),
        ({"event_id": "x" * 513}, "event 2 .* has an event_id of more than 512 bytes"),
        ({"listener": "é" * 257}, "event 2 .*'bad'.* has a listener of more than 512 bytes"),
        ({"track": "x" * 513}, "event 2 .*'bad'.* has a track of more than 512 bytes"),
        *(
            ({name: -1}, rf"event 2 .*'bad'.* has {name} -1(\.0)?; it cannot be negative")
            for name in ("count", "played_ms", "duration_ms", "seeks", "slot", "propensity")
        ),
        ({"value": float("nan")}, "event 2 .*'bad'.* has value nan, no number"),
        ({"scores": [1.0, float("inf")]}, "event 2 .*'bad'.* has scores among which one is no number"),
        ({"propensity": float("inf")}, "event 2 .*'bad'.* has propensity inf, no number"),
        ({"track": None}, "event 2 .*'bad'.* is a play without track"),
        ({"type": "skip", "track": None}, "event 2 .*'bad'.* is a skip without track"),
        ({"type": "like"}, "event 2 .*'bad'.* is a like without listener and track"),
        ({"type": "dislike"}, "event 2 .*'bad'.* is a dislike without listener and track"),
        ({"type": "playlist", "playlist": "p"}, "event 2 .*'bad'.* is a playlist without playlist and tracks"),
        ({"type": "impression", "request_id": "r"}, "event 2 .* is an impression without request_id and tracks"),
        ({"type": "consent", "listener": "ann"}, "event 2 .* is a consent without listener and purpose and granted"),
        ({"type": "erasure"}, "event 2 .*'bad'.* is an erasure without listener"),
        ({"type": "exposure", "arm": "a"}, "event 2 .*'bad'.* is an exposure without experiment and arm"),
    ],
)
def test_a_refusal_names_the_row_and_the_value(wrong: dict[str, Any], message: str) -> None:
    rows = [GOOD, GOOD | {"event_id": "bad"} | wrong, GOOD | {"event_id": "bad too"} | wrong]
    overrides = {name: INTAKE[name] for name in wrong}
    with pytest.raises(BadInput, match=message):
        conform(pl.DataFrame(rows, schema_overrides=overrides))


def test_a_refusal_calls_a_row_what_its_source_calls_it() -> None:
    with pytest.raises(BadInput, match=r"^line 1 "):
        conform(pl.DataFrame([GOOD | {"type": "hum"}]), origin="line")


def test_an_unknown_column_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="unknown event column 'mood'"):
        conform(pl.DataFrame([GOOD | {"mood": "blue"}]))


@pytest.mark.parametrize("wrong", [{"count": "seven"}, {"occurred_at": "yesterday"}, {"tracks": "t"}])
def test_a_column_of_a_wrong_type_is_refused_by_name(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(BadInput, match=name):
        conform(pl.DataFrame([GOOD | wrong]))


def test_a_fraction_is_not_cut_to_a_whole_number() -> None:
    with pytest.raises(BadInput, match="count"):
        conform(pl.DataFrame([GOOD | {"count": 1.5}]))


def test_ids_of_512_bytes_are_taken() -> None:
    assert plays("x" * 512, listener="é" * 256, track="x" * 512).height == 1
