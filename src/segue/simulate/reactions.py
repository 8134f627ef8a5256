# SPDX-License-Identifier: Apache-2.0
"""What listeners do beside playing: like, dislike, save, share, follow, search, and make playlists."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.simulate.catalogue import identifiers
from segue.simulate.config import WorldConfig
from segue.simulate.favourites import Favourites
from segue.simulate.genres import SUBGENRE_GENRE
from segue.simulate.listeners import Listeners
from segue.simulate.music import Music
from segue.simulate.names import playlist_titles
from segue.simulate.occasions import OCCASIONS
from segue.simulate.plays import Plays
from segue.simulate.sessions import Sessions
from segue.types import EventType

__all__ = ["Said", "playlists", "react", "search"]

_LIKE, _SAVE, _SHARE, _FOLLOW, _DISLIKE, _SEARCH = 0.03, 0.015, 0.003, 0.005, 0.03, 0.04
_SHORTEST, _MOST = 8, 31


@dataclass(frozen=True, slots=True)
class Said:
    """Reactions of one type: in which session, when, and about what."""

    kind: EventType
    session: NDArray[np.intp]
    at_ms: NDArray[np.int64]  # after the week's start
    track: NDArray[np.int32] | None = None
    artist: NDArray[np.intp] | None = None
    key: NDArray[np.int64] | None = None
    """Where a listener says this only once: listener and thing as one number."""
    columns: pl.DataFrame | None = None
    """Further columns of the event, row by row."""


def react(
    config: WorldConfig, music: Music, listeners: Listeners, sessions: Sessions, plays: Plays, rng: np.random.Generator
) -> list[Said]:
    """Return what plays lead to; the liking grows with the match."""
    person = ~listeners.bot[sessions.listener][plays.session]
    whole = person & ~plays.skipped & ~plays.cut
    drawn = rng.random(len(plays.track))
    dearly = plays.match**2
    share = np.where(whole, drawn, 1.0)
    ends = np.cumsum([_LIKE, _SAVE, _SHARE, _FOLLOW])
    spans = zip((EventType.LIKE, EventType.SAVE, EventType.SHARE, EventType.FOLLOW), ends, strict=True)
    said, before = [], 0.0
    for kind, end in spans:
        rows = np.flatnonzero((share >= before * dearly) & (share < end * dearly))
        said.append(_about(kind, rows, config, music, sessions, plays))
        before = end
    disliked = person & plays.skipped & (plays.match < 0.35) & (drawn < _DISLIKE)
    return [*said, _about(EventType.DISLIKE, np.flatnonzero(disliked), config, music, sessions, plays)]


def search(
    music: Music, listeners: Listeners, sessions: Sessions, plays: Plays, names: pl.Series, rng: np.random.Generator
) -> Said:
    """Return searches: some sessions begin with the name of the artist that they then play."""
    first = np.flatnonzero(np.diff(plays.session, prepend=-1))
    asked = (rng.random(len(first)) < _SEARCH) & ~listeners.bot[sessions.listener]
    rows = first[asked]
    artist = music.artist[plays.track[rows]]
    query = names.gather(artist).str.to_lowercase().alias("query").to_frame()
    return Said(EventType.SEARCH, plays.session[rows], plays.start_ms[rows], artist=artist, columns=query)


def playlists(
    config: WorldConfig,
    listeners: Listeners,
    favourites: Favourites,
    sessions: Sessions,
    track_ids: pl.Series,
    made: int,
    rng: np.random.Generator,
) -> Said:
    """Return playlists made in some sessions: favourites of the session's taste, titled by genre or occasion.

    Args:
        made: How many playlists there are already; the next id.
    """
    chance = config.playlists_per_listener / (config.weeks * np.maximum(listeners.sessions_per_week.mean(), 1e-9))
    making = (rng.random(len(sessions.listener)) < chance) & ~listeners.bot[sessions.listener]
    rows = np.flatnonzero(making)
    taste = sessions.taste[rows]
    slots = favourites.tracks.shape[1]
    order = np.argsort(rng.random((len(rows), slots)), axis=1)
    size = rng.integers(_SHORTEST, _MOST, len(rows))
    tracks = np.take_along_axis(favourites.tracks[taste], order, axis=1)
    listed = (
        pl.DataFrame({"row": np.repeat(np.arange(len(rows)), slots), "tracks": track_ids.gather(tracks.ravel())})
        .group_by("row", maintain_order=True)
        .agg(pl.col("tracks").unique(maintain_order=True))
        .with_columns(pl.col("tracks").list.head(pl.lit(pl.Series(size))))
    )
    titles = playlist_titles()
    genre = SUBGENRE_GENRE[listeners.taste_subgenre.ravel()[taste]]
    bank = genre * (len(OCCASIONS) + 1) + sessions.occasion[rows]
    which = rng.integers(0, len(titles[0]), len(rows))
    columns = pl.DataFrame(
        {
            "playlist": identifiers("playlist", len(rows), made),
            "title": pl.Series([title for some in titles for title in some]).gather(bank * len(titles[0]) + which),
            "tracks": listed["tracks"],
        }
    )
    return Said(EventType.PLAYLIST, rows, sessions.start_ms[rows], columns=columns)


def _about(
    kind: EventType, rows: NDArray[np.intp], config: WorldConfig, music: Music, sessions: Sessions, plays: Plays
) -> Said:
    """Say it a little before the play ends; each listener once about a track, or about an artist for a follow."""
    track, session = plays.track[rows], plays.session[rows]
    follow = kind is EventType.FOLLOW
    artist = music.artist[track]
    thing: NDArray[np.integer] = artist if follow else track
    return Said(
        kind,
        session,
        plays.start_ms[rows] + (0.8 * plays.played_ms[rows]).astype(np.int64),
        track=None if follow else track,
        artist=artist if follow else None,
        key=None if kind is EventType.SHARE else sessions.listener[session] * config.tracks + thing,
    )
