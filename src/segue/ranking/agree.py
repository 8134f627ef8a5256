# SPDX-License-Identifier: Apache-2.0
"""The ranker of lists that several sources must agree on: a product of what each says."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from segue.kernels.lists import best_first, greatest
from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.trace import Trace
from segue.types import DropReason

__all__ = ["Agree"]

_LEAST = 1e-3
"""Share of its best that a source's no counts as, where no is not final."""
_UNKNOWN = 0.05
"""Share of its best that a source is taken to give a track it does not know, such as one that is newer than it is."""


@dataclass(frozen=True)
class Agree:
    """Orders each row by `Π_s (score_s / max score_s)^w_s`, and drops what a source that must agree gives 0.

    A blend adds, so that a track that one source loves gets in whatever the others say. Here each has a say: with
    weights title 1 and theme 1, a track at half of the title's best and 0.8 of the theme's has 0.4. A source that says
    nothing of a whole row has no part in it. The reason is the source with the greatest share, times
    its weight.
    To stand behind `Complete`, so that all sources have spoken of all tracks.
    """

    weights: Mapping[str, float]
    """Exponent of each source, by name."""
    must: frozenset[str]
    """Sources whose 0 is a no."""

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:  # noqa: ARG002
        """Score, drop, note the source that says most, and sort each row best first."""
        if not len(candidates.track):
            return candidates
        score = np.ones(len(candidates.track), np.float32)
        kept = np.ones(len(score), bool)
        most = np.full(len(score), -1.0, np.float32)
        source = np.full(len(score), -1, np.int8)
        for number, name in enumerate(candidates.sources):
            weight = np.float32(self.weights[name])
            said = candidates.proposed[:, number]
            best = greatest(candidates.offsets, np.nan_to_num(said, nan=0.0))[candidates.rows]
            share = np.maximum(said, 0) / np.maximum(best, np.float32(1e-12))
            known = np.where(np.isnan(share), np.float32(_UNKNOWN), np.maximum(share, np.float32(_LEAST)))
            heard = best > 0
            if name in self.must:
                kept &= ~heard | np.isnan(share) | (share > 0)
            score[heard] *= known[heard] ** weight
            leads = heard & (share > 0) & (share * weight > most)
            most[leads], source[leads] = share[leads] * weight, number
        trace.dropped(DropReason.OFF_THEME, int((~kept).sum()))
        kept &= source >= 0
        scored = replace(candidates, score=score, reason_source=source).keep(kept)
        return scored.reorder(best_first(scored.offsets, scored.score))
