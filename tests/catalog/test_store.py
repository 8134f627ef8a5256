# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from segue.catalog import store
from segue.catalog.schema import TRACKS, TRACKS_STORED
from segue.errors import BadInput


def rows(*given: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(given), schema=TRACKS)


def song(track_id: str, title: str = "Song", artist: str | None = "Artist", **more: object) -> dict[str, object]:
    return {"track_id": track_id, "title": title, "artist_name": artist, **more}


def test_a_folder_without_a_catalogue_is_an_empty_one(tmp_path: Path) -> None:
    empty = store.load(tmp_path)
    assert (empty.generation, len(empty), empty.tracks.schema) == (0, 0, TRACKS_STORED)


def test_tracks_are_numbered_in_the_order_of_their_appearance(tmp_path: Path) -> None:
    done = store.extend(tmp_path, rows(song("b", "One"), song("a", "Two")))
    loaded = store.load(tmp_path)
    assert (done.generation, done.added, done.enriched, done.folded) == (1, 2, 0, 0)
    assert loaded.tracks["track_id"].to_list() == ["b", "a"]
    assert loaded.tracks["number"].to_list() == [0, 1]
    assert loaded.tracks.schema == TRACKS_STORED


def test_numbers_survive_every_extension(tmp_path: Path) -> None:
    store.extend(tmp_path, rows(song("b", "One", "X"), song("a", "Two", "Y")))
    store.extend(tmp_path, rows(song("c", "Three", "Z"), song("a", "Two", "Y")))
    store.extend(tmp_path, rows(song("0", "Four", "X")))
    loaded = store.load(tmp_path)
    assert loaded.tracks["track_id"].to_list() == ["b", "a", "c", "0"]
    assert loaded.numbers(["0", "a", "b", "c", "?"]).tolist() == [3, 1, 0, 2, -1]
    assert loaded.artist.tolist() == [0, 1, 2, 0]


def test_extending_twice_by_the_same_adds_nothing(tmp_path: Path) -> None:
    tracks = rows(song("a", "One"), song("b", "Two"))
    store.extend(tmp_path, tracks)
    again = store.extend(tmp_path, tracks)
    assert (again.generation, again.added, again.enriched) == (1, 0, 0)
    assert store.generations(tmp_path) == [1]


def test_extending_by_the_same_artists_and_albums_adds_nothing(tmp_path: Path) -> None:
    artists, albums = pl.DataFrame({"artist_id": ["x"], "region": ["SE"]}), pl.DataFrame({"album_id": ["l"]})
    for _ in range(2):
        store.extend(tmp_path, rows(song("a", artist_id="x")), artists, albums)
    assert store.generations(tmp_path) == [1]


def test_gaps_are_filled_and_known_values_are_kept(tmp_path: Path) -> None:
    store.extend(tmp_path, rows(song("a", "Song", tempo_bpm=120.0)))
    done = store.extend(tmp_path, rows(song("a", "Other", tempo_bpm=60.0, language="sv")))
    track = store.load(tmp_path).tracks.row(0, named=True)
    assert (done.added, done.enriched) == (0, 1)
    assert (track["title"], track["tempo_bpm"], track["language"]) == ("Song", 120.0, "sv")


def test_an_artist_learns_a_gap_from_a_later_source(tmp_path: Path) -> None:
    store.extend(tmp_path, rows(song("a", artist_id="x")))
    store.extend(tmp_path, rows(song("a", artist_id="x")), pl.DataFrame({"artist_id": ["x"], "region": ["SE"]}))
    assert store.load(tmp_path).artists.row(0, named=True)["region"] == "SE"


def test_older_generations_can_still_be_loaded(tmp_path: Path) -> None:
    store.extend(tmp_path, rows(song("a", "One")))
    store.extend(tmp_path, rows(song("b", "Two")))
    assert (len(store.load(tmp_path, 1)), len(store.load(tmp_path))) == (1, 2)


def test_near_duplicates_fold_into_the_first(tmp_path: Path) -> None:
    done = store.extend(
        tmp_path,
        rows(song("a"), song("b", "SONG - Remastered 2009"), song("c", "Song (feat. Y)"), song("d", "Song (Live)")),
    )
    assert store.load(tmp_path).canonical.tolist() == [0, 0, 0, 3]
    assert done.folded == 2


