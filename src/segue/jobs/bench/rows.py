# SPDX-License-Identifier: Apache-2.0
"""A table of speeds: ours beside a peer's."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import numpy as np

__all__ = ["Bench", "Ratio", "Row", "figure", "peer_name", "ratio", "ratio_figure"]


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as fast ours is, over the rounds; above 1: ours is faster."""

    min: float
    median: float
    max: float

    def __str__(self) -> str:
        return f"{ratio_figure(self.median)} ({ratio_figure(self.min)}–{ratio_figure(self.max)})"


@dataclass(frozen=True, slots=True)
class Row:
    """One case."""

    case: str
    ours: float
    """The median over the rounds, in `unit`."""
    unit: str
    peer: float | None = None
    peer_name: str | None = None
    """With its version; None: nobody ran beside us."""
    ratio: Ratio | None = None
    limit_fraction: float | None = None
    """Share of the machine's measured `gflops` that ours reached, counting the operations that the result needs."""
    quality: dict[str, float] = field(default_factory=dict)
    """What shows that both did the same work equally well."""
    peak_mb: float | None = None
    """Greatest memory of our process while it worked, its data included; of an index: what a million vectors take."""
    peer_peak_mb: float | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """A table: ours beside our peers."""

    bench: str
    protocol: str
    machine: dict[str, Any]
    rows: list[Row]
    scale: float = 1.0
    """Share of the size that the cases name."""
    rounds: int = 1
    """Of each side, at most."""


def ratio(ours: Sequence[float], peer: Sequence[float]) -> Ratio:
    """Return how many times as long the peer takes, round by round.

    Args:
        ours: Seconds of each round.
        peer: Seconds of the round that ran right beside it.
    """
    times = np.array(peer) / np.array(ours)
    return Ratio(*(round(float(value), 3) for value in (times.min(), np.median(times), times.max())))


def figure(value: float) -> str:
    """Return a number as people read it: five digits, or whole thousands."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.5g}"


def ratio_figure(value: float) -> str:
    """Return a ratio as people read it: two decimals, or two digits of a small one."""
    return f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def peer_name(package: str) -> str:
    """Return a peer's name with its version."""
    return f"{package} {version(package)}"
