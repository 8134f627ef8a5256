# SPDX-License-Identifier: Apache-2.0
"""Shelves of podcasts and audiobooks in a simulated world: do they hold what is heard next?"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl

from segue.catalog import store
from segue.catalog.serials import serials
from segue.dataset.build import DatasetConfig, read
from segue.dataset.serials import build_serials
from segue.events.schema import conform
from segue.events.sink import Sink
from segue.jobs.benchmark.rows import Row, over_seeds
from segue.models.serials import SerialsModel
from segue.privacy.consent import ConsentConfig
from segue.privacy.door import Door
from segue.recipes.music import RecipesConfig
from segue.registry.snapshot import Snapshot, bind
from segue.service.answer import Service
from segue.service.asks import MOST_TRACKS
from segue.service.histories import Histories
from segue.simulate.world import WorldConfig, simulate
from segue.types import Ask, Kind, Slate, Spoken

__all__ = ["MEASURES", "MODELS", "PROTOCOL", "rows"]

PROTOCOL = (
    "simulated: 300 listeners, 150 podcasts and 80 audiobooks over 12 weeks; what each hears first in the last week, "
    "asked for at that moment by who heard anything before. Shelves have 10 places. "
    '"first": the first shelf that has anything; '
    '"page": all of them, beside as many places of what most hear; "resume@1": the first on the shelf to resume, of '
    'those who left a part unfinished, or of a book a chapter to go on with; "taken up": of podcasts and books heard '
    "for the first time, the share that stands among the 10 to discover"
)
MODELS = ("popularity", "popular to discover", "popular in the language", "shelves")
"""What most hear alone; the shelves, with nothing but that to discover, or that in a language of what was heard before;
and the shelves."""
MEASURES = (
    "podcast first", "podcast page", "podcast resume@1", "podcast taken up",
    "audiobook first", "audiobook page", "audiobook resume@1", "audiobook taken up",
)  # fmt: skip
_WORLD = WorldConfig(listeners=300, tracks=200, weeks=12, sessions_per_week=0.5, shows=150, books=80)
_PLACES = 10
_TEST = 1_000
"""Seed of the first world that is measured; those below are for choosing settings."""


@dataclass(frozen=True, slots=True)
class _World:
    """A world up to its last week, and what was heard in that."""

    service: Service
    snapshot: Snapshot
    next: pl.DataFrame
    """`listener`, `kind`, `track` and `occurred_at` of what each heard first of each kind."""
    begun: set[tuple[str, str]]
    """Listeners and kinds, where a part was left before its end, or a chapter follows."""
    heard: Mapping[str, set[int]]
    """The serials that each listener heard before, of both kinds."""
    later: Mapping[tuple[str, str], set[int]]
    """The serials that each listener heard in the last week, by kind."""
    seconds: float


def rows(folder: Path, models: Sequence[str], seeds: int) -> list[Row]:  # noqa: ARG001 (nothing is read)
    """Return the wanted rows, each the mean over several worlds."""
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in models}
    took = []
    for seed in range(seeds):
        with TemporaryDirectory() as home:
            world = _world(Path(home), _WORLD.model_copy(update={"seed": _TEST + seed}))
            took.append(world.seconds)
            asked = [_asked(world, row) for row in world.next.iter_rows(named=True)]
            for name in models:
                figures[name].append(_measured(world, asked, name))
    made = []
    for name in models:
        means, spread = over_seeds(figures[name])
        made.append(Row(name, "ours", means, spread, round(float(np.mean(took)), 2), tried=1))
    return made


def _world(home: Path, config: WorldConfig) -> _World:
    simulated = simulate(config)
    weeks = [week.filter(pl.col("track").is_not_null()) for week in simulated.events()]
    store.extend(home / "catalog", simulated.tracks, simulated.artists, simulated.albums)
    sink = Sink(home / "events")
    for week in weeks[:-1]:
        sink.append(conform(week))
    sink.close()
    catalog, door = store.load(home / "catalog"), Door.open(home / "events", ConsentConfig())
    began = perf_counter()
    data = build_serials(read(door), catalog, serials(catalog), DatasetConfig())
    model = SerialsModel()
    model.fit(data, seed=config.seed)
    seconds = perf_counter() - began
    snapshot = bind(catalog, {model.name: model}, data)
    service = Service(lambda: snapshot, door, RecipesConfig(), Histories(door, DatasetConfig().signals))
    before = _spoken(pl.concat(weeks[:-1]), catalog)
    known = before.select("listener", "kind").unique()
    last_week = _spoken(weeks[-1], catalog)
    first = last_week.unique(["listener", "kind"], keep="first", maintain_order=True)
    upcoming = first.join(known, on=["listener", "kind"], how="semi", maintain_order="left")
    last = before.unique(["listener", "kind"], keep="last", maintain_order=True)
    left = last.filter(
        (pl.col("end_reason") == "stopped") | (pl.col("kind") == "chapter") & (pl.col("end_reason") == "finished")
    )
    of = snapshot.serials.of
    heard: dict[str, set[int]] = defaultdict(set)
    later: dict[tuple[str, str], set[int]] = defaultdict(set)
    for listener, serial in zip(before["listener"], of[catalog.join(before["track"])].tolist(), strict=True):
        heard[listener].add(serial)
    for at, serial in enumerate(of[catalog.join(last_week["track"])].tolist()):
        later[last_week["listener"][at], last_week["kind"][at]].add(serial)
    begun = set(left.select("listener", "kind").iter_rows())
    return _World(service, snapshot, upcoming, begun, heard, later, seconds)


def _spoken(events: pl.DataFrame, catalog: store.Catalog) -> pl.DataFrame:
    """Return plays and skips of what is spoken, with its `kind`, in order of time."""
    kinds = catalog.tracks.filter(pl.Series(~catalog.music)).select("track_id", "kind")
    played = events.filter(pl.col("type").is_in(["play", "skip"])).sort("occurred_at", maintain_order=True)
    return played.join(kinds, left_on="track", right_on="track_id", maintain_order="left").select(
        "listener", "kind", "track", "occurred_at", "end_reason"
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was shown before a listener heard what they heard next."""

    kind: Spoken
    track: str
    is_begun: bool
    own: set[int]
    """The serials that they had heard."""
    taken_up: set[int]
    """Those that they heard for the first time in the last week."""
    shelves: Mapping[str, Sequence[str]]
    """Ids of parts, by shelf."""
    popular: Sequence[str]
    """What most hear, all there is."""
    spoken: set[str]
    """The languages of what they had heard."""


