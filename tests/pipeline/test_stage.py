# SPDX-License-Identifier: Apache-2.0
from dataclasses import dataclass

import numpy as np

from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
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


@dataclass(frozen=True)
class Own:
    """Proposes to each row the tracks of its own history, and tells the trace of every third."""

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:
        third = request.answer % 3 == 0
        if third.any():
            trace.relax("gap", third)
        trace.cost("composition", request.answer.astype(np.float32))
        trace.dropped(DropReason.SEED, len(request))
        history, said = request.history, np.ones((len(request.history.values), 1), np.float32)
        return Candidates.of(history.offsets, history.values, ("own",), said)


def test_many_rows_go_in_blocks_and_each_is_as_it_is_alone() -> None:
    """Of 1,201 rows some blocks are whole and the last is not; one without a row to tell of says nothing."""
    rows = 1201
    history = [[row, row + 1][: row % 3] for row in range(rows)]
    trace = Trace()
    asked = request(rows, history=history)
    asked.answer[:512] = 1
    made = run(Recipe("own", [Own()]), asked, trace)
    assert tracks_of(made) == history
    assert made.sources == ("own",)
    assert trace.relaxed["gap"].tolist() == [row >= 512 and row % 3 == 0 for row in range(rows)]
    assert trace.costs["composition"].tolist() == asked.answer.tolist()
    assert trace.drops[DropReason.SEED] == rows


def test_a_recipe_without_stages_answers_with_empty_rows() -> None:
    assert tracks_of(run(Recipe("nothing", []), request(3), Trace())) == [[], [], []]


def test_the_trace_adds_up_drops_by_reason_and_leaves_out_reasons_without_any() -> None:
    trace = Trace()
    for reason, count in ((DropReason.SEED, 2), (DropReason.HEARD, 0), (DropReason.SEED, 3)):
        trace.dropped(reason, count)
    assert dict(trace.drops) == {DropReason.SEED: 5}
