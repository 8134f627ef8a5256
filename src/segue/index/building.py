# SPDX-License-Identifier: Apache-2.0
"""Building: the least effort that finds enough on some queries is chosen, and what it finds is measured on others."""

from dataclasses import replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from segue.errors import BelowFloor
from segue.index.approximate import Approximate, Effort, train
from segue.index.config import IndexConfig, Kind
from segue.index.contents import Contents, as_built
from segue.index.measured import Measured, at_least, recall
from segue.kernels.products import best_products
from segue.kernels.ragged import Ragged
from segue.kernels.rescoring import best_of

__all__ = ["SAMPLE", "measured_contents"]

SAMPLE = 1000
"""Queries that an effort is chosen on; and as many others to measure it."""


def measured_contents(
    numbers: NDArray[np.int32],
    vectors: NDArray[np.float32],
    queries: NDArray[np.float32],
    config: IndexConfig,
    seed: int,
) -> Contents:
    """Return the contents of an index that finds enough.

    Args:
        numbers: `int32[n]`, ascending.
        vectors: `float32[n, f]`, finite.
        queries: `float32[≤ 2 SAMPLE, f]`: half choose the effort, half measure; fewer than two: some of the vectors.
        config: Which kind, and what it must find.
        seed: Of what is random.

    Raises:
        BelowFloor: It finds too little.
    """
    began = perf_counter()
    kind: Kind = config.kind_for(len(vectors))
    neighbours = min(config.neighbours, max(len(vectors), 1))
    if kind == "exact":
        seconds = round(perf_counter() - began, 3)
        measured = Measured("exact", len(vectors), 0, 1, 1.0, neighbours, 1.0, config.floor, 0, seconds, 0)
        return as_built(None, numbers, vectors, measured)
    if len(queries) < 2:
        rng = np.random.Generator(np.random.PCG64(seed))
        queries = vectors[rng.permutation(len(vectors))[: 2 * SAMPLE]]
    main = train(kind, vectors, seed)
    true, _ = best_products(queries, vectors, Ragged.empty(len(queries)), neighbours, parallel=True)
    half = len(queries) // 2
    main = _tuned(main, vectors, queries[:half], true[:half], config.floor)
    share = recall(_found(main, vectors, queries[half:], neighbours), true[half:])
    effort = main.effort
    measured = Measured(
        kind,
        len(vectors),
        main.lists,
        effort.probes,
        effort.refine,
        neighbours,
        round(share, 4),
        config.floor,
        len(queries) - half,
        round(perf_counter() - began, 3),
        main.bytes,
    )
    if share < config.floor:
        raise BelowFloor(
            f"the {kind} index of {len(vectors):,} vectors finds {share:.3f} of the {neighbours} nearest, its floor is "
            f'{config.floor}; choose another kind in [index], such as "ivf" or "exact", or a lower floor'
        )
    return as_built(main, numbers, vectors, measured)


def _tuned(
    main: Approximate, vectors: NDArray[np.float32], queries: NDArray[np.float32], true: NDArray[np.int32], floor: float
) -> Approximate:
    """Return the index at the effort that costs least of those that surely find enough; at the greatest, if none."""
    probes, chosen = main.efforts(), Effort(main.efforts()[-1], main.refines()[-1])
    neighbours = true.shape[1]
    for refine in main.refines():
        least, most = 0, len(probes)
        while least < most:
            middle = (least + most) // 2
            effort = Effort(probes[middle], refine)
            if main.cost(effort, neighbours) > main.cost(chosen, neighbours):
                most = middle  # finds enough or not: it is too dear
                continue
            if at_least(_found(replace(main, effort=effort), vectors, queries, neighbours), true) >= floor:
                chosen, most = effort, middle
            else:
                least = middle + 1
    return replace(main, effort=chosen)


def _found(main: Approximate, vectors: NDArray[np.float32], queries: NDArray[np.float32], k: int) -> NDArray[np.int32]:
    """Return the places of the k nearest, `int32[Q, k]`."""
    nobody, nothing = np.zeros(len(vectors), np.bool_), Ragged.empty(len(queries))
    chosen = main.candidates(queries, min(main.compared(k), len(vectors)), parallel=True)
    found, _, _ = best_of(queries, vectors, chosen, nothing, k, barred=nobody, parallel=True)
    return found
