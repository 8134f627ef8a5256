# SPDX-License-Identifier: Apache-2.0
"""What accuracy does not say: how much of the catalogue is shown, how fairly, how new, varied, and like the taste."""

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from segue.kernels.ragged import Ragged, offsets_of, row_numbers

__all__ = ["calibration", "coverage", "distinct", "gini", "intra_list_diversity", "novelty", "popularity_lift"]


def coverage(ranked: NDArray[np.int32], items: int) -> float:
    """Return the share of all items that stand in some list (places of -1 are empty)."""
    return len(np.unique(ranked[ranked >= 0])) / items if items else 0.0


def distinct(ranked: NDArray[np.int32], groups: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return `float64[Q]`: how many groups (artists) each list holds; `groups` is `int32[n]`, of each item."""
    filled = ranked >= 0
    rows = np.nonzero(filled)[0]
    pairs = np.unique(rows * (int(groups.max(initial=0)) + 1) + groups[ranked[filled]])
    return np.bincount(pairs // (int(groups.max(initial=0)) + 1), minlength=len(ranked)).astype(np.float64)


def gini(shown: NDArray[np.int64]) -> float:
    """Return the Gini coefficient of exposure: 0 where all are shown alike, near 1 where one is shown alone.

    Args:
        shown: `int64[n]`: how often each item (or artist) is shown, zeros included.
    """
    ordered = np.sort(shown.astype(np.float64))
    total = ordered.sum()
    if total == 0:
        return 0.0
    n = len(ordered)
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * total))


def novelty(ranked: NDArray[np.int32], popularity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `float64[Q]`: the mean of `-log2 share` over each list, in bits (Vargas, Castells 2011); NaN if empty.

    Args:
        ranked: `int32[Q, k]`.
        popularity: `float64[n]`: share of the rows of training that have each item; an unseen one counts as half a row.
    """
    least = popularity[popularity > 0].min(initial=1.0) / 2
    return _mean(-np.log2(np.maximum(popularity, least)), ranked)


def popularity_lift(ranked: NDArray[np.int32], history: Ragged, popularity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `float64[Q]`: mean popularity of each list over that of its history, less 1 (Abdollahpouri 2020).

    Above 0: the list is more mainstream than the listener. NaN where either is empty.
    """
    counts = np.diff(history.offsets)
    own = np.bincount(row_numbers(history.offsets), popularity[history.values], len(history))
    with np.errstate(invalid="ignore", divide="ignore"):
        lift: NDArray[np.float64] = _mean(popularity, ranked) / (own / counts) - 1
    return lift


def intra_list_diversity(
    ranked: NDArray[np.int32], vectors: "NDArray[np.float32] | sp.csr_matrix[np.float32]"
) -> NDArray[np.float64]:
    """Return `float64[Q]`: the mean of `1 - cosine` over all pairs of each list (Ziegler 2005); NaN below two items.

    Args:
        ranked: `int32[Q, k]`.
        vectors: `[n, d]`: genres, factors, or (sparse) the rows that hold each item; an item without any is orthogonal
            to all.
    """
    filled = ranked >= 0
    count = filled.sum(axis=1)
    known: sp.csr_matrix[np.float64] = sp.csr_matrix(vectors).astype(np.float64)
    norms = np.sqrt(np.asarray(known.multiply(known).sum(axis=1)).ravel())
    unit = sp.diags_array(1 / np.where(norms > 0, norms, 1)) @ known
    lists = sp.csr_matrix((np.ones(count.sum()), ranked[filled], offsets_of(count)), shape=(len(ranked), len(norms)))
    sums: Any = sp.csr_matrix(lists @ unit)
    squared = np.asarray(sums.multiply(sums).sum(axis=1)).ravel()
    own = lists @ (norms > 0).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        similarity = (squared - own) / (count * (count - 1))
    return np.where(count > 1, 1 - similarity, np.nan)


def calibration(ranked: NDArray[np.int32], history: Ragged, genres: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return `float64[Q]`: the Jensen-Shannon divergence between the genres of history and list, in bits, 0 to 1.

    As Steck 2018, with a symmetric divergence. 0: the list has the listener's genres in the listener's shares. NaN
    where one of both has no genre.

    Args:
        ranked: `int32[Q, k]`.
        history: Q rows of items with weights; those above 0 count.
        genres: `float32[n, g]`: shares of genres of each item, a row's sum 1, or 0 where it is not known.
    """
    rows = row_numbers(history.offsets)
    weights = np.maximum(history.weights, 0).astype(np.float64)
    own = np.zeros((len(history), genres.shape[1]))
    np.add.at(own, rows, genres[history.values] * weights[:, None])
    filled = ranked >= 0
    listed = (genres[np.where(filled, ranked, 0)] * filled[:, :, None]).sum(axis=1, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        p, q = own / own.sum(axis=1, keepdims=True), listed / listed.sum(axis=1, keepdims=True)
    middle = (p + q) / 2
    return (_divergence(p, middle) + _divergence(q, middle)) / 2


def _divergence(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore", divide="ignore"):
        terms = np.where(p == 0, 0.0, p * np.log2(p / q))
    divergence: NDArray[np.float64] = terms.sum(axis=1)
    return divergence


def _mean(values: NDArray[np.float64], ranked: NDArray[np.int32]) -> NDArray[np.float64]:
    filled = ranked >= 0
    count = filled.sum(axis=1)
    total = np.where(filled, values[np.where(filled, ranked, 0)], 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
