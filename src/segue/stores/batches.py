# SPDX-License-Identifier: Apache-2.0
"""A batch of playlists in the making: for whom, its plan, and the parts that are done.

A process may die, and another go on. What it leaves beside that, `mending.sweep` removes.
"""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from segue.stores import files, parts

__all__ = ["Batch", "begin", "is_begun", "unfinished"]

_PLAN = "plan.json"
_WHOM = "whom.parquet"
_NUMBER = re.compile(r"part-(\d+)")


@dataclass(frozen=True, slots=True)
class Batch:
    """A folder with a plan, and a file for each part that is done."""

    folder: Path
    plan: Mapping[str, Any]

    def whom(self) -> pl.DataFrame:
        """Return whom it is for, as `begin` took it."""
        return pl.read_parquet(self.folder / _WHOM)

    def done(self) -> list[int]:
        """Return the numbers of the parts that are there, ascending."""
        return sorted(int(found[1]) for path in self.paths() if (found := _NUMBER.match(path.name)))

    def paths(self) -> list[Path]:
        """Return the files of the parts that are there, in order."""
        return sorted(self.folder.glob("part-*.parquet"))

    def write(self, number: int, playlists: pl.DataFrame) -> None:
        """Write one part."""
        parts.write(self.folder / f"part-{number:05d}.parquet", playlists)

    def finish(self) -> None:
        """Say that nothing is left to do: only the parts stay."""
        (self.folder / _PLAN).unlink()  # first: what has a plan has all that it takes to go on
        (self.folder / _WHOM).unlink()
        files.sync_folder(self.folder)

    def discard(self) -> None:
        """Remove it with all that was done."""
        (self.folder / _PLAN).unlink(missing_ok=True)
        shutil.rmtree(self.folder)


def begin(folder: Path, plan: Mapping[str, Any], whom: pl.DataFrame) -> Batch:
    """Begin a batch in a new folder; it counts as begun once its plan is there."""
    files.write_with(folder / _WHOM, whom.write_parquet)
    files.write_json(folder / _PLAN, plan)
    return Batch(folder, files.read_json(folder / _PLAN))


def is_begun(folder: Path) -> bool:
    """Say whether a folder holds a batch that is not done."""
    return (folder / _PLAN).exists()


def unfinished(folder: Path) -> list[Batch]:
    """Return the batches below a folder that a process left before it was done."""
    return [Batch(path.parent, files.read_json(path)) for path in sorted(folder.glob(f"*/{_PLAN}"))]
