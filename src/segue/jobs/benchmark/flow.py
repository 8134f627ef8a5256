# SPDX-License-Identifier: Apache-2.0
"""The order of playlists of the Million Playlist Dataset: people's, chance's, that of scores, and ours by each arc."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from segue.dataset.matrices import Dataset
from segue.evaluation import accuracy, flow
from segue.evaluation.intervals import paired
from segue.jobs.benchmark.moods import World, drawn, world
from segue.jobs.benchmark.rows import Row, over_seeds
from segue.jobs.choice import choose
from segue.jobs.train import fit
from segue.kernels.ragged import Ragged, places, row_numbers
from segue.models.model import Learned
from segue.models.sound import SOUND, SoundModel
from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.trace import Trace
from segue.playlists.arcs import ARCS, arc, error
from segue.recipes import music
from segue.recipes.music import ListConfig, RecipesConfig
from segue.service.answer import Service
from segue.service.histories import Histories
from segue.settings import Settings
from segue.types import Ask, Kind, Slate

__all__ = ["MEASURES", "MODELS", "PROTOCOL", "rows"]

PROTOCOL = (
    "700 playlists of at least 30 known tracks are held out whole. First their own tracks: as people put them, in 20 "
    "random orders, and as Segue puts them. Then continuations of 500 from the first 5: by falling score, and put in "
    "order, as it comes and along each arc. A step is the mean distance of neighbours whose sound is known, never "
    "guessed (tempo in octaves, where half and double are the same; key in hours of the Camelot wheel and its rings), "
    "a mean for each playlist. Gains are how much smaller it is: of people over chance, of Segue over people on the "
    "same tracks, of continuations over their scores; 95% intervals over playlists, on the first cut. `arc error`: the "
    "mean distance of ranks from the arc in each part that is put in order together, with 5 known tracks or more; by "
    "chance, that of falling score. `repeats`: tracks with one of their artist among the 3 before. Sound of 4% of "
    "the tracks, from spotify-songs, a quarter of what playlists hold; no learned ranker. No timbre is known"
)
_PEOPLE, _CHANCE, _OURS, _SCORE, _FLOW = "people's order", "shuffled", "segue's order", "by score", "segue"
_ALONG = {f"segue, {name}": name for name in ARCS if name != "flat"}
MODELS = (_CHANCE, _PEOPLE, _OURS, _SCORE, _FLOW, *_ALONG)
"""Rows of the table."""
_BASE = {_PEOPLE: _CHANCE, _OURS: _PEOPLE, _FLOW: _SCORE, **dict.fromkeys(_ALONG, _SCORE)}
"""What each row is compared with."""

_STEPS: Mapping[str, tuple[Sequence[str], Sequence[float]]] = {
    "energy": (("energy",), (0,)),
    "tempo": (("tempo",), (1,)),
    "key": (("key", "mode"), (12, 0)),
}
"""Columns of the sound whose distances are added up, and their periods."""
MEASURES = (
    *(f"{name} {what}" for name in _STEPS for what in ("step", "gain", "gain low", "gain high")),
    "repeats", "arc error", "arc error by chance", "N@500", "N@500 loss", "N@500 loss low", "N@500 loss high",
    "R-prec", "clicks",
)  # fmt: skip

_MODELS = ("popularity", "knn", "als", "item2vec", "graph", "artist", SoundModel.name)
_GIVEN, _DEEP, _GAP, _SHUFFLES, _LEAST_KNOWN = 5, 500, 3, 20, 5
_TOGETHER = 100
"""Of a playlist's own tracks so many are put in order at once."""

Measured = dict[str, NDArray[np.float64]]
"""By measure, `float64[Q]`."""


