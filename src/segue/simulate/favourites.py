# SPDX-License-Identifier: Apache-2.0
"""The favourites of each taste: what listeners come back to, and how it changes from week to week."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.simulate.listeners import Listeners
from segue.simulate.music import Music
from segue.simulate.pools import Pools
from segue.simulate.truth import MOST_TASTES

__all__ = ["Favourites", "choose"]

_FEWEST, _MOST, _PER_SLOT = 16, 64, 50  # slots: one for so many tracks of the catalogue
_STEEPNESS = 1.3  # a turn u falls on slot `slots * u ** steepness`: the first slots come round most
_CANDIDATES = 400
_DISCERNMENT = 30.0  # how much the choice heeds affinity, beside Gumbel noise
_WIDE = 0.3
_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Favourites:
    """A table of tracks, int32 [listeners * MOST_TASTES, slots], dearest first."""

    tracks: NDArray[np.int32]

    def at(self, taste: NDArray[np.intp], turn: NDArray[np.float64]) -> NDArray[np.int32]:
        """Return the favourite on which a turn in [0, 1) falls, for each row's taste."""
        slots = self.tracks.shape[1]
        slot = np.asarray(slots * turn**_STEEPNESS, dtype=np.intp)
        return self.tracks[taste, slot]

    def adopt(self, taste: NDArray[np.intp], track: NDArray[np.int32], rng: np.random.Generator) -> "Favourites":
        """Return the favourites after these tracks took the places of others; the later row wins a place."""
        known = (self.tracks[taste] == track[:, None]).any(axis=1)
        changed = self.tracks.copy()
        changed[taste[~known], rng.integers(0, self.tracks.shape[1], np.count_nonzero(~known))] = track[~known]
        return Favourites(changed)


def choose(music: Music, listeners: Listeners, pools: Pools, rng: np.random.Generator) -> Favourites:
    """Return first favourites: per taste, the best of many tracks of its style. A bot's are one artist's tracks."""
    rows = np.flatnonzero(listeners.taste_weights.ravel() > 0)
    subgenre = listeners.taste_subgenre.ravel()
    vectors = listeners.taste_vectors.reshape(len(subgenre), -1)
    slots = min(max(len(music.album) // _PER_SLOT, _FEWEST), _MOST)
    tracks = np.zeros((len(subgenre), slots), np.int32)
    for first in range(0, len(rows), _CHUNK):
        row = rows[first : first + _CHUNK]
        shape = (len(row), _CANDIDATES)
        region = listeners.region[row // MOST_TASTES]
        wide = rng.random(shape) < _WIDE
        candidate = np.sort(pools.of_style(region[:, None], subgenre[row][:, None], wide, rng), axis=1)
        appeal = _DISCERNMENT * np.einsum("rcd,rd->rc", music.vectors[candidate], vectors[row])
        appeal += rng.gumbel(size=shape)
        appeal[:, 1:][candidate[:, 1:] == candidate[:, :-1]] -= 1_000
        best = np.argsort(-appeal, axis=1, kind="stable")[:, :slots]
        tracks[row] = np.take_along_axis(candidate, best, axis=1)
    bots = np.flatnonzero(listeners.bot)
    of_one = pools.of_chart(listeners.region[bots], rng)
    for bot, track in zip(bots, of_one, strict=True):
        farmed = np.flatnonzero((music.artist == music.artist[track]) & (music.release_week < 0))
        tracks[bot * MOST_TASTES : (bot + 1) * MOST_TASTES] = np.resize(farmed if len(farmed) else track, slots)
    return Favourites(tracks)
