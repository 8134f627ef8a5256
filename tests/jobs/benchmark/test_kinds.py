# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from segue.jobs.benchmark import kinds
from segue.jobs.benchmark.suites import Together, suite
from segue.simulate.world import WorldConfig


def test_shelves_know_what_is_heard_next_better_than_what_most_hear(monkeypatch: pytest.MonkeyPatch) -> None:
    world = WorldConfig(listeners=60, tracks=60, weeks=4, sessions_per_week=0.5, shows=20, books=10)
    monkeypatch.setattr(kinds, "_WORLD", world)
    popular, shelves = kinds.rows(Path(), ["popularity", "shelves"], 1)
    assert set(shelves.metrics) == set(kinds.MEASURES)
    assert shelves.metrics["podcast page"] > popular.metrics["podcast page"]
    assert shelves.metrics["audiobook resume@1"] > 0.5 > popular.metrics["audiobook resume@1"]


def test_it_says_that_it_is_simulated_and_needs_no_data() -> None:
    chosen = suite("kinds")
    assert isinstance(chosen, Together)
    assert chosen.simulated
    assert chosen.protocol.startswith("simulated: ")
