# SPDX-License-Identifier: Apache-2.0
"""A list of good tracks that are not all alike."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segue.kernels.diversity import dpp, mmr
from segue.kernels.lists import greatest, to_front
from segue.kernels.ragged import Ragged, offsets_of, places
from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.trace import Trace

__all__ = ["Diversify"]

_CHOOSE = {"mmr": mmr, "dpp": dpp}


@dataclass(frozen=True)
class Diversify:
    """Moves to the front of each row as many tracks as it asks for, chosen to be relevant and unlike each other.

    They are chosen from the first `pool` of the row, one after the other: relevance is the score as a share of the
    pool's best. All others follow in the order that they had, so nothing is dropped, and what drops later (`Limit`)
    finds the next best. Scores stay, so places no longer tell the score.
    """

    vectors: NDArray[np.float32]
    """`float32[n, f]`: what tells how alike two tracks are, such as a model's factors."""
    index: NDArray[np.int32]
    """`int32[catalogue]`: the row of `vectors` of each track, -1 where it has none: like no other."""
    strength: float
    """From 0, the best scores alone, to 1, likeness alone."""
    method: Literal["mmr", "dpp"] = "mmr"
    """Away from the one chosen track that is most alike (maximal marginal relevance), or from all of them together
    (a determinantal point process)."""
    pool: int = 100
    """How many of a row are considered, at least 1."""
    parallel: bool = False
    """Use all threads (jobs) or one (requests)."""

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:  # noqa: ARG002
        """Reorder each row."""
        pooled = np.flatnonzero(places(candidates.offsets) < self.pool)
        pool = offsets_of(np.minimum(np.diff(candidates.offsets), self.pool))
        score = candidates.score[pooled]
        best = np.maximum(greatest(pool, score), 1e-12)
        considered = Ragged(pool, self.index[candidates.track[pooled]], score / np.repeat(best, np.diff(pool)))
        strength = np.full(len(candidates), self.strength, np.float32)
        _, chosen = _CHOOSE[self.method](considered, self.vectors, request.limit, strength, parallel=self.parallel)
        return candidates.reorder(to_front(candidates.offsets, pooled[chosen]))