def rows(folder: Path, models: Sequence[str], seeds: int) -> list[Row]:
    """Return the wanted rows, each the mean over several cuts."""
    compared = {_BASE[model] for model in models if model in _BASE}
    wanted = [model for model in MODELS if model in {*models, *compared}]
    figures: dict[str, list[dict[str, float]]] = {model: [] for model in wanted}
    gains: dict[str, dict[str, float]] = {}
    for seed in range(seeds):
        with world(folder, partial(drawn, seed=seed), _learned) as one:
            lists = {model: _lists(one, model) for model in wanted}
            made = {model: _measured(one, model, lists, seed) for model in wanted}
            query_ms = _query_ms(one) if _FLOW in models else None
            learned = round(one.seconds, 2)
        for model in wanted:
            figures[model].append({name: accuracy.mean(each) for name, each in made[model].items()})
        if seed == 0:
            gains = {model: _gains(made[_BASE[model]], made[model]) for model in wanted if model in _BASE}
    table = []
    for model in models:
        means, spread = over_seeds(figures[model])
        took = None if model in (_PEOPLE, _CHANCE) else learned
        fast = query_ms if model == _FLOW else None
        table.append(Row(model, "ours", means | gains.get(model, {}), spread, took, fast, tried=1))
    return table


def _learned(data: Dataset, settings: Settings) -> dict[str, Learned]:
    configs = choose(data, _MODELS, settings.models).configs
    return {name: fit(name, config, data, settings.train.seed) for name, config in configs.items()}


def _lists(one: World, model: str) -> Ragged:
    """Return the lists of a row in catalogue numbers, -1 for a track that is in no playlist but the one held out."""
    if model in (_PEOPLE, _CHANCE, _OURS):
        numbers = [_canonical(one, order) for order in one.orders]
        return _in_order(one, Ragged.of(numbers)) if model == _OURS else Ragged.of(numbers)
    config = RecipesConfig().continuation
    if model == _SCORE:
        config = config.model_copy(update={"flow": None})
    asks = [_ask(one, row, _ALONG.get(model)) for row in range(len(one.test))]
    found = []
    for slate in _service(one, config).answer(asks, parallel=True).slates:
        assert isinstance(slate, Slate)
        found.append(_canonical(one, [track.track for track in slate.tracks]))
    return Ragged.of(found)


def _canonical(one: World, tracks: Sequence[str]) -> NDArray[np.int32]:
    numbers = one.snapshot.catalog.numbers(tracks)
    return np.where(numbers >= 0, one.snapshot.catalog.canonical[numbers], -1).astype(np.int32)


def _ask(one: World, row: int, wanted: str | None) -> Ask:
    given = tuple(one.data.items.ids.gather(one.test.row(row)[:_GIVEN]))
    return Ask(str(row), Kind.CONTINUE, given, limit=_DEEP, now=datetime.now(UTC), arc=wanted)


def _service(one: World, config: ListConfig) -> Service:
    histories = Histories(one.door, one.settings.dataset.signals)
    return Service(lambda: one.snapshot, one.door, RecipesConfig(continuation=config), histories)


def _in_order(one: World, lists: Ragged) -> Ragged:
    """Return lists in the order that Segue would put them in, if no track were better than another."""
    known = lists.keep(lists.values >= 0)
    _, first = np.unique(row_numbers(known.offsets) * len(one.snapshot.catalog) + known.values, return_index=True)
    once = np.zeros(len(known.values), bool)
    once[first] = True
    known = known.keep(once)
    config = RecipesConfig().continuation.flow
    assert config is not None
    stage = music.flow(
        config.model_copy(update={"hook": 0.0, "together": _TOGETHER}), one.snapshot, goes_on=False, parallel=True
    )
    nothing = Ragged.empty(len(known))
    request = Request(
        now=datetime.now(UTC),
        answer=np.arange(len(known), dtype=np.int32),
        history=nothing,
        seeds=nothing,
        banned=nothing,
        exclude=nothing,
        limit=np.diff(known.offsets).astype(np.int32),
        seed=np.zeros(len(known), np.uint64),
    )
    tracks = Candidates.of(known.offsets, known.values, (), np.zeros((len(known.values), 0), np.float32))
    return Ragged(known.offsets, stage(request, tracks, Trace()).track, known.weights)


def _measured(one: World, model: str, lists: Mapping[str, Ragged], seed: int) -> Measured:
    own = lists[model]
    if model == _CHANCE:
        rng = np.random.Generator(np.random.PCG64(seed))
        every = [_smooth(one, _shuffled(own, rng)) for _ in range(_SHUFFLES)]
        return {name: _mean([each[name] for each in every]) for name in every[0]}
    measured = _smooth(one, own)
    if model in (_SCORE, _FLOW, *_ALONG):
        measured |= _accurate(one, own)
    if model in _ALONG:
        measured["arc error"] = _amiss(one, own, _ALONG[model])
        measured["arc error by chance"] = _amiss(one, lists[_SCORE], _ALONG[model])
    return measured


