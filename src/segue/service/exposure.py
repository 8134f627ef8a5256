# SPDX-License-Identifier: Apache-2.0
"""What was shown goes into the log: each slate an impression, with scores and reasons beside its tracks."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from segue.events.schema import INTAKE, conform
from segue.events.sink import Sink
from segue.types import Ask, EventType, Refusal, Slate

__all__ = ["record"]


def record(
    sink: Sink, asks: Sequence[Ask], slates: Sequence[Slate | Refusal], request_ids: Sequence[str], now: datetime
) -> None:
    """Append one impression a slate. An anonymous answer's impression names nobody.

    Args:
        sink: The log.
        asks: What was asked.
        slates: What was answered, beside `asks`; refusals are left out.
        request_ids: One id an answer, beside `asks`; the impression's event id follows from it.
        now: When.
    """
    rows = [
        {
            "event_id": f"impression-{request_id}",
            "type": EventType.IMPRESSION.value,
            "listener": ask.listener,
            "occurred_at": now,
            "source": "segue",
            "request_id": request_id,
            "tracks": [track.track for track in slate.tracks],
            "scores": [track.score for track in slate.tracks],
            "reasons": [track.reason for track in slate.tracks],
            "recipe": slate.recipe,
            "rung": slate.rung.value,
            "snapshot": slate.snapshot,
        }
        for ask, slate, request_id in zip(asks, slates, request_ids, strict=True)
        if isinstance(slate, Slate)
    ]
    if rows:
        schema = {name: INTAKE[name] for name in rows[0]}
        sink.append(conform(pl.DataFrame(rows, schema=schema)))
