# SPDX-License-Identifier: Apache-2.0
import pytest

from segue.explain.understanding import notes, to_json
from segue.explain.words import languages
from segue.themes.reading import Vocabulary, parse
from segue.themes.theme import Relaxed

WORDS = Vocabulary({"genre": ("jazz",)})
THEME = parse("calm jazzz of the 90s, 160 bpm, not sad, ukulele, Flurbgl", WORDS)
RELAXED = (
    Relaxed("unsure", "years", "1990–1999", 1234),
    Relaxed("cannot", "tempo", "154–166", 0),
    Relaxed("cannot", "sound", "instrumental", 3),
    Relaxed("cannot", "genre", "jazz", 3, turned=True),
)


def test_it_is_said_what_was_understood_what_was_not_and_what_could_not_hold() -> None:
    understood, unknown, *relaxed = notes(THEME, RELAXED, languages()["en"])
    assert understood == (
        "understood: “calm” (mood: least energy, of the catalogue's 25%, least loudness, of the catalogue's 40%); "
        "“jazzz” (genre: jazz); “the 90s” (years: 1990–1999); “160 bpm” (tempo: 154–166 beats a minute); "
        "“not sad” (mood: most valence, of the catalogue's 70%); "
        "“ukulele” (instrument: the catalogue has no tracks marked so)"
    )
    assert unknown == "not understood: “flurbgl”"
    assert relaxed == [
        "years 1990–1999 is not known of every track here; known to be all that is asked: 1,234",
        "154–166 beats a minute cannot hold; known to be all that is asked: 0",
        "instrumental cannot hold; known to be all that is asked: 3",
        "not genre “jazz” cannot hold; known to be all that is asked: 3",
    ]


@pytest.mark.parametrize("tag", [tag for tag in languages() if tag != "en"])
def test_in_other_languages_only_the_askers_own_words_stay(tag: str) -> None:
    said, english = (notes(THEME, RELAXED, languages()[one]) for one in (tag, "en"))
    assert len(said) == len(english)
    for ours, theirs in zip(said, english, strict=True):
        assert ours != theirs
        assert all(word not in ours for word in ("understood", "known", "cannot", "least", "catalogue", "minute"))
    assert all(word in said[0] for word in ("calm", "jazzz", "90s", "1990–1999", "154–166"))
    assert "flurbgl" in said[1]


def test_data_has_kinds_as_codes_and_meanings_in_words() -> None:
    told = to_json(THEME, languages()["de"])
    assert told["unknown"] == ["flurbgl"]
    assert told["understood"][1] == {"words": "jazzz", "as": "genre", "meaning": "jazz"}
    assert told["understood"][3] == {"words": "160 bpm", "as": "tempo", "meaning": "154–166 Schläge pro Minute"}


def test_of_nothing_nothing_is_said() -> None:
    assert notes(parse("", WORDS), (), languages()["en"]) == []
