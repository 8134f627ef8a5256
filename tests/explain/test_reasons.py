# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest

from segue.explain.reasons import Reasons, fitting, words
from segue.models.als import ImplicitALS, ImplicitALSConfig
from segue.models.artist import SameArtist
from segue.models.bound import BoundModel
from segue.models.knn import ItemKnn
from segue.models.model import Model
from segue.pipeline.stage import Recipe, run
from segue.pipeline.trace import Trace
from segue.ranking.blend import Blend
from segue.registry.versions import MODELS
from segue.retrieval.sources import Gather, ModelSource
from tests.models.worlds import ITEMS, checkerboard
from tests.pipeline.rows import Fixed, candidates, request

SOURCES = [f"{model}:{about}" for model in MODELS if model != "title" for about in ("seeds", "history")] + [
    "title:text"
]


def test_each_track_is_asked_of_the_source_with_the_largest_share() -> None:
    made = candidates([[1, 2], [], [1]], None, {"a": [1.0] * 3, "b": [1.0] * 3})
    made = replace(made, reason_source=np.array([1, 0, 0], np.int8))
    sources = {"a": Fixed("a", [], {1: 10, 2: 20}), "b": Fixed("b", [], {1: 11, 2: 21})}
    assert Reasons(sources)(request(3), made, Trace()).reason_seed.tolist() == [11, 20, 10]
    assert made.reason_seed.tolist() == [-1, -1, -1]


@pytest.mark.parametrize(
    "model", [ItemKnn(), ImplicitALS(ImplicitALSConfig(factors=4)), SameArtist()], ids=lambda model: model.name
)
def test_the_seed_named_is_the_one_that_contributes_most_to_the_score(model: Model) -> None:
    data = checkerboard()
    model.fit(data, seed=1)
    bound = BoundModel(model, data.items.numbers, data.items.index)
    source = ModelSource("it:seeds", bound, "seeds", k=8)
    asked = request(2, seeds=[data.items.numbers[[0, 2, 5]].tolist(), data.items.numbers[[7]].tolist()])
    stages = [Gather([source], 100), Blend({"it:seeds": 1.0}), Reasons({"it:seeds": source})]
    made = run(Recipe("test", stages), asked, Trace())
    assert len(made.track)
    for place, row in enumerate(made.rows):
        history = asked.seeds.take(np.array([row])).translate(bound.index)
        shares = model.contributions(history, bound.index[made.track[[place]]])[:, 0]
        if made.score[place] > 0:
            assert made.reason_seed[place] == data.items.numbers[history.values[shares.argmax()]]
            assert data.items.index[made.reason_seed[place]] < ITEMS


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("seed", ["X – Y", None])
def test_every_source_has_words_for_its_reasons(source: str, seed: str | None) -> None:
    said = words(source, seed, "The Artist")
    assert said
    assert "None" not in said
    assert not set("{}") & set(said)


@pytest.mark.parametrize("source", [source for source in SOURCES if source.startswith(("knn", "als"))])
def test_a_reason_with_a_seed_names_it(source: str) -> None:
    assert "X – Y" in words(source, "X – Y", "The Artist")


@pytest.mark.parametrize("about", ["seeds", "history"])
def test_more_by_an_artist_names_the_artist(about: str) -> None:
    assert words(f"artist:{about}", "X – Y", "The Artist").startswith("More by The Artist")


def test_a_fit_is_said_in_the_words_that_were_asked_for() -> None:
    assert fitting(["calm", "jazz"], "sunday") == "Calm, jazz, and suits playlists called “sunday”"
    assert fitting(["calm"], None) == "Calm"
    assert fitting([], "sunday") == "Suits playlists called “sunday”"
    assert fitting([], None) == ""
