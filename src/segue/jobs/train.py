# SPDX-License-Identifier: Apache-2.0
"""From the log to a published snapshot: build the dataset, fit each model, measure a twin, publish the set."""

import shutil
from collections.abc import Mapping
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
from segue.jobs import ranking
from segue.jobs.choice import choose
from segue.jobs.progress import Progress, silent
from segue.kernels.ragged import Ragged, row_numbers
from segue.models.model import Learned, Model, ModelConfig
from segue.models.popularity import Popularity
from segue.models.ranker import Ranker, unavailable
from segue.models.title import TitleModel
from segue.privacy.door import Door
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
        known, held = _hold_out(data, settings)
        asked = settings.recipes.models | {Popularity.name}
        choice = choose(data, [name for name in MODELS if name in asked], settings.models)
        fitted: dict[str, tuple[Learned, float]] = {}
        metrics: dict[str, dict[str, float]] = {}
        twins: dict[str, Model] = {}
        for place, (name, config) in enumerate(choice.configs.items()):
            if held is not None and name != TitleModel.name:
                progress(f"measuring {name}", place, len(choice.configs))
                with suppress(NotReady):  # all that it learns from may be of the rows held out
                    twins[name] = fit(name, config, known, settings.train.seed)
                    if twins[name].vocabulary(known) is known.items:  # else no held-out row has what it ranks
                        metrics[name] = measure(twins[name], held)
            progress(f"fitting {name}", place, len(choice.configs))
            began = perf_counter()
            model = fit(name, config, data, settings.train.seed)
            fitted[name] = model, perf_counter() - began
        progress("learning to rank", len(fitted), len(fitted))
        began = perf_counter()
        ranker, why_none = (None, None) if held is None else _ranker(twins, known, held, catalog, settings)
        if ranker is not None:
            fitted[ranker.name] = ranker, perf_counter() - began
        del twins
        progress("writing", len(fitted), len(fitted))
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
        parts = {name: getattr(data, name) for name in ("listeners", "playlists", "sessions")}
        return Training(
            pointer,
            data.fingerprint,
            len(data.items),
            {name: len(part) for name, part in parts.items() if part is not None},
            sum(part.nnz for name, part in parts.items() if part is not None and name != "sessions"),
            {"dataset": round(read_seconds, 2), **{name: round(took, 2) for name, (_, took) in fitted.items()}},
            metrics,
            data.dropped,
            [*choice.why, *([why_none] if why_none else [])],
            len(door.ledger().withdrawn_since(data.until, Purpose.PERSONALISE)),
        )


def fit(name: str, config: ModelConfig, data: Dataset, seed: int) -> Any:
    """Return a model of this name, fitted."""
    model = MODELS[name](config)
    model.fit(data, seed=seed)
    return model


def _prune(home: Path, pointer: Pointer, newest: int) -> None:
    """Remove what neither serves nor served before, but for the newest versions of each model."""
    needed = [one for one in (pointer, snapshot.before(pointer)) if one is not None]
    for name in versions.names(home / "models"):
        keep = {one.models[name] for one in needed if name in one.models}
        versions.prune(home / "models", name, keep=keep, newest=newest)
    store.prune(home / "catalog", {one.generation for one in needed})


def _ranker(
    twins: Mapping[str, Model], known: Dataset, held: Interactions, catalog: Catalog, settings: Settings
) -> tuple[Ranker | None, str | None]:
    """Learn the ranker that the recipes share, if one asks for it; or say why there is none."""
    recipe = next((one for one in (settings.recipes.radio, settings.recipes.continuation) if one.learned), None)
    if recipe is None:
        return None, None
    if missing := unavailable():
        return None, f"the ranker is left out, and lists keep the order of the blend: {missing}"
    rows = _distinct(held)
    made = ranking.learn(twins, known, rows, catalog, recipe, settings.ranker, seed=settings.train.seed)
    return made, None if made else "the ranker is left out: there are too few held-out rows to learn it from"


def measure(model: Model, held: Interactions) -> dict[str, float]:
    """Give the model each held-out row's first half and see whether it ranks the other half.

    "First" is by time for listeners where known, and as written for playlists. Returns R-precision, NDCG@100 and
    recall@100 over items, those given left out of the lists.
    """
    every = _distinct(held)
    every = every.take(np.flatnonzero(np.diff(every.offsets) >= _SHORTEST_ROW))
    if not len(every):
        return {}
    place = np.arange(len(every.values)) - every.offsets[:-1][row_numbers(every.offsets)]
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


def _distinct(held: Interactions) -> Ragged:
    """Return the rows in their order, by time where it is known; an item that a row repeats counts once."""
    row = row_numbers(held.offsets)
    order = np.arange(held.nnz) if held.times is None else np.lexsort((np.arange(held.nnz), held.times, row))
    every = Ragged(held.offsets, held.items[order], held.weights[order])
    _, first = np.unique(row * (held.items.max(initial=0) + 1) + every.values, return_index=True)
    return every.keep(np.isin(np.arange(held.nnz), first))


def _hold_out(data: Dataset, settings: Settings) -> tuple[Dataset, Interactions | None]:
    """Split off rows of the matrix with more rows (listeners or playlists); None when there are too few to measure."""
    name = "listeners" if len(data.listeners or ()) >= len(data.playlists or ()) else "playlists"
    part: Interactions | None = getattr(data, name)
    if part is None:
        return data, None
    rng = np.random.Generator(np.random.PCG64(settings.train.seed))
    kept, held = split.hold_out_rows(part, settings.train.held_out_share, settings.train.held_out_most, rng)
    if not len(held):
        return data, None
    parts = {"listeners": data.listeners, "playlists": data.playlists, name: kept}
    sessions = data.sessions
    if sessions is not None and name == "listeners":  # theirs would tell what they heard
        theirs = sessions.rows.str.replace("\x1f[^\x1f]*$", "").is_in(held.rows.implode())
        sessions = sessions.take(np.flatnonzero(~theirs.to_numpy()))
    return replace(data, sessions=sessions, listeners=parts["listeners"], playlists=parts["playlists"]), held
