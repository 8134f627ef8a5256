# SPDX-License-Identifier: Apache-2.0
"""Models as sources: catalogue numbers in, catalogue numbers out; and the stages that ask all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segue.kernels.lists import merge
from segue.kernels.ragged import Ragged, offsets_of
from segue.models.bound import BoundModel, BoundTitles
from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.stage import SEEDS, Source
from segue.pipeline.trace import Trace

__all__ = ["Complete", "Gather", "ModelSource", "TitleSource"]


@dataclass(frozen=True)
class ModelSource:
    """Asks a model about the seeds of each row, or about its history."""

    name: str
    bound: BoundModel
    about: Literal["seeds", "history"]
    k: int
    """Candidates a row."""
    unheard: bool = False
    """Whether tracks of the history are left out."""

    def propose(self, request: Request, *, parallel: bool) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Rank with the model. Rows without anything it knows of get nothing."""
        asked = self._about(request).translate(self.bound.index)
        exclude = request.banned.concat(request.exclude).concat(request.seeds)
        if self.unheard:
            exclude = exclude.concat(request.history)
        items, scores = self.bound.model.recommend(
            asked, exclude.translate(self.bound.index), min(self.k, len(self.bound.numbers)), parallel=parallel
        )
        return np.where(items >= 0, self.bound.numbers[items], -1), scores

    def score(self, request: Request, candidates: Candidates) -> NDArray[np.float32]:
        """Score with the model what any source proposed."""
        known, wanted = _items(candidates, self.bound.index)
        scores = np.full(len(known), np.nan, np.float32)
        scores[known] = self.bound.model.score(self._about(request).translate(self.bound.index), wanted)
        return scores

    def seeds_of(self, request: Request, candidates: Candidates, asked: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Return the tracks of the history (or seeds) that contribute most to each, `SEEDS` at most."""
        known, items = _items(candidates, self.bound.index, asked)
        about = self._about(request).translate(self.bound.index)
        seeds = np.full((int(asked.sum()), SEEDS), -1, np.int32)
        items_of = self.bound.model.strongest(about, items, SEEDS)
        seeds[known[asked]] = np.where(items_of >= 0, self.bound.numbers[items_of], -1)
        return seeds

    def _about(self, request: Request) -> Ragged:
        return request.seeds if self.about == "seeds" else request.history


@dataclass(frozen=True)
class TitleSource:
    """Asks the title model about the title of each row; rows without one get nothing."""

    name: str
    bound: BoundTitles
    k: int
    """Candidates a row."""

    def propose(self, request: Request, *, parallel: bool) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Rank with the model."""
        exclude = request.banned.concat(request.exclude).concat(request.seeds).translate(self.bound.index)
        k = min(self.k, len(self.bound.numbers))
        items, scores = self.bound.model.recommend(self._titles(request), exclude, k, parallel=parallel)
        return np.where(items >= 0, self.bound.numbers[items], -1), scores

    def score(self, request: Request, candidates: Candidates) -> NDArray[np.float32]:
        """Score with the model what any source proposed."""
        known, wanted = _items(candidates, self.bound.index)
        scores = np.full(len(known), np.nan, np.float32)
        scores[known] = self.bound.model.score(self._titles(request), wanted)
        return scores

    def seeds_of(self, request: Request, candidates: Candidates, asked: NDArray[np.bool_]) -> NDArray[np.int32]:  # noqa: ARG002
        """No track moved it."""
        return np.full((int(asked.sum()), 1), -1, np.int32)

    def _titles(self, request: Request) -> Sequence[str]:
        return request.titles or [""] * len(request)


def _items(
    candidates: Candidates, index: NDArray[np.int32], asked: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.bool_], Ragged]:
    """Return which candidates (of those asked about) a model knows, `bool[n]`, and those as rows of its items."""
    items = index[candidates.track]
    known = items >= 0 if asked is None else (items >= 0) & asked
    offsets = offsets_of(np.bincount(candidates.rows[known], minlength=len(candidates)))
    return known, Ragged(offsets, items[known], np.ones(int(known.sum()), np.float32))


@dataclass(frozen=True)
class Gather:
    """Asks every source and merges what they propose."""

    sources: Sequence[Source]
    tracks: int
    """Of the catalogue."""
    parallel: bool = False

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:
        """Return each row's union of proposals, as first named, with every source's score beside it."""
        if not self.sources:
            return candidates
        proposals = []
        for source in self.sources:
            began = perf_counter()
            proposals.append(source.propose(request, parallel=self.parallel))
            trace.took(f"source {source.name}", perf_counter() - began, int((proposals[-1][0] >= 0).sum()))
        offsets, track, said = merge(proposals, self.tracks)
        return Candidates.of(offsets, track, tuple(source.name for source in self.sources), said)


@dataclass(frozen=True)
class Complete:
    """Asks every source what it thinks of what the others proposed, so that a ranker compares like with like."""

    sources: Sequence[Source]

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:  # noqa: ARG002
        """Fill the gaps in what the sources said; what they did say stays as it is."""
        proposed = candidates.proposed.copy()
        for column, source in enumerate(self.sources):
            gaps = np.isnan(proposed[:, column])
            if gaps.any():
                proposed[gaps, column] = source.score(request, candidates)[gaps]
        return replace(candidates, proposed=proposed)
