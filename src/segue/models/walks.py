# SPDX-License-Identifier: Apache-2.0
"""Random walks of two steps: from an item to a row that holds it, and on to another item of that row."""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from segue.dataset.matrices import Dataset
from segue.errors import NotReady
from segue.kernels.neighbours import contributions, neighbours, score_by_neighbours, scores_at, strongest_at
from segue.kernels.ragged import Ragged, faded
from segue.models.model import Model, ModelConfig, Ranked

__all__ = ["RandomWalk", "RandomWalkConfig"]


class RandomWalkConfig(ModelConfig):
    """How likely a step is, and how much less likely a popular end."""

    rows: tuple[Literal["listeners", "playlists", "sessions"], ...] = ("listeners", "playlists")
    """The matrices whose rows are walked through."""
    weighted: bool = False
    """Whether a step is as likely as its preference says (else all steps from one place are equally likely)."""
    alpha: float = Field(default=0.8, ge=0, le=2)
    """The probability of each step counts to this power (a plain walk: 1)."""
    beta: float = Field(default=0.35, ge=0, le=2)
    """The number of rows that hold an item, to this power, divides what ends at it."""
    neighbours: int = Field(default=200, ge=1, le=2000)
    """How many ends are kept of each item, likeliest first."""
    recency: float = Field(default=0.0, ge=0, le=2)
    """How much less older items of a history count: their place from its end to this power divides their weight."""


class RandomWalk(Model):
    """Walks item → row → item: P³α (Cooper et al. 2014) and RP³β (Paudel et al. 2017).

    `walk(i, j) = Σ_u p(i → u)^alpha · p(u → j)^alpha / |j|^beta`, where |j| is how many rows hold j. The papers' third
    step, the first of a walk, is from the listener to an item: here each item of the history at hand, by its weight.

    Not weighted, this is `ItemKnn` seen from another side: binary entries, an asked exponent of 2 · alpha, a found
    exponent of 2 · beta and a row damping of alpha.
    """

    name = "walks"
    learned: ClassVar[tuple[str, ...]] = ("found", "walks")
    Config = RandomWalkConfig
    config: RandomWalkConfig
    found: NDArray[np.int32]
    """`int32[n, K]`: where walks from each item end, likeliest first, -1 behind the last."""
    walks: NDArray[np.float32]
    """`float32[n, K]`."""

    def fit(self, data: Dataset, *, seed: int) -> None:  # noqa: ARG002 (all walks are counted, none is drawn)
        """Sum the walks between all pairs of items."""
        config = self.config
        matrix = data.stacked(config.rows)
        if matrix.nnz == 0:
            raise NotReady(f"walks: the dataset has no {' or '.join(config.rows)}")
        if not config.weighted:
            matrix.data[:] = 1
        n = matrix.shape[1]
        holding = np.maximum(np.bincount(matrix.indices, minlength=n), 1)
        leaving_item = np.bincount(matrix.indices, matrix.data, n)
        leaving_item[leaving_item == 0] = 1
        row = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        leaving_row = np.bincount(row, matrix.data, matrix.shape[0])
        # One power of a row's outflow is spread over both steps, so that the matrix stays its own transpose.
        matrix.data = ((matrix.data / np.sqrt(leaving_row[row])) ** config.alpha).astype(np.float32)
        self.found, self.walks = neighbours(
            Ragged.of_matrix(matrix),
            np.stack([leaving_item**config.alpha, holding**config.beta]).astype(np.float32),
            0.0,
            min(config.neighbours, max(n - 1, 1)),
        )

    def recommend(self, history: Ragged, exclude: Ragged, k: int, *, parallel: bool = False) -> Ranked:
        """Sum the walks from each history's items."""
        asked = faded(history, self.config.recency)
        return score_by_neighbours(asked, exclude, self.found, self.walks, len(self.found), k, parallel=parallel)

    def score(self, history: Ragged, items: Ragged) -> NDArray[np.float32]:
        """Sum the walks from each history's items to chosen ones."""
        return scores_at(faded(history, self.config.recency), items, self.found, self.walks, len(self.found))

    def contributions(self, history: Ragged, items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return the walks from each history item to each of `items`, times its weight."""
        return contributions(faded(history, self.config.recency), self.found, self.walks, items)

    def strongest(self, history: Ragged, items: Ragged, count: int = 1, *, parallel: bool = False) -> NDArray[np.int32]:  # noqa: ARG002
        """Return what adds most, by the same numbers."""
        asked = faded(history, self.config.recency)
        return history.pick(items.offsets, strongest_at(asked, items, self.found, self.walks, len(self.found), count))
