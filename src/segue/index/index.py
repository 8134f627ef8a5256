# SPDX-License-Identifier: Apache-2.0
"""The index: vectors by number, searched by inner product, changed while they are searched.

The main part is built once and never changed. What is added lies beside it, few and compared exactly; what is removed
is marked. Both are replaced whole by one reference, which a search reads once: so searches never wait, and each sees
one state. When enough has changed, everything is built anew in the background and swapped in.
"""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import BadInput, BelowFloor
from segue.index import approximate
from segue.index.approximate import Approximate, Effort
from segue.index.config import IndexConfig, Kind
from segue.index.measured import Measured, at_least, recall
from segue.kernels.products import best_products
from segue.kernels.ragged import Ragged
from segue.kernels.rescoring import best_of

__all__ = ["FILE", "Index", "build", "load"]

FILE = "index.faiss"
"""What `Index.save` writes, unless search is exact."""

_SAMPLE = 1000
"""Queries that an effort is chosen on; and as many others to measure it."""
_FEWEST_CANDIDATES = 50
"""Few neighbours need more candidates for each: codes tell the very nearest apart least."""


@dataclass(frozen=True, slots=True)
class _Contents:
    """All that a search reads; replaced, never changed."""

    main: Approximate | None
    """None: exact."""
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

    @property
    def share_changed(self) -> float:
        return (int(self.gone.sum()) + len(self.new_numbers)) / max(len(self.numbers), 1)


class Index:
    """Finds the nearest of some vectors; made by `build` or `load`."""

    def __init__(self, config: IndexConfig, contents: _Contents, queries: NDArray[np.float32], seed: int):
        self.config = config
        self.rebuilding: Future[None] | None = None
        """The last build in the background; it ends in `BelowFloor` if it was refused."""
        self._contents = contents
        self._queries = queries
        self._seed = seed
        self._changing, self._building = Lock(), Lock()
        self._since: list[_Change] | None = None
        self._enough = config.rebuild_share

    def __len__(self) -> int:
        now = self._contents
        return len(now.numbers) - int(now.gone.sum()) + len(now.new_numbers)

    @property
    def measured(self) -> Measured:
        """What the main part found when it was built."""
        return self._contents.measured

    def search(
        self,
        queries: NDArray[np.float32],
        exclude: Ragged,
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
            exclude: Q rows of numbers that must not be returned (weights unused).
            k: How many a query, at least 1.
            asked: `bool[Q]`: queries that get anything at all; None: all.
            parallel: Use all threads (jobs) or one (requests).
        """
        if asked is not None and not asked.all():
            numbers = np.full((len(queries), k), -1, np.int32)
            scores = np.full((len(queries), k), -np.inf, np.float32)
            rows = np.flatnonzero(asked)
            numbers[rows], scores[rows] = self.search(queries[rows], exclude.take(rows), k, parallel=parallel)
            return numbers, scores
        now = self._contents
        found = _among_main(now, queries, _placed(exclude, now.numbers), k, parallel)
        if len(now.new_numbers):
            without = _placed(exclude, now.new_numbers)
            fresh = best_products(queries, now.new_vectors, without, k, parallel=parallel)
            return _merged(_numbered(found, now.numbers), _numbered(fresh, now.new_numbers), k)
        return _numbered(found, now.numbers)

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
        self._change(_Change(numbers, vectors))

    def remove(self, numbers: NDArray[np.int32]) -> None:
        """Let numbers be found no more: by no search that begins after this returns. Unknown ones are passed over."""
        f = self._contents.vectors.shape[1]
        self._change(_Change(np.asarray(numbers, np.int32), np.zeros((0, f), np.float32)))

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
                made = _built(*_held(before), self._queries, self.config, self._seed)
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
            BadInput: Something was added or removed since; `rebuild` first.
        """
        now = self._contents
        if now.share_changed:
            raise BadInput("the index has changed since it was built; rebuild it before it is saved")
        if now.main is not None:
            now.main.save(folder / FILE)
        return {**asdict(now.measured), "config": self.config.model_dump(mode="json"), "seed": self._seed}

    def _change(self, change: "_Change") -> None:
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


@dataclass(frozen=True, slots=True)
class _Change:
    """Numbers that go; and come again, where vectors are beside them."""

    numbers: NDArray[np.int32]
    vectors: NDArray[np.float32]

    def applied(self, to: _Contents) -> _Contents:
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
        raise BadInput("the numbers of an index are not ascending")
    _check(numbers, vectors, vectors.shape[1])
    asked = np.ascontiguousarray(queries[: 2 * _SAMPLE])
    return Index(config, _built(numbers, vectors, asked, config, seed), asked, seed)


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
    return Index(config, _contents(main, numbers, vectors, measured), vectors[:0], seed)


def _built(
    numbers: NDArray[np.int32],
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32],
    config: IndexConfig,
    seed: int,
) -> _Contents:
    began = perf_counter()
    kind: Kind = config.kind_for(len(vectors))
    neighbours = min(config.neighbours, max(len(vectors), 1))
    if kind == "exact":
        seconds = round(perf_counter() - began, 3)
        measured = Measured("exact", len(vectors), 0, 1, 1.0, neighbours, 1.0, config.floor, 0, seconds, 0)
        return _contents(None, numbers, vectors, measured)
    if len(queries) < 2:
        rng = np.random.Generator(np.random.PCG64(seed))
        queries = vectors[rng.permutation(len(vectors))[: 2 * _SAMPLE]]
    main = approximate.train(kind, vectors, seed)
    true, _ = best_products(queries, vectors, Ragged.empty(len(queries)), neighbours, parallel=True)
    half = len(queries) // 2
    main = _tuned(main, vectors, queries[:half], true[:half], config.floor)
    share = recall(_found(main, vectors, queries[half:], neighbours), true[half:])
    effort = main.effort
    measured = Measured(
        kind,
        len(vectors),
        main.lists,
        effort.probes,
        effort.refine,
        neighbours,
        round(share, 4),
        config.floor,
        len(queries) - half,
        round(perf_counter() - began, 3),
        main.bytes,
    )
    if share < config.floor:
        raise BelowFloor(
            f"the {kind} index of {len(vectors):,} vectors finds {share:.3f} of the {neighbours} nearest, its floor is "
            f'{config.floor}; choose another kind in [index], such as "ivf" or "exact", or a lower floor'
        )
    return _contents(main, numbers, vectors, measured)


