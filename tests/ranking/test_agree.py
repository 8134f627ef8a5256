# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.pipeline.candidates import Candidates
from segue.pipeline.trace import Trace
from segue.ranking.agree import Agree
from segue.types import DropReason
from tests.pipeline.rows import candidates, request, tracks_of

NAN = float("nan")


def agreed(
    weights: dict[str, float], tracks: list[list[int]], said: dict[str, list[float]], trace: Trace | None = None
) -> Candidates:
    must = frozenset(name for name in weights if name.startswith("theme"))
    return Agree(weights, must)(request(len(tracks)), candidates(tracks, None, said), trace or Trace())


def test_shares_of_each_sources_best_are_multiplied() -> None:
    made = agreed({"title": 1.0, "theme": 1.0}, [[1, 2]], {"title": [4.0, 2.0], "theme": [0.4, 0.8]})
    assert made.score.tolist() == pytest.approx([0.5, 0.5])
    assert [made.sources[number] for number in made.reason_source] == ["title", "theme"]


def test_a_track_that_one_source_loves_does_not_get_past_the_others() -> None:
    made = agreed({"title": 1.0, "theme": 1.0}, [[1, 2]], {"title": [10.0, 1.0], "theme": [0.01, 0.9]})
    assert tracks_of(made) == [[2, 1]]


def test_a_weight_is_an_exponent() -> None:
    made = agreed({"title": 1.0, "popularity": 0.5}, [[1, 2]], {"title": [1.0, 1.0], "popularity": [4.0, 1.0]})
    assert made.score.tolist() == pytest.approx([1, 0.5])


def test_the_no_of_who_must_agree_drops_a_track_and_another_no_does_not() -> None:
    trace = Trace()
    said = {"title": [1.0, 0.0, 0.5], "theme": [0.0, 1.0, 1.0]}
    assert tracks_of(agreed({"title": 1.0, "theme": 1.0}, [[1, 2, 3]], said, trace)) == [[3, 2]]
    assert trace.drops[DropReason.OFF_THEME] == 1


def test_a_source_that_says_nothing_of_a_row_has_no_part_in_it() -> None:
    said = {"title": [NAN, NAN, 3.0], "theme": [0.5, 1.0, NAN]}
    made = agreed({"title": 1.0, "theme": 1.0}, [[1, 2], [3]], said)
    assert tracks_of(made) == [[2, 1], [3]]
    assert made.score.tolist() == pytest.approx([1, 0.5, 1])


def test_a_track_that_a_source_does_not_know_stands_behind_but_is_not_lost() -> None:
    made = agreed({"title": 1.0, "theme": 1.0}, [[1, 2]], {"title": [NAN, 0.5], "theme": [1.0, 1.0]})
    assert tracks_of(made) == [[2, 1]]


def test_what_no_source_speaks_for_is_dropped() -> None:
    assert tracks_of(agreed({"title": 1.0}, [[1, 2]], {"title": [NAN, NAN]})) == [[]]
    assert tracks_of(agreed({"title": 1.0}, [[], []], {"title": []})) == [[], []]


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=8), st.floats(0.1, 2))
def test_scores_are_shares_and_rows_stand_in_their_order(said: list[tuple[float, float]], weight: float) -> None:
    titles, themes = (list(one) for one in zip(*said, strict=True))
    made = agreed({"title": weight, "theme": 1.0}, [list(range(len(said)))], {"title": titles, "theme": themes})
    assert (np.diff(made.score) <= 0).all()
    assert ((made.score >= 0) & (made.score <= 1 + 1e-6)).all()
