# SPDX-License-Identifier: Apache-2.0
"""All that one search reads: what was built, what came since and what went. It is replaced, never changed."""

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from segue.index.approximate import Approximate
from segue.index.measured import Measured
from segue.kernels.products import best_products
from segue.kernels.ragged import Ragged
from segue.kernels.rescoring import best_of

__all__ = ["Change", "Contents", "Found", "as_built"]

Found: TypeAlias = tuple[NDArray[np.int32], NDArray[np.float32]]
"""`int32[Q, k]`, best first, -1 for none; and their exact scores, `float32[Q, k]`."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Vectors by number: the main ones, searched as they were built, and a few beside them, compared exactly."""

    main: Approximate | None
    """Names the main ones by their places; None: all are compared."""
    numbers: NDArray[np.int32]
    """`int32[n]`, ascending."""
    vectors: NDArray[np.float32]
    """`float32[n, f]`, beside the numbers."""
    gone: NDArray[np.bool_]
    """`bool[n]`: those that were removed."""
    new_numbers: NDArray[np.int32]
    """`int32[m]`, ascending: what was added."""
    new_vectors: NDArray[np.float32]
    """`float32[m, f]`."""
    measured: Measured

    def __len__(self) -> int:
        return len(self.numbers) - int(self.gone.sum()) + len(self.new_numbers)

    @property
    def share_changed(self) -> float:
        """What was added and removed, as a share of what was built."""
        return (int(self.gone.sum()) + len(self.new_numbers)) / max(len(self.numbers), 1)

    def held(self) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return all numbers, ascending, and their vectors."""
        numbers = np.concatenate([self.numbers[~self.gone], self.new_numbers])
        vectors = np.concatenate([self.vectors[~self.gone], self.new_vectors])
        order = np.argsort(numbers)
        return numbers[order], vectors[order]

    def search(self, queries: NDArray[np.float32], exclude: Ragged, k: int, *, parallel: bool) -> Found:
        """Return the numbers of greatest inner product, as `Index.search` does."""
        found = _numbered(_Search(self, k, parallel).main(queries, _placed(exclude, self.numbers)), self.numbers)
        if not len(self.new_numbers):
            return found
        without = _placed(exclude, self.new_numbers)
        fresh = best_products(queries, self.new_vectors, without, k, parallel=parallel)
        return _merged(found, _numbered(fresh, self.new_numbers), k)


def as_built(
    main: Approximate | None, numbers: NDArray[np.int32], vectors: NDArray[np.float32], measured: Measured
) -> Contents:
    """Return the contents as they were built: nothing came since, and nothing went."""
    nothing = np.zeros(0, np.int32), np.zeros((0, vectors.shape[1]), np.float32)
    return Contents(main, numbers, vectors, np.zeros(len(numbers), np.bool_), *nothing, measured)


@dataclass(frozen=True, slots=True)
class Change:
    """Numbers that go; and come again, where vectors are beside them."""

    numbers: NDArray[np.int32]
    vectors: NDArray[np.float32]

    def applied(self, to: Contents) -> Contents:
        """Return the contents with the change."""
        gone = to.gone.copy()
        gone[np.isin(to.numbers, self.numbers)] = True
        kept = ~np.isin(to.new_numbers, self.numbers)
        numbers, vectors = to.new_numbers[kept], to.new_vectors[kept]
        if len(self.vectors):
            numbers, vectors = np.concatenate([numbers, self.numbers]), np.concatenate([vectors, self.vectors])
            order = np.argsort(numbers)
            numbers, vectors = numbers[order], vectors[order]
        return replace(to, gone=gone, new_numbers=numbers, new_vectors=vectors)


@dataclass(frozen=True, slots=True)
class _Search:
    """A search among the main vectors, by place."""

    now: Contents
    k: int
    parallel: bool

    def main(self, queries: NDArray[np.float32], exclude: Ragged) -> Found:
        """Return the best places; further candidates are asked for until enough are neither excluded nor gone."""
        main = self.now.main
        if main is None or self.k > self.now.measured.neighbours:
            return self._all(queries, exclude)
        wanted = main.compared(self.k)
        count = wanted + int(np.diff(exclude.offsets).max(initial=0))
        places, scores, short, dead = self._asked(main, queries, exclude, wanted, count)
        while len(short):
            count += 2 * dead
            rows = short
            places[rows], scores[rows], again, dead = self._asked(
                main, queries[rows], exclude.take(rows), wanted, count
            )
            short = rows[again]
        few = np.flatnonzero(places[:, -1] < 0)
        if len(few):
            places[few], scores[few] = self._all(queries[few], exclude.take(few))
        return places, scores

    def _all(self, queries: NDArray[np.float32], exclude: Ragged) -> Found:
        """Compare all of them."""
        return best_products(queries, self.now.vectors, exclude, self.k, barred=self.now.gone, parallel=self.parallel)

    def _asked(
        self, main: Approximate, queries: NDArray[np.float32], exclude: Ragged, wanted: int, count: int
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int64], int]:
        """Compare so many candidates; return places, scores, `short` and `dead`.

        `short`: queries with fewer live candidates than wanted, though there may be more. `dead`: the most candidates
        that one of them lost, excluded or gone.
        """
        now = self.now
        deeper = max(count / main.compared(now.measured.neighbours), 1.0)
        chosen = main.candidates(queries, min(count, len(now.numbers)), deeper=deeper, parallel=self.parallel)
        places, scores, alive = best_of(
            queries, now.vectors, chosen, exclude, self.k, barred=now.gone, parallel=self.parallel
        )
        if count >= len(now.numbers) or alive.min(initial=wanted) >= wanted:
            return places, scores, np.zeros(0, np.int64), 0
        proposed = (chosen >= 0).sum(axis=1)
        short = np.flatnonzero((alive < wanted) & (proposed == count))
        return places, scores, short, int((proposed - alive)[short].max(initial=0))


def _numbered(found: Found, numbers: NDArray[np.int32]) -> Found:
    """Return the numbers of places, -1 for none, and the scores."""
    places, scores = found
    return (np.where(places >= 0, numbers[places], np.int32(-1)) if len(numbers) else places), scores


def _placed(rows: Ragged, numbers: NDArray[np.int32]) -> Ragged:
    """Return the place of each number of the rows; those that are not there are left out."""
    if not len(rows.values) or not len(numbers):
        return Ragged.empty(len(rows))
    places = np.minimum(np.searchsorted(numbers, rows.values), len(numbers) - 1).astype(np.int32)
    there = numbers[places] == rows.values
    return Ragged(rows.offsets, places, rows.weights).keep(there)


def _merged(one: Found, other: Found, k: int) -> Found:
    """Return the k best of both, ties to the lower number."""
    numbers, scores = (np.concatenate(pair, axis=1) for pair in zip(one, other, strict=True))
    order = np.lexsort((numbers, -scores), axis=1)[:, :k]
    return np.take_along_axis(numbers, order, axis=1), np.take_along_axis(scores, order, axis=1)
