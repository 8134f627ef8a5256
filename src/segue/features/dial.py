# SPDX-License-Identifier: Apache-2.0
"""How new lists should be for each listener, learned from how they listen and what they made of lists.

How a list pleases is taken for a curve in its share of new tracks, of each listener's own: most often an inverted U
(Berlyne 1970). Curves lie around what is to be expected of who listens so, which is learned from all listeners together
(`curves`). Two traits say what is to be expected: how far a listener ventures of themselves (`ventures`), and whether
they answer the newer moments of a list better than others do. So who never answered a list has a curve too.

A dial is drawn from a listener's posterior by Thompson sampling (Thompson 1933; Agrawal, Goyal 2013, "Thompson sampling
for contextual bandits with linear payoffs"): each level is drawn as often as it is believed to be the best, so what is
not known yet is tried, and what is, used.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from segue.features.curves import TERMS, Sums, basis, posterior
from segue.seeds import generator, uniform

__all__ = ["LEVELS", "DialConfig", "Dials", "learn"]

LEVELS = np.linspace(0, 1, 11)
"""The dials that are drawn from, familiar to new."""
Floats: TypeAlias = NDArray[np.float64]
_HEIGHT, _BEND = 0.6, -0.7
"""Of the curve that is presumed before anyone has answered: an inverted U, best where a listener goes of themselves."""
_MIDDLING = 0.5
_VENTURED = pl.Schema({"listener": pl.String(), "share": pl.Float64()})
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
    """The posterior of each listener's curve, `c0 + c1 y + c2 y² + c3 y³`, y the share of new tracks less a half."""

    listeners: NDArray[np.object_]
    """`object[n]`: texts, ascending."""
    mean: Floats
    """`float64[n + 1, 4]`: by listener, then everyone's."""
    covariance: Floats
    """`float64[n + 1, 4, 4]`: likewise; the last is how far a listener of whom nothing is known may be from all."""

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
        curves = self.mean[self.rows(listeners)] @ basis(LEVELS).T
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
        levels = basis(LEVELS[allowed]).astype(np.float32)
        normal = generator("dial", "curves").standard_normal((_DRAWS, TERMS))
        best = np.empty((len(rows), _DRAWS), np.int8)
        for first in range(0, len(rows), _CHUNK):
            some = rows[first : first + _CHUNK]
            around = normal @ np.linalg.cholesky(self.covariance[some]).transpose(0, 2, 1)
            curves = (self.mean[some, None, :] + around).astype(np.float32) @ levels.T
            best[first : first + _CHUNK] = allowed[np.argmax(curves, axis=2)]
        return best


def learn(
    shown: pl.DataFrame, now: datetime, config: DialConfig | None = None, ventured: pl.DataFrame | None = None
) -> Dials | None:
    """Return the posteriors of all listeners who answered or listened, and a stranger's; None: too little was answered.

    Args:
        shown: `SHOWN`.
        now: From when age is counted (aware): a list of 90 days ago counts half.
        config: How it is learned.
        ventured: `listener` and `share`, how far each goes of themselves, as `ventures.ventures` returns; of whom it is
            not told, they are taken for average.
    """
    config = config or DialConfig()
    if shown.height < config.least_lists:
        return None
    ventured = pl.DataFrame(schema=_VENTURED) if ventured is None else ventured
    each = (
        pl.concat([shown.select("listener"), ventured.select("listener")])
        .unique()
        .join(ventured, on="listener", how="left")
        .sort("listener")
    )
    age_days = (pl.lit(now) - pl.col("occurred_at")).dt.total_seconds().clip(0) / 86_400
    lists = shown.select(
        pl.col("listener").replace_strict(
            each["listener"], pl.int_range(each.height, eager=True), return_dtype=pl.Int64
        ),
        "novelty",
        "outcome",
        (pl.col("tracks") * 0.5 ** (age_days / config.half_life_days)).alias("weight"),
        (0.5 ** (age_days / config.half_life_days)).alias("left"),
    )
    row, novelty, outcome, weight, left = (lists[name].to_numpy() for name in lists.columns)
    swing, lift = (
        np.bincount(row, left * shown[name].to_numpy(), each.height).astype(np.float64) for name in ("swing", "lift")
    )
    level, width, share = _deviations(each["share"].to_numpy())
    traits = np.stack([share, _deviations(_sways(swing, lift))[2]], axis=1)
    presumed = np.zeros((3, TERMS))
    presumed[0, :3] = _HEIGHT, -2 * _BEND * (level - _MIDDLING), _BEND
    presumed[1, 1] = -2 * _BEND * width
    sums = Sums.of(row, novelty, outcome, weight, left, each.height)
    return Dials(each["listener"].to_numpy().astype(object), *posterior(sums, traits, presumed))


def _sways(swing: Floats, lift: Floats) -> Floats:
    """Return how much better each listener answers the newer moments of a list than others do: `float64[n]`.

    Of little that is drawn towards everyone's: as much is put to each as a listener has on average.
    """
    usual = lift.sum() / max(swing.sum(), 1e-9)
    return np.asarray((lift - usual * swing) / (swing + max(swing.mean(), 1e-9)))


def _deviations(trait: Floats) -> tuple[float, float, Floats]:
    """Return the mean of a trait, its standard deviation, and how many of these each is from the mean; NaN: none."""
    known = trait[~np.isnan(trait)]
    mean, width = (float(known.mean()), float(known.std())) if len(known) else (_MIDDLING, 0.0)
    return mean, width, np.nan_to_num((trait - mean) / width) if width > 1e-9 else np.zeros(len(trait))


def _shares(best: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return how often each level is among the best of each row: `float32[m, 11]`."""
    count = np.bincount((np.arange(len(best))[:, None] * len(LEVELS) + best).ravel(), minlength=best.shape[0] * 11)
    return np.asarray(count.reshape(len(best), len(LEVELS)) / best.shape[1], np.float32)
