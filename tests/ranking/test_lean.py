# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from segue.pipeline.trace import Trace
from segue.ranking.lean import Lean
from tests.pipeline.rows import Fixed, candidates, request, tracks_of

TASTE = Fixed("als:history", [{3: 4.0, 1: 2.0}])
LISTED = candidates([[1, 2, 3]], [[1.0, 0.9, 0.6]], {"knn:seeds": [5.0, 4.0, 3.0]})


def test_what_is_to_the_listeners_taste_comes_forward() -> None:
    made = Lean({"als:history": TASTE}, {"als:history": 1.0})(request(1, history=[[7]]), LISTED, Trace())
    assert tracks_of(made) == [[1, 3, 2]]
    assert made.score.tolist() == pytest.approx([1.5, 1.2, 0.9])


def test_what_the_listener_thinks_of_each_track_stands_beside_what_the_sources_said() -> None:
    made = Lean({"als:history": TASTE}, {"als:history": 1.0})(request(1, history=[[7]]), LISTED, Trace())
    assert made.sources == ("knn:seeds", "als:history")
    np.testing.assert_array_equal(made.proposed, [[5, 2], [3, 4], [4, np.nan]])


def test_where_nothing_is_known_of_the_listener_nothing_changes() -> None:
    made = Lean({"als:history": Fixed("als:history", [{}])}, {"als:history": 1.0})(request(1), LISTED, Trace())
    assert (tracks_of(made), made.score.tolist()) == (tracks_of(LISTED), LISTED.score.tolist())


def test_a_dislike_takes_nothing_away() -> None:
    hated = Fixed("als:history", [{1: -4.0}])
    made = Lean({"als:history": hated}, {"als:history": 1.0})(request(1, history=[[7]]), LISTED, Trace())
    assert made.score.tolist() == pytest.approx([1.0, 0.9, 0.6])
