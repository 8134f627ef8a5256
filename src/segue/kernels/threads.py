# SPDX-License-Identifier: Apache-2.0
"""Calling a kernel: compiled once for all arrays, and run on all cores by plain threads, since it releases the GIL."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numba import get_num_threads
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

__all__ = ["one_thread_each", "spread"]

_SHARES = 32
"""Shares of each thread: rows differ in cost, and whoever is done takes the next share."""
_FEWEST = 16
"""Rows of a share, unless there are fewer for each thread."""


def spread(
    kernel: Callable[..., object],
    rows: int,
    given: Sequence[Any],
    made: Sequence[NDArray[Any]],
    *,
    parallel: bool,
    costs: NDArray[Any] | None = None,
) -> None:
    """Do all rows, by `kernel(*given, start, stop, *made)` for the rows of each share.

    One kernel serves requests and jobs alike, and is compiled once; Numba's own parallel loops are compiled apart from
    it, and their default threading layer does not bear two callers at a time.

    Args:
        kernel: Compiled with `nogil`; writes to its own rows alone.
        rows: How many there are.
        given: What it reads. Arrays are handed on read-only, as models that are mapped from disk have them, so that
            Numba compiles no second form for a mixture of mapped and fresh ones.
        made: What it writes to.
        parallel: Use as many threads as `numba.get_num_threads` says (jobs), or this one (requests).
        costs: `[rows + 1]`, not decreasing: what all rows before each one cost, such as the offsets of ragged rows. So
            that popular items, which often stand together, make no share the last to end. None: all cost the same.
    """
    read = [_frozen(one) if isinstance(one, np.ndarray) else one for one in given]
    threads = get_num_threads() if parallel else 1
    if threads == 1:
        kernel(*read, 0, rows, *made)
        return
    shares = _shares(rows, threads, costs)
    with ThreadPoolExecutor(threads) as pool:
        for one in [pool.submit(_work, kernel, read, shares, made) for _ in range(threads)]:
            one.result()


def _shares(rows: int, threads: int, costs: NDArray[Any] | None) -> Iterator[tuple[int, int]]:
    count = min(threads * _SHARES, max(rows // _FEWEST, threads))
    return pairwise(_borders(rows, count, costs))


def _work(
    kernel: Callable[..., object],
    given: Sequence[Any],
    shares: Iterator[tuple[int, int]],
    made: Sequence[NDArray[Any]],
) -> None:
    """Do the next share until none is left; the interpreter lets one thread at a time ask for it."""
    for start, stop in shares:
        if start < stop:
            kernel(*given, start, stop, *made)


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Hold BLAS to one thread a caller, for work that calls it from many."""
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


def _borders(rows: int, shares: int, costs: NDArray[Any] | None) -> list[int]:
    """Return where each share begins, and where the last one ends."""
    if costs is None:
        return [rows * share // shares for share in range(shares + 1)]
    total = costs + np.arange(rows + 1) * (1 + (costs[-1] - costs[0]) // (8 * max(rows, 1)))  # an empty row costs too
    inner = np.searchsorted(total, np.linspace(total[0], total[-1], shares + 1)[1:-1])
    return [0, *inner.tolist(), rows]


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view(np.ndarray)
    view.flags.writeable = False
    return view
