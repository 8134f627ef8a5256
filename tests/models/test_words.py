# SPDX-License-Identifier: Apache-2.0
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from segue.dataset.matrices import CONTENT, Dataset
from segue.errors import Damaged, NotFound, NotReady
from segue.models.als import ImplicitALS, ImplicitALSConfig
from segue.models.words import Neighbour, Words, WordsConfig

from .meanings import write
from .worlds import interactions, vocabulary

SPACE = ImplicitALSConfig(factors=8, alpha=20.0, regularization=1.0, iterations=15)
SMALL = WordsConfig(least=2, evidence=5.0)
KINDS = {"lluvia": ("es", "sad"), "rain": ("en", "sad"), "verano": ("es", "glad"), "summer": ("en", "glad")}
EACH = 6
"""Tracks of each kind."""


def songs() -> list[str]:
    """Track i is of kind i // EACH, and has its kind's word and one of its own in the title."""
    return [f"{word.title()} {word[0]}{chr(97 + place)}" for word in KINDS for place in range(EACH)]


def world(titles: Sequence[str] | None = None, playlists: Sequence[str | None] | None = None) -> Dataset:
    """Listeners of one mood and mostly one language: sad and glad music in Spanish and English.

    Args:
        titles: Of the tracks; else the word of their kind and another.
        playlists: Titles of eight playlists: two of each kind's tracks.
    """
    named = songs() if titles is None else titles
    rng = np.random.Generator(np.random.PCG64(5))
    rows = []
    for kind, (language, mood) in enumerate(KINDS.values()):
        other = next(place for place, (code, felt) in enumerate(KINDS.values()) if code != language and felt == mood)
        for _ in range(12):
            own = (kind * EACH + rng.permutation(EACH)[:4]).tolist()
            crossed = (other * EACH + rng.permutation(EACH)[:2]).tolist()
            rows.append(dict.fromkeys(sorted([*own, *crossed]), 1.0))
    content = pl.DataFrame(
        {"title": named, "language": [code for code, _ in KINDS.values() for _ in range(EACH)]},
        schema_overrides={"title": pl.String},
    )
    content = content.select(
        pl.col(name) if name in content.columns else pl.lit(None, kind).alias(name) for name, kind in CONTENT.items()
    )
    data = Dataset(vocabulary(len(named)), listeners=interactions(rows), content=content)
    if playlists is None:
        return data
    own_rows = [dict.fromkeys(range(kind * EACH, kind * EACH + EACH), 1.0) for kind in (0, 0, 1, 1, 2, 2, 3, 3)]
    made = replace(interactions(own_rows), titles=pl.Series("title", list(playlists), pl.String))
    return replace(data, playlists=made)


def fitted(data: Dataset, config: WordsConfig = SMALL) -> Words:
    space = ImplicitALS(SPACE)
    space.fit(data, seed=2)
    words = Words(config)
    words.fit(data, space)
    return words


def near(words: Words, word: str, k: int = 1, language: str | None = None) -> list[str]:
    return [one.word for one in words.neighbours(word, k, language=language)]


def test_words_of_different_languages_that_lead_to_the_same_music_are_neighbours() -> None:
    words = fitted(world())
    assert [near(words, word) for word in KINDS] == [["rain"], ["lluvia"], ["summer"], ["verano"]]


def test_neighbours_tell_their_language_and_how_near_they_are() -> None:
    first, *others = fitted(world()).neighbours("lluvia", 3)
    assert first.language == "en"
    assert 1 >= first.score > others[0].score >= others[1].score
    assert first == Neighbour("rain", first.score, "en")


def test_only_words_of_a_language_may_be_asked_for() -> None:
    words = fitted(world())
    assert near(words, "lluvia", 9, "en") == ["rain", "summer"]
    assert near(words, "lluvia", 9, "EN") == ["rain", "summer"]
    assert near(words, "lluvia", 9, "fr") == []


def test_a_word_is_no_neighbour_of_its_own_and_no_more_come_than_there_are() -> None:
    words = fitted(world())
    assert sorted(near(words, "rain", 50)) == ["lluvia", "summer", "verano"]


