# SPDX-License-Identifier: Apache-2.0
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.catalog.language import detect
from segue.catalog.languages import LANGUAGES, SCRIPTS, SHARES, WORDS
from segue.simulate.config import WorldConfig
from segue.simulate.world import simulate

READ = pl.Schema(
    {
        "title": pl.String,
        "artist_number": pl.Int32,
        "album_id": pl.String,
        "language": pl.String,
        "instrumentalness": pl.Float32,
    }
)

SPANISH = [
    "La casa en el aire",
    "Me voy a olvidar de ti",
    "Quiero que me quieras",
    "Corazón de piedra",
    "Sin ti no soy",
]
ENGLISH = ["The Long Way Home", "I Don't Want To Lose You", "Waiting For The Rain", "All Of My Friends", "This Is It"]
GERMAN = [
    "Ich will nicht schlafen",
    "Der Himmel über uns",
    "Ohne dich",
    "Wir sind die Nacht",
    "Das ist nicht dein Lied",
]


def tracks(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=READ)


def by(artist: int | None, titles: Sequence[str], **more: object) -> list[dict[str, object]]:
    return [{"title": title, "artist_number": artist, **more} for title in titles]


def told(*rows: dict[str, object]) -> list[str | None]:
    return detect(tracks(*rows)).to_list()


@pytest.mark.parametrize(("title", "code"), [
    ("사랑해요", "ko"),
    ("夜に駆ける", "ja"),
    ("サヨナラ", "ja"),
    ("月亮代表我的心", "zh"),
    ("Я тебя никогда не забуду", "ru"),
    ("Αγάπη μου", "el"),
    ("שיר של יום חולין", "he"),
    ("ฉันรักเธอ", "th"),
    ("तुम ही हो", "hi"),
    ("நெஞ்சுக்குள் பெய்திடும்", "ta"),
    ("حبيبي يا نور العين", "ar"),
])  # fmt: skip
def test_a_script_of_few_languages_needs_no_other_title(title: str, code: str) -> None:
    assert told(*by(1, [title])) == [code]


@pytest.mark.parametrize(("titles", "code"), [(SPANISH, "es"), (ENGLISH, "en"), (GERMAN, "de")])
def test_titles_of_one_artist_are_told_together(titles: list[str], code: str) -> None:
    assert told(*by(1, titles)) == [code] * len(titles)


@pytest.mark.parametrize("title", ["Despacito", "Chantaje", "Intro", "1999"])
def test_a_title_that_says_little_is_in_the_language_of_its_artist(title: str) -> None:
    assert told(*by(1, [*SPANISH, title]))[-1] == "es"
    assert told(*by(1, [title])) != ["es"]


@pytest.mark.parametrize("title", ["1999", "!!!", "Xyzzy"])
def test_where_nothing_is_sure_nothing_is_said(title: str) -> None:
    assert told(*by(1, [title])) == [None]


def test_an_artist_may_sing_in_two_languages() -> None:
    found = told(*by(1, [*SPANISH, *ENGLISH]))
    spanish, english = found[: len(SPANISH)], found[len(SPANISH) :]
    assert set(spanish) <= {"es", None}
    assert set(english) <= {"en", None}
    assert found.count(None) <= 2


def test_an_album_tells_more_of_a_track_than_its_artist_does() -> None:
    rows = [*by(1, SPANISH, album_id="a"), *by(1, ENGLISH, album_id="b")]
    assert told(*rows, *by(1, ["1999"], album_id="a"))[-1] == "es"
    assert told(*rows, *by(1, ["1999"], album_id="b"))[-1] == "en"


def test_a_language_that_the_source_states_is_not_detected_but_tells_of_the_artists_others() -> None:
    stated = by(1, ["Lemon", "Orion", "Paprika", "Flamingo"], language="ja")
    assert told(*stated, *by(1, ["Kanden"])) == [None] * 4 + ["ja"]


def test_a_stated_language_that_it_does_not_know_misleads_nobody() -> None:
    assert told(*by(1, ["Uga mtati"], language="tlh"), *by(1, GERMAN)) == [None, *["de"] * len(GERMAN)]


def test_what_follows_a_title_proper_does_not_count() -> None:
    aside = [f"{title} - Remastered Live at the Royal Albert Hall (feat. The Band of the Year)" for title in SPANISH]
    assert told(*by(1, aside)) == ["es"] * len(SPANISH)


def test_music_without_words_has_no_language() -> None:
    known = by(1, ENGLISH)
    assert told(*known, *by(1, ["The Rain In May"], instrumentalness=0.9))[-1] is None
    assert told(*known, *by(1, ["The Rain In May"], instrumentalness=0.1))[-1] == "en"
    for title in ("Nocturne No. 2 in E-Flat Major", "Symphony No. 9: III. Adagio", "All Of Me (Instrumental)"):
        assert told(*known, *by(1, [title]))[-1] is None


def test_tracks_of_unknown_artists_stand_alone() -> None:
    found = told(*by(None, [*SPANISH, "1999"]))
    assert found[-1] is None
    assert found[0] == "es"


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_artists_may_be_looked_at_apart_and_in_any_order(seed: int) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    rows = tracks(*by(1, SPANISH), *by(2, ENGLISH, album_id="x"), *by(None, ["Radio", "Hoy"]), *by(7, GERMAN[:2]))
    whole = detect(rows)
    order = rng.permutation(len(rows))
    assert detect(rows[order]).to_list() == whole.gather(order).to_list()
    for artist in (1, 2, 7):
        mine = (rows["artist_number"] == artist).fill_null(False)
        assert detect(rows.filter(mine)).to_list() == whole.filter(mine).to_list()


def test_no_tracks_have_no_languages() -> None:
    found = detect(tracks())
    assert (found.name, found.dtype, len(found)) == ("language_detected", pl.String, 0)


def test_the_tables_name_the_same_languages() -> None:
    assert len(set(LANGUAGES)) == len(LANGUAGES) == len(SHARES)
    assert {code for codes in SCRIPTS.values() for code in codes.split()} <= set(LANGUAGES)
    assert set(WORDS) <= set(LANGUAGES)
    assert all(len(code) == 2 for code in LANGUAGES)


def test_of_the_simulated_worlds_titles_nearly_all_that_it_tells_is_true() -> None:
    world = simulate(WorldConfig(listeners=20, tracks=3000, weeks=2, seed=9))
    truth = world.tracks["language"]
    blind = world.tracks.with_columns(
        pl.lit(None, pl.String).alias("language"),
        pl.col("artist_id").rank("dense").cast(pl.Int32).alias("artist_number"),
    )
    found = detect(blind)
    said = found.is_not_null() & truth.is_not_null()
    assert (found == truth).filter(said).mean() > 0.9
    assert said.sum() > 0.6 * truth.is_not_null().sum()
