# SPDX-License-Identifier: Apache-2.0
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from segue.events import compaction, log
from segue.events.compaction import Compaction, compact, forget, hot_rows
from segue.events.reader import Reader
from segue.events.schema import EVENTS
from segue.events.sink import Sink

from . import making
from .making import DAY, held, plays


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    sink = Sink(tmp_path)
    yield sink
    sink.close()


def parquet(folder: Path) -> list[Path]:
    return sorted(folder.glob("day=*/*.parquet"))


def manifest(folder: Path) -> list[tuple[str, str, int, int, int]]:
    with closing(log.connect(folder)) as connection:
        return connection.execute("SELECT path, day, rows, first, last FROM files ORDER BY day").fetchall()


_steps = st.lists(st.none() | st.lists(making.rows, min_size=1, max_size=4), max_size=7)


@settings(max_examples=40)
@given(_steps)
def test_compaction_changes_no_event_and_no_order(steps: list[list[dict[str, Any]] | None]) -> None:
    with TemporaryDirectory() as plain, TemporaryDirectory() as compacted:
        one, other = Sink(Path(plain)), Sink(Path(compacted))
        for drawn in steps:
            if drawn is None:
                compact(other.folder)
            else:
                for sink in (one, other):
                    sink.append(making.frame(drawn), received_at=DAY)
        assert_frame_equal(Reader(other.folder).read(EVENTS.names()), Reader(one.folder).read(EVENTS.names()))
        one.close()
        other.close()


def test_each_day_has_one_file_and_undated_events_have_theirs(sink: Sink) -> None:
    sink.append(plays("a", "b", "c", "d", occurred_at=[DAY, None, DAY + timedelta(days=1), DAY]))
    assert compact(sink.folder) == Compaction(events=4, files=3)
    listed = [(day, rows, first, last) for _, day, rows, first, last in manifest(sink.folder)]
    assert listed == [("2026-03-01", 2, 1, 4), ("2026-03-02", 1, 3, 3), ("undated", 1, 2, 2)]
    assert [str(path.relative_to(sink.folder)) for path in parquet(sink.folder)] == sorted(
        path for path, *_ in manifest(sink.folder)
    )


def test_late_events_merge_into_the_file_of_their_day(sink: Sink) -> None:
    sink.append(plays("a", "b", occurred_at=[DAY, None]))
    compact(sink.folder)
    sink.append(plays("c", "d", occurred_at=[DAY + timedelta(days=1), DAY]))
    assert compact(sink.folder) == Compaction(events=2, files=2)
    (first_day, _, _) = parquet(sink.folder)
    assert pl.read_parquet(first_day)["event_id"].to_list() == ["a", "d"]
    assert held(sink.folder) == ["a", "b", "c", "d"]


def test_an_empty_log_compacts_to_nothing(sink: Sink) -> None:
    assert compact(sink.folder) == Compaction(0, 0)
    sink.append(plays("a"))
    compact(sink.folder)
    assert compact(sink.folder) == Compaction(0, 0)


def test_hot_rows_are_those_not_compacted_yet(sink: Sink) -> None:
    assert hot_rows(sink.folder) == 0
    sink.append(plays("a", "b"))
    sink.append(plays("c"))
    assert hot_rows(sink.folder) == 3
    compact(sink.folder)
    sink.append(plays("d"))
    assert hot_rows(sink.folder) == 1


def test_what_a_killed_compaction_left_is_never_read_and_is_swept_by_the_next(sink: Sink) -> None:
    sink.append(plays("a", "b"))
    compact(sink.folder)
    (file,) = parquet(sink.folder)
    sink.append(plays("c"))
    merged = file.with_name("0123.parquet")  # killed after writing, before the transaction
    merged.write_bytes(file.read_bytes())
    torn = file.with_name(".4567.parquet.89ab.tmp")  # killed while writing
    torn.write_bytes(b"PAR1 and no more")
    lone = sink.folder / "day=1999-12-31" / "cdef.parquet"
    lone.parent.mkdir()
    lone.write_bytes(file.read_bytes())
    assert held(sink.folder) == ["a", "b", "c"]
    compact(sink.folder)
    assert held(sink.folder) == ["a", "b", "c"]
    assert [str(path.relative_to(sink.folder)) for path in parquet(sink.folder)] == [manifest(sink.folder)[0][0]]
    assert not torn.exists()
    assert not lone.parent.exists()


def test_a_compaction_whose_transaction_fails_changes_nothing(sink: Sink) -> None:
    sink.append(plays("a", "b", occurred_at=[DAY, None]))
    with closing(log.connect(sink.folder)) as connection:
        connection.execute("CREATE TRIGGER no BEFORE DELETE ON batches BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(sqlite3.IntegrityError):
        compact(sink.folder)
    assert held(sink.folder) == ["a", "b"]
    assert manifest(sink.folder) == []
    with closing(log.connect(sink.folder)) as connection:
        connection.execute("DROP TRIGGER no")
    assert compact(sink.folder) == Compaction(events=2, files=2)
    assert held(sink.folder) == ["a", "b"]


def test_a_reader_sees_every_event_once_while_others_append_and_compact(sink: Sink) -> None:
    done = Event()
    faults: list[BaseException] = []

    def write() -> None:
        try:
            for number in range(40):
                moment = DAY + timedelta(days=number % 3)
                sink.append(plays(*(f"{number}-{event}" for event in range(5)), occurred_at=moment))
                if number % 2:
                    compact(sink.folder)
        except BaseException as error:
            faults.append(error)
        finally:
            done.set()

    writer = Thread(target=write)
    writer.start()
    seen = reads = 0
    while not done.is_set():
        positions = held(sink.folder, ["position"])
        assert positions == list(range(1, len(positions) + 1))
        assert len(positions) >= seen, "what was seen once stays"
        seen, reads = len(positions), reads + 1
    writer.join()
    assert faults == []
    assert reads > 3
    assert held(sink.folder, ["position"]) == list(range(1, 201))


def test_compactions_at_once_take_every_event_in_once(sink: Sink) -> None:
    sink.append(plays(*(f"{number}" for number in range(50))))
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(compact, [sink.folder] * 4))
    assert sorted(one.events for one in done) == [0, 0, 0, 50]
    assert held(sink.folder, ["position"]) == list(range(1, 51))


