# SPDX-License-Identifier: Apache-2.0
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from segue.catalog import store
from segue.catalog.traits import KINDS, Traits, traits


@pytest.fixture
def known(tmp_path: Path) -> Traits:
    """Three songs, the second an edition of the first, and an artist who is known by name, genres and region."""
    tracks = pl.DataFrame(
        {
            "track_id": ["a", "b", "c"],
            "title": ["Song", "Song", "Other"],
            "artist_id": ["x", "x", "y"],
            "artist_name": ["The Band", "The Band", "Solo"],
            "genres": [["Rock"], ["rock ", "Live"], None],
            "instrumentation": [None, ["Piano"], ["piano", "voice"]],
            "language": [None, "es", "fr"],
            "region": [None, None, "FR"],
            "release_date": [date(1990, 5, 1), date(1985, 1, 1), None],
        }
    )
    artists = pl.DataFrame({"artist_id": ["x", "y"], "name": ["The Band", "Solo"], "genres": [["Indie"], None]})
    store.extend(tmp_path, tracks, artists.with_columns(region=pl.Series(["ES", "PT"])))
    return traits(store.load(tmp_path))


def named(known: Traits, kind: str) -> dict[str, list[int]]:
    marks = known.marks[kind]
    return {name: marks.of(number).tolist() for number, name in enumerate(marks.names)}


def test_an_edition_speaks_for_its_recording_and_an_artist_for_their_tracks(known: Traits) -> None:
    assert named(known, "genre") == {"indie": [0], "live": [0], "rock": [0]}
    assert named(known, "instrument") == {"piano": [0, 2], "voice": [2]}
    assert named(known, "language") == {"es": [0], "fr": [2]}


def test_a_track_has_its_artists_region_only_where_it_states_none(known: Traits) -> None:
    assert named(known, "region") == {"es": [0], "fr": [2]}


def test_what_is_known_of_a_track_is_told_from_what_is_not(known: Traits) -> None:
    assert known.marks["genre"].known.tolist() == [True, False, False]
    assert known.marks["mood"].names == ()


def test_a_recording_is_as_old_as_its_first_edition(known: Traits) -> None:
    assert known.year.tolist() == [1985, 0, 0]


def test_artists_are_found_by_their_key(known: Traits) -> None:
    assert known.artists == {"band": (0,), "solo": (1,)}


def test_an_empty_catalogue_has_no_traits(tmp_path: Path) -> None:
    empty = traits(store.load(tmp_path))
    assert [empty.marks[kind].names for kind in KINDS] == [()] * len(KINDS)
    assert len(empty.year) == 0
