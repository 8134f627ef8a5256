# SPDX-License-Identifier: Apache-2.0
"""What was shown goes into the log: each slate an impression, with scores and reasons beside its tracks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from segue.catalog.store import Catalog
from segue.events.schema import INTAKE, conform
from segue.events.sink import Sink
from segue.kernels.ragged import offsets_of
from segue.service.slates import Told, reasons
from segue.types import Ask, EventType, Refusal, Slate

__all__ = ["impressions", "record"]


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
            "sources": [track.source for track in slate.tracks],
            "reasons": [track.reason for track in slate.tracks],
            "reason_codes": [track.code for track in slate.tracks],
            "reason_seeds": [track.seed for track in slate.tracks],
            "reason_others": [track.other for track in slate.tracks],
            "propensities": [track.propensity for track in slate.tracks],
            "recipe": slate.recipe,
            "rung": slate.rung.value,
            "snapshot": slate.snapshot,
            "dial": slate.dial,
            "propensity": slate.dial_propensity,
        }
        for ask, slate, request_id in zip(asks, slates, request_ids, strict=True)
        if isinstance(slate, Slate)
    ]
    if rows:
        schema = {name: INTAKE[name] for name in rows[0]}
        sink.append(conform(pl.DataFrame(rows, schema=schema)))


def impressions(playlists: pl.DataFrame, request_ids: Sequence[str], catalog: Catalog, now: datetime) -> pl.DataFrame:
    """Return one impression for each kept playlist, beside it, to be appended to the log.

    Args:
        playlists: `stores.parts.COLUMNS`.
        request_ids: One id a playlist.
        catalog: Knows what tracks are called.
        now: When they were made.
    """
    lists = ("tracks", "codes", "seeds", "others")
    places = playlists.select(lists).explode(lists, empty_as_null=False)
    tracks, seeds, others = (catalog.join(places[name]) for name in ("tracks", "seeds", "others"))
    told: Any = pa.array(reasons(tracks, Told(places["codes"].to_list(), seeds, others), catalog), pa.string())
    offsets: Any = pa.array(offsets_of(playlists["tracks"].list.len().to_numpy()).astype(np.int32))
    codes = pl.col("codes", "seeds", "others").name.map(lambda name: f"reason_{name}")
    drawn = ("propensities", "dial", pl.col("dial_propensity").alias("propensity"))
    kept = playlists.select("listener", "tracks", "scores", "sources", "recipe", "rung", "snapshot", codes, *drawn)
    rows = kept.with_columns(
        pl.Series("event_id", [f"impression-{one}" for one in request_ids]),
        pl.lit(EventType.IMPRESSION.value).alias("type"),
        pl.lit(now).cast(INTAKE["occurred_at"]).alias("occurred_at"),
        pl.lit("segue").alias("source"),
        pl.Series("request_id", list(request_ids)),
        pl.Series("reasons", pa.ListArray.from_arrays(offsets, told)),
    )
    return conform(rows)
