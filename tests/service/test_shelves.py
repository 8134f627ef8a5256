# SPDX-License-Identifier: Apache-2.0
"""Shelves of podcasts and audiobooks, in a small world whose shelves are known."""

import shutil
from pathlib import Path

import polars as pl
import pytest

from segue.errors import BadInput
from segue.events.schema import conform
from segue.explain.words import languages
from segue.privacy.profiles import Profile, record_profile
from segue.types import AgeBracket, Ask, Kind, Purpose, Rung, Slate, Spoken
from segue.workspace import Workspace
from tests.conftest import NOW
from tests.spoken import ANNA, BEN, CLEO, LENGTH_MS, MINUTE, chapter, episode, heard


@pytest.fixture
def changed(spoken: Workspace, tmp_path: Path) -> Workspace:
    """A copy, to change at will."""
    shutil.copytree(spoken.home, tmp_path / "home")
    return Workspace.open(tmp_path / "home")


def made(spoken: Workspace, listener: str | None, kind: str = "podcast", **wishes: object) -> dict[str, Slate]:
    return {slate.id: slate for slate in spoken.shelves(kind, listener=listener, now=NOW, **wishes)}  # type: ignore[arg-type]


def shelves(spoken: Workspace, listener: str | None, kind: str = "podcast") -> dict[str, list[str]]:
    return {name: [track.track for track in slate.tracks] for name, slate in made(spoken, listener, kind).items()}


def reasons(spoken: Workspace, listener: str | None, kind: str = "podcast") -> set[str]:
    return {track.reason for slate in made(spoken, listener, kind).values() for track in slate.tracks}


def happens(changed: Workspace, *events: dict[str, object]) -> None:
    changed.sink.append(conform(pl.DataFrame(list(events), infer_schema_length=None)))


def impressions(changed: Workspace) -> pl.DataFrame:
    columns = ["type", "recipe", "tracks", "reason_codes"]
    return changed.door.read(Purpose.OPERATE, columns, listeners=[ANNA]).filter(type="impression")


def test_each_shelf_has_what_it_is_for_and_nothing_stands_twice(spoken: Workspace) -> None:
    assert shelves(spoken, ANNA) == {
        "resume": [episode("alps", 4)],
        "new": [episode("birds", 6), episode("alps", 6)],
        "next": [episode("birds", 3)],
        "discover": [episode("coins", 6), episode("elves", 6)],
    }


def test_an_audiobook_resumes_where_it_was_left_and_else_at_its_next_chapter(spoken: Workspace) -> None:
    assert shelves(spoken, ANNA, "audiobook") == {"resume": [chapter("whales", 3)]}
    assert shelves(spoken, BEN, "audiobook") == {"resume": [chapter("whales", 2)]}


def test_chapters_go_on_in_their_order_to_the_last_and_then_the_book_is_gone(changed: Workspace) -> None:
    for number in (3, 4):
        assert shelves(changed, ANNA, "audiobook")["resume"] == [chapter("whales", number)]
        happens(changed, heard(ANNA, chapter("whales", number), 0.4 - number / 10))
    assert shelves(changed, ANNA, "audiobook") == {}


def test_what_was_begun_comes_back_at_once_the_last_first_with_how_far_it_got(changed: Workspace) -> None:
    happens(changed, heard(ANNA, episode("coins", 2), 0.01, 12, "stopped"))
    shelf = made(changed, ANNA)["resume"]
    assert [track.track for track in shelf.tracks] == [episode("coins", 2), episode("alps", 4)]
    assert shelf.spoken is not None
    assert shelf.spoken[episode("coins", 2)] == {
        "serial": "The coins", "duration_ms": LENGTH_MS, "heard_ms": 12 * MINUTE,
    }  # fmt: skip


@pytest.mark.parametrize(
    "play",
    [
        heard(ANNA, episode("alps", 4), 1, 25),  # 15 and 25 minutes are all of it
        heard(ANNA, episode("alps", 4), 1, 1, "skipped"),
        {"event_id": "no", "type": "dislike", "listener": ANNA, "track": episode("alps", 4), "occurred_at": NOW},
    ],
)
def test_what_is_finished_given_up_or_disliked_does_not_resume(changed: Workspace, play: dict[str, object]) -> None:
    happens(changed, play)
    assert "resume" not in shelves(changed, ANNA)


def test_hardly_begun_is_not_begun_and_long_ago_is_left_for_good(changed: Workspace) -> None:
    happens(changed, heard(ANNA, episode("coins", 1), 1, 0.5, "stopped"))
    happens(changed, heard(ANNA, episode("coins", 2), 100, 20, "stopped"))
    assert shelves(changed, ANNA)["resume"] == [episode("alps", 4)]


def test_the_next_episode_is_not_said_to_be_out_before_its_day(changed: Workspace) -> None:
    happens(changed, heard(CLEO, episode("birds", 5), 5))
    before = changed.shelves("podcast", listener=CLEO, now=NOW.replace(day=2))
    assert {slate.id for slate in before} == {"discover"}
    assert shelves(changed, CLEO)["new"] == [episode("birds", 6)]


