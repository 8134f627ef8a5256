# SPDX-License-Identifier: Apache-2.0
"""The dial from familiar to new in a simulated world: does a learned one please more than any fixed one?"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.evaluation import accuracy
from segue.evaluation.intervals import paired
from segue.events.sink import Sink
from segue.features.dial import LEVELS, DialConfig
from segue.jobs import demo, dials, train
from segue.jobs.benchmark.rows import Row, over_seeds
from segue.privacy.door import Door
from segue.recipes.music import ListConfig, RecipesConfig
from segue.registry.current import Current
from segue.service.answer import Service
from segue.service.dials import KeptDials
from segue.service.exposure import record
from segue.service.histories import Histories, Taste
from segue.settings import Settings, TrainConfig
from segue.simulate.feedback import events_of
from segue.simulate.hearings import Hearings
from segue.simulate.response import appetite, respond
from segue.simulate.world import World, WorldConfig, simulate
from segue.types import Ask, Kind, Slate

__all__ = [
    "LEARNED",
    "MEASURES",
    "MODELS",
    "PROTOCOL",
    "SIZE",
    "Run",
    "Size",
    "gain",
    "loop",
    "measured",
    "rows",
    "trained",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is simulated."""

    listeners: int = 160
    tracks: int = 1200
    weeks: int = 5
    turns: int = 16
    """Lists that each listener answers, one a week."""
    length: int = 20
    """Tracks of a list."""


SIZE = Size()
PROTOCOL = (
    f"simulated: {SIZE.listeners} listeners with appetites for the new of their own, which no recommender sees, are "
    f"played {SIZE.turns} personal radios of {SIZE.length} tracks by the service itself and answer them; each row is a "
    "world of its own from the same beginning, with the same luck. The learned dial begins without an answer, and its "
    "trials count; how it learns was settled in another world. Satisfaction: what the lists were worth to them, 0-1; "
    "late: of the last third; gain: of the learned dial over this one, with its 95% interval over listeners; off: how "
    "far what is new is from their appetite"
)
LEARNED = "learned"
_FIXED = {f"dial {level:.1f}": float(level) for level in LEVELS}
MODELS = (LEARNED, *_FIXED)
"""Rows of the table."""
MEASURES = (
    "satisfaction", "gain", "gain low", "gain high", "late", "late gain", "late gain low", "late gain high", "skipped",
    "replays", "new", "off",
)  # fmt: skip
_FIRST = 100
"""The worlds of the table; nothing is tuned on them."""
_EVERY = timedelta(weeks=1)
_SEEDS = 8
"""Of so many of their best tracks, each listener's radios start from one after the other."""


@dataclass(frozen=True, slots=True)
class Run:
    """What n listeners made of `turns` lists each: `float64[n, turns]`."""

    satisfaction: Floats
    skipped: Floats
    replays: Floats
    new: Floats
    off: Floats


def rows(folder: Path, models: Sequence[str], seeds: int) -> list[Row]:  # noqa: ARG001
    """Return the wanted rows, each the mean over several worlds. The learned dial is always run: gains are its own."""
    return measured(models, seeds, SIZE)


def measured(models: Sequence[str], seeds: int, size: Size, first: int = _FIRST) -> list[Row]:
    """Return what `rows` does, of worlds of any size; `first` is the seed of the first one."""
    wanted = list(dict.fromkeys([LEARNED, *models]))
    runs: dict[str, list[Run]] = {name: [] for name in wanted}
    seconds = dict.fromkeys(wanted, 0.0)
    for seed in range(seeds):
        config = WorldConfig(
            seed=first + seed, listeners=size.listeners, tracks=size.tracks, weeks=size.weeks, playlists_per_listener=0
        )
        with trained(config, "radio", "weekly") as (world, home, settings):
            heard = Hearings.none(config).after(pl.concat(world.events()), _end(config))
            for name in wanted:
                began = perf_counter()
                arm = home.parent / name.replace(" ", "-")
                shutil.copytree(home, arm)
                runs[name].append(loop(world, arm, settings, heard, _FIXED.get(name, "learned"), size))
                shutil.rmtree(arm)
                seconds[name] += perf_counter() - began
    made = []
    for name in models:
        means, spread = over_seeds([_figures(run, size) for run in runs[name]])
        if name != LEARNED:
            means |= gain(runs[LEARNED], runs[name])
            means |= gain(runs[LEARNED], runs[name], "late gain", _late(size))
        made.append(Row(name, "ours", means, spread, round(seconds[name] / seeds, 2)))
    return made


@contextmanager
def trained(config: WorldConfig, *recipes: str) -> Iterator[tuple[World, Path, Settings]]:
    """Give a simulated world, a folder with its log and the models that some recipes ask, and the settings for it."""
    least = ListConfig(weights={"popularity:history": 1.0})
    others = {name: least for name in RecipesConfig.model_fields if name not in recipes}
    settings = Settings(train=TrainConfig(held_out_share=0.0), recipes=RecipesConfig().model_copy(update=others))
    with tempfile.TemporaryDirectory() as place:
        home = Path(place) / "home"
        home.mkdir()
        with closing(Sink(home / "events")) as sink:
            demo.populate(home, sink, config)
        door = Door.open(home / "events", settings.consent)
        train.train(home, door, settings, _end(config))
        yield simulate(config), home, settings


