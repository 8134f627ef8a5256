# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from segue.catalog import described, store
from segue.catalog.schema import ARTISTS_STORED, TRACKS_STORED


def tracks(*rows: dict[str, object]) -> pl.DataFrame:
    """Rows of the stored table; a row is its own recording where it does not say `canonical`."""
    numbered = [{"number": at, "canonical": at, "track_id": f"t{at}", **row} for at, row in enumerate(rows)]
    return pl.DataFrame(numbered, schema=TRACKS_STORED)


def artists(*rows: tuple[str, str | None, list[str] | None]) -> pl.DataFrame:
    made = [{"artist_id": id_, "artist_key": key, "genres": genres} for id_, key, genres in rows]
    return pl.DataFrame(made, schema=ARTISTS_STORED)


def test_a_recording_has_what_any_of_its_editions_says() -> None:
    told = described.of_tracks(
        tracks(
            {"tempo_bpm": 120.0},
            {"energy": 0.75},
            {"canonical": 0, "tempo_bpm": 121.0, "genres": ["dub"]},
            {"canonical": 0, "energy": 0.5, "genres": ["rock"]},
        )
    )
    assert told["tempo_bpm"].to_list() == [120.0, None, 121.0, 120.0]
    assert told["energy"].to_list() == [0.5, 0.75, 0.5, 0.5]
    assert told["genres"].to_list() == [["dub"], None, ["dub"], ["rock"]]


def test_an_edition_s_own_place_and_whether_it_can_be_played_are_nobody_else_s() -> None:
    own = {"album_name": "A", "position": 3, "available": False, "isrc": "X"}
    told = described.of_tracks(tracks({}, {"canonical": 0, **own}))
    assert told.select(own.keys()).row(0) == (None, None, None, None)


def test_what_is_not_for_everyone_in_one_edition_is_so_in_those_that_do_not_say() -> None:
    told = described.of_tracks(
        tracks(
            {},
            {"explicit": False},
            {"canonical": 0, "explicit": False, "age_rating": 12},
            {"canonical": 0, "explicit": True, "age_rating": 16},
            {"canonical": 1, "explicit": True},
        )
    )
    assert told["explicit"].to_list() == [True, False, False, True, True]
    assert told["age_rating"].to_list() == [16, None, 12, 16, None]


@given(st.lists(st.tuples(st.integers(0, 9), st.one_of(st.none(), st.integers(0, 11))), max_size=10), st.data())
def test_a_gap_takes_the_first_known_value_of_its_recording(
    said: list[tuple[int, int | None]], data: st.DataObject
) -> None:
    """The same in Python, row by row."""
    canonical = [min(at, folded) for at, (folded, _) in enumerate(said)]
    canonical = [canonical[at] for at in canonical]
    while canonical != (again := [canonical[at] for at in canonical]):
        canonical = again
    keys = [key for _, key in said]
    told = described.of_tracks(tracks(*({"canonical": c, "key": k} for c, k in zip(canonical, keys, strict=True))))
    for at, key in enumerate(told["key"]):
        others = [keys[one] for one in range(len(keys)) if canonical[one] == canonical[at] and keys[one] is not None]
        assert key == (keys[at] if keys[at] is not None else next(iter(others), None))


def test_an_artist_known_by_name_has_the_genres_that_a_source_gives_the_name() -> None:
    told = described.of_artists(
        artists(
            ("artist:harbours", "harbours", None),
            ("spotify:artist:1", "harbours", ["dub"]),
            ("spotify:artist:2", "harbours", ["polka"]),
            ("spotify:artist:3", "harbours", None),
            ("artist:ember", "ember", None),
        )
    )
    assert told["genres"].to_list() == [["dub"], ["dub"], ["polka"], None, None]


def test_artists_that_nobody_named_tell_each_other_nothing() -> None:
    told = described.of_artists(artists(("a:1", None, ["dub"]), ("b:1", None, None)))
    assert told["genres"].to_list() == [["dub"], None]


def test_an_artist_s_genres_are_found_whichever_of_track_and_artist_was_there_first(tmp_path: Path) -> None:
    song = pl.DataFrame({"track_id": ["a"], "title": ["Song"], "artist_name": ["The Harbours"]})
    known = pl.DataFrame({"artist_id": ["s:1"], "name": ["Harbours"], "genres": [["dub"]]})
    nothing = song.clear()
    for folder, order in (
        (tmp_path / "x", [(song, None), (nothing, known)]),
        (tmp_path / "y", [(nothing, known), (song, None)]),
    ):
        reports = [store.extend(folder, *given) for given in order]
        catalog = store.load(folder)
        assert catalog.described_artists["genres"].gather(catalog.artist).to_list() == [["dub"]]
        assert sum(report.artists_waiting for report in reports) == (folder.name == "y")
        assert sum(report.artists_enriched for report in reports) == (folder.name == "x")


def test_a_catalogue_of_an_older_release_has_artists_keys_too(tmp_path: Path) -> None:
    song = pl.DataFrame({"track_id": ["a"], "title": ["Song"], "artist_name": ["The Harbours"]})
    store.extend(tmp_path, song)
    path = tmp_path / "000001" / "artists.parquet"
    pl.read_parquet(path).drop("artist_key").write_parquet(path)
    assert store.load(tmp_path).artists["artist_key"].to_list() == ["harbours"]


def test_nothing_is_made_anew_where_every_row_is_its_own_recording() -> None:
    given = tracks({"energy": 0.5}, {})
    assert described.of_tracks(given) is given
    assert np.array_equal(described.of_tracks(given)["canonical"], [0, 1])
