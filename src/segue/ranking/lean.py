# SPDX-License-Identifier: Apache-2.0
"""Leaning a list that starts from tracks towards the listener who asks for it, or towards its title."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from segue.kernels.lists import best_first, greatest
from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.stage import Source
from segue.pipeline.trace import Trace

__all__ = ["Lean"]


@dataclass(frozen=True)
class Lean:
    """Multiplies each score by `1 + Σ_s w_s · score_s / max score_s`, over sources that know the listener or the title.

    So a track that has nothing to do with the seeds does not get in by the listener's taste, and among those that fit,
    those to their taste come first. For instance, with weight 1 the source's favourite of the row counts double. Rows
    without a history or a title stay as they are.
    """

    sources: Mapping[str, Source]
    weights: Mapping[str, float]
    """Weight of each source, by name."""

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:  # noqa: ARG002
        """Score again, and sort each row best first."""
        if not len(candidates.track):
            return candidates
        rows = candidates.rows
        said = np.stack([source.score(request, candidates) for source in self.sources.values()], axis=1)
        liked = np.maximum(np.nan_to_num(said, nan=0.0), 0)
        best = np.stack([greatest(candidates.offsets, column) for column in liked.T], axis=1)
        weights = np.array([self.weights[name] for name in self.sources], np.float32)
        lift = 1 + (liked / np.maximum(best[rows], 1e-12)) @ weights
        leaning = replace(
            candidates,
            score=(candidates.score * lift).astype(np.float32),
            sources=(*candidates.sources, *self.sources),
            proposed=np.concatenate([candidates.proposed, said], axis=1),
        )
        return leaning.reorder(best_first(leaning.offsets, leaning.score))
