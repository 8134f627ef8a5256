# SPDX-License-Identifier: Apache-2.0
"""How new lists should be for each listener, learned from what they made of the lists that they were shown.

How a list pleases is taken for a parabola in its share of new tracks, of each listener's own: the inverted U of
Berlyne (1970). Listeners' parabolas are normally distributed around everyone's; how widely, and how much chance there
is in an answer, is learned from all of them together (a linear mixed model, by expectation maximisation: Laird, Ware
1982). A dial is drawn from a listener's posterior by Thompson sampling (Thompson 1933; Agrawal, Goyal 2013, "Thompson
sampling for contextual bandits with linear payoffs"): each level is drawn as often as it is believed to be the best, so
what is not known yet is tried, and what is, used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from segue.seeds import generator, uniform
from segue.types import EventType

__all__ = ["COLUMNS", "LEVELS", "SHOWN", "TYPES", "DialConfig", "Dials", "learn", "lists"]

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
LEVELS = np.linspace(0, 1, 11)
"""The dials that are drawn from, familiar to new."""
SHOWN = pl.Schema(
    {
        "listener": pl.String(),
        "occurred_at": pl.Datetime("ms", "UTC"),
        "novelty": pl.Float64(),
        "outcome": pl.Float64(),
        "tracks": pl.UInt32(),
    }
)
"""A row for each list that was answered; see `lists`."""

Floats: TypeAlias = NDArray[np.float64]
_SAID = {EventType.LIKE.value: 1.0, EventType.SAVE.value: 1.0, EventType.DISLIKE.value: -1.0}
_REPLAYED, _REPLAYED_WITHIN = 0.5, timedelta(days=7)
_MIDDLE = 0.5
"""Where a parabola is measured from, so that its three coefficients are nearly apart."""
_USUAL = np.array([0.6, 0.0, -1.0])
"""Everyone's parabola that is presumed before anyone has answered: an inverted U, best in the middle."""
_BEFORE = np.array([0.02, 0.02, 0.05])
"""Variances of the coefficients over listeners that are presumed then."""
_PRESUMED = 10.0
"""How many listeners that presumption counts for."""
_ROUNDS = 30
_DRAWS = 256
_CHUNK = 2048


