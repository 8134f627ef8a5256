# SPDX-License-Identifier: Apache-2.0
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from segue.catalog.evidence import UNDATED, Evidence
from segue.explain.reasons import FACTS, Reasons
from segue.kernels.ragged import Ragged
from segue.models.als import ImplicitALS, ImplicitALSConfig
from segue.models.artist import SameArtist
from segue.models.bound import BoundModel
from segue.models.knn import ItemKnn
from segue.models.model import Model
from segue.pipeline.candidates import Candidates
from segue.pipeline.habits import Habits
from segue.pipeline.request import Request
from segue.pipeline.stage import SEEDS, Recipe, run
from segue.pipeline.trace import Trace
from segue.ranking.blend import Blend
from segue.retrieval.sources import Gather, ModelSource
from tests.models.worlds import ITEMS, checkerboard
from tests.pipeline.rows import NOW, Fixed, candidates, request

TODAY = (NOW.date() - date(1970, 1, 1)).days

NUMBERS = range(60)


def known(**columns: dict[int, int]) -> Evidence:
    """Tracks of artists of their own, without a date or a genre, but for what is told."""
    artist, released = np.arange(60, dtype=np.int32), np.full(60, UNDATED, np.int32)
    for name, array in (("artist", artist), ("released", released)):
        for track, value in columns.get(name, {}).items():
            array[track] = value
    genre = columns.get("genre", {})
    return Evidence(artist, released, Ragged.of([[genre[n]] if n in genre else [] for n in NUMBERS]))


def habits(history: Ragged, **told: Any) -> Habits:
    given = {"plays": 1, "replayed": False, "away_days": 1} | told
    size = len(history.values)
    return Habits(
        np.full(size, given["plays"], np.int32),
        np.full(size, given["replayed"], np.bool_),
        np.full(size, given["away_days"], np.int32),
        Ragged.of(given.get("follows", [[]] * len(history))),
    )


def said(
    shown: list[int], history: list[int], evidence: Evidence, seeds: dict[int, list[int]] | None = None, **told: Any
) -> list[tuple[str, int, int]]:
    """Say why one row's tracks, all of `als:history`, are there."""
    asked = request(1, history=[history])
    asked = replace(asked, habits=habits(asked.history, **told))
    made = candidates([shown], None, {"als:history": [1.0] * len(shown)})
    made = replace(made, reason_source=np.zeros(len(shown), np.int8))
    source = Several("als:history", seeds or {})
    made = Reasons({"als:history": source}, evidence)(asked, made, Trace())
    codes = (*made.sources, *FACTS)
    columns = (made.reason, made.reason_seed, made.reason_other)
    return [(codes[code], seed, other) for code, seed, other in zip(*(one.tolist() for one in columns), strict=True)]


@dataclass
class Several(Fixed):
    """A source that answers to several tracks."""

    def __init__(self, name: str, named: dict[int, list[int]]):
        super().__init__(name, [])
        self.named = named

    def seeds_of(self, request: Request, candidates: Candidates, asked: NDArray[np.bool_]) -> NDArray[np.int32]:
        rows = [(self.named.get(track, []) + [-1] * SEEDS)[:SEEDS] for track in candidates.track[asked].tolist()]
        return np.array(rows, np.int32).reshape(-1, SEEDS)


def test_new_tracks_of_artists_who_are_followed_are_said_to_be_so() -> None:
    world = known(artist={1: 7, 2: 7, 3: 7, 4: 8}, released={1: TODAY, 2: TODAY - 61, 3: TODAY + 1, 4: TODAY - 60})
    assert [code for code, _, _ in said([1, 2, 3, 4], [], world, follows=[[7, 8]])] == [
        "followed", "als:history", "als:history", "followed",
    ]  # fmt: skip


def test_new_tracks_of_artists_who_are_played_a_lot_are_said_to_be_so() -> None:
    world = known(artist={1: 7, 20: 7, 21: 7}, released={1: TODAY})
    assert said([1], [20, 21], world, plays=5) == [("often", -1, -1)]
    assert said([1], [20, 21], world, plays=4) == [("als:history", -1, -1)]


def test_what_was_not_heard_for_long_is_said_to_be_so() -> None:
    assert [said([1], [1], known(), away_days=days)[0][0] for days in (60, 61, -1)] == [
        "als:history", "again", "als:history",
    ]  # fmt: skip


def test_a_track_of_a_genre_that_is_not_theirs_is_outside_their_usual() -> None:
    history = list(range(10, 40))
    world = known(genre={1: 1, 2: 0} | dict.fromkeys(history, 0))
    assert [code for code, _, _ in said([1, 2], history, world)] == ["outside", "als:history"]
    assert [code for code, _, _ in said([1, 2], history[:19], world)] == ["als:history"] * 2


