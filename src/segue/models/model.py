# SPDX-License-Identifier: Apache-2.0
"""The contract of every model."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from segue.dataset.matrices import Dataset, Vocabulary
from segue.index.index import Index
from segue.kernels.ragged import Ragged
from segue.kernels.shares import strongest

__all__ = ["Learned", "Model", "ModelConfig", "Ranked"]

Ranked: TypeAlias = tuple[NDArray[np.int32], NDArray[np.float32]]
"""`int32[Q, k]` items, best first, -1 behind the last; `float32[Q, k]` scores, -inf there."""


class ModelConfig(BaseModel):
    """Base of all configs: unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Learned(ABC):
    """What can be written as a version: a config, and the arrays that `learned` names.

    Each array is typed at class level and set only by `fit` (or `restore`).
    """

    name: ClassVar[str]
    learned: ClassVar[tuple[str, ...]]
    Config: ClassVar[type[ModelConfig]]
    config: ModelConfig
    index: Index | None = None
    """Searches the vectors that it ranks by, where there are too many to compare all with each history; given to it
    after a fit or a load. None: all are compared."""

    def __init__(self, config: ModelConfig | None = None):
        self.config = config or self.Config()

    def vocabulary(self, data: Dataset) -> Vocabulary | None:
        """Return the items that it knows after a fit to the dataset; None for what knows no items."""
        return data.items

    def state(self) -> dict[str, NDArray[Any]]:
        """Return what was learned, by name."""
        return {name: getattr(self, name) for name in self.learned}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take back what `state` returned."""
        for name in self.learned:
            setattr(self, name, arrays[name])


class Model(Learned):
    """Learns from a dataset and ranks items for histories, also of listeners that it never saw.

    The rows of what it learned are items or artists. All that is ranked lies in the dataset's vocabulary: an item is
    an index into it.
    """

    @abstractmethod
    def fit(self, data: Dataset, *, seed: int) -> None:
        """Learn from the dataset; the same data, config and seed give the same bytes.

        Raises:
            NotReady: The dataset lacks a matrix that the model needs.
        """

    @abstractmethod
    def recommend(self, history: Ragged, exclude: Ragged, k: int, *, parallel: bool = False) -> Ranked:
        """Rank the k best items for each history.

        Args:
            history: Q rows of items with weights (above 0: liked; below 0: skipped).
            exclude: Q rows of items that must not be returned.
            k: How many a row.
            parallel: Use all threads (jobs) or one (requests).
        """

    def score(self, history: Ragged, items: Ragged) -> NDArray[np.float32]:  # noqa: ARG002
        """Score chosen items for each history, as `recommend` would: `float32[n]` beside the n values of `items`.

        NaN where the model has nothing to say; one that can only rank says nothing.
        """
        return np.full(len(items.values), np.nan, np.float32)

    def contributions(self, history: Ragged, items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Say how much each item of one history adds to the score of each of `items`: `float32[h, len(items)]`.

        Columns sum to the scores of `recommend`. A model that no history moves, or whose scores are no sums over the
        history, returns zeros.
        """
        return np.zeros((len(history.values), len(items)), np.float32)

    def strongest(
        self,
        history: Ragged,
        items: Ragged,
        count: int = 1,
        *,
        parallel: bool = False,  # noqa: ARG002
    ) -> NDArray[np.int32]:
        """Return for each of `items` the items of its history that add most to its score, `int32[n, count]`.

        Most first, -1 behind the last: what adds nothing, or a small share of what adds most, is not named.

        Args:
            history: Q rows, as `recommend` takes them.
            items: Q rows of items (weights unused).
            count: How many, at most.
            parallel: Use all threads (jobs) or one (requests).
        """
        found = np.full((len(items.values), count), -1, np.int32)
        for row in np.flatnonzero(np.diff(items.offsets) * np.diff(history.offsets)).tolist():
            heard, asked = history.take(np.array([row])), items.row(row)
            parts = self.contributions(heard, asked)
            table = Ragged(items.offsets[[row, row + 1]] - items.offsets[row], asked, np.ones(len(asked), np.float32))
            places = strongest(np.array([0, parts.size]), np.ascontiguousarray(parts.T).ravel(), table, count)
            found[items.offsets[row] : items.offsets[row + 1]] = heard.pick(table.offsets, places)
        return found
