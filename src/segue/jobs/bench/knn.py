# SPDX-License-Identifier: Apache-2.0
"""Item neighbourhoods beside implicit's, at equal output."""

from collections.abc import Mapping
from functools import partial
from time import perf_counter

import numpy as np
import scipy.sparse as sp
from numba import get_num_threads
from numpy.typing import NDArray

from segue.errors import SegueError
from segue.jobs.bench.duel import duel
from segue.jobs.bench.plays import plays
from segue.jobs.bench.rows import Row, peer_name, ratio
from segue.jobs.machine import Limits
from segue.jobs.progress import Progress, silent
from segue.kernels.neighbours import neighbours
from segue.kernels.ragged import Ragged, offsets_of, places

__all__ = ["CASES", "PROTOCOL", "knn"]

PROTOCOL = "simulated plays of 68 tracks a listener, weighed beforehand; the k most similar tracks of every track"
CASES = tuple(
    f"{similarity}, k = {k}, {listeners:,} × {tracks:,}"
    for similarity, k, listeners, tracks in (
        ("cosine", 20, 100_000, 50_000),
        ("cosine", 200, 100_000, 50_000),
        ("counts", 20, 100_000, 50_000),
        ("cosine", 200, 100_000, 500_000),
    )
)
_SAME = 1e-4


def knn(case: str, scale: float, rounds: int, limits: Limits, progress: Progress = silent) -> Row:  # noqa: ARG001
    """Run one case.

    Raises:
        SegueError: The similarities differ, so that the times cannot be compared.
    """
    similarity, k, sizes = case.split(", ", 2)
    listeners, tracks = (round(int(size.replace(",", "")) * scale) for size in sizes.split(" × "))
    world = similarity, int(k.removeprefix("k = ")), listeners, tracks
    ours, peer = duel(
        {"ours": partial(_Ours, *world), "implicit": partial(_Implicit, *world)}, rounds, progress=progress
    ).values()
    sums = ours.qualities[-1]["mean similarity"], peer.qualities[-1]["mean similarity"]
    if abs(sums[0] / sums[1] - 1) > _SAME:
        raise SegueError(f"knn, {case}: mean similarity {sums[0]:.6g} against {sums[1]:.6g}: not to be compared")
    return Row(
        case,
        round(float(np.median(ours.seconds)), 4),
        "s",
        round(float(np.median(peer.seconds)), 4),
        peer_name("implicit"),
        ratio(ours.seconds, peer.seconds),
        quality={"mean similarity": sums[0], "peer's": sums[1]},
        peak_mb=ours.peak_mb,
        peer_peak_mb=peer.peak_mb,
    )


class _Side:
    def __init__(self, similarity: str, k: int, listeners: int, tracks: int):
        self.k = k
        self.matrix = plays(listeners, tracks, 68).copy()
        if similarity == "cosine":
            norms = np.sqrt(np.bincount(self.matrix.indices, self.matrix.data.astype(np.float64) ** 2, tracks))
            self.matrix.data /= np.maximum(norms, 1e-9)[self.matrix.indices].astype(np.float32)
        self.similarities: NDArray[np.float32] = np.zeros(1, np.float32)

    def quality(self) -> Mapping[str, float]:
        return {"mean similarity": float(np.mean(self.similarities, dtype=np.float64))}


class _Ours(_Side):
    def __init__(self, similarity: str, k: int, listeners: int, tracks: int):
        super().__init__(similarity, k, listeners, tracks)
        self._found(self.matrix[:10])  # compiles

    def round(self) -> float:
        began = perf_counter()
        self.similarities = self._found(self.matrix)
        return perf_counter() - began

    def _found(self, matrix: sp.csr_matrix) -> NDArray[np.float32]:
        return neighbours(Ragged.of_matrix(matrix), np.ones((2, matrix.shape[1]), np.float32), 0.0, self.k)[1]


class _Implicit(_Side):
    def round(self) -> float:
        from implicit._nearest_neighbours import all_pairs_knn

        self.matrix.data = self.matrix.data.astype(np.float64)  # the only kind it takes
        began = perf_counter()
        made = all_pairs_knn(self.matrix, self.k + 1, num_threads=get_num_threads(), show_progress=False)
        seconds = perf_counter() - began
        other = (made.row != made.col) & (made.data > 0)  # it counts each track as its own neighbour
        row, value = made.row[other], made.data[other]
        order = np.lexsort((-value, row))
        best = places(offsets_of(np.bincount(row, minlength=made.shape[0]))) < self.k
        self.similarities = np.zeros(self.k * made.shape[0], np.float32)
        self.similarities[: best.sum()] = value[order][best]
        return seconds
