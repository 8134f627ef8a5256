# SPDX-License-Identifier: Apache-2.0
"""Lists that were shown, and what became of them: how new each was to its listener, and how it was answered."""

from datetime import timedelta

import polars as pl

from segue.types import EventType

__all__ = ["COLUMNS", "SHOWN", "TYPES", "lists"]

COLUMNS = ("type", "listener", "track", "tracks", "occurred_at", "played_ms", "duration_ms", "request_id")
"""What is read of the log."""
TYPES = (
    EventType.IMPRESSION,
    EventType.PLAY,
    EventType.SKIP,
    EventType.LIKE,
    EventType.SAVE,
    EventType.DISLIKE,
)
"""The events that are read."""
SHOWN = pl.Schema(
    {
        "listener": pl.String(),
        "occurred_at": pl.Datetime("ms", "UTC"),
        "novelty": pl.Float64(),
        "outcome": pl.Float64(),
        "tracks": pl.UInt32(),
        "swing": pl.Float64(),
        "lift": pl.Float64(),
    }
)
"""A row for each list that was answered; see `lists`."""

_SAID = {EventType.LIKE.value: 1.0, EventType.SAVE.value: 1.0, EventType.DISLIKE.value: -1.0}
_REPLAYED, _REPLAYED_WITHIN = 0.5, timedelta(days=7)
_AWHILE = 5
"""Tracks of which a listener has the novelty still in their ears."""


def lists(events: pl.DataFrame) -> pl.DataFrame:
    """Return each list that was answered, as `SHOWN`.

    What counts are the tracks that were answered, and all others too where the listener left on a skip: of these
    nothing was heard. Who leaves on a track that they finished has had enough for the day, which says nothing. Novelty
    is the share of these tracks, `tracks` many, that were not played before the list was shown. The outcome is the
    mean over them of the share heard (of a skip, where it fell), one more for a like or a save, one less for a dislike,
    and a half more for a track that is played again within a week, unasked: what we show again is no sign of theirs.

    Within a list some moments are newer than others. `swing` is by how much: the sum over the tracks that were answered
    of y², y the share of new ones among the last five, less what is usual at their place and in this list. `lift` is
    the sum of y times the outcome, less the same: above 0, who was shown it answered better where it was newer.

    Args:
        events: `COLUMNS`, tracks by one kind of id; events of nobody are left out.
    """
    played = pl.col("type").is_in([EventType.PLAY.value, EventType.SKIP.value])
    known = events.filter(pl.col("listener").is_not_null(), pl.col("occurred_at").is_not_null())
    heard_at = known.filter(played).select("listener", "track", "occurred_at")
    first = heard_at.group_by("listener", "track").agg(pl.col("occurred_at").min().alias("first_at"))
    shown = (
        known.filter(pl.col("type") == EventType.IMPRESSION.value)
        .select("listener", "request_id", "tracks", shown_at="occurred_at")
        .unique(["listener", "request_id"], keep="last")
        .rename({"tracks": "track"})
        .with_columns(place=pl.int_ranges(pl.col("track").list.len()))
        .explode("track", "place", empty_as_null=False)
        .join(first, on=["listener", "track"], how="left")
    )
    heard = (pl.col("played_ms") / pl.col("duration_ms").clip(1)).clip(0, 1)
    whole = pl.when(pl.col("type") == EventType.PLAY.value).then(1.0).otherwise(0.0)
    said = pl.col("type").replace_strict(_SAID, default=0.0, return_dtype=pl.Float64)
    answers = (
        known.filter(pl.col("request_id").is_not_null(), played | pl.col("type").is_in(list(_SAID)))
        .with_columns(
            pl.when(played).then(heard.fill_null(whole)).otherwise(said).alias("said"),
            pl.when(played).then("occurred_at").alias("at"),
        )
        .group_by("listener", "request_id", "track")
        .agg(pl.col("said").sum().clip(-1, 2), pl.col("at").max())
        .filter(pl.col("at").is_not_null())
    )
    new = pl.col("first_at").is_null() | (pl.col("first_at") >= pl.col("shown_at"))
    ends = (
        known.filter(pl.col("request_id").is_not_null(), played)
        .sort("occurred_at", maintain_order=True)
        .group_by("listener", "request_id")
        .agg((pl.col("type").last() == EventType.SKIP.value).alias("left"))
    )
    answered = (
        shown.join(answers, on=["listener", "request_id", "track"], how="left")
        .join(ends, on=["listener", "request_id"])
        .filter(pl.col("at").is_not_null() | pl.col("left"))
        .with_columns(pl.col("said").fill_null(0.0))
    )
    unasked = known.filter(pl.col("type") == EventType.PLAY.value, pl.col("request_id").is_null())
    later = pl.col("occurred_at").is_between(pl.col("at"), pl.col("at") + _REPLAYED_WITHIN, closed="right")
    again = (
        answered.select("listener", "request_id", "track", "at")
        .join(unasked, on=["listener", "track"])
        .filter(later)
        .select("listener", "request_id", "track", again=pl.lit(_REPLAYED))
        .unique()
    )
    said_of_all = pl.col("said") + pl.col("again").fill_null(0)
    told = answered.join(again, on=["listener", "request_id", "track"], how="left").with_columns(
        new.cast(pl.Float64).alias("new"), said_of_all.alias("outcome")
    )
    one = ["listener", "request_id"]
    return (
        told.group_by(*one, "shown_at")
        .agg(
            pl.col("new").mean().alias("novelty"),
            pl.col("outcome").mean(),
            pl.len().cast(pl.UInt32).alias("tracks"),
        )
        .join(_within(told.filter(pl.col("at").is_not_null()), one), on=one, how="left")
        .with_columns(pl.col("swing", "lift").fill_null(0.0))
        .sort("listener", "shown_at", "request_id")
        .rename({"shown_at": "occurred_at"})
        .select(SHOWN.names())
    )


def _within(heard: pl.DataFrame, one: list[str]) -> pl.DataFrame:
    """Return `swing` and `lift` of each list, see `lists`, by `one`: its listener and request.

    Args:
        heard: `place`, `new` and `outcome` of each track that was answered.
        one: The columns that name a list.
    """
    awhile = pl.col("new").rolling_mean(_AWHILE, min_samples=1).over(one)
    at_its_place = [pl.col(name) - pl.col(name).mean().over("place") for name in ("awhile", "outcome")]
    in_its_list = [pl.col(name) - pl.col(name).mean().over(one) for name in ("awhile", "outcome")]
    return (
        heard.sort(*one, "place")
        .with_columns(awhile.alias("awhile"))
        .with_columns(at_its_place)
        .with_columns(in_its_list)
        .group_by(one)
        .agg((pl.col("awhile") ** 2).sum().alias("swing"), (pl.col("awhile") * pl.col("outcome")).sum().alias("lift"))
    )
