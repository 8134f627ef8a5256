# SPDX-License-Identifier: Apache-2.0
"""What a listener says, written into the log: consents, erasures, and words about themselves."""

from datetime import UTC, datetime
from uuid import uuid4

import polars as pl

from segue.events.schema import INTAKE, conform
from segue.events.sink import Sink
from segue.types import EventType

__all__ = ["say"]


def say(sink: Sink, listener: str, kind: EventType, **fields: object) -> str:
    """Append one event of a listener, of now, with these columns of `events.schema.INTAKE`; return its id.

    Raises:
        BadInput: A value is not what the log takes.
    """
    event_id = f"{kind}-{uuid4().hex}"
    row = {"event_id": event_id, "type": kind.value, "listener": listener, "occurred_at": datetime.now(UTC), **fields}
    sink.append(conform(pl.DataFrame([row], schema={name: INTAKE[name] for name in row})))
    return event_id
