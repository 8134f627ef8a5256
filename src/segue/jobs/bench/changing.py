# SPDX-License-Identifier: Apache-2.0
"""An index that one thread asks all the time, while another adds, removes and has it built anew."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Thread
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from segue.index.config import IndexConfig
from segue.index.index import build
from segue.jobs.bench.vectors import Vectors
from segue.kernels.ragged import Ragged

__all__ = ["Changing"]

_CHANGES, _AT_ONCE = 10_000, 250
_TOLERANCE = 1e-4


class Changing:
    """A contender whose round is as many removals as additions, before, while and after all is built anew."""

    def __init__(self, made: Callable[[], Vectors], learned: int, config: IndexConfig):
        """Build the index.

        Args:
            made: Makes the vectors, and queries.
            learned: How many of the queries the index is tuned with; any are asked.
            config: It must not be built anew by itself.
        """
        world = made()
        self.vectors, self.queries = world.vectors, world.queries
        self.k = config.neighbours
        self.index = build(world.vectors, world.queries[:learned], config)
        self.rng = np.random.Generator(np.random.PCG64(5))
        self.changes = min(_CHANGES, len(world.vectors) // 4)
        self.told: dict[str, float] = {}
        self.begun = 0

    def quality(self) -> Mapping[str, float]:
        """Return what the last round did, and how much of it went wrong."""
        return self.told

    def round(self) -> float:
        """Add, build anew and remove, while every answer is checked; return the seconds that it took."""
        n = len(self.vectors)
        fresh = self.vectors[self.rng.integers(0, n, self.changes)] * np.float32(1.05)
        asking = _Asking(self, fresh, n + self.begun)  # numbers of earlier rounds never come again
        self.begun += self.changes
        reader = Thread(target=asking.run)
        reader.start()
        began = perf_counter()
        self._add(asking)
        removing = perf_counter()
        self._remove(asking)
        removed = perf_counter() - removing
        asking.stop.set()
        reader.join()
        seconds = perf_counter() - began
        self.told = {
            "queries": asking.answered,
            "failed": asking.failed,
            "added": self.changes,
            "removed": self.changes,
            "built anew": 1,
            "built in found": round(asking.found / asking.expected, 4) if asking.expected else 1.0,
            "removals/s": round(self.changes / removed),
        }
        return seconds

    def _add(self, asking: "_Asking") -> None:
        """Add all: the third quarter while everything is built anew, the last after it."""
        middle: Future[None] | None = None
        worker = ThreadPoolExecutor(1)
        for first in range(0, self.changes, _AT_ONCE):
            if first >= self.changes // 2 and middle is None:
                asking.building = True
                middle = worker.submit(self.index.rebuild)
            if first >= 3 * self.changes // 4 and middle is not None and asking.built == np.inf:
                middle.result()
                asking.built = perf_counter()
            fresh = asking.fresh[first : first + _AT_ONCE]
            numbers = np.arange(len(fresh), dtype=np.int32) + np.int32(asking.begin + first)
            self.index.add(numbers, fresh)
            asking.came[numbers] = perf_counter()
        worker.shutdown()

    def _remove(self, asking: "_Asking") -> None:
        """Remove as many: half of what was there from the start, half of what was added."""
        old = self.rng.permutation(len(self.vectors))[: self.changes // 2]
        new = asking.begin + self.rng.permutation(self.changes)[: self.changes - len(old)]
        gone = np.concatenate([old, new]).astype(np.int32)
        for first in range(0, len(gone), _AT_ONCE):
            numbers = gone[first : first + _AT_ONCE]
            asking.leaves[numbers] = perf_counter()
            self.index.remove(numbers)
            asking.left[numbers] = perf_counter()


class _Asking:
    """Asks, and checks each answer against what had been acknowledged when the question was put."""

    def __init__(self, changing: Changing, fresh: NDArray[np.float32], begin: int):
        self.changing, self.fresh, self.begin = changing, fresh, begin
        self.came, self.leaves, self.left = (np.full(begin + len(fresh), np.inf) for _ in range(3))
        """When each number was added, began to be removed, and was removed; infinity: not yet."""
        self.stop = Event()
        self.answered, self.failed = 0, 0
        self.expected, self.found = 0, 0
        self.building, self.built = False, np.inf

    def run(self) -> None:
        rng = np.random.Generator(np.random.PCG64(6))
        nothing, changing = Ragged.empty(1), self.changing
        while not self.stop.is_set():
            one = int(rng.integers(len(self.fresh)))
            near = self.answered % 2
            query = self.fresh[one] if near else changing.queries[one % len(changing.queries)]
            at = perf_counter()
            try:
                numbers, scores = changing.index.search(query[None], nothing, changing.k)
                wrong = self._wrong(query, one, at, numbers[0], scores[0])
            except Exception:  # every failure counts, of whatever kind
                wrong = True
            self.answered += 1
            self.failed += wrong

    def _wrong(
        self,
        query: NDArray[np.float32],
        one: int,
        at: float,
        numbers: NDArray[np.int32],
        scores: NDArray[np.float32],
    ) -> bool:
        """Whether there are too few, one had been removed, or one that had been added should be there and is not.

        What had been added before the build ended may since be searched approximately: that is counted apart.
        """
        known = numbers[numbers < len(self.left)]
        if len(np.unique(numbers)) < len(numbers) or numbers.min() < 0 or (self.left[known] < at).any():
            return True
        number = self.begin + one
        there = self.came[number] < at and np.isinf(self.leaves[number])
        if not there or float(query @ self.fresh[one]) <= scores[-1] + _TOLERANCE:
            return False
        found = bool((numbers == number).any())
        if self.building and self.came[number] < self.built:
            self.expected += 1
            self.found += found
            return False
        return not found
