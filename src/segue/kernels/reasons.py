# SPDX-License-Identifier: Apache-2.0
"""What may truly be said of each track of many lists, and which of it makes a list of reasons worth reading."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.ragged import Ragged
from segue.kernels.threads import spread

__all__ = ["AGAIN", "FOLLOWED", "OFTEN", "OUTSIDE", "PLAYED", "REPLAYED", "Bounds", "choose", "holds"]

FOLLOWED, OFTEN, AGAIN, OUTSIDE = np.uint8(1), np.uint8(2), np.uint8(4), np.uint8(8)
"""What may hold of a track: new, and of an artist whom the listener follows; new, and of one whom they play often; not
heard for long; of none of their genres."""
PLAYED, REPLAYED = np.uint8(1), np.uint8(2)
"""What may hold of a track that a reason would name: the listener plays it; and replayed it these days."""
_WINDOW = 30
"""So many places back, about a page, repetitions count."""
_ROW = 3
"""So often in a row a track may be named while there is something else to name."""

_alone = partial(spread, parallel=False)
"""On this thread alone: rows share the arrays that things are looked up in."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """From when on something may be said."""

    new_days: int
    """A track is new for so many days."""
    often: int
    """An artist is played often who was played so many times, or more."""
    away_days: int
    """A track was not heard for long if for more days than these."""
    known: int
    """A listener has a usual if so many tracks of theirs, or more, have genres."""
    rare: float
    """A genre is outside it if no greater share of these has it."""


def holds(
    lists: tuple[NDArray[np.int64], NDArray[np.int32]],
    history: Ragged,
    habits: tuple[NDArray[np.int32], NDArray[np.bool_], NDArray[np.int32], Ragged],
    tracks: tuple[NDArray[np.int32], NDArray[np.int32], Ragged],
    named: NDArray[np.int32],
    day: int,
    bounds: Bounds,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return what holds of each track of Q lists, and of those that would be named beside it.

    Args:
        lists: `int64[Q + 1]` offsets and `int32[m]` tracks.
        history: Q rows of tracks with preferences.
        habits: Beside the tracks of the history `int32[h]` how often each was played, `bool[h]` whether it was replayed
            these days, and `int32[h]` days since it was last heard, -1 for unknown; and Q rows of artists followed.
        tracks: Of all n tracks `int32[n]` the artist, `int32[n]` the day that it came out, and n rows of genres.
        named: `int32[m, k]`: tracks of the history, -1 for none.
        day: Today, counted as the days of release are.
        bounds: From when on something may be said.

    Returns:
        `uint8[m]`: `FOLLOWED`, `OFTEN`, `AGAIN` and `OUTSIDE`, added; `uint8[m, k]`: `PLAYED` and `REPLAYED`, added.
    """
    of_track, of_named = np.zeros(len(lists[1]), np.uint8), np.zeros(named.shape, np.uint8)
    plays, replayed, away_days, follows = habits
    artist, released, genres = tracks
    given = (
        *lists, history.offsets, history.values, history.weights, plays, replayed, away_days, follows.offsets,
        follows.values, artist, released, genres.offsets, genres.values, named, day, bounds.new_days, bounds.often,
        bounds.away_days, bounds.known, bounds.rare,
    )  # fmt: skip
    size, artists = len(artist), int(max(artist.max(initial=-1), follows.values.max(initial=-1))) + 1
    found: tuple[NDArray[Any], ...] = (
        np.zeros(size, np.int32),
        np.zeros(artists, np.int32),
        np.zeros(artists, np.bool_),
        np.zeros(int(genres.values.max(initial=-1)) + 1, np.int32),
    )
    _alone(_holds, len(history), given, (*found, of_track, of_named))
    return of_track, of_named


