# SPDX-License-Identifier: Apache-2.0
"""Implicit ALS beside implicit's: an iteration at equal loss, and the time until lists are as good."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import accumulate
from time import perf_counter

import numpy as np
import scipy.sparse as sp
from numba import get_num_threads
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from segue.errors import SegueError
from segue.jobs.bench.duel import Contender, Outcome, duel
from segue.jobs.bench.plays import plays
from segue.jobs.bench.rows import Row, peer_name, ratio
from segue.jobs.machine import Limits
from segue.jobs.progress import Progress, silent
from segue.kernels.alternate import Solver, half_step
from segue.kernels.beginnings import projected
from segue.kernels.products import best_products
from segue.kernels.ragged import Ragged

__all__ = ["CASES", "PROTOCOL", "als"]

PROTOCOL = (
    "simulated plays, factorized from the same start with the same weights and regularization, one iteration of each "
    "in turn; the loss is Hu, Koren and Volinsky's, over all cells"
)
CASES = (
    *(f"{solver}, {factors} factors" for solver in ("conjugate", "exact") for factors in (64, 128, 256)),
    "to equal lists, 64 factors",
    "to equal lists, 128 factors",
)

_ALPHA, _LAMBDA = 10.0, 100.0
_NEAR = 0.99
"""Lists are as good as the peer's best, when they have this share of its NDCG."""
_SWEEPS = 12
"""Iterations in which the peer's best is looked for."""
_LOSS_WITHIN = 1e-3


@dataclass(frozen=True, slots=True)
class World:
    """What is factorized."""

    listeners: int
    tracks: int
    mean: int
    factors: int
    solver: Solver
    held_out: bool = False
    seed: int = 0


def als(case: str, scale: float, rounds: int, limits: Limits, progress: Progress = silent) -> Row:
    """Run one case at a share of 100,000 listeners and 50,000 tracks, with 68 tracks a listener.

    Raises:
        SegueError: The losses differ, so that the times cannot be compared.
    """
    kind, _, size = case.partition(", ")
    solver: Solver = "exact" if kind == "exact" else "conjugate"
    world = World(round(100_000 * scale), round(50_000 * scale), 68, int(size.split()[0]), solver)
    if kind == "to equal lists":
        return _to_equal_lists(case, world, rounds, progress)
    outcomes = _outcomes(world, rounds, progress)
    ours, peer = outcomes.values()
    losses = ours.qualities[-1]["loss"], peer.qualities[-1]["loss"]
    if losses[0] > losses[1] * (1 + _LOSS_WITHIN):
        raise SegueError(f"als, {case}: loss {losses[0]:.6g} against {losses[1]:.6g}: not to be compared")
    median = float(np.median(ours.seconds))
    return Row(
        case,
        round(median, 4),
        "s an iteration",
        round(float(np.median(peer.seconds)), 4),
        peer_name("implicit"),
        ratio(ours.seconds, peer.seconds),
        limit_fraction=round(_operations(world) / median / 1e9 / limits["gflops"], 3) if solver != "exact" else None,
        quality={"loss": losses[0], "peer loss": losses[1], "iterations": rounds},
        peak_mb=ours.peak_mb,
        peer_peak_mb=peer.peak_mb,
    )


def _operations(world: World) -> float:
    """Count what an iteration of two steps needs: three passes over the entries on each side, and turning both."""
    passes = 2 * 3 * 4 * plays(world.listeners, world.tracks, world.mean, world.seed).nnz * world.factors
    return passes + 2 * (2 + 1) * (world.listeners + world.tracks) * world.factors**2


def _outcomes(world: World, rounds: int, progress: Progress) -> dict[str, Outcome]:
    sides: dict[str, Callable[[], Contender]] = {"ours": partial(_Ours, world), "implicit": partial(_Implicit, world)}
    return duel(sides, rounds, progress=progress)


