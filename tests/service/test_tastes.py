# SPDX-License-Identifier: Apache-2.0
"""Simulated: in a world whose truth is known, a weekly reaches all the tastes of its listeners, and costs nothing."""

import numpy as np

from segue.jobs.benchmark.listeners import covered, gains
from segue.service.answer import Service
from segue.service.histories import Histories
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
        pairs = list(zip(who, rows, strict=True))
        cover = np.nanmean([covered(truth, listener, tracks) for listener, tracks in pairs])
        measured.append((cover, np.mean([gains(truth, listener, tracks) for listener, tracks in pairs])))
    (cover, gain), (_, plain) = measured
    assert cover >= 0.8
    assert gain >= 0.97 * plain