def test_reasons_say_what_is_so(spoken: Workspace) -> None:
    assert reasons(spoken, ANNA) == {
        "Continue where you left off",
        "New in The birds, which you listen to",
        "New in The alps, which you listen to",
        "Next in The birds, after Host 1 – Calm 2",
        "Heard by people who hear The birds",
    }
    assert reasons(spoken, CLEO) == {"Popular with everyone now"}


@pytest.mark.parametrize("tag", languages())
def test_reasons_are_said_in_every_language(spoken: Workspace, tag: str) -> None:
    said = made(spoken, ANNA, language=tag)
    assert all("{" not in track.reason for slate in said.values() for track in slate.tracks)
    (only,) = said["next"].tracks
    assert "The birds" in only.reason
    assert "Calm 2" in only.reason
    assert (said["resume"].tracks[0].reason == "Continue where you left off") == (tag == "en")


def test_who_hears_nothing_spoken_and_nobody_get_what_is_popular(spoken: Workspace) -> None:
    famous = [episode(show, 6) for show in ("coins", "birds", "elves", "alps")]
    assert shelves(spoken, None) == {"discover": famous}
    assert shelves(spoken, CLEO) == {"discover": famous}
    assert made(spoken, CLEO)["discover"].rung is Rung.POPULAR
    assert "nothing spoken is known" in made(spoken, CLEO)["discover"].notes[0]


def test_who_withdraws_gets_what_is_popular_and_stands_in_no_impression(changed: Workspace) -> None:
    changed.consent(ANNA, Purpose.PERSONALISE, False)
    before = impressions(changed).height
    assert list(made(changed, ANNA)) == ["discover"]
    assert "does not allow" in made(changed, ANNA)["discover"].notes[0]
    assert impressions(changed).height == before


def test_what_was_shown_is_written_down_with_its_reasons(changed: Workspace) -> None:
    before = impressions(changed).height
    made(changed, ANNA)
    shown = impressions(changed).slice(before)
    assert shown["recipe"].to_list() == ["resume", "new", "next", "discover"]
    assert shown["tracks"][2].to_list() == [episode("birds", 3)]
    assert shown["reason_codes"][2].to_list() == ["next:history"]


def test_popularity_of_what_is_spoken_counts_no_music_and_music_no_podcasts(spoken: Workspace) -> None:
    serving = spoken.current()
    assert serving.shows is not None
    assert not serving.catalog.music[serving.shows.numbers].any()
    assert not serving.popularity[~serving.catalog.music].any()
    assert serving.shows.model.scores.max() == 1


def test_no_shelf_has_what_is_not_for_an_age(changed: Workspace) -> None:
    happens(changed, *(heard(f"sim:listener:{one:06d}", chapter("xenon", 1), 1) for one in range(10, 40)))
    happens(changed, heard(CLEO, chapter("xenon", 1), 1), heard(CLEO, episode("doves", 5), 1))
    assert shelves(changed, CLEO, "audiobook")["resume"] == [chapter("xenon", 2)]
    assert shelves(changed, CLEO)["new"] == [episode("doves", 6)]
    record_profile(changed.sink, CLEO, Profile(age_bracket=AgeBracket.TEEN))
    for kind in Spoken:
        shown = {track for tracks in shelves(changed, CLEO, kind).values() for track in tracks}
        assert not {track for track in shown if "xenon" in track or "doves" in track}
    stranger = Ask("x", Kind.DISCOVER, spoken=Spoken.AUDIOBOOK, context={"age_bracket": "0-12"}, now=NOW)
    assert [track.track for track in changed.answer(stranger).tracks] == [chapter("whales", 1)]


def test_one_shelf_can_be_asked_for_beside_music(spoken: Workspace) -> None:
    asks = [
        Ask("next", Kind.NEXT, listener=ANNA, spoken=Spoken.PODCAST, now=NOW),
        Ask("radio", Kind.RADIO, ("sim:track:000010",), listener=ANNA, now=NOW),
        Ask("none", Kind.NEXT, listener=CLEO, spoken=Spoken.PODCAST, now=NOW),
    ]
    first, second, third = spoken.service.answer(asks, exclude={"next": [episode("birds", 6)]}).slates
    assert isinstance(first, Slate)
    assert isinstance(second, Slate)
    assert isinstance(third, Slate)
    assert [track.track for track in first.tracks] == [episode("birds", 3)]
    assert len(second.tracks) == 30
    assert third.tracks == ()


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (Ask("x", Kind.RESUME, spoken=Spoken.PODCAST), "needs a listener"),
        (Ask("x", Kind.DISCOVER), "spoken is None"),
        (Ask("x", Kind.RADIO, ("a",), spoken=Spoken.PODCAST), "takes `mix`"),
    ],
)
def test_what_is_no_shelf_is_refused(spoken: Workspace, ask: Ask, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        spoken.answer(ask)
    with pytest.raises(BadInput, match="no shelves of 'radio play'"):
        spoken.shelves("radio play")
