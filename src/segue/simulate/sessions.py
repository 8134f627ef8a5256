# SPDX-License-Identifier: Apache-2.0
"""The sessions of one week: who sits down to listen, when, where, on what and for which taste."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.simulate.config import DAY_MS, WEEK_MS, WorldConfig
from segue.simulate.listeners import Listeners
from segue.simulate.music import near
from segue.simulate.occasions import ANY_TIME, OCCASIONS, PLACES
from segue.simulate.regions import ZONES
from segue.simulate.truth import MOST_TASTES
from segue.types import Device

__all__ = ["DEVICES", "Sessions", "devices", "gather", "places", "starts"]

DEVICES = tuple(Device)
_ALL = (*OCCASIONS, ANY_TIME)
_AIMLESS = 0.25  # share of sessions that keep to no occasion
_NIGHT_SHIFT_HOURS = 11.0
_LONGEST = 80  # plays
_MOOD = 0.3  # how far a session's wish lies from the taste it follows
_SHUFFLED = 0.4


@dataclass(frozen=True, slots=True)
class Sessions:
    """Arrays over sessions, in the order of listener and start."""

    listener: NDArray[np.intp]
    taste: NDArray[np.intp]  # row of the tastes: `listener * MOST_TASTES` + which
    occasion: NDArray[np.intp]  # index into `OCCASIONS`; their number: none
    wish: NDArray[np.float32]  # [sessions, D], length 1: the taste in today's mood
    start_ms: NDArray[np.int64]  # after the week's start, in UTC
    plays: NDArray[np.intp]
    device: NDArray[np.intp]  # index into `DEVICES`
    place: NDArray[np.intp]  # index into `PLACES`
    shuffle: NDArray[np.bool_]


def gather(
    config: WorldConfig, listeners: Listeners, free_ms: NDArray[np.int64], week: int, rng: np.random.Generator
) -> Sessions:
    """Return a week's sessions. Starts lie in the week in UTC; hours and weekdays follow the listener's own clock.

    Args:
        free_ms: When each listener's last session of the week before ended, after this week's start; often negative.
    """
    listener = np.repeat(np.arange(config.listeners), rng.poisson(listeners.sessions_per_week))
    count = len(listener)
    taste = listener * MOST_TASTES + _picked(np.cumsum(listeners.taste_weights, axis=1)[listener], rng)
    aimless = listeners.bot[listener] | (rng.random(count) < _AIMLESS)
    occasion = np.where(aimless, len(OCCASIONS), listeners.taste_occasion.ravel()[taste])
    start_ms = np.maximum(starts(config, listeners, listener, occasion, week, rng), free_ms[listener])
    length = np.array([occasion.length for occasion in _ALL])[occasion] * np.exp(0.55 * rng.standard_normal(count))
    drawn = Sessions(
        listener=listener,
        taste=taste,
        occasion=occasion,
        wish=near(listeners.taste_vectors.reshape(-1, listeners.taste_vectors.shape[2])[taste], _MOOD, rng),
        start_ms=start_ms,
        plays=np.clip(config.plays_per_session * length, 1, _LONGEST).astype(np.intp),
        device=devices(occasion, rng),
        place=places(occasion, rng),
        shuffle=rng.random(count) < _SHUFFLED,
    )
    order = np.lexsort((start_ms, listener))
    return Sessions(*(getattr(drawn, name)[order] for name in Sessions.__dataclass_fields__))


def starts(
    config: WorldConfig,
    listeners: Listeners,
    listener: NDArray[np.intp],
    occasion: NDArray[np.intp],
    week: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Return when listeners sit down for an occasion, int64 [rows], in milliseconds after the week's start, in UTC.

    Weekday and hour are drawn on the local clock; those that fall outside the week in UTC move by a whole week.
    """
    weekday = _picked(_cumulative([list(at.days) for at in _ALL])[occasion], rng)
    middle = np.array([at.hour for at in _ALL])[occasion]
    hour = middle + np.array([at.spread_hours for at in _ALL])[occasion] * rng.standard_normal(len(listener))
    scattered = (occasion == len(OCCASIONS)) & (rng.random(len(listener)) < 0.45)
    hour = np.where(scattered, rng.uniform(7.5, 23.5, len(listener)), hour)
    hour = np.where(listeners.bot[listener], rng.uniform(0, 24, len(listener)), hour)
    hour += _NIGHT_SHIFT_HOURS * listeners.night_shift[listener]
    day = (weekday - config.week_start(week).weekday()) % 7
    local_ms = day * DAY_MS + (hour * 3_600_000).astype(np.int64)
    return (local_ms - _offsets(config, week)[listeners.zone[listener], day]) % WEEK_MS


def devices(occasion: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    """Return what each occasion is listened to on, as indices into `DEVICES`."""
    return _picked(_cumulative([[at.devices.get(word, 0) for word in DEVICES] for at in _ALL])[occasion], rng)


def places(occasion: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    """Return where each occasion is, as indices into `PLACES`."""
    return _picked(_cumulative([[at.places.get(word, 0) for word in PLACES] for at in _ALL])[occasion], rng)


def _offsets(config: WorldConfig, week: int) -> NDArray[np.int64]:
    """Return how far local time is ahead of UTC, in milliseconds: int64 [zones, days of the week]."""
    noons = [config.week_start(week) + timedelta(days=day, hours=12) for day in range(7)]
    days = pl.Series(noons, dtype=pl.Datetime("ms", "UTC"))
    local = [days.dt.convert_time_zone(zone) for zone in ZONES]
    ahead = [(at.dt.base_utc_offset() + at.dt.dst_offset()).dt.total_milliseconds() for at in local]
    return np.stack([at.to_numpy() for at in ahead]).astype(np.int64)


def _cumulative(weights: list[list[float]]) -> NDArray[np.float64]:
    ends = np.cumsum(np.array(weights), axis=1)
    return np.asarray(ends / ends[:, -1:])


def _picked(ends: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.intp]:
    """Return for each row of cumulative shares the column that a draw falls into."""
    found = (rng.random(len(ends))[:, None] >= ends[:, :-1]).sum(axis=1)
    return np.asarray(found, dtype=np.intp)
