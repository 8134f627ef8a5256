# SPDX-License-Identifier: Apache-2.0
"""The one way out of the log: every read names its purpose, and gets only what the listeners allow for it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from pathlib import Path
from threading import Lock
from typing import TypeAlias

import polars as pl

from segue.events.reader import Reader
from segue.privacy.consent import CONSENT_COLUMNS, ConsentConfig, Ledger
from segue.types import EventType, Purpose

__all__ = ["Between", "Door", "Followed"]

Between: TypeAlias = tuple[str | None, str | None]
"""A range of listeners: from the first on, and before the second; None: no bound."""

_IS_CONSENT = pl.col("type").is_in([EventType.CONSENT.value, EventType.ERASURE.value])


@dataclass(frozen=True, slots=True)
class Followed:
    """What came after a position, and where to follow on from."""

    events: pl.DataFrame
    changed: frozenset[str]
    """Listeners who gave or withdrew a consent or erased: what is held of them must be read again."""
    position: int


class Door:
    """Reads the log for a purpose. Consent is looked up anew at every read."""

    @classmethod
    def open(cls, folder: Path, config: ConsentConfig) -> "Door":
        """Open the door to the embedded log in a folder."""
        return cls(Reader(folder), config)

    def __init__(self, reader: Reader, config: ConsentConfig):
        self._reader = reader
        self._config = config
        self._lock = Lock()
        self._ledger = Ledger(config, reader.read(CONSENT_COLUMNS, where=_IS_CONSENT, until=0))
        self._read_to = 0

    def position(self) -> int:
        """Return the log's last position."""
        return self._reader.position()

    def ledger(self) -> Ledger:
        """Return all consents up to now."""
        with self._lock:
            position = self._reader.position()
            if position > self._read_to:
                new = self._reader.read(CONSENT_COLUMNS, where=_IS_CONSENT, after=self._read_to, until=position)
                if new.height:
                    self._ledger = Ledger(self._config, pl.concat([self._ledger.events, new]))
                self._read_to = position
            return self._ledger

    def read(
        self,
        purpose: Purpose,
        columns: Sequence[str],
        *,
        types: Collection[EventType] | None = None,
        listeners: Collection[str] | None = None,
        between: Between | None = None,
        until: int | None = None,
        since_day: str | None = None,
        event_ids: Collection[str] | None = None,
    ) -> pl.DataFrame:
        """Return the events that may be used for the purpose, in the log's order.

        Args:
            purpose: What they are for.
            columns: Columns of `events.schema.EVENTS`.
            types: Only these types of events.
            listeners: Only these listeners (None: all, and events of nobody).
            between: Only listeners from the first of two on, and before the second; where the first is None, also
                events of nobody.
            until: Only up to this position.
            since_day: Only from this day on, as "2026-01-31"; events without a time, and recent ones, come regardless.
            event_ids: Only the events of these ids.
        """
        filters = []
        if event_ids is not None:
            filters.append(pl.col("event_id").is_in(list(event_ids)))
        if listeners is not None:
            filters.append(pl.col("listener").is_in(list(listeners)))
            if listeners:  # by which the files' groups of rows are passed over
                filters.append(pl.col("listener").is_between(pl.lit(min(listeners)), pl.lit(max(listeners))))
        low, high = between or (None, None)
        if low is not None:
            filters.append(pl.col("listener") >= low)
        if high is not None:
            before = pl.col("listener") < high
            filters.append(before if low is not None else before | pl.col("listener").is_null())
        return self._admitted(purpose, columns, types, filters, after=0, until=until, since_day=since_day)

    def pieces(self, events: int) -> list[Between]:
        """Return ranges of listeners that hold about so many events each, or more: together, all there are."""
        bounds = self._reader.bounds(events)
        return list(zip([None, *bounds], [*bounds, None], strict=True))

    def follow(
        self,
        purpose: Purpose,
        position: int,
        columns: Sequence[str],
        *,
        types: Collection[EventType] | None = None,
    ) -> Followed:
        """Return what came after `position`, and whose consent changed since."""
        until = self._reader.position()
        if until <= position:
            return Followed(self._reader.read(columns, until=0), frozenset(), position)
        changed = self.ledger().events.filter(pl.col("position") > position)["listener"]
        events = self._admitted(purpose, columns, types, [], after=position, until=until, since_day=None)
        return Followed(events, frozenset(changed), until)

    def _admitted(
        self,
        purpose: Purpose,
        columns: Sequence[str],
        types: Collection[EventType] | None,
        filters: Sequence[pl.Expr],
        *,
        after: int,
        until: int | None,
        since_day: str | None,
    ) -> pl.DataFrame:
        filters = list(filters)
        if types is not None:
            filters.append(pl.col("type").is_in([kind.value for kind in types]))
        needed = list(dict.fromkeys([*columns, "listener", "position"]))
        where = reduce(and_, filters) if filters else None
        events = self._reader.read(needed, where=where, after=after, until=until, since_day=since_day)
        return self.ledger().admit(events, purpose).select(columns)
