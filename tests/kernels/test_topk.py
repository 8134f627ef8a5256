# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.kernels.topk import topk

FEW_VALUES = st.sampled_from([-np.inf, -2.0, -0.5, 0.0, -0.0, 0.5, 1.0, 7.0, np.inf, np.nan])


def twin(scores: NDArray[np.float32], k: int) -> tuple[list[list[int]], list[list[float]]]:
    columns, best = [], []
    for row in scores.tolist():
        ranked = sorted((-score, column) for column, score in enumerate(row) if score > -np.inf)[:k]
        missing = k - len(ranked)
        columns.append([column for _, column in ranked] + [-1] * missing)
        best.append([-score for score, _ in ranked] + [-np.inf] * missing)
    return columns, best


@pytest.mark.parametrize("parallel", [False, True])
@given(
    rows=st.integers(0, 4).flatmap(
        lambda width: st.lists(st.lists(FEW_VALUES, min_size=width, max_size=width), max_size=5)
    ),
    k=st.integers(1, 7),
)
def test_the_best_come_first_and_ties_go_to_the_lower_column(parallel: bool, rows: list[list[float]], k: int) -> None:
    scores = np.array(rows, np.float32).reshape(len(rows), len(rows[0]) if rows else 0)
    columns, best = topk(scores, k, parallel=parallel)
    assert (columns.dtype, best.dtype) == (np.int32, np.float32)
    assert (columns.tolist(), best.tolist()) == twin(scores, k)


@pytest.mark.parametrize("k", [1, 2, 17, 300])
def test_serial_and_parallel_agree_with_a_stable_sort(k: int) -> None:
    rng = np.random.Generator(np.random.PCG64(k))
    scores = rng.integers(0, 50, (40, 300)).astype(np.float32)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    for parallel in (False, True):
        columns, best = topk(scores, k, parallel=parallel)
        np.testing.assert_array_equal(columns, order)
        np.testing.assert_array_equal(best, np.take_along_axis(scores, order, axis=1))


def test_scores_that_are_not_contiguous_are_read_as_they_stand() -> None:
    scores = np.arange(24, dtype=np.float32).reshape(4, 6)
    columns, _ = topk(scores.T[:, ::2], 1)
    assert columns.ravel().tolist() == [1] * 6


def test_the_scores_are_not_changed() -> None:
    scores = np.array([[1, np.nan, 3]], np.float32)
    before = scores.copy()
    topk(scores, 2)
    np.testing.assert_array_equal(scores, before)
