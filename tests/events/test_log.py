# SPDX-License-Identifier: Apache-2.0
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import polars as pl
import pytest
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


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    with closing(log.connect(tmp_path)) as connection:
        with pytest.raises(ZeroDivisionError), log.transaction(connection):
            connection.execute("UPDATE progress SET position = 7")
            raise ZeroDivisionError
        assert connection.execute("SELECT position FROM progress").fetchone() == (0,)


def test_a_log_that_may_not_grow_says_so_and_goes_on_once_it_may(tmp_path: Path) -> None:
    insert = "INSERT INTO batches VALUES (1, 1, zeroblob(1000000))"
    with closing(log.connect(tmp_path)) as connection:
        connection.execute("PRAGMA max_page_count = 20")
        with pytest.raises(sqlite3.OperationalError, match="full"), log.transaction(connection):
            connection.execute(insert)
        connection.execute("PRAGMA max_page_count = 1000000")
        with log.transaction(connection):
            connection.execute(insert)
        assert connection.execute("SELECT count(*) FROM batches").fetchone() == (1,)


def test_a_commit_reaches_the_disk_before_it_returns(tmp_path: Path) -> None:
    with closing(log.connect(tmp_path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_many_may_open_a_new_log_at_once(tmp_path: Path) -> None:
    together = Barrier(8)

    def connect(folder: Path) -> str:
        together.wait()
        try:
            with closing(log.connect(folder)) as connection:
                return str(connection.execute("SELECT position FROM progress").fetchone())
        except sqlite3.OperationalError as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        for number in range(60):
            assert set(pool.map(connect, [tmp_path / str(number)] * 8)) == {"(0,)"}
