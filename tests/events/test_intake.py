# SPDX-License-Identifier: Apache-2.0
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from segue.errors import BadInput
from segue.events.intake import from_rows
from segue.events.schema import INTAKE

from . import making

GOOD: dict[str, Any] = {"event_id": "good", "type": "play", "track": "t"}


def test_a_time_is_kept_as_utc() -> None:
    events = from_rows([GOOD | {"occurred_at": "2026-03-01T01:30:00.250+02:00"}], "http")
    assert events["occurred_at"].to_list() == [datetime(2026, 2, 28, 23, 30, 0, 250_000, tzinfo=UTC)]


def test_times_of_different_offsets_stand_side_by_side() -> None:
    times = ["2026-03-01T01:00:00+02:00", "2026-03-01T01:00:00Z", None, "2026-02-28T20:00:00-03:00"]
    events = from_rows([GOOD | {"occurred_at": time} for time in times], "http")
    hours = [None if moment is None else moment.hour for moment in events["occurred_at"]]
    assert hours == [23, 1, None, 23]


def test_the_source_is_filled_in_only_where_an_event_names_none() -> None:
    assert from_rows([GOOD, GOOD | {"source": "app"}], "http")["source"].to_list() == ["http", "app"]


def test_a_whole_number_may_come_with_a_point() -> None:
    assert from_rows([GOOD | {"played_ms": 2000.0}], "http")["played_ms"].to_list() == [2000]


def test_no_rows_are_no_events() -> None:
    assert from_rows([], "http").schema == INTAKE


@given(st.lists(making.rows, max_size=4))
def test_events_come_through_json_unchanged(drawn: list[dict[str, Any]]) -> None:
    events = making.frame([{"source": "app"} | row for row in drawn])
    text = json.dumps(events.to_dicts(), default=lambda moment: moment.isoformat())
    assert_frame_equal(from_rows(json.loads(text), "http"), events)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"mood": "blue"}, "event 2 has an unknown field 'mood'; the fields are: event_id, "),
        ({"type": "erasure", "listener": "ann"}, "event 2 is an erasure; `segue listener erase`"),
        ({"type": "hum"}, "event 2 .*'hum'"),
        ({"type": ["play"]}, r"event 2 has type \['play'\]: it must be text"),
        ({"listener": 7}, "event 2 has listener 7: it must be text"),
        ({"count": True}, "event 2 has count True: it must be a whole number"),
        ({"count": "7"}, "event 2 has count '7': it must be a whole number"),
        ({"count": 1.5}, "event 2 has count 1.5: it must be a whole number"),
        ({"count": 2**31}, "event 2 has count 2147483648: it is too large"),
        ({"played_ms": 2**63}, "event 2 has played_ms 9223372036854775808: it is too large"),
        ({"value": "much"}, "event 2 has value 'much': it must be a number"),
        ({"value": 10**400}, "event 2 has value 1000"),
        ({"value": float("inf")}, "event 2 .* has value inf"),
        ({"shuffle": 1}, "event 2 has shuffle 1: it must be true or false"),
        ({"occurred_at": 1_767_225_600}, "event 2 has occurred_at 1767225600: it must be a time in ISO 8601"),
        ({"occurred_at": "2026-03-01T01:30:00"}, "event 2 has occurred_at '2026-03-01T01:30:00': it must carry an off"),
        ({"occurred_at": "noon"}, "event 2 has occurred_at 'noon'"),
        ({"occurred_at": "0001-01-01T00:00:00+02:00"}, "event 2 has occurred_at '0001-01-01T00:00:00.02:00'"),
        ({"occurred_at": "9999-12-31T23:59:59-02:00"}, "event 2 has occurred_at '9999-12-31T23:59:59-02:00'"),
        ({"tracks": "t"}, "event 2 has tracks 't': it must be a list"),
        ({"tracks": ["t", None]}, r"event 2 has tracks \['t', None\]: it must be text"),
        ({"scores": [0.5, "x"]}, r"event 2 has scores \[0.5, 'x'\]: it must be a number"),
        ({"listener": "\ud800"}, r"event 2 has listener '\\ud800'"),
        ({"tracks": ["\ud800"]}, r"event 2 has tracks \['\\ud800'\]"),
        ({"track": None}, "event 2 .* is a play without track"),
    ],
)
def test_a_refusal_names_the_event_and_the_field(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        from_rows([GOOD, GOOD | wrong], "http")


@pytest.mark.parametrize("row", ["play", 7, None, ["play"]])
def test_an_event_that_is_no_object_is_refused_by_its_place(row: Any) -> None:
    with pytest.raises(BadInput, match="event 2 is not a JSON object"):
        from_rows([GOOD, row], "http")


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=3)
    | st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=3,
)


@given(st.dictionaries(st.sampled_from(list(INTAKE)), _json, max_size=4))
def test_any_json_is_either_taken_or_refused_as_bad_input(row: dict[str, Any]) -> None:
    try:
        assert from_rows([GOOD | row], "http").height == 1
    except BadInput as error:
        assert "event 1" in str(error)
