# SPDX-License-Identifier: Apache-2.0
"""Tables of what was learned of each listener: one Parquet file, replaced as a whole, and freed of who is to be
forgotten."""

from collections.abc import Collection
from pathlib import Path

import polars as pl

from segue.stores import files
from segue.stores.locks import exclusive

__all__ = ["ListenerTable"]


class ListenerTable:
    """Writes a file with a column `listener`; null is nobody's row. One writer at a time, of any process.

    Args:
        path: It need not be there.
    """

    def __init__(self, path: Path):
        self.path = path
        self._lock = path.with_suffix(".lock")

    def keep(self, table: pl.DataFrame | None) -> None:
        """Replace the file; None leaves none."""
        with exclusive(self._lock):
            if table is None:
                self.path.unlink(missing_ok=True)
            else:
                self._write(table)

    def forget(self, listeners: Collection[str]) -> None:
        """Take some listeners out of the file; one that cannot be read, and may hold them, is removed."""
        with exclusive(self._lock):
            try:
                kept = pl.read_parquet(self.path)
            except FileNotFoundError:
                return
            except (pl.exceptions.PolarsError, OSError):
                self.path.unlink(missing_ok=True)
                return
            theirs = pl.col("listener").is_in(list(listeners)).fill_null(False)
            left = kept.filter(~theirs)
            if left.height < kept.height:
                self._write(left)

    def _write(self, table: pl.DataFrame) -> None:
        files.write_with(self.path, lambda aside: table.write_parquet(aside))
