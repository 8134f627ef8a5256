# SPDX-License-Identifier: Apache-2.0
"""The learned ranker as a stage: it orders what the blend has scored."""

from dataclasses import dataclass, replace

import numpy as np

from segue.kernels.lists import best_first
from segue.models.ranker import Ranker
from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.trace import Trace
from segue.ranking.features import Tracks, features

__all__ = ["LearnedRank"]


@dataclass(frozen=True)
class LearnedRank:
    """Orders rows by the ranker: a score becomes the odds `exp(s)` as a share of the row's best.

    The reason stays the source that said most to the blend.
    """

    ranker: Ranker
    tracks: Tracks
    sources: tuple[str, ...]
    """Names of the sources that the ranker was learned over."""
    parallel: bool = False

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:  # noqa: ARG002
        """Score again, and sort each row best first."""
        if not len(candidates.track):
            return candidates
        rows = candidates.rows
        known = features(request, candidates, self.tracks, self.sources)
        raw = self.ranker.predict(known, parallel=self.parallel)
        best = np.full(len(candidates), -np.inf, np.float32)
        np.maximum.at(best, rows, raw)
        scored = replace(candidates, score=np.exp(raw - best[rows]))
        return scored.reorder(best_first(scored.offsets, scored.score))
