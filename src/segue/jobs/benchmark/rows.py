# SPDX-License-Identifier: Apache-2.0
"""A table of figures: ours beside what was published."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["BEYOND", "Benchmark", "Row", "over_seeds"]

BEYOND = ("coverage", "novelty", "lift", "gini", "diversity", "radio coverage", "radio lift", "radio diversity")
"""Measures that are not of accuracy, and stand behind those that are."""


@dataclass(frozen=True, slots=True)
class Row:
    """One model's figures."""

    model: str
    source: str
    """"ours" or "published"."""
    metrics: dict[str, float]
    """Means over the seeds."""
    spread: dict[str, float] = field(default_factory=dict)
    """Standard deviations over the seeds."""
    seconds: float | None = None
    """Time to fit, with the chosen settings."""
    query_ms: float | None = None
    """Time of one answer, one at a time on one thread."""
    peak_mb: float | None = None
    """Greatest memory of its process, data and tuning included."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Those that validation chose."""
    tried: int = 0
    """Settings that were tried on validation."""
    where: str = ""
    """Where it was published."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A table: ours beside what was published."""

    benchmark: str
    protocol: str
    machine: dict[str, Any]
    rows: list[Row]


def over_seeds(runs: Sequence[dict[str, float]]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the mean and the standard deviation of each figure over the runs."""
    means = {key: round(float(np.mean([one[key] for one in runs])), 4) for key in runs[0]}
    return means, {key: round(float(np.std([one[key] for one in runs])), 4) for key in runs[0]}
