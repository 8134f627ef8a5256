# SPDX-License-Identifier: Apache-2.0
"""The dials that were learned, as they are kept: one file, read when it is first asked for and when it changes.

And what dial each of some asks has: the one that it names, else the one that its recipe names, drawn where it says so.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.features.curves import TERMS
from segue.features.dial import LEVELS, Dials
from segue.pipeline.request import Request
from segue.recipes.music import ListConfig
from segue.stores.tables import ListenerTable
from segue.types import Ask

__all__ = ["KeptDials", "drawn", "wanted"]

_PARTS = [f"c{one}" for one in range(TERMS)] + [f"v{one}{other}" for one in range(TERMS) for other in range(TERMS)]
"""A row: the mean of a curve, and its covariance."""


class KeptDials:
    """Keeps the posteriors of listeners by their id, and everyone's under none. Safe from any thread.

    Args:
        path: A Parquet file, ascending by `listener`, everyone (null) last; it need not be there.
    """

    def __init__(self, path: Path):
        self.path = path
        self._table = ListenerTable(path)
        self._lock = Lock()
        self._read: tuple[tuple[int, int] | None, Dials | None] = (None, None)

    def __call__(self) -> Dials | None:
        """Return what was learned; None: nothing yet, or nothing that can be read, until it is learned again."""
        with self._lock:
            try:
                about = self.path.stat()
                stamp = about.st_mtime_ns, about.st_ino
                if self._read[0] != stamp:
                    self._read = stamp, _dials(pl.read_parquet(self.path))
            except (pl.exceptions.PolarsError, OSError):
                self._read = None, None
            return self._read[1]

    def keep(self, dials: Dials | None) -> None:
        """Replace the file; nothing learned leaves none."""
        if dials is None:
            self._table.keep(None)
            return
        numbers = np.concatenate([dials.mean, dials.covariance.reshape(len(dials.mean), TERMS**2)], axis=1)
        listeners = pl.Series("listener", [*dials.listeners.tolist(), None], pl.String())
        self._table.keep(pl.DataFrame(numbers, schema=_PARTS).select(listeners, pl.all()))

    def forget(self, listeners: Sequence[str]) -> None:
        """Take some listeners out of the file."""
        self._table.forget(listeners)

    def told(self, listener: str) -> dict[str, Any] | None:
        """Return what was learned of a listener alone, as an export says it; None: nothing."""
        dials = self()
        if dials is None or dials.rows([listener])[0] == len(dials.listeners):
            return None
        chances = np.round(dials.chances([listener])[0].astype(np.float64), 4).tolist()
        levels = {f"{level:.1f}": chance for level, chance in zip(LEVELS, chances, strict=True)}
        return {"best": round(float(dials.best([listener])[0]), 1), "chances": levels}


def _dials(table: pl.DataFrame) -> Dials:
    numbers = table.select(_PARTS).to_numpy()
    listeners = table["listener"].head(-1).to_numpy().astype(object)
    return Dials(listeners, numbers[:, :TERMS].copy(), numbers[:, TERMS:].reshape(-1, TERMS, TERMS).copy())


def wanted(
    ask: Ask, config: ListConfig, dials: Dials | None, silent: Collection[str]
) -> float | Literal["learned"] | None:
    """Return the dial of one ask: what it asks for, else what its recipe has for a listener; None: there is none.

    Where nothing was learned, or may be, there is none to draw.
    """
    if ask.listener is None:
        return None
    dial = config.dial if ask.dial is None else ask.dial
    may = dials is not None and ask.listener not in silent
    return dial if dial != "learned" or may else None


def drawn(
    request: Request, asks: Sequence[Ask], config: ListConfig, dials: Dials | None, silent: Collection[str]
) -> tuple[Request, NDArray[np.float32]]:
    """Return the request with the dials of its rows, and `float32[Q]`: the chances with which they were drawn.

    NaN where none was drawn. Who has no history has no dial: everything is new to them.
    """
    chances = np.full(len(asks), np.nan, np.float32)
    each = [wanted(ask, config, dials, silent) for ask in asks]
    known = np.diff(request.history.offsets) > 0
    given = np.array([one is not None for one in each]) & known
    if not given.any():
        return request, chances
    learned = np.array([one == "learned" for one in each]) & known
    dial = np.array([one if isinstance(one, float | int) else np.nan for one in each], np.float32)
    dial[~known] = np.nan
    if dials is not None and learned.any():
        some = np.flatnonzero(learned)
        whom = [asks[row].listener for row in some.tolist()]
        dial[some], chances[some] = dials.draw(whom, request.seed[some], config.dial_between)
    return replace(request, dial=dial), chances
