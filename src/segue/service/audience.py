# SPDX-License-Identifier: Apache-2.0
"""Who listens: every listener whose plays may be used to personalise, and where they are."""

from collections.abc import Mapping
from threading import Lock
from types import MappingProxyType

import polars as pl

from segue.events.signals import LISTENING
from segue.privacy.door import Door
from segue.types import Purpose

__all__ = ["Audience"]

_COLUMNS = ("listener", "occurred_at", "timezone")


class Audience:
    """Kept up by following the log: the first look reads three columns of all of it, later ones what is new."""

    def __init__(self, door: Door):
        self._door = door
        self._lock = Lock()
        self._newest: pl.DataFrame | None = None
        self._zones: Mapping[str, str | None] = {}
        self._position = 0

    def __call__(self) -> Mapping[str, str | None]:
        """Return each listener with the IANA time zone that their newest play with one names, sorted by listener."""
        with self._lock:
            if self._newest is None:
                self._position = self._door.position()
                self._keep(self._read(until=self._position))
            elif self._door.position() != self._position:
                self._follow(self._newest)
            return self._zones

    def _follow(self, newest: pl.DataFrame) -> None:
        followed = self._door.follow(Purpose.PERSONALISE, self._position, _COLUMNS, types=LISTENING)
        self._position = followed.position
        parts = [newest, followed.events]
        if followed.changed:
            parts = [part.filter(~pl.col("listener").is_in(list(followed.changed))) for part in parts]
            parts.append(self._read(until=self._position, listeners=sorted(followed.changed)))
        if followed.changed or followed.events.height:
            self._keep(pl.concat(parts))

    def _read(self, until: int, listeners: list[str] | None = None) -> pl.DataFrame:
        return self._door.read(Purpose.PERSONALISE, _COLUMNS, types=LISTENING, listeners=listeners, until=until)

    def _keep(self, events: pl.DataFrame) -> None:
        """Hold one row a listener: the newest that names a zone, or any other."""
        self._newest = (
            events.filter(pl.col("listener").is_not_null())
            .sort(pl.col("timezone").is_not_null(), "occurred_at", maintain_order=True)
            .unique("listener", keep="last")
            .sort("listener")
            .select(_COLUMNS)
        )
        self._zones = MappingProxyType(dict(self._newest.select("listener", "timezone").iter_rows()))
