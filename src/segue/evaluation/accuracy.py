# SPDX-License-Identifier: Apache-2.0
"""Accuracy of ranked lists against held-out rows: each measure row by row, NaN where a row has nothing to find."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from segue.errors import BadInput
from segue.kernels.ragged import Ragged, row_numbers

__all__ = [
    "average_precision",
    "clicks",
    "hit_rate",
    "hits",
    "mean",
    "measure",
    "ndcg",
    "precision",
    "r_precision",
    "recall",
    "reciprocal_rank",
]

Rows = NDArray[np.float64]
"""`float64[Q]`."""

_CLICK, _MOST_CLICKS = 10, 51


def hits(ranked: NDArray[np.int32], relevant: Ragged) -> NDArray[np.bool_]:
    """Mark the places of each list that hold a relevant item: `bool[Q, k]`; places of -1 are misses."""
    size = int(max(ranked.max(initial=0), relevant.values.max(initial=0))) + 1
    wanted = row_numbers(relevant.offsets) * size + relevant.values
    asked = np.arange(len(ranked))[:, None] * size + ranked
    marked: NDArray[np.bool_] = np.isin(asked, wanted) & (ranked >= 0)
    return marked


def mean(rows: Rows) -> float:
    """Return the mean over the rows that have something to find; 0 where none has."""
    found = rows[~np.isnan(rows)]
    return float(found.mean()) if len(found) else 0.0


def recall(ranked: NDArray[np.int32], relevant: Ragged, k: int) -> Rows:
    """Hits in the first k, divided by the number of relevant items."""
    return _over(hits(ranked[:, :k], relevant).sum(axis=1), np.diff(relevant.offsets))


def precision(ranked: NDArray[np.int32], relevant: Ragged, k: int) -> Rows:
    """Hits in the first k, divided by k."""
    counts = np.diff(relevant.offsets)
    return _over(hits(ranked[:, :k], relevant).sum(axis=1), np.where(counts > 0, k, 0))


def hit_rate(ranked: NDArray[np.int32], relevant: Ragged, k: int) -> Rows:
    """1 where the first k hold a relevant item, else 0."""
    counts = np.diff(relevant.offsets)
    return _over(hits(ranked[:, :k], relevant).any(axis=1), np.minimum(counts, 1))


def reciprocal_rank(ranked: NDArray[np.int32], relevant: Ragged, k: int) -> Rows:
    """1 / the place of the first hit among the first k, places from 1; 0 without one. Its mean is the MRR."""
    marked = hits(ranked[:, :k], relevant)
    first = np.where(marked.any(axis=1), 1 / (marked.argmax(axis=1) + 1), 0)
    return _over(first, np.minimum(np.diff(relevant.offsets), 1))


def average_precision(ranked: NDArray[np.int32], relevant: Ragged, k: int) -> Rows:
    """Sum of the precision at each hit of the first k, divided by min(k, relevant items). Its mean is the MAP."""
    marked = hits(ranked[:, :k], relevant)
    at_hits = marked * marked.cumsum(axis=1) / (np.arange(marked.shape[1]) + 1)
    return _over(at_hits.sum(axis=1), np.minimum(np.diff(relevant.offsets), k))


def r_precision(ranked: NDArray[np.int32], relevant: Ragged) -> Rows:
    """Share of hits among the first R places, R the number of relevant items.

    As in the RecSys Challenge 2018 (Chen et al. 2018), on tracks. Lists shorter than R count as misses at their end.
    """
    counts = np.diff(relevant.offsets)
    within = np.arange(ranked.shape[1])[None, :] < counts[:, None]
    return _over((hits(ranked, relevant) & within).sum(axis=1), counts)


def ndcg(ranked: NDArray[np.int32], relevant: Ragged, k: int) -> Rows:
    """DCG over the ideal DCG at k: gains of 1, discounts of log2(place + 1), places from 1.

    The ideal list has min(k, relevant items) hits at its top.
    """
    counts = np.diff(relevant.offsets)
    discounts = 1 / np.log2(np.arange(k) + 2)
    marked = hits(ranked[:, :k], relevant)
    gained = (marked * discounts[: marked.shape[1]]).sum(axis=1)
    return _over(gained, np.concatenate([[0.0], discounts.cumsum()])[np.minimum(counts, k)])


def clicks(ranked: NDArray[np.int32], relevant: Ragged) -> Rows:
    """How often a listener asks for ten more tracks until the first hit; 51 where the list of 500 has none.

    As in the RecSys Challenge 2018 (Chen et al. 2018). Less is better.
    """
    marked = hits(ranked, relevant)
    needed = np.where(marked.any(axis=1), marked.argmax(axis=1) // _CLICK, _MOST_CLICKS)
    return np.where(np.diff(relevant.offsets) > 0, needed, np.nan)


_AT_K: Mapping[str, Callable[[NDArray[np.int32], Ragged, int], Rows]] = {
    "R": recall,
    "P": precision,
    "N": ndcg,
    "HR": hit_rate,
    "MRR": reciprocal_rank,
    "MAP": average_precision,
}
_WHOLE: Mapping[str, Callable[[NDArray[np.int32], Ragged], Rows]] = {"R-precision": r_precision, "clicks": clicks}


def measure(name: str, ranked: NDArray[np.int32], relevant: Ragged) -> Rows:
    """Return a measure by its name: "R@10", "P@5", "N@100", "HR@20", "MRR@20", "MAP@10", "R-precision", "clicks".

    Args:
        name: As tables name it.
        ranked: `int32[Q, k]`, best first, -1 behind the last.
        relevant: Q rows of the items that are to be found.

    Raises:
        BadInput: There is no such measure.
    """
    if name in _WHOLE:
        return _WHOLE[name](ranked, relevant)
    kind, _, k = name.partition("@")
    if kind not in _AT_K or not k.isdigit() or int(k) < 1:
        known = ", ".join([*(f"{one}@K" for one in _AT_K), *_WHOLE])
        raise BadInput(f"there is no measure {name!r}; there are {known}")
    return _AT_K[kind](ranked, relevant, int(k))


def _over(found: ArrayLike, whole: ArrayLike) -> Rows:
    counts = np.array(whole, np.float64)
    counts[counts == 0] = np.nan
    rows: Rows = np.asarray(found, np.float64) / counts
    return rows
