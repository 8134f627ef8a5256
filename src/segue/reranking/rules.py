# SPDX-License-Identifier: Apache-2.0
"""Rules on a whole list: caps, and how long it is."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.kernels.lengths import fitting
from segue.kernels.lists import among, greatest, under_cap
from segue.kernels.ragged import places
from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.trace import Trace
from segue.types import DropReason

__all__ = ["ArtistCap", "Floor", "Limit"]

_TOLERANCE = 0.05
"""By so much of it a list may miss the time that it is to last."""


@dataclass(frozen=True)
class ArtistCap:
    """Keeps the best `most` tracks of each artist in a row."""

    artist: NDArray[np.int32]
    """`int32[catalogue]`: the artist of each track."""
    most: int
    spared: Callable[[Request], NDArray[np.bool_]] | None = None
    """Marks the rows (`bool[Q]`) that are not capped, such as those that ask for an artist by name."""

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:
        """Drop what exceeds the cap, keeping the order."""
        artists = self.artist[candidates.track]
        kept = under_cap(candidates.offsets, artists, int(artists.max(initial=-1)) + 1, self.most)
        if self.spared is not None:
            kept |= self.spared(request)[candidates.rows]
        trace.dropped(DropReason.ARTIST_CAP, int((~kept).sum()))
        return candidates.keep(kept)


@dataclass(frozen=True)
class Floor:
    """Drops tracks far below the row's best: a short list of good picks is better than a padded one."""

    share: float
    """Least score, as a share of the row's best."""

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:  # noqa: ARG002
        """Drop what is below the floor."""
        best = greatest(candidates.offsets, candidates.score)
        kept = candidates.score >= self.share * best[candidates.rows]
        trace.dropped(DropReason.BELOW_FLOOR, int((~kept).sum()))
        return candidates.keep(kept)


@dataclass(frozen=True)
class Limit:
    """Keeps the first tracks of each row: as many as it asks for, or as last as long as it asks for."""

    length_ms: NDArray[np.int64]
    """`int64[catalogue]`, above 0: what is not known is about what others last."""

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:
        """Cut each row at its limit, and where it is to last for a time, choose from what is left what fits in.

        The trace is told where the time is missed, or the share of what is familiar that was asked for by a track.
        """
        kept = places(candidates.offsets) < request.limit[candidates.rows]
        trace.dropped(DropReason.BELOW_LIMIT, int((~kept).sum()))
        left = self._in_time(request, candidates.keep(kept), trace)
        if request.dial is not None:
            familiar = among(left.offsets, left.track, request.history, len(self.length_ms))
            count = np.bincount(left.rows[familiar], minlength=len(left))
            wanted = (1 - np.nan_to_num(request.dial)) * np.diff(left.offsets)
            asked = ~np.isnan(request.dial) & (np.diff(request.history.offsets) > 0)
            trace.relax("dial", asked & (np.abs(count - wanted) > 1))
        return left

    def _in_time(self, request: Request, left: Candidates, trace: Trace) -> Candidates:
        if request.length_ms is None:
            return left
        lengths = self.length_ms[left.track]
        fits = fitting(left.offsets, lengths, request.length_ms)
        trace.dropped(DropReason.BELOW_LIMIT, int((~fits).sum()))
        total = np.bincount(left.rows[fits], lengths[fits], len(left))
        amiss = np.abs(total - request.length_ms) > _TOLERANCE * request.length_ms
        trace.relax("length", amiss & (request.length_ms > 0))
        return left.keep(fits)
