# SPDX-License-Identifier: Apache-2.0
import numpy as np

from segue.pipeline.stage import Recipe, run
from segue.pipeline.trace import Trace
from segue.reranking.rules import Limit
from segue.retrieval.sources import Gather
from segue.types import DropReason

from .rows import Fixed, request, tracks_of


def test_stages_run_in_order_and_each_is_timed_in_the_trace() -> None:
    trace = Trace()
    source = Fixed("knn:seeds", [{1: 1.0, 2: 1.0, 3: 1.0}, {4: 1.0}])
    made = run(Recipe("short", [Gather([source], 100), Limit(np.full(100, 200_000))]), request(2, limit=[2, 2]), trace)
    assert tracks_of(made) == [[1, 2], [4]]
    assert [(step.name, step.left) for step in trace.steps] == [("source knn:seeds", 4), ("Gather", 4), ("Limit", 3)]
    assert all(step.seconds >= 0 for step in trace.steps)


def test_a_recipe_without_stages_answers_with_empty_rows() -> None:
    assert tracks_of(run(Recipe("nothing", []), request(3), Trace())) == [[], [], []]


def test_the_trace_adds_up_drops_by_reason_and_leaves_out_reasons_without_any() -> None:
    trace = Trace()
    for reason, count in ((DropReason.SEED, 2), (DropReason.HEARD, 0), (DropReason.SEED, 3)):
        trace.dropped(reason, count)
    assert dict(trace.drops) == {DropReason.SEED: 5}
