# SPDX-License-Identifier: Apache-2.0
"""Approximate search with FAISS: lists, codes and graphs, which name candidates by their places.

The lists of FAISS's IVF are made for inner products as ScaNN makes them (Guo et al. 2020, "Accelerating Large-Scale
Inference with Anisotropic Vector Quantization"): vectors are clustered and put into lists by their distance, lengths
included, and a query reads the lists whose means have the greatest inner product with it. FAISS's own way, by direction
alone, must read eight times as many vectors of ALS factors, whose lengths grow with popularity, to find as much.

FAISS keeps its number of threads for each thread that calls it, so each call says its own.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numba import get_num_threads
from numpy.typing import NDArray

from segue.index.config import ApproximateKind

__all__ = ["Approximate", "Effort", "load", "train"]

_A_LIST = 64
"""Vectors of each list that its mean is learned from."""
_ROUNDS = 10
"""Of k-means."""
_LINKS, _LINKED_AMONG = 32, 128
"""Of each vector of a graph, to either side; and how many are looked at to choose them."""
_MOST = 1 << 16
"""Vectors that codes are learned from."""
_FEWEST_COMPARED = 50
"""Few neighbours need more candidates for each: codes tell the very nearest apart least."""
_OUT_OF_ORDER = 4
"""How much longer a vector takes to read that does not lie behind the one before."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much a search reads."""

    probes: int
    """Lists, or candidates kept on the way through a graph; all kinds else: 1."""
    refine: float
    """Candidates for each neighbour asked for, to be compared exactly."""


@dataclass(frozen=True, slots=True)
class Approximate:
    """Vectors in a form that is quick to search, of a kind."""

    kind: ApproximateKind
    effort: Effort
    searched: Any
    """The index of FAISS."""
    keep_alive: tuple[Any, ...] = ()
    """What it points to without owning."""

    def candidates(
        self, queries: NDArray[np.float32], count: int, *, deeper: float = 1.0, parallel: bool
    ) -> NDArray[np.int64]:
        """Return the places of what may be nearest, `int64[Q, count]`, best first, -1 behind the last.

        Args:
            queries: `float32[Q, f]`.
            count: How many a query.
            deeper: How many times as much is read as the effort says.
            parallel: Use all threads (jobs) or one (requests).
        """
        _threads(get_num_threads() if parallel else 1)
        probes = int(np.ceil(self.effort.probes * deeper))
        how = None
        if self.kind == "hnsw":
            how = _faiss().SearchParametersHNSW(efSearch=probes)
        elif self.kind != "flat":
            how = _faiss().SearchParametersIVF(nprobe=min(probes, self.lists))
        found: NDArray[np.int64] = self.searched.search(np.ascontiguousarray(queries), count, params=how)[1]
        return found

    def compared(self, k: int) -> int:
        """Return how many candidates are to be compared exactly, to find the k nearest."""
        return int(np.ceil(self.effort.refine * max(k, _FEWEST_COMPARED)))

    @property
    def lists(self) -> int:
        """How many lists there are; 0 for kinds without."""
        return 0 if self.kind in ("flat", "hnsw") else int(self.searched.nlist)

    def cost(self, effort: Effort, neighbours: int) -> float:
        """Return about how many bytes a query has to wait for: what an effort is chosen by, the same on any machine."""
        exact: float = neighbours * effort.refine * self.searched.d * 4 * _OUT_OF_ORDER
        if not self.lists:
            return exact + effort.probes
        length: float = self.searched.ntotal / self.lists * self.searched.code_size
        return exact + effort.probes * length

    def efforts(self) -> list[int]:
        """Return the probes that may be tried, ascending: at most half of the lists; with more, all may be compared."""
        if self.kind == "flat":
            return [1]
        most = 4096 if self.kind == "hnsw" else self.lists // 2
        steps = np.unique(np.round(np.geomspace(1, most, 6 * int(np.ceil(np.log2(most))) + 1)).astype(int))
        return [int(step) for step in steps if self.kind != "hnsw" or step >= 8]

    def refines(self) -> list[float]:
        """Return how many candidates for each neighbour may be tried, ascending."""
        return {"fastscan": [1.5, 2, 3, 4, 6, 8, 12], "pq": [1.5, 2, 3, 4, 6, 8, 12], "sq8": [1.1, 1.3]}.get(
            self.kind, [1.0]
        )

    @property
    def bytes(self) -> int:
        """Bytes that it takes beside the vectors."""
        return int(_faiss().serialize_index(self.searched).nbytes)

    def save(self, path: Path) -> None:
        """Write it; its effort is the caller's to keep."""
        _faiss().write_index(self.searched, str(path))


