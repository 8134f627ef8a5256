# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from segue.errors import BadInput
from segue.playlists import arcs
from segue.types import Ask, Kind, Refusal, Rung, Slate
from segue.workspace import Workspace
from tests.conftest import NOW


def answered(world: Workspace, text: str, **asked: object) -> Slate:
    ask = Ask("m", Kind.MOOD, text=text, now=NOW, **{"limit": 20, **asked})  # type: ignore[arg-type]
    (slate,) = world.service.answer([ask]).slates
    assert isinstance(slate, Slate), slate
    return slate


def column(world: Workspace, slate: Slate, name: str) -> list[object]:
    catalog = world.current().catalog
    return catalog.tracks[name].gather(catalog.numbers(track.track for track in slate.tracks)).to_list()


def mean(world: Workspace, slate: Slate, name: str) -> float:
    return float(np.mean(np.array(column(world, slate, name), np.float64)))


@pytest.mark.parametrize(("more", "less", "name"), [
    ("energetic", "calm", "energy"), ("happy", "sad", "valence"), ("fast", "slow", "tempo_bpm"),
    ("energía", "musique calme", "energy"), ("楽しい", "悲しい", "valence"),
])  # fmt: skip
def test_moods_have_the_sound_that_they_ask_for(world: Workspace, more: str, less: str, name: str) -> None:
    assert mean(world, answered(world, more), name) > mean(world, answered(world, less), name)


def test_a_genre_that_is_asked_for_is_what_comes(world: Workspace) -> None:
    genres = column(world, answered(world, "jazz", limit=8), "genres")
    assert np.mean(["jazz" in str(of) for of in genres]) >= 0.8


def test_a_language_holds(world: Workspace) -> None:
    made = answered(world, "en español", limit=10)
    assert set(column(world, made, "language")) <= {"es", None}
    assert "es" in column(world, made, "language")


def test_a_tempo_in_numbers_holds_and_is_said(world: Workspace) -> None:
    made = answered(world, "100-130 bpm")
    beats = np.array(column(world, made, "tempo_bpm"), np.float64)
    assert ((beats >= 99.9) & (beats <= 130.1)).all()
    assert all("100–130 beats a minute" in track.reason for track in made.tracks)


def test_what_cannot_hold_is_said(world: Workspace) -> None:
    made = answered(world, "1961 energetic")
    assert any(note.startswith("years 1961 cannot hold") for note in made.notes)
    assert made.tracks


def test_what_was_understood_and_what_was_not_is_said(world: Workspace) -> None:
    made = answered(world, "flurbgl calm jazz")
    assert made.theme is not None
    assert [(one["words"], one["as"]) for one in made.theme["understood"]] == [("calm", "mood"), ("jazz", "genre")]
    assert made.theme["unknown"] == ["flurbgl"]
    assert "not understood: “flurbgl”" in made.notes
    assert Slate.from_json(made.to_json()) == made


def test_of_words_that_nothing_knows_everyones_music_comes_with_a_note(world: Workspace) -> None:
    made = answered(world, "qqqq 🜚")
    assert (made.rung, made.recipe) == (Rung.POPULAR, "popular")
    assert any("nothing is understood of 'qqqq 🜚'" in note for note in made.notes)


@pytest.mark.parametrize(
    ("tag", "unknown", "tempo"),
    [
        ("de", "nicht verstanden: „flurbgl“", "100–130 Schläge pro Minute"),
        ("es", "no entendido: «flurbgl»", "100–130 pulsaciones por minuto"),
        ("pt", "não entendido: “flurbgl”", "100–130 batidas por minuto"),
        ("ja", "わからなかった言葉：「flurbgl」", "毎分100–130拍"),
    ],
)
def test_notes_reasons_and_meanings_are_in_the_askers_language(
    world: Workspace, tag: str, unknown: str, tempo: str
) -> None:
    made = answered(world, "flurbgl 100-130 bpm", language=tag)
    assert unknown in made.notes
    assert made.theme is not None and made.theme["understood"][0]["meaning"] == tempo
    assert all(tempo in track.reason for track in made.tracks)
    nothing = answered(world, "qqqq 🜚", language=tag, limit=1000)
    english = answered(world, "qqqq 🜚", limit=1000)
    assert len(nothing.notes) == len(english.notes) > 1
    assert not set(nothing.notes) & set(english.notes)


def test_reasons_are_true_of_each_track(world: Workspace) -> None:
    made = answered(world, "very energetic jazz")
    energies = np.array(world.current().catalog.tracks["energy"].to_numpy())
    border = np.quantile(energies, 0.87)
    for track, energy, genres in zip(
        made.tracks, column(world, made, "energy"), column(world, made, "genres"), strict=True
    ):
        stated = track.reason.lower().partition("suits playlists")[0]
        assert ("jazz" in stated) == ("jazz" in str(genres))
        if "energetic" in stated:
            assert float(str(energy)) >= border - 0.01


def test_an_artist_who_is_named_is_not_capped(world: Workspace) -> None:
    catalog, popularity = world.current().catalog, world.current().artist_popularity
    number = int(np.argmax(np.bincount(catalog.artist) * (popularity > 0)))
    name = catalog.artists["name"][number]
    made = answered(world, f"by {name}", limit=10)
    own = [one for one in column(world, made, "artist_name") if one == name]
    assert len(own) > 3 or len(own) == int((catalog.artist == number).sum())


def test_a_listener_leans_the_list_to_their_taste(world: Workspace) -> None:
    who = world.listeners()[0]
    mine, anyones = answered(world, "calm", listener=who), answered(world, "calm")
    assert mine.rung is Rung.PERSONAL
    assert anyones.rung is Rung.SESSION
    assert [one.track for one in mine.tracks] != [one.track for one in anyones.tracks]


def test_the_words_choose_the_arc_and_who_asks_can_choose_another(world: Workspace) -> None:
    def error(slate: Slate, name: str) -> float:
        return arcs.error(arcs.arc(name), np.array(column(world, slate, "energy"), np.float32))

    assert error(answered(world, "workout"), "build") < 0.2
    assert error(answered(world, "workout", arc="wind-down"), "wind-down") < 0.2


def test_moods_asked_together_are_as_each_alone(world: Workspace) -> None:
    texts = ["calm", "jazz 100-130 bpm", "party", "flurbgl"]
    asks = [Ask(text, Kind.MOOD, text=text, now=NOW) for text in texts]
    together = world.service.answer(asks, parallel=True).slates
    alone = [world.service.answer([ask]).slates[0] for ask in asks]
    assert together == alone


def test_a_mood_without_words_or_with_an_arc_that_is_none_is_refused(world: Workspace) -> None:
    for ask, why in (
        (Ask("m", Kind.MOOD, text=" "), "a mood needs text"),
        (Ask("m", Kind.MOOD, text="x" * 1001), "1001 characters"),
        (Ask("m", Kind.MOOD, text="calm", arc="zigzag"), "zigzag"),
    ):
        (refusal,) = world.service.answer([ask]).slates
        assert isinstance(refusal, Refusal) and why in refusal.error
    with pytest.raises(BadInput, match="a mood needs text"):
        world.mood("")


def test_a_line_of_a_batch_asks_for_a_mood(world: Workspace) -> None:
    (line,) = world.batch(['{"id": "1", "kind": "mood", "text": "calm jazz", "arc": "build", "limit": 5}'], now=NOW)
    assert len(line["tracks"]) == 5
    assert line["theme"]["unknown"] == []
    (wrong,) = world.batch(['{"id": "1", "kind": "mood", "text": 5}'], now=NOW)
    assert wrong["error"] == "text is 5; it must be text"
