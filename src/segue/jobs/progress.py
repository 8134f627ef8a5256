# SPDX-License-Identifier: Apache-2.0
"""How a job tells how far it is; whoever runs it decides how to show that."""

from typing import Protocol

__all__ = ["Progress", "silent"]


class Progress(Protocol):
    """Called as the work goes."""

    def __call__(self, what: str, done: int | None = None, total: int | None = None) -> None:
        """Say what is being done, and how much of it is done (None: unknown)."""
        ...


def silent(what: str, done: int | None = None, total: int | None = None) -> None:
    """Show nothing."""
