# SPDX-License-Identifier: Apache-2.0
"""Lists for a batch of listeners beside implicit's: the best items by inner product, without those that they heard."""

from collections.abc import Mapping
from functools import partial
from time import perf_counter

import numpy as np
import scipy.sparse as sp
from numba import get_num_threads
from numpy.typing import NDArray

from segue.errors import SegueError
from segue.jobs.bench.duel import duel
from segue.jobs.bench.rows import Row, peer_name, ratio
from segue.jobs.machine import Limits
from segue.jobs.progress import Progress, silent
from segue.kernels.products import best_products
from segue.kernels.ragged import Ragged

__all__ = ["CASES", "PROTOCOL", "topk"]

PROTOCOL = (
    "simulated factors, their norms with a long tail as popularity gives them; each listener has heard 68 tracks, "
    "which are masked; the share of GEMM counts two operations for each factor, listener and track"
)
CASES = tuple(
    f"top {k}, {items:,} tracks, {factors} factors"
    for k, items, factors in (
        (500, 50_000, 64),
        (500, 500_000, 64),
        (500, 50_000, 128),
        (500, 500_000, 128),
        (30, 50_000, 64),
        (30, 500_000, 64),
    )
)
_HEARD = 68
_LISTENERS = 4096
_FEWEST = 512
_SAME = 0.999
"""Share of tracks that both lists must have; what is left is rounding."""


def topk(case: str, scale: float, rounds: int, limits: Limits, progress: Progress = silent) -> Row:
    """Run one case.

    Raises:
        SegueError: The lists differ, so that the times cannot be compared.
    """
    words = case.replace(",", "").split()
    k, items, factors = int(words[1]), max(round(int(words[2]) * scale), 1000), int(words[4])
    listeners = max(round(_LISTENERS * min(50_000 / items, 1)), _FEWEST)
    world = listeners, items, factors, min(k, items // 2)
    ours, peer = duel(
        {"ours": partial(_Ours, *world), "implicit": partial(_Implicit, *world)}, rounds, progress=progress
    ).values()
    qualities = ours.qualities[-1], peer.qualities[-1]
    if min(qualities[0]["recall"], qualities[1]["recall"]) < _SAME:
        raise SegueError(f"topk, {case}: recall {qualities[0]['recall']:.4f} against {qualities[1]['recall']:.4f}")
    median = float(np.median(ours.seconds))
    return Row(
        case,
        round(listeners / median),
        "listeners/s",
        round(listeners / float(np.median(peer.seconds))),
        peer_name("implicit"),
        ratio(ours.seconds, peer.seconds),
        limit_fraction=round(2 * listeners * items * factors / median / 1e9 / limits["gflops"], 3),
        quality={"recall": qualities[0]["recall"], "peer recall": qualities[1]["recall"]},
        peak_mb=ours.peak_mb,
        peer_peak_mb=peer.peak_mb,
    )


class _Side:
    def __init__(self, listeners: int, items: int, factors: int, k: int):
        rng = np.random.Generator(np.random.PCG64(3))
        self.k = k
        self.queries = rng.standard_normal((listeners, factors), np.float32) / np.float32(np.sqrt(factors))
        self.factors = rng.standard_normal((items, factors), np.float32)
        self.factors *= rng.lognormal(-1, 0.5, (items, 1)).astype(np.float32)  # norms of factors learned from plays
        heard = np.sort(rng.integers(0, items, (listeners, _HEARD)).astype(np.int32), axis=1)
        rows = np.repeat(np.arange(listeners), _HEARD)
        self.heard = sp.csr_matrix((np.ones(heard.size, np.float32), (rows, heard.ravel())), shape=(listeners, items))
        self.heard.sum_duplicates()
        self.found = np.zeros((listeners, k), np.int32)

    def quality(self) -> Mapping[str, float]:
        """Return the share of the true best, by float64, that was found for some listeners."""
        hits, asked = 0, min(64, len(self.queries))
        for row in range(asked):
            scores = self.factors.astype(np.float64) @ self.queries[row]
            scores[self.heard[row].indices] = -np.inf
            best: NDArray[np.int64] = np.argpartition(-scores, self.k)[: self.k]
            hits += len(np.intersect1d(best, self.found[row]))
        return {"recall": hits / (asked * self.k)}


class _Ours(_Side):
    def __init__(self, listeners: int, items: int, factors: int, k: int):
        super().__init__(listeners, items, factors, k)
        self.exclude = Ragged.of_matrix(self.heard)
        few = np.arange(8)
        best_products(self.queries[few], self.factors, self.exclude.take(few), k)  # compiles

    def round(self) -> float:
        began = perf_counter()
        self.found, _ = best_products(self.queries, self.factors, self.exclude, self.k, parallel=True)
        return perf_counter() - began


class _Implicit(_Side):
    def __init__(self, listeners: int, items: int, factors: int, k: int):
        from implicit.cpu.als import AlternatingLeastSquares

        super().__init__(listeners, items, factors, k)
        self.model = AlternatingLeastSquares(factors=factors, num_threads=get_num_threads())
        self.model.user_factors, self.model.item_factors = self.queries, self.factors
        self.listeners = np.arange(listeners)

    def round(self) -> float:
        began = perf_counter()
        self.found, _ = self.model.recommend(self.listeners, self.heard, N=self.k, filter_already_liked_items=True)
        return perf_counter() - began
