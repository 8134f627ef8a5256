# SPDX-License-Identifier: Apache-2.0
"""Simulated: in a world whose truth is known, a weekly reaches all the tastes of its listeners, and costs nothing."""

import numpy as np
from numpy.typing import NDArray

from segue.service.answer import Service
from segue.service.histories import Histories
from segue.simulate.truth import match
from segue.simulate.world import simulate
from segue.types import Ask, Kind
from segue.workspace import Workspace
from tests.conftest import NOW, WORLD


def test_weeklies_cover_the_tastes_of_eclectic_listeners_without_loss(world: Workspace) -> None:
    truth = simulate(WORLD).truth
    listeners = world.listeners()
    recipes = world.settings.recipes
    alike = recipes.weekly.model_copy(update={"calibration": 0.0, "matched": False})
    measured = []
    for weekly in (recipes.weekly, alike):
        histories = Histories(world.door, world.settings.dataset.signals)
        service = Service(world.current, world.door, recipes.model_copy(update={"weekly": weekly}), histories)
        asks = [Ask(one, Kind.WEEKLY, listener=one, now=NOW) for one in listeners]
        slates = service.weeklies(asks, world.current(), exclude={}, until=world.door.position())
        ids = world.current().catalog.tracks["track_id"]
        numbers = np.array([int(one[-6:]) for one in ids.gather(slates.track)])
        rows = [numbers[a:b] for a, b in zip(slates.offsets[:-1], slates.offsets[1:], strict=True)]
        who = [int(one[-6:]) for one in listeners]
        measured.append((covered(truth, who, rows), gained(truth, who, rows)))
    (cover, gain), (_, plain) = measured
    assert cover >= 0.8
    assert gain >= 0.97 * plain


def covered(truth, who: list[int], rows: list[NDArray[np.int64]]) -> float:  # type: ignore[no-untyped-def]
    """Return the mean share of the tastes of listeners with three or more that a track of the list suits best."""
    shares = []
    for listener, tracks in zip(who, rows, strict=True):
        tastes = truth.taste_vectors[listener][truth.taste_weights[listener] >= 0.1]
        apart = [one for place, one in enumerate(tastes) if all(one @ before < 0.75 for before in tastes[:place])]
        if len(apart) >= 3:
            suits = match(np.stack(apart) @ truth.track_vectors[tracks].T)
            shares.append((suits.max(axis=1) >= 0.4).mean())
    return float(np.mean(shares))


def gained(truth, who: list[int], rows: list[NDArray[np.int64]]) -> float:  # type: ignore[no-untyped-def]
    """Return the mean discounted gain, by how well each track truly suits its listener."""
    gains = []
    for listener, tracks in zip(who, rows, strict=True):
        suits = match(truth.affinity(np.array([listener]), tracks))[0]
        gains.append((suits / np.log2(np.arange(2, len(tracks) + 2))).sum())
    return float(np.mean(gains))
