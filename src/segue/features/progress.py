# SPDX-License-Identifier: Apache-2.0
"""How far listeners are with what is spoken: begun, finished, or given up."""

import polars as pl

from segue.events.signals import SignalsConfig
from segue.types import EndReason, EventType

__all__ = ["FINISHED_SHARE", "progress"]

FINISHED_SHARE = 0.95
"""Who heard so much of a part has finished it: few hear the credits."""


def progress(events: pl.DataFrame, config: SignalsConfig) -> pl.DataFrame:
    """Return one row for each listener and part that was played.

    Plays of one part add up, since who goes on with it does not begin anew; after its end they are counted from 0. So a
    part of 40 minutes that was heard for 15 and then for 24 is finished, and one that was finished and begun again is
    not. A play of which nobody says how long it was is a whole one. Given up is what was skipped the last time.

    Args:
        events: `events.signals.LISTENING_COLUMNS` and `number`.
        config: How long a part is of which nobody says it.

    Returns:
        `listener`, `number`, `heard_ms` (since it was finished the last time), `finished`, `given_up`, and `last_at`
        (null: not known), by listener and number.
    """
    length = pl.coalesce("duration_ms", pl.lit(config.usual_duration_ms)).clip(1)
    whole = (pl.col("end_reason") == EndReason.FINISHED.value).fill_null(False) | (
        pl.col("played_ms").is_null() & (pl.col("type") == EventType.PLAY.value)
    )
    whole |= (pl.col("played_ms") >= FINISHED_SHARE * length).fill_null(False)
    skipped = (pl.col("type") == EventType.SKIP.value) | (pl.col("end_reason") == EndReason.SKIPPED.value).fill_null(
        False
    )
    keys = ("listener", "number")
    return (
        events.lazy()
        .filter(
            pl.col("listener").is_not_null()
            & pl.col("number").is_not_null()
            & pl.col("type").is_in([EventType.PLAY.value, EventType.SKIP.value])
        )
        .sort("occurred_at", maintain_order=True, nulls_last=False)
        .with_columns(whole.alias("whole"), skipped.alias("skipped"), length.alias("length"))
        .with_columns(pl.col("whole").cum_sum(reverse=True).over(keys).alias("to_come"))
        .group_by(keys)
        .agg(
            pl.when(pl.col("to_come") == 0).then("played_ms").fill_null(0).sum().alias("heard_ms"),
            pl.col("whole").last().alias("ended"),
            pl.col("skipped").last().alias("given_up"),
            pl.col("length").last(),
            pl.col("occurred_at").max().alias("last_at"),
        )
        .with_columns((pl.col("ended") | (pl.col("heard_ms") >= FINISHED_SHARE * pl.col("length"))).alias("finished"))
        .with_columns((pl.col("given_up") & ~pl.col("finished")).alias("given_up"))
        .select(*keys, "heard_ms", "finished", "given_up", "last_at")
        .sort(keys)
        .collect()
    )
