# SPDX-License-Identifier: Apache-2.0
"""Nothing spoken among music, on any way to an answer, unless it is asked for."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from segue.apps.gateway import create
from segue.errors import BadInput, NotFound
from segue.stores import files
from segue.types import Ask, Kind, Slate
from segue.workspace import Workspace
from tests.conftest import NOW
from tests.spoken import ANNA, BEN, CLEO, chapter, episode

SEED = "sim:track:000010"
EVERYONE = (ANNA, BEN, CLEO, None)


def is_spoken(track: str) -> bool:
    return track.startswith(("pod:", "book:"))


def assert_music(slate: Slate | dict[str, object]) -> None:
    line = slate.to_json() if isinstance(slate, Slate) else slate
    tracks = [track["track"] for track in line["tracks"]]  # type: ignore[index, attr-defined]
    assert tracks
    assert not [track for track in tracks if is_spoken(track)]
    assert "spoken" not in line


def asks(listener: str | None) -> list[Ask]:
    return [
        Ask("radio", Kind.RADIO, (SEED,), listener=listener, now=NOW),
        Ask("long", Kind.RADIO, (SEED,), listener=listener, limit=600, now=NOW),
        Ask("timed", Kind.RADIO, (SEED,), listener=listener, minutes=90, now=NOW),
        Ask("continue", Kind.CONTINUE, (SEED, "sim:track:000021"), "calm metal", listener, now=NOW),
        Ask("title", Kind.CONTINUE, (), "calm metal", listener, now=NOW),
        Ask("mood", Kind.MOOD, listener=listener, limit=100, now=NOW, text="calm metal"),
        Ask("popular", Kind.CONTINUE, (), "qzqzqz", listener, limit=600, now=NOW),
        Ask("nothing understood", Kind.MOOD, listener=listener, limit=600, now=NOW, text="qzqzqz"),
        *([Ask("weekly", Kind.WEEKLY, listener=listener, limit=100, now=NOW)] if listener else []),
        *([Ask("dialled", Kind.RADIO, (SEED,), None, listener, dial=0.0, now=NOW)] if listener else []),
    ]


@pytest.mark.parametrize("listener", EVERYONE)
def test_every_recipe_and_every_rung_is_music_alone(spoken: Workspace, listener: str | None) -> None:
    answered = spoken.service.answer(asks(listener)).slates
    assert {slate.recipe for slate in answered if isinstance(slate, Slate)} >= {"radio", "continuation", "mood"}
    for slate in answered:
        assert isinstance(slate, Slate)
        assert_music(slate)


def test_a_name_means_music_and_an_id_whatever_has_it(spoken: Workspace) -> None:
    assert spoken.find(episode("alps", 1)) == episode("alps", 1)
    with pytest.raises(NotFound, match="no track 'Host 1 - Calm 1'"):
        spoken.find("Host 1 - Calm 1")


def test_music_does_not_follow_from_what_is_spoken(spoken: Workspace) -> None:
    both = Ask("c", Kind.CONTINUE, (episode("alps", 1), SEED), now=NOW)
    assert_music(slate := spoken.answer(both))
    assert "1 of 2 tracks are spoken" in slate.notes[0]
    with pytest.raises(Exception, match="is an episode, and music is asked for"):
        spoken.answer(Ask("r", Kind.RADIO, (episode("alps", 1),), now=NOW))
    with pytest.raises(Exception, match="is a chapter"):
        spoken.radio(chapter("whales", 1))


@pytest.fixture
def changed(spoken: Workspace, tmp_path: Path) -> Workspace:
    """A copy, to change at will."""
    shutil.copytree(spoken.home, tmp_path / "home")
    return Workspace.open(tmp_path / "home")


def test_weeklies_of_everyone_are_music_as_they_are_made_and_as_they_are_kept(changed: Workspace) -> None:
    changed.weekly(now=NOW)
    for listener in (ANNA, BEN, CLEO):
        assert_music(changed.weekly_of(listener, now=NOW).slate)


def test_what_was_kept_with_something_spoken_in_it_is_not_shown_so(changed: Workspace) -> None:
    listener = ANNA
    kept = changed.weekly_of(listener, now=NOW)
    (there,) = changed.shelf.editions(listener, "weekly")
    planted = replace(there, picks=(replace(there.picks[0], track=episode("birds", 6)), *there.picks[1:]))
    changed.shelf.put([planted])
    assert_music(again := changed.weekly_of(listener, now=NOW).slate)
    assert len(again.tracks) == len(kept.slate.tracks)


def test_themes_are_music_as_they_are_made_and_as_they_are_kept(changed: Workspace) -> None:
    _, due = changed.themes(listener=ANNA, now=NOW)
    assert due
    assert not [track for one in due for track in one.tracks if is_spoken(track)]
    path = changed.home / "playlists" / "themes.json"
    content = files.read_sealed(path)
    for one in content["themes"].values():
        one["tracks"].insert(0, episode("birds", 6))
    files.write_sealed(path, content)
    for listener in EVERYONE:
        _, again = changed.themes(listener=listener, now=NOW)
        assert len(again) == len(due)
        assert not [track for one in again for track in one.tracks if is_spoken(track)]


def test_a_batch_is_music_unless_its_line_says_otherwise(spoken: Workspace) -> None:
    lines = [
        {"id": "a", "kind": "radio", "tracks": [SEED], "listener": ANNA},
        {"id": "b", "kind": "next", "spoken": "podcast", "listener": ANNA},
        {"id": "c", "kind": "radio", "tracks": [SEED], "mix": {"music": 0.9, "podcast": 0.1}},
        {"id": "d", "kind": "next", "spoken": "opera", "listener": ANNA},
        {"id": "e", "kind": "radio", "tracks": [SEED], "mix": {"music": 0.9, "podcast": 0.2}},
    ]
    radio, shelf, mixed, *refused = spoken.batch(map(json.dumps, lines), now=NOW)
    assert_music(radio)
    assert [track["track"] for track in shelf["tracks"]] == [episode("birds", 3)]
    assert sum(is_spoken(track["track"]) for track in mixed["tracks"]) == 3
    assert ["opera" in refused[0]["error"], "add up to 1.1" in refused[1]["error"]] == [True, True]


# Asked for

MIX = {"music": 0.8, "podcast": 0.1, "audiobook": 0.1}


def places(slate: Slate) -> list[int]:
    return [place for place, track in enumerate(slate.tracks) if is_spoken(track.track)]


def test_a_mix_has_its_shares_spread_over_it_and_its_music_as_it_would_be(spoken: Workspace) -> None:
    slate = spoken.radio(SEED, listener=ANNA, limit=20, mix={"music": 0.8, "podcast": 0.2}, now=NOW)
    assert len(slate.tracks) == 20
    assert places(slate) == [2, 7, 12, 17]
    picked = [track.track for track in slate.tracks if is_spoken(track.track)]
    assert picked == [episode("alps", 4), episode("birds", 6), episode("coins", 6), episode("elves", 6)]
    alone = spoken.radio(SEED, listener=ANNA, limit=16, now=NOW)
    assert [track for track in slate.tracks if not is_spoken(track.track)] == list(alone.tracks)
    assert slate.spoken is not None
    assert set(slate.spoken) == set(picked)


def test_a_mix_that_was_shown_is_found_again_with_what_is_spoken_in_it(changed: Workspace) -> None:
    slate = changed.radio(SEED, listener=ANNA, limit=20, mix={"music": 0.8, "podcast": 0.2}, now=NOW)
    again = changed.playlist(slate.id)
    assert [one.shown.track for one in again.tracks] == [track.track for track in slate.tracks]


def test_a_mix_can_be_of_three_and_what_is_missing_is_music(spoken: Workspace) -> None:
    slate = spoken.radio(SEED, listener=ANNA, limit=20, mix=MIX, now=NOW)
    kinds = [track.track.partition(":")[0] for track in slate.tracks]
    assert (kinds.count("pod"), kinds.count("book"), len(kinds)) == (2, 1, 20)  # no second audiobook is known


@pytest.mark.parametrize("listener", EVERYONE)
@pytest.mark.parametrize("kind", [Kind.RADIO, Kind.CONTINUE, Kind.MOOD])
def test_a_mix_of_nothing_spoken_is_music(spoken: Workspace, listener: str | None, kind: Kind) -> None:
    ask = Ask("m", kind, (SEED,) if kind is not Kind.MOOD else (), None, listener, now=NOW, text="calm metal")
    slate = spoken.answer(
        replace(ask, mix={"music": 1.0, "podcast": 0.0}, text=ask.text if kind is Kind.MOOD else None)
    )
    assert not places(slate)


@pytest.mark.parametrize(
    ("mix", "said"),
    [
        ({"music": 0.5}, "add up to 0.5"),
        ({"music": 0.5, "opera": 0.5}, "'opera'"),
        ({"music": 1.5, "podcast": -0.5}, "a share is from 0 to 1"),
        ({"podcast": 1.0}, "has music in it"),
    ],
)
def test_what_is_no_mix_is_refused(spoken: Workspace, mix: dict[str, float], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        spoken.radio(SEED, mix=mix)


def test_a_weekly_and_a_list_for_a_time_have_no_mix(spoken: Workspace) -> None:
    with pytest.raises(BadInput, match="a weekly has no mix"):
        spoken.answer(Ask("w", Kind.WEEKLY, listener=ANNA, mix=MIX))
    with pytest.raises(BadInput, match="no minutes"):
        spoken.radio(SEED, minutes=60, mix=MIX)


# Over HTTP


def test_over_http_it_is_music_unless_it_is_asked_for(changed: Workspace) -> None:
    with TestClient(create(changed)) as client:
        for query in ("", f"&listener={ANNA}"):
            assert_music(client.get(f"/v1/radio?track={SEED}{query}").json())
            assert_music(client.get(f"/v1/moods/calm metal?limit=100{query}").json())
        assert_music(client.post("/v1/continue", json={"title": "calm metal", "listener": ANNA}).json())
        assert_music(client.get(f"/v1/listeners/{ANNA}/weekly").json())
        assert client.get(f"/v1/radio?track={episode('alps', 1)}").status_code == 404
        mixed = client.get(f"/v1/radio?track={SEED}&limit=10&mix=music=0.8,podcast=0.2").json()
        assert sum(is_spoken(track["track"]) for track in mixed["tracks"]) == 2
        body = {"tracks": [SEED], "limit": 10, "mix": {"music": 0.5, "podcast": 0.5}}
        assert sum(is_spoken(one["track"]) for one in client.post("/v1/continue", json=body).json()["tracks"]) == 4


def test_shelves_over_http(changed: Workspace) -> None:
    with TestClient(create(changed)) as client:
        own = client.get(f"/v1/shelves/audiobook?listener={ANNA}", headers={"Accept-Language": "de"}).json()
        assert own["kind"] == "audiobook"
        (shelf,) = own["shelves"]
        assert (shelf["id"], shelf["rung"]) == ("resume", "personal")
        assert shelf["spoken"] == {chapter("whales", 3): {"serial": "whales", "position": 3, "duration_ms": 2_400_000}}
        assert shelf["tracks"][0]["reason"] == "Wie es in whales nach „Chapter 2“ von Author 0 weitergeht"
        (popular,) = client.get("/v1/shelves/podcast?limit=2").json()["shelves"]
        assert (popular["rung"], len(popular["tracks"])) == ("popular", 2)
        assert client.get("/v1/shelves/music").status_code == 422
