# SPDX-License-Identifier: Apache-2.0
"""Accuracy of ranked lists against held-out rows."""

import numpy as np
from numpy.typing import NDArray

from segue.kernels.ragged import Ragged, row_numbers

__all__ = ["hits", "ndcg", "r_precision", "recall"]


def hits(ranked: NDArray[np.int32], relevant: Ragged) -> NDArray[np.bool_]:
    """Mark the places of each list that hold a relevant item: `bool[Q, k]`; places of -1 are misses."""
    size = int(max(ranked.max(initial=0), relevant.values.max(initial=0))) + 1
    wanted = row_numbers(relevant.offsets) * size + relevant.values
    asked = np.arange(len(ranked))[:, None] * size + ranked
    marked: NDArray[np.bool_] = np.isin(asked, wanted) & (ranked >= 0)
    return marked


def recall(ranked: NDArray[np.int32], relevant: Ragged, k: int) -> float:
    """Mean over rows of hits in the first k, divided by the number of relevant items. Rows without any are left out."""
    counts = np.diff(relevant.offsets)
    found = hits(ranked[:, :k], relevant).sum(axis=1)
    return float((found[counts > 0] / counts[counts > 0]).mean()) if (counts > 0).any() else 0.0


def r_precision(ranked: NDArray[np.int32], relevant: Ragged) -> float:
    """Mean over rows of the share of hits among the first R places, R the number of relevant items.

    As in the RecSys Challenge 2018 (Chen et al. 2018), on tracks. Lists shorter than R count as misses at their end.
    """
    counts = np.diff(relevant.offsets)
    within = np.arange(ranked.shape[1])[None, :] < counts[:, None]
    found = (hits(ranked, relevant) & within).sum(axis=1)
    return float((found[counts > 0] / counts[counts > 0]).mean()) if (counts > 0).any() else 0.0


def ndcg(ranked: NDArray[np.int32], relevant: Ragged, k: int) -> float:
    """Mean over rows of DCG over the ideal DCG at k: gains of 1, discounts of log2(place + 1), places from 1."""
    counts = np.diff(relevant.offsets)
    discounts = 1 / np.log2(np.arange(k) + 2)
    marked = hits(ranked[:, :k], relevant)
    gained = (marked * discounts[: marked.shape[1]]).sum(axis=1)
    ideal = np.concatenate([[0.0], discounts.cumsum()])[np.minimum(counts, k)]
    return float((gained[counts > 0] / ideal[counts > 0]).mean()) if (counts > 0).any() else 0.0
