# SPDX-License-Identifier: Apache-2.0
from datetime import timedelta
from pathlib import Path
from random import Random

import polars as pl
import pytest

from segue.errors import NotFound
from segue.events.compaction import compact
from segue.events.reader import Reader
from segue.events.schema import conform
from segue.events.sink import Sink
from segue.privacy import erasure
from segue.types import Purpose

from .making import DAY, Log


def secrets(listener: str, many: int) -> list[str]:
    """Return track ids that no compression shortens beyond recognition: random, and unlike each other."""
    random = Random(listener)
    return [random.randbytes(32).hex() for _ in range(many)]


def history(listener: str, many: int = 20) -> pl.DataFrame:
    """Return a listener's plays over some days and without a date, of tracks that only they hear."""
    rows = [
        {
            "event_id": f"{listener}-{number}",
            "type": "play",
            "listener": listener,
            "track": track,
            "occurred_at": DAY + timedelta(days=number % 3) if number % 4 else None,
        }
        for number, track in enumerate(secrets(listener, many))
    ]
    return conform(pl.DataFrame(rows))


def found(folder: Path, words: list[str]) -> int:
    """Count the words that any file below the folder holds the bytes of."""
    whole = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    texts = {path: pl.read_parquet(path)["track"].drop_nulls().to_list() for path in folder.rglob("*.parquet")}
    inside = {track for tracks in texts.values() for track in tracks}
    return sum(word in inside or word[:20].encode() in whole for word in words)


def test_the_search_for_bytes_finds_hot_and_compacted_plays(log: Log) -> None:
    log.sink.append(history("ann"))
    assert found(log.folder, secrets("ann", 20)) == 20
    compact(log.folder)
    assert found(log.folder, secrets("ann", 20)) == 20


@pytest.mark.parametrize("compacted", [True, False])
@pytest.mark.parametrize("reopened", [True, False])
def test_no_byte_of_an_erased_play_stays_in_any_file(log: Log, compacted: bool, reopened: bool) -> None:
    for listener in ("ann", "bob"):
        log.sink.append(history(listener))
    if reopened:  # which brings the write-ahead log into the file
        log.sink.close()
        log.sink = Sink(log.folder)
    if compacted:
        compact(log.folder)
    log.sink.append(history("ann", 25))
    done = erasure.erase(log.folder, log.sink, "ann")
    assert done.events == 25
    assert found(log.folder, secrets("ann", 25)) == 0
    assert found(log.folder, secrets("bob", 20)) == 20
    log.sink.close()


def test_an_erasure_leaves_the_log_file_without_pages_of_before(log: Log) -> None:
    log.sink.append(history("ann"))
    erasure.erase(log.folder, log.sink, "ann")
    assert (log.folder / "hot.sqlite-wal").stat().st_size == 0, "what was vacuumed waits beside the old file"


def test_an_erasure_leaves_itself_and_the_consents_in_the_log(log: Log) -> None:
    consent = erasure.record_consent(log.sink, "ann", Purpose.MEASURE, False)
    log.play("ann", "bob")
    done = erasure.erase(log.folder, log.sink, "ann")
    events = Reader(log.folder).read(["event_id", "type", "listener"]).rows()
    assert events == [(consent, "consent", "ann"), ("2", "play", "bob"), (done.receipt, "erasure", "ann")]
    assert (done.events, done.position) == (1, 4)


def test_nothing_of_before_an_erasure_is_given_out_and_everything_after_is(log: Log) -> None:
    log.play("ann", "bob")
    erasure.erase(log.folder, log.sink, "ann")
    log.play("ann")
    assert log.plays() == [2, 4]


def test_a_history_may_be_imported_again_after_its_erasure(log: Log) -> None:
    log.sink.append(history("ann"))
    log.sink.append(history("bob"))
    erasure.erase(log.folder, log.sink, "ann")
    again = log.sink.append(pl.concat([history("ann"), history("bob")]))
    assert (again.accepted, again.duplicates) == (20, 20)
    assert log.door.read(Purpose.PERSONALISE, ["track"], listeners=["ann"])["track"].to_list() == secrets("ann", 20)


def test_erasing_twice_finds_nothing_more(log: Log) -> None:
    log.play("ann")
    assert erasure.erase(log.folder, log.sink, "ann").events == 1
    assert erasure.erase(log.folder, log.sink, "ann").events == 0


def test_erasing_again_finishes_what_was_killed_before_the_files_were_rewritten(log: Log) -> None:
    log.sink.append(history("ann"))
    compact(log.folder)
    log.say("erasure", "ann")
    assert log.plays(Purpose.OPERATE) == [], "the door is shut at once"
    assert found(log.folder, secrets("ann", 20)) == 20
    assert erasure.erase(log.folder, log.sink, "ann").events == 20
    assert found(log.folder, secrets("ann", 20)) == 0


def test_a_listener_who_is_not_there_may_be_erased(log: Log) -> None:
    log.play("bob")
    assert erasure.erase(log.folder, log.sink, "ann").events == 0
    assert log.plays() == [1]


def test_a_recorded_consent_is_heeded_at_once(log: Log) -> None:
    log.play("ann")
    erasure.record_consent(log.sink, "ann", Purpose.PERSONALISE, False)
    assert log.plays() == []
    erasure.record_consent(log.sink, "ann", Purpose.PERSONALISE, True)
    assert log.plays() == [1]


def test_an_export_gives_every_event_of_the_listener_with_all_that_is_known_of_it(log: Log) -> None:
    log.play("ann", "bob")
    compact(log.folder)
    log.say("like", "ann", track="t", value=0.5, tracks=["x", "y"])
    log.consent("ann", False)
    events = list(erasure.export(log.folder, "ann"))
    assert [(event["type"], event["position"]) for event in events] == [("play", 1), ("like", 3), ("consent", 4)]
    like = {name: value for name, value in events[1].items() if name != "received_at"}
    assert like == {
        "event_id": "3",
        "type": "like",
        "listener": "ann",
        "occurred_at": DAY,
        "track": "t",
        "value": 0.5,
        "tracks": ["x", "y"],
        "position": 3,
    }


def test_an_export_of_a_stranger_is_refused_by_name(log: Log) -> None:
    log.play("ann")
    with pytest.raises(NotFound, match="'bob'"):
        list(erasure.export(log.folder, "bob"))


def test_an_export_after_an_erasure_gives_the_proof_alone(log: Log) -> None:
    log.play("ann")
    receipt = erasure.erase(log.folder, log.sink, "ann").receipt
    (event,) = erasure.export(log.folder, "ann")
    assert (event["event_id"], event["type"]) == (receipt, "erasure")