def _tuned(
    main: Approximate, vectors: NDArray[np.float32], queries: NDArray[np.float32], true: NDArray[np.int32], floor: float
) -> Approximate:
    """Return the index at the effort that costs least of those that surely find enough; at the greatest, if none."""
    probes, chosen = main.efforts(), Effort(main.efforts()[-1], main.refines()[-1])
    neighbours = true.shape[1]
    for refine in main.refines():
        least, most = 0, len(probes)
        while least < most:
            middle = (least + most) // 2
            effort = Effort(probes[middle], refine)
            if main.cost(effort, neighbours) > main.cost(chosen, neighbours):
                most = middle  # finds enough or not: it is too dear
                continue
            if at_least(_found(replace(main, effort=effort), vectors, queries, neighbours), true) >= floor:
                chosen, most = effort, middle
            else:
                least = middle + 1
    return replace(main, effort=chosen)


def _found(main: Approximate, vectors: NDArray[np.float32], queries: NDArray[np.float32], k: int) -> NDArray[np.int32]:
    """Return the places of the k nearest, `int32[Q, k]`."""
    nobody, nothing = np.zeros(len(vectors), np.bool_), Ragged.empty(len(queries))
    chosen = main.candidates(queries, min(_candidates(main, k), len(vectors)), parallel=True)
    found, _, _ = best_of(queries, vectors, chosen, nothing, k, barred=nobody, parallel=True)
    return found


