# SPDX-License-Identifier: Apache-2.0
"""What happened on the way of one request: how long each step took, and what was dropped and why."""

from collections import Counter
from dataclasses import dataclass, field

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

    def took(self, name: str, seconds: float, left: int) -> None:
        """Note a finished step."""
        self.steps.append(Step(name, seconds, left))

    def dropped(self, reason: DropReason, count: int) -> None:
        """Note how many candidates were dropped for a reason."""
        if count:
            self.drops[reason] += count
