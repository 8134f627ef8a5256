# SPDX-License-Identifier: Apache-2.0
"""Every reason said is looked up again in the log, event by event, by code that shares nothing with what said it."""

import random
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from segue.events.schema import conform
from segue.explain.reasons import FACTS
from segue.explain.words import languages
from segue.types import Ask, Kind, Purpose, Slate, SlateTrack
from segue.workspace import Workspace
from tests.conftest import NOW

COLUMNS = ["type", "listener", "track", "artist", "occurred_at", "count", "played_ms", "end_reason", "tracks"]
OPINIONS = ("play", "skip", "like", "dislike", "save", "share")
ASKS = 400


def happened(number: int, listener: str, track: str | None, days_ago: float | None, **fields: Any) -> dict[str, Any]:
    at = None if days_ago is None else NOW - timedelta(days=days_ago)
    known = {"event_id": f"more {number}", "type": "play", "listener": listener, "track": track, "occurred_at": at}
    return known | fields


@pytest.fixture(scope="module")
def lived(world: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The small world, whose listeners have also left things alone, taken others up again, and followed people."""
    home = tmp_path_factory.mktemp("lived") / "home"
    shutil.copytree(world.home, home)
    workspace = Workspace.open(home)
    chance = random.Random(4)
    catalog = workspace.catalog()
    tracks, artists = catalog.tracks["track_id"].to_list(), catalog.artists["artist_id"].to_list()
    rows = []
    for listener in workspace.listeners():
        for track in chance.sample(tracks, 60):  # left alone, if nothing else tells of them
            for _ in range(chance.randint(1, 3)):
                rows.append(happened(len(rows), listener, track, chance.uniform(50, 300)))
        for track in chance.sample(tracks, 3):  # of plays without a time nobody knows when
            rows += [happened(len(rows) + more, listener, track, ago) for more, ago in enumerate((200, None))]
        own = workspace.door.read(Purpose.PERSONALISE, ["track"], types=None, listeners=[listener])
        for track in chance.sample(sorted(set(own["track"].drop_nulls())), 12):
            for days_ago in chance.sample([0.1, 0.1001, 2, 3, 5.9, 6.4, 6.8, 7.5, 9], 2):
                rows.append(happened(len(rows), listener, track, days_ago, **broken_off(chance)))
        for artist in chance.sample(artists, 10):
            rows.append(happened(len(rows), listener, None, 1, type="follow", artist=artist))
    workspace.sink.append(conform(pl.DataFrame(rows, infer_schema_length=None)))
    yield workspace
    workspace.sink.close()


def broken_off(chance: random.Random) -> dict[str, Any]:
    return {"played_ms": 2000, "end_reason": "error"} if chance.random() < 0.2 else {}


@dataclass
class Life:
    """One listener's events, as told."""

    plays: dict[int, list[datetime | None]] = field(default_factory=lambda: defaultdict(list))
    """When each recording was played, by number; a total of plays is as many."""
    events: dict[int, list[datetime | None]] = field(default_factory=lambda: defaultdict(list))
    follows: set[str] = field(default_factory=set)


class Checker:
    """Looks claims up."""

    def __init__(self, workspace: Workspace):
        tracks = workspace.catalog().tracks.to_dicts()
        self.number = {row["track_id"]: row["canonical"] for row in tracks}
        self.artist = {row["canonical"]: row["artist_id"] for row in reversed(tracks)}
        self.released: dict[int, Any] = {}
        self.genres: dict[int, set[str]] = defaultdict(set)
        for row in tracks:
            if row["release_date"] is not None:
                before = self.released.get(row["canonical"], row["release_date"])
                self.released[row["canonical"]] = min(before, row["release_date"])
            self.genres[row["canonical"]] |= {genre.lower() for genre in row["genres"] or ()}
        self.lives: dict[str, Life] = defaultdict(Life)
        self.beside: dict[int, set[int]] = defaultdict(set)
        """Rows (listeners and playlists) that hold each recording."""
        for place, row in enumerate(workspace.door.read(Purpose.OPERATE, COLUMNS).to_dicts()):
            self._live(row, place)

    def _live(self, row: dict[str, Any], place: int) -> None:
        if row["type"] == "playlist":
            for track in row["tracks"]:
                self.beside[self.number[track]].add(place)
        elif row["type"] == "follow":
            self.lives[row["listener"]].follows.add(row["artist"])
        elif row["type"] in OPINIONS:
            number, life = self.number[row["track"]], self.lives[row["listener"]]
            life.events[number].append(row["occurred_at"])
            self.beside[number].add(-1 - list(self.lives).index(row["listener"]))
            if row["type"] == "play" and row["end_reason"] not in ("error", "quit"):
                life.plays[number] += [row["occurred_at"]] * (row["count"] or 1)

    def __call__(self, ask: Ask, track: SlateTrack) -> None:
        """Assert that what is said of a track is so."""
        number, life = self.number[track.track], self.lives[ask.listener or ""]
        seeds = [self.number[one] for one in (track.seed, track.other) if one is not None]
        model, _, about = track.code.partition(":")
        if track.code in FACTS:
            assert ask.listener
            getattr(self, track.code)(number, life, seeds)
            return
        assert model != "popularity" or track.source.startswith("popularity")
        assert not seeds or about in ("seeds", "history")
        if about == "seeds":
            assert set(seeds) <= {self.number[one] for one in ask.tracks}
        elif about == "history" and model != "popularity":
            assert all(life.plays[seed] for seed in seeds)
        if model == "artist" and seeds:
            assert self.artist[seeds[0]] == self.artist[number]
        if model == "knn" and seeds:
            assert self.beside[seeds[0]] & self.beside[number]

    def _is_new(self, number: int) -> bool:
        return timedelta(0) <= NOW.date() - self.released[number] <= timedelta(days=60)

    def followed(self, number: int, life: Life, seeds: list[int]) -> None:
        assert self._is_new(number)
        assert self.artist[number] in life.follows

    def often(self, number: int, life: Life, seeds: list[int]) -> None:
        assert self._is_new(number)
        mine = self.artist[number]
        assert sum(len(times) for one, times in life.plays.items() if self.artist[one] == mine) >= 10

    def again(self, number: int, life: Life, seeds: list[int]) -> None:
        assert life.plays[number]
        assert all(at is not None and NOW - at > timedelta(days=60) for at in life.events[number])

    def outside(self, number: int, life: Life, seeds: list[int]) -> None:
        heard = [one for one in life.events if self.genres[one]]
        assert number not in life.events
        assert self.artist[number] not in {self.artist[one] for one, times in life.plays.items() if times}
        assert sum(bool(self.genres[one] & self.genres[number]) for one in heard) <= 0.02 * len(heard)

    def explored(self, number: int, life: Life, seeds: list[int]) -> None:
        assert self.artist[number] not in {self.artist[one] for one, times in life.plays.items() if times}

    def replayed(self, number: int, life: Life, seeds: list[int]) -> None:
        assert len(set(seeds)) == 2
        for seed in seeds:
            week = [at for at in life.plays[seed] if at is not None and timedelta(0) <= NOW - at <= timedelta(days=7)]
            assert len(week) >= 2
            assert max(week) - min(week) >= timedelta(minutes=10)


@pytest.fixture(scope="module")
def answered(lived: Workspace) -> list[tuple[Ask, Slate]]:
    """Random asks of every kind, in every language, for everyone and nobody."""
    chance = random.Random(9)
    tracks, listeners = lived.catalog().tracks["track_id"].to_list(), lived.listeners()
    asks = []
    for number in range(ASKS):
        kind = chance.choice([Kind.RADIO, Kind.CONTINUE, Kind.WEEKLY])
        listener = chance.choice(listeners) if kind is Kind.WEEKLY or chance.random() < 0.8 else None
        seeds = () if kind is Kind.WEEKLY else tuple(chance.sample(tracks, chance.randint(1, 3)))
        tag = chance.choice(list(languages()))
        limit = chance.choice([5, 30, 60])
        asks.append(Ask(str(number), kind, seeds, listener=listener, limit=limit, now=NOW, language=tag))
    slates = lived.service.answer(asks).slates
    assert all(isinstance(slate, Slate) for slate in slates)
    return [(ask, slate) for ask, slate in zip(asks, slates, strict=True) if isinstance(slate, Slate)]


def test_everything_that_is_said_is_so(lived: Workspace, answered: list[tuple[Ask, Slate]]) -> None:
    check = Checker(lived)
    for ask, slate in answered:
        for track in slate.tracks:
            check(ask, track)


def test_every_kind_of_fact_is_said(answered: list[tuple[Ask, Slate]]) -> None:
    said = Counter(track.code for _, slate in answered for track in slate.tracks)
    assert all(said[fact] >= 10 for fact in FACTS if fact != "explored")
    assert {"als:history", "knn:history", "als:seeds", "knn:seeds", "artist:seeds"} <= set(said)


def test_what_is_left_to_chance_is_of_artists_who_were_never_played(lived: Workspace) -> None:
    radio = lived.settings.recipes.radio.model_copy(update={"explore": (3,)})
    recipes = lived.settings.recipes.model_copy(update={"radio": radio})
    opened = Workspace(lived.home, lived.settings.model_copy(update={"recipes": recipes}))
    track = lived.catalog().tracks["track_id"][0]
    asks = [Ask(one, Kind.RADIO, (track,), listener=one, limit=5, now=NOW) for one in lived.listeners()]
    check, said = Checker(lived), 0
    for ask, slate in zip(asks, opened.service.answer(asks).slates, strict=True):
        assert isinstance(slate, Slate)
        for one in slate.tracks:
            check(ask, one)
            said += one.code == "explored"
    assert said >= 10


def test_nobody_is_told_anything_of_a_history(answered: list[tuple[Ask, Slate]]) -> None:
    codes = {track.code for ask, slate in answered if ask.listener is None for track in slate.tracks}
    assert not codes & set(FACTS)
    assert {code for code in codes if code.endswith(":history")} <= {"popularity:history"}


def test_who_withdrew_is_told_nothing_of_their_history(lived: Workspace, tmp_path: Path) -> None:
    shutil.copytree(lived.home, tmp_path / "home")
    workspace = Workspace.open(tmp_path / "home")
    for who in workspace.listeners():
        ask = Ask("r", Kind.RADIO, ("sim:track:000001",), listener=who, limit=60, now=NOW)
        if any(track.code in FACTS for track in workspace.answer(ask).tracks):
            break
    workspace.consent(who, Purpose.PERSONALISE, False)
    assert not {track.code for track in workspace.answer(ask).tracks} & set(FACTS)
    workspace.sink.close()


def test_a_list_says_many_things(answered: list[tuple[Ask, Slate]]) -> None:
    weeklies = [slate.tracks for ask, slate in answered if ask.kind is Kind.WEEKLY and ask.limit >= 30]
    different = [len({track.reason for track in tracks}) / len(tracks) for tracks in weeklies]
    assert sum(different) / len(different) > 0.5
    for tracks in weeklies:
        for four in zip(tracks, tracks[1:], tracks[2:], tracks[3:], strict=False):
            named = [{one.seed, one.other} - {None} for one in four]
            assert not set.intersection(*named) or len({one.code for one in tracks}) == 1


def test_reasons_are_said_in_the_language_that_each_ask_names(answered: list[tuple[Ask, Slate]]) -> None:
    for ask, slate in answered:
        spoken = languages()[ask.language or "en"]
        for track in slate.tracks:
            sentence = spoken.sentence(track.code, named=track.seed is not None)
            assert track.reason.startswith(sentence.partition("{")[0])
            assert track.reason.endswith(sentence.rpartition("}")[2])
            assert not set("{}") & set(track.reason)


def test_an_answer_says_the_same_again(lived: Workspace, answered: list[tuple[Ask, Slate]]) -> None:
    some = answered[:20]
    fresh = Workspace.open(lived.home).service
    for ask, slate in some:
        again = fresh.answer([ask]).slates[0]
        assert isinstance(again, Slate)
        scores = [track.score for track in slate.tracks]
        assert [track.score for track in again.tracks] == pytest.approx(scores, abs=2e-4)  # products of other shapes
        assert _without_scores(again) == _without_scores(slate)


def _without_scores(slate: Slate) -> Slate:
    return replace(slate, tracks=tuple(replace(track, score=0.0) for track in slate.tracks))


def test_the_week_is_counted_from_the_moment_of_the_answer(lived: Workspace) -> None:
    later = datetime(2026, 9, 5, tzinfo=UTC)
    asks = [Ask(one, Kind.WEEKLY, listener=one, now=later) for one in lived.listeners()]
    said = Counter(track.code for slate in lived.service.answer(asks).slates for track in slate.tracks)  # type: ignore[union-attr]
    assert said["replayed"] == said["followed"] == said["often"] == 0
