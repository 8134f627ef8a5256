# SPDX-License-Identifier: Apache-2.0
"""The order of lists whose sources speak on one scale: what any of them says counts as it is."""

from dataclasses import dataclass, replace

import numpy as np

from segue.kernels.lists import best_first
from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.trace import Trace

__all__ = ["Best"]


@dataclass(frozen=True)
class Best:
    """Orders each row by the greatest score that a source gave; unlike `Blend`, no source is measured by its own best.

    For instance, an episode that was left an hour ago comes before a chapter that follows on one of yesterday, though
    each is the best of its source.
    """

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:  # noqa: ARG002
        """Score, note whose score it is, and sort each row best first."""
        if not len(candidates.track):
            return candidates
        said = np.where(np.isnan(candidates.proposed), np.float32(-np.inf), candidates.proposed)
        score, source = said.max(axis=1), said.argmax(axis=1).astype(np.int8)
        scored = replace(candidates, score=score, reason_source=source)
        return scored.reorder(best_first(candidates.offsets, score))
