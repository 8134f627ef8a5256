# SPDX-License-Identifier: Apache-2.0
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from segue.errors import BadInput
from segue.importers.spotify import Spotify

from .contract import ImporterContract
from .reading import take, zipped

STOPPED = datetime(2024, 3, 1, 12, 0, tzinfo=UTC)


def play(**other: Any) -> dict[str, Any]:
    return {
        "ts": "2024-03-01T12:00:00Z",
        "username": "ann",
        "platform": "Android OS 10 API 29 (maker, model)",
        "ms_played": 200_000,
        "conn_country": "SE",
        "ip_addr_decrypted": "192.0.2.7",
        "user_agent_decrypted": "agent",
        "master_metadata_track_name": " Low Tide ",
        "master_metadata_album_artist_name": "The Harbours",
        "master_metadata_album_album_name": "Moon",
        "spotify_track_uri": "spotify:track:low",
        "episode_name": None,
        "episode_show_name": None,
        "spotify_episode_uri": None,
        "reason_start": "trackdone",
        "reason_end": "trackdone",
        "shuffle": True,
        "skipped": None,
        "offline": False,
        "offline_timestamp": None,
        "incognito_mode": False,
    } | other


def history(folder: Path, *plays: dict[str, Any], name: str = "Streaming_History_Audio_2024_0.json") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(json.dumps(plays, indent=2))
    return folder / name


