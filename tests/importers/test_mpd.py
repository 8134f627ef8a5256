# SPDX-License-Identifier: Apache-2.0
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from segue.errors import BadInput
from segue.importers.mpd import Mpd

from .contract import ImporterContract
from .reading import take, zipped


def item(place: int, **other: Any) -> dict[str, Any]:
    return {
        "pos": place,
        "track_uri": f"spotify:track:{place}",
        "track_name": f"Song {place}",
        "artist_name": "The Harbours",
    } | other


def playlist(pid: int = 7, *items: dict[str, Any], **other: Any) -> dict[str, Any]:
    return {"pid": pid, "name": "rainy day", "num_followers": 3, "tracks": list(items or (item(0), item(1)))} | other


def lines(path: Path, *playlists: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in playlists))
    return path


class TestMpd(ImporterContract):
    file = "playlists.jsonl"
    start = b""
    row_start = b'{"pid": 1, "name": "'
    one_batch = 600

    def build(self) -> Mpd:
        return Mpd()

    def write(self, folder: Path, rows: int) -> None:
        lines(folder / self.file, *(playlist(row) for row in range(rows)))

    def test_a_playlist_is_one_event_of_nobody(self, tmp_path: Path) -> None:
        event = take(Mpd(), lines(tmp_path / "p.jsonl", playlist())).event
        assert (event["type"], event["playlist"], event["title"]) == ("playlist", "mpd:7", "rainy day")
        assert event["tracks"] == ["spotify:track:0", "spotify:track:1"]
        assert event["listener"] is event["occurred_at"] is None

    def test_tracks_stand_in_the_order_of_their_positions(self, tmp_path: Path) -> None:
        path = lines(tmp_path / "p.jsonl", playlist(7, item(2), item(0), item(1)))
        assert take(Mpd(), path).event["tracks"] == ["spotify:track:0", "spotify:track:1", "spotify:track:2"]

    def test_tracks_of_several_playlists_stay_apart(self, tmp_path: Path) -> None:
        path = lines(tmp_path / "p.jsonl", playlist(1, item(5)), playlist(2, item(6), item(7)), playlist(3, item(5)))
        tracks = take(Mpd(), path).events["tracks"].to_list()
        assert tracks == [["spotify:track:5"], ["spotify:track:6", "spotify:track:7"], ["spotify:track:5"]]

    def test_the_catalogue_gets_what_the_track_says(self, tmp_path: Path) -> None:
        more = {
            "artist_uri": "spotify:artist:h",
            "album_uri": "spotify:album:m",
            "album_name": "Moon",
            "duration_ms": 9,
        }
        track = take(Mpd(), lines(tmp_path / "p.jsonl", playlist(7, item(0, **more, track_name=" Song 0 ")))).track
        assert (track["title"], track["artist_id"], track["artist_name"]) == (
            "Song 0",
            "spotify:artist:h",
            "The Harbours",
        )
        assert (track["album_id"], track["album_name"], track["duration_ms"]) == ("spotify:album:m", "Moon", 9)

    @pytest.mark.parametrize("nothing", [[], None])
    def test_a_playlist_without_tracks_is_dropped(self, tmp_path: Path, nothing: Any) -> None:
        taken = take(Mpd(), lines(tmp_path / "p.jsonl", playlist(tracks=nothing)))
        assert (taken.rows, taken.events.height) == (1, 0)
        assert taken.dropped == {"playlist without tracks": 1}

    def test_slices_are_read_in_any_packing(self, tmp_path: Path) -> None:
        info = {"info": {"slice": "0-1", "version": "v1"}}
        slices = [
            json.dumps(info | {"playlists": [playlist(pid, modified_at=1_500_000_000)]}, indent=4) for pid in (1, 2)
        ]
        names = ["mpd.slice.0-0.json", "mpd.slice.1-1.json"]
        folder = tmp_path / "data"
        folder.mkdir()
        for name, text in zip(names, slices, strict=True):
            (folder / name).write_text(text)
        archive = zipped(tmp_path / "mpd.zip", {f"data/{name}": text for name, text in zip(names, slices, strict=True)})
        (tmp_path / "slice.json.gz").write_bytes(gzip.compress(slices[0].encode()))
        assert take(Mpd(), folder).events["playlist"].to_list() == ["mpd:1", "mpd:2"]
        assert take(Mpd(), archive).events["playlist"].to_list() == ["mpd:1", "mpd:2"]
        event = take(Mpd(), tmp_path / "slice.json.gz").event
        assert event["occurred_at"] == datetime.fromtimestamp(1_500_000_000, UTC)

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            ({"pid": None}, "has no pid"),
            ({"pid": -4}, "pid -4"),
            ({"tracks": "many"}, "no array of objects"),
            ({"tracks": [{"pos": 0}]}, "without track_uri"),
            ({"tracks": [item(0, duration_ms=-1)]}, "duration_ms -1"),
            ({"name": 5}, "name 5, which is no text"),
        ],
    )
    def test_a_playlist_that_does_not_fit_is_refused(self, tmp_path: Path, wrong: dict[str, Any], told: str) -> None:
        with pytest.raises(BadInput, match=rf"p\.jsonl: row 2 .*{told}"):
            take(Mpd(), lines(tmp_path / "p.jsonl", playlist(), playlist(**wrong)))

    def test_a_slice_that_was_cut_short_is_refused(self, tmp_path: Path) -> None:
        text = json.dumps({"info": {}, "playlists": [playlist(1), playlist(2)]})
        (tmp_path / "slice.json").write_text(text[:-40])
        with pytest.raises(BadInput, match=r"slice\.json: row 2 .*the file ends in the middle"):
            take(Mpd(), tmp_path / "slice.json")

    @pytest.mark.datasets
    def test_the_benchmark_subset_has_7048_playlists(self, datasets: Path) -> None:
        taken = take(Mpd(), datasets / "mpd-7k" / "playlists.jsonl.gz")
        assert taken.events.height == taken.rows == 7_048
        assert 690_000 < taken.events["tracks"].list.len().sum() < 700_000