class DialConfig(BaseModel):
    """How the dial from familiar to new is learned."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    half_life_days: float = Field(default=90.0, gt=0)
    """After so many days what a listener made of a list counts half."""
    least_lists: int = Field(default=100, ge=1)
    """Of fewer answered lists, of all listeners together, nothing is learned, and recipes do as they are set."""


@dataclass(frozen=True, slots=True)
class Dials:
    """The posterior of each listener's parabola `c0 + c1 y + c2 y²`, y the share of new tracks less a half."""

    listeners: NDArray[np.object_]
    """`object[n]`: texts, ascending."""
    mean: Floats
    """`float64[n + 1, 3]`: by listener, then everyone's."""
    covariance: Floats
    """`float64[n + 1, 3, 3]`: likewise; the last is how far a listener of whom nothing is known may be from all."""

    def rows(self, listeners: Sequence[str | None]) -> NDArray[np.int64]:
        """Return the row of each listener, `int64[m]`: everyone's, the last, of who is not known."""
        asked = np.array([one or "" for one in listeners], dtype=object)
        last = len(self.listeners)
        if not last:
            return np.zeros(len(asked), np.int64)
        found = np.searchsorted(self.listeners, asked)
        return np.where(self.listeners[np.minimum(found, last - 1)] == asked, np.minimum(found, last - 1), last)

    def best(self, listeners: Sequence[str | None]) -> NDArray[np.float32]:
        """Return the level that is best by the mean of each posterior, `float32[m]`."""
        curves = self.mean[self.rows(listeners)] @ _basis(LEVELS).T
        return np.asarray(LEVELS[np.argmax(curves, axis=1)], np.float32)

    def chances(self, listeners: Sequence[str | None], between: tuple[float, float] = (0, 1)) -> NDArray[np.float32]:
        """Return how often each of `LEVELS` is drawn, `float32[m, 11]`: rows add up to 1."""
        rows, back = np.unique(self.rows(listeners), return_inverse=True)
        return _shares(self._bests(rows, between))[back]

    def draw(
        self, listeners: Sequence[str | None], seeds: NDArray[np.uint64], between: tuple[float, float] = (0, 1)
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return a dial for each listener, and the chance with which it was drawn: `float32[m]` each.

        Of 256 curves from the listener's posterior, the same ones always, the seed takes one, and the dial is the level
        that is best by it. So the chance is exactly how often other seeds draw that level.

        Args:
            listeners: Whom for; None: somebody of whom nothing is known.
            seeds: `uint64[m]`: the same draws the same.
            between: Only levels from one to the other.
        """
        rows, back = np.unique(self.rows(listeners), return_inverse=True)
        best = self._bests(rows, between)
        level = best[back, (uniform(seeds, 0) * _DRAWS).astype(np.int64)]
        return LEVELS[level].astype(np.float32), _shares(best)[back, level]

    def _bests(self, rows: NDArray[np.int64], between: tuple[float, float]) -> NDArray[np.int8]:
        """Return the best level by each drawn curve of some rows: `int8[m, 256]`."""
        allowed = np.flatnonzero((between[0] - 1e-9 <= LEVELS) & (between[1] + 1e-9 >= LEVELS))
        basis = _basis(LEVELS[allowed]).astype(np.float32)
        normal = generator("dial", "curves").standard_normal((_DRAWS, 3))
        best = np.empty((len(rows), _DRAWS), np.int8)
        for first in range(0, len(rows), _CHUNK):
            some = rows[first : first + _CHUNK]
            around = normal @ np.linalg.cholesky(self.covariance[some]).transpose(0, 2, 1)
            curves = (self.mean[some, None, :] + around).astype(np.float32) @ basis.T
            best[first : first + _CHUNK] = allowed[np.argmax(curves, axis=2)]
        return best


def learn(shown: pl.DataFrame, now: datetime, config: DialConfig | None = None) -> Dials | None:
    """Return the posteriors of all listeners who answered, and everyone's; None where too little was answered.

    Args:
        shown: `SHOWN`.
        now: From when age is counted (aware): a list of 90 days ago counts half.
        config: How it is learned.
    """
    config = config or DialConfig()
    if shown.height < config.least_lists:
        return None
    names, row = np.unique(shown["listener"].to_numpy().astype(object), return_inverse=True)
    age_days = (pl.lit(now) - pl.col("occurred_at")).dt.total_seconds().clip(0) / 86_400
    weight = shown.select(pl.col("tracks") * 0.5 ** (age_days / config.half_life_days)).to_series().to_numpy()
    basis, outcome = _basis(shown["novelty"].to_numpy()), shown["outcome"].to_numpy()
    count = len(names)
    sums = [
        np.stack([np.bincount(row, weight * basis[:, one] * basis[:, other], count) for other in range(3)], axis=1)
        for one in range(3)
    ]
    squares: Floats = np.stack(sums, axis=1)
    products: Floats = np.stack([np.bincount(row, weight * basis[:, one] * outcome, count) for one in range(3)], axis=1)
    total = np.bincount(row, weight * outcome**2, count).astype(np.float64)
    return Dials(names, *_posterior(squares, products, total, np.bincount(row, minlength=count)))


def lists(events: pl.DataFrame) -> pl.DataFrame:
    """Return each list that was answered, as `SHOWN`.

    What counts are the tracks that were answered, and all others too where the listener left on a skip: of these
    nothing was heard. Who leaves on a track that they finished has had enough for the day, which says nothing. Novelty
    is the share of these tracks, `tracks` many, that were not played before the list was shown. The outcome is the
    mean over them of the share heard (of a skip, where it fell), one more for a like or a save, one less for a dislike,
    and a half more for a track that is played again within a week.

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
        .explode("track", empty_as_null=False)
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
    later = pl.col("occurred_at").is_between(pl.col("at"), pl.col("at") + _REPLAYED_WITHIN, closed="right")
    again = (
        answered.select("listener", "request_id", "track", "at")
        .join(known.filter(pl.col("type") == EventType.PLAY.value), on=["listener", "track"])
        .filter(later)
        .select("listener", "request_id", "track", again=pl.lit(_REPLAYED))
        .unique()
    )
    return (
        answered.join(again, on=["listener", "request_id", "track"], how="left")
        .group_by("listener", "request_id", "shown_at")
        .agg(
            new.mean().alias("novelty"),
            (pl.col("said") + pl.col("again").fill_null(0)).mean().alias("outcome"),
            pl.len().cast(pl.UInt32).alias("tracks"),
        )
        .sort("listener", "shown_at", "request_id")
        .select("listener", pl.col("shown_at").alias("occurred_at"), "novelty", "outcome", "tracks")
    )


def _posterior(squares: Floats, products: Floats, total: Floats, answers: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return means and covariances of n parabolas and of everyone's, by expectation maximisation.

    Args:
        squares: `float64[n, 3, 3]`: weighted sums of the basis with itself, by listener.
        products: `float64[n, 3]`: with the outcome.
        total: `float64[n]`: of the outcome with itself.
        answers: `int64[n]`: how many lists they are of.
    """
    count = len(squares)
    presumed = np.diag(_PRESUMED / _BEFORE)
    everyone = np.linalg.solve(squares.sum(axis=0) + presumed, products.sum(axis=0) + presumed @ _USUAL)
    spread, noise = np.diag(_BEFORE), 1.0
    for _ in range(_ROUNDS):
        precision = np.linalg.inv(spread)
        covariance = np.linalg.inv(precision + squares / noise)
        mean = ((precision @ everyone + products / noise)[:, None, :] @ covariance)[:, 0]
        everyone = (mean.sum(axis=0) + _PRESUMED * _USUAL) / (count + _PRESUMED)
        apart = mean - everyone
        spread = covariance.sum(axis=0) + apart.T @ apart + _PRESUMED * np.diag(_BEFORE)
        spread /= count + _PRESUMED
        moments = covariance + mean[:, :, None] * mean[:, None, :]
        left = total - 2 * (products * mean).sum(axis=1) + (squares * moments).sum(axis=(1, 2))
        noise = max(float(left.sum() / answers.sum()), 1e-3)
    return np.concatenate([mean, everyone[None]]), np.concatenate([covariance, spread[None]])


def _shares(best: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return how often each level is among the best of each row: `float32[m, 11]`."""
    count = np.bincount((np.arange(len(best))[:, None] * len(LEVELS) + best).ravel(), minlength=best.shape[0] * 11)
    return np.asarray(count.reshape(len(best), len(LEVELS)) / best.shape[1], np.float32)


def _basis(share: Floats) -> Floats:
    apart = share - _MIDDLE
    return np.stack([np.ones_like(apart), apart, apart**2], axis=-1)
