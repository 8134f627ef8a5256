# SPDX-License-Identifier: Apache-2.0
"""An index for a model that searches among many vectors, measured with histories such as it will be asked about."""

from collections.abc import Iterator

import numpy as np

from segue.dataset.matrices import Dataset
from segue.errors import BelowFloor
from segue.index.config import IndexConfig
from segue.index.index import build
from segue.kernels.ragged import Ragged
from segue.models.als import ImplicitALS
from segue.models.model import Learned

__all__ = ["give_index"]

_ASKED = 1000
"""Rows whose halves are folded in, to choose how much the index reads and to measure what it finds."""


def give_index(model: Learned, data: Dataset, config: IndexConfig, seed: int) -> Iterator[str]:
    """Give a fitted model an index, where it ranks so many items that one is worth it; say so, or why it has none.

    One that finds too little is refused, and the model goes on comparing all.

    Args:
        model: Only ALS is searched by inner product so far; others are left as they are.
        data: What it was fitted to.
        config: Which kind, and what it must find.
        seed: Of the rows that are drawn, and of the build.
    """
    if not isinstance(model, ImplicitALS) or config.kind_for(len(model.item_factors)) == "exact":
        return
    rng = np.random.Generator(np.random.PCG64(seed))
    matrix = data.stacked(model.config.rows)
    rows = Ragged.of_matrix(matrix[np.sort(rng.permutation(matrix.shape[0])[:_ASKED])])
    queries = model.fold_in(rows.keep(rng.random(len(rows.values)) < 0.5), parallel=True)
    queries = rng.permutation(queries[queries.any(axis=1)])
    try:
        model.index = build(model.item_factors, queries, config, seed=seed)
    except BelowFloor as error:
        yield f"{model.name} is searched exactly: {error}"
    else:
        made = model.index.measured
        yield f"{model.name} is searched by {made.kind}, which finds {made.recall:.3f} of the {made.neighbours} nearest"
