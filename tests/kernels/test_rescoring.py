# SPDX-License-Identifier: Apache-2.0
"""Factors are small whole numbers here, so that scores are exact, and ties abound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.kernels.ragged import Ragged
from segue.kernels.rescoring import best_of


@pytest.mark.parametrize("parallel", [False, True])
@settings(deadline=None, max_examples=60)
@given(
    queries=st.integers(0, 12),
    items=st.integers(1, 200),
    f=st.integers(1, 40),
    k=st.integers(1, 45),
    share=st.sampled_from([0.1, 0.7, 1.0]),
    seed=st.integers(0, 2**32),
)
def test_the_best_of_the_chosen_are_those_of_all_their_scores_sorted(
    parallel: bool, queries: int, items: int, f: int, k: int, share: float, seed: int
) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    asked = rng.integers(-3, 4, (queries, f)).astype(np.float32)
    factors = rng.integers(-3, 4, (items, f)).astype(np.float32)
    chosen = np.array([rng.permutation(items) for _ in range(queries)], np.int64).reshape(queries, items)
    chosen[rng.random(chosen.shape) > share] = -1
    exclude = Ragged.of([rng.permutation(items)[: rng.integers(0, items + 1)] for _ in range(queries)])
    barred = rng.random(items) < 0.2
    found, scores, alive = best_of(asked, factors, chosen, exclude, k, barred=barred, parallel=parallel)
    for row in range(queries):
        left = [item for item in chosen[row] if item >= 0 and not barred[item] and item not in exclude.row(row)]
        products = {item: float(factors[item] @ asked[row]) for item in left}
        expected = sorted(left, key=lambda item: (-products[item], item))[:k]
        assert found[row].tolist() == expected + [-1] * (k - len(expected))
        assert scores[row].tolist() == [products[item] for item in expected] + [-np.inf] * (k - len(expected))
        assert alive[row] == len(left)


def test_what_is_no_number_stays_out() -> None:
    factors = np.array([[np.nan], [1.0], [-np.inf], [0.0]], np.float32)
    chosen = np.array([[0, 1, 2, 3]])
    found, scores, _ = best_of(
        np.ones((1, 1), np.float32), factors, chosen, Ragged.empty(1), 4, barred=np.zeros(4, np.bool_)
    )
    assert found.tolist() == [[1, 3, -1, -1]]
    assert scores.tolist() == [[1, 0, -np.inf, -np.inf]]
