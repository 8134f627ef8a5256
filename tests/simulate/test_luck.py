# SPDX-License-Identifier: Apache-2.0
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from segue.simulate.luck import luck


@given(st.integers(0, 2**64 - 1), st.lists(st.integers(0, 2**62), min_size=1, max_size=20))
def test_luck_lies_in_zero_to_one_and_is_the_same_whoever_else_is_asked(seed: int, keys: list[int]) -> None:
    together = luck(seed, np.array(keys), np.array(keys)[::-1])
    assert ((together >= 0) & (together < 1)).all()
    alone = [luck(seed, np.array([one]), np.array([other]))[0] for one, other in zip(keys, keys[::-1], strict=True)]
    assert together.tolist() == alone


def test_luck_is_uniform_over_any_key_and_over_the_seed() -> None:
    some = np.arange(20_000)
    for drawn in (
        luck(1, some),
        luck(1, some, np.array([3])),
        luck(1, np.array([3]), some),
        np.concatenate([luck(seed, np.array([5])) for seed in range(3_000)]),
    ):
        assert stats.kstest(drawn, "uniform").pvalue > 1e-4


def test_neighbouring_keys_have_luck_of_their_own() -> None:
    drawn = luck(1, np.arange(200)[:, None], np.arange(200))
    assert abs(np.corrcoef(drawn[:, :-1].ravel(), drawn[:, 1:].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(drawn[:-1].ravel(), drawn[1:].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(drawn.ravel(), drawn.T.ravel())[0, 1]) < 0.02


def test_broadcast_keys_are_each_rows_own() -> None:
    listeners, tracks = np.arange(3), np.arange(12).reshape(3, 4)
    drawn = luck(7, listeners[:, None], tracks)
    assert drawn.shape == (3, 4)
    assert drawn[2, 1] == luck(7, np.array([2]), np.array([9]))[0]
