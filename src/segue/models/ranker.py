# SPDX-License-Identifier: Apache-2.0
"""A learned ranker: gradient-boosted trees over what the sources say of each candidate."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numba import get_num_threads
from numpy.typing import NDArray
from pydantic import Field

from segue.dataset.matrices import Dataset
from segue.models.model import Learned, ModelConfig

if TYPE_CHECKING:
    import lightgbm

__all__ = ["Ranker", "RankerConfig", "unavailable"]


class RankerConfig(ModelConfig):
    """How the trees are grown."""

    objective: Literal["lambdarank", "binary"] = "lambdarank"
    """What they learn: the order of a list (LambdaMART), or the chance of each track on its own."""
    trees: int = Field(default=150, ge=1, le=5000)
    """How many."""
    leaves: int = Field(default=15, ge=2, le=1024)
    """Most leaves of a tree."""
    rate: float = Field(default=0.08, gt=0, le=1)
    """Share of each tree's answer that is added."""
    least: int = Field(default=50, ge=1)
    """Least candidates in a leaf."""
    truncation: int = Field(default=100, ge=1)
    """Places of a list that LambdaMART looks at."""


class Ranker(Learned):
    """Boosted trees by LightGBM (Ke et al. 2017), pointwise or LambdaMART (Burges 2010), over features of candidates.

    Features are given by name, so that a ranker that was learned over other sources is noticed and not misread.
    """

    name = "ranker"
    learned: ClassVar[tuple[str, ...]] = ("trees", "features")
    Config = RankerConfig
    config: RankerConfig
    trees: NDArray[np.uint8]
    """The trees as LightGBM writes them, UTF-8."""
    features: NDArray[np.uint8]
    """The features' names, one a line, UTF-8."""
    _booster: "lightgbm.Booster | None" = None

    def vocabulary(self, data: Dataset) -> None:
        """It speaks of features, not of items."""

    def fit(
        self,
        features: NDArray[np.float32],
        names: tuple[str, ...],
        relevant: NDArray[np.bool_],
        lengths: NDArray[np.int64],
        *,
        seed: int,
    ) -> None:
        """Learn which candidates of each list were the right ones.

        Args:
            features: `float32[n, F]`, list after list.
            names: Of the F features.
            relevant: `bool[n]`.
            lengths: `int64[lists]`, sums to n.
            seed: Of the features and rows that each tree looks at.
        """
        import lightgbm

        config = self.config
        options = {
            "objective": config.objective,
            "learning_rate": config.rate,
            "num_leaves": config.leaves,
            "min_data_in_leaf": config.least,
            "feature_fraction": 0.6,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "lambdarank_truncation_level": config.truncation,
            "label_gain": [0, 1],
            "seed": seed % 2**31,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": get_num_threads(),
            "verbosity": -1,
        }
        lists = lightgbm.Dataset(features, relevant.astype(np.int8), group=lengths, params=options, free_raw_data=True)
        booster = lightgbm.train(options, lists, config.trees)
        self.trees = np.frombuffer(booster.model_to_string().encode(), np.uint8)
        self.features = np.frombuffer("\n".join(names).encode(), np.uint8)
        self._booster = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features, in their order."""
        return tuple(self.features.tobytes().decode().split("\n"))

    def predict(self, features: NDArray[np.float32], *, parallel: bool = False) -> NDArray[np.float32]:
        """Return `float32[n]`, greater is better; only comparisons within a list mean anything.

        Args:
            features: `float32[n, F]`, in the order of `names`.
            parallel: Use all threads (jobs) or one (requests).
        """
        if self._booster is None:
            import lightgbm

            self._booster = lightgbm.Booster(model_str=self.trees.tobytes().decode())
        made: Any = self._booster.predict(features, raw_score=True, num_threads=get_num_threads() if parallel else 1)
        return np.asarray(made, np.float32)


def unavailable() -> str | None:
    """Return why LightGBM cannot be loaded here, and what to do; None where it can."""
    try:
        import lightgbm  # noqa: F401
    except OSError as error:  # its wheel does not carry the OpenMP runtime
        return f"LightGBM cannot be loaded ({error}); on Debian, apt-get install libgomp1"
    return None
