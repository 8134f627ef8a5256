# SPDX-License-Identifier: Apache-2.0
"""Everything in a simulated world before anybody listens: the music, what is spoken, and the people."""

from dataclasses import dataclass

from segue.simulate.config import WorldConfig
from segue.simulate.listeners import Listeners, populate
from segue.simulate.movers import Moves, depart
from segue.simulate.music import Music, compose
from segue.simulate.profiles import Profiles, introduce
from segue.simulate.serials import Serials, books, shows
from segue.simulate.spoken import Habits, form_habits

__all__ = ["Society", "found"]


@dataclass(frozen=True, slots=True)
class Society:
    """The parts of a world. Each is drawn from a stream of its own, so that none moves when another is added."""

    music: Music
    serials: tuple[Serials, ...]
    """Shows, then books; kinds of which the world has none are left out."""
    listeners: Listeners
    """Where they live in the first week."""
    moves: Moves
    habits: Habits
    profiles: Profiles


def found(config: WorldConfig) -> Society:
    """Return the parts of the world of these settings."""
    listeners = populate(config)
    return Society(
        music=compose(config),
        serials=(*([shows(config)] if config.shows else []), *([books(config)] if config.books else [])),
        listeners=listeners,
        moves=depart(config, listeners),
        habits=form_habits(config, listeners),
        profiles=introduce(config, listeners),
    )
