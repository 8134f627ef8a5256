# SPDX-License-Identifier: Apache-2.0
"""The cosines of one candidate of a row to all of them. For use inside kernels.

A row's vectors are gathered once, divided by their lengths, and laid into tiles: sixteen candidates side by side, one
below the other what each has along an axis. So a tile is read from its beginning to its end, and sixteen sums grow at a
time without ever being added across.
"""

import numpy as np
from numba import njit

from segue.kernels.lanes import fetch, padded
from segue.kernels.native import AHEAD, LANES, fma, load, plus, splat, store

__all__ = ["AXES", "ask", "lay", "longest", "products"]

AXES = 4
"""The depth of a tile is a multiple of this."""


@njit(cache=True, nogil=True)
def longest(offsets, start, stop):
    """Return the length of the longest of some rows, up to a multiple of sixteen."""
    most = 0
    for row in range(start, stop):
        most = max(most, offsets[row + 1] - offsets[row])
    return padded(most)


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"reassoc", "contract", "nsz"})
def lay(vectors, items, first, count, depth, tiles):
    """Write the vectors of some items, each of length 1, into tiles; zeros stay zeros, and an item below 0 has zeros.

    Args:
        vectors: `float32[n, f]`.
        items: `int32[·]`: rows of `vectors`.
        first: Where they begin.
        count: How many there are.
        depth: Rows of a tile, a multiple of `AXES`, at least f.
        tiles: `float32[≥ count / 16 · depth, 16]`; the candidate c is lane `c % 16` of the tile `c // 16`.
    """
    f = vectors.shape[1]
    for place in range(count):
        if place + AHEAD < count:
            fetch(vectors, items[first + place + AHEAD])
        item = items[first + place]
        top, lane = place // LANES * depth, place % LANES
        squares = np.float32(0)
        if item >= 0:
            for k in range(f):
                squares += vectors[item, k] * vectors[item, k]
        if squares > 0:
            scale = np.float32(1) / np.sqrt(squares)
            for k in range(f):
                tiles[top + k, lane] = vectors[item, k] * scale
        else:
            for k in range(f):
                tiles[top + k, lane] = 0


@njit(cache=True, nogil=True)
def ask(tiles, depth, place, used, asked):
    """Copy what the tiles hold of one candidate, down to a depth, to the front of `asked`."""
    top, lane = place // LANES * depth, place % LANES
    for k in range(used):
        asked[k] = tiles[top + k, lane]


@njit(cache=True, nogil=True)
def products(tiles, depth, used, count, asked, made):
    """Write the inner product of `asked` with each candidate, down to a depth.

    Args:
        tiles: As `lay` has them.
        depth: Rows of a tile.
        used: How many of them count, a multiple of `AXES`.
        count: Candidates.
        asked: `float32[≥ used]`.
        made: `float32[1, ≥ count]`, up to a multiple of sixteen.
    """
    nothing = splat(np.float32(0))
    for column in range(0, count, LANES):
        top = column // LANES * depth
        t0 = t1 = t2 = t3 = nothing
        for k in range(0, used, AXES):
            t0 = fma(load(tiles, top + k, 0), splat(asked[k]), t0)
            t1 = fma(load(tiles, top + k + 1, 0), splat(asked[k + 1]), t1)
            t2 = fma(load(tiles, top + k + 2, 0), splat(asked[k + 2]), t2)
            t3 = fma(load(tiles, top + k + 3, 0), splat(asked[k + 3]), t3)
        store(made, 0, column, plus(plus(t0, t1), plus(t2, t3)))
