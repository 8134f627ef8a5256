# SPDX-License-Identifier: Apache-2.0
"""Listeners who are not like most, in a simulated world: who like many things, have moved, or live by night."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.events.signals import LISTENING
from segue.features import habits
from segue.jobs import themes
from segue.jobs.benchmark.dial import trained
from segue.jobs.benchmark.rows import Row, over_seeds
from segue.privacy.door import Door
from segue.recipes.music import ListConfig
from segue.registry.current import Current
from segue.service.answer import Service
from segue.service.histories import Histories
from segue.settings import Settings
from segue.simulate.hearings import Hearings
from segue.simulate.truth import Truth, match
from segue.simulate.world import World, WorldConfig
from segue.types import Ask, Kind, Purpose

__all__ = [
    "MEASURES",
    "MODELS",
    "PROTOCOL",
    "SIZE",
    "Opened",
    "Size",
    "covered",
    "eclectic",
    "gains",
    "kept",
    "measured",
    "mornings",
    "rows",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is simulated."""

    listeners: int = 300
    tracks: int = 1500
    weeks: int = 5


SIZE = Size()
PROTOCOL = (
    f"simulated: {SIZE.listeners} listeners, {SIZE.tracks} tracks, {SIZE.weeks} weeks; weeklies by the recipe itself, "
    "NDCG@30 by how well unheard tracks truly suit. Eclectic: three tastes or more that lie apart; tastes: the share "
    "of these that a list touches; kept: NDCG over that of the same recipe without several tastes. Movers: kept: NDCG "
    "over that of the same listeners in the same world where nobody moves. Night shift: right: the share for whom it "
    "is morning at theirs, eleven hours later than others'; wall clock: if it were at everyone's; others: at theirs"
)
MODELS = ("eclectic", "movers", "night shift")
"""Rows of the table."""
MEASURES = (
    "listeners", "tastes", "tastes plain", "NDCG", "NDCG plain", "kept", "kept low", "kept high", "right",
    "wall clock", "others",
)  # fmt: skip
_NIGHT_SHIFTS, _MOVERS = 0.15, 0.4
"""Shares of the listeners."""
_LENGTH = 30
_PLAIN = {"calibration": 0.0, "matched": False}
_TOUCHED, _APART, _WEIGHTY = 0.4, 0.75, 0.1
_MORNING, _NIGHT_SHIFT_HOURS = (8.0, 9.0, 10.0), 11.0
"""Hours of a Wednesday at which it is morning to most; and how much later it is to who works at night."""
_OTHERS = 100


def rows(folder: Path, models: Sequence[str], seeds: int) -> list[Row]:  # noqa: ARG001
    """Return the wanted rows, each the mean over several worlds."""
    return measured(models, seeds, SIZE)


def measured(models: Sequence[str], seeds: int, size: Size) -> list[Row]:
    """Return what `rows` does, of worlds of any size."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in models}
    pairs: dict[str, list[tuple[Floats, Floats]]] = {name: [] for name in models}
    seconds = dict.fromkeys(models, 0.0)
    for seed in range(seeds):
        config = WorldConfig(
            seed=200 + seed, listeners=size.listeners, tracks=size.tracks, weeks=size.weeks,
            playlists_per_listener=0, night_shift_share=_NIGHT_SHIFTS, mover_share=_MOVERS,
        )  # fmt: skip
        with trained(config, "weekly") as (world, home, settings):
            opened = Opened(world, home, settings)
            if "night shift" in models:
                began = perf_counter()
                found["night shift"].append(mornings(opened))
                seconds["night shift"] += perf_counter() - began
            ours = opened.ndcg(settings.recipes.weekly)
            if "eclectic" in models:
                began = perf_counter()
                figures, pair = eclectic(opened, ours)
                found["eclectic"].append(figures)
                pairs["eclectic"].append(pair)
                seconds["eclectic"] += perf_counter() - began
        if "movers" in models:
            began = perf_counter()
            with trained(config.model_copy(update={"mover_share": 0.0}), "weekly") as (still, home, settings):
                stayed = Opened(still, home, settings).ndcg(settings.recipes.weekly)
            moved = world.truth.move_week >= 0
            pair = (ours[0][moved], stayed[0][moved])
            figures = {"listeners": float(moved.sum()), "NDCG": _mean(pair[0]), "NDCG plain": _mean(pair[1])}
            found["movers"].append(figures)
            pairs["movers"].append(pair)
            seconds["movers"] += perf_counter() - began
    made = []
    for name in models:
        means, spread = over_seeds(found[name])
        if pairs[name]:
            means |= kept(*(np.concatenate(side) for side in zip(*pairs[name], strict=True)))
        made.append(Row(name, "ours", means, spread, round(seconds[name] / seeds, 2)))
    return made


class Opened:
    """A trained world, and the lists that it makes."""

    def __init__(self, world: World, home: Path, settings: Settings):
        self.world, self.settings = world, settings
        self.door = Door.open(home / "events", settings.consent)
        self.current = Current(home)
        self.now = world.config.week_start(world.config.weeks)
        self.names = world.listeners["listener"].to_list()

    def ndcg(self, weekly: ListConfig) -> tuple[Floats, list[NDArray[np.int64]]]:
        """Return the NDCG of each listener's weekly by the truth, NaN of who has none, and its tracks."""
        recipes = self.settings.recipes.model_copy(update={"weekly": weekly})
        histories = Histories(self.door, self.settings.dataset.signals)
        service = Service(self.current, self.door, recipes, histories, self.settings.audience)
        asks = [Ask(one, Kind.WEEKLY, listener=one, limit=_LENGTH, now=self.now) for one in self.names]
        slates = service.weeklies(asks, self.current(), exclude={}, until=self.door.position())
        ids = self.current().catalog.tracks["track_id"].gather(slates.track)
        numbers = ids.str.extract(r"(\d+)$").cast(pl.Int64).to_numpy()
        lists = [numbers[a:b] for a, b in zip(slates.offsets[:-1], slates.offsets[1:], strict=True)]
        return self._ndcg(lists), lists

    def _ndcg(self, lists: Sequence[NDArray[np.int64]]) -> Floats:
        world = self.world
        heard = Hearings.none(world.config).after(pl.concat(world.events()), self.now)
        listener, track = np.divmod(heard.keys, heard.tracks)
        out = np.flatnonzero(world.truth.release_week < world.config.weeks)
        suits = match(world.truth.affinity(np.arange(len(lists)), np.arange(world.config.tracks)))
        best = suits.copy()
        best[listener, track] = -1
        best = np.sort(best[:, out], axis=1)[:, ::-1][:, :_LENGTH]
        discount = 1 / np.log2(np.arange(2, _LENGTH + 2))
        ideal = np.maximum(best, 0) @ discount
        found = np.full(len(lists), np.nan)
        for row, tracks in enumerate(lists):
            if len(tracks):
                found[row] = gains(world.truth, row, tracks) / ideal[row]
        return found


