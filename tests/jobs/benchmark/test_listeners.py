# SPDX-License-Identifier: Apache-2.0
"""The small world, of few listeners: figures are noise, but who is unlike most is served there too."""

import numpy as np
import pytest

from segue.jobs.benchmark.listeners import Opened, eclectic, kept, mornings
from segue.simulate.world import simulate
from segue.workspace import Workspace
from tests.conftest import WORLD


@pytest.fixture(scope="module")
def opened(world: Workspace) -> Opened:
    return Opened(simulate(WORLD), world.home, world.settings)


def test_lists_of_eclectic_listeners_are_measured_beside_those_without_several_tastes(opened: Opened) -> None:
    ours = opened.ndcg(opened.settings.recipes.weekly)
    assert all(len(set(tracks.tolist())) == len(tracks) for tracks in ours[1])
    known = ours[0][~np.isnan(ours[0])]
    assert len(known) > 40
    assert 0 < known.min() <= known.max() < 1
    figures, (mine, plain) = eclectic(opened, ours)
    assert figures["listeners"] == len(mine) == len(plain) > 5
    assert figures["tastes"] >= 0.8
    assert figures["NDCG"] >= 0.97 * figures["NDCG plain"]


def test_mornings_are_where_they_are_for_each(opened: Opened) -> None:
    figures = mornings(opened, most=20)
    assert figures["wall clock"] == 0
    assert figures["others"] > 0.6
    assert figures["right"] >= figures["wall clock"]


def test_a_share_kept_has_an_interval_around_it() -> None:
    theirs = np.linspace(0.4, 0.6, 200)
    share = kept(np.append(theirs * 0.9, np.nan), np.append(theirs, 0.5))
    assert share == pytest.approx({"kept": 0.9, "kept low": 0.9, "kept high": 0.9}, abs=1e-3)
