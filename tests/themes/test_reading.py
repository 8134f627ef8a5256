# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.themes.lexicon import CONCEPTS
from segue.themes.reading import Vocabulary, parse
from segue.themes.theme import Aim, Side, Theme

GENRES = (
    "hip hop", "indie pop", "indie rock", "jazz", "jazz piano", "old school hip hop", "r&b", "spanish pop", "rock",
    *(f"indie {word}" for word in "abcdefghijklm"),
)  # fmt: skip
ARTISTS = {"the beatles": True, "sigur ros": False, "lit": True, "love train": False}
TITLES = {"sunday", "lit", "love", "songs", "vibes", "school", "the"}
VOCABULARY = Vocabulary(
    {"genre": tuple(sorted(GENRES)), "instrument": ("guitar", "piano"), "language": ("es", "fr"), "region": ("es",)},
    lambda name, famous: ARTISTS.get(name, False) or (name in ARTISTS and not famous),
    lambda word: word in TITLES,
    lambda word: word == "piano",
)


def read(text: str) -> Theme:
    return parse(text, VOCABULARY)


def kinds(text: str) -> dict[str, str]:
    return {one.words: one.kind for one in read(text).understood}


def marked(text: str) -> set[str]:
    """Names of the marks that a text asks for."""
    return {VOCABULARY.marks[kind][mark] for tag in read(text).tags for kind, mark in tag.marks}


def sides(text: str) -> dict[str, bool]:
    """By column, whether more of it is wanted."""
    return {aim.column: aim.above for aim in read(text).aims}


def test_each_word_is_read_as_what_it_is() -> None:
    assert kinds("rainy sunday jazz 80s 120 bpm") == {
        "rainy": "occasion", "sunday": "weekday", "jazz": "genre", "80s": "years", "120 bpm": "tempo"
    }  # fmt: skip


@pytest.mark.parametrize("text", [
    "sad songs", "canciones tristes", "traurige Lieder", "músicas tristes", "chansons tristes", "悲しい曲", "SAD!!!",
])  # fmt: skip
def test_sad_is_sad_in_six_languages(text: str) -> None:
    assert sides(text)["valence"] is False
    assert "sad" in read(text).titles or "sad songs" in read(text).titles
    assert not read(text).unknown


@pytest.mark.parametrize(
    "text", ["calm music", "música tranquila", "ruhige Musik", "música calma", "musique calme", "静かな曲"]
)
def test_calm_is_calm_in_six_languages(text: str) -> None:
    assert sides(text) == {"energy": False, "loudness": False}


@pytest.mark.parametrize("text", ["running", "para correr", "zum Laufen", "para corrida", "pour courir", "ランニング"])
def test_running_is_energetic_and_has_the_pace_of_a_runner_in_six_languages(text: str) -> None:
    theme = read(text)
    assert (sides(text)["energy"], theme.pace, theme.arc) == (True, (150, 180), "build")


@pytest.mark.parametrize("spelling", ["hip hop", "hip-hop", "HipHop", "hip hops", "hiphop music"])
def test_a_genre_is_found_in_any_spelling(spelling: str) -> None:
    assert marked(spelling) == {"hip hop", "old school hip hop"}


def test_a_word_of_many_genres_names_all_of_them() -> None:
    assert marked("indie") == {genre for genre in GENRES if genre.startswith("indie ")}


def test_a_word_in_the_name_of_one_genre_names_none() -> None:
    assert kinds("school") == {"school": "learned"}


def test_a_misspelt_genre_or_mood_is_taken_for_the_nearest() -> None:
    assert marked("jaz piano") == {"piano", "jazz piano"}
    assert marked("jazzz") == {"jazz", "jazz piano"}
    (one,) = read("mellancholy").understood
    assert (one.words, one.kind, one.meant) == ("mellancholy", "mood", "melancholy")


def test_a_language_and_a_country_are_told_apart() -> None:
    assert kinds("en español") == {"en español": "language"}
    assert marked("en español") == {"es", "spanish pop"}
    assert {kind for tag in read("de España").tags for kind, _ in tag.marks} == {"region", "genre"}


def test_an_instrument_is_a_mark_of_its_own_and_a_word_of_genres() -> None:
    assert marked("piano") == {"piano", "jazz piano"}


def test_a_negation_turns_what_follows_it_and_nothing_more() -> None:
    theme = read("jazz without piano but happy")
    assert [(tag.word, tag.wanted) for tag in theme.tags] == [("jazz", True), ("piano", False)]
    assert sides("jazz without piano but happy")["valence"] is True
    assert "piano" not in theme.titles[0]


