# SPDX-License-Identifier: Apache-2.0
"""The order of a playlist: tracks that are alike follow each other, and artists come back only after a while."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.kernels.order import sequence
from segue.kernels.ragged import Ragged, offsets_of, places
from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.trace import Trace

__all__ = ["Sequence"]

_TOGETHER = 100
"""Tracks that are put in order together: the kernel's time grows with their square."""


@dataclass(frozen=True)
class Sequence:
    """Puts the tracks of each row into an order of small steps that begins with the best one.

    To stand behind what cuts rows to their length. Nothing is dropped and scores stay, so places no longer tell the
    score. The first 100 tracks of a longer row are put in order, then the next 100, and so on, each from its own best;
    between one hundred and the next the gap may be missed.
    """

    vectors: NDArray[np.float32]
    """`float32[n, f]`: what places tracks beside each other, such as a model's factors."""
    index: NDArray[np.int32]
    """`int32[catalogue]`: the row of `vectors` of each track, -1 where it has none: as far from all others."""
    artist: NDArray[np.int32]
    """`int32[catalogue]`: the artist of each track."""
    gap: int
    """How many tracks are to stand between two of one artist, where that can be."""
    features: NDArray[np.float32] | None = None
    """`float32[catalogue, d]`, such as tempo; NaN is unknown."""
    weights: NDArray[np.float32] | None = None
    """`float32[d]`: how far apart one unit of each feature is, beside 1 for vectors at right angles; None: 1."""
    parallel: bool = False
    """Use all threads (jobs) or one (requests)."""

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:  # noqa: ARG002
        """Reorder each row."""
        track = candidates.track
        begins = np.flatnonzero(places(candidates.offsets) % _TOGETHER == 0)
        parts = offsets_of(np.diff(np.append(begins, len(track))))
        placed, _ = sequence(
            Ragged(parts, self.index[track], candidates.score),
            self.vectors,
            self.artist[track],
            self.gap,
            features=None if self.features is None else self.features[track],
            weights=self.weights,
            parallel=self.parallel,
        )
        return candidates.reorder(placed)
