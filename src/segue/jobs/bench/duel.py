# SPDX-License-Identifier: Apache-2.0
"""Two sides in turn, each in a process of its own, so that memory is told apart and noise falls on both alike."""

import resource
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

from segue.jobs.progress import Progress, silent

__all__ = ["Contender", "Outcome", "duel"]


class Contender(Protocol):
    """One side: built once in its process, with its data, and warmed up; then asked for round after round."""

    def round(self) -> float:
        """Do the work once; return the seconds that count."""
        ...

    def quality(self) -> Mapping[str, float]:
        """Return how good the work is by now."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one side did."""

    seconds: list[float]
    """Of each round."""
    qualities: list[dict[str, float]]
    """After each round."""
    peak_mb: float


def duel(
    sides: Mapping[str, Callable[[], Contender]],
    rounds: int,
    *,
    progress: Progress = silent,
) -> dict[str, Outcome]:
    """Let the sides do one round each in turn.

    Args:
        sides: How each contender is made, by name; picklable.
        rounds: How many count.
        progress: Told as rounds are done.
    """
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    qualities: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
    peaks = {}
    with ExitStack() as stack:
        pools = {name: stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn"))) for name in sides}
        for name, make in sides.items():
            progress(f"preparing {name}")
            pools[name].submit(_prepare, make).result()
        for done in range(rounds):
            for name, pool in pools.items():
                progress(name, done, rounds)
                seconds[name].append(pool.submit(_round).result())
                qualities[name].append(pool.submit(_quality).result())
        for name, pool in pools.items():
            peaks[name] = pool.submit(_peak_mb).result()
    return {name: Outcome(seconds[name], qualities[name], peaks[name]) for name in sides}


_contender: Contender | None = None


def _prepare(make: Callable[[], Contender]) -> None:
    global _contender
    _contender = make()
    with suppress(OSError):  # from here on: what it took to make the data is nobody's
        Path("/proc/self/clear_refs").write_text("5", "ascii")


def _round() -> float:
    assert _contender is not None
    return _contender.round()


def _quality() -> dict[str, Any]:
    assert _contender is not None
    return dict(_contender.quality())


def _peak_mb() -> float:
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)
    return round(int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) * 1.024 / 1000)
