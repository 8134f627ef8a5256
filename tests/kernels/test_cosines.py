# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest

from segue.kernels.cosines import AXES, ask, lay, longest, products
from segue.kernels.native import LANES


@pytest.mark.parametrize("f", [1, 3, 16, 37])
@pytest.mark.parametrize("count", [1, 15, 16, 17, 50])
def test_products_of_what_is_laid_are_cosines(f: int, count: int) -> None:
    rng = np.random.Generator(np.random.PCG64(f))
    vectors = rng.normal(0, 3, (40, f)).astype(np.float32)
    vectors[7] = 0
    items = rng.integers(-1, 40, count + 2).astype(np.int32)
    items[2] = 7
    depth = -(-f // AXES) * AXES
    tiles = np.zeros((-(-count // LANES) * depth, LANES), np.float32)
    asked, made = np.empty(depth, np.float32), np.empty((1, -(-count // LANES) * LANES), np.float32)
    lay(vectors, items, 2, count, depth, tiles)
    chosen = vectors[items[2:]] * (items[2:, None] >= 0)
    units = chosen / np.maximum(np.linalg.norm(chosen, axis=1, keepdims=True), 1e-9)
    for place in range(count):
        ask(tiles, depth, place, depth, asked)
        products(tiles, depth, depth, count, asked, made)
        np.testing.assert_allclose(made[0, :count], units @ units[place], atol=1e-6)


def test_the_longest_of_some_rows_is_rounded_up() -> None:
    offsets = np.array([0, 40, 41, 58, 58])
    assert [longest(offsets, 1, 2), longest(offsets, 1, 3), longest(offsets, 3, 4), longest(offsets, 2, 2)] == [
        16,
        32,
        0,
        0,
    ]
