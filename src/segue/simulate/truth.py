# SPDX-License-Identifier: Apache-2.0
"""What is true in a simulated world and what no recommender may see."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_TASTES", "Truth", "match"]

MOST_TASTES = 4
"""Tastes that a listener has at most: the length of axis 1 below."""

_MIDDLE = 0.5
_STEEPNESS = 11.0
_CHUNK = 4_096


@dataclass(frozen=True, slots=True)
class Truth:
    """Listener i is row i of `World.listeners`, track j row j of `World.tracks`; K is `MOST_TASTES`, D the latent size.

    A taste of weight 0 does not exist; taste 0 always does. All latent vectors have length 1.
    """

    track_vectors: NDArray[np.float32]
    """[tracks, D]: how a track sounds, then which language it is in."""
    taste_vectors: NDArray[np.float32]
    """[listeners, K, D]: what each taste asks for."""
    taste_weights: NDArray[np.float32]
    """[listeners, K]: share of a listener's sessions that follow a taste; rows add up to 1."""
    taste_subgenre: NDArray[np.intp]
    """[listeners, K]: index into `genres.SUBGENRES`."""
    taste_occasion: NDArray[np.intp]
    """[listeners, K]: index into `occasions.OCCASIONS`."""
    track_subgenre: NDArray[np.intp]
    """[tracks]: index into `genres.SUBGENRES`."""
    popularity: NDArray[np.float64]
    """[tracks]: how well known a track is from its release on; adds up to 1."""
    release_week: NDArray[np.intp]
    """[tracks]: week at whose start it comes out; −1: before the first."""
    viral_week: NDArray[np.intp]
    """[tracks]: week in which everyone starts to play it; −1: never."""
    sessions_per_week: NDArray[np.float64]
    """[listeners]: expected sessions."""
    exploration: NDArray[np.float32]
    """[listeners]: share of plays beyond the favourites."""
    night_shift: NDArray[np.bool_]
    """[listeners]: whose day is turned round."""
    bot: NDArray[np.bool_]
    """[listeners]: who is a machine; its tastes mean nothing."""
    move_week: NDArray[np.intp]
    """[listeners]: week at whose start they move to another region; −1: never."""
    move_region: NDArray[np.intp]
    """[listeners]: index into `regions.REGIONS`, of where they move to; −1: nowhere."""
    age: NDArray[np.intp]
    """[listeners]: index into `tuple(AgeBracket)`."""
    allows_explicit: NDArray[np.bool_]
    """[listeners]: who lets explicit music come."""
    topics: NDArray[np.intp]
    """[listeners, 2]: what they like to hear talked of, dearest first; index into `serials.TOPICS`."""
    hears_shows: NDArray[np.bool_]
    """[listeners]: who has the habit of podcasts."""
    hears_books: NDArray[np.bool_]
    """[listeners]: who has the habit of audiobooks."""

    def affinity(self, listeners: NDArray[np.integer], tracks: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return how well each track suits each listener's best-suited taste: float32 [listeners, tracks], −1 to 1."""
        wanted = self.track_vectors[tracks].T
        best: NDArray[np.float32] = self.taste_vectors[listeners, 0] @ wanted
        for taste in range(1, MOST_TASTES):
            exists = self.taste_weights[listeners, taste] > 0
            found = self.taste_vectors[listeners, taste] @ wanted
            np.maximum(best, found, out=best, where=exists[:, None])
        return best

    def suits(self, listeners: NDArray[np.integer], tracks: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return what `affinity` does where each listener has tracks of their own: int [n] and [n, k] give [n, k]."""
        best = np.empty(tracks.shape, np.float32)
        for first in range(0, len(listeners), _CHUNK):
            part = slice(first, first + _CHUNK)
            tastes = self.taste_vectors[listeners[part]].transpose(0, 2, 1)
            found = self.track_vectors[tracks[part]] @ tastes
            best[part] = np.where(self.taste_weights[listeners[part], None] > 0, found, -1).max(axis=2)
        return best


def match(affinity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much a track of this affinity is liked: 0 (not at all) to 1 (fully), of the same shape."""
    return np.asarray(1.0 / (1.0 + np.exp(_STEEPNESS * (_MIDDLE - affinity))), dtype=np.float32)
