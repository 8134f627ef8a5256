# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.pipeline.candidates import Candidates
from segue.pipeline.trace import Trace
from segue.ranking.blend import Blend
from tests.pipeline.rows import candidates, request, tracks_of

NAN = float("nan")


def blended(weights: dict[str, float], tracks: list[list[int]], proposed: dict[str, list[float]]) -> Candidates:
    return Blend(weights)(request(len(tracks)), candidates(tracks, None, proposed), Trace())


def test_half_of_one_sources_best_and_all_of_anothers() -> None:
    made = blended({"knn": 0.6, "popularity": 0.4}, [[1, 2]], {"knn": [8.0, 4.0], "popularity": [NAN, 5.0]})
    assert tracks_of(made) == [[2, 1]]
    assert made.score.tolist() == pytest.approx([0.7, 0.6])
    assert [made.sources[number] for number in made.reason_source] == ["popularity", "knn"]


def test_each_row_has_a_best_of_its_own() -> None:
    made = blended({"a": 1.0}, [[1, 2], [], [3]], {"a": [10.0, 5.0, 0.001]})
    assert tracks_of(made) == [[1, 2], [], [3]]
    assert made.score.tolist() == pytest.approx([1, 0.5, 1])


def test_ties_keep_the_order_in_which_they_were_gathered() -> None:
    assert tracks_of(blended({"a": 1.0}, [[9, 3, 5]], {"a": [1.0, 1.0, 2.0]})) == [[5, 9, 3]]


def test_a_score_below_zero_neither_helps_nor_harms() -> None:
    made = blended({"a": 0.5, "b": 0.5}, [[1, 2]], {"a": [-3.0, 1.0], "b": [1.0, NAN]})
    assert made.score.tolist() == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize("score", [0.0, -0.25])
def test_the_reason_is_a_source_that_proposed_the_track_even_where_it_says_little(score: float) -> None:
    made = blended({"knn": 0.6, "als": 0.4}, [[1, 2]], {"knn": [1.0, NAN], "als": [1.0, score]})
    assert [made.sources[number] for number in made.reason_source] == ["knn", "als"]


def test_nothing_blends_to_nothing() -> None:
    assert tracks_of(blended({"a": 1.0}, [[], []], {"a": []})) == [[], []]


def test_what_the_sources_said_stays_beside_the_track() -> None:
    made = blended({"a": 1.0}, [[1, 2]], {"a": [1.0, 2.0]})
    assert (tracks_of(made), made.proposed.ravel().tolist()) == ([[2, 1]], [2.0, 1.0])


@given(
    lengths=st.lists(st.integers(0, 4), max_size=4),
    weights=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    seed=st.integers(0, 2**32),
)
def test_scores_are_the_weighted_sum_of_shares(lengths: list[int], weights: tuple[float, float], seed: int) -> None:
    rng = np.random.Generator(np.random.PCG64(seed))
    said = rng.uniform(0.1, 5, (2, sum(lengths)))
    said[rng.random(said.shape) < 0.3] = np.nan
    tracks = np.split(np.arange(sum(lengths)), np.cumsum(lengths)[:-1]) if lengths else []
    made = blended(
        {"a": weights[0], "b": weights[1]},
        [row.tolist() for row in tracks],
        {"a": said[0].tolist(), "b": said[1].tolist()},
    )
    for row, places in enumerate(tracks):
        mine = np.nan_to_num(said[:, places])
        scores = (np.array(weights)[:, None] * mine / np.maximum(mine.max(axis=1, initial=1e-9), 1e-9)[:, None]).sum(
            axis=0
        )
        inside = slice(made.offsets[row], made.offsets[row + 1])
        assert sorted(made.track[inside].tolist()) == places.tolist()
        np.testing.assert_allclose(made.score[inside], -np.sort(-scores), rtol=1e-5, atol=1e-6)


def test_what_is_known_of_a_listener_outweighs_what_is_popular_where_they_are() -> None:
    heard = request(3, history=[[], list(range(10, 20)), list(range(10, 40))])
    proposed = {"als:history": [NAN, 1.0] * 3, "popularity:history": [1.0, NAN] * 3}
    weights = {"als:history": 0.5, "popularity:history": 0.8}
    made = Blend(weights, settled=10.0)(heard, candidates([[1, 2]] * 3, None, proposed), Trace())
    assert tracks_of(made) == [[1, 2], [2, 1], [2, 1]]
    assert made.score.tolist() == pytest.approx([0.8, 0.5, 0.5, 0.4, 0.5, 0.2])