def _asked(world: _World, row: Mapping[str, Any]) -> _Asked:
    kind = Spoken.PODCAST if row["kind"] == "episode" else Spoken.AUDIOBOOK
    key = row["listener"], row["kind"]
    nobody = Ask("x", Kind.DISCOVER, spoken=kind, limit=MOST_TRACKS, now=row["occurred_at"])
    own = replace(nobody, listener=row["listener"], limit=_PLACES)
    shown = {slate.id: [one.track for one in slate.tracks] for slate in world.service.shelves(own)}
    (slate,) = world.service.answer([nobody]).slates
    assert isinstance(slate, Slate)
    heard = world.heard[row["listener"]]
    popular = [one.track for one in slate.tracks]
    spoken = {_language(world, serial) for serial in heard}
    return _Asked(kind, row["track"], key in world.begun, heard, world.later[key] - heard, shown, popular, spoken)


def _measured(world: _World, asked: Sequence[_Asked], name: str) -> dict[str, float]:
    found: dict[str, list[bool]] = {measure: [] for measure in MEASURES}
    for one in asked:
        shelves = dict(one.shelves)
        new = [part for part in one.popular if _serial(world, part) not in one.own]
        if name == "popularity":
            shelves = {"discover": one.popular[: 4 * _PLACES]}
        elif name == "popular to discover":
            shelves["discover"] = new[:_PLACES]
        elif name != "shelves":
            shelves["discover"] = [part for part in new if _language(world, _serial(world, part)) in one.spoken][
                :_PLACES
            ]
        first = list(next(iter(shelves.values()), ()))[:_PLACES]
        found[f"{one.kind} first"].append(one.track in first)
        found[f"{one.kind} page"].append(any(one.track in shelf for shelf in shelves.values()))
        if one.is_begun:
            found[f"{one.kind} resume@1"].append(list(shelves.get("resume", first))[:1] == [one.track])
        offered = {_serial(world, part) for part in list(shelves.get("discover", ()))[:_PLACES]}
        found[f"{one.kind} taken up"] += [serial in offered for serial in sorted(one.taken_up)]
    return {measure: float(np.mean(hits)) if hits else 0.0 for measure, hits in found.items()}


def _serial(world: _World, track: str) -> int:
    return int(world.snapshot.serials.of[world.snapshot.catalog.numbers([track])[0]])


def _language(world: _World, serial: int) -> str:
    first = int(world.snapshot.serials.first[serial])
    return str(world.snapshot.catalog.tracks["language"][first])
