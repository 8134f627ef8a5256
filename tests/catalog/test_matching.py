# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable

import polars as pl
import pytest
from pydantic import ValidationError

from segue.catalog.matching import LISTENS, MATCHES, MatchingConfig, match
from segue.catalog.store import Catalog
from segue.errors import BadInput

ISRC, MBID = "GBAYE7100100", "12d3a7e4-0f2b-4a36-9f0c-0c5d2f1a7b11"
CATALOG = [
    {"track_id": "tiny", "title": "Tiny Dancer", "artist_name": "Elton John", "isrc": ISRC, "mbid": MBID},
    {"track_id": "levon", "title": "Levon", "artist_name": "Elton John"},
    {"track_id": "another", "title": "Another Brick in the Wall, Pt. 2", "artist_name": "Pink Floyd"},
    {"track_id": "love", "title": "Love Me Again", "artist_name": "The Beatles"},
    {"track_id": "intro", "title": "Long Intro", "artist_name": "The Beatles"},
    {"track_id": "remix", "title": "Levels - Skrillex Remix", "artist_name": "Avicii"},
    {"track_id": "short", "title": "Road", "artist_name": "Trio", "duration_ms": 180_000},
    {"track_id": "long", "title": "Road", "artist_name": "Trio", "duration_ms": 300_000},
    {"track_id": "longer", "title": "Road - Remastered", "artist_name": "Trio", "duration_ms": 302_000},
    {"track_id": "artist", "title": "Madonna", "artist_name": "Madonna", "kind": "artist"},
]


@pytest.fixture
def catalog(catalog_of: Callable[..., Catalog]) -> Catalog:
    return catalog_of(*CATALOG)


def matched(catalog: Catalog, **listen: object) -> tuple[str | None, str | None]:
    """Return the id of the track matched, and the method."""
    frame = pl.DataFrame([listen], schema={name: LISTENS[name] for name in listen})
    number, method, _ = match(frame, catalog).row(0)
    return (catalog.tracks["track_id"][number] if number >= 0 else None), method


def named(catalog: Catalog, artist: str, title: str, **more: object) -> tuple[str | None, str | None]:
    return matched(catalog, artist_name=artist, title=title, **more)


def test_an_id_matches_its_track(catalog: Catalog) -> None:
    assert matched(catalog, track_id="levon") == ("levon", "id")


def test_an_id_gives_the_very_track_and_not_its_canonical_recording(catalog: Catalog) -> None:
    assert matched(catalog, track_id="longer") == ("longer", "id")


def test_an_mbid_matches_in_any_case(catalog: Catalog) -> None:
    assert matched(catalog, mbid=MBID.upper()) == ("tiny", "mbid")


def test_an_isrc_matches_with_its_hyphens(catalog: Catalog) -> None:
    assert matched(catalog, isrc="gb-aye-71-00100") == ("tiny", "isrc")


def test_an_isrc_of_several_tracks_gives_the_closest_length(catalog_of: Callable[..., Catalog]) -> None:
    both = {"title": "Road", "artist_name": "Trio", "isrc": ISRC}
    catalog = catalog_of(
        {**both, "track_id": "a", "duration_ms": 180_000}, {**both, "track_id": "b", "duration_ms": 300_000}
    )
    assert matched(catalog, isrc=ISRC, duration_ms=290_000) == ("b", "isrc")
    assert matched(catalog, isrc=ISRC) == ("a", "isrc")


def test_each_rung_answers_what_the_rungs_above_left_open(catalog: Catalog) -> None:
    names = {"artist_name": "Elton John", "title": "Levon"}
    assert matched(catalog, track_id="?", mbid=MBID, isrc="?", **names) == ("tiny", "mbid")
    assert matched(catalog, track_id=None, mbid="", isrc=None, **names) == ("levon", "exact")


@pytest.mark.parametrize(
    ("artist", "title"),
    [
        ("Elton John", "Tiny Dancer"),
        ("ELTON JOHN", "tiny dancer"),
        ("Elton John feat. Nobody", "Tiny Dancer (2016 Remaster)"),
    ],
)
def test_equal_names_match_exactly(catalog: Catalog, artist: str, title: str) -> None:
    assert named(catalog, artist, title) == ("tiny", "exact")


@pytest.mark.parametrize(
    ("length_ms", "track"), [(181_000, "short"), (301_000, "long"), (302_000, "long"), (None, "short")]
)
def test_equal_names_give_the_canonical_recording_of_the_closest_length(
    catalog: Catalog, length_ms: int | None, track: str
) -> None:
    assert named(catalog, "Trio", "Road", duration_ms=length_ms) == (track, "exact")


def test_a_recording_of_quite_another_length_does_not_match_by_name(catalog: Catalog) -> None:
    assert named(catalog, "Trio", "Road", duration_ms=900_000) == (None, None)
    assert named(catalog, "Trioo", "Road", duration_ms=900_000) == (None, None)


