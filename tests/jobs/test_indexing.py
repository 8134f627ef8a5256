# SPDX-License-Identifier: Apache-2.0
import numpy as np
import polars as pl
import pytest

from segue.dataset.matrices import Dataset, Interactions, Vocabulary
from segue.index.config import IndexConfig
from segue.index.measured import recall
from segue.jobs.bench.plays import plays
from segue.jobs.indexing import give_index
from segue.kernels.ragged import Ragged
from segue.models.als import ImplicitALS, ImplicitALSConfig
from segue.models.popularity import Popularity

ITEMS = 1200


@pytest.fixture(scope="module")
def data() -> Dataset:
    rows = Ragged.of_matrix(plays(600, ITEMS, 20))
    names = pl.Series([f"{number:04d}" for number in range(ITEMS)])
    numbers = np.arange(ITEMS, dtype=np.int32)
    listeners = Interactions(names.head(len(rows)), rows.offsets, rows.values, rows.weights)
    return Dataset(Vocabulary(names, numbers, numbers // 4), listeners=listeners)


def fitted(data: Dataset) -> ImplicitALS:
    """Fit with artists, so that some rows of the factors are no items."""
    model = ImplicitALS(ImplicitALSConfig(factors=16, iterations=2, artists=1.0))
    model.fit(data, seed=1)
    return model


def test_a_model_of_many_items_is_searched_by_an_index_that_serves_as_all_its_items_would(data: Dataset) -> None:
    model = fitted(data)
    history = Ragged.of_matrix(plays(600, ITEMS, 20)[:50])
    exact, _ = model.recommend(history, history, 20)
    (said,) = give_index(model, data, IndexConfig(kind="sq8", floor=0.9, neighbours=40), 1)
    assert "als is searched by sq8, which finds" in said
    assert model.index is not None and len(model.index) == ITEMS
    for parallel in (False, True):
        found, _ = model.recommend(history, history, 20, parallel=parallel)
        assert recall(found, exact) >= 0.85
        assert not any(np.isin(row[row >= 0], history.row(place)).any() for place, row in enumerate(found))


def test_a_model_of_few_items_and_one_of_another_kind_are_left_as_they_are(data: Dataset) -> None:
    few, other = fitted(data), Popularity()
    other.fit(data, seed=1)
    assert [*give_index(few, data, IndexConfig(), 1), *give_index(other, data, IndexConfig(kind="sq8"), 1)] == []
    assert few.index is None and other.index is None


def test_an_index_that_finds_too_little_is_not_given_and_the_reason_told(data: Dataset) -> None:
    model = fitted(data)
    (said,) = give_index(model, data, IndexConfig(kind="hnsw", floor=1.0, neighbours=1000), 1)
    assert said.startswith("als is searched exactly: the hnsw index of 1,200 vectors finds")
    assert model.index is None
