# SPDX-License-Identifier: Apache-2.0
"""The transparent ranker: a weighted sum of the sources' scores, each as a share of its best in the row."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from segue.kernels.lists import best_first, blend
from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.trace import Trace

__all__ = ["Blend"]


@dataclass(frozen=True)
class Blend:
    """Orders each row by `Σ_s w_s · score_s / max score_s`; a source that did not propose a track adds nothing.

    For instance, with weights knn 0.6 and popularity 0.4, a track at half of knn's best and at popularity's best has
    the score 0.6 · 0.5 + 0.4 · 1 = 0.7, and its reason is popularity. Of equal scores, what an earlier source
    ranks higher comes first.
    """

    weights: Mapping[str, float]
    """Weight of each source, by name."""
    settled: float | None = None
    """A history of so many liked tracks halves the weight of popularity, one of three times as many quarters it: what
    is known of a listener outweighs where they are. None: it is the same for all."""

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:  # noqa: ARG002
        """Score, note the source that says most, and sort each row best first."""
        if not len(candidates.track):
            return candidates
        weights = np.array([self.weights[name] for name in candidates.sources], np.float32)
        if self.settled is not None:
            weights = np.tile(weights, (len(request), 1))
            liked = np.concatenate([np.zeros(1, np.int64), np.cumsum(request.history.weights > 0)])
            counts = np.diff(liked[request.history.offsets])
            popular = [name.startswith("popularity:") for name in candidates.sources]
            weights[:, popular] *= (self.settled / (self.settled + counts)).astype(np.float32)[:, None]
        score, source = blend(candidates.offsets, candidates.proposed, weights)
        return replace(candidates, score=score, reason_source=source).reorder(best_first(candidates.offsets, score))
