# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from segue.events import log
from segue.events.schema import INTAKE

from . import making
from .making import plays


@given(st.lists(making.rows, min_size=1, max_size=4))
def test_events_come_back_from_their_blob_unchanged(drawn: list[dict[str, Any]]) -> None:
    events = making.frame(drawn)
    assert_frame_equal(log.decode(log.encode(events), INTAKE), events)


def test_a_blob_gives_the_columns_that_are_asked_for_and_no_others() -> None:
    wanted = pl.Schema({"title": pl.String(), "event_id": pl.String()})
    assert log.decode(log.encode(plays("a")), wanted).rows() == [(None, "a")]


def test_digests_are_16_bytes_and_the_same_in_every_release() -> None:
    (digest, _) = log.digests(pl.Series(["a", "b"]))
    assert digest.hex() == "27c35e6e9373877f29e562464e46497e"


def test_an_event_belongs_to_its_utc_day_and_one_without_a_time_to_undated() -> None:
    late = datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)
    events = plays("a", "b", occurred_at=[late, None])
    assert events.select(log.partition()).to_series().to_list() == ["2026-03-01", "undated"]
