# SPDX-License-Identifier: Apache-2.0
"""Listeners who move to another region: from then on they play there, and slowly turn to its charts."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from segue.seeds import generator
from segue.simulate.config import WorldConfig
from segue.simulate.listeners import Listeners
from segue.simulate.regions import REGIONS, drawn_zones, shares
from segue.simulate.sessions import Sessions

__all__ = ["Moves", "charts", "depart", "settle"]

_SETTLING_WEEKS = 26
"""After so many weeks someone who has moved reads the new charts alone."""


@dataclass(frozen=True, slots=True)
class Moves:
    """Arrays over listeners; all −1 for who stays."""

    week: NDArray[np.intp]  # they move at its start
    region: NDArray[np.intp]  # index into `REGIONS`
    zone: NDArray[np.intp]  # index into `ZONES`


def depart(config: WorldConfig, listeners: Listeners) -> Moves:
    """Return who moves, when and where to: in any week but the first, to where many live. Machines stay."""
    rng = generator("simulate", config.seed, "movers")
    count = len(listeners.region)
    moving = (rng.random(count) < config.mover_share) & ~listeners.bot & (config.weeks > 1)
    week = np.where(moving, rng.integers(1, max(config.weeks, 2), count), -1)
    region, zone = np.full(count, -1), np.full(count, -1)
    for i in range(len(REGIONS)):
        here = np.flatnonzero(moving & (listeners.region == i))
        others = shares([place.share * (j != i) for j, place in enumerate(REGIONS)])
        region[here] = rng.choice(len(REGIONS), len(here), p=others)
    for i, place in enumerate(REGIONS):
        there = np.flatnonzero(region == i)
        zone[there] = drawn_zones(place, len(there), rng)
    return Moves(week, region, zone)


def settle(listeners: Listeners, moves: Moves, week: int) -> Listeners:
    """Return the listeners with region and zone as they are in a week; what they like stays."""
    gone = (moves.week >= 0) & (moves.week <= week)
    return replace(
        listeners,
        region=np.where(gone, moves.region, listeners.region),
        zone=np.where(gone, moves.zone, listeners.zone),
    )


def charts(config: WorldConfig, listeners: Listeners, moves: Moves, sessions: Sessions, week: int) -> NDArray[np.intp]:
    """Return the region whose charts each session reads: the old one's ever less often after a move.

    Worked example: in the week of the move one session in 26 reads the new charts, half a year later every one does.
    """
    moved = moves.week[sessions.listener]
    share = np.where(moved >= 0, (week - moved + 1) / _SETTLING_WEEKS, 0)
    rng = generator("simulate", config.seed, "charts abroad", week)
    abroad = rng.random(len(share)) < share
    return np.where(abroad, moves.region[sessions.listener], listeners.region[sessions.listener])