def test_two_tracks_are_said_to_be_replayed_if_they_moved_the_source_most_and_both_were() -> None:
    seeds = {1: [10, 11, 12], 2: [12]}
    assert said([1, 2], [10, 11, 12], known(), seeds, replayed=True) == [("replayed", 10, 11), ("als:history", 12, -1)]
    assert said([1], [10, 11, 12], known(), seeds) == [("als:history", 10, -1)]


def test_a_track_of_the_history_that_was_never_played_is_not_said_to_be() -> None:
    assert said([1], [10], known(), {1: [10]}, plays=0) == [("als:history", -1, -1)]


def test_a_list_does_not_name_one_track_all_the_time_where_there_are_others() -> None:
    shown = list(range(1, 10))
    named = [seed for _, seed, _ in said(shown, [10, 11, 12], known(), {track: [10, 11, 12] for track in shown})]
    assert all(2 <= named.count(one) <= 4 for one in (10, 11, 12))
    alone = [seed for _, seed, _ in said(shown, [10], known(), {track: [10] for track in shown})]
    assert alone == [10] * 9


def test_reasons_of_a_row_do_not_depend_on_the_rows_beside_it() -> None:
    asked = request(2, history=[[10, 11], [12]])
    made = candidates([[1, 2], [1]], None, {"als:history": [1.0] * 3})
    made = replace(made, reason_source=np.zeros(3, np.int8))
    stage = Reasons({"als:history": Several("als:history", {1: [10, 11], 2: [11]})}, known())
    together = stage(asked, made, Trace())
    for row in range(2):
        own = np.array([row])
        alone = stage(asked.take(own), made.take(own), Trace())
        assert alone.reason_seed.tolist() == together.take(own).reason_seed.tolist()
    assert together.reason_seed.tolist() == [10, 11, -1]


def test_where_a_mood_was_asked_for_the_title_says_so_too() -> None:
    made = candidates([[1, 2]], None, {"title:text": [1.0] * 2, "theme:text": [1.0] * 2})
    made = replace(made, reason_source=np.array([0, 1], np.int8))
    sources = {name: Several(name, {}) for name in made.sources}
    assert Reasons(sources)(request(1), made, Trace()).reason.tolist() == [1, 1]
    alone = replace(candidates([[1]], None, {"title:text": [1.0]}), reason_source=np.zeros(1, np.int8))
    assert Reasons(sources)(request(1), alone, Trace()).reason.tolist() == [0]


def test_only_a_chart_says_that_it_was_the_source() -> None:
    name = "popularity:history"
    made = replace(candidates([[1]], None, {name: [1.0]}), reason_source=np.zeros(1, np.int8))
    assert Reasons({name: Several(name, {})})(request(1), made, Trace()).reason.tolist() == [0]


def test_an_empty_list_has_no_reasons() -> None:
    made = candidates([[]], None, {"als:history": []})
    assert len(Reasons({}, known())(request(1), made, Trace()).reason) == 0


def test_each_track_is_asked_of_the_source_with_the_largest_share() -> None:
    names = ("knn:seeds", "als:seeds")
    made = candidates([[1, 2], [], [1]], None, dict.fromkeys(names, (1.0, 1.0, 1.0)))
    made = replace(made, reason_source=np.array([1, 0, 0], np.int8))
    sources = {name: Fixed(name, [], {1: 10 + at, 2: 20 + at}) for at, name in enumerate(names)}
    assert Reasons(sources)(request(3), made, Trace()).reason_seed.tolist() == [11, 20, 10]
    assert made.reason_seed.tolist() == [-1, -1, -1]


@pytest.mark.parametrize(
    "model", [ItemKnn(), ImplicitALS(ImplicitALSConfig(factors=4)), SameArtist()], ids=lambda model: model.name
)
def test_the_seed_named_is_the_one_that_contributes_most_to_the_score(model: Model) -> None:
    data = checkerboard()
    model.fit(data, seed=1)
    name = f"{model.name}:seeds"
    bound = BoundModel(model, data.items.numbers, data.items.index)
    source = ModelSource(name, bound, "seeds", k=8)
    asked = request(2, seeds=[data.items.numbers[[0, 2, 5]].tolist(), data.items.numbers[[7]].tolist()])
    stages = [Gather([source], 100), Blend({name: 1.0}), Reasons({name: source})]
    made = run(Recipe("test", stages), asked, Trace())
    assert len(made.track)
    for place, row in enumerate(made.rows):
        history = asked.seeds.take(np.array([row])).translate(bound.index)
        shares = model.contributions(history, bound.index[made.track[[place]]])[:, 0]
        if made.score[place] > 0:
            named = shares[history.values == bound.index[made.reason_seed[place]]].max()
            assert named >= shares.max() / 3 - 1e-6
            assert place not in made.offsets or named == shares.max()
            assert data.items.index[made.reason_seed[place]] < ITEMS
