# SPDX-License-Identifier: Apache-2.0
"""What everyone plays, recent plays first: the last resort of every list, and a baseline of every table."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from segue.dataset.matrices import Dataset, Interactions
from segue.kernels.lists import first_unlisted
from segue.kernels.ragged import Ragged
from segue.models.model import Model, ModelConfig, Ranked

__all__ = ["Popularity", "PopularityConfig", "popularity"]


class PopularityConfig(ModelConfig):
    """How fast fame fades."""

    half_life_days: float | None = Field(default=60.0, gt=0)
    """A listener who last played the item so many days ago counts half; None: all count alike."""


class Popularity(Model):
    """Counts the rows (listeners and playlists) that have an item, each faded by its last play."""

    name = "popularity"
    learned: ClassVar[tuple[str, ...]] = ("scores", "order")
    Config = PopularityConfig
    config: PopularityConfig
    scores: NDArray[np.float32]
    """`float32[n]`: the count of each item, as a share of the greatest."""
    order: NDArray[np.int32]
    """`int32[n]`: items, most popular first."""

    def fit(self, data: Dataset, *, seed: int) -> None:  # noqa: ARG002 (nothing is random here)
        """Count."""
        counts = popularity(data, self.config.half_life_days)
        self.scores = (counts / max(counts.max(initial=0), 1e-9)).astype(np.float32)
        self.order = np.argsort(-self.scores, kind="stable").astype(np.int32)

    def recommend(self, history: Ragged, exclude: Ragged, k: int, *, parallel: bool = False) -> Ranked:  # noqa: ARG002
        """Rank the same items for everyone, less what each row excludes."""
        items = first_unlisted(np.asarray(self.order), exclude, k)
        return items, np.where(items >= 0, self.scores[items], np.float32(-np.inf))

    def score(self, history: Ragged, items: Ragged) -> NDArray[np.float32]:  # noqa: ARG002
        """Return the items' popularity."""
        return self.scores[items.values]


def popularity(data: Dataset, half_life_days: float | None) -> NDArray[np.float64]:
    """Return `float64[n]`: how many listeners and playlists have each item, each faded by its age.

    Where there are neither, sessions are counted.
    """
    counts = np.zeros(len(data.items))
    parts = [part for part in (data.listeners, data.playlists) if part is not None]
    if not parts and data.sessions is not None:
        parts = [data.sessions]
    for part in parts:
        np.add.at(counts, part.items, _fade(part, data, half_life_days))
    return counts


def _fade(part: Interactions, data: Dataset, half_life_days: float | None) -> NDArray[np.float64]:
    if part.times is None or half_life_days is None or data.reference_at is None:
        return np.ones(part.nnz)
    age_days = (data.reference_at.timestamp() * 1000 - part.times) / 86_400_000
    return np.where(part.times < 0, 1.0, np.exp2(-np.maximum(age_days, 0) / half_life_days))