def test_the_same_title_of_another_artist_does_not_fold(tmp_path: Path) -> None:
    store.extend(tmp_path, rows(song("a"), song("b", artist="Other")))
    assert store.load(tmp_path).canonical.tolist() == [0, 1]


def test_length_tells_recordings_apart(tmp_path: Path) -> None:
    lengths = [200_000, 203_000, 260_000, 261_000, None]
    store.extend(tmp_path, rows(*(song(str(at), duration_ms=length) for at, length in enumerate(lengths))))
    assert store.load(tmp_path).canonical.tolist() == [0, 0, 2, 2, 0]


def test_rows_that_are_not_tracks_never_fold(tmp_path: Path) -> None:
    store.extend(tmp_path, rows(song("a", kind="episode"), song("b", kind="episode"), song("c")))
    assert store.load(tmp_path).canonical.tolist() == [0, 1, 2]


def test_a_canonical_recording_once_given_stays(tmp_path: Path) -> None:
    store.extend(tmp_path, rows(song("a"), song("b")))
    store.extend(tmp_path, rows(song("a", duration_ms=100_000), song("b", duration_ms=200_000)))
    assert store.load(tmp_path).canonical.tolist() == [0, 0]


def test_a_canonical_recording_is_its_own(tmp_path: Path) -> None:
    store.extend(tmp_path, rows(song("a"), song("b", duration_ms=200_000)))
    store.extend(tmp_path, rows(song("a", duration_ms=100_000), song("c", duration_ms=200_000)))
    canonical = store.load(tmp_path).canonical
    assert canonical[canonical].tolist() == canonical.tolist()


def test_tracks_of_unknown_artists_do_not_fold(tmp_path: Path) -> None:
    store.extend(tmp_path, rows(song("a", "Intro", None), song("b", "Intro", None)))
    assert store.load(tmp_path).canonical.tolist() == [0, 1]


def test_an_unknown_artist_is_a_gap_that_is_filled(tmp_path: Path) -> None:
    store.extend(tmp_path, rows(song("a", "Intro", None)))
    store.extend(tmp_path, rows(song("a", "Intro", "Artist")))
    assert store.load(tmp_path).tracks["artist_name"].to_list() == ["Artist"]


def test_a_second_row_of_the_same_extension_fills_gaps_too(tmp_path: Path) -> None:
    store.extend(tmp_path, rows(song("a"), song("a", duration_ms=200_000)))
    assert store.load(tmp_path).tracks["duration_ms"].to_list() == [200_000]


@pytest.mark.parametrize("name", ["track_id", "title"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_track_without_id_or_title_is_refused(tmp_path: Path, name: str, value: str | None) -> None:
    with pytest.raises(BadInput, match=f"track 2 .* has no {name}"):
        store.extend(tmp_path, rows(song("a"), {**song("b"), name: value}))
    assert store.generations(tmp_path) == []


def test_a_table_without_the_column_of_ids_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has no track_id"):
        store.extend(tmp_path, pl.DataFrame({"title": ["Song"]}))


def test_an_unknown_column_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="unknown catalogue column 'name'"):
        store.extend(tmp_path, pl.DataFrame({"track_id": ["a"], "name": ["Song"]}))


def test_a_negative_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="'a' has duration_ms -1"):
        store.extend(tmp_path, rows(song("a", duration_ms=-1)))


def test_a_value_of_the_wrong_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="wrong type"):
        store.extend(tmp_path, pl.DataFrame({"track_id": ["a"], "title": ["Song"], "duration_ms": ["long"]}))


def test_a_long_column_of_ids_becomes_numbers(tmp_path: Path) -> None:
    store.extend(tmp_path, rows(song("a", "One"), song("b", "Two")))
    assert store.load(tmp_path).join(pl.Series(["b", "?", None, "a"])).tolist() == [1, -1, -1, 0]


def test_a_track_is_available_unless_the_source_says_no(tmp_path: Path) -> None:
    store.extend(tmp_path, rows(song("a", "One"), song("b", "Two", available=False)))
    assert store.load(tmp_path).available.tolist() == [True, False]


def test_generations_that_nobody_needs_are_removed_and_the_newest_never(tmp_path: Path) -> None:
    for name in "abcd":
        store.extend(tmp_path, rows(song(name, f"Song {name}")))
    assert store.prune(tmp_path, keep={2}) == [1, 3]
    assert store.generations(tmp_path) == [2, 4]
    assert store.load(tmp_path, 2).tracks["track_id"].to_list() == ["a", "b"]
    assert store.load(tmp_path).tracks["track_id"].to_list() == ["a", "b", "c", "d"]
    assert store.prune(tmp_path, keep={2}) == []


