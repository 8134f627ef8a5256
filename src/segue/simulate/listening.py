# SPDX-License-Identifier: Apache-2.0
"""Weeks of listening as frames of events, one week in memory at a time."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.events.schema import INTAKE
from segue.seeds import generator
from segue.simulate.config import WEEK_MS, WorldConfig
from segue.simulate.favourites import Favourites, choose
from segue.simulate.frames import Frames
from segue.simulate.heard import Heard
from segue.simulate.movers import charts, settle
from segue.simulate.plays import Plays, listen
from segue.simulate.pools import fill
from segue.simulate.reactions import Said, playlists, react, search
from segue.simulate.sessions import Sessions, gather
from segue.simulate.society import Society
from segue.simulate.speech import Speech
from segue.types import EventType

__all__ = ["weeks"]

_ADOPTED = 0.25  # share of the finds heard to the end and well liked that become favourites
_WELL_LIKED = 0.6


def weeks(config: WorldConfig, society: Society, artists: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield one frame per week, with all columns of the intake, in the order of `occurred_at`, all inside the week.

    What a late session does after the week's end comes with the next frame; after the last week it is left out.
    """
    music, listeners = society.music, society.listeners
    frames = Frames(config, artists["artist_id"])
    speech = Speech(config, society.serials, listeners, society.habits, frames)
    favourites: Favourites | None = None
    heard = Heard(config.listeners, config.tracks)
    free_ms = np.zeros(config.listeners, np.int64)
    said_before: dict[EventType, NDArray[np.int64]] = {}
    late = frames.profiles(society.profiles, listeners) if config.profiles else pl.DataFrame(schema=INTAKE)
    numbered = listed = 0
    for week in range(config.weeks):
        rng = generator("simulate", config.seed, "week", week)
        pools = fill(music, week, rng)
        favourites = favourites or choose(music, listeners, pools, rng)
        here = settle(listeners, society.moves, week)
        sessions = gather(config, here, free_ms, week, rng)
        read = charts(config, listeners, society.moves, sessions, week)
        plays = listen(config, music, listeners, favourites, heard, pools, sessions, read, rng)
        made = playlists(config, listeners, favourites, sessions, frames.track_ids, listed, rng)
        said = [made, search(music, listeners, sessions, plays, artists["name"], rng)]
        said += [_once(one, said_before) for one in react(config, music, listeners, sessions, plays, rng)]
        favourites = _adopted(favourites, sessions, plays, rng)
        spoken = speech.week(here, sessions, plays, free_ms, week)
        heard.note(sessions.listener[plays.session], plays.track)
        np.maximum.at(free_ms, sessions.listener[plays.session], plays.start_ms + plays.played_ms)
        free_ms -= WEEK_MS

        contexts = frames.contexts(here, sessions, f"session:{week}")
        played = frames.plays(plays, contexts, pl.Series(sessions.shuffle), week)
        done = pl.concat([late, *(frames.said(one, contexts, week) for one in said), played, spoken]).sort(
            "occurred_at", maintain_order=True
        )
        inside = int((done["occurred_at"] < config.week_start(week + 1)).sum())
        found, late = done[:inside], done[inside:]
        numbers = pl.int_range(numbered, numbered + inside, eager=True).cast(pl.String)
        numbered += inside
        listed += len(made.session)
        del played, done
        yield found.with_columns(("sim:" + numbers).alias("event_id"))


def _once(said: Said, before: dict[EventType, NDArray[np.int64]]) -> Said:
    """Drop what the listener has said already; `before` remembers, sorted, and grows by what is new."""
    if said.key is None:
        return said
    known = before.get(said.kind, np.empty(0, np.int64))
    keys, first = np.unique(said.key, return_index=True)
    new = np.sort(first[~np.isin(keys, known)])
    before[said.kind] = np.union1d(known, keys)
    return replace(
        said,
        session=said.session[new],
        at_ms=said.at_ms[new],
        track=None if said.track is None else said.track[new],
        artist=None if said.artist is None else said.artist[new],
        key=said.key[new],
    )


def _adopted(favourites: Favourites, sessions: Sessions, plays: Plays, rng: np.random.Generator) -> Favourites:
    loved = plays.found & ~plays.skipped & ~plays.cut & (plays.match > _WELL_LIKED)
    rows = np.flatnonzero(loved & (rng.random(len(loved)) < _ADOPTED))
    return favourites.adopt(sessions.taste[plays.session[rows]], plays.track[rows], rng)
