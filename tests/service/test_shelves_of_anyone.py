# SPDX-License-Identifier: Apache-2.0
"""Shelves of listeners who did anything at all, beside what someone would make of their log by hand."""

import random
import shutil
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

from segue.events.schema import conform
from segue.workspace import Workspace
from tests.conftest import NOW
from tests.spoken import CHAPTERS, EPISODES, SHOWS, chapter, episode, heard

LISTENERS = [f"anyone {number}" for number in range(40)]
ENDS = ["finished", "finished", "stopped", "stopped", "skipped"]


def lives() -> list[dict[str, Any]]:
    chance = random.Random(3)
    plays = []
    for listener in LISTENERS:
        for _ in range(chance.randint(1, 25)):
            part = episode(chance.choice(SHOWS), chance.randint(1, EPISODES))
            if chance.random() < 0.3:
                part = chapter("whales", chance.randint(1, CHAPTERS))
            how = chance.choice(ENDS)
            minutes = 40.0 if how == "finished" else chance.choice([0.2, 5.0, 20.0, 35.0])
            plays.append(heard(listener, part, chance.uniform(0.01, 90), minutes, how))
    return plays


@pytest.fixture(scope="module")
def anyone(spoken: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    home = tmp_path_factory.mktemp("anyone") / "home"
    shutil.copytree(spoken.home, home)
    workspace = Workspace.open(home)
    workspace.sink.append(conform(pl.DataFrame(lives(), infer_schema_length=None)))
    yield workspace
    workspace.sink.close()


def by_hand(plays: list[dict[str, Any]], of: str) -> dict[str, Any]:
    """Read one listener's log of podcasts ("pod") or books ("book") from its beginning to its end."""
    at: dict[str, float] = defaultdict(float)
    state, last, seen = {}, {}, {}
    for play in sorted(plays, key=lambda one: one["occurred_at"]):
        track = play["track"]
        if not track.startswith(of):
            continue
        minutes = play["played_ms"] / 60_000
        at[track] = 0 if play["end_reason"] == "finished" else at[track] + minutes
        ended = play["end_reason"] == "finished" or at[track] >= 38
        state[track] = "finished" if ended else "given up" if play["end_reason"] == "skipped" else "begun"
        last[track] = play["occurred_at"]
        seen[track.rpartition(":")[0]] = track
    return {"at": at, "state": state, "last": last, "seen": seen}


@pytest.mark.parametrize("listener", LISTENERS)
def test_podcasts_are_what_one_would_find_by_hand(anyone: Workspace, listener: str) -> None:
    told = by_hand([play for play in lives() if play["listener"] == listener], "pod")
    made = {slate.id: slate for slate in anyone.shelves("podcast", listener=listener, limit=100, now=NOW)}
    shelves = {name: [track.track for track in slate.tracks] for name, slate in made.items()}
    recent = {track for track, when in told["last"].items() if (NOW - when).days < 60}
    begun = [one for one, how in told["state"].items() if how == "begun" and told["at"][one] >= 1 and one in recent]
    assert shelves.get("resume", []) == sorted(begun, key=told["last"].__getitem__, reverse=True)
    for new in shelves.get("new", []):
        show, _, number = new.rpartition(":")
        assert show in told["seen"]
        assert int(number) >= 5  # of the last two weeks
        assert int(number) > max(int(one.rpartition(":")[2]) for one in told["at"] if one.startswith(show + ":"))
    following = set()
    for show, track in told["seen"].items():
        after = f"{show}:{int(track.rpartition(':')[2]) + 1}"
        if told["state"][track] == "finished" and track in recent and after not in told["state"]:
            following.add(after)
    following = {one for one in following if int(one.rpartition(":")[2]) <= EPISODES}
    assert set(shelves.get("next", [])) == following - set(shelves.get("new", []))
    assert not {one.rpartition(":")[0] for one in shelves.get("discover", [])} & set(told["seen"])
    everything = [track for tracks in shelves.values() for track in tracks]
    assert len(everything) == len(set(everything))
    for slate in made.values():
        for track in slate.tracks:
            if track.code == "serials:history":
                assert (track.seed or "").rpartition(":")[0] in {*told["seen"], "book:whales"}
            if track.code == "next:history":
                assert told["seen"][track.track.rpartition(":")[0]] == track.seed


@pytest.mark.parametrize("listener", LISTENERS)
def test_a_book_goes_on_where_one_would_find_it_by_hand(anyone: Workspace, listener: str) -> None:
    told = by_hand([play for play in lives() if play["listener"] == listener], "book")
    made = {slate.id: slate for slate in anyone.shelves("audiobook", listener=listener, now=NOW)}
    shelf = [track.track for track in made["resume"].tracks] if "resume" in made else []
    track = told["seen"].get("book:whales")
    expected = []
    if track is not None:
        number = int(track.rpartition(":")[2])
        if told["state"][track] == "begun" and told["at"][track] >= 1:
            expected = [track]
        elif told["state"][track] == "finished" and number < CHAPTERS:
            expected = [chapter("whales", number + 1)]  # also if it was heard before: some hear a book again
    assert shelf == expected