class TestSpotify(ImporterContract):
    file = "Streaming_History_Audio_2024_0.json"
    start = b"["
    row_start = b'{"ts": "'

    def build(self) -> Spotify:
        return Spotify()

    def write(self, folder: Path, rows: int) -> None:
        (folder / self.file).write_text(
            json.dumps(
                [
                    play(
                        ts=f"{STOPPED + timedelta(minutes=row):%Y-%m-%dT%H:%M:%SZ}",
                        spotify_track_uri=f"spotify:track:{row}",
                    )
                    for row in range(rows)
                ]
            )
        )

    def test_a_play_began_as_long_before_its_time_as_it_was_heard(self, tmp_path: Path) -> None:
        event = take(Spotify(), history(tmp_path, play())).event
        assert event["occurred_at"] == STOPPED - timedelta(seconds=200)
        assert event["played_ms"] == 200_000

    def test_a_play_keeps_what_segue_reads_and_nothing_of_who_and_where(self, tmp_path: Path) -> None:
        taken = take(Spotify(), history(tmp_path, play(city="Lund")))
        event = taken.event
        assert event["listener"] == "ann"
        assert event["track"] == "spotify:track:low"
        assert (event["device"], event["region"], event["shuffle"], event["offline"]) == ("phone", "SE", True, False)
        assert not {"192.0.2.7", "agent", "Lund"} & {str(value) for value in event.values()}
        assert taken.track["title"] == "Low Tide"
        assert taken.track["artist_name"] == "The Harbours"
        assert taken.track["album_name"] == "Moon"

    @pytest.mark.parametrize(
        ("given", "type_", "end_reason"),
        [
            ("trackdone", "play", "finished"),
            ("fwdbtn", "skip", "skipped"),
            ("backbtn", "play", "back"),
            ("endplay", "play", "stopped"),
            ("unknown", "play", "stopped"),
            ("trackerror", "play", "error"),
            ("logout", "play", "quit"),
            ("unexpected-exit-while-paused", "play", "quit"),
            (None, "play", None),
        ],
    )
    def test_the_end_of_a_play_is_read_from_its_reason(
        self, tmp_path: Path, given: str | None, type_: str, end_reason: str | None
    ) -> None:
        event = take(Spotify(), history(tmp_path, play(reason_end=given))).event
        assert (event["type"], event["end_reason"]) == (type_, end_reason)

    def test_without_a_reason_skipped_makes_a_skip(self, tmp_path: Path) -> None:
        assert take(Spotify(), history(tmp_path, play(reason_end=None, skipped=True))).event["type"] == "skip"

    @pytest.mark.parametrize(
        ("platform", "device"),
        [
            ("iOS 14.4 (iPhone11,8)", "phone"),
            ("iOS 14.4 (iPad7,5)", "tablet"),
            ("Windows 10 (10.0.19041; x64)", "laptop"),
            ("OS X 10.15.7 [x86 8]", "laptop"),
            ("web_player windows 10;chrome 88.0.4324.104;desktop", "laptop"),
            ("Partner google cast;Chromecast;;", "speaker"),
            ("Partner sonos_ppc Sonos;Play1;;", "speaker"),
            ("Partner android_tv Sony;BRAVIA;;", "tv"),
            ("tvOS 15 (AppleTV6,2)", "tv"),
            ("Android-tablet OS 9", "tablet"),
            ("watchOS 8.1 (Watch6,4)", "watch"),
            ("android auto", "car"),
            ("toaster", "other"),
            ("not_applicable", None),
            (None, None),
        ],
    )
    def test_a_platform_is_a_kind_of_device(self, tmp_path: Path, platform: str | None, device: str | None) -> None:
        assert take(Spotify(), history(tmp_path, play(platform=platform))).event["device"] == device

    def test_incognito_plays_and_plays_of_nothing_are_dropped_and_counted(self, tmp_path: Path) -> None:
        path = history(
            tmp_path,
            play(incognito_mode=True),
            play(spotify_track_uri=None),
            play(master_metadata_track_name=None),
            play(),
        )
        taken = take(Spotify(), path)
        assert taken.dropped == {"incognito session": 1, "no track id": 1, "no track name": 1}
        assert (taken.rows, taken.events.height) == (4, 1)

    def test_podcasts_and_audiobooks_are_episodes_and_chapters(self, tmp_path: Path) -> None:
        nothing = {"spotify_track_uri": None, "master_metadata_track_name": None}
        path = history(
            tmp_path,
            play(**nothing, spotify_episode_uri="spotify:episode:e", episode_name="One", episode_show_name="Talk"),
            play(
                **nothing,
                audiobook_uri="spotify:show:b",
                audiobook_title="Book",
                audiobook_chapter_uri="spotify:episode:c",
                audiobook_chapter_title="Two",
            ),
        )
        tracks = take(Spotify(), path).tracks.select("track_id", "kind", "title", "artist_name")
        assert tracks.rows() == [
            ("spotify:episode:e", "episode", "One", "Talk"),
            ("spotify:episode:c", "chapter", "Two", "Book"),
        ]

    def test_an_overlapping_later_export_gives_the_same_ids(self, tmp_path: Path) -> None:
        plays = [play(ts=f"2024-03-01T12:0{minute}:00Z") for minute in (0, 1, 1, 2)]
        early = take(Spotify(), history(tmp_path / "early", *plays[:3])).events["event_id"]
        late = take(Spotify(), history(tmp_path / "late", *plays, name="endsong_7.json")).events["event_id"]
        assert early.to_list() == late.to_list()[:3]
        assert late.n_unique() == 4

    def test_the_listener_that_is_given_goes_before_the_file_s(self, tmp_path: Path) -> None:
        assert take(Spotify(listener="bo"), history(tmp_path, play())).event["listener"] == "bo"

    def test_a_history_that_names_nobody_asks_for_the_listener(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="--listener NAME"):
            take(Spotify(), history(tmp_path, play(username=None)))

    def test_of_a_zip_only_streaming_histories_are_read(self, tmp_path: Path) -> None:
        path = zipped(
            tmp_path / "my_spotify_data.zip",
            {
                "MyData/Streaming_History_Audio_2023_0.json": json.dumps([play()]),
                "MyData/Streaming_History_Video_2023.json": json.dumps([play(spotify_track_uri="spotify:track:v")]),
                "MyData/StreamingHistory_music_0.json": json.dumps([{"endTime": "2024-03-01 12:00"}]),
                "MyData/Playlist1.json": "{}",
                "__MACOSX/MyData/._Streaming_History_Audio_2023_0.json": b"\x00\x05",
            },
        )
        assert take(Spotify(), path).events["track"].to_list() == ["spotify:track:low", "spotify:track:v"]

    def test_the_short_history_has_names_for_ids(self, tmp_path: Path) -> None:
        row = {"endTime": "2024-03-01 12:00", "artistName": "The Harbours", "trackName": "Low Tide", "msPlayed": 60_000}
        taken = take(Spotify(listener="ann"), history(tmp_path, row, name="StreamingHistory_music_0.json"))
        assert taken.event["track"] == "name:harbours/low tide"
        assert taken.event["occurred_at"] == STOPPED - timedelta(minutes=1)
        assert taken.event["end_reason"] is None

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            ({"ms_played": -1}, "ms_played -1"),
            ({"ms_played": 1.5e300}, "ms_played"),
            ({"ms_played": True}, "ms_played True"),
            ({"ms_played": None}, "no ms_played"),
            ({"ts": "yesterday"}, "ts 'yesterday', which is no time"),
            ({"ts": None}, "no ts"),
            ({"ts": 5}, "ts 5, which is no text"),
            ({"spotify_track_uri": ["a"]}, "spotify_track_uri"),
            ({"spotify_track_uri": "x" * 600}, "512 bytes"),
            ({"master_metadata_track_name": "\ud800"}, "not Unicode"),
            ({"shuffle": "perhaps"}, "shuffle 'perhaps'"),
        ],
    )
    def test_a_value_that_does_not_fit_is_refused_with_file_and_row(
        self, tmp_path: Path, wrong: dict[str, Any], told: str
    ) -> None:
        path = history(tmp_path, play(incognito_mode=True), play(**wrong))
        with pytest.raises(BadInput, match=rf"{path.name}: row 2 .*{told}"):
            take(Spotify(), path)

    def test_nan_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match=r"row 1 .*NaN"):
            take(Spotify(), history(tmp_path, play(ms_played=float("nan"))))

    def test_another_file_of_the_account_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "Playlist1.json").write_text('{"playlists": []}')
        with pytest.raises(BadInput, match=r"Playlist1\.json: row 1 has no ts"):
            take(Spotify(), tmp_path / "Playlist1.json")

    @pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for the peak")
    def test_a_hundred_megabytes_are_read_in_less_memory_than_their_double(self, tmp_path: Path) -> None:
        one = json.dumps(
            [play(ts=f"2024-03-01T{hour:02}:{minute:02}:00Z") for hour in range(24) for minute in range(60)]
        )
        with (tmp_path / "endsong_0.json").open("w") as file:
            file.write("[" + one[1:-1])
            for _ in range(100_000_000 // len(one)):
                file.write("," + one[1:-1])
            file.write("]")
        program = (
            "import sys; from pathlib import Path; from segue.importers.spotify import Spotify\n"
            "print(sum(batch.rows for batch in Spotify().read(Path(sys.argv[1]))))\n"
            "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
        )
        command = [sys.executable, "-c", program, str(tmp_path / "endsong_0.json")]
        rows, peak_kib = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        assert int(rows) > 100_000
        assert int(peak_kib) < 350 * 1024
