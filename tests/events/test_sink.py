# SPDX-License-Identifier: Apache-2.0
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.events.compaction import compact
from segue.events.schema import empty
from segue.events.sink import Receipt, Sink

from .making import held, plays

_ROOT = Path(__file__).parents[2]


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    sink = Sink(tmp_path)
    yield sink
    sink.close()


def test_positions_count_from_one_in_the_order_of_appending(sink: Sink) -> None:
    assert sink.append(plays("b", "a")) == Receipt(accepted=2, duplicates=0, position=2)
    assert sink.append(plays("c")) == Receipt(accepted=1, duplicates=0, position=3)
    assert held(sink.folder, ["position", "event_id"]) == [(1, "b"), (2, "a"), (3, "c")]


def test_the_first_event_of_an_id_in_a_batch_wins(sink: Sink) -> None:
    assert sink.append(plays("a", "b", "a", track=["x", "y", "z"])) == Receipt(2, 1, 2)
    assert held(sink.folder, ["event_id", "track"]) == [("a", "x"), ("b", "y")]


def test_an_event_sent_again_changes_nothing(sink: Sink) -> None:
    sink.append(plays("a", "b"))
    assert sink.append(plays("b", "c", "a", track="other")) == Receipt(1, 2, 3)
    assert sink.append(plays("b", "c", "a")) == Receipt(0, 3, 3)
    assert held(sink.folder, ["event_id", "track"]) == [("a", "t"), ("b", "t"), ("c", "other")]


def test_an_event_sent_again_after_compaction_changes_nothing(sink: Sink) -> None:
    sink.append(plays("a", "b"))
    compact(sink.folder)
    assert sink.append(plays("a", "b", "c")) == Receipt(1, 2, 3)
    assert held(sink.folder) == ["a", "b", "c"]


def test_a_new_sink_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    for number in range(3):
        sink = Sink(tmp_path)
        assert sink.append(plays("a", f"b{number}")).position == number + 2
        sink.close()
    assert held(tmp_path) == ["a", "b0", "b1", "b2"]


def test_no_events_are_acknowledged_too(sink: Sink) -> None:
    sink.append(plays("a"))
    assert sink.append(empty()) == Receipt(0, 0, 1)


def test_the_moment_of_receipt_is_kept(sink: Sink) -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    sink.append(plays("a"), received_at=at)
    sink.append(plays("b"))
    given_at, own = held(sink.folder, ["received_at"])
    assert given_at == at
    assert abs((datetime.now(UTC) - own).total_seconds()) < 60


def test_a_closed_sink_refuses(tmp_path: Path) -> None:
    sink = Sink(tmp_path)
    sink.close()
    with pytest.raises(sqlite3.ProgrammingError):
        sink.append(plays("a"))


@settings(max_examples=40)
@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=5), max_size=6))
def test_the_log_holds_the_first_of_each_id_however_they_are_batched(batches: list[list[str]]) -> None:
    with TemporaryDirectory() as folder:
        sink = Sink(Path(folder))
        seen: list[str] = []
        for ids in batches:
            new = [one for one in dict.fromkeys(ids) if one not in seen]
            seen += new
            assert sink.append(plays(*ids) if ids else empty()) == Receipt(len(new), len(ids) - len(new), len(seen))
        assert held(Path(folder), ["position", "event_id"]) == list(enumerate(seen, 1))
        sink.close()


def test_threads_that_append_at_once_each_get_their_own_receipt(sink: Sink) -> None:
    together = Barrier(16)

    def load(thread: int) -> list[tuple[list[str], Receipt]]:
        together.wait()
        batches = [[f"{thread}-{number}-{event}" for event in range(1 + number % 3)] for number in range(25)]
        return [(ids, sink.append(plays(*ids, "shared"))) for ids in batches]

    with ThreadPoolExecutor(16) as pool:
        loads = list(pool.map(load, range(16)))
    places = {event_id: position for position, event_id in held(sink.folder, ["position", "event_id"])}
    receipts = [(ids, receipt) for one in loads for ids, receipt in one]
    assert sorted(places.values()) == list(range(1, sum(len(ids) for ids, _ in receipts) + 2))
    firsts = Counter(receipt.accepted - len(ids) for ids, receipt in receipts)
    assert firsts == {0: len(receipts) - 1, 1: 1}, "the shared event is accepted once, and by one of all appends"
    for ids, receipt in receipts:
        assert receipt.accepted + receipt.duplicates == len(ids) + 1
        assert max(places[one] for one in ids) <= receipt.position <= len(places)
    for one in loads:
        own = [places[event_id] for ids, _ in one for event_id in ids]
        assert own == sorted(own), "one thread's events keep their order"


_WRITER = """
import sys
from pathlib import Path
from segue.events.sink import Sink
from tests.events.making import plays
sink = Sink(Path(sys.argv[1]))
print(sum(sink.append(plays(f"both-{n}", f"{sys.argv[2]}-{n}")).accepted for n in range(100)))
"""


def test_two_processes_append_to_one_log(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(tmp_path), name], stdout=subprocess.PIPE, text=True, cwd=_ROOT
        )
        for name in ("one", "two")
    ]
    accepted = [int(writer.communicate(timeout=60)[0]) for writer in writers]
    ids = held(tmp_path)
    assert sum(accepted) == len(ids) == 300
    assert set(ids) == {f"{name}-{number}" for name in ("one", "two", "both") for number in range(100)}


_ON_A_FULL_DISK = """
import sqlite3, sys
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_FSIZE, setrlimit
from segue.events.sink import Sink
from tests.events.making import plays
sink = Sink(Path(sys.argv[1]))
sink.append(plays("before"))
setrlimit(RLIMIT_FSIZE, (150_000, RLIM_INFINITY))  # no file may grow beyond it, as on a disk without room
try:
    sink.append(plays(*(f"refused-{number}" for number in range(10_000))))
except sqlite3.Error:
    setrlimit(RLIMIT_FSIZE, (RLIM_INFINITY, RLIM_INFINITY))
    print(sink.append(plays("after", "refused-1")).accepted)
"""


def test_an_append_that_the_disk_refuses_leaves_nothing_and_the_next_goes_in(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ON_A_FULL_DISK, str(tmp_path)], capture_output=True, text=True, timeout=60, cwd=_ROOT
    )
    assert done.stdout == "2\n", done.stderr
    assert held(tmp_path) == ["before", "after", "refused-1"]