def _contents(
    main: Approximate | None, numbers: NDArray[np.int32], vectors: NDArray[np.float32], measured: Measured
) -> _Contents:
    nothing = np.zeros(0, np.int32), np.zeros((0, vectors.shape[1]), np.float32)
    return _Contents(main, numbers, vectors, np.zeros(len(numbers), np.bool_), *nothing, measured)


def _held(now: _Contents) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return all numbers, ascending, and their vectors."""
    numbers = np.concatenate([now.numbers[~now.gone], now.new_numbers])
    vectors = np.concatenate([now.vectors[~now.gone], now.new_vectors])
    order = np.argsort(numbers)
    return numbers[order], vectors[order]


def _candidates(main: Approximate, k: int) -> int:
    return int(np.ceil(main.effort.refine * max(k, _FEWEST_CANDIDATES)))


def _among_main(
    now: _Contents, queries: NDArray[np.float32], exclude: Ragged, k: int, parallel: bool
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return places among the main vectors, and their scores."""
    if now.main is None or k > now.measured.neighbours:
        return best_products(queries, now.vectors, exclude, k, barred=now.gone, parallel=parallel)
    wanted = _candidates(now.main, k)
    longest = int(np.diff(exclude.offsets).max(initial=0)) if len(exclude.values) else 0
    places, scores, short, dead = _asked(now, now.main, queries, exclude, k, wanted, wanted + longest, parallel)
    count = wanted + longest
    while len(short):
        count += 2 * dead
        rows = short
        places[rows], scores[rows], again, dead = _asked(
            now, now.main, queries[rows], exclude.take(rows), k, wanted, count, parallel
        )
        short = rows[again]
    few = np.flatnonzero(places[:, -1] < 0)
    if len(few):
        places[few], scores[few] = best_products(
            queries[few], now.vectors, exclude.take(few), k, barred=now.gone, parallel=parallel
        )
    return places, scores


def _asked(
    now: _Contents,
    main: Approximate,
    queries: NDArray[np.float32],
    exclude: Ragged,
    k: int,
    wanted: int,
    count: int,
    parallel: bool,
) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.int64], int]:
    """Ask for so many candidates and compare them; return places, scores, which queries should ask for more, and why.

    These are the ones of whose candidates fewer than wanted are neither excluded nor gone, though there may be more;
    the last is how many of a query's are, at most.
    """
    deeper = max(count / _candidates(main, now.measured.neighbours), 1.0)
    chosen = main.candidates(queries, min(count, len(now.numbers)), deeper=deeper, parallel=parallel)
    places, scores, alive = best_of(queries, now.vectors, chosen, exclude, k, barred=now.gone, parallel=parallel)
    if count >= len(now.numbers) or alive.min(initial=wanted) >= wanted:
        return places, scores, np.zeros(0, np.int64), 0
    proposed = (chosen >= 0).sum(axis=1)
    short = np.flatnonzero((alive < wanted) & (proposed == count))
    return places, scores, short, int((proposed - alive)[short].max(initial=0))


def _numbered(
    found: tuple[NDArray[np.int32], NDArray[np.float32]], numbers: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
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


def _merged(
    one: tuple[NDArray[np.int32], NDArray[np.float32]], other: tuple[NDArray[np.int32], NDArray[np.float32]], k: int
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the k best of both, ties to the lower number."""
    numbers, scores = (np.concatenate(pair, axis=1) for pair in zip(one, other, strict=True))
    order = np.lexsort((numbers, -scores), axis=1)[:, :k]
    return np.take_along_axis(numbers, order, axis=1), np.take_along_axis(scores, order, axis=1)


def _check(numbers: NDArray[np.int32], vectors: NDArray[np.float32], f: int) -> None:
    if vectors.ndim != 2 or vectors.shape != (len(numbers), f):
        raise BadInput(f"the vectors have shape {vectors.shape}, not ({len(numbers)}, {f}), for as many numbers")
    if len(np.unique(numbers)) < len(numbers) or numbers.min(initial=0) < 0:
        raise BadInput("the numbers are not each there once, 0 or above")
    if not np.isfinite(vectors).all():
        raise BadInput("a vector is not finite")
