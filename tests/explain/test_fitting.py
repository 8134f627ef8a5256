# SPDX-License-Identifier: Apache-2.0
import pytest

from segue.explain.fitting import fitting
from segue.explain.words import languages, spoken
from segue.themes.theme import Fact

CALM, JAZZ = Fact("mood", "calm"), Fact("genre", "jazz")
YEARS, TEMPO = Fact("years", "1990–1999"), Fact("tempo", "154–166")


def test_a_fit_is_said_in_the_words_that_were_asked_for() -> None:
    english = spoken("en")
    assert fitting([CALM, JAZZ], "sunday", english) == "Calm, jazz, and suits playlists called “sunday”"
    assert fitting([CALM], None, english) == "Calm"
    assert fitting([], "sunday", english) == "Suits playlists called “sunday”"
    assert fitting([], None, english) == ""
    assert fitting([Fact("mood", "sad", turned=True), YEARS], None, english) == "Not sad, and of 1990–1999"


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("de", "Calm, von 1990–1999, 154–166 Schläge pro Minute und passt zu Playlists namens „x“"),
        ("en", "Calm, of 1990–1999, 154–166 beats a minute, and suits playlists called “x”"),
        ("es", "Calm, de 1990–1999, 154–166 pulsaciones por minuto y va bien en listas llamadas «x»"),
        ("ja", "Calm、1990–1999年の曲、毎分154–166拍、「x」というプレイリストに合います"),
        ("pt", "Calm, de 1990–1999, 154–166 batidas por minuto e combina com playlists chamadas “x”"),
    ],
)
def test_a_fit_is_said_in_every_language_around_the_askers_words(tag: str, said: str) -> None:
    assert fitting([CALM, YEARS, TEMPO], "x", languages()[tag]) == said
