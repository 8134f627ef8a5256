# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from segue.errors import BadInput, UsageError
from segue.importers.table import Table

from .contract import ImporterContract
from .reading import take

WHEN = datetime(2024, 3, 1, 12, 0, tzinfo=UTC)


def csv(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


class TestTable(ImporterContract):
    file = "plays.csv"
    start = b"listener,track,occurred_at\n"
    row_start = b'ann,"'

    def build(self) -> Table:
        return Table()

    def write(self, folder: Path, rows: int) -> None:
        csv(
            folder / self.file,
            self.start.decode().strip(),
            *(f"ann,t{row % 9},{1_700_000_000 + row}" for row in range(rows)),
        )

    def test_columns_are_read_under_the_names_that_the_mapping_gives(self, tmp_path: Path) -> None:
        path = csv(tmp_path / "p.csv", "who;song;by;secs;styles;noise", "ann; Low Tide ;The Harbours;3.5;rock | dub;x")
        mapping = {
            "who": "listener",
            "song": "track_title",
            "by": "artist_name",
            "secs": "played_s",
            "styles": "genres",
        }
        taken = take(Table(mapping), path)
        assert taken.event["listener"] == "ann"
        assert taken.event["played_ms"] == 3_500
        assert taken.event["track"] == taken.track["track_id"] == "name:harbours/low tide"
        assert (taken.track["title"], taken.track["genres"]) == ("Low Tide", ["rock", "dub"])

    @pytest.mark.parametrize(
        "text",
        ["2024-03-01T12:00:00Z", "2024-03-01T14:00:00+02:00", "2024-03-01 12:00:00", "1709294400", "1709294400000"],
    )
    def test_a_time_is_read_however_it_is_written(self, tmp_path: Path, text: str) -> None:
        assert take(Table(), csv(tmp_path / "p.csv", "track,occurred_at", f"t,{text}")).event["occurred_at"] == WHEN

    def test_the_catalogue_gets_what_the_table_tells_of_a_track(self, tmp_path: Path) -> None:
        path = csv(
            tmp_path / "p.csv",
            "track,track_title,artist_id,release_date,tempo_bpm,key,explicit,track_region,region",
            "t,Low Tide,h,2001-02-03,120.5,11,yes,SE,NO",
        )
        taken = take(Table(), path)
        track = taken.track
        assert (track["title"], track["artist_id"], track["release_date"]) == ("Low Tide", "h", date(2001, 2, 3))
        assert (track["tempo_bpm"], track["key"], track["explicit"], track["region"]) == (120.5, 11, True, "SE")
        assert taken.event["region"] == "NO"

    def test_parquet_gives_what_csv_gives(self, tmp_path: Path) -> None:
        frame = pl.DataFrame(
            {
                "track": ["t", "u"],
                "listener": ["ann", None],
                "occurred_at": [WHEN, None],
                "played_ms": [5, 6],
                "genres": [["rock", "dub"], None],
            }
        )
        frame.write_parquet(tmp_path / "p.parquet")
        lines = ["track,listener,occurred_at,played_ms,genres", "t,ann,1709294400,5,rock;dub", "u,,,6,"]
        columnar, textual = take(Table(), tmp_path / "p.parquet"), take(Table(), csv(tmp_path / "p.csv", *lines))
        assert columnar.events.equals(textual.events)
        assert columnar.tracks.equals(textual.tracks)

    def test_a_track_without_a_title_is_called_by_its_id(self, tmp_path: Path) -> None:
        assert take(Table(), csv(tmp_path / "p.csv", "track", "t")).track["title"] == "t"

    def test_type_and_listener_are_the_caller_s_where_no_column_says_them(self, tmp_path: Path) -> None:
        path = csv(tmp_path / "p.csv", "track,type", "t,", "u,dislike")
        events = take(Table(type="like", listener="ann"), path).events
        assert events.select("type", "listener").rows() == [("like", "ann"), ("dislike", "ann")]

    def test_ids_of_the_table_are_kept(self, tmp_path: Path) -> None:
        assert take(Table({"id": "event_id"}), csv(tmp_path / "p.csv", "id,track", "e1,t")).event["event_id"] == "e1"

    def test_playlists_are_read_too(self, tmp_path: Path) -> None:
        event = take(Table(type="playlist"), csv(tmp_path / "p.csv", "playlist,title,tracks", "p,mine,a|b")).event
        assert (event["playlist"], event["title"], event["tracks"]) == ("p", "mine", ["a", "b"])

    def test_a_play_of_nothing_is_dropped(self, tmp_path: Path) -> None:
        taken = take(Table(), csv(tmp_path / "p.csv", "track,played_ms", "t,5", ",5"))
        assert taken.dropped == {"no track": 1}
        assert (taken.rows, taken.events.height) == (2, 1)

    @pytest.mark.parametrize(
        ("field", "value", "told"),
        [
            ("played_ms", "-5", "which is negative"),
            ("played_ms", "nan", "which is no whole number"),
            ("played_ms", "2.5", "which is no whole number"),
            ("played_s", "nan", "which is no number"),
            ("played_s", "-1", "which is negative"),
            ("played_s", "inf", "which is no number"),
            ("count", "many", "which is no whole number"),
            ("count", "99999999999", "which is no whole number"),
            ("shuffle", "perhaps", "which is no truth value"),
            ("release_date", "soon", "which is no date"),
            ("occurred_at", "soon", "which is no time"),
            ("occurred_at", "nan", "which is no time"),
            ("occurred_at", "-4", "which is no time"),
            ("kind", "poem", "which is none of track"),
            ("key", "300", "which is no small whole number"),
        ],
    )
    def test_a_value_that_does_not_fit_is_refused_by_row_and_column(
        self, tmp_path: Path, field: str, value: str, told: str
    ) -> None:
        path = csv(tmp_path / "p.csv", "track,theirs", "t,", f"t,{value}")
        with pytest.raises(BadInput, match=rf"p\.csv: row 2 has '{value}' in column 'theirs' \({field}\), {told}"):
            take(Table({"theirs": field}), path)

    def test_words_of_events_are_checked_by_row(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match=r"p\.csv: row 2 .*has end_reason 'bored'"):
            take(Table(), csv(tmp_path / "p.csv", "track,end_reason", "t,finished", "t,bored"))

    @pytest.mark.parametrize(
        ("column", "told"),
        [
            (pl.Series("played_s", [1.0, float("nan")]), r"row 2 has nan in column 'played_s'"),
            (pl.Series("played_ms", [1.0, 2.5]), r"row 2 has 2.5 in column 'played_ms'"),
            (pl.Series("played_ms", [[1], [2]]), r"row 1 has .* in column 'played_ms'"),
            (pl.Series("genres", [1, 2]), r"row 1 has 1 in column 'genres' .*no list"),
            (pl.Series("occurred_at", [1.0, float("nan")]), r"row 2 has nan in column 'occurred_at'"),
            (pl.Series("listener", [1.5, 2.0]), r"row 1 has 1.5 in column 'listener'"),
            (pl.Series("occurred_at", [True, False]), r"row 1 has True in column 'occurred_at'"),
        ],
    )
    def test_parquet_values_are_checked_alike(self, tmp_path: Path, column: pl.Series, told: str) -> None:
        pl.DataFrame([pl.Series("track", ["t", "u"]), column]).write_parquet(tmp_path / "p.parquet")
        with pytest.raises(BadInput, match=rf"p\.parquet: {told}"):
            take(Table(), tmp_path / "p.parquet")

    def test_parquet_that_was_cut_short_is_refused(self, tmp_path: Path) -> None:
        pl.DataFrame({"track": ["t"] * 1000}).write_parquet(tmp_path / "p.parquet")
        whole = (tmp_path / "p.parquet").read_bytes()
        (tmp_path / "p.parquet").write_bytes(whole[:-20])
        with pytest.raises(BadInput, match=r"p\.parquet is no Parquet file, or was cut short"):
            take(Table(), tmp_path / "p.parquet")

    def test_a_mapped_column_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match=r"p\.csv has no column 'song' \(mapped to 'track'\); it has: a, b"):
            take(Table({"song": "track"}), csv(tmp_path / "p.csv", "a,b", "1,2"))

    def test_a_table_that_names_no_track_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match=r"p\.csv has no column for `track`"):
            take(Table(), csv(tmp_path / "p.csv", "a,b", "1,2"))

    def test_a_row_of_another_length_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match=r"p\.csv: row 2 has 1 columns where 2 were expected"):
            take(Table(), csv(tmp_path / "p.csv", "track,listener", "t,ann", "t"))

    def test_a_field_that_there_is_not_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="there is no field 'song'"):
            take(Table({"a": "song"}), csv(tmp_path / "p.csv", "a", "1"))
