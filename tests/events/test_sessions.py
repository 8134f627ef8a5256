# SPDX-License-Identifier: Apache-2.0
import itertools
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from segue.events.sessions import SessionsConfig, with_sessions

from .making import DAY, plays

CONFIG = SessionsConfig()


def sessions(*minutes: float | None, config: SessionsConfig = CONFIG, **columns: Any) -> pl.DataFrame:
    """Return the plays of the given minutes, with their sessions."""
    moments = [None if one is None else DAY + timedelta(minutes=one) for one in minutes]
    ids = [str(at) for at in range(len(minutes))]
    return with_sessions(plays(*ids, occurred_at=moments, session=columns.pop("session", None), **columns), config)


def runs(events: pl.DataFrame) -> list[str]:
    """Return the ids of each session's plays, as one word."""
    grouped = events.group_by("listener", "session", maintain_order=True).agg("event_id")
    return ["".join(ids) for ids in grouped["event_id"]]


def test_a_long_pause_starts_a_new_session() -> None:
    assert runs(sessions(0, 10, 39, 70, 75)) == ["012", "34"]


def test_a_pause_of_exactly_the_limit_does_not() -> None:
    assert runs(sessions(0, 30, 60)) == ["012"]


def test_the_pause_is_a_setting() -> None:
    assert runs(sessions(0, 10, 39, config=SessionsConfig(pause_minutes=5))) == ["0", "1", "2"]
    with pytest.raises(ValidationError):
        SessionsConfig(pause_minutes=0)


def test_plays_are_put_in_the_order_of_time() -> None:
    events = sessions(70, 0, 75, 10)
    assert events["event_id"].to_list() == ["1", "3", "0", "2"]
    assert runs(events) == ["13", "02"]


def test_listeners_have_sessions_of_their_own() -> None:
    assert runs(sessions(0, 1, 20, 21, 45, listener=["ann", "bob", "bob", "ann", "ann"])) == ["034", "12"]


def test_a_session_that_the_source_names_is_kept() -> None:
    events = sessions(0, 1, 2, session=["theirs", None, "theirs"])
    assert events["session"].to_list()[::2] == ["theirs", "theirs"]
    assert events["session"][1] not in (None, "theirs")


def test_plays_of_nobody_and_plays_without_a_time_are_in_no_session() -> None:
    assert sessions(0, None, 2, listener=["ann", "ann", None])["event_id"].to_list() == ["0"]


def test_no_plays_make_no_sessions() -> None:
    assert with_sessions(plays("a").clear(), CONFIG).is_empty()


@given(st.lists(st.tuples(st.sampled_from(["ann", "bob"]), st.integers(0, 300)), min_size=1, max_size=12))
def test_a_session_is_a_run_without_a_pause_above_the_limit(drawn: list[tuple[str, int]]) -> None:
    events = sessions(*(minute for _, minute in drawn), listener=[listener for listener, _ in drawn])
    for listener in {listener for listener, _ in drawn}:
        minutes = sorted(minute for one, minute in drawn if one == listener)
        mine = events.filter(pl.col("listener") == listener)["session"].to_list()
        changes = [one != other for one, other in itertools.pairwise(mine)]
        assert changes == [later - sooner > 30 for sooner, later in itertools.pairwise(minutes)]
        assert len(set(mine)) == sum(changes) + 1
