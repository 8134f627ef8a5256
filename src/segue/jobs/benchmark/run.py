# SPDX-License-Identifier: Apache-2.0
"""Running a benchmark: settings chosen on validation, figures from the test, each model in a process of its own."""

import os
import resource
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.dataset.matrices import Dataset
from segue.errors import BadInput, NotFound
from segue.evaluation import accuracy, beyond
from segue.evaluation.protocol import Split, Task, check
from segue.jobs.benchmark.rows import Benchmark, Row, over_seeds
from segue.jobs.benchmark.suites import Suite, Together, suite
from segue.jobs.machine import machine
from segue.jobs.progress import Progress, silent
from segue.kernels.ragged import Ragged, places, row_numbers
from segue.models.model import Model
from segue.registry.versions import MODELS

__all__ = ["datasets_folder", "fitted", "measured", "run"]

_DIVERSITY_OF = 2000
"""Lists whose pairs are compared; more change nothing but the time."""


def datasets_folder() -> Path:
    """Return the folder that `SEGUE_DATASETS` names.

    Raises:
        BadInput: It names none.
    """
    folder = os.environ.get("SEGUE_DATASETS", "")
    if not folder or not Path(folder).is_dir():
        problem = f"names {folder!r}, which is no folder" if folder else "is not set"
        raise BadInput(f"SEGUE_DATASETS {problem}; let it name the folder that holds the data sets")
    return Path(folder)


def run(
    name: str,
    folder: Path,
    *,
    models: Sequence[str] = (),
    seeds: int | None = None,
    progress: Progress = silent,
) -> Benchmark:
    """Run a benchmark; nothing is fetched.

    Settings of each model are chosen once, on the validation part of the first seed, and then measured on the test of
    every seed.

    Args:
        name: As `suites.SUITES` has it.
        folder: Holds the data sets.
        models: Only these; none: all that the suite has settings for.
        seeds: How many runs; None: as many as the suite says.
        progress: Told as models are done.

    Raises:
        NotFound: There is no such benchmark or model.
        BadInput: The data is not there, or its cut leaks.
    """
    chosen = suite(name)
    for model in models:
        if model not in chosen.models:
            raise NotFound(f"{name} has no model {model!r}; it has {', '.join(chosen.models)}")
    rows = [Row(one.model, "published", dict(one.metrics), where=one.where) for one in chosen.published]
    wanted = list(models) or list(chosen.models)
    if isinstance(chosen, Together):
        progress(f"{name}: {', '.join(wanted)}")
        with _apart() as pool:
            rows += pool.submit(chosen.rows, folder, wanted, seeds or chosen.seeds).result()
    else:
        check(chosen.read(folder, 0))
        for place, model in enumerate(wanted):
            progress(f"{name}: {model}", place, len(wanted))
            with _apart() as pool:
                rows.append(pool.submit(_row, chosen.name, folder, model, seeds or chosen.seeds).result())
    progress(name, len(wanted), len(wanted))
    return Benchmark(name, chosen.protocol, machine(), rows)


def _apart() -> ProcessPoolExecutor:
    """Return a process of its own: its peak of memory is its own, and nothing of one model is warm for the next."""
    return ProcessPoolExecutor(1, mp_context=get_context("spawn"))


def _row(name: str, folder: Path, model: str, seeds: int) -> Row:
    chosen = suite(name)
    assert isinstance(chosen, Suite)
    first = chosen.read(folder, 0)
    settings = _tuned(chosen, first, model)
    runs: list[dict[str, float]] = []
    seconds: list[float] = []
    for seed in range(seeds):
        split = first if seed == 0 else chosen.read(folder, seed)
        check(split)
        began = perf_counter()
        made = fitted(model, settings, split.data, seed)
        seconds.append(perf_counter() - began)
        runs.append(measured(made, split, split.test, chosen.measures))
    query_ms = _query_ms(made, split.test)
    means, spread = over_seeds(runs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    tried = len(chosen.tried[model])
    return Row(
        model, "ours", means, spread, round(float(np.mean(seconds)), 2), query_ms, round(peak), dict(settings), tried
    )


def _tuned(chosen: Suite, split: Split, model: str) -> Mapping[str, Any]:
    """Return the settings with the best figure on validation."""
    tried = chosen.tried[model]
    if len(tried) == 1:
        return tried[0]
    figures = [
        measured(fitted(model, settings, split.tuning or split.data, 0), split, split.validation, [chosen.chosen_by])[
            chosen.chosen_by
        ]
        for settings in tried
    ]
    return tried[int(np.argmax(figures))]


def fitted(model: str, settings: Mapping[str, Any], data: Dataset, seed: int) -> Model:
    """Return a model that was fitted with the settings."""
    kind = MODELS[model]
    made = kind(kind.Config.model_validate(settings))
    assert isinstance(made, Model)
    made.fit(data, seed=seed)
    return made


def measured(model: Model, split: Split, task: Task, measures: Sequence[str]) -> dict[str, float]:
    """Return the measures, and what accuracy does not say of the first of the measures' lists."""
    depth = max(int(name.partition("@")[2] or 500) for name in measures)
    if task.candidates is None:
        ranked, _ = model.recommend(task.history, task.exclude, depth, parallel=True)
    else:
        ranked = _among(model, task.history, task.candidates)
    figures = {name: accuracy.mean(accuracy.measure(name, ranked, task.relevant)) for name in measures}
    if task is not split.test:
        return figures
    shown = ranked[:, : int(measures[0].partition("@")[2] or 10)]
    matrix = split.data.stacked(("listeners", "playlists", "sessions"))
    popularity = np.bincount(matrix.indices, minlength=len(split.data.items)) / max(matrix.shape[0], 1)
    figures["coverage"] = beyond.coverage(shown, len(split.data.items))
    figures["novelty"] = accuracy.mean(beyond.novelty(shown, popularity))
    figures["lift"] = accuracy.mean(beyond.popularity_lift(shown, task.history, popularity))
    exposure = np.bincount(shown[shown >= 0], minlength=len(split.data.items))
    figures["gini"] = beyond.gini(exposure)
    some = np.linspace(0, len(shown) - 1, min(len(shown), _DIVERSITY_OF)).astype(int)
    figures["diversity"] = float(np.nanmean(beyond.intra_list_diversity(shown[some], matrix.T.tocsr())))
    return figures


def _among(model: Model, history: Ragged, candidates: Ragged) -> NDArray[np.int32]:
    """Rank each row's candidates; of equals, and of those without a score, the later stands behind."""
    scores = np.nan_to_num(model.score(history, candidates), nan=-np.inf)
    order = np.lexsort((np.arange(len(scores)), -scores, row_numbers(candidates.offsets)))
    width = int(np.diff(candidates.offsets).max(initial=0))
    ranked = np.full((len(candidates), width), -1, np.int32)
    ranked[row_numbers(candidates.offsets), places(candidates.offsets)] = candidates.values[order]
    return ranked


def _query_ms(model: Model, task: Task, count: int = 200) -> float:
    """Return the median time of one answer, asked one at a time on one thread."""
    taken = []
    for row in np.linspace(0, len(task.history) - 1, count).astype(int):
        history, exclude = task.history.take(np.array([row])), task.exclude.take(np.array([row]))
        began = perf_counter()
        model.recommend(history, exclude, 20)
        taken.append(perf_counter() - began)
    return round(float(np.median(taken)) * 1000, 3)
