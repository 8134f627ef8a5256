# SPDX-License-Identifier: Apache-2.0
"""What reasons may say of a listener beside their taste: what they replayed, left alone, and whom they follow."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.kernels.ragged import Ragged, take_rows

__all__ = ["Habits"]


@dataclass(frozen=True, slots=True)
class Habits:
    """Columns beside the h tracks of the histories of Q rows, and the artists that their listeners follow."""

    plays: NDArray[np.int32]
    """`int32[h]`: how often each was played, not broken off early."""
    replayed: NDArray[np.bool_]
    """`bool[h]`: whether it was played at two times, at least, of the last seven days."""
    away_days: NDArray[np.int32]
    """`int32[h]`: whole days since it was last heard; -1: not known."""
    follows: Ragged
    """Q rows of artists, by their numbers in the catalogue (weights unused)."""
    regions: tuple[str | None, ...] = ()
    """Where each listener's newest event was that says so; none at all: nobody told."""

    @classmethod
    def presumed(cls, history: Ragged) -> "Habits":
        """Return what can be presumed of a history where nobody told more: what is liked was played once."""
        size = len(history.values)
        played, never = (history.weights > 0).astype(np.int32), np.zeros(size, np.bool_)
        return cls(played, never, np.full(size, -1, np.int32), Ragged.empty(len(history)))

    def take(self, history: Ragged, rows: NDArray[np.int64]) -> "Habits":
        """Return those of the chosen rows of `history`, beside which they stand."""
        _, index = take_rows(history.offsets, rows)
        regions = tuple(self.regions[row] for row in rows.tolist()) if self.regions else ()
        return Habits(self.plays[index], self.replayed[index], self.away_days[index], self.follows.take(rows), regions)
