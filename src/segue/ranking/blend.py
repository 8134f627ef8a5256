# SPDX-License-Identifier: Apache-2.0
"""The transparent ranker: a weighted sum of the sources' scores, each as a share of its best in the row."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.trace import Trace

__all__ = ["Blend"]


@dataclass(frozen=True)
class Blend:
    """Orders each row by `Σ_s w_s · score_s / max score_s`; a source that did not propose a track adds nothing.

    For instance, with weights knn 0.6 and popularity 0.4, a track at half of knn's best and at popularity's best has
    the score 0.6 · 0.5 + 0.4 · 1 = 0.7, and its reason is popularity.
    """

    weights: Mapping[str, float]
    """Weight of each source, by name."""

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:  # noqa: ARG002
        """Score, note the source that says most, and sort each row best first."""
        if not len(candidates.track):
            return candidates
        rows = candidates.rows
        said = np.nan_to_num(candidates.proposed, nan=0.0)
        said = np.maximum(said, 0)
        filled = np.flatnonzero(np.diff(candidates.offsets))
        best = np.zeros((len(candidates), said.shape[1]), np.float32)
        best[filled] = np.maximum.reduceat(said, candidates.offsets[filled], axis=0)
        shares = said / np.maximum(best[rows], 1e-12)
        shares *= np.array([self.weights[name] for name in candidates.sources], np.float32)
        score = shares.sum(axis=1)
        shares[np.isnan(candidates.proposed)] = -1  # never the reason
        scored = replace(candidates, score=score, reason_source=shares.argmax(axis=1).astype(np.int8))
        return scored.take(np.lexsort((candidates.track, -score, rows)))
