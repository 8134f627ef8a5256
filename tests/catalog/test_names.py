# SPDX-License-Identifier: Apache-2.0
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.catalog import names


def title_key(title: str) -> str:
    return str(pl.select(names.title_key(pl.lit(title))).item())


def artist_key(name: str) -> str:
    return str(pl.select(names.artist_key(pl.lit(name))).item())


@pytest.mark.parametrize(
    "title",
    [
        "Help!",
        "HELP",
        "Hélp",
        "Help! - Remastered",
        "Help! - Remastered 2009",
        "Help! - 2009 Remaster",
        "Help! (2009 Digital Remaster)",
        "Help! [Remastered Version]",
        "Help! - 2009 - Remaster",
        "Help! - Mono / Remastered 2009",
        "Help! - Remasterizado 2009",
        "Help! – Remastérisé",
        "Help! - Single Version",
        "Help! - Single/LP Version",
        "Help! (Album Version)",
        "Help! - Radio Edit",
        "Help! - RadioEdit",
        "Help! (Deluxe Edition)",
        "Help! - Bonus Track",
        "Help! - Original Mix",
        "Help! (Explicit)",
        "Help! (feat. Bananarama)",
        "Help! [ft. Bananarama]",
        "Help! (with Bananarama)",
        "Help! feat. Bananarama",
        "Help! - feat. Bananarama",
        "Help! - Remastered - feat. Bananarama",
        "Help! (feat. Bananarama) - Radio Edit",
    ],
)
def test_editions_and_guests_leave_a_title_as_it_is(title: str) -> None:
    assert title_key(title) == "help"


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Help! - Live", "help live"),
        ("Help! (Live) [Remastered]", "help live"),
        ("Help! - Live / 2012 Remaster", "help live"),
        ("Help! (Acoustic)", "help acoustic"),
        ("Help! - Y Remix", "help y remix"),
        ("Help! (Karaoke Version)", "help karaoke version"),
        ("Help! - Extended Mix", "help extended mix"),
        ("Help! (Demo)", "help demo"),
        ("Help!, Pt. 2", "help pt 2"),
    ],
)
def test_what_names_a_recording_stays_in_its_title(title: str, key: str) -> None:
    assert title_key(title) == key


@pytest.mark.parametrize(
    "title",
    ["Song (feat. X) [Y Remix]", "Song feat. X [Y Remix]", "Song ft. X (Y Remix)", "Song feat. X - Y Remix"],
)
def test_a_guest_does_not_swallow_the_remix_after_him(title: str) -> None:
    assert title_key(title) == "song y remix"


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("残酷な天使のテーゼ", "残酷な天使のテーゼ"),
        ("ガール", "ガール"),
        ("हिन्दी", "हिन्दी"),
        ("강남스타일", "강남스타일"),
        ("Группа крови", "группа крови"),
        ("قلبي", "قلبي"),
    ],
)
def test_titles_in_other_scripts_survive(title: str, key: str) -> None:
    assert title_key(title) == key


@pytest.mark.parametrize(("one", "other"), [("ガール", "カール"), ("की", "का")])
def test_marks_that_make_another_letter_keep_titles_apart(one: str, other: str) -> None:
    assert title_key(one) != title_key(other)


@pytest.mark.parametrize(("typed", "name"), [("Lindstrom", "Lindstrøm"), ("Czeslaw", "Czesław"), ("Strasse", "Straße")])
def test_letters_are_equal_to_how_people_type_them(typed: str, name: str) -> None:
    assert artist_key(typed) == artist_key(name)


@pytest.mark.parametrize(("title", "key"), [("???", "???"), ("(Single)", "(single)"), (" ÷ ", "÷")])
def test_a_title_of_which_nothing_is_left_is_its_own_key(title: str, key: str) -> None:
    assert title_key(title) == key


@pytest.mark.parametrize("title", ["Mono", "Deluxe", "Explicit", "Single", "1999"])
def test_a_title_that_is_an_edition_word_stays(title: str) -> None:
    assert title_key(title) == title.lower()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Beatles", "Beatles"),
        ("Simon & Garfunkel", "Simon and Garfunkel"),
        ("Florence + The Machine", "Florence & The Machine"),
        ("Beyoncé", "BEYONCE"),
        ("Drake feat. Rihanna", "Drake"),
        ("Drake (ft. Rihanna)", "Drake"),
        ("Guns N' Roses", "Guns N Roses"),
        ("AC/DC", "AC DC"),
    ],
)
def test_spellings_of_one_artist_share_a_key(one: str, other: str) -> None:
    assert artist_key(one) == artist_key(other)


@pytest.mark.parametrize("name", ["The The", "The", "A", "!!!", "Daft Punk"])
def test_no_artist_loses_the_whole_name(name: str) -> None:
    assert artist_key(name)


def test_an_artist_without_an_id_gets_one_from_the_name() -> None:
    assert pl.select(names.artist_id(pl.lit("The Beatles"))).item() == "artist:beatles"


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs"]), min_size=1))
def test_a_key_does_not_depend_on_case(name: str) -> None:
    folded = name.lower()
    if folded.upper().lower() == folded:  # ſ and ς come back as other letters
        assert title_key(folded.upper()) == title_key(folded)
