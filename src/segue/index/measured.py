# SPDX-License-Identifier: Apache-2.0
"""What an index found when it was built, and what it takes: the entry in a version's manifest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.index.config import Kind

__all__ = ["Measured", "at_least", "recall"]


@dataclass(frozen=True, slots=True)
class Measured:
    """An index, measured on queries that its effort was not chosen on."""

    kind: Kind
    vectors: int
    """How many it holds."""
    lists: int
    """How many lists they are in; 0: none."""
    probes: int
    """Lists that a query reads, or candidates kept on the way through a graph."""
    refine: float
    """Candidates that are compared exactly, for each neighbour asked for."""
    neighbours: int
    """How many nearest were looked for."""
    recall: float
    """The share of them that was found: the mean over the queries."""
    floor: float
    """The least that was allowed."""
    queries: int
    """How many were asked."""
    seconds: float
    """To build and to measure."""
    bytes: int
    """Taken beside the vectors."""


def recall(found: NDArray[np.int32], true: NDArray[np.int32]) -> float:
    """Return the share of the true items that was found, the mean over all rows.

    Args:
        found: `int32[Q, ≥ k]`, -1 for none.
        true: `int32[Q, k]`, -1 for none.
    """
    shares = _shares(found, true)
    return float(shares.mean()) if len(shares) else 1.0


def at_least(found: NDArray[np.int32], true: NDArray[np.int32]) -> float:
    """Return a recall that other queries like these hardly fall short of: three standard errors below the mean."""
    shares = _shares(found, true)
    return float(shares.mean() - 3 * shares.std() / np.sqrt(len(shares))) if len(shares) else 1.0


def _shares(found: NDArray[np.int32], true: NDArray[np.int32]) -> NDArray[np.float64]:
    nearest = [row[row >= 0] for row in true]
    pairs = zip(found, nearest, strict=True)
    return np.array([np.isin(one, row).mean() if len(one) else 1.0 for row, one in pairs])
