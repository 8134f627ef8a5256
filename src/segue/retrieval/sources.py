# SPDX-License-Identifier: Apache-2.0
"""Models as sources: catalogue numbers in, catalogue numbers out; and the stages that ask all of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segue.kernels.ragged import Ragged, offsets_of
from segue.models.bound import BoundModel, BoundTitles
from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.stage import Source
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

    def seed_of(self, request: Request, row: int, tracks: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the track of the history (or seeds) that contributes most to each."""
        asked = self._about(request).take(np.array([row])).translate(self.bound.index)
        if not len(asked.values) or not len(tracks):
            return np.full(len(tracks), -1, np.int32)
        shares = self.bound.model.contributions(asked, self.bound.index[tracks])
        best = shares.argmax(axis=0)
        moved = shares[best, np.arange(len(tracks))] > 0
        return np.where(moved, self.bound.numbers[asked.values[best]], -1).astype(np.int32)

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

    def seed_of(self, request: Request, row: int, tracks: NDArray[np.int32]) -> NDArray[np.int32]:  # noqa: ARG002
        """No track moved it."""
        return np.full(len(tracks), -1, np.int32)

    def _titles(self, request: Request) -> Sequence[str]:
        return request.titles or [""] * len(request)


def _items(candidates: Candidates, index: NDArray[np.int32]) -> tuple[NDArray[np.bool_], Ragged]:
    """Return which candidates a model knows (`bool[n]`), and those as rows of its items."""
    items = index[candidates.track]
    known = items >= 0
    offsets = offsets_of(np.bincount(candidates.rows[known], minlength=len(candidates)))
    return known, Ragged(offsets, items[known], np.ones(int(known.sum()), np.float32))


@dataclass(frozen=True)
class Gather:
    """Asks every source and merges what they propose."""

    sources: Sequence[Source]
    parallel: bool = False

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:
        """Return each row's union of proposals, by track, with every source's score beside it."""
        if not self.sources:
            return candidates
        rows, tracks, scores, origins = [], [], [], []
        for origin, source in enumerate(self.sources):
            began = perf_counter()
            proposed, score = source.propose(request, parallel=self.parallel)
            row, place = np.nonzero((proposed >= 0) & np.isfinite(score))
            rows.append(row)
            tracks.append(proposed[row, place])
            scores.append(score[row, place])
            origins.append(np.full(len(row), origin))
            trace.took(f"source {source.name}", perf_counter() - began, len(row))
        row, track = np.concatenate(rows), np.concatenate(tracks)
        order = np.lexsort((track, row))
        row, track = row[order], track[order]
        first = np.ones(len(row), bool)
        first[1:] = (row[1:] != row[:-1]) | (track[1:] != track[:-1])
        matrix = np.full((int(first.sum()), len(self.sources)), np.nan, np.float32)
        matrix[first.cumsum() - 1, np.concatenate(origins)[order]] = np.concatenate(scores)[order]
        names = tuple(source.name for source in self.sources)
        return Candidates.of(len(request), row[first], track[first], names, matrix)


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
