# SPDX-License-Identifier: Apache-2.0
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segue.kernels.marks import leading
from segue.kernels.ragged import Ragged

MARKS = [[0], [0, 1], [1, 2], [], [2]]
Row = list[tuple[int, float]]


def twin(rows: list[Row], most: int, among: int) -> list[tuple[int, int, int]]:
    made = []
    for row in rows:
        liked = [track for track, weight in row[-most:] if weight > 0 and MARKS[track]]
        counts = [sum(mark in MARKS[track] for track in liked) for mark in range(among)]
        made.append((int(np.argmax(counts)) if max(counts) else -1, max(counts), len(liked)))
    return made


@given(st.lists(st.lists(st.tuples(st.integers(0, 4), st.sampled_from([-1.0, 0.0, 2.0])), max_size=6), max_size=5))
def test_the_leading_mark_is_that_of_counting_by_hand(rows: list[Row]) -> None:
    history = Ragged.of([[track for track, _ in row] for row in rows], [[weight for _, weight in row] for row in rows])
    for most, among in ((2, 3), (9, 3), (9, 2)):
        found = leading(history, Ragged.of(MARKS), 3, among=among, most=most)
        assert [tuple(one) for one in np.stack(found, axis=1).tolist()] == twin(rows, most, among)
