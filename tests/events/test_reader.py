# SPDX-License-Identifier: Apache-2.0
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import Damaged
from segue.events.compaction import compact, forget
from segue.events.reader import Reader
from segue.events.schema import EVENTS
from segue.events.sink import Sink

from .making import DAY, held, plays


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A log of a..f in files of three days and undated, and g, h hot (of the first day, and undated)."""
    folder = tmp_path_factory.mktemp("log")
    sink = Sink(folder)
    days = [DAY + timedelta(days=2), DAY, None, DAY + timedelta(days=1)]
    sink.append(plays("a", "b", "c", "d", occurred_at=days, listener=["ann", "bob", "ann", None]))
    compact(folder)
    sink.append(plays("e", "f", occurred_at=[DAY, None], listener="bob", title="late"))
    compact(folder)
    sink.append(plays("g", "h", occurred_at=[DAY, None], listener=["ann", "bob"]))
    yield folder
    sink.close()


def test_a_log_that_is_not_there_is_empty_and_is_not_made(tmp_path: Path) -> None:
    reader = Reader(tmp_path / "nowhere")
    assert reader.position() == 0
    assert reader.read(["event_id", "count"]).schema == {"event_id": pl.String, "count": pl.Int32}
    assert not (tmp_path / "nowhere").exists()


def test_a_log_without_events_is_empty(tmp_path: Path) -> None:
    Sink(tmp_path).close()
    assert Reader(tmp_path).position() == 0
    assert Reader(tmp_path).read(EVENTS.names()).schema == EVENTS


def test_the_position_is_that_of_the_last_event(folder: Path) -> None:
    assert Reader(folder).position() == 8


def test_events_come_in_the_order_of_positions_from_files_and_hot_batches(folder: Path) -> None:
    assert held(folder, ["position", "event_id"]) == list(enumerate("abcdefgh", 1))


@given(after=st.integers(0, 10), until=st.none() | st.integers(0, 10))
def test_a_range_gives_the_positions_after_one_and_up_to_another(folder: Path, after: int, until: int | None) -> None:
    assert held(folder, after=after, until=until) == list("abcdefgh"[after : 8 if until is None else until])


@pytest.mark.parametrize(
    ("since", "ids"),
    [
        ("2026-03-01", "abcdefgh"),
        ("2026-03-02", "acdfgh"),
        ("2026-03-03", "acfgh"),
        ("2026-03-04", "cfgh"),
    ],
)
def test_since_a_day_leaves_out_earlier_files_but_nothing_undated_or_hot(folder: Path, since: str, ids: str) -> None:
    assert held(folder, since_day=since) == list(ids)


def test_a_filter_may_look_at_columns_that_are_not_returned(folder: Path) -> None:
    assert held(folder, where=pl.col("listener") == "ann") == ["a", "c", "g"]
    assert held(folder, where=pl.col("title") == "late") == ["e", "f"]
    assert held(folder, where=pl.col("listener").is_null()) == ["d"]


def test_a_filter_and_ranges_hold_together(folder: Path) -> None:
    assert held(folder, where=pl.col("listener") == "bob", after=2, until=7, since_day="2026-03-02") == ["f"]


def test_columns_come_as_they_are_asked_for(folder: Path) -> None:
    columns = ["track", "position", "scores", "event_id"]
    events = Reader(folder).read(columns)
    assert events.columns == columns
    assert events.dtypes == [EVENTS[name] for name in columns]


def test_every_column_comes_back_in_its_type(folder: Path) -> None:
    assert Reader(folder).read(EVENTS.names()).schema == EVENTS


def test_a_listed_file_that_is_missing_is_named_as_damage(tmp_path: Path) -> None:
    sink = Sink(tmp_path)
    sink.append(plays("a"))
    sink.close()
    compact(tmp_path)
    (file,) = tmp_path.glob("day=*/*.parquet")
    file.unlink()
    with pytest.raises(Damaged, match=file.name):
        Reader(tmp_path).read(["event_id"])


def test_files_of_a_release_that_knew_fewer_columns_are_read_merged_and_forgotten_from(tmp_path: Path) -> None:
    sink = Sink(tmp_path)
    sink.append(plays("a", "b", occurred_at=[DAY, DAY], listener=["ann", "bob"]))
    compact(tmp_path)
    (path,) = tmp_path.glob("day=*/*.parquet")
    pl.read_parquet(path).drop("dial", "propensities", "tier").write_parquet(path)
    sink.append(plays("c", occurred_at=[DAY], listener="ann"))
    assert Reader(tmp_path).read(["event_id", "dial"]).rows() == [("a", None), ("b", None), ("c", None)]
    compact(tmp_path)
    forget(tmp_path, "ann", until=3)
    assert Reader(tmp_path).read(["event_id", "tier"]).rows() == [("b", None)]
    sink.close()
