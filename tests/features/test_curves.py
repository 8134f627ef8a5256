# SPDX-License-Identifier: Apache-2.0
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from segue.features.curves import TERMS, Sums, basis, posterior


@given(st.floats(0, 1))
def test_a_basis_holds_the_powers_of_what_is_above_a_half(share: float) -> None:
    assert_allclose(basis(np.array([share]))[0], [(share - 0.5) ** power for power in range(TERMS)])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.floats(0.2, 0.8), st.floats(-0.2, 0.2))
def test_answers_that_are_many_are_believed_and_a_trait_speaks_for_who_gave_none(
    seed: int, middle: float, apart: float
) -> None:
    rng = np.random.default_rng(seed)
    side = np.where(np.arange(12) % 2, 1.0, -1.0)
    best = np.clip(middle + apart * side, 0.05, 0.95)
    row = np.repeat(np.arange(10), 60)
    share = np.tile(np.linspace(0, 1, 60), 10)
    outcome = 0.7 - (share - best[row]) ** 2 + 0.01 * rng.standard_normal(len(row))
    sums = Sums.of(row, share, outcome, np.full(600, 20.0), np.ones(600), 12)
    presumed = np.zeros((2, TERMS))
    presumed[0, 2] = -1
    mean, covariance = posterior(sums, side[:, None], presumed)
    levels = np.linspace(0, 1, 201)
    found = levels[np.argmax(mean @ basis(levels).T, axis=1)]
    assert np.abs(found[:10] - best[:10]).max() < 0.06
    assert np.abs(found[10:12] - best[10:]).max() < 0.12
    assert np.linalg.eigvalsh(covariance).min() > 0
    assert np.trace(covariance[0]) < np.trace(covariance[10]) <= np.trace(covariance[12]) + 1e-12


def test_before_anyone_answered_there_is_what_is_presumed() -> None:
    none = np.zeros(0)
    nothing = Sums.of(np.zeros(0, np.intp), none, none, none, none, 2)
    presumed = np.array([[0.6, 0.1, -1, 0], [0, 0.2, 0, 0]])
    mean, _ = posterior(nothing, np.array([[1.0], [-1.0]]), presumed)
    assert_allclose(mean, [[0.6, 0.3, -1, 0], [0.6, -0.1, -1, 0], [0.6, 0.1, -1, 0]])
