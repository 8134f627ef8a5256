# SPDX-License-Identifier: Apache-2.0
"""Charts of regions of all sizes for new listeners, and what a small language's floor costs, in simulated worlds."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.dataset.matrices import Dataset, Vocabulary
from segue.events.sink import Sink
from segue.features.charts import COUNTED, added, count, spoken
from segue.jobs import demo, train
from segue.jobs.benchmark.rows import Row, over_seeds
from segue.models.charts import Charts
from segue.privacy.door import Door
from segue.recipes.music import ListConfig, RecipesConfig
from segue.registry.current import Current
from segue.registry.snapshot import Snapshot
from segue.service.answer import Service
from segue.service.histories import Histories
from segue.settings import Settings, TrainConfig
from segue.simulate.regions import REGIONS
from segue.simulate.truth import Truth, match
from segue.simulate.world import World, WorldConfig, simulate
from segue.types import Ask, EventType, Kind

__all__ = ["MEASURES", "MODELS", "PROTOCOL", "SIZE", "Size", "measured", "rows"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is simulated."""

    listeners: int = 4000
    tracks: int = 3000
    known: tuple[int, int, int] = (30, 100, 300)
    """Listeners of a small, a middling and a large region whose plays are counted; two regions are of each size."""
    new: int = 120
    """Listeners of each region who are new; at most."""
    spoken: int = 500
    """Listeners of the world in which lists are made."""
    spoken_tracks: int = 2000


SIZE = Size()
PROTOCOL = (
    f"simulated: {SIZE.listeners} listeners of six regions; the plays of {', '.join(map(str, SIZE.known))} of a small, "
    f"a middling and a large region are counted, and charts shown to up to {SIZE.new} others of each, of whom nothing "
    "is known: NDCG@30 by how well tracks truly suit them. Region only: its own counts, nothing suppressed. Weekly: "
    f"another world of {SIZE.spoken} listeners; NDCG of all, of those with fewer than 20 liked tracks (few), and of "
    "those who play a small language (theirs); spoken: share of their lists in it; held: of lists that have their floor"
)
_CHARTS = ("blended", "everyone only", "region only")
_WEEKLIES: Mapping[str, Mapping[str, float | dict[str, float] | None]] = {
    "weekly": {},
    "weekly, no floor": {"language_floor": 0.0},
    "weekly, charts for all alike": {
        "settled": None,
        "weights": {"als:history": 0.6, "knn:history": 0.35, "popularity:history": 0.05},
    },
}
MODELS = (*_CHARTS, *_WEEKLIES)
"""Rows of the table."""
MEASURES = (
    "N@30 small",
    "N@30 middling",
    "N@30 large",
    "N@30",
    "N@30 few",
    "N@30 theirs",
    "spoken",
    "held",
    "listeners",
)
_LENGTH, _WEEKS = 30, 3
_SIZES = ("small", "middling", "large")


def rows(folder: Path, models: Sequence[str], seeds: int) -> list[Row]:  # noqa: ARG001 (there is no data to read)
    """Return the wanted rows, each the mean over several worlds."""
    return measured(models, seeds, SIZE)


