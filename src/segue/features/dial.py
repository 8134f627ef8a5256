# SPDX-License-Identifier: Apache-2.0
"""How new lists should be for each listener, learned from what they made of the lists that they were shown.

How a list pleases is taken for a parabola in its share of new tracks, of each listener's own: the inverted U of
Berlyne (1970). Its posterior is Bayesian linear regression around everyone's parabola, and a dial is drawn from it by
Thompson sampling (Thompson 1933; Agrawal, Goyal 2013, "Thompson sampling for contextual bandits with linear payoffs"):
each level is drawn as often as it is believed to be the best, so what is not known yet is tried, and what is, used.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.seeds import generator
from segue.types import EventType

__all__ = ["COLUMNS", "LEVELS", "Dials", "Drawn", "learn", "lists"]

COLUMNS = ("type", "listener", "track", "tracks", "occurred_at", "played_ms", "duration_ms", "request_id")
"""What is read of the log."""
LEVELS = np.linspace(0, 1, 11)
"""The dials that are drawn from, familiar to new."""

_HALF_LIFE_DAYS = 90.0
_PRIOR_LISTS = 3.0
"""Lists of each of three levels that everyone's parabola counts for in a listener's."""
_RIDGE = 0.1
_NOISE = 0.2
"""Standard deviation of a list's outcome around the parabola."""
_DRAWS = 512
_SAID = {EventType.LIKE.value: 1.0, EventType.SAVE.value: 1.0, EventType.DISLIKE.value: -1.0}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A dial, and the chance with which it was drawn."""

    dial: float
    propensity: float


@dataclass(frozen=True, slots=True)
class Dials:
    """The posterior of each listener's parabola `c0 + c1 x + c2 x²`, by listener ascending."""

    listeners: tuple[str, ...]
    mean: NDArray[np.float64]
    """`float64[n, 3]`"""
    covariance: NDArray[np.float64]
    """`float64[n, 3, 3]`"""
    everyone: NDArray[np.float64]
    """`float64[3]`: of the population."""
    spread: NDArray[np.float64]
    """`float64[3, 3]`: how far a listener of whom nothing is known may be from it."""

    def best(self, listener: str) -> float:
        """Return the level that is best by the mean of the posterior; everyone's, of who is not known."""
        return float(LEVELS[int(np.argmax(_basis(LEVELS) @ self._of(listener)[0]))])

    def draw(self, listener: str, *seed: object) -> Drawn:
        """Return a dial drawn by Thompson sampling; the same seed (local day, recipe, snapshot) draws the same.

        The propensity is the share of 512 draws of the posterior that find this level best, one of which is taken.
        """
        mean, covariance = self._of(listener)
        luck = generator("dial", listener, *seed)
        curves = mean + luck.standard_normal((_DRAWS, 3)) @ np.linalg.cholesky(covariance).T
        best = np.argmax(curves @ _basis(LEVELS).T, axis=1)
        level = best[0]
        return Drawn(float(LEVELS[level]), float((best == level).mean()))

    def _of(self, listener: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        row = int(np.searchsorted(np.array(self.listeners, dtype=object), listener)) if self.listeners else 0
        if row < len(self.listeners) and self.listeners[row] == listener:
            return self.mean[row], self.covariance[row]
        return self.everyone, self.spread


def learn(shown: pl.DataFrame, now: datetime) -> Dials:
    """Return the posteriors of all listeners.

    Args:
        shown: As `lists` returns it.
        now: From when age is counted (aware): a list of 90 days ago counts half.
    """
    names, row = np.unique(shown["listener"].to_numpy().astype(object), return_inverse=True)
    age_days = (pl.lit(now) - pl.col("occurred_at")).dt.total_seconds().clip(0) / 86_400
    weight = shown.select(0.5 ** (age_days / _HALF_LIFE_DAYS)).to_series().to_numpy()
    basis, outcome = _basis(shown["novelty"].to_numpy()), shown["outcome"].to_numpy()
    squares = np.zeros((len(names), 3, 3))
    products = np.zeros((len(names), 3))
    np.add.at(squares, row, weight[:, None, None] * basis[:, :, None] * basis[:, None, :])
    np.add.at(products, row, (weight * outcome)[:, None] * basis)
    everyone = np.linalg.solve(squares.sum(axis=0) + _RIDGE * np.eye(3), products.sum(axis=0))
    few = _basis(np.array([0.0, 0.5, 1.0]))
    prior = _PRIOR_LISTS * few.T @ few
    precision = squares + prior
    mean = np.linalg.solve(precision, (products + prior @ everyone)[:, :, None])[:, :, 0]
    covariance = _NOISE**2 * np.linalg.inv(precision)
    return Dials(tuple(names), mean, covariance, everyone, _NOISE**2 * np.linalg.inv(prior))


def lists(events: pl.DataFrame) -> pl.DataFrame:
    """Return each list that was answered: `listener`, `occurred_at`, `novelty`, `outcome`.

    Novelty is the share of its tracks, of those answered, that the listener had not played before it was shown. The
    outcome is the mean over these of the share heard (of a skip, where it fell), one more for a like or a save, and one
    less for a dislike, each within −1 to 2. How often a track is played again later is not read yet.

    Args:
        events: `COLUMNS`, tracks by one kind of id; events of nobody are left out.
    """
    played = pl.col("type").is_in([EventType.PLAY.value, EventType.SKIP.value])
    known = events.filter(pl.col("listener").is_not_null(), pl.col("occurred_at").is_not_null())
    first = known.filter(played).group_by("listener", "track").agg(pl.col("occurred_at").min().alias("first_at"))
    shown = (
        known.filter(pl.col("type") == EventType.IMPRESSION.value)
        .select("listener", "request_id", "occurred_at", track="tracks")
        .explode("track", empty_as_null=False)
        .join(first, on=["listener", "track"], how="left")
    )
    heard = (pl.col("played_ms") / pl.col("duration_ms").clip(1)).clip(0, 1)
    whole = pl.when(pl.col("type") == EventType.PLAY.value).then(1.0).otherwise(0.0)
    said = pl.col("type").replace_strict(_SAID, default=0.0, return_dtype=pl.Float64)
    answers = (
        known.filter(pl.col("request_id").is_not_null(), played | pl.col("type").is_in(list(_SAID)))
        .with_columns(pl.when(played).then(heard.fill_null(whole)).otherwise(said).alias("said"), at=played)
        .group_by("listener", "request_id", "track")
        .agg(pl.col("said").sum().clip(-1, 2), pl.col("at").any())
        .filter("at")
    )
    new = pl.col("first_at").is_null() | (pl.col("first_at") >= pl.col("occurred_at"))
    return (
        shown.join(answers, on=["listener", "request_id", "track"])
        .group_by("listener", "request_id", "occurred_at")
        .agg(novelty=new.mean(), outcome=pl.col("said").mean())
        .sort("listener", "occurred_at", "request_id")
        .drop("request_id")
    )


def _basis(share: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.ones_like(share), share, share**2], axis=-1)
