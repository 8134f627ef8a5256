# SPDX-License-Identifier: Apache-2.0
"""Implicit ALS beside implicit's: an iteration at equal loss, and the time until lists are as good."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from importlib.util import find_spec
from itertools import accumulate
from time import perf_counter
from typing import TypeAlias

import numpy as np
import scipy.sparse as sp
from numba import get_num_threads
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from segue.errors import SegueError
from segue.jobs.bench.duel import Contender, Outcome, duel
from segue.jobs.bench.factorized import LAMBDA, Side, World
from segue.jobs.bench.plays import plays
from segue.jobs.bench.rows import Row, peer_name, ratio
from segue.jobs.bench.spark import Spark
from segue.jobs.machine import Limits
from segue.jobs.progress import Progress, silent
from segue.kernels.alternate import Solver, half_step
from segue.kernels.beginnings import projected
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
    *(["to equal lists, 64 factors, beside Spark"] if find_spec("pyspark") else []),
)
"""Spark's are there where it is installed."""

_Made: TypeAlias = Callable[[World], Contender]
_NEAR = 0.99
"""Lists are as good as the peer's best, when they have this share of its NDCG."""
_SWEEPS = 12
"""Iterations in which the peer's best is looked for."""
_FITS = 6
"""Of Spark, each with an iteration more than the one before."""
_LOSS_WITHIN = 1e-3


def als(case: str, scale: float, rounds: int, limits: Limits, progress: Progress = silent) -> Row:
    """Run one case at a share of 100,000 listeners and 50,000 tracks, with 68 tracks a listener.

    Raises:
        SegueError: The losses differ, so that the times cannot be compared.
    """
    kind, _, size = case.partition(", ")
    solver: Solver = "exact" if kind == "exact" else "conjugate"
    world = World(round(100_000 * scale), round(50_000 * scale), 68, int(size.split()[0]), solver)
    if kind == "to equal lists":
        held_out = replace(world, held_out=True)
        if "Spark" in size:
            return _to_equal_lists(case, [replace(held_out, by_length=True)], "pyspark", Spark, _FITS, progress)
        worlds = [replace(held_out, seed=seed) for seed in range(max(rounds // 2, 1))]
        return _to_equal_lists(case, worlds, "implicit", _Implicit, _SWEEPS, progress)
    sides: dict[str, Callable[[], Contender]] = {"ours": partial(_Ours, world), "implicit": partial(_Implicit, world)}
    ours, peer = duel(sides, rounds, progress=progress).values()
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


def _to_equal_lists(
    case: str,
    worlds: Sequence[World],
    package: str,
    theirs: _Made,
    sweeps: int,
    progress: Progress,
) -> Row:
    """Compare the times after which lists for listeners come near to the best that the peer ever makes.

    Each side begins in its own way, and the time of the beginning counts.
    """
    times: list[tuple[float, float]] = []
    quality: dict[str, float] = {}
    for world in worlds:
        sides: dict[str, Callable[[], Contender]] = {"ours": partial(_Ours, world), package: partial(theirs, world)}
        ours, peer = duel(sides, sweeps, progress=progress).values()
        aim = _NEAR * max(one["NDCG@100"] for one in peer.qualities)
        spent = peer.seconds if theirs is Spark else list(accumulate(peer.seconds))  # Spark begins anew in each round
        times.append((_until(list(accumulate(ours.seconds)), ours, aim, case), _until(spent, peer, aim, case)))
        quality = {"NDCG@100": max(one["NDCG@100"] for one in ours.qualities), "aim": aim}
    mine, others = ([pair[side] for pair in times] for side in (0, 1))
    return Row(
        case,
        round(float(np.median(mine)), 4),
        "s in all",
        round(float(np.median(others)), 4),
        peer_name(package),
        ratio(mine, others),
        quality=quality,
        peak_mb=ours.peak_mb,
        peer_peak_mb=peer.peak_mb if theirs is _Implicit else None,  # Spark's is not in this process
    )


def _until(spent: Sequence[float], outcome: Outcome, aim: float, case: str) -> float:
    """Return the seconds after which the lists were as good as aimed at."""
    for seconds, quality in zip(spent, outcome.qualities, strict=True):
        if quality["NDCG@100"] >= aim:
            return seconds
    raise SegueError(f"als, {case}: NDCG@100 {aim:.4g} was not reached in {len(spent)} iterations")


class _Ours(Side):
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
        lengths = np.diff(matrix.indptr)
        damped = LAMBDA * (np.maximum(lengths, 1) / self.world.mean if self.world.by_length else np.ones(len(lengths)))
        return half_step(Ragged.of_matrix(matrix), damped.astype(np.float32), rows, other, solver=self.world.solver)

    def _warm_up(self) -> None:
        """Compile, and transpose, outside of what is timed; where lists are compared, transposing counts."""
        if self.hidden is None:
            self.by_item  # noqa: B018
        few = self.matrix[:2]
        self._half(few, self.rows[:2], self.items)
        projected(Ragged.of_matrix(few), Ragged.of_matrix(few.T.tocsr()), 16, np.random.Generator(np.random.PCG64(0)))


class _Implicit(Side):
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
        solve(self.confidence, self.rows, self.items, LAMBDA, num_threads=threads)
        solve(self.by_item, self.items, self.rows, LAMBDA, num_threads=threads)
        return perf_counter() - began
