# SPDX-License-Identifier: Apache-2.0
import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import BadInput, UsageError
from segue.importers.catalogue import Catalogue
from segue.importers.columns import Part, typed

from .contract import ImporterContract
from .reading import take


def csv(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


class TestCatalogue(ImporterContract):
    file = "tracks.csv"
    start = b"track,artist_name,energy\n"
    row_start = b't1,"'

    def build(self) -> Catalogue:
        return Catalogue()

    def write(self, folder: Path, rows: int) -> None:
        header = self.start.decode().strip()
        csv(folder / self.file, header, *(f"t{row},Artist {row % 9},0.{row % 10}" for row in range(rows)))

    def test_every_row_is_an_event_and_every_event_has_a_known_track(self, tmp_path: Path) -> None:
        """Here no row is an event, and every row is a track."""
        taken = take(self.build(), self.source(tmp_path / "source", 50))
        assert (taken.rows, taken.events.height, taken.tracks.height) == (50, 0, 50)
        assert not taken.dropped
        assert taken.tracks["title"].null_count() == 0

    def test_a_track_is_described_in_the_columns_of_the_catalogue(self, tmp_path: Path) -> None:
        path = csv(
            tmp_path / "t.csv",
            "track,song,by,energy,beats,loudness_db,duration_s,pop,explicit,track_region",
            "t,Low Tide,The Harbours,0.25,120.5,-7.5,181.5,50,yes,SE",
        )
        mapping = {"song": "track_title", "by": "artist_name", "beats": "tempo_bpm", "pop": "popularity_percent"}
        track = take(Catalogue(mapping), path).track
        assert (track["track_id"], track["title"], track["artist_name"]) == ("t", "Low Tide", "The Harbours")
        assert (track["energy"], track["tempo_bpm"], track["loudness_db"]) == (0.25, 120.5, -7.5)
        assert (track["duration_ms"], track["popularity"]) == (181_500, 0.5)
        assert (track["explicit"], track["region"], track["kind"]) == (True, "SE", "track")

    def test_a_track_without_an_id_has_the_one_that_its_names_give_in_a_table_of_plays(self, tmp_path: Path) -> None:
        path = csv(tmp_path / "t.csv", "artist_name,track_title", "The Harbours,Low Tide")
        assert take(Catalogue(), path).track["track_id"] == "name:harbours/low tide"

    def test_what_sources_write_for_unknown_is_nothing(self, tmp_path: Path) -> None:
        path = csv(tmp_path / "t.csv", "track,key,tempo_bpm,genres", "t,-1,0,[]", "u,0,90,")
        tracks = take(Catalogue(), path).tracks
        assert tracks.select("key", "tempo_bpm", "genres").rows() == [(None, None, None), (0, 90.0, None)]

    @pytest.mark.parametrize(("text", "day"), [("2001", (1, 1)), ("2001-05", (5, 1)), ("2001-05-06", (5, 6))])
    def test_a_year_or_a_month_alone_counts_as_its_first_day(
        self, tmp_path: Path, text: str, day: tuple[int, int]
    ) -> None:
        track = take(Catalogue(), csv(tmp_path / "t.csv", "track,release_date", f"t,{text}")).track
        assert track["release_date"] == date(2001, *day)

    def test_artists_have_genres_whose_lists_are_written_in_any_way(self, tmp_path: Path) -> None:
        path = csv(
            tmp_path / "a.csv",
            "artist_id\tartist_name\tgenres\tpopularity_percent\tgender\tartist_region",
            "a\tThe Harbours\t['dream pop', \"children's\"]\t50\tfemale\tSE",
            'b\tMarin\t["dub", "rock"]\t\t\t',
            "c\tEmber\tdub | rock\t\t\t",
            "d\tStatic\t[dub, trip hop]\t\t\t",
        )
        taken = take(Catalogue(kind="artist"), path)
        assert taken.tracks.is_empty()
        assert taken.artists["artist_id"].to_list() == ["a", "b", "c", "d"]
        assert taken.artists["genres"].to_list() == [
            ["dream pop", "children's"],
            ["dub", "rock"],
            ["dub", "rock"],
            ["dub", "trip hop"],
        ]
        first = taken.artists.row(0, named=True)
        assert (first["name"], first["popularity"]) == ("The Harbours", 0.5)
        assert (first["gender"], first["region"]) == ("female", "SE")

    def test_an_artist_with_a_name_alone_has_the_id_that_tracks_with_names_alone_give(self, tmp_path: Path) -> None:
        taken = take(Catalogue(kind="artist"), csv(tmp_path / "a.csv", "artist_name,genres", "The Harbours,dub"))
        assert taken.artists["artist_id"].to_list() == ["artist:harbours"]

    def test_the_column_kind_says_what_each_row_is(self, tmp_path: Path) -> None:
        path = csv(
            tmp_path / "m.csv",
            "kind,track,track_title,artist_name,album_name,position",
            "episode,e1,One,A Show,,1",
            "chapter,c1,Chapter 1,A Writer,A Book,1",
            "artist,,,A Singer,,",
            ",t1,Song,A Singer,,",
        )
        taken = take(Catalogue(), path)
        assert taken.tracks.select("track_id", "kind", "position").rows() == [
            ("e1", "episode", 1),
            ("c1", "chapter", 1),
            ("t1", "track", None),
        ]
        assert taken.artists["name"].to_list() == ["A Singer"]

    def test_rows_that_name_nothing_are_dropped_with_the_reason(self, tmp_path: Path) -> None:
        path = csv(
            tmp_path / "m.csv",
            "kind,track,track_title,artist_name",
            "track,,Song,",
            "artist,,,",
            "chapter,,Chapter 1,A Writer",
            "track,t,Song,A",
        )
        taken = take(Catalogue(), path)
        assert taken.dropped == {"no track": 1, "no artist": 1, "episode or chapter without an id": 1}
        assert taken.rows == 4
        assert taken.track["track_id"] == "t"

    @pytest.mark.parametrize(
        ("field", "value", "told"),
        [
            ("energy", "1.5", "which is not from 0 to 1"),
            ("valence", "-0.1", "which is not from 0 to 1"),
            ("acousticness", "nan", "which is no number"),
            ("popularity", "73", "which is not from 0 to 1; map it to popularity_percent"),
            ("popularity_percent", "101", "which is not from 0 to 100"),
            ("key", "12", "which is not from 0 to 11"),
            ("key", "-2", "which is not from 0 to 11"),
            ("mode", "2", "which is not from 0 to 1"),
            ("tempo_bpm", "-3", "which is negative"),
            ("position", "0", "which is below 1"),
            ("kind", "poem", "which is none of track"),
            ("release_date", "20O1", "which is no date"),
            ("genres", "['rock' 'dub']", "which is no list"),
            ("genres", "[['rock']]", "which is no list"),
            ("timbre", "[1, NaN]", "which holds what is no number"),
            ("timbre", "1|nan", "which holds what is no number"),
        ],
    )
    def test_a_value_that_does_not_fit_is_refused_by_row_and_column(
        self, tmp_path: Path, field: str, value: str, told: str
    ) -> None:
        path = csv(tmp_path / "t.csv", "track\ttheirs", "t\t", f"t\t{value}")
        with pytest.raises(BadInput, match=rf"t\.csv: row 2 has .* in column 'theirs' \({field}\), {told}"):
            take(Catalogue({"theirs": field}), path)

    def test_a_field_of_an_event_is_none_of_the_catalogue(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="there is no field 'listener'"):
            take(Catalogue({"a": "listener"}), csv(tmp_path / "t.csv", "a", "1"))

    def test_a_kind_that_there_is_not_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="there is no kind 'poem'; the kinds are: track, artist"):
            take(Catalogue(kind="poem"), csv(tmp_path / "t.csv", "track", "1"))

    def test_a_table_of_artists_without_a_kind_is_refused_with_what_to_say(self, tmp_path: Path) -> None:
        path = csv(tmp_path / "a.csv", "artist_id,genres", "a,dub")
        with pytest.raises(BadInput, match=r"a\.csv has no column for `track`.*`--kind artist`"):
            take(Catalogue(), path)


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1), max_size=5))
def test_a_list_that_python_or_json_wrote_is_read_back(items: list[str]) -> None:
    kept = [item.strip() for item in items if item.strip()]
    texts = [json.dumps(items), json.dumps(items, ensure_ascii=False)]
    if all(item.isprintable() for item in items):  # Python writes others as numbers
        texts.append(str(items))
    part = Part("t.csv", 1, pl.DataFrame({"genres": texts}), {})
    assert typed(part, "genres").to_list() == [kept or None] * len(texts)
