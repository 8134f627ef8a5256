# SPDX-License-Identifier: Apache-2.0
"""All that is spoken in a world: its shows and its books, who hears them, and the events of each week."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.events.schema import INTAKE
from segue.simulate.busy import Busy
from segue.simulate.config import WorldConfig
from segue.simulate.frames import Frames
from segue.simulate.listeners import Listeners
from segue.simulate.plays import Plays
from segue.simulate.serials import Serials
from segue.simulate.sessions import Sessions
from segue.simulate.spoken import Audience, Habits

__all__ = ["Speech"]


class Speech:
    """The audiences of a world's serials, from its first week on."""

    def __init__(
        self, config: WorldConfig, serials: tuple[Serials, ...], listeners: Listeners, habits: Habits, frames: Frames
    ) -> None:
        self.frames = frames
        self.audiences = [Audience(config, some, listeners, habits) for some in serials]

    def week(
        self, listeners: Listeners, sessions: Sessions, plays: Plays, free_ms: NDArray[np.int64], week: int
    ) -> pl.DataFrame:
        """Return the plays of parts in a week, beside this music. Whoever hears a show hears no book meanwhile.

        Args:
            listeners: All listeners, where they live in this week.
            sessions: The week's sessions of music.
            plays: What they play.
            free_ms: When each listener's music of the week before ended, after this week's start.
            week: From 0.
        """
        busy = Busy.of(sessions.listener[plays.session], plays.start_ms, plays.start_ms + plays.played_ms)
        made = [pl.DataFrame(schema=INTAKE)]
        for audience in self.audiences:
            sittings, heard = audience.listen(listeners, busy, free_ms, week)
            name = f"session:{audience.serials.kind.value}:{week}"
            contexts = self.frames.contexts(listeners, sittings, name)
            made.append(self.frames.spoken(heard, audience.serials, contexts, week))
            busy = busy.and_of(
                Busy.of(sittings.listener[heard.sitting], heard.start_ms, heard.start_ms + heard.played_ms)
            )
        return pl.concat(made)