def test_columns_that_an_older_release_did_not_know_come_back_empty(tmp_path: Path) -> None:
    store.extend(tmp_path, rows(song("a", "One")))
    path = tmp_path / "000001" / "tracks.parquet"
    pl.read_parquet(path).drop("timbre", "age_rating").write_parquet(path)
    assert store.load(tmp_path).tracks.schema == TRACKS_STORED
    store.extend(tmp_path, rows(song("a", "One", age_rating=16)))
    assert store.load(tmp_path).tracks["age_rating"].to_list() == [16]


SPANISH = ("Quiero que me quieras", "Me voy a olvidar de ti", "La casa en el aire")


def test_languages_that_no_source_states_are_detected_apart_from_those_that_one_does(tmp_path: Path) -> None:
    stated = song("x", "Amor", "Ana", language="pt")
    store.extend(tmp_path, rows(*(song(title, title, "Luz") for title in SPANISH), stated, song("y", "?!", "Nobody")))
    loaded = store.load(tmp_path)
    assert loaded.tracks["language"].to_list() == [None, None, None, "pt", None]
    assert loaded.tracks["language_detected"].to_list() == ["es", "es", "es", None, None]
    assert loaded.languages == ("es", "pt")
    assert loaded.language.tolist() == [0, 0, 0, 1, -1]
    assert loaded.language.dtype == np.int16


def test_a_source_may_state_later_what_was_only_detected(tmp_path: Path) -> None:
    store.extend(tmp_path, rows(*(song(title, title, "Luz") for title in SPANISH)))
    store.extend(tmp_path, rows(song(SPANISH[0], SPANISH[0], "Luz", language="gl")))
    loaded = store.load(tmp_path)
    assert [loaded.languages[code] for code in loaded.language] == ["gl", "es", "es"]
    assert loaded.tracks["language_detected"][0] is None


def test_an_artists_later_titles_tell_of_the_earlier_ones(tmp_path: Path) -> None:
    store.extend(tmp_path, rows(song("a", "1999", "Luz")))
    assert store.load(tmp_path).language.tolist() == [-1]
    store.extend(tmp_path, rows(*(song(title, title, "Luz") for title in (*SPANISH, "Sin ti no soy"))))
    assert store.load(tmp_path).tracks["language_detected"][0] == "es"


def test_tracks_of_artists_that_no_source_names_do_not_tell_of_one_another(tmp_path: Path) -> None:
    store.extend(tmp_path, rows(song("a", "1999", None), *(song(title, title, None) for title in SPANISH)))
    assert store.load(tmp_path).tracks["language_detected"][0] is None


def test_an_empty_catalogue_has_no_languages(tmp_path: Path) -> None:
    empty = store.load(tmp_path)
    assert (empty.languages, empty.language.tolist()) == ((), [])


def test_a_track_known_by_its_id_alone_gets_its_names_later(tmp_path: Path) -> None:
    store.extend(tmp_path, rows(song("a", "a", None)))
    done = store.extend(tmp_path, rows(song("a", "Low Tide", "The Harbours")))
    track = store.load(tmp_path).tracks.row(0, named=True)
    assert (track["title"], track["artist_name"], track["artist_id"]) == ("Low Tide", "The Harbours", "artist:harbours")
    assert (done.added, done.enriched) == (0, 1)
    again = store.extend(tmp_path, rows(song("a", "a", None)))
    assert (again.generation, again.enriched) == (2, 0)


def test_a_recording_is_enriched_by_an_edition_under_another_id_and_counted_once(tmp_path: Path) -> None:
    store.extend(tmp_path, rows(song("a", "Low Tide"), song("b", "Ember")))
    editions = rows(song("x", "Low Tide", energy=0.5), song("y", "Low Tide (Remastered)", key=3), song("z", "Ember"))
    done = store.extend(tmp_path, editions)
    assert (done.added, done.folded, done.enriched) == (3, 3, 1)
    described = store.load(tmp_path).described.row(0, named=True)
    assert (described["track_id"], described["energy"], described["key"]) == ("a", 0.5, 3)
    again = store.extend(tmp_path, editions)
    assert (again.generation, again.added, again.enriched) == (2, 0, 0)
