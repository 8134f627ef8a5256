# SPDX-License-Identifier: Apache-2.0
"""What a region plays, as far as the evidence goes: its own counts, and everyone's where it has few."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy.special import gammaln

__all__ = ["COLUMNS", "ChartsConfig", "Counts", "blended", "count", "strength"]

COLUMNS = ("listener", "track", "occurred_at", "region")
"""What is read of plays. A play counts for the region that it says it was made in."""

_STRENGTHS = np.exp2(np.arange(0, 21, 0.5))
"""Among which the strength of the prior is chosen, in listeners."""


class ChartsConfig(BaseModel):
    """How charts are counted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    half_life_days: float = Field(default=60.0, gt=0)
    """A listener who last played the track so many days ago counts half; one without a time counts whole."""
    least_listeners: int = Field(default=10, ge=1)
    """A track of fewer listeners is not listed, and a region's own count of one is not told from everyone's."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Listeners of each of n tracks: `weight` counts them faded by age, `listeners` whole."""

    weight: NDArray[np.float64]
    listeners: NDArray[np.int64]

    def __add__(self, other: "Counts") -> "Counts":
        """Return the counts of two groups of listeners together."""
        return Counts(self.weight + other.weight, self.listeners + other.listeners)


def count(plays: pl.DataFrame, tracks: int, config: ChartsConfig, now: datetime) -> dict[str | None, Counts]:
    """Return the counts of each region; under None those of everyone, plays that name no region included.

    Who plays in two regions counts in both, and once among everyone.

    Args:
        plays: `listener`, `number` (of the track, below `tracks`), `occurred_at` and `region`; all of each listener.
        tracks: How many there are.
        config: How fast plays fade.
        now: The moment that age is counted from (aware); later plays are left out.
    """
    age_days = (pl.lit(now) - pl.col("last_at")).dt.total_seconds() / 86_400
    at = pl.col("occurred_at")
    who = pl.col("listener").is_not_null() & pl.col("number").is_not_null()
    known = plays.filter(who & (at.is_null() | (at <= now)))
    last = (
        known.group_by("listener", "region", "number")
        .agg(last_at=pl.col("occurred_at").max())
        .with_columns(weight=(2.0 ** (-age_days / config.half_life_days)).fill_null(1.0))
    )
    everyone = last.group_by("listener", "number").agg(pl.col("weight").max())
    found: dict[str | None, Counts] = {None: _counted(everyone, tracks)}
    for (region,), part in last.filter(pl.col("region").is_not_null()).group_by("region"):
        found[str(region)] = _counted(part, tracks)
    return found


def strength(regions: list[NDArray[np.float64]], everyone: NDArray[np.float64]) -> float:
    """Return how many listeners of a region everyone's chart is worth, in the likeliest way.

    Each region's counts are taken for draws from shares that are themselves drawn about everyone's by a Dirichlet
    distribution; its concentration is the one, among powers of √2 up to 2²⁰, under which all regions' counts are
    likeliest (empirical Bayes; Minka 2000, "Estimating a Dirichlet distribution"). Where regions differ it is small.

    Args:
        regions: `float64[n]` each, faded counts.
        everyone: `float64[n]`, faded counts.
    """
    share = everyone / max(everyone.sum(), 1e-9)
    likely = np.zeros(len(_STRENGTHS))
    for counts in regions:
        own = np.flatnonzero((counts > 0) & (share > 0))
        prior = _STRENGTHS[:, None] * share[own]
        likely += gammaln(_STRENGTHS) - gammaln(_STRENGTHS + counts.sum())
        likely += (gammaln(prior + counts[own]) - gammaln(prior)).sum(axis=1)
    return float(_STRENGTHS[np.argmax(likely)])


def blended(
    region: Counts, everyone: Counts, strength: float, config: ChartsConfig
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return a region's shares of all tracks, and for which of them its own count speaks.

    A share is (n + s·p) / (N + s): n of the region's N listeners and tracks, everyone's share p, strength s. Where n
    is of too few listeners to be told, the region's counts of all such tracks are handed out by everyone's shares: a
    region with no track of enough listeners has everyone's chart.

    For instance, with s = 100, p = 0.01 and n = 4 of N = 100: (4 + 1) / 200 = 0.025.

    Returns:
        `float64[n]`, which adds up to 1 where anyone plays anything, and `bool[n]`.
    """
    share = everyone.weight / max(everyone.weight.sum(), 1e-9)
    told = region.listeners >= config.least_listeners
    untold = region.weight[~told].sum()
    rest = share[~told].sum()
    own = np.where(told, region.weight, untold * share / rest if rest > 0 else 0.0)
    return (own + strength * share) / (region.weight.sum() + strength), told


def _counted(frame: pl.DataFrame, tracks: int) -> Counts:
    number = frame["number"].to_numpy()
    weight = np.bincount(number, frame["weight"].to_numpy(), tracks)
    return Counts(weight, np.bincount(number, minlength=tracks))
