# SPDX-License-Identifier: Apache-2.0
"""Nearest neighbours by inner product beside graphs: FAISS's HNSW, voyager and usearch; and changes under load."""

import gc
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar

import numpy as np
from numba import get_num_threads
from numpy.typing import NDArray

from segue.errors import SegueError
from segue.index.config import IndexConfig
from segue.index.index import Index, build
from segue.index.measured import at_least, recall
from segue.jobs.bench.changing import Changing
from segue.jobs.bench.duel import Contender, Outcome, duel
from segue.jobs.bench.rows import Row, peer_name, ratio
from segue.jobs.bench.vectors import Vectors, blown_up, clustered
from segue.jobs.benchmark.run import datasets_folder
from segue.jobs.machine import Limits
from segue.jobs.progress import Progress, silent
from segue.kernels.products import best_products
from segue.kernels.ragged import Ragged

__all__ = ["CASES", "PROTOCOL", "ann", "check"]

PROTOCOL = (
    "the 100 vectors of greatest inner product; each side at the setting, swept on 800 other queries, that is the "
    "quickest whose recall, less three standard errors, is still 0.95, or at its last; graphs have 32 links and are "
    "built with 128 candidates. Clustered vectors are simulated; real factors are those of mpd-7k, most of them "
    "copies with noise. MB are for a million vectors, themselves included"
)
_PEERS = ("faiss-cpu", "voyager", "usearch")
CASES = (
    *(
        f"{data}, {how}, beside {peer}"
        for data in ("clustered", "real factors")
        for how in ("one at a time", "in batches")
        for peer in _PEERS
    ),
    "clustered, 10,000 added and removed under load",
    "real factors, 10,000 added and removed under load",
)

_VECTORS, _FACTORS, _NEAREST = 1_000_000, 64, 100
_TUNED_ON, _REPORTED = 800, 2000
_ENOUGH = 0.95
_LINKS, _LINKED_AMONG = 32, 128
_MOST = 12_000
"""Candidates on the way through a graph; what does not find enough with them never will, soon enough."""