@pytest.mark.parametrize(
    ("artist", "title", "track"),
    [
        ("Elton John", "Tiny Dancr", "tiny"),
        ("Elton Jhon", "Tiny Dancer", "tiny"),
        ("Elton Jon", "Tiny Dnacer", "tiny"),
        ("EltonJohn", "TinyDancer", "tiny"),
        ("Pink Flyod", "Another Brik in the Wall, Pt. 2", "another"),
        ("Teh Beatles", "Love Me Again", "love"),
        ("Avicii", "Levels - Skrilex Remix", "remix"),
        ("Avicii", "Levels - Skrillex Remux", "remix"),
    ],
)
def test_typing_errors_are_forgiven(catalog: Catalog, artist: str, title: str, track: str) -> None:
    assert named(catalog, artist, title) == (track, "fuzzy")


@pytest.mark.parametrize(
    ("artist", "title"),
    [
        ("Elton John", "Tiny Dancer (Live)"),
        ("Elton John", "Tiny Dancer - Y Remix"),
        ("Elton John", "Tiny Dancer (Acoustic)"),
        ("Elton John", "Tiny Dancer (Karaoke Version)"),
        ("Avicii", "Levels"),
        ("Avicii", "Levels - Skrillex Mix"),
        ("Pink Floyd", "Another Brick in the Wall, Pt. 1"),
        ("Pink Floyd", "Another Brick in the Wall, Pt. 3"),
        ("The Beatles", "Live Me Again"),
        ("The Beatles", "Long Outro"),
        ("Pink Floyd", "Tiny Dancer"),
        ("Madonna", "Madonna"),
    ],
)
def test_other_recordings_are_not_matched(catalog: Catalog, artist: str, title: str) -> None:
    assert named(catalog, artist, title) == (None, None)


def test_an_artist_of_the_catalogue_is_no_misspelling_of_another(catalog_of: Callable[..., Catalog]) -> None:
    catalog = catalog_of(
        {"track_id": "a", "title": "Home", "artist_name": "Daughtry"},
        {"track_id": "b", "title": "Youth", "artist_name": "Daughter"},
    )
    assert named(catalog, "Daughter", "Home") == (None, None)
    assert named(catalog, "Daughtrey", "Home") == ("a", "fuzzy")


def test_a_name_between_two_recordings_matches_neither(catalog_of: Callable[..., Catalog]) -> None:
    catalog = catalog_of(
        {"track_id": "a", "title": "Karma Sutra", "artist_name": "Trio"},
        {"track_id": "b", "title": "Karme Sutra", "artist_name": "Trio"},
    )
    assert named(catalog, "Trio", "Karmo Sutra") == (None, None)


def test_the_score_is_the_share_of_right_letters(catalog: Catalog) -> None:
    frame = pl.DataFrame({"artist_name": ["Elton Jon", "Elton John"], "title": ["Tiny Dancr", "Tiny Dancer"]})
    assert match(frame, catalog)["score"].to_list() == pytest.approx([1 - 2 / 19, 1.0])


def test_the_answer_has_one_row_per_listen_in_the_same_order(catalog: Catalog) -> None:
    frame = pl.DataFrame(
        {
            "listener": ["x"] * 6,
            "artist_name": ["Elton John", None, "Elton Jon", "Elton John", "?", "Elton Jon"],
            "title": ["Levon", "Levon", "Levon", "Levon", "?", "Levon"],
        }
    )
    answer = match(frame, catalog)
    assert answer.schema == MATCHES
    assert answer["number"].to_list() == [1, -1, 1, 1, -1, 1]
    assert answer["method"].to_list() == ["exact", None, "fuzzy", "exact", None, "fuzzy"]
    assert answer["score"].to_list()[1] == 0.0


def test_batches_do_not_change_the_answer(catalog: Catalog) -> None:
    frame = pl.DataFrame({"artist_name": ["Elton Jon", "Pink Flyod"] * 2, "title": ["Levon", "?", "Tiny Dancr", "?"]})
    assert match(frame, catalog, MatchingConfig(batch=1)).equals(match(frame, catalog))


def test_nothing_is_forgiven_where_fuzzy_is_off(catalog: Catalog) -> None:
    frame = pl.DataFrame({"artist_name": ["Elton Jon"], "title": ["Levon"]})
    assert match(frame, catalog, MatchingConfig(fuzzy=False))["number"].to_list() == [-1]


def test_no_listens_give_no_rows(catalog: Catalog) -> None:
    assert match(LISTENS.to_frame(), catalog).equals(MATCHES.to_frame())


def test_an_empty_catalogue_matches_nothing(catalog_of: Callable[..., Catalog]) -> None:
    frame = pl.DataFrame({"track_id": ["a"], "artist_name": ["Elton Jon"], "title": ["Levon"]})
    assert match(frame, catalog_of())["number"].to_list() == [-1]


def test_listens_that_say_nothing_of_a_track_are_refused(catalog: Catalog) -> None:
    with pytest.raises(BadInput, match="at least one of: track_id, mbid"):
        match(pl.DataFrame({"song": ["Levon"]}), catalog)


def test_a_length_that_is_no_number_is_refused(catalog: Catalog) -> None:
    with pytest.raises(BadInput, match="wrong type"):
        match(pl.DataFrame({"title": ["Levon"], "duration_ms": ["long"]}), catalog)


def test_the_config_round_trips_and_refuses_unknown_keys() -> None:
    config = MatchingConfig(max_typos=1)
    assert MatchingConfig.model_validate_json(config.model_dump_json()) == config
    with pytest.raises(ValidationError):
        MatchingConfig.model_validate({"typos": 1})
