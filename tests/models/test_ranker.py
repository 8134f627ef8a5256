# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from segue.models.ranker import Ranker, RankerConfig
from segue.registry import versions
from tests.models.worlds import checkerboard

RNG = np.random.Generator(np.random.PCG64(3))
LISTS, LENGTH = 60, 40
FEATURES = RNG.random((LISTS * LENGTH, 3)).astype(np.float32)
RELEVANT = (FEATURES[:, 0] > 0.7) & (FEATURES[:, 2] < 0.6)
"""Right is what is high in the first feature unless it is high in the third: no weights say that."""
LENGTHS = np.full(LISTS, LENGTH)
NAMES = ("high", "noise", "low")


def fitted(config: RankerConfig | None = None) -> Ranker:
    ranker = Ranker(config or RankerConfig(trees=40, least=5))
    ranker.fit(FEATURES, NAMES, RELEVANT, LENGTHS, seed=1)
    return ranker


@pytest.mark.parametrize("objective", ["binary", "lambdarank"])
def test_what_was_right_comes_first(objective: str) -> None:
    scores = fitted(RankerConfig.model_validate({"objective": objective, "trees": 40, "least": 5})).predict(FEATURES)
    assert scores.dtype == np.float32
    assert np.median(scores[RELEVANT]) > np.quantile(scores[~RELEVANT], 0.95)


def test_the_same_seed_learns_the_same_bytes() -> None:
    assert [fitted().state()[name].tobytes() for name in Ranker.learned] == [
        fitted().state()[name].tobytes() for name in Ranker.learned
    ]


def test_a_version_on_disk_predicts_the_same_and_knows_its_features_but_no_items(tmp_path: Path) -> None:
    ranker, now = fitted(), datetime(2026, 6, 5, tzinfo=UTC)
    saved = versions.save(tmp_path, ranker, checkerboard(), metrics={}, seed=1, seconds=0.1, now=now)
    loaded, ids, _ = versions.load(tmp_path, "ranker", saved.version)
    assert isinstance(loaded, Ranker)
    assert (loaded.names, len(ids), loaded.config) == (NAMES, 0, ranker.config)
    for parallel in (False, True):
        np.testing.assert_array_equal(loaded.predict(FEATURES, parallel=parallel), ranker.predict(FEATURES))


def test_a_config_refuses_unknown_keys_and_round_trips() -> None:
    with pytest.raises(ValidationError, match="no_such_key"):
        RankerConfig.model_validate({"no_such_key": 1})
    changed = RankerConfig(trees=7, objective="lambdarank")
    assert RankerConfig.model_validate_json(changed.model_dump_json()) == changed
