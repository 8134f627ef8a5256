# SPDX-License-Identifier: Apache-2.0
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from segue.errors import BadInput
from segue.importers.listenbrainz import ListenBrainz

from .contract import ImporterContract
from .reading import take, zipped

RECORDING = "11111111-2222-4333-8444-555555555555"
OTHER = "99999999-2222-4333-8444-555555555555"
SPELLING = "aaaaaaaa-2222-4333-8444-555555555555"
ARTIST = "bbbbbbbb-2222-4333-8444-555555555555"
RELEASE = "cccccccc-2222-4333-8444-555555555555"
AT = 1_700_000_000


def listen(at: float | None = AT, *, extra: Any = None, mapping: Any = None, **other: Any) -> dict[str, Any]:
    metadata = {"artist_name": "The Harbours ", "track_name": "Low Tide", "release_name": "Moon"} | other
    return {
        "listened_at": at,
        "user_name": "ann",
        "track_metadata": metadata | {"additional_info": extra or {}, "mbid_mapping": mapping},
    }


def export(path: Path, listens: list[dict[str, Any]], feedback: list[dict[str, Any]] | None = None) -> Path:
    members = {
        "user.json": json.dumps({"user_id": 1, "username": "ann"}) + "\n",
        "listens/2023/11.jsonl": "\n".join(map(json.dumps, listens)),
        "pinned_recording.jsonl": '{"blurb_content": "mine"}\n',
    }
    if feedback:
        members["feedback.jsonl"] = "\n".join(map(json.dumps, feedback))
    return zipped(path, dict(members))


