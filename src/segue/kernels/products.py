# SPDX-License-Identifier: Apache-2.0
"""The k best items of each query by inner product, exactly, without ever holding all scores.

Scores are made by BLAS for some queries and some items at a time, so that they stay in the cache, and are read once.
Only those above a threshold are kept, each as one number (`segue.kernels.numbers`). The threshold is set beforehand
from a sample of the items, a little below what the k-th best should be; where it proves too high, the query is asked
again without. So most scores cost one comparison, sixteen at a time, and no heap is ever sifted.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numba import get_num_threads, njit
from numpy.typing import NDArray

from segue.kernels.native import LANES, load, lowest, reaches, splat
from segue.kernels.numbers import SPARE, cut, decoded, number, rank_in_sample, reached_by, score_of
from segue.kernels.ragged import Ragged
from segue.kernels.threads import one_thread_each

__all__ = ["best_products"]

_QUERIES = 256
"""At most so many are answered at a time."""
_SCORES = 1 << 19
"""In blocks of so many scores, 2 MiB: the fewer the queries, the more items."""
_SAMPLE = 2048
"""Items from which a threshold is set, for catalogues much larger."""


def best_products(
    queries: NDArray[np.float32],
    factors: NDArray[np.float32],
    exclude: Ragged,
    k: int,
    *,
    scale: NDArray[np.float32] | None = None,
    added: Ragged | None = None,
    asked: NDArray[np.bool_] | None = None,
    barred: NDArray[np.bool_] | None = None,
    parallel: bool = False,
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the k items of greatest `scale_i · q_u · y_i + added_ui` for each query, best first, and their scores.

    Ties go to the lower item. NaN and -inf never enter; rows with fewer than k scores end in item -1, score -inf.

    Args:
        queries: `float32[Q, f]`.
        factors: `float32[n, f]`.
        exclude: Q rows of items that must not be returned (weights unused).
        k: How many a query, at least 1.
        scale: `float32[n]`; None: 1.
        added: Q rows of items, each once, whose weights are added to their scores.
        asked: `bool[Q]`: queries that get anything at all; None: all.
        barred: `bool[n]`: items that nobody gets.
        parallel: Use all threads (jobs) or one (requests).

    Returns:
        `int32[Q, k]` and `float32[Q, k]`.
    """
    items = np.full((len(queries), k), -1, np.int32)
    scores = np.full((len(queries), k), -np.inf, np.float32)
    wanted = np.arange(len(queries)) if asked is None else np.flatnonzero(asked)
    if not len(wanted) or not len(factors):
        return items, scores
    more = Ragged.empty(len(queries)) if added is None else added.ordered()
    search = _Search(queries, factors, exclude.ordered(), more, k, scale, barred)
    blocks = iter([wanted[first : first + _QUERIES] for first in range(0, len(wanted), _QUERIES)])
    threads = min(get_num_threads(), -(-len(wanted) // _QUERIES)) if parallel else 1
    if threads == 1:
        search.answer(blocks, items, scores)
        return items, scores
    with one_thread_each(), ThreadPoolExecutor(threads) as pool:
        for one in [pool.submit(search.answer, blocks, items, scores) for _ in range(threads)]:
            one.result()
    return items, scores


class _Search:
    """What is asked, and the answers to some queries of it."""

    def __init__(
        self,
        queries: NDArray[np.float32],
        factors: NDArray[np.float32],
        exclude: Ragged,
        added: Ragged,
        k: int,
        scale: NDArray[np.float32] | None,
        barred: NDArray[np.bool_] | None,
    ):
        n = len(factors)
        self.queries, self.factors, self.exclude, self.k = queries, factors, exclude, k
        self.added, self.scale, self.barred = added, scale, np.zeros(n, np.bool_) if barred is None else barred
        self.room = min(4 * k + 1024, n) + LANES
        self.few: NDArray[np.float32] | None = None
        if n >= 4 * _SAMPLE and k <= n // 8 and len(queries) >= 8:
            sample = np.linspace(0, n - 1, _SAMPLE).astype(np.int64)
            self.few = factors[sample]
            if scale is not None:
                self.few *= scale[sample][:, None]

    def answer(
        self, blocks: Iterator[NDArray[np.int64]], items: NDArray[np.int32], scores: NDArray[np.float32]
    ) -> None:
        """Answer blocks of queries until none is left."""
        for rows in blocks:
            queries = self.queries[rows]
            short = self._into(rows, queries, self._thresholds(rows, queries), items, scores)
            if len(short):
                self._into(rows[short], queries[short], np.full(len(short), -np.inf, np.float32), items, scores)

    def _thresholds(self, rows: NDArray[np.int64], queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return `float32[Q]`: a little below what the k-th best score should be, or -inf."""
        if self.few is None:
            return np.full(len(rows), -np.inf, np.float32)
        made = queries @ self.few.T
        first = self.k + np.diff(self.exclude.offsets)[rows]
        thresholds = np.empty(len(rows), np.float32)
        _reached_by(made, first * (_SAMPLE / len(self.factors)), thresholds)
        thresholds[np.isnan(thresholds)] = -np.inf
        return thresholds

    def _into(
        self,
        rows: NDArray[np.int64],
        queries: NDArray[np.float32],
        thresholds: NDArray[np.float32],
        items: NDArray[np.int32],
        scores: NDArray[np.float32],
    ) -> NDArray[np.int64]:
        """Write the answers of some queries; return those for which a threshold was too high."""
        kept = np.zeros((len(rows), self.room), np.uint64)
        counts = np.zeros(len(rows), np.int64)
        reached = np.maximum(thresholds, np.finfo(np.float32).min)
        places = np.stack([self.exclude.offsets[rows], self.added.offsets[rows]])
        ends = np.stack([self.exclude.offsets[rows + 1], self.added.offsets[rows + 1]])
        n = len(self.factors)
        width = min(_SCORES // len(rows), n + LANES) // LANES * LANES
        made = np.empty((len(rows), width), np.float32)
        for first in range(0, n, width):
            size = min(width, n - first)
            with np.errstate(invalid="ignore"):  # what is no number is left out, not a fault
                np.matmul(queries, self.factors[first : first + size].T, out=made[:, :size])
            if self.scale is not None:
                made[:, :size] *= self.scale[first : first + size]
            made[:, size:] = -np.inf
            _keep(
                made, first, self.exclude.values, self.added.values, self.added.weights, places, ends, self.barred,
                self.k, reached, kept, counts,
            )  # fmt: skip
        best = np.zeros((len(rows), self.k + SPARE), np.uint64)
        _cut(kept, counts, self.k, best)
        best.sort(axis=1)
        decoded(best[:, : -self.k - 1 : -1], rows, items, scores)
        return np.flatnonzero((counts < self.k) & (thresholds > -np.inf))


@njit(cache=True, nogil=True)
def _reached_by(made, ranks, thresholds):
    for row in range(len(made)):
        thresholds[row] = reached_by(made, row, made.shape[1], rank_in_sample(ranks[row]))


@njit(cache=True, nogil=True)
def _keep(
    made, first, excluded, added, weights, places, ends, barred, k, reached, kept, counts
):  # fmt: skip
    """Keep what reaches the thresholds in a block of scores of the items from `first` on."""
    width = made.shape[1]
    for row in range(len(made)):
        scores = made[row]
        place = places[1, row]
        while place < ends[1, row] and added[place] < first + width:
            scores[added[place] - first] += weights[place]
            place += 1
        places[1, row] = place
        place = places[0, row]
        while place < ends[0, row] and excluded[place] < first + width:
            scores[excluded[place] - first] = -np.inf
            place += 1
        places[0, row] = place
        count = counts[row]
        least = reached[row]
        full = kept.shape[1] - LANES
        for begin in range(0, width, LANES):
            lanes = reaches(load(made, row, begin), splat(least))
            while lanes:
                column = begin + lowest(lanes)
                lanes &= lanes - np.uint16(1)
                if not barred[first + column]:
                    kept[row, count] = number(scores[column], first + column)
                    count += 1
            if count > full:
                count, last = cut(kept[row], count, k)
                least = np.nextafter(score_of(last), np.float32(np.inf))  # what comes later loses every tie
        counts[row] = count
        reached[row] = least


@njit(cache=True, nogil=True)
def _cut(kept, counts, k, best):
    """Copy the k best of what was kept of each row, and a few more."""
    for row in range(len(kept)):
        count, _ = cut(kept[row], counts[row], k)
        for place in range(count):
            best[row, place] = kept[row, place]
