# SPDX-License-Identifier: Apache-2.0
"""Learning the ranker: models continue rows that they never saw, and it learns which candidates were right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from segue.catalog.store import Catalog
from segue.dataset.matrices import Dataset
from segue.kernels.ragged import Ragged, row_numbers
from segue.models.model import Model
from segue.models.ranker import Ranker, RankerConfig
from segue.pipeline.request import Request
from segue.pipeline.stage import Recipe, run
from segue.pipeline.trace import Trace
from segue.ranking.features import Tracks, features, names
from segue.recipes.music import ListConfig, blended
from segue.registry.snapshot import Snapshot, bind

__all__ = ["Examples", "ask", "learn", "questions"]

_SEEDS = (1, 1, 1, 5, 25)
"""Tracks that are given of each row, one question each; of one, the first and two at random."""
_WRONG_SHARE = 0.1
"""Share of the wrong candidates that is learned from, drawn at random: it is as good as all, and ten times faster."""
_FEWEST_LISTS = 200
"""Fewer questions teach nothing that weights would not do as well."""
_CHUNK = 256


@dataclass(frozen=True, slots=True)
class Examples:
    """Lists of candidates, and which of them were right."""

    features: NDArray[np.float32]
    """`float32[n, F]`, list after list."""
    names: tuple[str, ...]
    """Of the F features."""
    right: NDArray[np.bool_]
    """`bool[n]`."""
    lengths: NDArray[np.int64]
    """`int64[lists]`, sums to n."""


def learn(examples: Sequence[Examples], config: RankerConfig, *, seed: int) -> Ranker | None:
    """Return a ranker, or None where the lists are too few, or empty of right answers, to learn one from."""
    if sum(len(some.lengths) for some in examples) < _FEWEST_LISTS or not any(some.right.any() for some in examples):
        return None
    ranker = Ranker(config)
    ranker.fit(
        np.concatenate([some.features for some in examples]),
        examples[0].names,
        np.concatenate([some.right for some in examples]),
        np.concatenate([some.lengths for some in examples]),
        seed=seed,
    )
    return ranker


def ask(
    models: Mapping[str, Model], data: Dataset, rows: Ragged, catalog: Catalog, recipe: ListConfig, *, seed: int
) -> Examples:
    """Let a recipe's sources continue rows that they never saw.

    Args:
        models: Fitted without the rows.
        data: What they were fitted to.
        rows: Held-out rows of items, in their order, each item once. Items that nothing else has are passed over: no
            model can start from them or find them.
        catalog: Gives the items their numbers.
        recipe: Names the sources.
        seed: Of the seeds drawn.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    heard = np.bincount(data.stacked().indices, minlength=len(data.items)) > 0
    seeds, relevant = questions(rows.keep(heard[rows.values]), rng)
    snapshot = bind(catalog, models, data)
    numbers = data.items.numbers
    asked = Ragged(seeds.offsets, numbers[seeds.values], seeds.weights)
    wanted = Ragged(relevant.offsets, numbers[relevant.values], relevant.weights)
    sources = tuple(sorted(name for name in recipe.weights if name.partition(":")[0] in models))
    said = names(sources)
    known = [np.zeros((0, len(said)), np.float32)]
    right, lengths = [np.zeros(0, np.bool_)], [np.zeros(0, np.int64)]
    for first in range(0, len(asked), _CHUNK):
        some = np.arange(first, min(first + _CHUNK, len(asked)))
        matrix, hit, row = _examples(asked.take(some), wanted.take(some), snapshot, recipe, sources)
        kept = hit | (rng.random(len(hit)) < _WRONG_SHARE)
        known.append(matrix[kept])
        right.append(hit[kept])
        lengths.append(np.unique(row[kept], return_counts=True)[1])
    return Examples(np.concatenate(known), said, np.concatenate(right), np.concatenate(lengths))


def questions(rows: Ragged, rng: np.random.Generator) -> tuple[Ragged, Ragged]:
    """Return seeds and what is to be found with them: each row's first 1, 5 and 25 items, and single ones at random.

    A row is asked about only if at least as much is left to be found as is given, and 5 items.
    """
    given, left = [], []
    for row in range(len(rows)):
        items = rows.row(row)
        for place, count in enumerate(_SEEDS):
            if len(items) - count < max(count, 5):
                continue
            first = rng.integers(len(items)) if 0 < place < 3 else 0
            seeds = items[first : first + count]
            given.append(seeds)
            left.append(np.setdiff1d(items, seeds))
    return Ragged.of(given), Ragged.of(left)


def _examples(
    seeds: Ragged, relevant: Ragged, snapshot: Snapshot, recipe: ListConfig, sources: tuple[str, ...]
) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.int64]]:
    """Return the features of each question's candidates, which of them were right, and the question of each."""
    count = len(seeds)
    nothing = Ragged.empty(count)
    request = Request(
        now=datetime(2000, 1, 1, tzinfo=UTC),  # these sources know no time
        answer=np.arange(count, dtype=np.int32),
        history=nothing,
        seeds=seeds,
        banned=nothing,
        exclude=nothing,
        limit=np.full(count, recipe.candidates, np.int32),
        seed=np.zeros(count, np.uint64),
    )
    stages = blended(snapshot, recipe, candidates=recipe.candidates, parallel=True)
    made = run(Recipe("ranker", stages), request, Trace())
    tracks = Tracks(snapshot.catalog.artist, snapshot.popularity, snapshot.artist_popularity)
    size = len(snapshot.catalog)
    hit = np.isin(made.rows * size + made.track, row_numbers(relevant.offsets) * size + relevant.values)
    return features(request, made, tracks, sources), hit, made.rows
