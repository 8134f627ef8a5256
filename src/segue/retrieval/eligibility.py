# SPDX-License-Identifier: Apache-2.0
"""What may be shown: nothing of another kind, unavailable, banned, excluded, asked with, or not for an age."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.kernels.lists import among
from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.trace import Trace
from segue.types import DropReason

__all__ = ["Eligible"]


@dataclass(frozen=True)
class Eligible:
    """Drops what may not be shown. Sources leave most of it out already; this is the promise."""

    available: NDArray[np.bool_]
    """`bool[catalogue]`."""
    explicit: NDArray[np.bool_]
    """`bool[catalogue]`."""
    age_rating: NDArray[np.int8]
    """`int8[catalogue]`: the youngest listeners that each track is for, in years."""
    unheard: bool = False
    """Whether tracks of the history are dropped."""
    kind: NDArray[np.bool_] | None = None
    """`bool[catalogue]`: what is of the kind that the list is of; None: of any."""

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:
        """Drop by the first reason that applies."""
        reasons = [] if self.kind is None else [(DropReason.KIND, ~self.kind[candidates.track])]
        reasons += [
            (DropReason.UNAVAILABLE, ~self.available[candidates.track]),
            (DropReason.RESTRICTED, self._restricted(request, candidates)),
        ]
        lists = [
            (DropReason.SEED, request.seeds),
            (DropReason.BANNED, request.banned),
            (DropReason.EXCLUDED, request.exclude),
        ]
        if self.unheard:
            lists.append((DropReason.HEARD, request.history))
        elif request.dial is not None:  # whoever wants nothing but new tracks
            strict = np.repeat(request.dial >= 1, np.diff(request.history.offsets))
            lists.append((DropReason.HEARD, request.history.keep(strict)))
        size = len(self.available)
        reasons += [(reason, among(candidates.offsets, candidates.track, tracks, size)) for reason, tracks in lists]
        dropped = np.zeros(len(candidates.track), bool)
        for reason, hit in reasons:
            trace.dropped(reason, int((hit & ~dropped).sum()))
            dropped |= hit
        return candidates.keep(~dropped)

    def _restricted(self, request: Request, candidates: Candidates) -> NDArray[np.bool_]:
        restricted = np.zeros(len(candidates.track), bool)
        if request.allows_explicit is not None:
            restricted |= self.explicit[candidates.track] & ~request.allows_explicit[candidates.rows]
        if request.years is not None:
            restricted |= self.age_rating[candidates.track] > request.years[candidates.rows]
        return restricted
