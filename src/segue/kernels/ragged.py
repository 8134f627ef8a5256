# SPDX-License-Identifier: Apache-2.0
"""Rows of different lengths as flat arrays: row i is `values[offsets[i]:offsets[i + 1]]`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

__all__ = ["Ragged", "faded", "offsets_of", "places", "row_numbers", "take_rows"]


def offsets_of(lengths: Iterable[int] | NDArray[Any]) -> NDArray[np.int64]:
    """Return `int64[Q + 1]` offsets of rows with these lengths."""
    counts = np.asarray(lengths if isinstance(lengths, np.ndarray) else list(lengths), dtype=np.int64)
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])


def row_numbers(offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return `int64[n]`: the row of each value."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def places(offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return `int64[n]`: each value's place in its row, from 0."""
    return np.arange(offsets[-1]) - np.repeat(offsets[:-1], np.diff(offsets))


def take_rows(offsets: NDArray[np.int64], rows: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the offsets of the chosen rows, and the index of each of their values in the old flat arrays."""
    taken = offsets_of(np.diff(offsets)[rows])
    index = places(taken) + np.repeat(offsets[:-1][rows], np.diff(taken))
    return taken, index


@dataclass(frozen=True, slots=True)
class Ragged:
    """Q rows of weighted numbers (tracks of a catalogue, or items of a vocabulary; the holder says which)."""

    offsets: NDArray[np.int64]
    """`int64[Q + 1]`, not decreasing, from 0."""
    values: NDArray[np.int32]
    """`int32[n]`."""
    weights: NDArray[np.float32]
    """`float32[n]`, beside `values`."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def of(
        cls,
        rows: Sequence[Sequence[int] | NDArray[Any]],
        weights: Sequence[Sequence[float] | NDArray[Any]] | None = None,
    ) -> "Ragged":
        """Build from one sequence a row; weights default to 1."""
        offsets = offsets_of(len(row) for row in rows)
        values = np.concatenate([np.zeros(0, np.int32), *(np.asarray(row, np.int32) for row in rows)])
        if weights is None:
            return cls(offsets, values, np.ones(len(values), np.float32))
        return cls(
            offsets, values, np.concatenate([np.zeros(0, np.float32), *(np.asarray(w, np.float32) for w in weights)])
        )

    @classmethod
    def of_matrix(cls, matrix: sp.csr_matrix) -> "Ragged":
        """Return the entries of each row of a matrix; columns and data are shared where they are of these types."""
        columns, data = matrix.indices.astype(np.int32, copy=False), matrix.data.astype(np.float32, copy=False)
        return cls(matrix.indptr.astype(np.int64), columns, data)

    @classmethod
    def empty(cls, rows: int) -> "Ragged":
        """Build rows with nothing in them."""
        return cls(np.zeros(rows + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))

    def row(self, index: int) -> NDArray[np.int32]:
        """Return the values of one row."""
        return self.values[self.offsets[index] : self.offsets[index + 1]]

    def pick(self, offsets: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return values by their places in their rows: `int32[m, k]`, -1 where the place is -1.

        Args:
            offsets: `int64[Q + 1]`: which lines of the places are of which row.
            places: `int64[m, k]`.
        """
        found = np.full(places.shape, -1, np.int32)
        known = places >= 0
        found[known] = self.values[(np.repeat(self.offsets[:-1], np.diff(offsets))[:, None] + places)[known]]
        return found

    def keep(self, kept: NDArray[np.bool_]) -> "Ragged":
        """Return the rows with only the marked values (`bool[n]`)."""
        counts = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])
        return Ragged(counts[self.offsets], self.values[kept], self.weights[kept])

    def translate(self, table: NDArray[np.int32]) -> "Ragged":
        """Map every value through `table`; values that it maps to -1 are left out."""
        inside = self.values < len(table)
        mapped = np.where(inside, table[np.where(inside, self.values, 0)], -1).astype(np.int32)
        return Ragged(self.offsets, mapped, self.weights).keep(mapped >= 0)

    def take(self, rows: NDArray[Any]) -> "Ragged":
        """Return the chosen rows, in the chosen order."""
        offsets, index = take_rows(self.offsets, rows)
        return Ragged(offsets, self.values[index], self.weights[index])

    def ordered(self) -> "Ragged":
        """Return the rows with their values ascending."""
        if not len(self.values):
            return self
        steps = np.diff(self.values.astype(np.int64))
        inside = np.ones(len(steps), np.bool_)
        borders = self.offsets[1:-1]
        inside[borders[(borders > 0) & (borders < len(self.values))] - 1] = False
        if (steps[inside] >= 0).all():
            return self
        order = np.lexsort((self.values, row_numbers(self.offsets)))
        return Ragged(self.offsets, self.values[order], self.weights[order])

    def concat(self, other: "Ragged") -> "Ragged":
        """Return each row followed by the same row of `other`."""
        offsets = self.offsets + other.offsets
        values, weights = np.empty(offsets[-1], np.int32), np.empty(offsets[-1], np.float32)
        for part, before in ((self, other.offsets[:-1]), (other, self.offsets[1:])):
            at = np.arange(len(part.values)) + np.repeat(before, np.diff(part.offsets))
            values[at], weights[at] = part.values, part.weights
        return Ragged(offsets, values, weights)


def faded(rows: Ragged, power: float) -> Ragged:
    """Return the rows with each weight divided by its place from the end of its row (1: the last) to a power."""
    if power == 0:
        return rows
    place = np.repeat(rows.offsets[1:], np.diff(rows.offsets)) - np.arange(len(rows.values))
    return Ragged(rows.offsets, rows.values, (rows.weights / place**power).astype(np.float32))
