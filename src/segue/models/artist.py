# SPDX-License-Identifier: Apache-2.0
"""More by the artists of the history, most played first: the cheapest signal there is, and a baseline."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from segue.dataset.matrices import Dataset
from segue.kernels.neighbours import contributions, score_by_neighbours, scores_at, strongest_at
from segue.kernels.ragged import Ragged, row_numbers
from segue.models.model import Model, ModelConfig, Ranked
from segue.models.popularity import popularity

__all__ = ["SameArtist", "SameArtistConfig"]


class SameArtistConfig(ModelConfig):
    """How far into an artist's work to reach."""

    tracks: int = Field(default=60, ge=1, le=1000)
    """Tracks kept of each artist, most played first."""


class SameArtist(Model):
    """Ranks tracks of an artist by the share of the artist's most played track that they reach."""

    name = "artist"
    learned: ClassVar[tuple[str, ...]] = ("artists", "tracks", "shares")
    Config = SameArtistConfig
    config: SameArtistConfig
    artists: NDArray[np.int32]
    """`int32[n]`: the artist of each item, an index into `tracks`."""
    tracks: NDArray[np.int32]
    """`int32[A, K]`: items of each artist, most played first, -1 behind the last."""
    shares: NDArray[np.float32]
    """`float32[A, K]`: plays as a share of the artist's most played, damped by a square root."""

    def fit(self, data: Dataset, *, seed: int) -> None:  # noqa: ARG002 (nothing is random here)
        """Order each artist's items by their plays."""
        plays = popularity(data, None)
        artists = data.items.artists
        order = np.lexsort((-plays, artists))
        lengths = np.bincount(artists)
        offsets = np.concatenate([[0], lengths.cumsum()])
        place = np.arange(len(order)) - offsets[:-1][artists[order]]
        width = min(self.config.tracks, int(lengths.max()))
        kept = place < width
        self.artists = artists
        self.tracks = np.full((len(lengths), width), -1, np.int32)
        self.tracks[artists[order[kept]], place[kept]] = order[kept]
        self.shares = np.zeros(self.tracks.shape, np.float32)
        most = np.maximum(plays[order[offsets[:-1].clip(max=len(order) - 1)]], 1e-9)
        self.shares[artists[order[kept]], place[kept]] = np.sqrt(plays[order[kept]] / most[artists[order[kept]]])

    def recommend(self, history: Ragged, exclude: Ragged, k: int, *, parallel: bool = False) -> Ranked:
        """Sum the shares over the artists of each history, averaged over the history."""
        asked = self._artists_of(history)
        return score_by_neighbours(asked, exclude, self.tracks, self.shares, len(self.artists), k, parallel=parallel)

    def score(self, history: Ragged, items: Ragged) -> NDArray[np.float32]:
        """Return the shares of chosen items beside each history's artists."""
        return scores_at(self._artists_of(history), items, self.tracks, self.shares, len(self.artists))

    def contributions(self, history: Ragged, items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the items' shares beside the history's items of the same artist."""
        return contributions(self._artists_of(history), self.tracks, self.shares, items)

    def strongest(self, history: Ragged, items: Ragged, count: int = 1, *, parallel: bool = False) -> NDArray[np.int32]:  # noqa: ARG002
        """Return what adds most, by the same numbers."""
        asked = self._artists_of(history)
        return history.pick(
            items.offsets, strongest_at(asked, items, self.tracks, self.shares, len(self.artists), count)
        )

    def _artists_of(self, history: Ragged) -> Ragged:
        """Return each history's artists, weighted by their shares of it."""
        liked = np.maximum(history.weights, 0)
        rows = row_numbers(history.offsets)
        total = np.bincount(rows, liked, len(history))
        shares = (liked / np.maximum(total, 1e-9)[rows]).astype(np.float32)
        return Ragged(history.offsets, self.artists[history.values], shares)
