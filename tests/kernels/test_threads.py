# SPDX-License-Identifier: Apache-2.0

import threading

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.kernels.ragged import offsets_of
from segue.kernels.threads import spread


def noted(shares: list[tuple[int, int]]):  # type: ignore[no-untyped-def]
    lock = threading.Lock()

    def kernel(added: NDArray[np.int64], start: int, stop: int, made: NDArray[np.int64]) -> None:
        assert not added.flags.writeable
        with lock:
            shares.append((start, stop))
        made[start:stop] += added[start:stop]

    return kernel


@pytest.mark.parametrize("rows", [0, 1, 2, 17, 1000])
@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("costly", [False, True])
def test_every_row_is_done_once(rows: int, parallel: bool, costly: bool) -> None:
    shares: list[tuple[int, int]] = []
    made = np.zeros(rows, np.int64)
    costs = offsets_of(np.arange(rows) ** 2) if costly else None
    spread(noted(shares), rows, (np.arange(rows),), (made,), parallel=parallel, costs=costs)
    assert made.tolist() == list(range(rows))


def test_costly_rows_that_stand_together_are_shared_out() -> None:
    lengths = np.full(4000, 1)
    lengths[:40] = 10_000
    shares: list[tuple[int, int]] = []
    given = (np.zeros(4000, np.int64),)
    spread(noted(shares), 4000, given, (np.zeros(4000, np.int64),), parallel=True, costs=offsets_of(lengths))
    costliest = max(lengths[start:stop].sum() for start, stop in shares)
    assert costliest <= 2 * lengths.sum() / len(shares) + lengths.max()


def test_what_a_kernel_raises_is_raised() -> None:
    def kernel(start: int, stop: int, made: NDArray[np.int64]) -> None:
        raise ArithmeticError(f"{start} to {stop}")

    with pytest.raises(ArithmeticError):
        spread(kernel, 100, (), (np.zeros(100),), parallel=True)
