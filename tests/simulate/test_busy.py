# SPDX-License-Identifier: Apache-2.0
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segue.simulate.busy import Busy

spans = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 50), st.integers(1, 9)), max_size=12)


@given(spans, st.integers(0, 2), st.integers(0, 60), st.integers(1, 20))
def test_a_span_is_free_where_it_meets_no_other_of_its_listener(
    drawn: list[tuple[int, int, int]], listener: int, begin: int, length: int
) -> None:
    kept: list[tuple[int, int, int]] = []
    for who, start, lasts in drawn:
        if all(who != other or start + lasts <= first or start >= last for other, first, last in kept):
            kept.append((who, start, start + lasts))
    columns = np.array(kept, np.int64).reshape(-1, 3).T
    half = len(kept) // 2
    busy = Busy.of(*columns[:, :half]).and_of(Busy.of(*columns[:, half:]))
    (found,) = busy.free(np.array([listener]), np.array([begin]), np.array([begin + length]))
    assert found == all(listener != who or begin + length <= first or begin >= last for who, first, last in kept)
