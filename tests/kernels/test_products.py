# SPDX-License-Identifier: Apache-2.0
"""Factors are small whole numbers here, so that scores are exact, and ties abound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.kernels import products
from segue.kernels.products import best_products
from segue.kernels.ragged import Ragged


def whole(rng: np.random.Generator, rows: int, f: int, most: int = 3) -> NDArray[np.float32]:
    return rng.integers(-most, most + 1, (rows, f)).astype(np.float32)


def twin(scores: NDArray[np.float32], k: int) -> tuple[list[list[int]], list[list[float]]]:
    """Sort all scores; -inf and NaN stay out."""
    items, best = [], []
    for row in scores:
        order = [item for item in np.argsort(-row, kind="stable") if row[item] > -np.inf][:k]
        items.append([int(item) for item in order] + [-1] * (k - len(order)))
        best.append([float(row[item]) for item in order] + [-np.inf] * (k - len(order)))
    return items, best


@pytest.mark.parametrize("parallel", [False, True])
@settings(max_examples=60)
@given(
    queries=st.integers(0, 12),
    items=st.integers(1, 40),
    f=st.integers(1, 5),
    k=st.integers(1, 45),
    seed=st.integers(0, 2**32),
)
def test_the_best_are_those_of_all_scores_sorted(
    parallel: bool, queries: int, items: int, f: int, k: int, seed: int
) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    asked, factors = whole(rng, queries, f), whole(rng, items, f)
    exclude = Ragged.of([rng.permutation(items)[: rng.integers(0, items + 1)] for _ in range(queries)])
    added = Ragged.of(
        [rng.permutation(items)[:3] for _ in range(queries)], [[4.0, -2.0, 1.0][:items] for _ in range(queries)]
    )
    scale, barred, wanted = rng.choice([1, 2], items), rng.random(items) < 0.2, rng.random(queries) < 0.8
    scores = (asked @ factors.T) * scale.astype(np.float32)
    for row in range(queries):
        inside = slice(added.offsets[row], added.offsets[row + 1])
        scores[row, added.values[inside]] += added.weights[inside]
        scores[row, exclude.row(row)] = -np.inf
    scores[:, barred] = -np.inf
    scores[~wanted] = -np.inf
    made = best_products(
        asked, factors, exclude, k, scale=scale.astype(np.float32), added=added, asked=wanted, barred=barred,
        parallel=parallel,
    )  # fmt: skip
    assert (made[0].dtype, made[1].dtype) == (np.int32, np.float32)
    assert (made[0].tolist(), made[1].tolist()) == twin(scores, k)


@pytest.mark.parametrize("most", [1, 1000], ids=["ties", "few ties"])
@pytest.mark.parametrize("k", [1, 100, 3000])
def test_large_catalogues_are_searched_in_blocks_from_a_sampled_threshold(k: int, most: int) -> None:
    rng = np.random.Generator(np.random.PCG64(k))
    queries, factors = whole(rng, 300, 4, most), whole(rng, 20_000, 4, most)
    queries[7] = 0  # all scores alike
    exclude = Ragged.of([np.argsort(-(factors @ query))[: rng.integers(0, 900)] for query in queries])
    scores = queries @ factors.T
    for row in range(len(queries)):
        scores[row, exclude.row(row)] = -np.inf
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    for parallel in (False, True):
        items, best = best_products(queries, factors, exclude, k, parallel=parallel)
        np.testing.assert_array_equal(items, expected)
        np.testing.assert_array_equal(best, np.take_along_axis(scores, expected, axis=1))


def test_a_threshold_that_was_too_high_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The items of the sample, and no others, score high."""
    rng = np.random.Generator(np.random.PCG64(1))
    queries, factors = np.ones((9, 1), np.float32), rng.integers(0, 9, (30_000, 1)).astype(np.float32)
    sampled = np.linspace(0, len(factors) - 1, products._SAMPLE).astype(np.int64)
    factors[sampled] += 100
    items, _ = best_products(queries, factors, Ragged.empty(9), 3500)
    expected = np.argsort(-factors[:, 0], kind="stable")[:3500]
    assert all((row == expected).all() for row in items)


def test_what_is_no_number_stays_out() -> None:
    queries = np.array([[1.0], [np.nan], [np.inf]], np.float32)
    factors = np.array([[np.nan], [1.0], [-np.inf], [0.0], [2.0]], np.float32)
    items, scores = best_products(queries, factors, Ragged.empty(3), 4)
    assert items.tolist() == [[4, 1, 3, -1], [-1, -1, -1, -1], [1, 4, -1, -1]]
    assert scores[0].tolist() == [2, 1, 0, -np.inf]


def test_neither_queries_nor_catalogue_need_be_there() -> None:
    nothing = np.zeros((0, 3), np.float32)
    assert best_products(nothing, np.ones((4, 3), np.float32), Ragged.empty(0), 2)[0].shape == (0, 2)
    assert best_products(np.ones((1, 3), np.float32), nothing, Ragged.empty(1), 2)[0].tolist() == [[-1, -1]]


def test_products_are_scaled_added_to_and_masked_before_the_best_are_taken() -> None:
    queries, factors = np.array([[1, 0], [0, 1], [0, 0]], np.float32), np.array([[1, 3], [2, 2], [3, 1]], np.float32)
    exclude = Ragged.of([[2], [], []])
    scale, barred = np.array([10, 1, 1], np.float32), np.array([False, False, True])
    plain, scores = best_products(queries, factors, exclude, 2)
    assert plain.tolist() == [[1, 0], [0, 1], [0, 1]]
    assert scores.tolist() == [[2, 1], [3, 2], [0, 0]]
    assert best_products(queries, factors, exclude, 1, scale=scale)[0].tolist() == [[0], [0], [0]]
    added = Ragged.of([[2], [1], []], [[9.0], [9.0], []])
    assert best_products(queries, factors, exclude, 2, added=added)[0].tolist() == [[1, 0], [1, 0], [0, 1]]
    asked = queries.any(axis=1)
    assert best_products(queries, factors, exclude, 2, asked=asked)[0].tolist() == [[1, 0], [0, 1], [-1, -1]]
    assert best_products(queries, factors, exclude, 3, barred=barred)[0].tolist() == [
        [1, 0, -1],
        [0, 1, -1],
        [0, 1, -1],
    ]
