# SPDX-License-Identifier: Apache-2.0
"""Ridge regressions of each item on a few others, over rows that hold an item or do not."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from segue.kernels.threads import spread

__all__ = ["regress"]


def regress(
    rows: int,
    item_offsets: NDArray[np.int64],
    item_rows: NDArray[np.int32],
    near: NDArray[np.int32],
    ridge: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Regress each item on those near it, on all threads.

    With X the columns of the items near j, x that of j, and Λ their ridge, the weights are `w = (XᵀX + Λ)⁻¹ Xᵀx`, and
    what they leave unexplained is `xᵀx + λ_j - xᵀX w`: 1 over the last diagonal entry of the inverse of both together.

    Args:
        rows: How many there are.
        item_offsets: `int64[n + 1]` of the matrix by items (CSC), with `item_rows`; an entry is 1.
        item_rows: `int32[nnz]`.
        near: `int32[n, K]`: the items that each is regressed on, -1 behind the last.
        ridge: `float32[n]`, above 0.

    Returns:
        Weights, `float32[n, K]` beside `near`; and what is left, `float32[n]`.
    """
    weights = np.zeros(near.shape, np.float32)
    left = np.zeros(len(near), np.float32)
    spread(_regress, len(near), (rows, item_offsets, item_rows, near, ridge), (weights, left), parallel=True)
    return weights, left


@njit(cache=True, nogil=True)
def _regress(rows, item_offsets, item_rows, near, ridge, start, stop, weights, left):
    k = near.shape[1]
    head = np.full(rows, -1, np.int64)  # of the list of members that each row holds
    member = np.empty(1024, np.int32)
    following = np.empty(1024, np.int64)
    chosen = np.empty(k + 1, np.int32)
    for item in range(start, stop):
        size = 0
        while size < k and near[item, size] >= 0:
            chosen[size] = near[item, size]
            size += 1
        chosen[size] = item
        entries = 0
        for a in range(size + 1):
            entries += item_offsets[chosen[a] + 1] - item_offsets[chosen[a]]
        if entries > len(member):
            member = np.empty(2 * entries, np.int32)
            following = np.empty(2 * entries, np.int64)
        gram = np.zeros((size + 1, size + 1), np.float64)
        used = 0
        for a in range(size + 1):
            for p in range(item_offsets[chosen[a]], item_offsets[chosen[a] + 1]):
                row = item_rows[p]
                at = head[row]
                while at >= 0:
                    gram[a, member[at]] += 1
                    at = following[at]
                member[used] = a
                following[used] = head[row]
                head[row] = used
                used += 1
            gram[a, a] = item_offsets[chosen[a] + 1] - item_offsets[chosen[a]] + ridge[chosen[a]]
        for a in range(size + 1):
            for p in range(item_offsets[chosen[a]], item_offsets[chosen[a] + 1]):
                head[item_rows[p]] = -1
            for b in range(a):
                gram[b, a] = gram[a, b]
        beside = gram[size, :size].copy()
        unexplained = gram[size, size]
        if size:
            solved = np.linalg.solve(gram[:size, :size].copy(), beside)
            for a in range(size):
                weights[item, a] = solved[a]
                unexplained -= beside[a] * solved[a]
        left[item] = unexplained