def _to_equal_lists(case: str, world: World, rounds: int, progress: Progress) -> Row:
    """Compare the times after which lists for listeners come near to the best that the peer ever makes.

    Each side begins in its own way, and the time of the beginning counts.
    """
    times: list[tuple[float, float]] = []
    quality: dict[str, float] = {}
    for seed in range(max(rounds // 2, 1)):
        tried = World(world.listeners, world.tracks, world.mean, world.factors, world.solver, True, seed)
        ours, peer = _outcomes(tried, _SWEEPS, progress).values()
        aim = _NEAR * max(one["NDCG@100"] for one in peer.qualities)
        times.append((_until(ours, aim, case), _until(peer, aim, case)))
        quality = {"NDCG@100": max(one["NDCG@100"] for one in ours.qualities), "aim": aim}
    mine, theirs = ([pair[side] for pair in times] for side in (0, 1))
    return Row(
        case,
        round(float(np.median(mine)), 4),
        "s in all",
        round(float(np.median(theirs)), 4),
        peer_name("implicit"),
        ratio(mine, theirs),
        quality=quality,
        peak_mb=ours.peak_mb,
        peer_peak_mb=peer.peak_mb,
    )


def _until(outcome: Outcome, aim: float, case: str) -> float:
    """Return the seconds after which the lists were as good as aimed at."""
    for spent, quality in zip(accumulate(outcome.seconds), outcome.qualities, strict=True):
        if quality["NDCG@100"] >= aim:
            return spent
    raise SegueError(f"als, {case}: NDCG@100 {aim:.4g} was not reached in {_SWEEPS} iterations")


class _Side:
    """What both sides share: the data, the start, and how good they are."""

    def __init__(self, world: World):
        self.world = world
        heard = plays(world.listeners, world.tracks, world.mean, world.seed)
        self.hidden: NDArray[np.int64] | None = None
        self.matrix = heard.copy()
        if world.held_out:
            self.matrix, self.hidden = _without_one(heard)
        self.matrix.data = _ALPHA * self.matrix.data
        rng = np.random.Generator(np.random.PCG64(world.seed))
        size = world.factors
        self.rows = ((rng.random((world.listeners, size), np.float32) - 0.5) / size).astype(np.float32)
        self.items = ((rng.random((world.tracks, size), np.float32) - 0.5) / size).astype(np.float32)

    def quality(self) -> Mapping[str, float]:
        if self.hidden is None:
            return {"loss": _loss(self.matrix, self.rows, self.items)}
        return {"NDCG@100": _ndcg(self.matrix, self.hidden, self.rows, self.items)}


class _Ours(_Side):
    def __init__(self, world: World):
        super().__init__(world)
        self.rounds = 0
        self._warm_up()

    @cached_property
    def by_item(self) -> sp.csr_matrix:
        return self.matrix.T.tocsr()

    def round(self) -> float:
        began = perf_counter()
        with threadpool_limits(get_num_threads(), "blas"):
            if self.hidden is not None and self.rounds == 0:
                rng = np.random.Generator(np.random.PCG64(self.world.seed))
                self.items = projected(
                    Ragged.of_matrix(self.matrix), Ragged.of_matrix(self.by_item), self.world.factors, rng
                )
                self.rows[:] = 0
            self.rounds += 1
            self.rows, self.items = self._half(self.matrix, self.rows, self.items)
            self.items, self.rows = self._half(self.by_item, self.items, self.rows)
        return perf_counter() - began

    def _half(self, matrix: sp.csr_matrix, rows: NDArray[np.float32], other: NDArray[np.float32]):  # type: ignore[no-untyped-def]
        damped = np.full(matrix.shape[0], _LAMBDA, np.float32)
        return half_step(Ragged.of_matrix(matrix), damped, rows, other, solver=self.world.solver)

    def _warm_up(self) -> None:
        """Compile, and transpose, outside of what is timed; where lists are compared, transposing counts."""
        if self.hidden is None:
            self.by_item  # noqa: B018
        few = self.matrix[:2]
        self._half(few, self.rows[:2], self.items)
        projected(Ragged.of_matrix(few), Ragged.of_matrix(few.T.tocsr()), 16, np.random.Generator(np.random.PCG64(0)))


class _Implicit(_Side):
    def __init__(self, world: World):
        from implicit.cpu.als import AlternatingLeastSquares

        super().__init__(world)
        self.model = AlternatingLeastSquares(
            factors=world.factors, use_cg=world.solver == "conjugate", num_threads=get_num_threads()
        )
        self.confidence = self.matrix.copy()
        self.confidence.data = 1 + self.confidence.data
        if self.hidden is None:
            self.by_item  # noqa: B018

    @cached_property
    def by_item(self) -> sp.csr_matrix:
        return self.confidence.T.tocsr()

    def round(self) -> float:
        began = perf_counter()
        solve, threads = self.model.solver, get_num_threads()
        solve(self.confidence, self.rows, self.items, _LAMBDA, num_threads=threads)
        solve(self.by_item, self.items, self.rows, _LAMBDA, num_threads=threads)
        return perf_counter() - began


def _loss(matrix: sp.csr_matrix, rows: NDArray[np.float32], items: NDArray[np.float32]) -> float:
    """Return the loss over all cells, a mean: the Gram matrices say what the empty ones add."""
    squares = np.sum((rows.T @ rows).astype(np.float64) * (items.T @ items).astype(np.float64))
    entries = matrix.tocoo()
    for first in range(0, matrix.nnz, 1 << 20):
        part = slice(first, first + (1 << 20))
        score = np.einsum("if,if->i", rows[entries.row[part]], items[entries.col[part]]).astype(np.float64)
        squares += np.sum((1 + entries.data[part]) * (1 - score) ** 2 - score**2)
    ridge = _LAMBDA * (np.sum(np.square(rows, dtype=np.float64)) + np.sum(np.square(items, dtype=np.float64)))
    return float((squares + ridge) / (matrix.shape[0] * matrix.shape[1]))


_ASKED = 2000


def _without_one(heard: sp.csr_matrix) -> tuple[sp.csr_matrix, NDArray[np.int64]]:
    """Take one track from each of some listeners; return what is left, and the tracks."""
    asked = min(_ASKED, heard.shape[0])
    rng = np.random.Generator(np.random.PCG64(1))
    taken = heard.indptr[:asked] + (rng.random(asked) * np.diff(heard.indptr)[:asked]).astype(np.int64)
    left = heard.copy()
    left.data = heard.data.copy()
    left.data[taken] = 0
    left.eliminate_zeros()
    return left, heard.indices[taken].astype(np.int64)


def _ndcg(
    matrix: sp.csr_matrix, hidden: NDArray[np.int64], rows: NDArray[np.float32], items: NDArray[np.float32]
) -> float:
    """Return NDCG@100 of the taken tracks in lists without those that are left."""
    asked = len(hidden)
    few = matrix[:asked]
    ranked, _ = best_products(rows[:asked], items, Ragged.of_matrix(few), 100, parallel=True)
    found = ranked == hidden[:, None]
    return float(np.mean(np.where(found.any(axis=1), 1 / np.log2(2 + found.argmax(axis=1)), 0)))