def _smooth(one: World, lists: Ragged) -> Measured:
    """Return how smooth lists are where the catalogue says how their tracks sound."""
    measured = {}
    for name, (columns, periods) in _STEPS.items():
        values = np.stack([_said(one, column, lists) for column in columns], axis=1)
        measured[f"{name} step"] = flow.steps(lists.offsets, values, periods)
    artists = np.where(lists.values >= 0, one.snapshot.catalog.artist[lists.values], -1)
    measured["repeats"] = flow.repeats(lists.offsets, artists, _GAP)
    return measured


def _said(one: World, column: str, lists: Ragged) -> NDArray[np.float32]:
    """Return what the catalogue says of the tracks of lists, NaN where it says nothing."""
    sound, place = one.snapshot.sound, SOUND.index(column)
    said = (lists.values >= 0) & sound.known[lists.values, place]
    return np.where(said, sound.values[lists.values, place], np.nan).astype(np.float32)


def _accurate(one: World, lists: Ragged) -> Measured:
    items = np.full((len(lists), _DEEP), -1, np.int32)
    place = places(lists.offsets)
    items[row_numbers(lists.offsets), place] = one.data.items.index[lists.values]
    relevant = one.test.keep(places(one.test.offsets) >= _GIVEN)
    return {
        "N@500": accuracy.ndcg(items, relevant, _DEEP),
        "R-prec": accuracy.r_precision(items, relevant),
        "clicks": accuracy.clicks(items, relevant),
    }


def _amiss(one: World, lists: Ragged, wanted: str) -> NDArray[np.float64]:
    """Return how far each list is from an arc, the mean over the parts that are put in order together."""
    config = RecipesConfig().continuation.flow
    assert config is not None
    energy, curve = _said(one, "energy", lists), arc(wanted)
    found = np.full(len(lists), np.nan)
    for row in range(len(lists)):
        own = energy[lists.offsets[row] : lists.offsets[row + 1]]
        parts = [own[first : first + config.together] for first in range(0, len(own), config.together)]
        errors = [error(curve, part) for part in parts if np.isfinite(part).sum() >= _LEAST_KNOWN]
        if errors:
            found[row] = np.mean(errors)
    return found


def _shuffled(lists: Ragged, rng: np.random.Generator) -> Ragged:
    order = np.lexsort((rng.random(len(lists.values)), row_numbers(lists.offsets)))
    return Ragged(lists.offsets, lists.values[order], lists.weights)


def _mean(every: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the mean of each list over the orders in which it has one."""
    stacked = np.stack(every)
    known = np.isfinite(stacked)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, stacked, 0).sum(axis=0) / np.maximum(count, 1), np.nan)


def _gains(base: Measured, ours: Measured) -> dict[str, float]:
    """Return by how large a share steps and accuracy are smaller than those compared with, with intervals."""
    found: dict[str, float] = {}
    for name, words in (*((f"{step} step", (step, "gain")) for step in _STEPS), ("N@500", ("N@500", "loss"))):
        if name not in base:
            continue
        both = np.isfinite(base[name]) & np.isfinite(ours[name])
        whole = float(base[name][both].mean()) if both.any() else 0.0
        less = paired(base[name], ours[name], seed=0)
        figures = (less.mean, less.low, less.high) if whole else (0.0, 0.0, 0.0)
        found |= {
            " ".join((*words, *end)): round(figure / (whole or 1.0), 4)
            for figure, end in zip(figures, ((), ("low",), ("high",)), strict=True)
        }
    return found


def _query_ms(one: World) -> float:
    service = _service(one, RecipesConfig().continuation)
    taken = []
    for row in range(min(len(one.test), 50)):
        ask = replace(_ask(one, row, None), limit=30)
        began = perf_counter()
        service.answer([ask])
        taken.append(perf_counter() - began)
    return round(float(np.median(taken)) * 1000, 2)