def test_forgetting_removes_one_listeners_events_up_to_a_position(sink: Sink) -> None:
    sink.append(plays("a", "b", "c", listener=["ann", "bob", None]))
    compact(sink.folder)
    sink.append(plays("d", "e", occurred_at=None, listener=["ann", "bob"]))
    sink.append(plays("f"))
    assert forget(sink.folder, "ann", until=5) == Compaction(events=2, files=2)
    assert held(sink.folder, ["position", "event_id"]) == [(2, "b"), (3, "c"), (5, "e"), (6, "f")]


def test_forgetting_keeps_consents_and_erasures(sink: Sink) -> None:
    sink.append(plays("a", "b", "c", type=["play", "consent", "erasure"], purpose="measure", granted=True))
    forget(sink.folder, "ann", until=3)
    assert held(sink.folder) == ["b", "c"]


def test_a_day_of_which_all_is_forgotten_keeps_no_file(sink: Sink) -> None:
    sink.append(plays("a", "b", occurred_at=[DAY, None], listener=["ann", "bob"]))
    forget(sink.folder, "ann", until=2)
    assert [day for _, day, *_ in manifest(sink.folder)] == ["undated"]
    assert len(parquet(sink.folder)) == 1


def test_forgetting_a_stranger_changes_nothing(sink: Sink) -> None:
    sink.append(plays("a"))
    assert forget(sink.folder, "nobody", until=1) == Compaction(0, 0)
    assert held(sink.folder) == ["a"]


def test_what_was_forgotten_may_be_sent_again_and_nothing_else(sink: Sink) -> None:
    sink.append(plays("a", "b", listener=["ann", "bob"]))
    forget(sink.folder, "ann", until=2)
    receipt = sink.append(plays("a", "b", listener=["ann", "bob"]))
    assert (receipt.accepted, receipt.duplicates) == (1, 1)
    assert held(sink.folder, ["position", "event_id"]) == [(2, "b"), (3, "a")]


_owners = st.lists(st.sampled_from(["ann", "bob", None]), min_size=1, max_size=8)


@settings(max_examples=25)
@given(_owners, st.integers(0, 9), st.integers(0, 8))
def test_forgetting_takes_what_it_should_and_leaves_the_rest(owners: list[str | None], until: int, cold: int) -> None:
    with TemporaryDirectory() as name:
        sink = Sink(Path(name))
        ids = [f"{number}" for number in range(1, len(owners) + 1)]
        moments = [DAY + timedelta(days=number % 2) for number in range(len(owners))]
        for number, (one, owner, moment) in enumerate(zip(ids, owners, moments, strict=True)):
            sink.append(plays(one, listener=owner, occurred_at=moment))
            if number + 1 == cold:
                compact(sink.folder)
        forget(sink.folder, "ann", until)
        assert held(sink.folder) == [
            one for one, owner in zip(ids, owners, strict=True) if owner != "ann" or int(one) > until
        ]
        assert {path for path, *_ in manifest(sink.folder)} == {
            str(path.relative_to(sink.folder)) for path in parquet(sink.folder)
        }
        sink.close()


def test_the_events_of_a_listener_stand_together_in_the_file_of_a_day(sink: Sink) -> None:
    for number, listener in enumerate(["b", "a", "b", "a"]):
        sink.append(plays(f"play {number}", listener=listener))
        compact(sink.folder)
    (file,) = parquet(sink.folder)
    assert pl.read_parquet(file)["listener"].to_list() == ["a"] * 2 + ["b"] * 2


def test_a_large_file_of_a_day_is_left_as_it_is(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "_FILE_ROWS", 3)
    sink.append(plays("a", "b", "c"))
    compact(sink.folder)
    (large,) = parquet(sink.folder)
    for number in range(2):
        sink.append(plays(f"late {number}"))
        compact(sink.folder)
    assert large in parquet(sink.folder)
    assert [rows for _, _, rows, _, _ in manifest(sink.folder)] == [3, 2]
    assert held(sink.folder) == ["a", "b", "c", "late 0", "late 1"]


def test_what_is_hot_is_moved_some_batches_at_a_time(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "_BYTES", 1)
    for number in range(5):
        sink.append(plays(f"play {number}"))
    assert compact(sink.folder) == Compaction(events=5, files=1)
    assert held(sink.folder) == [f"play {number}" for number in range(5)]
    assert len(parquet(sink.folder)) == 1


def test_a_compaction_ends_however_fast_events_come(sink: Sink) -> None:
    """Each batch that it moves is followed by another; those wait for the next compaction."""
    sink.append(plays("first"))

    def move(*given: Any) -> int:
        sink.append(plays(f"late {given[2][0][0]}"))
        return original(*given)

    original = compaction._move
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compaction, "_move", move)
        assert compact(sink.folder).events == 1
    assert hot_rows(sink.folder) == 1
