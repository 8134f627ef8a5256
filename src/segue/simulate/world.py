# SPDX-License-Identifier: Apache-2.0
"""A simulated listening world: its catalogue, its events, and the truth behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from segue.simulate.catalogue import identifiers, tables
from segue.simulate.config import WorldConfig
from segue.simulate.listeners import Listeners, populate
from segue.simulate.listening import weeks
from segue.simulate.music import Music, compose
from segue.simulate.regions import LANGUAGES, REGIONS, ZONES
from segue.simulate.truth import Truth

__all__ = ["World", "WorldConfig", "simulate"]


def simulate(config: WorldConfig) -> World:
    """Return the world of these settings: the same settings, seed included, give the same bytes.

    Worked example: `simulate(WorldConfig(listeners=400, tracks=4_000, weeks=8, seed=7))` and then
    `for week in world.events(): sink.append(week)`.
    """
    music, listeners = compose(config), populate(config)
    tracks, artists, albums = tables(config, music)
    return World(config, tracks, artists, albums, _listeners(listeners), _truth(music, listeners), music, listeners)


@dataclass(frozen=True, slots=True)
class World:
    """What a simulated service would know, and apart from it the truth."""

    config: WorldConfig
    tracks: pl.DataFrame
    """Columns of `catalog.schema.TRACKS`; row i is `sim:track:<i>`."""
    artists: pl.DataFrame
    """Columns of `catalog.schema.ARTISTS`."""
    albums: pl.DataFrame
    """Columns of `catalog.schema.ALBUMS`."""
    listeners: pl.DataFrame
    """`listener`, `region`, `timezone` and `languages`; row i is `sim:listener:<i>`."""
    truth: Truth = field(repr=False)
    _music: Music = field(repr=False)
    _listeners: Listeners = field(repr=False)

    def events(self) -> Iterator[pl.DataFrame]:
        """Yield the events week by week, with the columns of `events.schema.INTAKE` and in order of time.

        Each call begins anew and yields the same. `event_id` is `sim:<n>`, counted on over the weeks; `source` is
        "simulated"; `occurred_at` is when a play began, or when something was done.
        """
        return weeks(self.config, self._music, self._listeners, self.artists)


def _listeners(listeners: Listeners) -> pl.DataFrame:
    spoken = [[word for word, knows in zip(LANGUAGES, row, strict=True) if knows] for row in listeners.languages]
    return pl.DataFrame(
        {
            "listener": identifiers("listener", len(listeners.region)),
            "region": pl.Series([region.code for region in REGIONS]).gather(listeners.region),
            "timezone": pl.Series(ZONES).gather(listeners.zone),
            "languages": spoken,
        }
    )


def _truth(music: Music, listeners: Listeners) -> Truth:
    return Truth(
        track_vectors=music.vectors,
        taste_vectors=listeners.taste_vectors,
        taste_weights=listeners.taste_weights,
        taste_subgenre=listeners.taste_subgenre,
        taste_occasion=listeners.taste_occasion,
        track_subgenre=music.subgenre,
        popularity=music.popularity,
        release_week=music.release_week,
        viral_week=music.viral_week,
        sessions_per_week=listeners.sessions_per_week,
        exploration=listeners.exploration,
        night_shift=listeners.night_shift,
        bot=listeners.bot,
    )
