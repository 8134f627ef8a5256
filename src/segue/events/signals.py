# SPDX-License-Identifier: Apache-2.0
"""Plays into preference: how much one event says, and what all events of one listener and track add up to."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from segue.types import EndReason, EventType

__all__ = ["LISTENING", "LISTENING_COLUMNS", "SignalsConfig", "habits", "preferences", "strength"]

LISTENING = (
    EventType.PLAY,
    EventType.SKIP,
    EventType.LIKE,
    EventType.DISLIKE,
    EventType.SAVE,
    EventType.SHARE,
)
"""The types of events that say something of a listener and a track."""

LISTENING_COLUMNS = (
    "type",
    "listener",
    "track",
    "occurred_at",
    "count",
    "played_ms",
    "duration_ms",
    "end_reason",
    "session",
    "timezone",
)
"""The columns of the log that this module and `sessions` read."""

_WEEK = timedelta(days=6)
"""Before the day began: with it, not quite seven days."""
_APART = timedelta(minutes=10)
_HALF = 0.5
_SILENT = (EndReason.ERROR.value, EndReason.QUIT.value)


class SignalsConfig(BaseModel):
    """How an event is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    half_life_days: float = Field(default=180.0, gt=0)
    """After so many days an event says half as much. Events without a time do not fade."""
    early_skip_ms: int = Field(default=30_000, ge=0)
    """A skip that falls before this is for want of liking …"""
    early_skip_share: float = Field(default=0.25, ge=0, le=1)
    """… and so is one that falls before this share of the track."""
    early_skip: float = Field(default=-0.6, le=0)
    """What an early skip says."""
    late_skip: float = Field(default=0.3, ge=0, le=1)
    """What a late skip says, times the share heard."""
    saturation: float = Field(default=3.0, gt=0)
    """Plays are worth `(1 + s) n / (n + s)`: the first one 1, any number at most 1 + s."""
    like: float = Field(default=3.0, ge=0)
    """A like or a save, in plays."""
    share: float = Field(default=2.0, ge=0)
    """A share, in plays."""
    usual_duration_ms: int = Field(default=210_000, gt=0)
    """Length of a track where nobody knows it."""


def strength(config: SignalsConfig) -> pl.Expr:
    """How much one event says for (above 0) or against a track, in plays; null where it says nothing.

    Needs `type`, `count`, `played_ms`, `duration_ms` and `end_reason`. A play is worth the share of the track that was
    heard (1 where unknown), a total of n plays is worth n. A skip is read by where it falls.
    """
    length = pl.coalesce("duration_ms", pl.lit(config.usual_duration_ms)).clip(1)
    heard = (pl.col("played_ms") / length).clip(0, 1)
    early = (pl.col("played_ms") < config.early_skip_ms) | (heard < config.early_skip_share)
    skipped = pl.when(pl.col("played_ms").is_null() | early).then(config.early_skip).otherwise(config.late_skip * heard)
    kind = pl.col("type")
    return (
        pl.when(pl.col("end_reason").is_in(_SILENT))
        .then(None)
        .when(kind == EventType.PLAY.value)
        .then(heard.fill_null(1.0) * pl.col("count").fill_null(1))
        .when(kind == EventType.SKIP.value)
        .then(skipped)
        .when(kind.is_in([EventType.LIKE.value, EventType.SAVE.value]))
        .then(config.like)
        .when(kind == EventType.SHARE.value)
        .then(config.share)
        .otherwise(None)
        .cast(pl.Float64)
    )


def habits(config: SignalsConfig, today: datetime) -> list[pl.Expr]:
    """How often and when a listener plays a track, as further columns of `preferences`.

    A play counts that was not broken off early; a total of n plays is n plays, at one time. `replayed` says that it was
    played at two times, at least, of the last seven days: ten minutes or more apart, since one play may have come in by
    two ways.

    Args:
        config: What is early.
        today: When the day began (aware), in whose week `replayed` is meant.

    Returns:
        `plays` (int32), `replayed` and `untimed`: whether of any event it is not known when it occurred.
    """
    at = pl.col("occurred_at")
    length = pl.coalesce("duration_ms", pl.lit(config.usual_duration_ms)).clip(1)
    early = (pl.col("played_ms") < config.early_skip_ms) & (pl.col("played_ms") / length < _HALF)
    silent = pl.col("end_reason").is_in(_SILENT)
    played = (pl.col("type") == EventType.PLAY.value) & ~early.fill_null(False) & ~silent.fill_null(False)
    in_week = played & (at >= today - _WEEK) & (at < today + timedelta(days=1))
    when = pl.when(in_week).then(at)
    return [
        pl.when(played).then(pl.col("count").fill_null(1)).otherwise(0).sum().cast(pl.Int32).alias("plays"),
        (when.max() - when.min() >= _APART).fill_null(False).alias("replayed"),
        at.is_null().any().alias("untimed"),
    ]


def preferences(
    events: pl.DataFrame,
    config: SignalsConfig,
    now: datetime | None,
    by: str = "number",
    *,
    beside: Sequence[pl.Expr] = (),
) -> pl.DataFrame:
    """Return one row for each listener and track that an event tells of.

    Args:
        events: `LISTENING_COLUMNS` and the column `by`.
        config: How events are read.
        now: The moment that age is counted from (aware); None where no event has a time.
        by: The column that names the track.
        beside: What else to add up, a column each.

    Returns:
        `listener`, `by`, `weight` (float32: at most `1 + saturation`; 0 or less where skips outweigh plays),
        `last_at` (null: no event has a time), `liked` (1, -1 or 0: the last like or dislike), and what stands beside —
        by listener and track.
    """
    said = strength(config)
    if now is not None:
        age_days = (pl.lit(now) - pl.col("occurred_at")).dt.total_seconds() / 86_400
        said = said * (age_days.clip(0) * (-math.log(2) / config.half_life_days)).exp().fill_null(1.0)
    opinion = (
        pl.when(pl.col("type") == EventType.LIKE.value).then(1).when(pl.col("type") == EventType.DISLIKE.value).then(-1)
    )
    return (
        events.lazy()
        .filter(pl.col("listener").is_not_null() & pl.col(by).is_not_null())
        .group_by("listener", by)
        .agg(
            said.sum().alias("said"),
            pl.col("occurred_at").max().alias("last_at"),
            opinion.drop_nulls().last().fill_null(0).cast(pl.Int8).alias("liked"),
            *beside,
        )
        .with_columns(_saturate(pl.col("said"), config.saturation).cast(pl.Float32).alias("weight"))
        .select("listener", by, "weight", "last_at", "liked", *(one.meta.output_name() for one in beside))
        .sort("listener", by)
        .collect()
    )


def _saturate(plays: pl.Expr, most: float) -> pl.Expr:
    return pl.when(plays > 0).then((1 + most) * plays / (plays + most)).otherwise(plays)
