# SPDX-License-Identifier: Apache-2.0
"""How far listeners are with the parts of podcasts and audiobooks that they heard."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.kernels.ragged import Ragged, take_rows

__all__ = ["Progress"]


@dataclass(frozen=True, slots=True)
class Progress:
    """Columns beside the h parts of the histories of Q rows."""

    heard_ms: NDArray[np.int64]
    """`int64[h]`: how much of it was heard since it was finished the last time."""
    finished: NDArray[np.bool_]
    """`bool[h]`: whether it was heard to its end, and not begun again."""
    given_up: NDArray[np.bool_]
    """`bool[h]`: whether it was skipped the last time."""
    last_ms: NDArray[np.int64]
    """`int64[h]`: when it was heard last, in milliseconds since 1970; -1: not known."""

    def take(self, history: Ragged, rows: NDArray[np.int64]) -> "Progress":
        """Return that of the chosen rows of `history`, beside which it stands."""
        _, index = take_rows(history.offsets, rows)
        return Progress(self.heard_ms[index], self.finished[index], self.given_up[index], self.last_ms[index])
