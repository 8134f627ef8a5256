# SPDX-License-Identifier: Apache-2.0
"""Tracks proposed for each row of a request, with what each source said of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segue.kernels.ragged import offsets_of, row_numbers, take_rows

__all__ = ["Candidates"]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Ragged columns over the Q rows of a request: row i holds the places `offsets[i]:offsets[i + 1]`, best first."""

    offsets: NDArray[np.int64]
    """`int64[Q + 1]`."""
    track: NDArray[np.int32]
    """`int32[n]`, catalogue numbers."""
    score: NDArray[np.float32]
    """`float32[n]`; 0 before ranking."""
    sources: tuple[str, ...]
    """Names of the S sources."""
    proposed: NDArray[np.float32]
    """`float32[n, S]`: each source's own score; NaN where it did not propose the track."""
    reason_source: NDArray[np.int8]
    """`int8[n]`: the source with the largest share in the score, -1 before ranking."""
    reason_seed: NDArray[np.int32]
    """`int32[n]`: the track of history or seeds that the reason names; -1 where it names none, or nobody asked yet."""
    reason: NDArray[np.int8]
    """`int8[n]`: what is said: below S what this source says, from S on a fact (`explain.reasons.FACTS`); -1 before."""
    reason_other: NDArray[np.int32]
    """`int32[n]`: another track that the reason names, or -1."""
    propensity: NDArray[np.float32]
    """`float32[n]`: the chance with which it was drawn for its place; NaN where nothing was left to chance."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def rows(self) -> NDArray[np.int64]:
        """`int64[n]`: the row of each place."""
        return row_numbers(self.offsets)

    @classmethod
    def of(
        cls,
        offsets: NDArray[np.int64],
        track: NDArray[np.int32],
        sources: tuple[str, ...],
        proposed: NDArray[np.float32],
    ) -> "Candidates":
        """Build unranked candidates."""
        n = len(track)
        return cls(
            offsets,
            track,
            np.zeros(n, np.float32),
            sources,
            proposed,
            np.full(n, -1, np.int8),
            np.full(n, -1, np.int32),
            np.full(n, -1, np.int8),
            np.full(n, -1, np.int32),
            np.full(n, np.nan, np.float32),
        )

    @classmethod
    def concat(cls, parts: Sequence["Candidates"]) -> "Candidates":
        """Return the rows of all parts, one part behind the other; their sources are the same."""
        lengths = np.concatenate([np.diff(part.offsets) for part in parts])
        columns = {
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in cls.__slots__
            if name not in ("offsets", "sources")
        }
        return cls(offsets=offsets_of(lengths), sources=parts[0].sources, **columns)

    def reorder(self, places: NDArray[np.int64]) -> "Candidates":
        """Return the places of all rows in another order, which must keep rows together and in order."""
        return self._at(places, self.offsets)

    def take(self, rows: NDArray[np.int64]) -> "Candidates":
        """Return the chosen rows, in the chosen order."""
        offsets, places = take_rows(self.offsets, rows)
        return self._at(places, offsets)

    def keep(self, kept: NDArray[np.bool_]) -> "Candidates":
        """Return the marked places (`bool[n]`)."""
        if kept.all():
            return self
        before = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])
        return self._at(np.flatnonzero(kept), before[self.offsets])

    def _at(self, places: NDArray[np.int64], offsets: NDArray[np.int64]) -> "Candidates":
        return replace(
            self,
            offsets=offsets,
            track=self.track[places],
            score=self.score[places],
            proposed=self.proposed[places],
            reason_source=self.reason_source[places],
            reason_seed=self.reason_seed[places],
            reason=self.reason[places],
            reason_other=self.reason_other[places],
            propensity=self.propensity[places],
        )