def train(kind: ApproximateKind, vectors: NDArray[np.float32], seed: int) -> Approximate:
    """Return an index of the vectors, at the least effort.

    Args:
        kind: Which.
        vectors: `float32[n, f]`, at least 1000, finite.
        seed: Of k-means and of the sample that codes are learned from.
    """
    faiss = _faiss()
    n, f = vectors.shape
    _threads(get_num_threads())
    least = Effort(1, 1.0)
    if kind == "flat":
        made = faiss.IndexFlatIP(f)
        made.add(vectors)
        return Approximate(kind, least, made)
    if kind == "hnsw":
        made = faiss.IndexHNSWFlat(f, _LINKS, faiss.METRIC_INNER_PRODUCT)
        made.hnsw.efConstruction = _LINKED_AMONG
        made.add(vectors)
        return Approximate(kind, least, made)
    lists = 1 << round(np.log2(2 * np.sqrt(n)))
    rng = np.random.Generator(np.random.PCG64(seed))
    by_distance, by_product = faiss.IndexFlatL2(f), faiss.IndexFlatIP(f)
    clustering = faiss.Clustering(f, lists)
    clustering.niter, clustering.seed, clustering.min_points_per_centroid = _ROUNDS, seed % (1 << 31), 1
    clustering.train(_sample(vectors, _A_LIST * lists, rng), by_distance)
    by_product.add(by_distance.reconstruct_n(0, lists))
    made = _empty(kind, by_distance, f, lists)
    made.train(_sample(vectors, _MOST, rng))
    made.add(vectors)
    made.quantizer = by_product
    return Approximate(kind, least, made, (by_distance, by_product))


def load(path: Path, kind: ApproximateKind, effort: Effort) -> Approximate:
    """Load what `save` wrote: mapped, not read, but for the codes of fastscan, which FAISS 1.15 cannot map.

    Its older way of mapping lists (`IO_FLAG_MMAP`) starts threads for each query, and is twenty times as slow.
    """
    faiss = _faiss()
    return Approximate(kind, effort, faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC))


def _empty(kind: ApproximateKind, lists_by: Any, f: int, lists: int) -> Any:
    faiss = _faiss()
    metric = faiss.METRIC_INNER_PRODUCT
    if kind == "ivf":
        return faiss.IndexIVFFlat(lists_by, f, lists, metric)
    if kind == "sq8":
        return faiss.IndexIVFScalarQuantizer(lists_by, f, lists, faiss.ScalarQuantizer.QT_8bit, metric, True)
    if kind == "pq":
        made = faiss.IndexIVFPQ(lists_by, f, lists, f // 2 if f % 2 == 0 else f, 8, metric)
    else:
        made = faiss.IndexIVFPQFastScan(lists_by, f, lists, f, 4, metric)
    made.by_residual = True
    made.pq.cp.min_points_per_centroid = 1
    return made


def _sample(vectors: NDArray[np.float32], most: int, rng: np.random.Generator) -> NDArray[np.float32]:
    if len(vectors) <= most:
        return vectors
    return vectors[np.sort(rng.permutation(len(vectors))[:most])]


def _threads(count: int) -> None:
    """Let FAISS use so many threads for what this thread asks."""
    _faiss().omp_set_num_threads(count)


def _faiss() -> Any:
    import faiss

    return faiss
