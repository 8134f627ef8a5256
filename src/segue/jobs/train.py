# SPDX-License-Identifier: Apache-2.0
"""From the log to a published snapshot: build the dataset, fit each model, measure a twin, publish the set."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from segue.catalog import store
from segue.catalog.store import Catalog
from segue.dataset import build, split
from segue.dataset.matrices import Dataset, Interactions
from segue.errors import NotReady
from segue.evaluation import accuracy
from segue.jobs import charts, ranking
from segue.jobs.choice import choose
from segue.jobs.indexing import give_index
from segue.jobs.progress import Progress, silent
from segue.kernels.ragged import Ragged, places, row_numbers
from segue.models.als import ImplicitALS
from segue.models.model import Learned, Model, ModelConfig
from segue.models.popularity import Popularity
from segue.models.ranker import unavailable
from segue.models.sound import SoundModel
from segue.models.words import Words
from segue.privacy.door import Door
from segue.recipes.music import ListConfig, RecipesConfig
from segue.registry import snapshot, versions
from segue.registry.snapshot import Pointer
from segue.registry.versions import MODELS
from segue.settings import Settings
from segue.stores.locks import exclusive
from segue.types import Purpose

__all__ = ["Training", "fit", "measure", "train"]

_SHORTEST_ROW = 4
"""Rows of fewer items are not measured on."""


@dataclass(frozen=True, slots=True)
class Training:
    """What was learned from, and what serves now."""

    pointer: Pointer
    fingerprint: str
    items: int
    rows: dict[str, int]
    """Rows of each matrix."""
    interactions: int
    seconds: dict[str, float]
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    """By model: measured on held-out rows by a twin that was fitted without them."""
    dropped: dict[str, int] = field(default_factory=dict)
    choices: list[str] = field(default_factory=list)
    """What was chosen by the shape of the data, and what is left out, in words."""
    withdrawn: int = 0
    """Listeners who withdrew their consent or were erased while it ran: they are in it, and in no later one."""


def train(home: Path, door: Door, settings: Settings, now: datetime, progress: Progress = silent) -> Training:
    """Fit every model that a recipe asks, on all there is, and publish them together.

    Raises:
        NotReady: There is nothing to learn from.
        Busy: Another training holds the workspace.
    """
    with exclusive(home / "locks" / "train.lock", wait=False):
        for killed in (home / "models").glob("*/.*.tmp"):
            shutil.rmtree(killed)
        began = perf_counter()
        progress("building the dataset")
        catalog = store.load(home / "catalog")
        data = build.build(build.read(door), catalog, settings.dataset)
        read_seconds = perf_counter() - began
        asked = settings.recipes.models | {Popularity.name, SoundModel.name}
        choice = choose(data, [name for name in MODELS if name in asked], settings.models)
        why = list(choice.why)
        recipe, missing = _to_rank(settings.recipes)
        if missing:
            why.append(missing)
        steps = _Steps(progress, len(choice.configs) * (1 + (settings.train.folds if recipe else 1)))
        fitted: dict[str, tuple[Learned, float]] = {}
        for name, config in choice.configs.items():
            steps.next(f"fitting {name}")
            began = perf_counter()
            try:
                model = fit(name, config, data, settings.train.seed)
            except NotReady as error:
                if not data.stacked().nnz:
                    raise
                why.append(f"{name} is left out: {str(error).removeprefix(f'{name}: ')}")
            else:
                fitted[name] = model, perf_counter() - began
                why.extend(give_index(model, data, settings.index, settings.train.seed))
        configs = {name: choice.configs[name] for name in fitted}
        began = perf_counter()
        words = _words(settings, data, fitted)
        if isinstance(words, str):
            why.append(f"words is left out: {words}")
        else:
            fitted[words.name] = words, perf_counter() - began
        began = perf_counter()
        try:
            counted = charts.learn(door, catalog, data, settings.models.charts, now)
        except NotReady as error:
            why.append(f"charts is left out: {str(error).removeprefix('charts: ')}")
        else:
            fitted[counted.name] = counted, perf_counter() - began
        metrics, examples, took = _twins(data, configs, catalog, recipe, settings, steps)
        if recipe is not None:
            began = perf_counter()
            ranker = ranking.learn(examples, settings.ranker, seed=settings.train.seed)
            if ranker is None:
                why.append("the ranker is left out: too few rows were held out to learn it from")
            else:
                fitted[ranker.name] = ranker, took + perf_counter() - began
                continuation = settings.recipes.continuation
                if continuation.learned and set(continuation.weights) != set(recipe.weights):
                    why.append("continuation keeps the order of the blend: the ranker knows the sources of radio alone")
        steps.last("writing")
        written = {
            name: versions.save(
                home / "models",
                model,
                data,
                metrics=metrics.get(name, {}),
                seed=settings.train.seed,
                seconds=took,
                now=now,
            ).version
            for name, (model, took) in fitted.items()
        }
        newest = store.generations(home / "catalog")[-1]  # an import may have ended meanwhile
        pointer = snapshot.point(home, generation=newest, models=written, settings=settings.hash(), now=now)
        _prune(home, pointer, settings.train.keep_versions)
        parts = _parts(data)
        return Training(
            pointer,
            data.fingerprint,
            len(data.items),
            {name: len(part) for name, part in parts.items()},
            sum(part.nnz for name, part in parts.items() if name != "sessions"),
            {"dataset": round(read_seconds, 2), **{name: round(took, 2) for name, (_, took) in fitted.items()}},
            metrics,
            data.dropped,
            why,
            len(door.ledger().withdrawn_since(data.until, Purpose.PERSONALISE)),
        )


def _words(settings: Settings, data: Dataset, fitted: Mapping[str, tuple[Learned, float]]) -> Words | str:
    """Return words placed among the factors of the model that serves; or why they are not."""
    space = fitted.get(ImplicitALS.name)
    if space is None or not isinstance(space[0], ImplicitALS):
        return "als is not trained, whose space words are placed in"
    words = Words(settings.models.words)
    try:
        words.fit(data, space[0])
    except NotReady as error:
        return str(error).removeprefix("words: ")
    return words


def fit(name: str, config: ModelConfig, data: Dataset, seed: int) -> Any:
    """Return a model of this name, fitted."""
    model = MODELS[name](config)
    model.fit(data, seed=seed)
    return model


def measure(model: Model, held: Interactions) -> dict[str, float]:
    """Give the model each held-out row's first half and see whether it ranks the other half.

    "First" is by time for listeners where known, and as written for playlists. Returns R-precision, NDCG@100 and
    recall@100 over items, those given left out of the lists.
    """
    every = _distinct(held)
    every = every.take(np.flatnonzero(np.diff(every.offsets) >= _SHORTEST_ROW))
    if not len(every):
        return {}
    place = places(every.offsets)
    given = place < (np.diff(every.offsets) // 2)[row_numbers(every.offsets)]
    history, relevant = every.keep(given), every.keep(~given)
    longest = int(np.diff(relevant.offsets).max())
    ranked, _ = model.recommend(history, history, max(100, longest), parallel=True)
    return {
        "rows": float(len(every)),
        "r_precision": round(accuracy.mean(accuracy.r_precision(ranked, relevant)), 4),
        "ndcg@100": round(accuracy.mean(accuracy.ndcg(ranked, relevant, 100)), 4),
        "recall@100": round(accuracy.mean(accuracy.recall(ranked, relevant, 100)), 4),
    }


def _to_rank(recipes: RecipesConfig) -> tuple[ListConfig | None, str | None]:
    """Return the recipe that the ranker is learned for, if one asks for it and it can be learned here; or why not."""
    recipe = next((one for one in (recipes.radio, recipes.continuation) if one.learned), None)
    if recipe is not None and (missing := unavailable()):
        return None, f"the ranker is left out, and lists keep the order of the blend: {missing}"
    return recipe, None


@dataclass
class _Steps:
    """Tells the progress of so many steps."""

    progress: Progress
    total: int
    done: int = -1

    def next(self, what: str) -> None:
        self.done += 1
        self.progress(what, min(self.done, self.total), self.total)

    def last(self, what: str) -> None:
        self.progress(what, self.total, self.total)


def _twins(
    data: Dataset,
    configs: Mapping[str, ModelConfig],
    catalog: Catalog,
    recipe: ListConfig | None,
    settings: Settings,
    steps: _Steps,
) -> tuple[dict[str, dict[str, float]], list[ranking.Examples], float]:
    """Fit twins without rows held out: measure them on the first of these, and let the recipe continue all.

    Returns:
        The metrics of each model; what the ranker learns from; and the seconds that the continuing took.
    """
    asked = set() if recipe is None else {source.partition(":")[0] for source in recipe.weights} | {Popularity.name}
    metrics, examples, seconds = {}, [], 0.0
    for fold, (known, held) in enumerate(_held_out(data, settings, settings.train.folds if recipe else 1)):
        twins: dict[str, Model] = {}
        for name, config in configs.items():
            if not issubclass(MODELS[name], Model) or not (name in asked or fold == 0):
                continue
            steps.next(f"measuring {name}" if fold == 0 else f"fitting {name} again, to learn to rank")
            with suppress(NotReady):  # all that it learns from may be of the rows held out
                twins[name] = fit(name, config, known, settings.train.seed)
                if fold == 0 and twins[name].vocabulary(known) is known.items:  # else it ranks nothing held out
                    metrics[name] = measure(twins[name], held)
        if recipe is not None and all(name in twins for name in configs if name in asked):
            began = perf_counter()
            seed = settings.train.seed + fold
            examples.append(ranking.ask(twins, known, _distinct(held), catalog, recipe, seed=seed))
            seconds += perf_counter() - began
    return metrics, examples, seconds


def _held_out(data: Dataset, settings: Settings, folds: int) -> Iterator[tuple[Dataset, Interactions]]:
    """Split off rows of the matrix with more rows (listeners or playlists), other ones each time.

    Fewer times, or not at all, where there are too few to hold out as many again.
    """
    name = "listeners" if len(data.listeners or ()) >= len(data.playlists or ()) else "playlists"
    part: Interactions | None = getattr(data, name)
    if part is None:
        return
    config = settings.train
    for fold in range(folds):
        rng = np.random.Generator(np.random.PCG64(config.seed))
        kept, held = split.hold_out_rows(part, config.held_out_share, config.held_out_most, rng, fold=fold)
        if not len(held):
            return
        parts = {"listeners": data.listeners, "playlists": data.playlists, name: kept}
        sessions = data.sessions
        if sessions is not None and name == "listeners":  # theirs would tell what they heard
            theirs = sessions.rows.is_in(held.rows.implode())
            sessions = sessions.take(np.flatnonzero(~theirs.to_numpy()))
        yield replace(data, sessions=sessions, listeners=parts["listeners"], playlists=parts["playlists"]), held


def _parts(data: Dataset) -> dict[str, Interactions]:
    """Return the matrices that there are, by name."""
    parts = {name: getattr(data, name) for name in ("listeners", "playlists", "sessions")}
    return {name: part for name, part in parts.items() if part is not None}


def _distinct(held: Interactions) -> Ragged:
    """Return the rows in their order, by time where it is known; an item that a row repeats counts once."""
    row = row_numbers(held.offsets)
    order = np.arange(held.nnz) if held.times is None else np.lexsort((np.arange(held.nnz), held.times, row))
    every = Ragged(held.offsets, held.items[order], held.weights[order])
    _, first = np.unique(row * (held.items.max(initial=0) + 1) + every.values, return_index=True)
    return every.keep(np.isin(np.arange(held.nnz), first))


def _prune(home: Path, pointer: Pointer, newest: int) -> None:
    """Remove what neither serves nor served before, but for the newest versions of each model."""
    needed = [one for one in (pointer, snapshot.before(pointer)) if one is not None]
    for name in versions.names(home / "models"):
        keep = {one.models[name] for one in needed if name in one.models}
        versions.prune(home / "models", name, keep=keep, newest=newest)
    store.prune(home / "catalog", {one.generation for one in needed})