def measured(models: Sequence[str], seeds: int, size: Size) -> list[Row]:
    """Return what `rows` does, of worlds of any size."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in models}
    seconds = dict.fromkeys(models, 0.0)
    for seed in range(seeds):
        if set(models) & set(_CHARTS):
            began = perf_counter()
            for name, figures in _charts(size, seed).items():
                if name in found:
                    found[name].append(figures)
                    seconds[name] += perf_counter() - began
        wanted = [name for name in models if name in _WEEKLIES]
        if wanted:
            with _trained(size, seed) as opened:
                for name in wanted:
                    began = perf_counter()
                    weekly = opened.settings.recipes.weekly.model_copy(update=_WEEKLIES[name])
                    found[name].append(opened.figures(weekly))
                    seconds[name] += perf_counter() - began
    return [Row(name, "ours", *over_seeds(found[name]), seconds=round(seconds[name] / seeds, 2)) for name in models]


def _charts(size: Size, seed: int) -> dict[str, dict[str, float]]:
    """Return how well each way to make a chart suits new listeners of regions of each size."""
    config = WorldConfig(
        seed=300 + seed, listeners=size.listeners, tracks=size.tracks, weeks=_WEEKS, playlists_per_listener=0
    )
    world = simulate(config)
    plays = pl.concat(week.filter(pl.col("type") == EventType.PLAY.value) for week in world.events())
    plays = plays.join(world.tracks.select("track_id", "language"), left_on="track", right_on="track_id")
    plays = plays.select("listener", "occurred_at", "region", "language", number=_number("track"))
    homes = world.listeners.with_columns(row=pl.int_range(pl.len()))
    known: list[pl.DataFrame] = []
    new: dict[str, NDArray[np.int64]] = {}
    for place, region in enumerate(REGIONS):
        theirs = homes.filter(pl.col("region") == region.code)
        counted = size.known[(place + seed) % len(size.known)]
        known.append(theirs.head(counted))
        new[region.code] = theirs.slice(counted, size.new)["row"].to_numpy()
    plays = plays.join(pl.concat(known).select("listener"), on="listener", how="semi")
    now = config.week_start(config.weeks)
    counts = added([count(plays, 60.0, now)])
    model, ids = Charts(), world.tracks["track_id"].head(size.tracks)
    order = ids.arg_sort().to_numpy().astype(np.int32)
    data = Dataset(Vocabulary(ids.gather(order), order, np.zeros(len(ids), np.int32)))
    model.fit(data, counts, world.tracks["language"].gather(order), spoken(plays, now))
    result: dict[str, dict[str, list[float]]] = {name: {one: [] for one in _SIZES} for name in _CHARTS}
    for place, region in enumerate(REGIONS):
        blended = np.zeros(size.tracks)
        blended[order] = model.shares(model.regions.index(region.code))
        everyone = _dense(counts.filter(pl.col("region").is_null()), size.tracks)
        own = _dense(counts.filter(pl.col("region") == region.code), size.tracks)
        for name, scores in zip(_CHARTS, (blended, everyone, own), strict=True):
            best = np.argsort(-scores, kind="stable")[:_LENGTH]
            lists = np.tile(best, (len(new[region.code]), 1))
            there = _SIZES[(place + seed) % len(_SIZES)]
            result[name][there] += _ndcg(world.truth, new[region.code], lists, config).tolist()
    return {
        name: {f"N@30 {one}": round(float(np.mean(some)), 4) for one, some in sizes.items()}
        for name, sizes in result.items()
    }


@contextmanager
def _trained(size: Size, seed: int) -> Iterator["_Opened"]:
    """Give a world with its log and the models that a weekly asks."""
    config = WorldConfig(
        seed=400 + seed, listeners=size.spoken, tracks=size.spoken_tracks, weeks=_WEEKS, sessions_per_week=2.0,
        playlists_per_listener=0,
    )  # fmt: skip
    least = ListConfig(weights={"popularity:history": 1.0})
    others = {name: least for name in RecipesConfig.model_fields if name != "weekly"}
    settings = Settings(train=TrainConfig(held_out_share=0.0), recipes=RecipesConfig().model_copy(update=others))
    with tempfile.TemporaryDirectory() as place:
        home = Path(place) / "home"
        home.mkdir()
        with closing(Sink(home / "events")) as sink:
            demo.populate(home, sink, config)
        train.train(home, Door.open(home / "events", settings.consent), settings, config.week_start(config.weeks))
        yield _Opened(simulate(config), home, settings)


class _Opened:
    """A trained world, and the weeklies that it makes."""

    def __init__(self, world: World, home: Path, settings: Settings):
        self.world, self.settings = world, settings
        self.door = Door.open(home / "events", settings.consent)
        self.current = Current(home)

    def figures(self, weekly: ListConfig) -> dict[str, float]:
        """Return how good the weeklies of a recipe are, and what share of them is in each listener's small language."""
        snapshot, config = self.current(), self.world.config
        boards = snapshot.boards
        assert boards is not None
        recipes = self.settings.recipes.model_copy(update={"weekly": weekly})
        histories = Histories(self.door, self.settings.dataset.signals)
        service = Service(self.current, self.door, recipes, histories, self.settings.audience)
        names, now = self.world.listeners["listener"].to_list(), config.week_start(config.weeks)
        asks = [Ask(one, Kind.WEEKLY, listener=one, limit=_LENGTH, now=now) for one in names]
        slates = service.weeklies(asks, snapshot, exclude={}, until=self.door.position())
        history = histories.read(names, snapshot.catalog, now, self.door.position())[0]
        language, share = boards.spoken(history)
        lengths = np.diff(slates.offsets)
        lists = np.full((len(names), _LENGTH), -1)
        rows = np.repeat(np.arange(len(names)), lengths)
        lists[rows, np.arange(len(rows)) - slates.offsets[:-1][rows]] = _simulated(snapshot, slates.track)
        heard = [_simulated(snapshot, history.row(row)) for row in range(len(names))]
        ndcg = _ndcg(self.world.truth, np.arange(len(names)), lists, config, heard)
        liked = np.array(
            [(history.weights[a:b] > 0).sum() for a, b in zip(history.offsets[:-1], history.offsets[1:], strict=True)]
        )
        spoken = (boards.small[snapshot.catalog.canonical[slates.track]] == language[rows]).astype(float)
        of_list = np.bincount(rows, spoken, len(names)) / np.maximum(lengths, 1)
        theirs = (language >= 0) & (lengths > 0)
        floor = np.ceil(0.5 * share * lengths - 1e-6) / np.maximum(lengths, 1)
        return {
            "N@30": _mean(ndcg),
            "N@30 few": _mean(ndcg[liked < 20]),
            "N@30 theirs": _mean(ndcg[theirs]),
            "spoken": _mean(of_list[theirs]),
            "held": _mean((of_list >= floor - 1e-9)[theirs]),
            "listeners": float(theirs.sum()),
        }


