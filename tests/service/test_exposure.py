import polars as pl
import pytest

from segue.errors import BadInput, NotFound
from segue.types import Ask, Kind, Purpose
from segue.workspace import Workspace
from tests.conftest import NOW

SEED = "sim:track:000001"
COLUMNS = [
    "type", "event_id", "listener", "request_id", "tracks", "scores", "sources", "reasons", "reason_codes",
    "reason_seeds", "reason_others", "recipe", "rung", "snapshot",
    "occurred_at", "source",
]  # fmt: skip


def impressions(workspace: Workspace) -> list[dict[str, object]]:
    events = workspace.door.read(Purpose.OPERATE, COLUMNS)
    return events.filter(pl.col("type") == "impression", pl.col("source") == "segue").to_dicts()


def test_an_impression_says_what_was_shown_and_what_made_it(copy: Workspace) -> None:
    slate = copy.answer(Ask("r", Kind.RADIO, (SEED,), listener="sim:listener:000001", now=NOW), request_id="mine")
    (shown,) = impressions(copy)
    assert shown["request_id"] == "mine"
    assert shown["listener"] == "sim:listener:000001"
    assert shown["tracks"] == [track.track for track in slate.tracks]
    assert shown["sources"] == [track.source for track in slate.tracks]
    assert shown["reasons"] == [track.reason for track in slate.tracks]
    assert shown["reason_codes"] == [track.code for track in slate.tracks]
    assert shown["reason_seeds"] == [track.seed for track in slate.tracks]
    assert shown["reason_others"] == [track.other for track in slate.tracks]
    assert all(track.code for track in slate.tracks)
    assert shown["scores"] == pytest.approx([track.score for track in slate.tracks], abs=1e-4)
    assert (shown["recipe"], shown["rung"], shown["snapshot"]) == ("radio", "personal", copy.pointer().id)
    assert shown["occurred_at"] == NOW


def test_one_request_is_written_down_once(copy: Workspace) -> None:
    for _ in range(2):
        copy.answer(Ask("r", Kind.RADIO, (SEED,), now=NOW), request_id="same")
    assert len(impressions(copy)) == 1


def test_what_is_refused_leaves_no_impression(copy: Workspace) -> None:
    with pytest.raises(NotFound, match="nothing"):
        copy.answer(Ask("r", Kind.RADIO, ("nothing",), now=NOW))
    with pytest.raises(BadInput, match="limit"):
        copy.answer(Ask("r", Kind.RADIO, (SEED,), limit=10000, now=NOW))
    assert impressions(copy) == []


def test_a_batch_leaves_no_impression(copy: Workspace) -> None:
    line = f'{{"id": "a", "kind": "radio", "tracks": ["{SEED}"]}}'
    (answer,) = copy.batch([line], now=NOW)
    assert answer["tracks"]
    assert impressions(copy) == []


def test_a_shown_track_is_not_taken_for_a_heard_one(copy: Workspace) -> None:
    ask = Ask("r", Kind.RADIO, (SEED,), listener="a stranger", now=NOW)
    copy.answer(ask)
    assert copy.answer(ask).rung == "session"
    assert "a stranger" not in copy.listeners()


def test_a_reason_is_kept_as_it_was_shown_and_in_no_language(copy: Workspace) -> None:
    for tag in ("de", "en"):
        copy.answer(Ask("r", Kind.RADIO, (SEED,), now=NOW, language=tag), request_id=tag)
    shown = {row["request_id"]: row for row in impressions(copy)}
    assert shown["de"]["reasons"] != shown["en"]["reasons"]
    assert shown["de"]["reason_codes"] == shown["en"]["reason_codes"]
    assert shown["de"]["reason_seeds"] == shown["en"]["reason_seeds"]


def test_a_weekly_of_everyone_is_written_down_with_its_reasons(copy: Workspace) -> None:
    copy.weekly(now=NOW)
    for row in impressions(copy):
        tracks = copy.weekly_of(str(row["listener"]), now=NOW).slate.tracks
        assert row["sources"] == [track.source for track in tracks]
        assert row["reasons"] == [track.reason for track in tracks]
        assert row["reason_codes"] == [track.code for track in tracks]
        assert row["reason_others"] == [track.other for track in tracks]
