# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable

import numpy as np
import pytest

from segue.catalog.search import resolve, search
from segue.catalog.store import Catalog
from segue.errors import NotFound

CATALOG = [
    ("id:tiny", "Elton John", "Tiny Dancer"),
    ("id:rocket", "Elton John", "Rocket Man"),
    ("id:cover", "Tim McGraw", "Tiny Dancer"),
    ("id:again", "Elton John", "Tiny Dancer - Remastered"),
    ("id:live", "Elton John", "Tiny Dancer - Live"),
    ("id:stand", "Ben E. King", "Stand by Me"),
    ("id:queen", "Queen", "Bohemian Rhapsody"),
    ("id:plan", "Phora", "God's Plan"),
    ("id:help", "The Beatles", "Help!"),
    ("id:kana", "高橋洋子", "残酷な天使のテーゼ"),
]


@pytest.fixture
def catalog(catalog_of: Callable[..., Catalog]) -> Catalog:
    return catalog_of(*({"track_id": id_, "artist_name": artist, "title": title} for id_, artist, title in CATALOG))


def ids(catalog: Catalog, text: str, limit: int = 10) -> list[str]:
    return [catalog.tracks["track_id"][found.number] for found in search(catalog, text, limit)]


@pytest.mark.parametrize(
    ("text", "track"),
    [
        ("id:tiny", "id:tiny"),
        ("id:again", "id:tiny"),
        ("Elton John - Tiny Dancer", "id:tiny"),
        ("Elton John – Tiny Dancer", "id:tiny"),
        ("Tiny Dancer - Elton John", "id:tiny"),
        ("Tiny Dancer by Elton John", "id:tiny"),
        ("Tiny Dancer by Tim McGraw", "id:cover"),
        ("Elton John - Tiny Dancer (Live)", "id:live"),
        ("elton john tiny dancer", "id:tiny"),
        ("Elton Jon - Tiny Dancr", "id:tiny"),
        ("tiny dancr", "id:tiny"),
        ("elton john tiny dancr", "id:tiny"),
        ("bohemian", "id:queen"),
        ("queen bohemian rapsody", "id:queen"),
        ("stand by me", "id:stand"),
        ("the beatles", "id:help"),
        ("help", "id:help"),
        ("残酷な天使", "id:kana"),
    ],
)
def test_what_people_type_finds_its_track_first(catalog: Catalog, text: str, track: str) -> None:
    assert ids(catalog, text)[0] == track
    assert catalog.tracks["track_id"][resolve(catalog, text)] == track


def test_only_canonical_recordings_are_found(catalog: Catalog) -> None:
    assert ids(catalog, "tiny dancer") == ["id:tiny", "id:cover", "id:live"]


def test_scores_fall_and_are_one_where_names_are_equal(catalog: Catalog) -> None:
    scores = [found.score for found in search(catalog, "Tiny Dancer")]
    assert scores[:2] == [1.0, 1.0]
    assert scores == sorted(scores, reverse=True)


def test_popularity_settles_equal_scores(catalog: Catalog) -> None:
    popularity = np.zeros(len(catalog))
    popularity[2] = 1.0
    assert [found.number for found in search(catalog, "tiny dancer", 2, popularity)] == [2, 0]


def test_popularity_as_the_source_states_it_settles_equal_scores(catalog_of: Callable[..., Catalog]) -> None:
    rows = [
        {"track_id": name, "title": "Song", "artist_name": name, "popularity": at / 2} for at, name in enumerate("ab")
    ]
    assert ids(catalog_of(*rows), "song") == ["b", "a"]


def test_no_more_are_found_than_asked(catalog: Catalog) -> None:
    assert len(search(catalog, "tiny dancer", 1)) == 1
    assert search(catalog, "id:tiny", 0) == []


@pytest.mark.parametrize("text", ["", "   ", "zzzqqq", "("])
def test_what_is_like_nothing_finds_nothing(catalog: Catalog, text: str) -> None:
    assert search(catalog, text) == []
    with pytest.raises(NotFound, match='type "Artist - Title"'):
        resolve(catalog, text)


def test_a_title_of_another_artist_is_not_taken_for_the_one_that_was_named(catalog: Catalog) -> None:
    for text in ("Drake - God's Plan", "Drake God's Plan"):
        with pytest.raises(NotFound, match='the nearest are "Phora - God\'s Plan"'):
            resolve(catalog, text)


def test_what_fits_badly_offers_the_nearest_three(catalog: Catalog) -> None:
    with pytest.raises(NotFound) as raised:
        resolve(catalog, "Elton John - Tine Rockets")
    assert str(raised.value).count("; ") == 3
    assert '"Elton John - Rocket Man"' in str(raised.value)


def test_an_empty_catalogue_says_what_to_do(catalog_of: Callable[..., Catalog]) -> None:
    assert search(catalog_of(), "Tiny Dancer") == []
    with pytest.raises(NotFound, match="import tracks first"):
        resolve(catalog_of(), "Tiny Dancer")


def test_of_tracks_of_one_title_the_most_played_is_meant(catalog: Catalog) -> None:
    played = np.zeros(len(catalog))
    played[catalog.numbers(["id:cover"])] = 1.0
    assert resolve(catalog, "tiny dancer") == catalog.numbers(["id:tiny"])[0]
    assert resolve(catalog, "tiny dancer", played) == catalog.numbers(["id:cover"])[0]


def test_of_an_artist_alone_the_most_played_track_is_meant(catalog: Catalog) -> None:
    played = np.zeros(len(catalog))
    played[catalog.numbers(["id:rocket"])] = 1.0
    assert resolve(catalog, "elton john", played) == catalog.numbers(["id:rocket"])[0]
