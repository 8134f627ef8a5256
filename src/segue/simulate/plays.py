# SPDX-License-Identifier: Apache-2.0
"""The plays of one week: which track each session plays next, and whether it is heard to its end."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.simulate.config import WorldConfig
from segue.simulate.favourites import Favourites
from segue.simulate.groups import earlier
from segue.simulate.heard import Heard
from segue.simulate.listeners import Listeners
from segue.simulate.music import Music
from segue.simulate.pools import Pools
from segue.simulate.sessions import Sessions
from segue.simulate.truth import match

__all__ = ["Plays", "listen", "skip_odds", "skip_place"]

_CHART = 0.3  # share of exploration that goes to what is popular in the region
_WIDE = 0.5  # share of candidates from the whole genre and not the subgenre
_CANDIDATES = 4
_NOVELTY = 4.0  # how much less an explorer heeds what it has heard
_DISCERNMENT = 13.0  # how much an explorer's choice heeds affinity, beside Gumbel noise
_GOLDEN = 0.6180339887
_CHUNK = 1 << 18

# Log-odds of a skip
_SKIP_BASE = 0.7
_SKIP_MATCH = -3.6
_SKIP_REPEAT = 0.3  # per doubling of this week's earlier plays
_OUT_OF_TIME = 0.4  # chance that a session ends inside its last play
_LEFT = 0.3  # … and that it does so by leaving the app


@dataclass(frozen=True, slots=True)
class Plays:
    """Arrays over plays, in the order of session and place in it."""

    session: NDArray[np.intp]
    track: NDArray[np.int32]
    found: NDArray[np.bool_]  # by exploring, not among the favourites
    match: NDArray[np.float32]  # 0–1, of the track with the session's wish
    skipped: NDArray[np.bool_]
    cut: NDArray[np.bool_]  # the session ended inside it
    left: NDArray[np.bool_]  # … by leaving the app, not by stopping
    played_ms: NDArray[np.int64]
    duration_ms: NDArray[np.int64]
    start_ms: NDArray[np.int64]  # after the week's start


def listen(
    config: WorldConfig,
    music: Music,
    listeners: Listeners,
    favourites: Favourites,
    heard: Heard,
    pools: Pools,
    sessions: Sessions,
    charts: NDArray[np.intp],
    rng: np.random.Generator,
) -> Plays:
    """Return what the sessions play: favourites in turn, and what exploring finds. People play a track once a session.

    `heard` is what listeners knew before this week, read only; `charts` is the region whose charts each session reads.
    """
    session, track, found = _queued(config, music, listeners, favourites, heard, pools, sessions, charts, rng)
    bot = listeners.bot[sessions.listener][session]
    liked = match(_affinity(sessions.wish, session, music.vectors, track))
    repeat = earlier(sessions.listener[session] * config.tracks + track)
    odds = skip_odds(liked) + _SKIP_REPEAT * np.log2(1.0 + repeat)
    odds += listeners.impatience[sessions.listener][session]
    skipped = (rng.random(len(session)) < 1 / (1 + np.exp(-odds))) & ~bot
    last = np.diff(session, append=len(sessions.plays)) > 0
    cut = last & ~skipped & ~bot & (rng.random(len(session)) < _OUT_OF_TIME)
    duration_ms = music.duration_ms[track]
    played = (_played(skipped, cut, liked, rng) * duration_ms).astype(np.int64)
    played_ms = np.where(bot, np.minimum(duration_ms, 31_000), played)
    return Plays(
        session=session,
        track=track,
        found=found,
        match=liked,
        skipped=skipped,
        cut=cut,
        left=cut & (rng.random(len(session)) < _LEFT),
        played_ms=played_ms,
        duration_ms=duration_ms,
        start_ms=_starts(sessions, session, played_ms, rng),
    )


def skip_odds(liked: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the log-odds that a patient listener skips what is liked so much (0–1; a mood may lead beyond)."""
    return _SKIP_BASE + _SKIP_MATCH * liked


