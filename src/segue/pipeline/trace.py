# SPDX-License-Identifier: Apache-2.0
"""What happened on the way of one request: how long each step took, and what was dropped and why."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from segue.types import DropReason

__all__ = ["Step", "Trace"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step that ran."""

    name: str
    seconds: float
    left: int
    """Candidates after it, over all rows."""


@dataclass(slots=True)
class Trace:
    """Collects as the request goes; read by whoever sent it."""

    steps: list[Step] = field(default_factory=list)
    drops: Counter[DropReason] = field(default_factory=Counter)
    relaxed: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    """By rule: `bool[Q]`, the rows in which it could not be held."""
    costs: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    """By step: `float32[Q]`, what share of its mean score each row's list gave up for it. In a whole answer, of each
    list that was made, one after the other."""

    def took(self, name: str, seconds: float, left: int) -> None:
        """Note a finished step."""
        self.steps.append(Step(name, seconds, left))

    def dropped(self, reason: DropReason, count: int) -> None:
        """Note how many candidates were dropped for a reason."""
        if count:
            self.drops[reason] += count

    def relax(self, rule: str, rows: NDArray[np.bool_]) -> None:
        """Note the rows in which a rule could not be held."""
        self.relaxed[rule] = rows

    def cost(self, step: str, shares: NDArray[np.float32]) -> None:
        """Note what share of its mean score each row's list gave up for a step."""
        self.costs[step] = shares

    def within(self, other: "Trace", rows: NDArray[np.int64], size: int) -> None:
        """Take over what another says of some rows of `size`."""
        self.steps.extend(other.steps)
        self.drops.update(other.drops)
        for rule, held in other.relaxed.items():
            self.relaxed.setdefault(rule, np.zeros(size, np.bool_))[rows] = held
        for step, shares in other.costs.items():
            self.costs.setdefault(step, np.zeros(size, np.float32))[rows] = shares

    def add(self, other: "Trace") -> None:
        """Take over the steps, the drops and the costs of another; which row was relaxed means nothing here."""
        self.steps.extend(other.steps)
        self.drops.update(other.drops)
        for step, shares in other.costs.items():
            self.costs[step] = np.concatenate([self.costs.get(step, shares[:0]), shares])
