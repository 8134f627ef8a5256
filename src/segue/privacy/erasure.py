# SPDX-License-Identifier: Apache-2.0
"""A listener's rights over the log: see everything, take it along, have it erased."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from segue.errors import NotFound
from segue.events import compaction
from segue.events.reader import Reader
from segue.events.schema import EVENTS
from segue.events.sink import Sink
from segue.privacy.saying import say
from segue.types import EventType, Purpose

__all__ = ["Erasure", "erase", "export", "record_consent"]


@dataclass(frozen=True, slots=True)
class Erasure:
    """The receipt of an erasure from the log."""

    receipt: str
    """Id of the erasure event, which stays in the log as the proof."""
    events: int
    position: int
    """Everything of the listener up to this position of the log is gone."""


def record_consent(sink: Sink, listener: str, purpose: Purpose, granted: bool) -> str:
    """Write down that the listener gives or withdraws a consent; return the event's id."""
    return say(sink, listener, EventType.CONSENT, purpose=purpose.value, granted=granted)


def erase(folder: Path, sink: Sink, listener: str) -> Erasure:
    """Erase every event of the listener from the log's files; the consents they gave stay, and the erasure itself.

    The erasure event is written first: from then on the door gives out nothing of before, even when the process is
    killed before the files are rewritten. Erasing again finishes the work.
    """
    receipt = say(sink, listener, EventType.ERASURE)
    said = Reader(folder).read(["position"], where=pl.col("event_id") == receipt)
    position = int(said["position"][0])
    done = compaction.forget(folder, listener, position)
    return Erasure(receipt, done.events, position)


def export(folder: Path, listener: str) -> Iterator[dict[str, Any]]:
    """Give every event kept of the listener, as dictionaries without the empty fields.

    Raises:
        NotFound: The log holds nothing of this listener.
    """
    events = Reader(folder).read(EVENTS.names(), where=pl.col("listener") == listener)
    if events.is_empty():
        raise NotFound(f"nothing is kept of listener {listener!r}; `segue listener list` names those with plays")
    for event in events.iter_rows(named=True):
        yield {name: value for name, value in event.items() if value is not None}