@pytest.mark.parametrize("typed", ["Lluvia", " LLUVIA ", "lluvia"])
def test_a_word_is_found_however_it_is_typed(typed: str) -> None:
    assert near(fitted(world()), typed) == ["rain"]


def test_an_unknown_word_is_refused_and_near_spellings_are_offered() -> None:
    words = fitted(world())
    with pytest.raises(NotFound, match="no word 'lluvias' stands in enough titles; did you mean 'lluvia'"):
        words.neighbours("lluvias")
    with pytest.raises(NotFound, match="no word 'qqq' stands in enough titles; try a common word"):
        words.neighbours("qqq")


def test_titles_of_playlists_place_words_too() -> None:
    titles = [None, "Tristes", "tristes", "gloomy", "Gloomy mix", None, "happy", "happy"]
    words = fitted(world(playlists=titles))
    assert near(words, "gloomy") == ["rain"] or near(words, "gloomy") == ["tristes"]
    assert {"rain", "gloomy"} & set(near(words, "tristes", 2))
    assert near(words, "happy", 3)[0] in ("summer", "verano")
    assert {one.language for one in words.neighbours("rain", 9) if one.word == "gloomy"} == {None}


def test_genres_are_words_and_may_have_spaces() -> None:
    data = world()
    genres = [["Bossa Nova"] if title.startswith(("Lluvia", "Rain")) else ["pop"] for title in songs()]
    assert data.content is not None
    words = fitted(replace(data, content=data.content.with_columns(pl.Series("genres", genres))))
    assert set(near(words, "bossa nova", 2)) == {"lluvia", "rain"}
    assert set(near(words, "pop", 2)) == {"verano", "summer"}


def test_what_follows_a_title_proper_and_mere_numbers_are_no_words() -> None:
    titles = [f"{title} 1999 - Live (Acoustic Version)" for title in songs()]
    assert set(near(fitted(world(titles)), "rain", 50)) == {"lluvia", "summer", "verano"}


def test_scripts_and_emoji_are_read() -> None:
    spelt = {"lluvia": "हिन्दी", "rain": "雨", "verano": "лето", "summer": "☀️"}
    titles = [f"{spelt[title.split()[0].lower()]} {title.split()[1]}" for title in songs()]
    words = fitted(world(titles))
    assert [near(words, word) for word in ("हिन्दी", "雨", "лето", "☀️")] == [["雨"], ["हिन्दी"], ["☀"], ["лето"]]


def test_a_word_of_fewer_titles_than_configured_is_not_kept() -> None:
    titles = ["Rare rain aa" if place == EACH else title for place, title in enumerate(songs())]
    assert "rare" not in near(fitted(world(titles)), "rain", 50)
    assert "rare" in near(fitted(world(titles), SMALL.model_copy(update={"least": 1})), "rain", 50)


def test_no_more_words_than_configured_are_kept_and_those_of_the_most_evidence() -> None:
    data = world([f"song {title}" for title in songs()])
    assert set(near(fitted(data, SMALL.model_copy(update={"most": 1})), "song", 9)) == set()


def test_a_word_of_more_evidence_is_believed_more() -> None:
    titles = ["Storm rain" if place in (EACH, EACH + 1) else title for place, title in enumerate(songs())]
    words = fitted(world(titles))
    lengths = dict(zip(["lluvia", "rain", "storm"], np.linalg.norm(words.vectors, axis=1), strict=False))
    assert words.vectors.shape[0] == 5
    assert lengths["storm"] < lengths["rain"] < 1


def test_without_languages_the_language_tells_most() -> None:
    data = world()
    assert data.content is not None
    blind = replace(data, content=data.content.with_columns(pl.lit(None, pl.String).alias("language")))
    first = fitted(blind).neighbours("lluvia", 1)[0]
    assert first.language is None
    assert fitted(data).neighbours("lluvia", 1)[0].score != first.score


