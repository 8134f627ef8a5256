# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.kernels.ragged import Ragged
from segue.kernels.rows import score_by_rows

Dense = NDArray[np.float32]
Pair = tuple[NDArray[np.int64], NDArray[np.int32]]


def indexed(held: NDArray[np.bool_]) -> tuple[Pair, Pair]:
    """Return the rows of a matrix, and of its transpose."""
    rows, items = (Ragged.of([np.flatnonzero(row) for row in one]) for one in (held, held.T))
    return (rows.offsets, rows.values), (items.offsets, items.values)


def naive(heard: Dense, held: NDArray[np.bool_], rarity: Dense, keep: int, length: float, sharpness: float) -> Dense:
    """The scores of all items for one history, as the docstring of the kernel says; NaN where nobody votes."""
    shared = (held * np.maximum(heard, 0) * rarity).sum(axis=1)
    like = np.divide(shared, held.sum(axis=1) ** length, where=shared > 0, out=np.zeros(len(held)))
    near = sorted(np.flatnonzero(shared > 0), key=lambda row: (-np.float32(like[row]), row))[:keep]
    votes = np.zeros(len(held))
    votes[near] = (like[near] / like.max(initial=1e-9)) ** sharpness
    voted: NDArray[np.bool_] = held[near].any(axis=0)
    return np.where(voted, votes @ held, np.nan).astype(np.float32)


@settings(max_examples=60)
@given(
    rows=st.integers(1, 12),
    items=st.integers(1, 12),
    keep=st.integers(1, 14),
    k=st.integers(1, 14),
    seed=st.integers(0, 2**32),
)
def test_scores_are_the_votes_of_the_nearest_rows(rows: int, items: int, keep: int, k: int, seed: int) -> None:
    """Weights are small powers of two, so that likeness is exact and ties abound."""
    rng = np.random.Generator(np.random.PCG64(seed))
    held = rng.random((rows, items)) < 0.4
    heard = rng.choice([0, 0, 1, 2, -1], (5, items)).astype(np.float32)
    rarity = rng.choice([1, 2, 4], items).astype(np.float32)
    exclude = [np.flatnonzero(rng.random(items) < 0.2) for _ in heard]
    history = Ragged.of([np.flatnonzero(row) for row in heard], [row[row != 0].tolist() for row in heard])
    best, scores = score_by_rows(history, Ragged.of(exclude), *indexed(held), rarity, (keep, 0.0, 2.0), k)
    assert (best.dtype, scores.dtype) == (np.int32, np.float32)
    for question, row in enumerate(heard):
        expected = naive(row, held, rarity, keep, 0.0, 2.0)
        expected[exclude[question]] = np.nan
        size = min(k, int((~np.isnan(expected)).sum()))
        ranked = best[question, :size]
        np.testing.assert_allclose(scores[question, :size], expected[ranked], rtol=1e-5)
        np.testing.assert_allclose(scores[question, :size], np.sort(expected[~np.isnan(expected)])[::-1][:size], 1e-5)
        assert len(set(ranked.tolist())) == size
        assert best[question, size:].tolist() == [-1] * (k - size)
        assert scores[question, size:].tolist() == [-np.inf] * (k - size)


@pytest.mark.parametrize(("length", "sharpness"), [(0.5, 1.0), (1.0, 3.0), (0.3, 0.7)])
def test_length_and_sharpness_apply_as_written(length: float, sharpness: float) -> None:
    rng = np.random.Generator(np.random.PCG64(4))
    held = rng.random((40, 30)) < 0.3
    heard = (rng.random((6, 30)) < 0.3).astype(np.float32)
    rarity = rng.uniform(0.5, 2, 30).astype(np.float32)
    history = Ragged.of([np.flatnonzero(row) for row in heard])
    rows, items = indexed(held)
    best, scores = score_by_rows(history, Ragged.empty(6), rows, items, rarity, (9, length, sharpness), 30)
    for question, row in enumerate(heard):
        expected = naive(row, held, rarity, 9, length, sharpness)
        listed = best[question] >= 0
        assert listed.sum() == (~np.isnan(expected)).sum()
        np.testing.assert_allclose(scores[question, listed], expected[best[question, listed]], rtol=1e-5)


def test_of_equally_near_rows_the_lower_votes() -> None:
    held = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [1, 0, 0, 1]], bool)
    best, _ = score_by_rows(
        Ragged.of([[0]]), Ragged.of([[0]]), *indexed(held), np.ones(4, np.float32), (2, 0.5, 1.0), 4
    )
    assert best[0].tolist() == [1, 2, -1, -1]