@njit(cache=True, nogil=True)
def _holds(
    offsets, tracks, history_offsets, history, weights, plays, replayed, away, follow_offsets, follows, artist,
    released, genre_offsets, genres, named, day, new_days, often, away_days, known, rare, start, stop, heard_at,
    played, followed, of_genre, of_track, of_named,
):  # fmt: skip
    for row in range(start, stop):
        if offsets[row] == offsets[row + 1]:
            continue
        with_genre = 0
        for h in range(history_offsets[row], history_offsets[row + 1]):
            track = history[h]
            heard_at[track] = h + 1  # 0: not there
            played[artist[track]] += plays[h]
            with_genre += genre_offsets[track] < genre_offsets[track + 1]
            for g in range(genre_offsets[track], genre_offsets[track + 1]):
                of_genre[genres[g]] += 1
        for f in range(follow_offsets[row], follow_offsets[row + 1]):
            followed[follows[f]] = True
        for at in range(offsets[row], offsets[row + 1]):
            track = tracks[at]
            own = artist[track]
            if released[track] <= day and day - released[track] <= new_days:
                if followed[own]:
                    of_track[at] |= FOLLOWED
                if played[own] >= often:
                    of_track[at] |= OFTEN
            h = heard_at[track] - 1
            if h >= 0 and weights[h] > 0 and plays[h] > 0 and away[h] > away_days:
                of_track[at] |= AGAIN
            if with_genre >= known and genre_offsets[track] < genre_offsets[track + 1] and played[own] == 0:
                shared = 0
                for g in range(genre_offsets[track], genre_offsets[track + 1]):
                    shared += of_genre[genres[g]]
                if h < 0 and shared <= rare * with_genre:
                    of_track[at] |= OUTSIDE
            for k in range(named.shape[1]):
                if named[at, k] < 0:
                    continue
                h = heard_at[named[at, k]] - 1
                if h >= 0 and weights[h] > 0 and plays[h] > 0:
                    of_named[at, k] = PLAYED | REPLAYED if replayed[h] else PLAYED
        for h in range(history_offsets[row], history_offsets[row + 1]):
            track = history[h]
            heard_at[track] = 0
            played[artist[track]] = 0
            for g in range(genre_offsets[track], genre_offsets[track + 1]):
                of_genre[genres[g]] = 0
        for f in range(follow_offsets[row], follow_offsets[row + 1]):
            followed[follows[f]] = False


def choose(
    offsets: NDArray[np.int64],
    codes: NDArray[np.int8],
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    worth: NDArray[np.float32],
    again: tuple[float, float],
) -> NDArray[np.int64]:
    """Return for each place the option that says most that the places before it have not said, `int64[m]`.

    From the worth of an option goes a little for each of the last 30 places that has its code, and more for each that
    names a track of its own. What would name a track the fourth time in a row is taken where there is nothing else
    that names one.

    Args:
        offsets: `int64[Q + 1]`.
        codes: `int8[m, C]`: what kind of reason each of C options is, -1 where there is no such option; each place has
            one, at least.
        first: `int32[m, C]`: a track that it names, -1 for none.
        second: `int32[m, C]`: another one.
        worth: `float32[C]`; of equal ones the first is taken.
        again: What goes for a code that was there before, and for a track.
    """
    chosen = np.zeros(len(codes), np.int64)
    _alone(_choose, len(offsets) - 1, (offsets, codes, first, second, worth, *again), (chosen,))
    return chosen


@njit(cache=True, nogil=True)
def _choose(offsets, codes, first, second, worth, again_code, again_track, start, stop, chosen):
    for row in range(start, stop):
        for at in range(offsets[row], offsets[row + 1]):
            back = max(offsets[row], at - _WINDOW)
            best, option, other, other_option = -np.inf, -1, -np.inf, -1
            for c in range(codes.shape[1]):
                if codes[at, c] < 0:
                    continue
                left, in_a_row = worth[c], 0
                one, two = first[at, c], second[at, c]
                for before in range(at - 1, back - 1, -1):
                    was = chosen[before]
                    if codes[before, was] == codes[at, c]:
                        left -= again_code
                    for track in (first[before, was], second[before, was]):
                        if track >= 0 and track in (one, two):
                            left -= again_track
                            if in_a_row == at - 1 - before:
                                in_a_row += 1
                if one >= 0 and in_a_row >= _ROW:
                    if left > other:
                        other, other_option = left, c
                elif left > best:
                    best, option = left, c
            if option < 0 or (other_option >= 0 and first[at, option] < 0 and worth[option] < 0):
                option = other_option
            chosen[at] = option
