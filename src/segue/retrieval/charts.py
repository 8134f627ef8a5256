# SPDX-License-Identifier: Apache-2.0
"""What is popular where a listener is, among people who like what they like."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.kernels.lists import first_unlisted
from segue.models.boards import DEPTH, Boards, ranked
from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.retrieval.sources import ModelSource

__all__ = ["ChartSource"]


@dataclass(frozen=True)
class ChartSource:
    """Proposes to each row the chart that suits it; to rows that none suits, what is popular with everyone."""

    everyone: ModelSource
    """The popularity of all."""
    boards: Boards

    @property
    def name(self) -> str:
        """What answers call it."""
        return self.everyone.name

    def propose(self, request: Request, *, parallel: bool) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return each chart's best tracks that its rows do not leave out."""
        groups = list(_groups(request))
        if [chart for chart, _ in groups] == [(-1, -1)]:
            return self.everyone.propose(request, parallel=parallel)
        bound = self.boards.bound
        k = min(self.everyone.k, len(bound.numbers))
        tracks = np.full((len(request), k), -1, np.int32)
        scores = np.full((len(request), k), -np.inf, np.float32)
        of_item = np.zeros(len(bound.numbers), np.float32)
        for (region, mark), rows in groups:
            some = request.take(rows)
            if (region, mark) == (-1, -1):
                found, said = self.everyone.propose(some, parallel=parallel)
                tracks[rows, : found.shape[1]], scores[rows, : found.shape[1]] = found, said
                continue
            out = some.banned.concat(some.exclude).concat(some.seeds)
            if self.everyone.unheard:
                out = out.concat(some.history)
            out = out.translate(bound.index)
            order, share = self.boards.order(region, mark)
            if len(order) == DEPTH < k + int(np.diff(out.offsets).max(initial=0)):
                order, share = ranked(self.boards.scores(region, mark), len(bound.numbers))
            of_item[order] = share
            items = first_unlisted(order, out, k, len(bound.numbers))
            tracks[rows] = np.where(items >= 0, bound.numbers[items], -1)
            scores[rows] = np.where(items >= 0, of_item[items], -np.inf)
        return tracks, scores

    def score(self, request: Request, candidates: Candidates) -> NDArray[np.float32]:
        """Score by the row's chart what any source proposed."""
        scores = self.everyone.score(request, candidates)
        rows, items = candidates.rows, self.boards.bound.index[candidates.track]
        for (region, mark), some in _groups(request):
            if (region, mark) != (-1, -1):
                here = np.isin(rows, some)
                said = self.boards.scores(region, mark)[items[here]]
                scores[here] = np.where(items[here] >= 0, said, np.nan)
        return scores

    def seeds_of(self, request: Request, candidates: Candidates, asked: NDArray[np.bool_]) -> NDArray[np.int32]:
        """No track moved it."""
        return self.everyone.seeds_of(request, candidates, asked)


def _groups(request: Request) -> Iterator[tuple[tuple[int, int], NDArray[np.int64]]]:
    """Yield each chart that suits any row, as region and mark, with its rows."""
    nothing = np.full(len(request), -1, np.int64)
    region = nothing if request.region is None else request.region.astype(np.int64)
    mark = nothing if request.mark is None else request.mark.astype(np.int64)
    keys = (region << 32) + mark
    order = np.argsort(keys, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1) if len(order) else ():
        yield (int(region[rows[0]]), int(mark[rows[0]])), rows
