# SPDX-License-Identifier: Apache-2.0
"""How sure a figure is: bootstrap intervals of means, and of differences between models on the same rows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Interval", "bootstrap", "paired"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and where it lies with 95% confidence."""

    mean: float
    low: float
    high: float


def bootstrap(rows: NDArray[np.float64], *, seed: int, resamples: int = 2000) -> Interval:
    """Return the mean over rows (NaN left out) with its 95% percentile interval (Efron 1979).

    Args:
        rows: `float64[Q]`, such as a measure of `accuracy`.
        seed: Of the resampling.
        resamples: How many.
    """
    known = rows[~np.isnan(rows)]
    if not len(known):
        return Interval(0.0, 0.0, 0.0)
    rng = np.random.Generator(np.random.PCG64(seed))
    means = [known[rng.integers(0, len(known), len(known))].mean() for _ in range(resamples)]
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(known.mean()), float(low), float(high))


def paired(ours: NDArray[np.float64], theirs: NDArray[np.float64], *, seed: int, resamples: int = 2000) -> Interval:
    """Return the mean difference `ours - theirs` on the same rows, with its 95% interval.

    Rows are resampled in pairs, so that what makes a row hard for both is not counted as doubt. An interval that holds
    0 is no difference.
    """
    return bootstrap(ours - theirs, seed=seed, resamples=resamples)
