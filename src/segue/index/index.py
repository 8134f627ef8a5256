# SPDX-License-Identifier: Apache-2.0
"""The index: vectors by number, searched by inner product, changed while they are searched.

The main part is built once and never changed. What is added lies beside it, few and compared exactly; what is removed
is marked. Both are replaced whole by one reference, which a search reads once: so searches never wait, and each sees
one state. When enough has changed, everything is built anew in the background and swapped in.
"""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import BadInput
from segue.index import approximate
from segue.index.approximate import Effort
from segue.index.building import SAMPLE, measured_contents
from segue.index.config import IndexConfig
from segue.index.contents import Change, Contents, as_built
from segue.index.measured import Measured
from segue.kernels.ragged import Ragged

__all__ = ["FILE", "Index", "build", "load"]

FILE = "index.faiss"
"""What `Index.save` writes, unless search is exact."""


class Index:
    """Finds the nearest of some vectors; made by `build` or `load`."""

    def __init__(self, config: IndexConfig, contents: Contents, queries: NDArray[np.float32], seed: int):
        self.config = config
        self.rebuilding: Future[None] | None = None
        """The last build in the background; it ends in `BelowFloor` if it was refused."""
        self._contents = contents
        self._queries = queries
        self._seed = seed
        self._changing, self._building = Lock(), Lock()
        self._since: list[Change] | None = None
        self._enough = config.rebuild_share

    def __len__(self) -> int:
        return len(self._contents)

    @property
    def measured(self) -> Measured:
        """What the main part found when it was built."""
        return self._contents.measured

    def search(
        self,
        queries: NDArray[np.float32],
        exclude: Ragged | None,
        k: int,
        *,
        asked: NDArray[np.bool_] | None = None,
        parallel: bool = False,
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return the k numbers of greatest inner product for each query, best first, and their exact scores.

        As `best_products` does, but that an approximate index may miss some. All that is excluded or removed is made up
        for by further candidates, for which it reads as much more; a query that still has fewer than k, or asks for
        more neighbours than were measured, is answered exactly.

        Args:
            queries: `float32[Q, f]`.
            exclude: Q rows of numbers that must not be returned (weights unused); None: nothing.
            k: How many a query, at least 1.
            asked: `bool[Q]`: queries that get anything at all; None: all.
            parallel: Use all threads (jobs) or one (requests).
        """
        exclude = Ragged.empty(len(queries)) if exclude is None else exclude
        if asked is not None and not asked.all():
            numbers = np.full((len(queries), k), -1, np.int32)
            scores = np.full((len(queries), k), -np.inf, np.float32)
            rows = np.flatnonzero(asked)
            numbers[rows], scores[rows] = self.search(queries[rows], exclude.take(rows), k, parallel=parallel)
            return numbers, scores
        return self._contents.search(queries, exclude, k, parallel=parallel)

    def add(self, numbers: NDArray[np.int32], vectors: NDArray[np.float32]) -> None:
        """Let vectors be found: by every search that begins after this returns. A number that is there is replaced.

        Args:
            numbers: `int32[m]`, each once, 0 or above.
            vectors: `float32[m, f]`, finite.

        Raises:
            BadInput: The numbers or vectors are not so.
        """
        numbers, vectors = np.asarray(numbers, np.int32), np.asarray(vectors, np.float32)
        _check(numbers, vectors, self._contents.vectors.shape[1])
        self._change(Change(numbers, vectors))

    def remove(self, numbers: NDArray[np.int32]) -> None:
        """Let numbers be found no more: by no search that begins after this returns. Unknown ones are passed over."""
        f = self._contents.vectors.shape[1]
        self._change(Change(np.asarray(numbers, np.int32), np.zeros((0, f), np.float32)))

    def rebuild(self) -> None:
        """Build anew of all that is held, and swap it in; a build under way is waited for, and then done again.

        Searches and changes go on meanwhile.

        Raises:
            BelowFloor: The new one finds too little; what was there goes on.
        """
        with self._building:
            with self._changing:
                since = self._since = []
                before = self._contents
            try:
                made = measured_contents(*before.held(), self._queries, self.config, self._seed)
                with self._changing:
                    for change in since:
                        made = change.applied(made)
                    self._contents = made
                    self._enough = self.config.rebuild_share
            finally:
                self._since = None

    def save(self, folder: Path) -> Mapping[str, Any]:
        """Write what was built into a folder, as the file `FILE`; return what `load` wants to be told.

        The queries that it was measured with are not written, since they may come from listeners' histories.

        Raises:
            BadInput: The vectors are not numbered from 0 on, or not all there as they were built.
        """
        now = self._contents
        if now.share_changed or not np.array_equal(now.numbers, np.arange(len(now.numbers))):
            raise BadInput(
                "the index holds other vectors than those numbered from 0 on that it would be loaded beside; "
                "build one of vectors in a row, and save that"
            )
        if now.main is not None:
            now.main.save(folder / FILE)
        return {**asdict(now.measured), "config": self.config.model_dump(mode="json"), "seed": self._seed}

    def _change(self, change: Change) -> None:
        with self._changing:
            self._contents = change.applied(self._contents)
            if self._since is not None:
                self._since.append(change)
            busy = self.rebuilding is not None and not self.rebuilding.done()
            if busy or self._contents.share_changed <= self._enough:
                return
            self._enough *= 2  # in case it is refused
            worker = ThreadPoolExecutor(1, "index")
            self.rebuilding = worker.submit(self.rebuild)
            worker.shutdown(wait=False)


def build(
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32],
    config: IndexConfig,
    *,
    numbers: NDArray[np.int32] | None = None,
    seed: int = 0,
) -> Index:
    """Build an index, choose how much it reads, and measure what it finds.

    Args:
        vectors: `float32[n, f]`, finite; kept as they are, mapped or not, and read to compare candidates exactly.
        queries: `float32[Q, f]`, such as will be asked; half of them choose the effort, the others measure. Fewer than
            two: some of the vectors.
        config: Which kind, and what it must find.
        numbers: `int32[n]`, ascending; None: from 0.
        seed: Of what is random in a build.

    Raises:
        BadInput: The numbers or vectors are not so.
        BelowFloor: It finds too little.
    """
    if numbers is None:
        numbers = np.arange(len(vectors), dtype=np.int32)
    if (np.diff(numbers) <= 0).any():
        at = int(np.flatnonzero(np.diff(numbers) <= 0)[0])
        raise BadInput(f"number {numbers[at + 1]} comes after {numbers[at]}; give the numbers of an index ascending")
    _check(numbers, vectors, vectors.shape[1])
    asked = np.ascontiguousarray(queries[: 2 * SAMPLE])
    return Index(config, measured_contents(numbers, vectors, asked, config, seed), asked, seed)


def load(folder: Path, vectors: NDArray[np.float32], told: Mapping[str, Any]) -> Index:
    """Load what `Index.save` wrote, beside the vectors that it was built of, numbered from 0.

    When it is built anew, it is measured with some of its vectors as queries.

    Args:
        folder: Holds the file.
        vectors: `float32[n, f]`, as they were.
        told: What `save` returned.
    """
    entry = dict(told)
    config, seed = IndexConfig.model_validate(entry.pop("config")), entry.pop("seed")
    measured = Measured(**entry)
    main = None
    if measured.kind != "exact":
        main = approximate.load(folder / FILE, measured.kind, Effort(measured.probes, measured.refine))
    numbers = np.arange(len(vectors), dtype=np.int32)
    return Index(config, as_built(main, numbers, vectors, measured), vectors[:0], seed)


def _check(numbers: NDArray[np.int32], vectors: NDArray[np.float32], f: int) -> None:
    if f < 1:
        raise BadInput("the vectors have no dimension; give at least one column")
    if vectors.ndim != 2 or vectors.shape != (len(numbers), f):
        raise BadInput(f"the vectors have shape {vectors.shape}, not ({len(numbers)}, {f}), for as many numbers")
    known, counts = np.unique(numbers, return_counts=True)
    if (counts > 1).any():
        raise BadInput(f"number {known[counts > 1][0]} is there {counts.max()} times; give each vector its own")
    if numbers.min(initial=0) < 0:
        raise BadInput(f"number {numbers.min()} is below 0; number vectors from 0 on")
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        raise BadInput(f"the vector of number {numbers[~finite][0]} is not finite; leave it out")
