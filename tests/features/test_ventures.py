# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.features.ventures import HEARD, heard, ventures

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def events(listener: str, tracks: list[str], request: str | None = None, after: int = 0) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "type": ["play", "skip"] * (len(tracks) // 2) + ["play"] * (len(tracks) % 2),
            "listener": [listener] * len(tracks),
            "track": tracks,
            "occurred_at": [NOW + timedelta(minutes=after + minute) for minute in range(len(tracks))],
            "request_id": pl.Series([request] * len(tracks), dtype=pl.String),
        }
    )


def test_who_turns_to_the_new_ventures_further_than_who_returns() -> None:
    roving, homely = [f"r{one}" for one in range(100)], [f"h{one % 10}" for one in range(100)]
    told = ventures(heard(pl.concat([events("roving", roving), events("homely", homely)])))
    assert told["listener"].to_list() == ["homely", "roving"]
    homely_share, roving_share = told["share"].to_list()
    assert homely_share < 0.55 < roving_share


def test_a_long_past_makes_nobody_homely() -> None:
    pattern = [f"t{one}" if one % 2 else f"t{one - one % 4 + 1}" for one in range(400)]
    told = ventures(heard(pl.concat([events("short", pattern[:50]), events("long", pattern)])))
    first, second = told["share"].to_list()
    assert first == pytest.approx(second, rel=0.1)


def test_what_was_met_in_a_list_says_nothing_of_how_far_they_go() -> None:
    own = events("a", ["x", "y", "x", "z"])
    met = pl.concat([events("a", ["m", "n"], "r", after=10), events("a", ["m", "n", "m"], after=20)])
    assert heard(pl.concat([own, met])).equals(heard(own))
    assert heard(own)["hearings"].sum() == 4
    assert heard(own)["new"].sum() == 3
    assert heard(own).schema == HEARD


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=30), min_size=1, max_size=5))
def test_a_share_is_one_and_everyones_where_all_listen_alike(played: list[list[str]]) -> None:
    told = ventures(heard(pl.concat([events(f"{row}", tracks) for row, tracks in enumerate(played)])))
    assert told["listener"].to_list() == sorted(f"{row}" for row in range(len(played)))
    assert told["share"].is_between(0, 1).all()
    alike = ventures(heard(pl.concat([events(f"{row}", played[0]) for row in range(3)])))
    assert alike["share"].to_list() == pytest.approx([len(set(played[0])) / len(played[0])] * 3)


def test_of_nothing_there_is_nothing() -> None:
    assert ventures(pl.DataFrame(schema=HEARD)).height == 0