@pytest.mark.parametrize("data", [world(["1", "2"] * 12), replace(world(), content=None)], ids=["numbers", "no titles"])
def test_without_words_it_is_not_ready(data: Dataset) -> None:
    with pytest.raises(NotReady, match="words: no word stands in 2 titles or more"):
        fitted(data)


MEANINGS = {
    "lluvia": [1.0, 0.0, 0.0], "rain": [1.0, 0.0, 0.0], "pluie": [1.0, 0.0, 0.0],
    "verano": [0.0, 1.0, 0.0], "summer": [0.0, 1.0, 0.0], "rare": [0.0, 0.0, 1.0],
}  # fmt: skip


def with_meanings(folder: Path) -> WordsConfig:
    return SMALL.model_copy(update={"onnx": write(folder, MEANINGS), "regularization": 0.1})


def test_a_sentence_model_answers_for_texts_that_no_title_has(tmp_path: Path) -> None:
    words = fitted(world(), with_meanings(tmp_path))
    assert set(near(words, "pluie", 2)) == {"lluvia", "rain"}
    assert set(near(words, "summer rain", 4)) == set(KINDS)


def test_a_sentence_model_moves_what_is_believed_little_and_leaves_what_is_believed_much(tmp_path: Path) -> None:
    titles = ["Rare rain" if place in (EACH, EACH + 1) else title for place, title in enumerate(songs())]
    config = with_meanings(tmp_path).model_copy(update={"onnx": write(tmp_path, {**MEANINGS, "rare": [0.0, 1.0, 0.0]})})
    alone, both = fitted(world(titles)), fitted(world(titles), config)
    summery = (
        {one.word: one.score for one in alone.neighbours("rare", 9)},
        {one.word: one.score for one in both.neighbours("rare", 9)},
    )
    assert summery[1]["summer"] > summery[0]["summer"] + 0.05
    certain = config.model_copy(update={"evidence": 0.0})
    np.testing.assert_allclose(
        fitted(world(titles), certain).vectors,
        fitted(world(titles), SMALL.model_copy(update={"evidence": 0.0})).vectors,
    )


def test_a_loaded_model_reads_the_sentence_model_where_it_was(tmp_path: Path) -> None:
    config = with_meanings(tmp_path)
    words = fitted(world(), config)
    loaded = Words(config)
    loaded.restore(words.state())
    assert loaded.neighbours("pluie", 3) == words.neighbours("pluie", 3)


def test_another_sentence_model_than_the_one_trained_with_is_refused(tmp_path: Path) -> None:
    config = with_meanings(tmp_path)
    loaded = Words(config)
    loaded.restore(fitted(world(), config).state())
    write(tmp_path, {**MEANINGS, "pluie": [0.0, 1.0, 0.0]})
    assert near(loaded, "lluvia") == ["rain"]
    with pytest.raises(Damaged, match="is not the one that was trained with"):
        loaded.neighbours("pluie")


def test_the_same_data_learns_the_same_bytes() -> None:
    first, second = fitted(world()).state(), fitted(world()).state()
    assert list(first) == list(Words.learned)
    assert [array.tobytes() for array in first.values()] == [array.tobytes() for array in second.values()]


def test_arrays_on_disk_are_the_whole_state(tmp_path: Path) -> None:
    words = fitted(world())
    for name, array in words.state().items():
        np.save(tmp_path / name, array, allow_pickle=False)
    loaded = Words(SMALL)
    loaded.restore({name: np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in Words.learned})
    assert loaded.neighbours("lluvia", 9) == words.neighbours("lluvia", 9)


def test_the_dataset_is_not_changed() -> None:
    data = world(playlists=["sad"] * 8)
    before = data.fingerprint
    fitted(data)
    assert replace(data).fingerprint == before


def test_a_config_refuses_unknown_keys_and_round_trips_through_json(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="no_such_key"):
        WordsConfig.model_validate({"no_such_key": 1})
    for config in (WordsConfig(), SMALL, with_meanings(tmp_path)):
        assert WordsConfig.model_validate_json(config.model_dump_json()) == config