def skip_place(liked: NDArray[np.float32], drawn: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of a track after which it is skipped: the less it is liked (0–1), the earlier."""
    return np.asarray(0.01 + 0.94 * drawn ** (1 + 5 * (1 - liked)))


def _queued(
    config: WorldConfig,
    music: Music,
    listeners: Listeners,
    favourites: Favourites,
    heard: Heard,
    pools: Pools,
    sessions: Sessions,
    charts: NDArray[np.intp],
    rng: np.random.Generator,
) -> tuple[NDArray[np.intp], NDArray[np.int32], NDArray[np.bool_]]:
    """Return the session and the track of each play, and whether exploring found it."""
    session = np.repeat(np.arange(len(sessions.plays)), sessions.plays)
    place = np.arange(len(session)) - np.repeat(np.cumsum(sessions.plays) - sessions.plays, sessions.plays)
    found = rng.random(len(session), dtype=np.float32) < listeners.exploration[sessions.listener][session]
    turn = (rng.random(len(sessions.plays))[session] + _GOLDEN * place) % 1.0
    track = favourites.at(sessions.taste[session], turn)
    exploring = np.flatnonzero(found)
    track[exploring] = _explored(music, listeners, heard, pools, sessions, charts, session[exploring], rng)
    once = (earlier(session * config.tracks + track) == 0) | listeners.bot[sessions.listener][session]
    return session[once], track[once], found[once]


def _explored(
    music: Music,
    listeners: Listeners,
    heard: Heard,
    pools: Pools,
    sessions: Sessions,
    charts: NDArray[np.intp],
    session: NDArray[np.intp],
    rng: np.random.Generator,
) -> NDArray[np.int32]:
    """Return a popular track per row, or the best of a few of the style by affinity, novelty and chance."""
    listener = sessions.listener[session]
    region = listeners.region[listener]
    subgenre = listeners.taste_subgenre.ravel()[sessions.taste[session]]
    best = np.full(len(session), -np.inf)
    track = pools.of_chart(charts[session], rng)
    by_style = np.flatnonzero(rng.random(len(session)) >= _CHART)
    for _ in range(_CANDIDATES):
        candidate = pools.of_style(region[by_style], subgenre[by_style], rng.random(len(by_style)) < _WIDE, rng)
        appeal = _DISCERNMENT * _affinity(sessions.wish, session[by_style], music.vectors, candidate)
        appeal += rng.gumbel(size=len(by_style)) - _NOVELTY * heard.knows(listener[by_style], candidate)
        better = appeal > best[by_style]
        best[by_style[better]] = appeal[better]
        track[by_style[better]] = candidate[better]
    return track


def _affinity(
    wishes: NDArray[np.float32], session: NDArray[np.intp], vectors: NDArray[np.float32], track: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Return the inner product of each row's wish and track, a chunk at a time to bound memory."""
    found = np.empty(len(session), np.float32)
    for first in range(0, len(session), _CHUNK):
        part = slice(first, first + _CHUNK)
        found[part] = np.einsum("nd,nd->n", wishes[session[part]], vectors[track[part]])
    return found


def _played(
    skipped: NDArray[np.bool_], cut: NDArray[np.bool_], liked: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the share of the track that was heard."""
    drawn = rng.random(len(skipped))
    return np.where(skipped, skip_place(liked, drawn), np.where(cut, 0.05 + 0.93 * drawn, 1.0))


def _starts(
    sessions: Sessions, session: NDArray[np.intp], played_ms: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Play one after the other, with a breath between, and let no session start before the listener's last ended.

    Worked example: two sessions of 10 minutes at 20:00 and 20:04 become 20:00 and 20:10. With s the wanted starts and
    c the lengths of all earlier sessions, a start is c + max(s − c) over the listener's sessions so far.
    """
    length = played_ms + rng.integers(300, 2_500, len(session))
    ends = np.cumsum(length)
    first = np.flatnonzero(np.diff(session, prepend=-1))  # every session has a play
    before = (ends - length)[first]
    apart = 1 << 44  # more milliseconds than any week's plays, so that listeners do not push each other
    wanted = sessions.start_ms - before + apart * sessions.listener
    start_ms = before + np.maximum.accumulate(wanted) - apart * sessions.listener
    return np.asarray((start_ms - before)[session] + ends - length, dtype=np.int64)
