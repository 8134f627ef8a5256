# SPDX-License-Identifier: Apache-2.0
"""What tests do with a log and its door: a log in a folder, where listeners play, consent and are erased."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl

from segue.events.schema import INTAKE, conform
from segue.events.sink import Sink
from segue.privacy.consent import ConsentConfig
from segue.privacy.door import Door
from segue.types import Purpose

DAY = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Log:
    """A log and its door; each event's id is its position."""

    def __init__(self, folder: Path, sink: Sink, config: ConsentConfig):
        self.folder = folder
        self.sink = sink
        self.door = Door.open(folder, config)
        self._ids = count(1)

    def say(self, type_: str, listener: str | None, **fields: Any) -> int:
        """Append one event and return its position."""
        row = {"event_id": str(next(self._ids)), "type": type_, "listener": listener, "occurred_at": DAY} | fields
        return self.sink.append(conform(pl.DataFrame([row], schema_overrides={n: INTAKE[n] for n in row}))).position

    def play(self, *listeners: str | None, **fields: Any) -> None:
        """Append one play a listener."""
        for listener in listeners:
            self.say("play", listener, **{"track": "t"} | fields)

    def consent(self, listener: str, granted: bool, purpose: Purpose = Purpose.PERSONALISE) -> None:
        """Append a consent, given or withdrawn."""
        self.say("consent", listener, purpose=purpose.value, granted=granted)

    def plays(
        self, purpose: Purpose = Purpose.PERSONALISE, listeners: Collection[str] | None = None, **ranges: Any
    ) -> list[int]:
        """Return the positions of the plays that may be read."""
        events = self.door.read(purpose, ["type", "position"], listeners=listeners, **ranges)
        return events.filter(pl.col("type") == "play")["position"].to_list()


@contextmanager
def opened(folder: Path, config: ConsentConfig | None = None) -> Iterator[Log]:
    """Give an empty log in the folder."""
    sink = Sink(folder)
    try:
        yield Log(folder, sink, config or ConsentConfig())
    finally:
        sink.close()
