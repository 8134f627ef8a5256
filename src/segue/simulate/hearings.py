# SPDX-License-Identifier: Apache-2.0
"""How often each listener has heard each track, what lies long ago counting less."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.simulate.config import WorldConfig
from segue.types import EventType

__all__ = ["HALF_LIFE_DAYS", "Hearings"]

HALF_LIFE_DAYS = 60.0
"""After so many days without it, a track is half as familiar, and half as worn."""


@dataclass(frozen=True, slots=True)
class Hearings:
    """Pairs of listener and track, each with its hearings at the moment `at`; a pair that is not there has none."""

    tracks: int
    """How many tracks the world has."""
    at: datetime
    keys: NDArray[np.int64]
    """Ascending: `listener * tracks + track`."""
    amounts: NDArray[np.float64]

    @classmethod
    def none(cls, config: WorldConfig) -> "Hearings":
        """Return what is known before the first week: nobody has heard anything."""
        return cls(config.tracks, config.start, np.empty(0, np.int64), np.empty(0))

    def after(self, events: pl.DataFrame, now: datetime) -> "Hearings":
        """Return the hearings at a later moment, with those that the events tell of.

        A play counts by the share of the track that was heard, and so does a skip: what is skipped at once stays new.

        Args:
            events: Columns of the intake; other types of events, and items that are no tracks of the world, are left
                out.
            now: The moment (aware).
        """
        plays = events.filter(pl.col("type").is_in([EventType.PLAY.value, EventType.SKIP.value])).select(
            listener=_number("listener"),
            track=_number("track"),
            heard=(pl.col("played_ms") / pl.col("duration_ms").clip(1)).clip(0, 1).fill_null(1.0)
            * pl.col("count").fill_null(1)
            * _kept((pl.lit(now) - pl.col("occurred_at")).fill_null(timedelta())),
        )
        known = plays.filter(pl.col("listener").is_not_null(), pl.col("track") < self.tracks)
        told = known["listener"].to_numpy() * self.tracks + known["track"].to_numpy()
        faded = self.amounts * 2 ** (-((now - self.at) / timedelta(days=HALF_LIFE_DAYS)))
        keys, place = np.unique(np.concatenate((self.keys, told)), return_inverse=True)
        amounts = np.bincount(place, np.concatenate((faded, known["heard"].to_numpy())), len(keys))
        return Hearings(self.tracks, now, keys, amounts.astype(np.float64))

    def of(self, listeners: NDArray[np.integer], tracks: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return how often each listener [n] has heard each of their tracks [n, k]: float32 [n, k], 0 for padding."""
        wanted = listeners[:, None].astype(np.int64) * self.tracks + tracks
        if not len(self.keys):
            return np.zeros(tracks.shape, np.float32)
        place = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        there = (self.keys[place] == wanted) & (tracks >= 0)
        return np.where(there, self.amounts[place], 0).astype(np.float32)


def _number(thing: str) -> pl.Expr:
    """The index of a listener or track of this world; null for every other id."""
    number = pl.col(thing).str.strip_prefix(f"sim:{thing}:").str.to_integer(strict=False)
    return pl.when(pl.col(thing).str.starts_with(f"sim:{thing}:")).then(number)


def _kept(age: pl.Expr) -> pl.Expr:
    return 2 ** (-(age.dt.total_milliseconds().clip(0) / (HALF_LIFE_DAYS * 86_400_000)))
