# SPDX-License-Identifier: Apache-2.0
"""Personas as they are kept: one file, beside the snapshot that was trained when they were measured."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from segue.errors import Damaged
from segue.features.personas import MEASURED, Persona, PersonasConfig, called
from segue.stores.tables import ListenerTable

__all__ = ["KeptPersona", "KeptPersonas"]


@dataclass(frozen=True, slots=True)
class KeptPersona:
    """What one listener was called, and when."""

    persona: Persona
    snapshot: str
    """Id of the snapshot."""
    measured_at: str


class KeptPersonas:
    """Keeps the numbers that decide, by listener; the words are made of them by the settings at hand.

    Args:
        path: A Parquet file, `MEASURED` and when, ascending by `listener`; it need not be there.
    """

    def __init__(self, path: Path):
        self.path = path
        self._table = ListenerTable(path)

    def of(self, listener: str, config: PersonasConfig) -> KeptPersona | None:
        """Return what is kept of one listener; None: nothing."""
        if not self.path.exists():
            return None
        try:
            rows = pl.scan_parquet(self.path).filter(pl.col("listener") == listener).collect()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise Damaged(f"{self.path} cannot be read; `segue train` makes it anew") from error
        for row in rows.iter_rows(named=True):
            return KeptPersona(called(row, config), row["snapshot"], row["measured_at"])
        return None

    def keep(self, measured: pl.DataFrame, snapshot: str, now: datetime) -> None:
        """Replace what is kept.

        Args:
            measured: `MEASURED`.
            snapshot: Id of the snapshot that serves.
            now: The moment at which the window ends.
        """
        about = [pl.lit(snapshot).alias("snapshot"), pl.lit(now.isoformat()).alias("measured_at")]
        table = measured.select(MEASURED.names()).with_columns(about)
        self._table.keep(table)

    def forget(self, listeners: Collection[str]) -> None:
        """Take some listeners out of the file."""
        self._table.forget(listeners)