def test_not_sad_is_whatever_is_not_among_the_saddest_and_no_title_says_so() -> None:
    sad, other = read("sad"), read("not sad")
    assert other.aims == (Aim("valence", True, sad.aims[0].quantile),)
    assert other.titles == ()


def test_no_vocals_is_instrumental() -> None:
    assert read("no vocals").aims == read("instrumental").aims == read("sans paroles").aims


def test_very_sharpens_and_a_bit_softens() -> None:
    by = {text: read(text).aims[0].quantile for text in ("very sad", "sad", "a bit sad", "muy triste")}
    assert by["very sad"] == by["muy triste"] < by["sad"] < by["a bit sad"] < 0.5


def test_of_two_wishes_that_disagree_what_each_is_mainly_about_stays() -> None:
    assert sides("slow but happy") == {"tempo": False, "valence": True}


def test_an_artist_is_a_wish_unless_the_name_is_a_word_of_titles_or_stands_behind_like() -> None:
    assert [(tag.kind, tag.word) for tag in read("sad songs by sigur rós").tags] == [("artist", "sigur ros")]
    assert read("like sigur rós").tags == ()
    assert kinds("lit") == {"lit": "artist"}
    assert read("lit").tags == ()


def test_everyday_words_are_an_artist_only_where_that_artist_is_famous() -> None:
    assert kinds("love train") == {"love": "mood", "train": "activity"}


def test_what_nothing_knows_is_reported_once() -> None:
    theme = read("flurbgl jazz Flurbgl zorp")
    assert (theme.unknown, theme.empty) == (("flurbgl", "zorp"), False)
    assert read("flurbgl").empty


def test_a_filler_alone_is_read_as_titles_know_it() -> None:
    assert kinds("Vibes") == {"vibes": "learned"}


def test_words_are_also_said_as_playlists_say_them() -> None:
    assert read("musique calme").titles == ("musique calme", "calm", "relax")
    assert read("party").titles == ("party",)


@given(st.text(max_size=60))
def test_every_text_is_read_and_every_word_accounted_for(text: str) -> None:
    theme = read(text)
    assert all(0 < aim.quantile < 1 for aim in theme.aims)
    assert theme.years is None or theme.years[0] <= theme.years[1]
    assert read(text) == theme


@given(
    st.lists(st.sampled_from([phrase for one in CONCEPTS for phrase in one.words.replace("|", "").split()]), max_size=4)
)
def test_words_of_the_lexicon_are_never_unknown(words: list[str]) -> None:
    assert read(" ".join(words).replace("_", " ")).unknown == ()


def test_a_mood_lies_away_from_its_opposite_and_turned_round_it_is_the_opposite() -> None:
    (sad,), (not_sad,) = read("sad").sides, read("not sad").sides
    assert "sad" in sad.towards and "happy" in sad.against
    assert not_sad == Side(sad.against, sad.towards)


def test_each_mood_occasion_and_instrument_has_a_side_of_its_own() -> None:
    made = read("christmas piano party").sides
    assert [side.towards[0] for side in made] == ["christmas", "piano", "party"]
    assert read("without piano").sides == (Side((), ("piano",)),)


@pytest.mark.parametrize(("text", "towards"), [("90s", ("90s",)), ("2014", ("2014",)), ("1985", ("80s",)),
    ("1988-1993", ("80s", "90s")), ("2000s", ("2000s",))])  # fmt: skip
def test_years_lie_away_from_other_decades(text: str, towards: tuple[str, ...]) -> None:
    era = read(text).era
    assert era is not None and era.towards == towards
    assert len(era.against) >= 6 and not set(era.against) & {"80s" if text == "1985" else "none", *towards}


def test_words_that_many_playlists_are_called_by_need_no_others() -> None:
    usual = Vocabulary(learned=lambda _: True, usual=lambda word: word == "gym")
    assert parse("gym", usual).titles == ("gym",)
    assert "gym" in parse("treino", usual).titles
    assert "calm" in parse("relaxing", Vocabulary(usual=lambda _: True)).titles


def test_words_are_given_back_as_they_were_written() -> None:
    assert set(kinds("¡Música TRISTE, sin Guitarra!, Flurbglé")) == {"triste", "guitarra"}
    assert [(one.words, one.turned) for one in read("sin guitarra").understood] == [("guitarra", True)]
    assert read("Flurbglé?").unknown == ("flurbglé",)


def test_a_genre_of_songs_does_not_tell_of_an_instrument() -> None:
    genres = Vocabulary({"genre": ("jazz piano", "piano rock"), "instrument": ("piano",)})
    marks = {genres.marks[kind][mark] for tag in parse("piano", genres).tags for kind, mark in tag.marks}
    assert marks == {"piano", "jazz piano"}
