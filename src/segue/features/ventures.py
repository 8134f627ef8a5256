# SPDX-License-Identifier: Apache-2.0
"""How far listeners venture of themselves: what share of what they play unasked they never played before.

Everything is new to a beginner, and ever less is to who has heard much. So each hearing is compared with everyone's at
the same point of their listening: a listener ventures twice as far as others do if twice as many of their hearings were
of something new as were of others' there. Of few hearings that is drawn towards everyone's.
"""

import numpy as np
import polars as pl

from segue.types import EventType

__all__ = ["HEARD", "heard", "ventures"]

HEARD = pl.Schema({"listener": pl.String(), "stretch": pl.UInt8(), "hearings": pl.UInt32(), "new": pl.UInt32()})
"""Of each listener and stretch, of which each is twice as long as the one before: hearings, and those of the new."""
_STRETCHES_A_DOUBLING = 2
_EVERYONES = 10.0
"""So many new tracks of everyone's are put to those of each listener."""


def heard(events: pl.DataFrame) -> pl.DataFrame:
    """Return what listeners began of themselves, as `HEARD`: plays and skips of what they did not meet in a list.

    Args:
        events: `type`, `listener`, `track`, `occurred_at` and `request_id`, all of a listener.
    """
    began = pl.col("type").is_in([EventType.PLAY.value, EventType.SKIP.value])
    known = pl.col("listener").is_not_null() & pl.col("track").is_not_null() & pl.col("occurred_at").is_not_null()
    doublings = (pl.int_range(1, pl.len() + 1).over("listener")).log(2) * _STRETCHES_A_DOUBLING
    return (
        events.lazy()
        .filter(began & known)
        .sort("occurred_at", maintain_order=True)
        .filter(pl.col("request_id").is_null() & pl.col("request_id").first().is_null().over("listener", "track"))
        .with_columns(pl.struct("listener", "track").is_first_distinct().alias("new"))
        .with_columns(doublings.cast(HEARD["stretch"]).alias("stretch"))
        .group_by("listener", "stretch")
        .agg(pl.len().cast(HEARD["hearings"]).alias("hearings"), pl.col("new").sum().cast(HEARD["new"]))
        .sort("listener", "stretch")
        .select(HEARD.names())
        .collect()
    )


def ventures(told: pl.DataFrame) -> pl.DataFrame:
    """Return `listener`, ascending, and `share`, 0 to 1: everyone's share of new hearings, as many times as they go.

    Worked example: a fifth of all hearings is of something new. Of one listener's, 40 were, where others would have had
    15 at the same points: they go (40 + 10) / (15 + 10) times as far, and their share is 0.4.

    Args:
        told: `HEARD` of all listeners.
    """
    usual = told.group_by("stretch").agg((pl.col("new").sum() / pl.col("hearings").sum()).alias("usual"))
    everyones = float(told["new"].sum()) / max(float(told["hearings"].sum()), 1.0)
    each = (
        told.join(usual, on="stretch")
        .group_by("listener")
        .agg(pl.col("new").sum(), (pl.col("usual") * pl.col("hearings")).sum().alias("expected"))
        .sort("listener")
    )
    times = (each["new"].to_numpy() + _EVERYONES) / (each["expected"].to_numpy() + _EVERYONES)
    return each.select("listener", share=pl.Series(np.clip(everyones * times, 0, 1), dtype=pl.Float64))
