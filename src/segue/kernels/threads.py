# SPDX-License-Identifier: Apache-2.0
"""Running one serial kernel on all cores: kernels release the GIL, so plain threads share the rows."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from numba import get_num_threads

__all__ = ["spread"]

_SHARES = 16
"""Shares of each thread: rows differ in cost, and whoever is done takes the next share."""


def spread(work: Callable[[int, int], object], *, parallel: bool) -> None:
    """Do the rows `start, start + step, …` for every start below the step.

    Interleaving spreads costly rows that stand together, such as popular items, over the shares. One kernel serves
    requests and jobs alike, and is compiled once; Numba's own parallel loops are compiled apart from it, and their
    default threading layer does not bear two callers at a time.

    Args:
        work: Called as `work(start, step)`; it must release the GIL, and write to its own rows alone.
        parallel: Use as many threads as `numba.get_num_threads` says (jobs), or this one (requests).
    """
    threads = get_num_threads() if parallel else 1
    if threads == 1:
        work(0, 1)
        return
    step = threads * _SHARES
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, start, step) for start in range(step)]:
            done.result()