def _ndcg(
    truth: Truth,
    listeners: NDArray[np.integer],
    lists: NDArray[np.integer],
    config: WorldConfig,
    heard: Sequence[NDArray[np.integer]] | None = None,
) -> Floats:
    """Return the NDCG@30 of each list (-1 behind its end) by how well tracks truly suit; the best are unheard ones."""
    suits = match(truth.affinity(listeners, np.arange(config.tracks)))
    gained = np.where(lists >= 0, np.take_along_axis(suits, np.maximum(lists, 0), axis=1), 0)
    suits[:, truth.release_week >= config.weeks] = 0
    for row, some in enumerate(heard or ()):
        suits[row, some] = 0
    best = -np.sort(-suits, axis=1)[:, :_LENGTH]
    discount = 1 / np.log2(np.arange(2, _LENGTH + 2))
    found: Floats = (gained @ discount) / np.maximum(best @ discount, 1e-12)
    return found


def _dense(counted: pl.DataFrame, size: int) -> Floats:
    assert counted.columns == COUNTED.names()
    made = np.zeros(size)
    made[counted["number"].to_numpy()] = counted["weight"].to_numpy()
    return made


def _number(column: str) -> pl.Expr:
    """Return the number of a simulated track, of its id."""
    return pl.col(column).str.extract(r"track:(\d+)$").cast(pl.Int32)


def _simulated(snapshot: Snapshot, tracks: NDArray[np.int32]) -> NDArray[np.int32]:
    ids = snapshot.catalog.tracks["track_id"].gather(tracks).to_frame("track")
    return ids.select(_number("track"))["track"].to_numpy()


def _mean(values: Floats | NDArray[np.bool_]) -> float:
    return round(float(np.nanmean(values)), 4) if len(values) else 0.0
