# SPDX-License-Identifier: Apache-2.0
"""Models as sources: catalogue numbers in, catalogue numbers out; and the stages that ask all of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
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
from segue.themes.fitting import Themes

__all__ = ["Complete", "Gather", "ModelSource", "ThemeSource", "TitleSource"]


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
    themes: Themes | None = None
    """Says what playlists of such music are called, beside the words given; None: they are taken as they are."""

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

    def _titles(self, request: Request) -> Sequence[str | tuple[str, ...]]:
        if self.themes is None or not request.titles:
            return request.titles or [""] * len(request)
        return [_half(self.themes.read(title).titles) for title in request.titles]


def _half(titles: tuple[str, ...]) -> tuple[str, ...]:
    """Return the ways to say one thing, the asker's own as often as all others."""
    return titles[:1] * max(len(titles) - 1, 1) + titles[1:]


@dataclass(frozen=True)
class ThemeSource:
    """Says of every track how well it fits the words of each row, by rules; rows whose words have none get nothing."""

    name: str
    themes: Themes
    popularity: NDArray[np.float32]
    """`float32[catalogue]`: of tracks that fit alike, those that are known are proposed first."""
    available: NDArray[np.bool_]
    """`bool[catalogue]`: canonical recordings that may be proposed."""
    k: int
    """Candidates a row."""

    def propose(self, request: Request, *, parallel: bool) -> tuple[NDArray[np.int32], NDArray[np.float32]]:  # noqa: ARG002
        """Return the tracks that fit best and are known, with how well they fit."""
        k = min(self.k, len(self.available))
        tracks = np.full((len(request), k), -1, np.int32)
        scores = np.full((len(request), k), -np.inf, np.float32)
        for row, fit in enumerate(self._fits(request)):
            if fit is None:
                continue
            order = np.where(self.available, fit * self._prior, np.float32(0))
            for out in (request.banned, request.exclude, request.seeds):
                order[out.row(row)] = 0
            best = np.argpartition(-order, k - 1)[:k]
            best = best[order[best] > 0]
            best = best[np.lexsort((best, -order[best]))]
            tracks[row, : len(best)], scores[row, : len(best)] = best, fit[best]
        return tracks, scores

    def score(self, request: Request, candidates: Candidates) -> NDArray[np.float32]:
        """Return how well each fits."""
        scores = np.full(len(candidates.track), np.nan, np.float32)
        for row, fit in enumerate(self._fits(request)):
            if fit is not None:
                here = slice(candidates.offsets[row], candidates.offsets[row + 1])
                scores[here] = fit[candidates.track[here]]
        return scores

    def seeds_of(self, request: Request, candidates: Candidates, asked: NDArray[np.bool_]) -> NDArray[np.int32]:  # noqa: ARG002
        """No track moved it."""
        return np.full((int(asked.sum()), 1), -1, np.int32)

    @cached_property
    def _prior(self) -> NDArray[np.float32]:
        """`float32[catalogue]`: 1 for the most played track, less for others, above 0 for all."""
        known = np.log1p(np.maximum(self.popularity, 0))
        prior: NDArray[np.float32] = (0.05 + known / max(float(known.max(initial=0)), 1e-9)).astype(np.float32)
        return prior

    def _fits(self, request: Request) -> Iterator[NDArray[np.float32] | None]:
        titles = request.titles or [""] * len(request)
        for title, limit in zip(titles, request.limit.tolist(), strict=True):
            theme, fit = self.themes.fitted(title, limit)
            yield fit.score if theme.ruled else None


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
