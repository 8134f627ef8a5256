# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np

from .rows import request


def test_taking_rows_takes_all_that_belongs_to_them() -> None:
    asked = request(3, history=[[1], [2, 3], []], seeds=[[4], [], [5]], banned=[[], [6], []], limit=[1, 2, 3])
    asked = replace(asked, region=np.array([0, -1, 4], np.int16), mark=np.array([7, 8, -1], np.int32))
    taken = asked.take(np.array([2, 1]))
    assert taken.region is not None
    assert taken.mark is not None
    assert (taken.region.tolist(), taken.mark.tolist()) == ([4, -1], [-1, 8])
    assert len(taken) == 2
    assert [taken.history.row(row).tolist() for row in range(2)] == [[], [2, 3]]
    assert [taken.seeds.row(row).tolist() for row in range(2)] == [[5], []]
    assert [taken.banned.row(row).tolist() for row in range(2)] == [[], [6]]
    assert len(taken.exclude) == 2
    assert (taken.answer.tolist(), taken.limit.tolist(), taken.seed.tolist()) == ([2, 1], [3, 2], [2, 1])
    assert taken.now == asked.now
