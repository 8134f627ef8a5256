# SPDX-License-Identifier: Apache-2.0
"""Sessions: runs of one listener's plays without a long pause."""

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

__all__ = ["SessionsConfig", "with_sessions"]


class SessionsConfig(BaseModel):
    """When one session ends and the next begins."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pause_minutes: float = Field(default=30.0, gt=0)
    """A pause longer than this starts a new session, where the source names no sessions."""


def with_sessions(events: pl.DataFrame, config: SessionsConfig) -> pl.DataFrame:
    """Return the timed events of listeners in order of time, with `session` filled in where it was null.

    Args:
        events: `listener`, `occurred_at`, `session` and anything else.
        config: The pause.
    """
    pause = pl.duration(seconds=round(config.pause_minutes * 60))
    began = (pl.col("occurred_at") - pl.col("occurred_at").shift(1) > pause).fill_null(True)
    start = pl.when(began).then(pl.col("occurred_at")).otherwise(None).forward_fill()
    return (
        events.filter(pl.col("listener").is_not_null() & pl.col("occurred_at").is_not_null())
        .sort("listener", "occurred_at", maintain_order=True)
        .with_columns(start.over("listener").dt.epoch("s").cast(pl.String).alias("_start"))
        .with_columns(pl.coalesce("session", "_start").alias("session"))
        .drop("_start")
    )