def covered(truth: Truth, listener: int, tracks: NDArray[np.int64]) -> float:
    """Return the share of an eclectic listener's tastes that a list touches; NaN of who has fewer than three.

    Tastes count that take a tenth of the listening at least, and lie apart; one is touched by a track that suits it.
    """
    tastes = truth.taste_vectors[listener][truth.taste_weights[listener] >= _WEIGHTY]
    apart = [one for place, one in enumerate(tastes) if all(one @ before < _APART for before in tastes[:place])]
    if len(apart) < 3:
        return float("nan")
    suits = match(np.stack(apart) @ truth.track_vectors[tracks].T)
    return float((suits.max(axis=1, initial=0) >= _TOUCHED).mean())


def gains(truth: Truth, listener: int, tracks: NDArray[np.int64]) -> float:
    """Return the discounted gain of a list, by how well each track truly suits its listener."""
    suits = match(truth.affinity(np.array([listener]), tracks))[0]
    return float((suits / np.log2(np.arange(2, len(tracks) + 2))).sum())


def eclectic(
    opened: Opened, ours: tuple[Floats, list[NDArray[np.int64]]]
) -> tuple[dict[str, float], tuple[Floats, Floats]]:
    """Return what lists are to eclectic listeners, and their NDCG beside that of the recipe without several tastes."""
    truth = opened.world.truth
    plain = opened.ndcg(opened.settings.recipes.weekly.model_copy(update=_PLAIN))
    cover = [np.array([covered(truth, row, tracks) for row, tracks in enumerate(one[1])]) for one in (ours, plain)]
    eclectic = ~np.isnan(cover[0])
    pair = (ours[0][eclectic], plain[0][eclectic])
    return {
        "listeners": float(eclectic.sum()),
        "tastes": _mean(cover[0]),
        "tastes plain": _mean(cover[1]),
        "NDCG": _mean(pair[0]),
        "NDCG plain": _mean(pair[1]),
    }, pair


def mornings(opened: Opened, most: int = _OTHERS) -> dict[str, float]:
    """Return to how many listeners it is morning when they have theirs: all who work at night, and `most` others."""
    world, door = opened.world, opened.door
    plays = door.read(Purpose.PERSONALISE, habits.COLUMNS, types=LISTENING)
    everyone = np.sum(habits.hours(plays)["hours"].to_list(), axis=0).tolist()
    night = np.flatnonzero(world.truth.night_shift)
    others = np.flatnonzero(~world.truth.night_shift)[:most]
    zones = world.homes(opened.now)["timezone"].to_list()
    monday = opened.now - timedelta(days=opened.now.weekday())

    def share(listeners: NDArray[np.intp], later: float) -> tuple[float, float]:
        right, clock = [], []
        for one in listeners.tolist():
            for hour in _MORNING:
                local = _local(monday + timedelta(days=2), zones[one], (hour + later) % 24)
                at = themes.moment(door, opened.names[one], everyone, local, "UTC")
                right.append(at.part == "morning")
                clock.append(habits.day_part(at.now.hour + at.now.minute / 60, habits.begins(np.array(everyone))))
        return float(np.mean(right)), float(np.mean([part == "morning" for part in clock]))

    (own, clock), (usual, _) = share(night, _NIGHT_SHIFT_HOURS), share(others, 0.0)
    return {"listeners": float(len(night)), "right": own, "wall clock": clock, "others": usual}


def _local(day: datetime, zone: str, hour: float) -> datetime:
    """Return the moment at which it is so late on a day in a zone."""
    return datetime(day.year, day.month, day.day, int(hour), round(hour % 1 * 60), tzinfo=ZoneInfo(zone))


def kept(ours: Floats, theirs: Floats) -> Mapping[str, float]:
    """Return the ratio of the means, with its 95% interval over listeners."""
    known = ~np.isnan(ours) & ~np.isnan(theirs)
    ours, theirs = ours[known], theirs[known]
    rng = np.random.Generator(np.random.PCG64(0))
    drawn = rng.integers(0, len(ours), (2000, len(ours)))
    low, high = np.quantile(ours[drawn].mean(axis=1) / theirs[drawn].mean(axis=1), [0.025, 0.975])
    told = {"kept": ours.mean() / theirs.mean(), "kept low": low, "kept high": high}
    return {name: round(float(value), 4) for name, value in told.items()}


def _mean(values: Floats) -> float:
    return float(np.nanmean(values)) if len(values) else 0.0
