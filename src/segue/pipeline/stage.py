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

__all__ = ["Recipe", "Source", "Stage", "run"]


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

    def seed_of(self, request: Request, row: int, tracks: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return, for tracks that it proposed to the row, the track that moved it most to each, -1 for none."""
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
    """Send a request through the recipe's stages, in order."""
    nothing = np.zeros(0, np.int32)
    candidates = Candidates.of(len(request), nothing, nothing, (), np.zeros((0, 0), np.float32))
    for stage in recipe.stages:
        began = perf_counter()
        candidates = stage(request, candidates, trace)
        trace.took(type(stage).__name__, perf_counter() - began, len(candidates.track))
    return candidates