class TestListenBrainz(ImporterContract):
    file = "listens.jsonl"
    start = b""
    row_start = b'{"track_metadata": {"track_name": "'

    def build(self) -> ListenBrainz:
        return ListenBrainz()

    def write(self, folder: Path, rows: int) -> None:
        (folder / self.file).write_text("".join(json.dumps(listen(AT + row)) + "\n" for row in range(rows)))

    def test_a_listen_begins_when_it_says(self, tmp_path: Path) -> None:
        event = take(ListenBrainz(), export(tmp_path / "e.zip", [listen()])).event
        assert event["occurred_at"] == datetime.fromtimestamp(AT, UTC)
        assert (event["type"], event["listener"]) == ("play", "ann")

    @pytest.mark.parametrize(
        ("extra", "mapping", "track"),
        [
            (
                {"recording_mbid": OTHER, "recording_msid": SPELLING},
                {"recording_mbid": RECORDING.upper()},
                f"mbid:{RECORDING}",
            ),
            ({"recording_mbid": OTHER, "recording_msid": SPELLING}, None, f"mbid:{OTHER}"),
            ({"recording_mbid": "", "recording_msid": SPELLING}, None, f"msid:{SPELLING}"),
            ({"recording_mbid": "no uuid"}, None, "name:harbours/low tide"),
        ],
    )
    def test_the_best_id_that_is_there_is_the_track_s(
        self, tmp_path: Path, extra: Any, mapping: Any, track: str
    ) -> None:
        taken = take(ListenBrainz(), export(tmp_path / "e.zip", [listen(extra=extra, mapping=mapping)]))
        assert taken.event["track"] == taken.track["track_id"] == track

    def test_the_catalogue_gets_what_the_listen_says(self, tmp_path: Path) -> None:
        mapping = {"recording_mbid": RECORDING, "artist_mbids": [ARTIST], "release_mbid": RELEASE}
        path = export(
            tmp_path / "e.zip", [listen(extra={"duration": "200.5", "isrc": "SEABC0000001"}, mapping=mapping)]
        )
        taken = take(ListenBrainz(), path)
        track = taken.track
        assert (track["title"], track["artist_name"], track["album_name"]) == ("Low Tide", "The Harbours", "Moon")
        assert (track["duration_ms"], track["isrc"], track["mbid"]) == (200_500, "SEABC0000001", RECORDING)
        assert taken.artists.select("artist_id", "name", "mbid").rows() == [("artist:harbours", "The Harbours", ARTIST)]
        assert taken.albums.select("album_id", "title").rows() == [(f"mbid:{RELEASE}", "Moon")]
        assert track["album_id"] == f"mbid:{RELEASE}"

    def test_a_later_mapping_leaves_the_id_of_the_event(self, tmp_path: Path) -> None:
        early = take(ListenBrainz(), export(tmp_path / "a.zip", [listen(extra={"recording_msid": SPELLING})])).event
        late = take(ListenBrainz(), export(tmp_path / "b.zip", [listen(mapping={"recording_mbid": RECORDING})])).event
        assert early["event_id"] == late["event_id"]

    def test_what_is_playing_now_is_dropped(self, tmp_path: Path) -> None:
        taken = take(ListenBrainz(), export(tmp_path / "e.zip", [listen(None), listen(), listen(track_name=" ")]))
        assert taken.dropped == {"playing now, no time": 1, "no track name": 1}
        assert (taken.rows, taken.events.height) == (3, 1)

    def test_love_and_hate_are_likes_and_dislikes_of_the_listens_tracks(self, tmp_path: Path) -> None:
        feedback = [
            {"recording_msid": SPELLING, "recording_mbid": None, "score": 1, "created": AT + 5},
            {"recording_msid": None, "recording_mbid": OTHER, "score": -1, "created": AT + 6},
            {"recording_msid": SPELLING, "recording_mbid": None, "score": 0, "created": AT + 7},
        ]
        listened = listen(extra={"recording_msid": SPELLING}, mapping={"recording_mbid": RECORDING})
        taken = take(ListenBrainz(), export(tmp_path / "e.zip", [listened], feedback))
        given = taken.events.filter(taken.events["type"] != "play")
        assert given.select("type", "track", "listener").rows() == [
            ("like", f"mbid:{RECORDING}", "ann"),
            ("dislike", f"mbid:{OTHER}", "ann"),
        ]
        assert given["occurred_at"][0] == datetime.fromtimestamp(AT + 5, UTC)
        assert taken.dropped == {"feedback taken back": 1}

    def test_an_old_export_is_one_array(self, tmp_path: Path) -> None:
        (tmp_path / "ann_lb-2020-01-01.json").write_text(json.dumps([listen(AT), listen(AT + 1)], indent=1))
        assert take(ListenBrainz(), tmp_path / "ann_lb-2020-01-01.json").events.height == 2

    def test_listens_of_nobody_ask_for_the_listener(self, tmp_path: Path) -> None:
        (tmp_path / "listens.jsonl").write_text(json.dumps(listen() | {"user_name": None}))
        with pytest.raises(BadInput, match="--listener NAME"):
            take(ListenBrainz(), tmp_path / "listens.jsonl")
        assert take(ListenBrainz(listener="bo"), tmp_path / "listens.jsonl").event["listener"] == "bo"

    def test_very_long_names_still_give_an_id(self, tmp_path: Path) -> None:
        event = take(ListenBrainz(), export(tmp_path / "e.zip", [listen(track_name="la " * 400)])).event
        assert str(event["track"]).startswith("name:#")

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            (listen(-5), "listened_at -5"),
            (listen(AT * 1000), "no time in seconds"),
            (listen() | {"track_metadata": "x"}, "where an object was expected"),
            (listen(extra={"duration_ms": -1}), "duration_ms -1"),
            (listen(extra={"duration_ms": "long"}), "duration_ms 'long'"),
            (listen(artist_name=["a"]), "artist_name"),
            ([], "is an array where an object was expected"),
        ],
    )
    def test_a_listen_that_does_not_fit_is_refused(self, tmp_path: Path, wrong: Any, told: str) -> None:
        with pytest.raises(BadInput, match=rf"e\.zip/listens/2023/11\.jsonl: row 2 .*{told}"):
            take(ListenBrainz(), export(tmp_path / "e.zip", [listen(), wrong]))
