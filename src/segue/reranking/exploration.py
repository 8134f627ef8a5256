# SPDX-License-Identifier: Apache-2.0
"""Places of a list that are left to chance, with chances that are known: what a listener may like, and never tried."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.kernels.lists import among, under_cap
from segue.kernels.ragged import Ragged, offsets_of, places
from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.stage import Stage
from segue.pipeline.trace import Trace
from segue.seeds import uniform

__all__ = ["Explore"]

_STRIDE = np.uint64(0xD1342543DE82EF95)
"""An odd number, which sets the seeds of neighbouring tracks far apart."""


@dataclass(frozen=True)
class Explore:
    """Puts a list together by other stages, and into each of its `slots` a track that is drawn.

    A slot's tracks are those of artists whom the listener never played and the list does not hold; an artist belongs to
    one slot, so no two drawn tracks share one, and gaps between artists stay as wide as they are. Of the best `pool` of
    a slot each has the same chance, which goes with the track (`Candidates.propensity`). The other stages are asked for
    so many tracks fewer, and with a dial for so many new ones fewer.

    Left alone are rows of who has no history, that end before the last slot, or that are to last for a time.
    """

    stages: Sequence[Stage]
    """Those that make the list: which tracks, how many, in which order."""
    artist: NDArray[np.int32]
    """`int32[catalogue]`: the artist of each track."""
    slots: tuple[int, ...]
    """Places in the finished list, from 0, ascending."""
    pool: int = 40
    """How many tracks each slot is drawn from, or fewer."""

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:
        """Make each row's list, drawn tracks in their places."""
        open_to = np.diff(request.history.offsets) > 0
        open_to &= request.limit > max(self.slots)
        if request.length_ms is not None:
            open_to &= request.length_ms <= 0
        open_to &= self._enough(request, candidates)
        made = self._made(request, candidates, trace, open_to)
        return self._with(made, self._drawn(request, candidates, made, open_to))

    def _enough(self, request: Request, candidates: Candidates) -> NDArray[np.bool_]:
        """Mark the rows in which every slot has an artist left, whatever else the list holds: `bool[Q]`.

        An artist is counted at their best track: the one that is first of them in its row.
        """
        unplayed = self._unplayed(request, candidates)
        artist = self.artist[candidates.track]
        first = under_cap(candidates.offsets, artist, self._artists, 1)
        others = request.limit - len(self.slots)
        enough = np.ones(len(candidates), np.bool_)
        for slot in range(len(self.slots)):
            mine = first & unplayed & (artist % len(self.slots) == slot)
            enough &= np.bincount(candidates.rows[mine], minlength=len(candidates)) > others
        return enough

    def _unplayed(self, request: Request, candidates: Candidates) -> NDArray[np.bool_]:
        """Mark the tracks of artists who are not in the history, nor among what the list starts from: `bool[n]`."""
        known = request.history.concat(request.seeds)
        artists = Ragged(known.offsets, self.artist[known.values], known.weights)
        return ~among(candidates.offsets, self.artist[candidates.track], artists, self._artists)

    @property
    def _artists(self) -> int:
        return int(self.artist.max(initial=0)) + 1

    def _made(self, request: Request, candidates: Candidates, trace: Trace, open_to: NDArray[np.bool_]) -> Candidates:
        """Return what the other stages make of the rows, shorter where there are slots."""
        left = request.limit - np.where(open_to, len(self.slots), 0).astype(np.int32)
        dial = request.dial
        if dial is not None:
            new = np.clip((dial * request.limit - (request.limit - left)) / np.maximum(left, 1), 0, 1)
            dial = np.where(open_to, new, dial).astype(np.float32)
        asked = replace(request, limit=left, dial=dial)
        for stage in self.stages:
            candidates = stage(asked, candidates, trace)
        return candidates

    def _drawn(
        self, request: Request, candidates: Candidates, made: Candidates, open_to: NDArray[np.bool_]
    ) -> list[Candidates]:
        """Return for each slot the drawn track of each row that has one."""
        artist = self.artist[candidates.track]
        there = Ragged(made.offsets, self.artist[made.track], np.ones(len(made.track), np.float32))
        free = open_to[candidates.rows] & self._unplayed(request, candidates)
        free &= ~among(candidates.offsets, artist, there, self._artists)
        found = []
        for slot in range(len(self.slots)):
            mine = np.flatnonzero(free & (artist % len(self.slots) == slot))
            offsets = offsets_of(np.bincount(candidates.rows[mine], minlength=len(candidates)))
            mine = mine[places(offsets) < self.pool]
            rows, track = candidates.rows[mine], candidates.track[mine]
            # A number for each track, not one for the row's place: of nearly equal scores the order may not be the same
            luck = uniform(request.seed[rows] + track.astype(np.uint64) * _STRIDE, 1 + slot)
            taken = mine[np.lexsort((luck, rows))][np.unique(rows, return_index=True)[1]]
            pool = np.bincount(rows, minlength=len(candidates))
            chance = (1 / pool[pool > 0]).astype(np.float32)
            one = candidates.reorder(taken)
            found.append(replace(one, offsets=offsets_of((pool > 0).astype(np.int64)), propensity=chance))
        return found

    def _with(self, made: Candidates, drawn: Sequence[Candidates]) -> Candidates:
        """Return the lists with the drawn tracks at their places."""
        others = np.setdiff1d(np.arange(len(made.track) + max(self.slots) + 2), self.slots)
        has_any = np.diff(drawn[0].offsets)[made.rows] > 0
        place = np.where(has_any, others[places(made.offsets)], places(made.offsets))
        parts = [made, *drawn]
        rows = np.concatenate([part.rows for part in parts])
        at = np.concatenate(
            [place, *(np.full(len(one.track), slot) for one, slot in zip(drawn, self.slots, strict=True))]
        )
        order = np.lexsort((at, rows))
        return _together(parts, offsets_of(np.bincount(rows, minlength=len(made))), order)


def _together(parts: Sequence[Candidates], offsets: NDArray[np.int64], order: NDArray[np.int64]) -> Candidates:
    """Return the tracks of several candidates over the same rows, in an order of all of them."""
    names = ("track", "score", "proposed", "reason_source", "reason_seed", "reason", "reason_other", "propensity")
    columns: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts])[order] for name in names}
    return replace(parts[0], offsets=offsets, **columns)
