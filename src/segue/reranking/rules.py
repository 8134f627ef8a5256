# SPDX-License-Identifier: Apache-2.0
"""Rules on a whole list: caps, and how long it is."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.kernels.lists import greatest, under_cap
from segue.kernels.ragged import places
from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.trace import Trace
from segue.types import DropReason

__all__ = ["ArtistCap", "Floor", "Limit"]


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
    """Keeps the first tracks of each row, as many as it asks for."""

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:
        """Cut each row at its limit."""
        kept = places(candidates.offsets) < request.limit[candidates.rows]
        trace.dropped(DropReason.BELOW_LIMIT, int((~kept).sum()))
        return candidates.keep(kept)
