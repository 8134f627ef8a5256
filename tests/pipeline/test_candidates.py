# SPDX-License-Identifier: Apache-2.0
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from .rows import candidates, tracks_of

ROWS = st.lists(st.lists(st.integers(0, 50), max_size=5), max_size=5)


@given(ROWS)
def test_candidates_are_unranked_at_first(rows: list[list[int]]) -> None:
    made = candidates(rows)
    assert len(made) == len(rows)
    assert tracks_of(made) == rows
    assert made.rows.tolist() == [row for row, tracks in enumerate(rows) for _ in tracks]
    assert not made.score.any()
    assert set(made.reason_source.tolist()) | set(made.reason_seed.tolist()) <= {-1}


@given(ROWS)
def test_keeping_places_keeps_all_columns_beside_one_another(rows: list[list[int]]) -> None:
    made = candidates(rows, [[track / 2 for track in row] for row in rows])
    kept = made.track % 2 == 0
    left = made.keep(kept)
    assert tracks_of(left) == [[track for track in row if track % 2 == 0] for row in rows]
    np.testing.assert_array_equal(left.score, left.track / 2)
    assert left.proposed.shape == (len(left.track), 1)
    assert len(left.reason_source) == len(left.reason_seed) == len(left.track)
    assert len(left) == len(rows)


def test_places_may_be_reordered_within_their_rows() -> None:
    made = candidates([[1, 2, 3], [], [4, 5]], [[0.1, 0.2, 0.3], [], [0.4, 0.5]], {"a": [1, 2, 3, 4, 5]})
    turned = made.reorder(np.array([2, 0, 1, 4, 3]))
    assert tracks_of(turned) == [[3, 1, 2], [], [5, 4]]
    assert turned.proposed.ravel().tolist() == [3, 1, 2, 5, 4]
    np.testing.assert_array_equal(turned.score, np.array([0.3, 0.1, 0.2, 0.5, 0.4], np.float32))
    assert turned.sources == ("a",)
