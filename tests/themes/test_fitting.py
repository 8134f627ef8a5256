# SPDX-License-Identifier: Apache-2.0
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.catalog.traits import Marks, Traits
from segue.kernels.ragged import offsets_of
from segue.models.sound import SOUND, Sound
from segue.themes.fitting import Themes
from segue.themes.heights import heights
from segue.themes.reading import Reader, Vocabulary
from segue.themes.theme import Fact, Relaxed

N = 400
"""Tracks. Track i is jazz where i is even, of 1980 + i % 40 where i is below 300, of artist i // 20."""
EVEN = np.arange(N) % 2 == 0


def marks(**named: Sequence[int]) -> Marks:
    known = np.zeros(N, bool)
    for tracks in named.values():
        known[list(tracks)] = True
    flat = np.concatenate([np.asarray(named[name], np.int32) for name in sorted(named)] or [np.zeros(0, np.int32)])
    return Marks(tuple(sorted(named)), offsets_of(len(named[name]) for name in sorted(named)), flat, known)


def themes(years: int = 300, spanish: int = 200, company: bool = False) -> Themes:
    """Energy rises with the number; of the last hundred tracks nothing is known but the genre."""
    year = np.zeros(N, np.int16)
    year[:years] = 1980 + np.arange(years) % 40
    none = marks()
    found = Traits(
        {
            "genre": marks(jazz=np.flatnonzero(EVEN), metal=np.flatnonzero(~EVEN)),
            "instrument": none,
            "language": marks(es=range(spanish), fr=range(spanish, 300)),
            "region": none,
            "mood": none,
        },
        year,
        {"the band": (0,), "band": (0,)},
    )
    sound = Sound.unknown(N)
    for name in ("energy", "loudness", "instrumentalness"):
        sound.values[:300, SOUND.index(name)] = np.arange(300) / 300
        sound.known[:300, SOUND.index(name)] = True
    sound.values[:300, SOUND.index("tempo")] = np.log2(60 + np.arange(300) / 2)
    sound.known[:300, SOUND.index("tempo")] = True
    levels = heights(sound, np.full(len(SOUND), np.nan, np.float32))
    names = {kind: one.names for kind, one in found.marks.items()}
    reader = Reader(Vocabulary(names, lambda name, _: name in found.artists))
    placed = np.where(np.arange(N) % 4 < 2, 1, -1).astype(np.float32)
    beside = {"company": lambda towards, _: -placed if "happy" in towards or "50s" in towards else placed}
    return Themes(reader, found, levels, (np.arange(N) // 20).astype(np.int32), **beside if company else {})


def score(text: str, made: Themes | None = None, length: int = 10) -> NDArray[np.float32]:
    return (made or themes()).fitted(text, length)[1].score


def test_a_mood_orders_all_tracks_and_forbids_none() -> None:
    made = score("calm")
    assert (made > 0).all()
    assert (np.diff(made[:300]) <= 0).all()
    assert made[0] > made[350] > made[299]


def test_years_hold_strictly_where_enough_are_known() -> None:
    theme, fit = themes().fitted("1985-1994", 10)
    year = np.arange(N) % 40 + 1980
    assert (fit.score > 0).tolist() == ((year >= 1985) & (year <= 1994) & (np.arange(N) < 300)).tolist()
    assert fit.relaxed == ()
    assert theme.years == (1985, 1994)


def test_years_that_too_few_are_known_to_be_of_let_in_what_is_unknown_and_nothing_else_and_say_so() -> None:
    _, fit = themes().fitted("1985", 10)
    year = np.arange(300) % 40 + 1980
    assert (fit.score[:300] > 0).tolist() == (year == 1985).tolist()
    assert (fit.score[300:] > 0).all()
    assert fit.score[5] > fit.score[300]
    assert fit.relaxed == (Relaxed("unsure", "years", "1985", 8),)


def test_the_longer_the_list_the_more_must_be_known() -> None:
    assert themes().fitted("1985-1994", 10)[1].relaxed == ()
    assert len(themes().fitted("1985-1994", 70)[1].relaxed) == 1


def test_a_tempo_in_numbers_holds() -> None:
    beats = 60 + np.arange(300) / 2
    np.testing.assert_array_equal(np.flatnonzero(score("100-130 bpm")), np.flatnonzero((beats >= 100) & (beats <= 130)))


def test_a_language_holds_and_where_nothing_else_is_left_it_gives_way() -> None:
    assert np.flatnonzero(score("en español")).tolist() == list(range(200))
    few = themes(spanish=5)
    _, fit = few.fitted("en español", 10)
    assert (fit.score[:5] > 0).all() and (fit.score[5:300] == 0).all() and (fit.score[300:] > 0).all()


def test_instrumental_holds_and_counts_what_is_known_to_have_no_words() -> None:
    held = np.flatnonzero(score("instrumental"))
    assert len(held) and held.min() >= 235 and held.max() < 300


def test_a_genre_is_of_great_weight_and_forbids_nothing() -> None:
    made = score("jazz")
    assert made[0] == pytest.approx(10 * made[1])


def test_what_is_asked_to_be_without_is_out() -> None:
    assert (score("without jazz") > 0).tolist() == (~EVEN).tolist()


def test_an_artist_that_is_named_holds_with_few_tracks() -> None:
    assert np.flatnonzero(score("by the band", length=100)).tolist() == list(range(20))
    assert themes().about_artists(["by the band", "jazz", "like the band"]).tolist() == [True, False, False]


def test_wishes_hold_together() -> None:
    both = np.flatnonzero(score("1980-1999 en español"))
    assert both.tolist() == [track for track in range(200) if track % 40 < 20]


def test_nothing_asked_fits_everything_alike() -> None:
    theme, fit = themes().fitted("flurbgl", 10)
    assert not theme.ruled
    assert (fit.score == 1).all()


def test_true_is_what_the_catalogue_says_and_not_what_is_guessed() -> None:
    facts = themes().true_of("calm jazz of 1980-1999", np.array([0, 1, 350], np.int32))
    calm, jazz, years = Fact("mood", "calm"), Fact("genre", "jazz"), Fact("years", "1980–1999")
    assert facts == [[calm, jazz, years], [calm, years], [jazz]]


def test_what_is_kept_is_bounded_and_the_same_when_asked_again() -> None:
    made = themes()
    first = made.fitted("calm", 10)[1].score.copy()
    for number in range(3 * made._most if made._most < 100 else 5):
        made.fitted(f"{1900 + number % 100} {number}", 10)
    assert len(made._kept) <= made._most
    np.testing.assert_array_equal(made.fitted("calm", 10)[1].score, first)


def test_company_says_which_tracks_a_mood_is_put_beside() -> None:
    made, before = score("melancholy", themes(company=True)), score("melancholy")
    quarter = np.arange(N) % 4 < 2
    assert made[quarter] / before[quarter] == pytest.approx(0.5)
    assert (made[~quarter] < before[~quarter] / 10).all()


def test_a_mood_is_measured_within_the_genre_that_is_asked_for() -> None:
    one = themes(company=True)
    one._company = lambda _towards, _against: np.where(EVEN, 5, 0) + (np.arange(N) % 4 < 2).astype(np.float32)
    made = score("sad jazz", one)[300:]
    assert made[4] > 5 * made[2] > 0


def test_where_few_years_are_known_company_guesses_the_others_and_it_is_said() -> None:
    _, fit = themes(years=100, company=True).fitted("1980s", 10)
    year = np.arange(100) % 40 + 1980
    assert (fit.score[:100] > 0).tolist() == (year < 1990).tolist()
    unknown, beside = fit.score[100:], np.arange(100, N) % 4 < 2
    assert 0 < unknown[~beside].max() < unknown[beside].min() < fit.score[:100].max()
    assert fit.relaxed == (Relaxed("unsure", "years", "1980–1989", 30),)


def test_an_instrument_holds_where_enough_have_it_and_company_is_as_good() -> None:
    made = themes(company=True)
    made._reader.runs["genre"]["piano"] = made._reader.runs["genre"]["jazz"]  # type: ignore[index]
    far = np.where(np.arange(N) == 351, 9, np.arange(N) % 3).astype(np.float32)
    made._company = lambda towards, _: far if "piano" in towards else None
    made._reader.vocabulary = replace(made._reader.vocabulary, usual=lambda _: True)
    held = score("piano", made) > 0
    assert held[EVEN].all()
    assert np.flatnonzero(held & ~EVEN).tolist() == [351]


def test_what_is_sung_is_not_called_instrumental_however_rare_words_are() -> None:
    made = themes()
    wordless = made._levels.wordless
    assert wordless[150:300].all() and not wordless[:150].any() and not wordless[300:].any()
