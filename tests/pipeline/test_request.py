# SPDX-License-Identifier: Apache-2.0
import numpy as np

from .rows import request


def test_taking_rows_takes_all_that_belongs_to_them() -> None:
    asked = request(3, history=[[1], [2, 3], []], seeds=[[4], [], [5]], banned=[[], [6], []], limit=[1, 2, 3])
    taken = asked.take(np.array([2, 1]))
    assert len(taken) == 2
    assert [taken.history.row(row).tolist() for row in range(2)] == [[], [2, 3]]
    assert [taken.seeds.row(row).tolist() for row in range(2)] == [[5], []]
    assert [taken.banned.row(row).tolist() for row in range(2)] == [[], [6]]
    assert len(taken.exclude) == 2
    assert (taken.answer.tolist(), taken.limit.tolist(), taken.seed.tolist()) == ([2, 1], [3, 2], [2, 1])
    assert taken.now == asked.now
