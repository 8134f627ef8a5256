# SPDX-License-Identifier: Apache-2.0
"""Segue: a self-hosted music recommender. `segue.open(home)` gives a workspace with all its verbs."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from segue.workspace import Workspace

__all__ = ["__version__", "open"]

__version__ = "0.1.0"


def open(home: "Path | str | None" = None, *, create: bool = False) -> "Workspace":  # noqa: A001
    """Open the workspace in a folder (None: `SEGUE_HOME`, or `~/.segue`).

    Raises:
        NotFound: There is none, and `create` is false.
    """
    from segue.workspace import Workspace

    return Workspace.open(home, create=create)


def __dir__() -> list[Any]:
    return __all__
