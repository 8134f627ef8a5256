# SPDX-License-Identifier: Apache-2.0
"""Calling a kernel: compiled once for all arrays, and run on all cores by plain threads, since it releases the GIL."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numba import get_num_threads
from numpy.typing import NDArray

__all__ = ["spread"]

_SHARES = 16
"""Shares of each thread: rows differ in cost, and whoever is done takes the next share."""


def spread(
    kernel: Callable[..., object], given: Sequence[Any], made: Sequence[NDArray[Any]], *, parallel: bool
) -> None:
    """Do the rows `start, start + step, …` for every start below the step, by `kernel(*given, start, step, *made)`.

    Interleaving spreads costly rows that stand together, such as popular items, over the shares. One kernel serves
    requests and jobs alike, and is compiled once; Numba's own parallel loops are compiled apart from it, and their
    default threading layer does not bear two callers at a time.

    Args:
        kernel: Compiled with `nogil`; writes to its own rows alone.
        given: What it reads. Arrays are handed on read-only, as models that are mapped from disk have them, so that
            Numba compiles no second form for a mixture of mapped and fresh ones.
        made: What it writes to.
        parallel: Use as many threads as `numba.get_num_threads` says (jobs), or this one (requests).
    """
    read = [_frozen(one) if isinstance(one, np.ndarray) else one for one in given]
    threads = get_num_threads() if parallel else 1
    if threads == 1:
        kernel(*read, 0, 1, *made)
        return
    step = threads * _SHARES
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(kernel, *read, start, step, *made) for start in range(step)]:
            done.result()


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view(np.ndarray)
    view.flags.writeable = False
    return view
