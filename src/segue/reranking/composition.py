# SPDX-License-Identifier: Apache-2.0
"""Which of the good tracks make a good list: not all alike, of all of a listener's tastes, and as new as is wanted."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from segue.kernels.diversity import Quotas, Shares, dpp, mmr
from segue.kernels.lists import among, greatest, to_front
from segue.kernels.ragged import Ragged, offsets_of, places, row_numbers
from segue.kernels.tastes import MOST, Tastes, nearest, tastes
from segue.models.boards import Boards
from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.trace import Trace

__all__ = ["Compose"]

_USUAL_SCATTER = 0.5
"""Of a history of usual breadth, for which `strength` is what it says."""


@dataclass(frozen=True)
class Compose:
    """Moves to the front of each row as many tracks as it asks for, chosen one after the other to make a list.

    They are chosen from the first `pool` of the row, and from the best of each taste and of each kind that a quota
    wants: relevance is the score as a share of the best. All others follow in the order that they had, so nothing is
    dropped, and what drops later (`Limit`) finds the next best. Scores stay, so places no longer tell the score. The
    trace is told what share of its mean score each list gave up.
    """

    vectors: NDArray[np.float32]
    """`float32[n, f]`: what tells how alike two tracks are, such as a model's factors."""
    index: NDArray[np.int32]
    """`int32[catalogue]`: the row of `vectors` of each track, -1 where it has none: like no other."""
    strength: float = 0.0
    """How much likeness counts: from 0, the best scores alone, to 1, likeness alone."""
    method: Literal["mmr", "dpp"] = "mmr"
    """Away from the one chosen track that is most alike (maximal marginal relevance), or from all of them together
    (a determinantal point process; tastes and quotas then do not count)."""
    pool: int = 100
    """How many of a row are considered, at least 1."""
    matched: bool = False
    """Whether likeness counts for more with a listener who plays widely, and for less with one who does not."""
    calibration: float = 0.0
    """What a unit of divergence from the shares of a listener's tastes costs, in relevance; 0: tastes do not count."""
    evidence: float = 3.0
    """What another taste must bring to be believed; see `kernels.tastes`."""
    rare: NDArray[np.bool_] | None = None
    """`bool[catalogue]`: tracks that few play."""
    rare_share: float = 0.0
    """Least share of a list that is to be of these."""
    boards: Boards | None = None
    """Knows the languages of tracks, and which of these are small."""
    language_floor: float = 0.0
    """Of the share of a history that is in a small language, the least part that a list has of it."""
    parallel: bool = False
    """Use all threads (jobs) or one (requests)."""

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:
        """Reorder each row."""
        liked = self._tastes(request) if self.calibration > 0 or self.matched else None
        items = self.index[candidates.track]
        group = np.full(len(items), -1, np.int8)
        if liked is not None and self.calibration > 0:
            group, _ = nearest(liked, candidates.offsets, items, self.vectors)
        kind, least, most = self._kinds(request, candidates)
        pooled = np.flatnonzero(self._pool(request, candidates, group, kind))
        pool = offsets_of(np.bincount(candidates.rows[pooled], minlength=len(candidates)))
        score = candidates.score[pooled]
        best = np.maximum(greatest(pool, score), 1e-12)
        considered = Ragged(pool, items[pooled], score / np.repeat(best, np.diff(pool)))
        strength = self._strength(liked, len(candidates))
        if self.method == "dpp":
            _, chosen = dpp(considered, self.vectors, request.limit, strength, parallel=self.parallel)
        else:
            target = np.zeros((len(candidates), MOST), np.float32) if liked is None else liked.share
            weight = np.full(len(candidates), self.calibration, np.float32)
            shares = Shares(group[pooled], target, np.where(target.any(axis=1), weight, 0).astype(np.float32))
            quotas = Quotas(kind[pooled], least, most)
            _, chosen = mmr(
                considered, self.vectors, request.limit, strength, shares=shares, quotas=quotas, parallel=self.parallel
            )
        made = candidates.reorder(to_front(candidates.offsets, pooled[chosen]))
        self._tell(request, candidates, made, trace)
        return made

    def _tastes(self, request: Request) -> Tastes:
        history = Ragged(request.history.offsets, self.index[request.history.values], request.history.weights)
        evidence = np.full(len(request), self.evidence, np.float32)
        return tastes(history, self.vectors, evidence, parallel=self.parallel)

    def _strength(self, liked: Tastes | None, rows: int) -> NDArray[np.float32]:
        strength = np.full(rows, self.strength, np.float32)
        if self.matched and liked is not None:
            broad = np.where(liked.count > 0, liked.scatter / _USUAL_SCATTER, 1)
            strength = np.clip(strength * broad, 0, 1).astype(np.float32)
        return strength

    def _kinds(
        self, request: Request, candidates: Candidates
    ) -> tuple[NDArray[np.bool_], NDArray[np.int32], NDArray[np.int32]]:
        """Return which tracks are familiar, and which rare, and how many of each a list is to have."""
        limit = np.minimum(request.limit, np.diff(candidates.offsets)).astype(np.int32)
        kinds, least, most = [], [], []
        if request.dial is not None and (~np.isnan(request.dial)).any():
            asked = ~np.isnan(request.dial) & (np.diff(request.history.offsets) > 0)
            wanted = np.rint((1 - np.nan_to_num(request.dial)) * limit).astype(np.int32)
            kinds.append(among(candidates.offsets, candidates.track, request.history, len(self.index)))
            least.append(np.where(asked, wanted, 0))
            most.append(np.where(asked, wanted, limit))
        if self.rare is not None and self.rare_share > 0:
            kinds.append(self.rare[candidates.track])
            least.append(np.ceil(self.rare_share * limit).astype(np.int32))
            most.append(limit)
        if self.boards is not None and self.language_floor > 0 and self.boards.languages:
            language, share = self.boards.spoken(request.history)
            spoken = self.boards.small[candidates.track]
            kinds.append((spoken >= 0) & (spoken == language[candidates.rows]))
            least.append(np.ceil(self.language_floor * share * limit - 1e-6))
            most.append(limit)
        if not kinds:
            none = Quotas.none(len(candidates), len(candidates.track))
            return none.kind, none.least, none.most
        return (
            np.stack(kinds, axis=1),
            np.stack(least, axis=1).astype(np.int32),
            np.stack(most, axis=1).astype(np.int32),
        )

    def _pool(
        self, request: Request, candidates: Candidates, group: NDArray[np.int8], kind: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Mark the tracks that are considered: `bool[n]`."""
        pooled = places(candidates.offsets) < self.pool
        most = request.limit[candidates.rows]
        for one in range(kind.shape[1]):
            for side in (kind[:, one], ~kind[:, one]):
                pooled |= side & (_place_among(candidates.offsets, side) < most)
        if self.calibration > 0:
            for taste in range(int(group.max(initial=-1)) + 1):
                of_taste = group == taste
                pooled |= of_taste & (_place_among(candidates.offsets, of_taste) < most // 2)
        return pooled

    def _tell(self, request: Request, before: Candidates, after: Candidates, trace: Trace) -> None:
        """Note what the lists gave up."""
        first = places(before.offsets) < request.limit[before.rows]
        sums = [np.bincount(made.rows[first], made.score[first], len(made)) for made in (before, after)]
        cost = 1 - sums[1] / np.maximum(sums[0], 1e-12)
        trace.cost("composition", np.clip(cost, 0, 1).astype(np.float32))


def _place_among(offsets: NDArray[np.int64], marked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return how many marked places of its row stand before each place."""
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(marked)])
    found: NDArray[np.int64] = before[:-1] - before[offsets[:-1]][row_numbers(offsets)]
    return found
