# SPDX-License-Identifier: Apache-2.0
"""When listeners have no time: spans that nothing else may meet."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["APART_MS", "Busy"]

APART_MS = 1 << 44
"""More milliseconds than a week: listeners' times stand so far apart on one line, and do not meet."""


@dataclass(frozen=True, slots=True)
class Busy:
    """When listeners cannot sit down: spans of time of each, ascending, none inside another."""

    begins: NDArray[np.int64]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, listener: NDArray[np.intp], begin_ms: NDArray[np.int64], end_ms: NDArray[np.int64]) -> "Busy":
        """Return the spans of these listeners."""
        begins = APART_MS * listener + begin_ms
        order = np.argsort(begins, kind="stable")
        return cls(begins[order], (APART_MS * listener + end_ms)[order])

    def free(
        self, listener: NDArray[np.intp], begin_ms: NDArray[np.int64], end_ms: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return whether each span meets none of these."""
        before = np.searchsorted(self.begins, APART_MS * listener + end_ms)
        ends = np.concatenate(([-1], self.ends))
        return np.asarray(ends[before] <= APART_MS * listener + begin_ms)

    def and_of(self, other: "Busy") -> "Busy":
        """Return the spans of both."""
        begins, ends = np.concatenate((self.begins, other.begins)), np.concatenate((self.ends, other.ends))
        order = np.argsort(begins, kind="stable")
        return Busy(begins[order], ends[order])
