# SPDX-License-Identifier: Apache-2.0
"""When each listener's day begins, by their own clock: the morning of who works at night is in the evening."""

from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["BINS", "COLUMNS", "DAY_PARTS", "Hours", "begins", "day_part", "habits", "hours"]

COLUMNS = ("listener", "occurred_at", "timezone")
"""What is read of plays."""
BINS = 48
"""Half hours of a day."""
Hours: TypeAlias = NDArray[np.float64]
"""`float64[BINS]`: on how many days there was music in each half hour of the local day."""

_SLEEP = 12
"""Half hours of the quietest part of a day. Six hours found the mornings of simulated listeners best."""
_PRIOR = 20.0
"""Half hours with music that everyone's day counts for in a listener's."""
DAY_PARTS = ("morning", "afternoon", "evening", "night")
_ENDS_HOURS = (5.0, 10.5, 16.0)
"""Hours after a day's begin at which its parts end; the night ends with the next day's begin."""


def hours(plays: pl.DataFrame, default_zone: str = "UTC") -> pl.DataFrame:
    """Return `listener` and `hours`, a list of `BINS` counts, a row for each listener, sorted.

    A half hour with many plays counts once a day, so that a long party does not outweigh a habit.

    Args:
        plays: `COLUMNS`; times are aware, zones IANA names. Plays without a time are left out.
        default_zone: Of plays that name no zone, or one that does not exist.
    """
    known = plays.filter(pl.col("occurred_at").is_not_null() & pl.col("listener").is_not_null())
    parts = [
        _local(part, str(zone) if zone is not None else default_zone, default_zone)
        for (zone,), part in known.select(COLUMNS).group_by("timezone")
    ]
    if not parts:
        return pl.DataFrame(schema={"listener": pl.String, "hours": pl.List(pl.Float64)})
    local = pl.concat(parts).unique(["listener", "day", "bin"])
    who = local["listener"].unique().sort()
    row = local.select(pl.col("listener").rank("dense").cast(pl.Int64) - 1)["listener"].to_numpy()
    counts = np.bincount(row * BINS + local["bin"].to_numpy(), minlength=len(who) * BINS).astype(np.float64)
    return pl.DataFrame({"listener": who, "hours": counts.reshape(-1, BINS).tolist()})


def habits(own: Hours, everyone: Hours) -> float:
    """Return the local hour, 0–24, at which a listener's day begins.

    It is the end of the quietest six hours on the circle of their half hours, to which everyone's are added with the
    weight of twenty: who has played little has everyone's morning, who has played much their own.

    Args:
        own: Of the listener.
        everyone: Of all listeners together; all zero: nothing is known of anyone.
    """
    total = everyone.sum()
    prior = everyone / total if total > 0 else np.full(BINS, 1 / BINS)
    return begins(own + _PRIOR * prior)


def begins(day: Hours) -> float:
    """Return the local hour at which the quietest six hours of a day end; of equally quiet ones, those before most."""
    twice = np.concatenate([np.zeros(1), np.cumsum(np.concatenate([day, day]))])
    quiet = twice[_SLEEP : _SLEEP + BINS] - twice[:BINS]
    ends = (np.flatnonzero(quiet <= quiet.min() + 1e-9 * day.sum()) + _SLEEP) % BINS
    return float(ends[np.argmax(day[ends])]) / 2


def day_part(local_hour: float, begins_hour: float) -> str:
    """Return the part of a listener's day (`DAY_PARTS`) that a local hour is in.

    For who begins at 7, the morning is 7–12, the afternoon 12–17:30, the evening 17:30–23, and then it is night; for
    who begins at 18, the morning is 18–23.
    """
    since = (local_hour - begins_hour) % 24
    return DAY_PARTS[int(np.searchsorted(_ENDS_HOURS, since, side="right"))]


def _local(part: pl.DataFrame, zone: str, default_zone: str) -> pl.DataFrame:
    """Return `listener`, `day` and `bin` of plays of one zone."""
    try:
        local = part["occurred_at"].dt.convert_time_zone(zone)
    except pl.exceptions.ComputeError:
        local = part["occurred_at"].dt.convert_time_zone(default_zone)
    half_hour = local.dt.hour().cast(pl.Int64) * 2 + local.dt.minute().cast(pl.Int64) // 30
    return pl.DataFrame({"listener": part["listener"], "day": local.dt.date(), "bin": half_hour})
