# SPDX-License-Identifier: Apache-2.0
"""The small world, in which figures are noise: that the loop closes, and that a dial is heeded in it."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from segue.jobs.benchmark.dial import Run, Size, gain, loop
from segue.jobs.benchmark.suites import SUITES, Together
from segue.service.dials import KeptDials
from segue.simulate.hearings import Hearings
from segue.simulate.world import simulate
from segue.workspace import Workspace
from tests.conftest import WORLD

SIZE = Size(WORLD.listeners, WORLD.tracks, WORLD.weeks, turns=3, length=8)


def test_lists_are_answered_turn_by_turn_and_what_comes_of_it_is_learned_from(world: Workspace, tmp_path: Path) -> None:
    made = simulate(WORLD)
    heard = Hearings.none(WORLD).after(pl.concat(made.events()), WORLD.week_start(WORLD.weeks))
    runs: list[Run] = []
    for name, dial in (("old", 0.1), ("new", 0.9), ("learned", "learned")):
        home = tmp_path / name
        shutil.copytree(world.home, home)
        runs.append(loop(made, home, world.settings, heard, dial, SIZE))
        assert (KeptDials(home / "playlists" / "dials.parquet")() is not None) == (dial == "learned")
    old, new, _ = runs
    assert np.nanmean(old.new) < np.nanmean(new.new) - 0.2
    for run in runs:
        assert run.satisfaction.shape == (WORLD.listeners, SIZE.turns)
        assert 0.2 < np.nanmean(run.satisfaction) < 0.9


def test_a_gain_is_over_the_same_listeners() -> None:
    worse = np.random.default_rng(1).random((50, 4))
    runs = [Run(*[table] * 5) for table in (worse + 0.1, worse)]
    assert gain(runs[:1], runs[1:]) == pytest.approx({"gain": 0.1, "gain low": 0.1, "gain high": 0.1})


@pytest.mark.parametrize("name", ["dial", "listeners"])
def test_it_needs_no_data_and_says_that_it_is_simulated(name: str) -> None:
    suite = SUITES[name]
    assert isinstance(suite, Together)
    assert suite.simulated
    assert suite.protocol.startswith("simulated: ")
