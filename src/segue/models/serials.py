# SPDX-License-Identifier: Apache-2.0
"""Podcasts and audiobooks beside one another: who hears one hears which others, and how many hear each."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from segue.dataset.matrices import Dataset
from segue.kernels.ragged import Ragged
from segue.models.knn import ItemKnn, ItemKnnConfig
from segue.models.model import Learned, ModelConfig, Ranked
from segue.models.popularity import Popularity, PopularityConfig

__all__ = ["SerialsConfig", "SerialsModel"]


class SerialsConfig(ModelConfig):
    """How serials are compared and counted."""

    knn: ItemKnnConfig = ItemKnnConfig(rows=("listeners",), found_exponent=0.3, shrinkage=1.0)
    """What two serials must share to be neighbours."""
    popularity: PopularityConfig = PopularityConfig()
    """How fast their fame fades."""


class SerialsModel(Learned):
    """A neighbourhood and a popularity whose items are whole serials, each counted once for a listener.

    It is fitted to a dataset of its own (`dataset.serials`), so that no play of music counts in it, and none of a
    podcast counts for music. An item's id is that of its serial's first part in the catalogue.
    """

    name = "serials"
    learned: ClassVar[tuple[str, ...]] = ("found", "similarity", "scores", "order")
    Config = SerialsConfig
    config: SerialsConfig
    found: NDArray[np.int32]
    """`int32[n, K]`: the neighbours of each serial, as `ItemKnn` has them."""
    similarity: NDArray[np.float32]
    """`float32[n, K]`."""
    scores: NDArray[np.float32]
    """`float32[n]`: the popularity of each, as a share of the greatest."""
    order: NDArray[np.int32]
    """`int32[n]`: serials, most popular first."""

    def fit(self, data: Dataset, *, seed: int) -> None:
        """Count who hears what.

        Raises:
            NotReady: Nobody hears anything spoken.
        """
        knn, popularity = ItemKnn(self.config.knn), Popularity(self.config.popularity)
        knn.fit(data, seed=seed)
        popularity.fit(data, seed=seed)
        self.restore({**knn.state(), **popularity.state()})

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take back what `state` returned."""
        super().restore(arrays)
        self._knn = ItemKnn(self.config.knn)
        self._knn.restore(arrays)

    def recommend(self, history: Ragged, exclude: Ragged, k: int) -> Ranked:
        """Rank the serials that those of each history are heard beside."""
        return self._knn.recommend(history, exclude, k)

    def score(self, history: Ragged, items: Ragged) -> NDArray[np.float32]:
        """Score chosen serials, as `recommend` would."""
        return self._knn.score(history, items)

    def strongest(self, history: Ragged, items: Ragged, count: int = 1) -> NDArray[np.int32]:
        """Return the serials of the history that add most to each of `items`: `int32[n, count]`, -1 behind the last."""
        return self._knn.strongest(history, items, count)
