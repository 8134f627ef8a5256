# SPDX-License-Identifier: Apache-2.0
"""What every model promises."""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from segue.dataset.matrices import Dataset
from segue.errors import NotReady
from segue.kernels.ragged import Ragged
from segue.models.model import Model, ModelConfig
from segue.registry import versions

from .worlds import (
    ITEMS,
    LISTENERS,
    PLAYLISTS,
    checkerboard,
    histories,
    noise,
    nothing_played,
    places,
    random_histories,
)

NOW = datetime(2026, 6, 5, 12, tzinfo=UTC)
NEVER_SEEN = Ragged.of([[2], [7], [0, 4, 10], [1, 3, 5, 7]])
"""Histories that no listener of the checkerboard has, of one colour each."""

VARIED = settings(max_examples=15, suppress_health_check=[HealthCheck.differing_executors])
"""One property is tested by each class that inherits it."""


def fitted(model: Model, data: Dataset, seed: int = 3) -> Model:
    model.fit(data, seed=seed)
    return model


@cache
def _fitted_to_noise(kind: type[Model], config: ModelConfig) -> Model:
    return fitted(kind(config), noise(1))


class ModelContract:
    """A test class of a model inherits this and says how to build it, and another config than the default."""

    kind: ClassVar[type[Model]]
    other_config: ClassVar[ModelConfig]
    personal: ClassVar[bool] = True
    """Whether a history moves it."""
    additive: ClassVar[bool] = True
    """Whether its scores are sums over the history, so that it can say what each item of it adds."""
    scores_items: ClassVar[bool] = True
    """Whether it scores chosen items, and not only ranks."""
    needs_rows: ClassVar[bool] = True
    """Whether it cannot be fitted to a dataset without rows."""
    tolerance: ClassVar[float] = 1e-5
    """How far contributions may be from the score that they sum to, as a share of the greatest score."""

    def build(self) -> Model:
        return self.kind()

    def fitted_to_noise(self) -> Model:
        """Fit once for all examples of a property."""
        return _fitted_to_noise(self.kind, self.build().config)

    def test_the_other_items_of_the_listeners_own_colour_come_first(self) -> None:
        if not self.personal:
            return
        data = checkerboard()
        history = histories(data)
        items, _ = fitted(self.build(), data).recommend(history, history, 4)
        for row, ranked in enumerate(items.tolist()):
            assert set(ranked) == set(range(row % 2, ITEMS, 2)) - set(history.row(row).tolist())

    def test_a_history_that_it_never_saw_is_served(self) -> None:
        items, scores = fitted(self.build(), checkerboard()).recommend(NEVER_SEEN, NEVER_SEEN, 3)
        for row, ranked in enumerate(places(items)):
            assert ranked
            assert np.isfinite(scores[row, : len(ranked)]).all()
            if self.personal:
                assert {item % 2 for item in ranked} == {int(NEVER_SEEN.row(row)[0]) % 2}

    @VARIED
    @given(seed=st.integers(0, 2**32), k=st.integers(1, ITEMS + 3))
    def test_lists_are_in_order_without_repetitions_and_without_what_is_excluded(self, seed: int, k: int) -> None:
        model = self.fitted_to_noise()
        history, exclude = random_histories(seed, 9), random_histories(seed + 1, 9)
        items, scores = model.recommend(history, exclude, k)
        assert (items.shape, items.dtype, scores.shape, scores.dtype) == ((9, k), np.int32, (9, k), np.float32)
        for row, ranked in enumerate(places(items)):
            assert len(set(ranked)) == len(ranked)
            assert not set(ranked) & set(exclude.row(row).tolist())
            assert max(ranked, default=0) < ITEMS
            assert items[row, len(ranked) :].tolist() == [-1] * (k - len(ranked))
            assert scores[row, len(ranked) :].tolist() == [-np.inf] * (k - len(ranked))
            assert (np.diff(scores[row, : len(ranked)]) <= 0).all()

    def test_no_histories_give_no_lists(self) -> None:
        items, scores = fitted(self.build(), checkerboard()).recommend(Ragged.empty(0), Ragged.empty(0), 5)
        assert items.shape == scores.shape == (0, 5)

    def test_an_empty_history_gets_nothing_personal(self) -> None:
        items, _ = fitted(self.build(), checkerboard()).recommend(Ragged.empty(2), Ragged.empty(2), 5)
        assert bool((items < 0).all()) == self.personal

    def test_the_same_seed_learns_the_same_bytes(self) -> None:
        first, second = (fitted(self.build(), checkerboard()).state() for _ in range(2))
        assert list(first) == list(second) == list(self.kind.learned)
        assert [array.tobytes() for array in first.values()] == [array.tobytes() for array in second.values()]

    def test_a_version_on_disk_recommends_the_same(self, tmp_path: Path) -> None:
        data = noise(2)
        model = fitted(self.kind(self.other_config), data)
        manifest = versions.save(tmp_path, model, data, metrics={}, seed=3, seconds=0.1, now=NOW)
        loaded, ids, _ = versions.load(tmp_path, model.name, manifest.version)
        assert ids.equals(data.items.ids)
        assert loaded.config == model.config
        for name, array in model.state().items():
            np.testing.assert_array_equal(loaded.state()[name], array, strict=True)
        history = random_histories(5, 20)
        for parallel in (False, True):
            before = model.recommend(history, history, 9, parallel=parallel)
            after = loaded.recommend(history, history, 9, parallel=parallel)
            assert [array.tobytes() for array in before] == [array.tobytes() for array in after]

    def test_nothing_learned_is_as_long_as_the_listeners_or_the_playlists(self) -> None:
        model = fitted(self.build(), checkerboard())
        state = model.state()
        assert state
        for array in state.values():
            assert array.ndim > 0
            assert not {LISTENERS, PLAYLISTS, LISTENERS + PLAYLISTS} & set(array.shape)
        assert set(vars(model)) == {"config", *model.learned}

    @VARIED
    @given(seed=st.integers(0, 2**32))
    def test_contributions_sum_to_the_scores(self, seed: int) -> None:
        model = self.fitted_to_noise()
        history = random_histories(seed, 4)
        items, scores = model.recommend(history, history, ITEMS)
        for row, ranked in enumerate(places(items)):
            shares = model.contributions(history.take(np.array([row])), np.array(ranked, np.int32))
            assert (shares.shape, shares.dtype) == ((len(history.row(row)), len(ranked)), np.float32)
            if self.personal and self.additive:
                given_scores = scores[row, : len(ranked)]
                scale = float(np.abs(given_scores).max(initial=0))
                np.testing.assert_allclose(shares.sum(axis=0), given_scores, rtol=0, atol=self.tolerance * scale)
            else:
                assert not shares.any()

    @VARIED
    @given(seed=st.integers(0, 2**32))
    def test_the_strongest_of_a_history_contributes_most(self, seed: int) -> None:
        model = self.fitted_to_noise()
        history = random_histories(seed, 4)
        ranked = [row[row >= 0] for row in model.recommend(history, history, ITEMS)[0]]
        items = Ragged.of([ranked[0], [], ranked[2], ranked[3]])
        few = model.strongest(history, items, 3)
        assert (few.shape, few.dtype) == ((len(items.values), 3), np.int32)
        strongest = few[:, 0]
        np.testing.assert_array_equal(model.strongest(history, items)[:, 0], strongest)
        assert (few[strongest < 0] < 0).all()
        for row in (0, 2, 3):
            shares = model.contributions(history.take(np.array([row])), items.row(row))
            named = strongest[items.offsets[row] : items.offsets[row + 1]]
            most, scale = shares.max(axis=0, initial=0), float(np.abs(shares).max(initial=1e-9))
            for column, item in enumerate(named.tolist()):
                own = shares[history.row(row) == item, column].max(initial=0)
                np.testing.assert_allclose(own, most[column], rtol=1e-4, atol=1e-6 * scale)
            if self.additive:
                for column, line in enumerate(few[items.offsets[row] : items.offsets[row + 1]].tolist()):
                    parts = [shares[history.row(row) == item, column].max(initial=0) for item in line if item >= 0]
                    assert parts == pytest.approx(sorted(parts, reverse=True), rel=1e-4, abs=1e-6 * scale)
                    assert all(part >= 0.3 * most[column] for part in parts)

    @VARIED
    @given(seed=st.integers(0, 2**32))
    def test_chosen_items_get_the_scores_that_they_have_in_the_list(self, seed: int) -> None:
        model = self.fitted_to_noise()
        history = random_histories(seed, 4)
        items, scores = model.recommend(history, Ragged.empty(4), ITEMS)
        wanted = Ragged.of([np.random.default_rng(seed).permutation(row[row >= 0]) for row in items])
        said = model.score(history, wanted)
        assert (said.shape, said.dtype) == (wanted.values.shape, np.float32)
        for row, ranked in enumerate(places(items)):
            own = said[wanted.offsets[row] : wanted.offsets[row + 1]]
            if self.scores_items:
                listed = dict(zip(ranked, scores[row].tolist(), strict=False))
                expected = [listed[item] for item in wanted.row(row).tolist()]
                np.testing.assert_allclose(own, expected, rtol=1e-4, atol=1e-5)
            else:
                assert np.isnan(own).all()

    def test_serial_and_parallel_agree_to_the_byte(self) -> None:
        model = self.fitted_to_noise()
        history, exclude = random_histories(6, 200), random_histories(7, 200)
        serial = model.recommend(history, exclude, 10)
        parallel = model.recommend(history, exclude, 10, parallel=True)
        assert [array.tobytes() for array in serial] == [array.tobytes() for array in parallel]

    def test_the_dataset_and_the_histories_are_not_changed(self) -> None:
        data, history = noise(5), random_histories(8, 5)
        assert data.listeners is not None
        arrays = [data.listeners.items, data.listeners.weights, data.items.artists, history.values, history.weights]
        before = [array.copy() for array in arrays]
        model = fitted(self.build(), data)
        model.recommend(history, history, 5)
        model.contributions(history.take(np.array([0])), np.arange(3, dtype=np.int32))
        for array, was in zip(arrays, before, strict=True):
            np.testing.assert_array_equal(array, was)

    def test_without_the_rows_that_it_needs_it_is_not_ready(self) -> None:
        if self.needs_rows:
            with pytest.raises(NotReady, match=self.kind.name):
                self.build().fit(nothing_played(), seed=0)
        else:
            self.build().fit(nothing_played(), seed=0)

    def test_a_config_refuses_unknown_keys(self) -> None:
        with pytest.raises(ValidationError, match="no_such_key"):
            self.kind.Config.model_validate({"no_such_key": 1})

    def test_a_config_never_changes(self) -> None:
        name = next(iter(self.kind.Config.model_fields))
        with pytest.raises(ValidationError, match="frozen"):
            setattr(self.other_config, name, None)

    def test_configs_round_trip_through_json(self) -> None:
        assert self.other_config != self.kind.Config()
        for config in (self.kind.Config(), self.other_config):
            assert self.kind.Config.model_validate_json(config.model_dump_json()) == config
            assert self.kind.Config.model_validate(config.model_dump(mode="json")) == config