@dataclass(frozen=True, slots=True)
class _World:
    """What is searched."""

    data: str
    vectors: int
    folder: Path | None

    @property
    def nearest(self) -> int:
        """How many are looked for."""
        return min(_NEAREST, self.vectors // 2)

    def made(self) -> Vectors:
        asked = 2 * _TUNED_ON + _REPORTED
        if self.folder is None:
            return clustered(self.vectors, _FACTORS, asked)
        return blown_up(self.folder, self.vectors, _FACTORS, asked)


def check(cases: Sequence[str]) -> None:
    """Say what is missing before graphs are built for half an hour.

    Raises:
        BadInput: There are cases of real factors, and nobody says where the data sets are.
    """
    if any(case.startswith("real factors") for case in cases):
        datasets_folder()


def ann(case: str, scale: float, rounds: int, limits: Limits, progress: Progress = silent) -> Row:  # noqa: ARG001
    """Run one case at a share of 1,000,000 vectors. Cases of the same vectors share their rounds.

    Raises:
        BadInput: The playlists that the factors are learned from are not there.
        SegueError: Ours finds too little, or an answer under load was wrong.
    """
    data, how = case.split(", ", 1)
    count = max(round(_VECTORS * scale), 2000)
    world = _World(data, count, None if data == "clustered" else datasets_folder())
    if "added" in how:
        return _under_load(case, world, rounds, progress)
    how, _, peer = how.partition(", beside ")
    outcomes = _rounds(world, rounds, progress)
    ours, theirs = outcomes["ours"], outcomes[peer]
    ours_last, peer_last = ours.qualities[-1], theirs.qualities[-1]
    if ours_last["recall"] < _ENOUGH:
        raise SegueError(f"ann, {case}: recall {ours_last['recall']:.4f}, not {_ENOUGH}: not to be compared")
    times = [_seconds(one, how) for one in (ours, theirs)]
    return Row(
        case,
        round(ours_last["queries"] / float(np.median(times[0]))),
        "queries/s",
        round(peer_last["queries"] / float(np.median(times[1]))),
        peer_name(peer),
        ratio(*times),
        quality={
            "recall": ours_last["recall"],
            "peer recall": peer_last["recall"],
            "build s": ours_last["build s"],
            "peer build s": peer_last["build s"],
            "peer setting": peer_last["setting"],
        },
        peak_mb=ours_last["MB"],
        peer_peak_mb=peer_last["MB"],
    )


def _under_load(case: str, world: _World, rounds: int, progress: Progress) -> Row:
    side = partial(Changing, world.made, 2 * _TUNED_ON, _config(world.nearest))
    (outcome,) = duel({"ours": side}, min(rounds, 2), progress=progress).values()
    last = outcome.qualities[-1]
    if last["failed"]:
        raise SegueError(f"ann, {case}: {last['failed']:.0f} of {last['queries']:.0f} answers were wrong or none")
    if last["built in found"] < _ENOUGH:
        raise SegueError(f"ann, {case}: of what was added and built in, {last['built in found']:.3f} was found")
    speed = float(np.median([quality["queries"] for quality in outcome.qualities] / np.array(outcome.seconds)))
    return Row(case, round(speed), "queries/s", quality=last, peak_mb=outcome.peak_mb)


def _seconds(outcome: Outcome, how: str) -> list[float]:
    return outcome.seconds if how == "one at a time" else [quality["batch s"] for quality in outcome.qualities]


_done: dict[tuple[_World, int], dict[str, Outcome]] = {}


def _rounds(world: _World, rounds: int, progress: Progress) -> dict[str, Outcome]:
    """Let all sides do their rounds, once for all cases of the same vectors: graphs take minutes to build."""
    if (world, rounds) in _done:
        return _done[world, rounds]
    sides: dict[str, Callable[[], Contender]] = {
        "ours": partial(_Ours, world),
        "faiss-cpu": partial(_Hnsw, world),
        "voyager": partial(_Voyager, world),
        "usearch": partial(_Usearch, world),
    }
    _done[world, rounds] = duel(sides, rounds, progress=progress)
    return _done[world, rounds]


class _Side(ABC):
    """What all sides share: the vectors, and what is asked and should be found."""

    library: ClassVar[str]

    def __init__(self, world: _World):
        made = world.made()
        self.k = world.nearest
        self.tuned_on, self.asked = made.queries[: 2 * _TUNED_ON], made.queries[2 * _TUNED_ON :]
        some = np.concatenate([self.tuned_on[:_TUNED_ON], self.asked])
        true, _ = best_products(some, made.vectors, Ragged.empty(len(some)), self.k, parallel=True)
        self.true_tuned, self.true = true[:_TUNED_ON], true[_TUNED_ON:]
        self.found = np.zeros((len(self.asked), self.k), np.int32)
        self.batch_s, self.setting = 0.0, 0
        import_module(self.library)  # its own memory is not the index's
        held = _anonymous_mb() - made.vectors.nbytes / 1e6
        began = perf_counter()
        self.make(made.vectors)
        self.build_s = perf_counter() - began
        del made
        gc.collect()
        self.mb = (_anonymous_mb() - held) * _VECTORS / world.vectors
        self.tune()

    @abstractmethod
    def make(self, vectors: NDArray[np.float32]) -> None:
        """Build the index, on all threads."""

    def tune(self) -> None:
        """Set the least effort that finds enough."""
        steps = sorted({round(self.k * 1.12**step) for step in range(60) if self.k * 1.12**step <= _MOST})
        least, most = 0, len(steps) - 1
        while least < most:
            middle = (least + most) // 2
            self.setting = steps[middle]
            found = self.batch(self.tuned_on[:_TUNED_ON], get_num_threads())
            if at_least(found, self.true_tuned) >= _ENOUGH:
                most = middle
            else:
                least = middle + 1
        self.setting = steps[least]

    def one(self, query: NDArray[np.float32]) -> NDArray[Any]:
        """Return the nearest of `float32[1, f]`, on one thread: `[1, k]`."""
        return self.batch(query, 1)

    @abstractmethod
    def batch(self, queries: NDArray[np.float32], threads: int) -> NDArray[Any]:
        """Return the nearest of all, on so many threads: `[Q, k]`."""

    def round(self) -> float:
        """Ask one at a time, then all again at once; what is returned is the former."""
        began = perf_counter()
        for row in range(len(self.asked)):
            self.found[row] = self.one(self.asked[row : row + 1])[0]
        seconds = perf_counter() - began
        began = perf_counter()
        self.batch(self.asked, get_num_threads())
        self.batch_s = perf_counter() - began
        return seconds

    def quality(self) -> Mapping[str, float]:
        return {
            "recall": round(recall(self.found, self.true), 4),
            "queries": len(self.asked),
            "batch s": self.batch_s,
            "build s": round(self.build_s, 1),
            "setting": self.setting,
            "MB": round(self.mb),
        }


class _Ours(_Side):
    library = "faiss"
    index: Index

    def make(self, vectors: NDArray[np.float32]) -> None:
        self.index = build(vectors, self.tuned_on, _config(self.k))

    def tune(self) -> None:
        self.setting = self.index.measured.probes  # was chosen by the build, on the same queries

    def batch(self, queries: NDArray[np.float32], threads: int) -> NDArray[np.int32]:
        return self.index.search(queries, Ragged.empty(len(queries)), self.k, parallel=threads > 1)[0]


class _Hnsw(_Side):
    library = "faiss"

    def make(self, vectors: NDArray[np.float32]) -> None:
        import faiss

        self.faiss = faiss
        faiss.omp_set_num_threads(get_num_threads())
        self.graph = faiss.IndexHNSWFlat(vectors.shape[1], _LINKS, faiss.METRIC_INNER_PRODUCT)
        self.graph.hnsw.efConstruction = _LINKED_AMONG
        self.graph.add(vectors)

    def batch(self, queries: NDArray[np.float32], threads: int) -> NDArray[Any]:
        self.faiss.omp_set_num_threads(threads)
        self.graph.hnsw.efSearch = self.setting
        found: NDArray[Any] = self.graph.search(queries, self.k)[1]
        return found


class _Voyager(_Side):
    library = "voyager"

    def make(self, vectors: NDArray[np.float32]) -> None:
        from voyager import Index as Graph
        from voyager import Space

        count, f = vectors.shape
        self.graph = Graph(Space.InnerProduct, f, M=_LINKS, ef_construction=_LINKED_AMONG, max_elements=count)
        self.graph.add_items(vectors, num_threads=get_num_threads())

    def batch(self, queries: NDArray[np.float32], threads: int) -> NDArray[Any]:
        found: NDArray[Any] = self.graph.query(queries, self.k, num_threads=threads, query_ef=self.setting)[0]
        return found.astype(np.int64)


class _Usearch(_Side):
    library = "usearch.index"

    def make(self, vectors: NDArray[np.float32]) -> None:
        from usearch.index import Index as Graph

        count, f = vectors.shape
        self.graph: Any = Graph(ndim=f, metric="ip", dtype="f32", connectivity=_LINKS, expansion_add=_LINKED_AMONG)
        self.graph.add(np.arange(count, dtype=np.uint64), vectors, threads=get_num_threads())

    def batch(self, queries: NDArray[np.float32], threads: int) -> NDArray[Any]:
        self.graph.expansion_search = self.setting
        found: NDArray[Any] = self.graph.search(queries, self.k, threads=threads).keys
        return found.reshape(len(queries), self.k).astype(np.int64)


def _config(k: int) -> IndexConfig:
    """Return one that is built anew only when asked."""
    return IndexConfig(exact_below=0, neighbours=k, floor=_ENOUGH, rebuild_share=1.0)


def _anonymous_mb() -> float:
    """Return the memory of this process that no file backs."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("RssAnon"))) * 1.024 / 1000
