# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from segue.dataset.matrices import Dataset
from segue.models.bound import BoundModel
from segue.models.knn import ItemKnn, ItemKnnConfig
from segue.pipeline.request import Request
from segue.pipeline.trace import Trace
from segue.retrieval.sources import Complete, Gather, ModelSource
from tests.models.worlds import interactions, vocabulary
from tests.pipeline.rows import Fixed, candidates, request, tracks_of

NOTHING = candidates([])


def gathered(*sources: Fixed, rows: int = 1) -> tuple[list[list[int]], dict[str, list[float]]]:
    made = Gather(sources, 10)(request(rows), NOTHING, Trace())
    assert len(made) == rows
    return tracks_of(made), dict(zip(made.sources, made.proposed.T.tolist(), strict=True))


def test_gathering_unites_what_the_sources_propose_in_the_order_of_naming() -> None:
    tracks, said = gathered(Fixed("a", [{7: 0.5, 2: 0.25}]), Fixed("b", [{2: 3.0, 9: -1.0}]))
    assert tracks == [[7, 2, 9]]
    np.testing.assert_array_equal(said["a"], [0.5, 0.25, np.nan])
    np.testing.assert_array_equal(said["b"], [np.nan, 3.0, -1.0])


def test_rows_are_gathered_apart() -> None:
    sources = Fixed("a", [{7: 1.0}, {}, {7: 2.0}]), Fixed("b", [{}, {}, {7: 4.0, 1: 1.0}])
    tracks, said = gathered(*sources, rows=3)
    assert tracks == [[7], [], [7, 1]]
    np.testing.assert_array_equal(said["a"], [1, 2, np.nan])
    np.testing.assert_array_equal(said["b"], [np.nan, 4, 1])


def test_scores_that_are_no_numbers_are_no_proposals() -> None:
    assert gathered(Fixed("a", [{1: np.nan, 2: np.inf, 3: 0.0}]))[0] == [[3]]


def test_gathering_tells_the_trace_what_each_source_proposed() -> None:
    trace = Trace()
    Gather([Fixed("a", [{1: 1.0, 2: 1.0}]), Fixed("b", [{}])], 10)(request(1), NOTHING, trace)
    assert [(step.name, step.left) for step in trace.steps] == [("source a", 2), ("source b", 0)]


PLAYLISTS = [{0: 1.0, 1: 1.0}, {0: 1.0, 1: 1.0}, {0: 1.0, 2: 1.0}, {3: 1.0, 2: 1.0}]


@pytest.fixture
def bound() -> BoundModel:
    """A model of items 0 to 3, whose catalogue numbers are 8 to 5; the catalogue has ten tracks."""
    model = ItemKnn(ItemKnnConfig(asked_exponent=0, row_damping=0))
    data = Dataset(vocabulary(4), playlists=interactions(PLAYLISTS))
    model.fit(data, seed=0)
    index = np.full(10, -1, np.int32)
    index[data.items.numbers] = np.arange(4)
    return BoundModel(model, data.items.numbers, index)


def test_a_model_answers_in_catalogue_numbers(bound: BoundModel) -> None:
    source = ModelSource("knn:seeds", bound, "seeds", k=3)
    tracks, scores = source.propose(request(2, seeds=[[8], [9]]), parallel=False)
    assert tracks.tolist() == [[7, 6, -1], [-1, -1, -1]]
    assert scores.tolist() == [[2, 1, -np.inf], [-np.inf] * 3]


def test_a_model_is_asked_about_the_seeds_or_about_the_history(bound: BoundModel) -> None:
    asked = request(1, seeds=[[8]], history=[[5]])
    answers = {
        about: ModelSource("knn", bound, about, k=1).propose(asked, parallel=True)[0].tolist()
        for about in ("seeds", "history")
    }
    assert answers == {"seeds": [[7]], "history": [[6]]}


def test_what_is_banned_excluded_or_asked_with_is_not_proposed(bound: BoundModel) -> None:
    source = ModelSource("knn:history", bound, "history", k=4)
    asked = request(3, history=[[8], [8], [8]], banned=[[7], [], []], exclude=[[], [7], []], seeds=[[], [], [7]])
    tracks, _ = source.propose(asked, parallel=False)
    assert [[track for track in row if track >= 0] for row in tracks.tolist()] == [[6], [6], [6]]


@pytest.mark.parametrize(("unheard", "proposed"), [(True, {6}), (False, {6, 7, 8})])
def test_the_history_may_come_back_unless_only_the_unheard_is_wanted(
    bound: BoundModel, unheard: bool, proposed: set[int]
) -> None:
    source = ModelSource("knn:history", bound, "history", k=4, unheard=unheard)
    tracks, _ = source.propose(request(1, history=[[8, 7]]), parallel=False)
    assert set(tracks.ravel().tolist()) - {-1} == proposed


def test_more_candidates_than_items_are_not_asked_for(bound: BoundModel) -> None:
    tracks, _ = ModelSource("knn:seeds", bound, "seeds", k=500).propose(request(1, seeds=[[8]]), parallel=False)
    assert tracks.shape == (1, 4)


def test_the_seeds_of_a_track_are_those_that_contribute_most(bound: BoundModel) -> None:
    source = ModelSource("knn:seeds", bound, "seeds", k=4)
    asked = request(2, seeds=[[], [5, 9, 8]])
    # Track 7 was found beside 8 alone, 6 beside 8 and 5 alike: the first one given is named.
    assert seeds(source, asked, [[7, 6], [7, 6]]) == [[-1, -1, -1], [-1, -1, -1], [8, -1, -1], [5, 8, -1]]


def test_only_what_is_asked_about_gets_a_seed(bound: BoundModel) -> None:
    source = ModelSource("knn:seeds", bound, "seeds", k=4)
    made = candidates([[7, 6], [0, 7]])
    asked = np.array([False, True, True, True])
    assert source.seeds_of(request(2, seeds=[[8], [8]]), made, asked)[:, 0].tolist() == [8, -1, 8]


def seeds(source: ModelSource, asked: Request, tracks: list[list[int]]) -> list[list[int]]:
    made = candidates(tracks)
    return source.seeds_of(asked, made, np.ones(len(made.track), bool)).tolist()


def test_a_track_that_no_seed_moves_has_no_seed(bound: BoundModel) -> None:
    source = ModelSource("knn:seeds", bound, "seeds", k=4)
    assert seeds(source, request(1, seeds=[[5]]), [[7]]) == [[-1, -1, -1]]


def test_a_model_scores_what_others_proposed_and_is_silent_on_what_it_does_not_know(bound: BoundModel) -> None:
    source = ModelSource("knn:seeds", bound, "seeds", k=1)
    said = source.score(request(2, seeds=[[8], [6]]), candidates([[7, 9, 6], [5]]))
    np.testing.assert_array_equal(said, [2, np.nan, 1, 1])


def test_every_source_is_asked_about_every_candidate_and_keeps_what_it_said() -> None:
    sources = Fixed("a", [{1: 1.0, 2: 9.0}]), Fixed("b", [{2: 3.0}])
    before = candidates([[1, 2]], None, {"a": [0.5, np.nan], "b": [np.nan, 2.0]})
    after = Complete(sources)(request(1), before, Trace())
    np.testing.assert_array_equal(after.proposed, [[0.5, np.nan], [9, 2]])
    assert np.isnan(before.proposed[1, 0])
