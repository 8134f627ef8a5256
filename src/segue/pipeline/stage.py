# SPDX-License-Identifier: Apache-2.0
"""A step from candidates to candidates, and running a list of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.trace import Trace

__all__ = ["SEEDS", "Recipe", "Source", "Stage", "run"]

SEEDS = 3
"""Of so many tracks, at most, a source says that they moved it to another."""
_BLOCK = 512
"""Rows that go through all stages together: a thousand candidates of each are some megabytes."""


class Source(Protocol):
    """Proposes tracks for each row of a request."""

    @property
    def name(self) -> str:
        """What answers call it."""
        ...

    def propose(self, request: Request, *, parallel: bool) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return `int32[Q, k]` tracks (-1 behind the last) and `float32[Q, k]` scores, greater is better."""
        ...

    def score(self, request: Request, candidates: Candidates) -> NDArray[np.float32]:
        """Return what it thinks of every candidate, its own or not: `float32[n]`, NaN where it cannot say."""
        ...

    def seeds_of(self, request: Request, candidates: Candidates, asked: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Return the tracks that moved it most to each candidate asked about (`bool[n]`): `int32[m, k]`, k ≤ `SEEDS`.

        In the order of the candidates, most first, -1 behind the last.
        """
        ...


class Stage(Protocol):
    """May drop, reorder, score or annotate candidates, and nothing else. Each drop is told to the trace."""

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:
        """Return what is left."""
        ...


@dataclass(frozen=True, slots=True)
class Recipe:
    """A named list of stages; the first one gathers."""

    name: str
    stages: Sequence[Stage]


def run(recipe: Recipe, request: Request, trace: Trace) -> Candidates:
    """Send a request through the recipe's stages, in order; many rows a block at a time, as they stay in the cache."""
    if len(request) <= _BLOCK:
        return _run(recipe, request, trace)
    blocks = []
    for first in range(0, len(request), _BLOCK):
        own = Trace()
        rows = np.arange(first, min(first + _BLOCK, len(request)))
        blocks.append(_run(recipe, request.take(rows), own))
        trace.within(own, rows, len(request))
    return Candidates.concat(blocks)


def _run(recipe: Recipe, request: Request, trace: Trace) -> Candidates:
    nothing = np.zeros(0, np.int32)
    candidates = Candidates.of(np.zeros(len(request) + 1, np.int64), nothing, (), np.zeros((0, 0), np.float32))
    for stage in recipe.stages:
        began = perf_counter()
        candidates = stage(request, candidates, trace)
        trace.took(type(stage).__name__, perf_counter() - began, len(candidates.track))
    return candidates