def loop(world: World, home: Path, settings: Settings, heard: Hearings, dial: float | str, size: Size) -> Run:
    """Show lists, let them be answered, and go on from what came of it.

    Args:
        world: Whose listeners answer.
        home: Its log, which grows, and models.
        settings: Of the recipes.
        heard: What they have heard at the end of the world's weeks.
        dial: Of all lists; "learned": as it is learned on the way.
        size: How many lists, and how long.
    """
    door, kept = Door.open(home / "events", settings.consent), KeptDials(home / "playlists" / "dials.parquet")
    histories = Histories(door, settings.dataset.signals)
    service = Service(Current(home), door, settings.recipes, histories, settings.audience, dials=kept)
    snapshot, now = service.snapshot(), _end(world.config)
    ids = snapshot.catalog.tracks["track_id"].to_list()
    who = np.arange(size.listeners)
    names = world.listeners["listener"].to_list()
    starts = [_best(one) for one in histories.of(names, snapshot.catalog, now)]
    wanted = appetite(world.truth)
    results: list[list[Floats]] = []
    with closing(Sink(home / "events")) as sink:
        for turn in range(size.turns):
            if dial == "learned":
                dials.refresh(kept, door, snapshot.catalog, DialConfig(), now)
            some = [row for row in who.tolist() if len(starts[row])]
            asks = [
                Ask(
                    f"{turn}:{names[row]}", Kind.RADIO, (ids[starts[row][turn % len(starts[row])]],),
                    listener=names[row], limit=size.length, now=now, dial=dial,  # type: ignore[arg-type]
                )
                for row in some
            ]  # fmt: skip
            slates = service.answer(asks, parallel=True).slates
            requests = [ask.id for ask in asks]
            record(sink, asks, slates, requests, now)
            shown = np.full((len(some), size.length), -1)
            for row, slate in enumerate(slates):
                assert isinstance(slate, Slate)
                shown[row, : len(slate.tracks)] = [int(one.track.rpartition(":")[2]) for one in slate.tracks]
            known = heard.of(np.array(some), shown)
            answer = respond(world, np.array(some), shown, known, turn=turn)
            sink.append(events := events_of(world, answer, pl.Series(requests), now + timedelta(minutes=1)))
            there = np.maximum((shown >= 0).sum(axis=1), 1)
            new = np.where(shown >= 0, np.exp2(-known), 0).sum(axis=1) / there
            figures = (
                answer.satisfaction, answer.skipped.sum(axis=1) / np.maximum(answer.reached.sum(axis=1), 1),
                answer.replays.sum(axis=1), new, np.abs(new - wanted[some]),
            )  # fmt: skip
            full = np.full((len(figures), size.listeners), np.nan)
            full[:, some] = np.stack(figures)
            results.append(list(full))
            now += _EVERY
            heard = heard.after(events.filter(pl.col("occurred_at") <= now), now)
    return Run(*(np.stack([one[part] for one in results], axis=1) for part in range(5)))


def _best(taste: Taste) -> list[int]:
    """Return a listener's best tracks, as catalogue numbers."""
    order = np.argsort(-taste.weights, kind="stable")[:_SEEDS]
    return [int(one) for one in taste.tracks[order[taste.weights[order] > 0]]]


def _figures(run: Run, size: Size) -> dict[str, float]:
    late = run.satisfaction[:, -_late(size) :]
    return {
        "satisfaction": accuracy.mean(run.satisfaction.ravel()),
        "late": accuracy.mean(late.ravel()),
        "skipped": accuracy.mean(run.skipped.ravel()),
        "replays": accuracy.mean(run.replays.ravel()),
        "new": accuracy.mean(run.new.ravel()),
        "off": accuracy.mean(run.off.ravel()),
    }


def _late(size: Size) -> int:
    """Return how many lists are the last third."""
    return max(size.turns // 3, 1)


def gain(ours: Sequence[Run], theirs: Sequence[Run], name: str = "gain", last: int = 0) -> dict[str, float]:
    """Return how much more the learned dial pleases, over the listeners of all worlds; by the `last` lists, 0: by all.

    With its interval; `name` is what it is called.
    """
    mine, other = (
        np.concatenate([run.satisfaction[:, -last:].mean(axis=1) for run in runs]) for runs in (ours, theirs)
    )
    names = (name, f"{name} low", f"{name} high")
    return {name: round(value, 4) for name, value in zip(names, astuple(paired(mine, other, seed=0)), strict=True)}


def _end(config: WorldConfig) -> datetime:
    return config.week_start(config.weeks)
