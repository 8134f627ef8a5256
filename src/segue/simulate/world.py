# SPDX-License-Identifier: Apache-2.0
"""A simulated listening world: its catalogue, its events, and the truth behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from segue.simulate import serials
from segue.simulate.catalogue import tables
from segue.simulate.config import WorldConfig
from segue.simulate.frames import homes
from segue.simulate.listening import weeks
from segue.simulate.movers import settle
from segue.simulate.regions import LANGUAGES
from segue.simulate.society import Society, found
from segue.simulate.truth import Truth

__all__ = ["World", "WorldConfig", "simulate"]


def simulate(config: WorldConfig) -> World:
    """Return the world of these settings: the same settings, seed included, give the same bytes.

    Worked example: `simulate(WorldConfig(listeners=400, tracks=4_000, weeks=8, seed=7))` and then
    `for week in world.events(): sink.append(week)`.
    """
    society = found(config)
    tracks, artists, albums = tables(config, society.music)
    for some in society.serials:
        more = serials.tables(config, some, artists["name"].to_list())
        tracks, artists, albums = (pl.concat(both) for both in zip((tracks, artists, albums), more, strict=True))
    return World(config, tracks, artists, albums, _listeners(society), _truth(society), society)


@dataclass(frozen=True, slots=True)
class World:
    """What a simulated service would know, and apart from it the truth."""

    config: WorldConfig
    tracks: pl.DataFrame
    """Columns of `catalog.schema.TRACKS`; row i is `sim:track:<i>`. Episodes and then chapters follow the tracks."""
    artists: pl.DataFrame
    """Columns of `catalog.schema.ARTISTS`; hosts and authors come last."""
    albums: pl.DataFrame
    """Columns of `catalog.schema.ALBUMS`; shows and books come last."""
    listeners: pl.DataFrame
    """`listener`, `region`, `timezone` and `languages`, as in the first week; row i is `sim:listener:<i>`."""
    truth: Truth = field(repr=False)
    society: Society = field(repr=False)
    """What the world is made of, for the other modules of this room."""

    def events(self) -> Iterator[pl.DataFrame]:
        """Yield the events week by week, with the columns of `events.schema.INTAKE` and in order of time.

        Each call begins anew and yields the same. `event_id` is `sim:<n>`, counted on over the weeks; `source` is
        "simulated"; `occurred_at` is when a play began, or when something was done.
        """
        return weeks(self.config, self.society, self.artists)

    def homes(self, moment: datetime) -> pl.DataFrame:
        """Return `listener`, `region` and `timezone` of every listener at a moment (aware): some move."""
        week = (moment - self.config.start) // timedelta(weeks=1)
        return homes(settle(self.society.listeners, self.society.moves, week))


def _listeners(society: Society) -> pl.DataFrame:
    languages = society.listeners.languages
    spoken = [[word for word, knows in zip(LANGUAGES, row, strict=True) if knows] for row in languages]
    return homes(society.listeners).with_columns(pl.Series("languages", spoken))


def _truth(society: Society) -> Truth:
    music, listeners = society.music, society.listeners
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
        move_week=society.moves.week,
        move_region=society.moves.region,
        age=society.profiles.age,
        allows_explicit=society.profiles.allows_explicit,
        topics=society.habits.topics,
        hears_shows=society.habits.shows,
        hears_books=society.habits.books,
    )
