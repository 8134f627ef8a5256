# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.events.signals import SignalsConfig
from segue.features.progress import progress

START = datetime(2026, 6, 1, tzinfo=UTC)
LENGTH = 1000
SCHEMA = {
    "type": pl.String, "listener": pl.String, "number": pl.Int32, "occurred_at": pl.Datetime("ms", "UTC"),
    "played_ms": pl.Int64, "duration_ms": pl.Int64, "end_reason": pl.String,
}  # fmt: skip


def told(*plays: tuple[int | None, str | None]) -> dict[str, Any]:
    """Return how far a listener is after these plays, each how long it was and how it ended."""
    rows = [
        {
            "type": "skip" if how == "skipped" else "play", "listener": "ann", "number": 7,
            "occurred_at": START + timedelta(hours=hour), "played_ms": length, "duration_ms": LENGTH, "end_reason": how,
        }
        for hour, (length, how) in enumerate(plays)
    ]  # fmt: skip
    (found,) = progress(pl.DataFrame(rows, SCHEMA), SignalsConfig()).to_dicts()
    return found


@pytest.mark.parametrize(
    ("plays", "heard_ms", "finished", "given_up"),
    [
        ([(300, "stopped")], 300, False, False),
        ([(300, "stopped"), (660, "stopped")], 960, True, False),  # the two are all of it
        ([(400, "finished")], 0, True, False),
        ([(1000, "finished"), (200, "quit")], 200, False, False),  # begun again
        ([(None, None)], 0, True, False),  # a play of which nobody says how long it was
        ([(960, None)], 0, True, False),
        ([(300, "stopped"), (20, "skipped")], 320, False, True),
        ([(20, "skipped"), (300, "stopped")], 320, False, False),  # taken up again
        ([(700, "stopped"), (400, "skipped")], 1100, True, False),  # skipped the credits
    ],
)
def test_plays_add_up_to_how_far_a_listener_is(
    plays: list[tuple[int | None, str | None]], heard_ms: int, finished: bool, given_up: bool
) -> None:
    found = told(*plays)
    assert (found["heard_ms"], found["finished"], found["given_up"]) == (heard_ms, finished, given_up)
    assert found["last_at"] == START + timedelta(hours=len(plays) - 1)


@given(
    st.lists(
        st.tuples(st.integers(0, LENGTH), st.sampled_from(["stopped", "finished", "skipped", "quit"])),
        min_size=1,
        max_size=8,
    )
)
def test_it_is_what_someone_would_count(plays: list[tuple[int, str]]) -> None:
    heard = 0
    for length, how in plays:
        whole = how == "finished" or length >= 0.95 * LENGTH
        heard = 0 if whole else heard + length
    finished = whole or heard >= 0.95 * LENGTH
    found = told(*plays)
    assert (found["heard_ms"], found["finished"]) == (heard, finished)
    assert found["given_up"] == (how == "skipped" and not finished)


def test_likes_and_events_of_nobody_are_no_progress() -> None:
    rows = [{"type": "like", "listener": "ann", "number": 7}, {"type": "play", "listener": None, "number": 7}]
    assert progress(pl.DataFrame(rows, SCHEMA), SignalsConfig()).is_empty()
