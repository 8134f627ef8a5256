# SPDX-License-Identifier: Apache-2.0
"""A batch of answers to make: rows of histories, seeds and exclusions, in catalogue numbers."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from segue.kernels.ragged import Ragged
from segue.pipeline.habits import Habits

__all__ = ["Request"]


@dataclass(frozen=True, slots=True)
class Request:
    """Q query rows for A answers. Online A is 1; the weekly job sends thousands. Numbers are canonical tracks'.

    Anonymous is an empty history; a playlist to continue is a row of seeds.
    """

    now: datetime
    """Aware; the moment of the answer."""
    answer: NDArray[np.int32]
    """`int32[Q]`: which answer each row serves."""
    history: Ragged
    """Tracks that the row's listener heard, with preferences (0 or less: skips outweigh plays)."""
    seeds: Ragged
    """Tracks that the answer starts from, weight 1."""
    banned: Ragged
    """Tracks that the listener dislikes."""
    exclude: Ragged
    """Tracks that must not come back: recommended in past weeks, already in the queue."""
    limit: NDArray[np.int32]
    """`int32[Q]`: how many tracks are wanted."""
    seed: NDArray[np.uint64]
    """`uint64[Q]`: what breaks ties, and later draws, depend on."""
    titles: tuple[str, ...] = ()
    """Q titles of the lists to make, empty where there is none; none at all: nobody gave any."""
    years: NDArray[np.int8] | None = None
    """`int8[Q]`: the least age of whom each list is for; None: grown up."""
    allows_explicit: NDArray[np.bool_] | None = None
    """`bool[Q]`: whether explicit tracks may be in it; None: they may."""
    dial: NDArray[np.float32] | None = None
    """`float32[Q]`: the share of each list that is to be new to its listener, NaN where nothing was asked."""
    length_ms: NDArray[np.int64] | None = None
    """`int64[Q]`: how long each list is to last, 0 where nothing was asked; `limit` bounds its tracks."""
    arcs: NDArray[np.float32] | None = None
    """`float32[Q, KNOTS]`: the arc of each list, NaN where none was asked for; see `playlists.arcs`."""
    habits: Habits | None = None
    """What reasons may say of the listeners, beside `history`; None: nobody told."""
    region: NDArray[np.int16] | None = None
    """`int16[Q]`: where each listener is, as a place among the regions of the snapshot's charts; -1: not known."""
    mark: NDArray[np.int32] | None = None
    """`int32[Q]`: of which genre or language a chart suits each listener (`models.boards`); -1: of none."""

    def __len__(self) -> int:
        return len(self.answer)

    def take(self, rows: NDArray[np.int64]) -> "Request":
        """Return the chosen rows."""
        return Request(
            self.now,
            self.answer[rows],
            self.history.take(rows),
            self.seeds.take(rows),
            self.banned.take(rows),
            self.exclude.take(rows),
            self.limit[rows],
            self.seed[rows],
            tuple(self.titles[row] for row in rows) if self.titles else (),
            None if self.years is None else self.years[rows],
            None if self.allows_explicit is None else self.allows_explicit[rows],
            None if self.dial is None else self.dial[rows],
            None if self.length_ms is None else self.length_ms[rows],
            None if self.arcs is None else self.arcs[rows],
            None if self.habits is None else self.habits.take(self.history, rows),
            None if self.region is None else self.region[rows],
            None if self.mark is None else self.mark[rows],
        )
