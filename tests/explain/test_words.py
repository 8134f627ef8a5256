# SPDX-License-Identifier: Apache-2.0

from string import Formatter

import pytest

from segue.explain.reasons import FACTS
from segue.explain.words import DEFAULT, FIELDS, language, languages, missing
from segue.models.model import Model
from segue.registry.versions import MODELS
from segue.themes.lexicon import CONCEPTS

ENGLISH = languages()[DEFAULT]
SOURCES = [
    f"{model}:{about}" for model, kind in MODELS.items() if issubclass(kind, Model) for about in ("seeds", "history")
]
CODES = [*FACTS, *SOURCES, "title:text", "theme:text", "popularity:SE", "popularity:SE:folk"]


def gaps(sentence: str) -> set[str]:
    return {gap for _, gap, _, _ in Formatter().parse(sentence) if gap is not None}


def sentences() -> list[tuple[str, str]]:
    return [(tag, code) for tag, spoken in languages().items() for code in spoken.reasons]


def test_there_are_five_languages() -> None:
    assert list(languages()) == ["de", "en", "es", "ja", "pt"]


@pytest.mark.parametrize("tag", languages())
def test_every_language_says_the_same_reasons(tag: str) -> None:
    assert list(languages()[tag].reasons) == list(ENGLISH.reasons)


@pytest.mark.parametrize(("tag", "code"), sentences())
def test_a_sentence_has_the_gaps_of_the_english_one(tag: str, code: str) -> None:
    spoken = languages()[tag]
    assert gaps(spoken.reasons[code]) == gaps(ENGLISH.reasons[code]) <= set(FIELDS)
    assert gaps(spoken.track) == {"title", "artist"}


@pytest.mark.parametrize(("tag", "code"), sentences())
def test_a_sentence_with_everything_filled_in_is_whole(tag: str, code: str) -> None:
    spoken = languages()[tag]
    names = {name: f"<{name}>" for name in FIELDS}
    said = spoken.reasons[code].format(**names)
    assert all(said.count(names[gap]) == 1 for gap in gaps(spoken.reasons[code]))
    assert not set("{}'\"") & set(said)
    assert said == said.strip()
    assert said[0].isupper() or said[0] == "<" or tag == "ja"
    assert "  " not in said
    assert not said.endswith((".", "。"))


@pytest.mark.parametrize("tag", languages())
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("named", [True, False])
def test_every_source_and_every_fact_has_words(tag: str, code: str, named: bool) -> None:
    said = languages()[tag].sentence(code, named=named)
    assert said
    assert code in FACTS or named or "{seed}" not in said


@pytest.mark.parametrize("part", ["messages", "kinds", "sounds"])
@pytest.mark.parametrize("tag", languages())
def test_every_language_has_each_message_with_its_gaps(tag: str, part: str) -> None:
    ours, english = getattr(languages()[tag], part), getattr(ENGLISH, part)
    assert list(ours) == list(english)
    for code, said in ours.items():
        assert said.strip(", ;") or code == "join"
        assert sorted(gaps(said)) == sorted(gaps(english[code]))
        assert all(said.count(f"{{{gap}}}") == 1 for gap in gaps(said))


@pytest.mark.parametrize("tag", languages())
def test_every_language_says_whatever_can_be_understood_relaxed_or_asked_of_a_sound(tag: str) -> None:
    spoken = languages()[tag]
    numbers = {"tempo", "years", "language", "region", "genre", "instrument", "artist", "learned"}
    assert set(spoken.kinds) == {concept.kind for concept in CONCEPTS} | numbers
    assert {aim.column for concept in CONCEPTS for aim in concept.wanted()} <= set(spoken.sounds)
    assert {
        "gap",
        "length",
        "dial",
        "unsure",
        "cannot",
        "nothing",
        "untitled",
        "silent",
        "strange",
        "undialled",
        "worn",
        "short",
    } <= set(spoken.messages)


@pytest.mark.parametrize("tag", languages())
def test_parts_become_one_list(tag: str) -> None:
    spoken = languages()[tag]
    assert spoken.all_of(["a"]) == "a"
    assert [spoken.all_of(["1", "2", "3"]).count(one) for one in "123"] == [1, 1, 1]


def test_messages_of_other_languages_are_not_english() -> None:
    for tag, spoken in languages().items():
        if tag != DEFAULT:
            same = {code for code, said in spoken.messages.items() if said == ENGLISH.messages[code]}
            assert same <= {"join", "read", "meant", "quoted", "wish", "wordless"}, tag


def test_other_languages_are_not_english() -> None:
    for tag, spoken in languages().items():
        same = [code for code, said in spoken.reasons.items() if said == ENGLISH.reasons[code]]
        assert tag == DEFAULT or not same


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("en", "Kraftwerk – Antenna"),
        ("de", "„Antenna“ von Kraftwerk"),
        ("es", "«Antenna», de Kraftwerk"),
        ("pt", "“Antenna”, de Kraftwerk"),
        ("ja", "Kraftwerkの「Antenna」"),
    ],
)
def test_a_track_is_named_as_the_language_does(tag: str, said: str) -> None:
    assert languages()[tag].call("Antenna", "Kraftwerk") == said
    assert languages()[tag].call("Kraftwerk", "Kraftwerk") == "Kraftwerk"


@pytest.mark.parametrize(("asked", "found"), [("pt", "pt"), ("pt-BR", "pt"), ("DE_at", "de"), (None, "en")])
def test_of_a_tag_the_language_counts(asked: str | None, found: str) -> None:
    spoken = language(asked)
    assert spoken is not None
    assert spoken.tag == found
    assert missing(asked) is None


def test_a_language_that_nobody_wrote_is_told() -> None:
    assert language("tlh") is None
    assert "'tlh' yet, but in de, en, es, ja, pt" in str(missing("tlh"))
