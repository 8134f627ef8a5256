# SPDX-License-Identifier: Apache-2.0
"""What each item of a history adds to a score by factors, and which item adds most."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.cholesky import add_gram, add_products, solve_all_from_identity
from segue.kernels.lanes import fetch, padded
from segue.kernels.native import AHEAD, LANES, fma, load, splat, store, transpose
from segue.kernels.ragged import Ragged, offsets_of
from segue.kernels.threads import spread

__all__ = ["MATERIAL", "drop_slight", "rank_in", "split", "strongest"]

MATERIAL = 1 / 3
"""What adds less than this share of what adds most is not named beside it."""


def split(
    rows: Ragged,
    regularization: NDArray[np.float32],
    factors: NDArray[np.float32],
    spectrum: NDArray[np.float32],
    items: Ragged,
    *,
    parallel: bool = False,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Split scores by factors over what was heard: `score_j = Σ_i (1 + a_i) · y_jᵀ A⁻¹ y_i`, A being the row's system.

    This is part 5 of Hu, Koren, Volinsky 2008; the system is that of `segue.kernels.factors`, and in its words the part
    of i is `t_i` times entry i of `(I + WWᵀ)⁻¹ W M^-½ y_j`, or of `W (I + WᵀW)⁻¹ M^-½ y_j`, by the smaller system.

    Args:
        rows: Q rows of items with weights `a = c - 1`, above 0.
        regularization: `float32[Q]`: λ of each row, above 0.
        factors: `float32[n, f]`: Y, along the principal axes of YᵀY.
        spectrum: `float32[f]`: the diagonal of YᵀY.
        items: Q rows of items whose scores are split (weights unused).
        parallel: Use all threads (jobs) or one (requests).

    Returns:
        `int64[Q + 1]` offsets and `float32[m]` parts: those of row q stand as a table, a line for each of its `items`,
        a column for each entry of its row.
    """
    offsets = offsets_of(np.diff(rows.offsets) * np.diff(items.offsets))
    parts = np.zeros(offsets[-1], np.float32)
    read = (rows.offsets, rows.values, rows.weights, regularization, factors, spectrum, items.offsets, items.values)
    spread(_split, len(rows), (*read, offsets), (parts,), parallel=parallel, costs=rows.offsets)
    return offsets, parts


def strongest(offsets: NDArray[np.int64], parts: NDArray[np.float32], items: Ragged, count: int) -> NDArray[np.int64]:
    """Return for each of `items` the places in its history of what adds most, `int64[m, count]`, most first.

    Args:
        offsets: As `split` returns them.
        parts: As `split` returns them.
        items: As `split` takes them.
        count: How many, at most.

    Returns:
        -1 behind the last: what adds nothing, or less than `MATERIAL` of what adds most, is not named.
    """
    found = np.full((len(items.values), count), -1, np.int64)
    most = np.zeros((len(items.values), count), np.float32)
    spread(_strongest, len(items), (offsets, parts, items.offsets, MATERIAL), (found, most), parallel=False)
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def _split(
    offsets, heard, weights, regularization, factors, spectrum, item_offsets, items, part_offsets, start, stop, parts
):  # fmt: skip
    f = factors.shape[1]
    width = padded(f)
    scale = np.zeros(width, np.float32)
    found = np.zeros((1, 0), np.float32)
    gathered = np.zeros((0, width), np.float32)
    block = np.zeros((width, 0), np.float32)
    system = np.zeros((0, 0), np.float32)
    for row in range(start, stop):
        first, m = offsets[row], offsets[row + 1] - offsets[row]
        begin, lines = item_offsets[row], item_offsets[row + 1] - item_offsets[row]
        if m == 0 or lines == 0:
            continue
        for k in range(f):
            scale[k] = np.float32(1) / np.sqrt(spectrum[k] + regularization[row])
        room, wide = padded(m), padded(lines)
        few = room < width
        size = room if few else width
        if room + wide > len(gathered):
            gathered = np.zeros((2 * (room + wide), width), np.float32)
            block = np.zeros((width, 2 * (room + wide)), np.float32)
            found = np.zeros((1, 2 * (room + wide)), np.float32)
        if size + wide > len(system):
            system = np.zeros((2 * (size + wide), 2 * (size + wide)), np.float32)
        # Below each other stand W, and what is asked about; in `block` they lie side by side, turned.
        for i in range(m):
            if i + AHEAD < m:
                fetch(factors, heard[first + i + AHEAD])
            _scale(factors, heard[first + i], np.sqrt(weights[first + i]), scale, gathered, i)
        gathered[m:room] = 0
        for line in range(lines):
            _scale(factors, items[begin + line], np.float32(1), scale, gathered, room + line)
        gathered[room + lines : room + wide] = 0
        for i in range(0 if few else room, room + wide, LANES):
            for k in range(0, width, LANES):
                transpose(gathered, i, k, block, k, i)
        system[:size, : size + wide] = 0
        for i in range(size):
            system[i, i] = 1
        if few:
            add_products(block, width, 0, size, size + wide, system)
        else:
            add_gram(gathered, m, 0, size, system)
            system[:size, size : size + wide] = block[:, room : room + wide]
        solve_all_from_identity(system, size, size + wide)
        at = part_offsets[row]
        for i in range(m):
            factor = (np.float32(1) + weights[first + i]) / np.sqrt(weights[first + i])
            if few:
                for line in range(lines):
                    parts[at + line * m + i] = factor * system[i, size + line]
                continue
            for column in range(0, lines, LANES):
                sums = splat(np.float32(0))
                for k in range(width):
                    sums = fma(splat(gathered[i, k]), load(system, k, size + column), sums)
                store(found, 0, column, sums)
            for line in range(lines):
                parts[at + line * m + i] = factor * found[0, line]


@njit(cache=True, nogil=True, error_model="numpy", fastmath=True)
def _scale(factors, item, root, scale, made, row):
    for k in range(factors.shape[1]):
        made[row, k] = root * factors[item, k] * scale[k]


@njit(cache=True, nogil=True)
def _strongest(offsets, parts, item_offsets, material, start, stop, found, most):
    for row in range(start, stop):
        lines = item_offsets[row + 1] - item_offsets[row]
        m = (offsets[row + 1] - offsets[row]) // max(lines, 1)
        for line in range(lines):
            for i in range(m):
                rank_in(parts[offsets[row] + line * m + i], i, most, found, item_offsets[row] + line)
        for at in range(item_offsets[row], item_offsets[row + 1]):
            drop_slight(most, found, at, material)


@njit(cache=True, nogil=True)
def rank_in(part, place, most, found, at):
    """Put a place with its part, if that is above 0, among the greatest of line `at`; of equal ones the first stays."""
    last = most.shape[1] - 1
    if part <= most[at, last]:
        return
    while last > 0 and part > most[at, last - 1]:
        most[at, last], found[at, last] = most[at, last - 1], found[at, last - 1]
        last -= 1
    most[at, last], found[at, last] = part, place


@njit(cache=True, nogil=True)
def drop_slight(most, found, at, material):
    """Take out of line `at` what is less than a share of its greatest."""
    for rank in range(1, most.shape[1]):
        if most[at, rank] < material * most[at, 0]:
            found[at, rank] = -1
