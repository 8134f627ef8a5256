# SPDX-License-Identifier: Apache-2.0
"""What regions play: counts of their listeners, and how many of these everyone's chart is worth."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import gammaln

__all__ = ["COLUMNS", "COUNTED", "SPOKEN", "added", "count", "spoken", "strength"]

COLUMNS = ("listener", "track", "occurred_at", "region")
"""What is read of plays. A play counts for the region that it says it was made in."""

COUNTED = pl.Schema(
    {"region": pl.String(), "number": pl.Int32(), "weight": pl.Float64(), "listeners": pl.UInt32()},
)
"""Listeners of each track in each region (null: of everyone): faded by age, and whole."""

SPOKEN = pl.Schema({"region": pl.String(), "language": pl.String(), "listeners": pl.UInt32()})
"""Listeners of each region who play anything in a language."""

_STRENGTHS = np.exp2(np.arange(0, 21, 0.5))
"""Among which the strength of the prior is chosen, in listeners."""


def count(plays: pl.DataFrame, half_life_days: float, now: datetime) -> pl.DataFrame:
    """Return the counts of each region and, under null, those of everyone, plays that name no region included.

    Who plays in two regions counts in both, and once among everyone.

    Args:
        plays: `listener`, `number` (of the track), `occurred_at` and `region`; all of each listener.
        half_life_days: A listener who last played the track so many days ago counts half; one without a time, whole.
        now: The moment that age is counted from (aware); later plays are left out.

    Returns:
        `COUNTED`.
    """
    age_days = (pl.lit(now) - pl.col("last_at")).dt.total_seconds() / 86_400
    at = pl.col("occurred_at")
    who = pl.col("listener").is_not_null() & pl.col("number").is_not_null()
    last = (
        plays.lazy()
        .filter(who & (at.is_null() | (at <= now)))
        .group_by("listener", "region", "number")
        .agg(last_at=pl.col("occurred_at").max())
        .with_columns(weight=(2.0 ** (-age_days / half_life_days)).fill_null(1.0))
    )
    everyone = last.group_by("listener", "number").agg(pl.col("weight").max(), region=pl.lit(None, pl.String))
    each = last.filter(pl.col("region").is_not_null()).select("region", "number", "weight")
    both = pl.concat([everyone.select("region", "number", "weight"), each])
    ordered = both.sort("region", "number", "weight")  # so that sums are the same to the last bit
    counted = ordered.group_by("region", "number", maintain_order=True).agg(pl.col("weight").sum(), listeners=pl.len())
    return counted.cast(dict(COUNTED)).collect()  # type: ignore[arg-type]


def spoken(plays: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Return how many listeners of each region play anything in each language: `SPOKEN`.

    Args:
        plays: `listener`, `language` (of the track), `occurred_at` and `region`; all of each listener.
        now: As `count` takes it.
    """
    at = pl.col("occurred_at")
    known = plays.lazy().filter(at.is_null() | (at <= now)).select("region", "language", "listener").drop_nulls()
    counted = known.unique().group_by("region", "language").agg(listeners=pl.len())
    return counted.cast(dict(SPOKEN)).sort("region", "language").collect()  # type: ignore[arg-type]


def added(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return the counts of several groups of listeners together, by region and track, everyone first."""
    every = pl.concat([pl.DataFrame(schema=COUNTED), *parts])
    return every.group_by("region", "number").sum().sort("region", "number", nulls_last=False).select(COUNTED.names())


def strength(regions: Sequence[tuple[NDArray[np.float64], NDArray[np.float64]]]) -> float:
    """Return how many listeners of a region everyone's chart is worth, in the likeliest way.

    Each region's counts are taken for draws from shares that are themselves drawn about everyone's by a Dirichlet
    distribution; its concentration is the one, among powers of √2 up to 2²⁰, under which all regions' counts are
    likeliest (empirical Bayes; Minka 2000, "Estimating a Dirichlet distribution"). Where regions differ it is small.

    Args:
        regions: Of each, the faded counts of the tracks that it plays, and everyone's shares of these, above 0.
    """
    likely = np.zeros(len(_STRENGTHS))
    for counts, share in regions:
        prior = _STRENGTHS[:, None] * share
        likely += gammaln(_STRENGTHS) - gammaln(_STRENGTHS + counts.sum())
        likely += (gammaln(prior + counts) - gammaln(prior)).sum(axis=1)
    return float(_STRENGTHS[np.argmax(likely)])
