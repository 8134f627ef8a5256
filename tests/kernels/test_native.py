# SPDX-License-Identifier: Apache-2.0

import numpy as np
from numba import njit

from segue.kernels.native import fma, load, load_halves, narrow, prefetch, splat, store, times, total, transpose


@njit
def _narrowed(singles, halves):  # type: ignore[no-untyped-def]
    for i in range(len(singles)):
        halves[i] = narrow(singles[i])


@njit
def _widened(halves, singles):  # type: ignore[no-untyped-def]
    for k in range(0, halves.shape[1], 16):
        store(singles, 0, k, load_halves(halves, 0, k))


@njit
def _worked(source, target):  # type: ignore[no-untyped-def]
    prefetch(source, 1, 0)
    store(target, 0, 3, fma(load(source, 0, 1), splat(np.float32(2)), times(load(source, 1, 0), load(source, 1, 0))))
    target[1, 0] = total(load(source, 1, 1))


@njit
def _transposed(source, target):  # type: ignore[no-untyped-def]
    transpose(source, 2, 3, target, 1, 5)


def test_every_half_is_widened_as_numpy_does() -> None:
    halves = np.arange(2**16, dtype=np.uint16).reshape(1, -1)
    singles = np.empty((1, 2**16), np.float32)
    _widened(halves, singles)
    np.testing.assert_array_equal(singles, halves.view(np.float16).astype(np.float32))


def test_singles_are_narrowed_as_numpy_does() -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    singles = (rng.normal(0, 1, 100_000) * 10.0 ** rng.uniform(-9, 4, 100_000)).astype(np.float32)
    halves = np.empty(len(singles), np.uint16)
    _narrowed(singles, halves)
    np.testing.assert_array_equal(halves.view(np.float16), singles.astype(np.float16))


def test_sixteen_numbers_are_worked_on_at_once() -> None:
    source = np.random.Generator(np.random.PCG64(2)).normal(0, 1, (2, 17)).astype(np.float32)
    target = np.zeros((2, 20), np.float32)
    _worked(source, target)
    np.testing.assert_allclose(target[0, 3:19], 2 * source[0, 1:17] + source[1, :16] ** 2, rtol=1e-6)
    assert target[0, :3].tolist() == [0, 0, 0]
    np.testing.assert_allclose(target[1, 0], source[1, 1:17].sum(), rtol=1e-5)


def test_a_block_of_sixteen_is_transposed() -> None:
    source = np.random.Generator(np.random.PCG64(3)).normal(0, 1, (20, 20)).astype(np.float32)
    target = np.zeros((18, 22), np.float32)
    _transposed(source, target)
    np.testing.assert_array_equal(target[1:17, 5:21], source[2:18, 3:19].T)
