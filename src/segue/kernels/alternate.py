# SPDX-License-Identifier: Apache-2.0
"""A half-step of implicit ALS: both sides turned to the axes of the one, then the other solved for, on all threads."""

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from segue.kernels.conjugate import descend
from segue.kernels.factors import axes, solve_rows
from segue.kernels.ragged import Ragged

__all__ = ["Solver", "half_step"]

Solver: TypeAlias = Literal["conjugate", "blocks", "exact"]
Side: TypeAlias = NDArray[np.float32]


def half_step(
    matrix: Ragged,
    regularization: NDArray[np.float32],
    rows: Side,
    other: Side,
    *,
    solver: Solver = "conjugate",
    steps: int = 2,
    block: int = 64,
) -> tuple[Side, Side]:
    """Return the factors of the rows, solved for, and those of the other side, both along the latter's axes.

    Args:
        matrix: Q rows of columns, with weights `a = c - 1`, above 0.
        regularization: `float32[Q]`: λ of each row, above 0.
        rows: `float32[Q, f]`: where the rows stood.
        other: `float32[n, f]`: the factors of the columns.
        solver: How a row is solved for.
        steps: Of conjugate gradients.
        block: Factors at a time, in blocks.
    """
    vectors, spectrum = axes(other)
    other = other @ vectors
    rows = rows @ vectors
    given = matrix, regularization, other, spectrum
    if solver == "conjugate":
        return descend(*given, rows, steps, parallel=True), other
    return solve_rows(*given, found=rows, block=block if solver == "blocks" else None, parallel=True), other
