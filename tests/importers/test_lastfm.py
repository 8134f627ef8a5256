# SPDX-License-Identifier: Apache-2.0
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from segue.errors import BadInput
from segue.importers.lastfm import LastFm

from .contract import ImporterContract
from .reading import take

RECORDING = "11111111-2222-4333-8444-555555555555"
ARTIST = "bbbbbbbb-2222-4333-8444-555555555555"
RELEASE = "cccccccc-2222-4333-8444-555555555555"
AT = 1_700_000_040
WHEN = datetime.fromtimestamp(AT, UTC)
HEADER = "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n"


def page(*tracks: dict[str, Any], user: str | None = "ann") -> dict[str, Any]:
    return {"recenttracks": {"track": list(tracks), "@attr": {"user": user, "page": "1"}}}


def scrobble(at: int | None = AT) -> dict[str, Any]:
    track: dict[str, Any] = {
        "artist": {"#text": "The Harbours", "mbid": ""},
        "album": {"#text": "Moon", "mbid": ""},
        "name": "Low Tide",
        "mbid": RECORDING,
    }
    if at is None:
        return track | {"@attr": {"nowplaying": "true"}}
    return track | {"date": {"uts": str(at), "#text": "14 Nov 2023, 22:14"}}


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


class TestLastFm(ImporterContract):
    file = "scrobbles.csv"
    start = HEADER.encode()
    row_start = b'1700000000,"'

    def build(self) -> LastFm:
        return LastFm(listener="ann")

    def write(self, folder: Path, rows: int) -> None:
        text = "".join(f'{AT + row},,"The Harbours",{ARTIST},"Moon, Full",,Low Tide,\n' for row in range(rows))
        written(folder / self.file, HEADER + text)

    def test_every_shape_of_one_scrobble_gives_one_id(self, tmp_path: Path) -> None:
        shapes = {
            "stats.csv": f"\ufeffArtist;Album;AlbumId;Track;Date#ann\nThe Harbours;Moon;;Low Tide;{AT * 1000}\n",
            "plain.csv": "The Harbours,Moon,Low Tide,14 Nov 2023 22:14\n",
            "header.csv": f"{HEADER}{AT},x,The Harbours,{ARTIST},Moon,{RELEASE},Low Tide,{RECORDING}\n",
            "page.json": json.dumps(page(scrobble())),
            "pages.json": json.dumps([page(scrobble())], indent=2),
            "pages.jsonl": json.dumps(page(scrobble())) + "\n",
        }
        events = [take(LastFm(listener="ann"), written(tmp_path / name, text)).event for name, text in shapes.items()]
        assert {event["event_id"] for event in events} == {events[0]["event_id"]}
        assert {event["occurred_at"] for event in events} == {WHEN}

    def test_names_are_the_id_where_there_is_no_other(self, tmp_path: Path) -> None:
        path = written(tmp_path / "s.csv", "The Harbours,Moon,Low Tide,14 Nov 2023 22:14\n")
        taken = take(LastFm(listener="ann"), path)
        assert taken.event["track"] == taken.track["track_id"] == "name:harbours/low tide"
        assert (taken.track["title"], taken.track["album_name"]) == ("Low Tide", "Moon")

    def test_musicbrainz_ids_go_to_track_artist_and_album(self, tmp_path: Path) -> None:
        row = f"{AT},x,The Harbours,{ARTIST},Moon,{RELEASE},Low Tide,{RECORDING}\n"
        taken = take(LastFm(listener="ann"), written(tmp_path / "s.csv", HEADER + row))
        assert taken.event["track"] == f"mbid:{RECORDING}"
        assert taken.track["mbid"] == RECORDING
        assert taken.artists.select("artist_id", "mbid").rows() == [("artist:harbours", ARTIST)]
        assert taken.albums.select("album_id", "title").rows() == [(f"mbid:{RELEASE}", "Moon")]

    @pytest.mark.parametrize("date", ["", "01 Jan 1970 00:00"])
    def test_a_date_that_the_export_does_not_know_is_none(self, tmp_path: Path, date: str) -> None:
        path = written(tmp_path / "s.csv", f"The Harbours,Moon,Low Tide,{date}\n")
        assert take(LastFm(listener="ann"), path).event["occurred_at"] is None

    def test_the_header_says_whose_scrobbles_they_are(self, tmp_path: Path) -> None:
        path = written(tmp_path / "s.csv", f"Artist;Album;AlbumId;Track;Date#ann\nA;B;;C;{AT}000\n")
        assert take(LastFm(), path).event["listener"] == "ann"

    def test_the_page_says_whose_scrobbles_they_are(self, tmp_path: Path) -> None:
        assert take(LastFm(), written(tmp_path / "p.json", json.dumps(page(scrobble())))).event["listener"] == "ann"

    def test_scrobbles_of_nobody_ask_for_the_listener(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="--listener NAME"):
            take(LastFm(), written(tmp_path / "s.csv", "A,B,C,14 Nov 2023 22:14\n"))

    def test_what_is_playing_now_is_dropped(self, tmp_path: Path) -> None:
        path = written(tmp_path / "p.json", json.dumps(page(scrobble(None), scrobble())))
        taken = take(LastFm(), path)
        assert taken.dropped == {"playing now, no time": 1}
        assert (taken.rows, taken.events.height) == (2, 1)

    def test_a_page_of_one_scrobble_holds_it_without_a_list(self, tmp_path: Path) -> None:
        single = {"recenttracks": {"track": scrobble(), "@attr": {"user": "ann"}}}
        assert take(LastFm(), written(tmp_path / "p.json", json.dumps(single))).events.height == 1

    def test_an_error_of_the_service_is_told(self, tmp_path: Path) -> None:
        path = written(
            tmp_path / "p.json", json.dumps({"error": 17, "message": "Login: User required to be logged in"})
        )
        with pytest.raises(BadInput, match=r"p\.json: row 1 .*User required"):
            take(LastFm(), path)

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("a,b\nc,d\n", r"s\.csv has the columns a, b; expected"),
            ("A,B,C,14 Nov 2023 22:14\nA,B,C\n", r"s\.csv: row 2 has 3 columns where 4"),
            ("A,B,C,14 Nov 2023 22:14\nA,B,C,soon\n", r"s\.csv: row 2 has date 'soon', which is no time"),
            ('A,B,C,14 Nov 2023 22:14\nA,B,"C,14 Nov 2023 22:14\n', r"s\.csv: row 1 .*unexpected end of data"),
            (f"{HEADER}-5,x,A,,B,,C,\n", r"s\.csv: row 1 has uts '-5'"),
            (f"{HEADER}nan,x,A,,B,,C,\n", r"s\.csv: row 1 has uts 'nan', which is no number"),
            ("Artist;Album;AlbumId;Track;Date#ann\nA;B;;C;x\n", r"s\.csv: row 1 has the date 'x'"),
        ],
    )
    def test_what_is_no_scrobble_is_refused_with_file_and_row(self, tmp_path: Path, text: str, told: str) -> None:
        with pytest.raises(BadInput, match=told):
            take(LastFm(listener="ann"), written(tmp_path / "s.csv", text))
