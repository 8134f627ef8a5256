# SPDX-License-Identifier: Apache-2.0
"""The order of a playlist: each track leads to the next, artists come back only after a while, and it has an arc."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.kernels.lists import best_first
from segue.kernels.order import sequence
from segue.kernels.ragged import Ragged, offsets_of, places, row_numbers
from segue.models.sound import Sound
from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.trace import Trace
from segue.playlists.arcs import levels

__all__ = ["STEPS", "Sequence"]

STEPS: Mapping[str, float] = {"taste": 0.6, "tempo": 1.5, "energy": 1.5, "valence": 0.4, "key": 0.06, "mode": 0.1}
"""How long a step is for each unit between two tracks: of `taste`, 1 less the cosine of their vectors; of `tempo`, an
octave, so that 70 and 140 beats a minute are the same; of `key`, a fifth on the circle (a neighbour on the Camelot
wheel); of the others, from the least to the greatest there can be. Chosen on playlists of the Million Playlist Dataset,
so that steps of tempo and energy fall by more than those between songs that listeners put beside each other."""
_PERIODS = {"tempo": 1.0, "key": 12.0}
_HOOKED = 3


@dataclass(frozen=True)
class Sequence:
    """Puts the tracks of each row into an order of small steps, along the row's arc, that begins with what hooks.

    To stand behind what cuts rows to their length. Nothing is dropped and scores stay, so places no longer tell the
    score. A row that goes on from tracks (`Request.seeds`, where `goes_on`) begins close to the last of these, and an
    artist of the last few is kept away from its beginning. Where a sound is guessed, the guess counts.

    The first `together` tracks of a row are put in order, then the next ones, and so on, each going on from those
    before them; the arc is that of each part.
    """

    vectors: NDArray[np.float32]
    """`float32[n, f]`: what places tracks beside each other, such as a model's factors."""
    index: NDArray[np.int32]
    """`int32[catalogue]`: the row of `vectors` of each track, -1 where it has none: as far from all others."""
    groups: NDArray[np.int32]
    """`int32[G, catalogue]`: the artist of each track, its album …; -1 for none."""
    gaps: NDArray[np.int32]
    """`int32[G]`: how many tracks are to stand between two of one artist, album …, where that can be."""
    sound: Sound
    steps: Mapping[str, float]
    """Weight of each part of a step; see `STEPS`."""
    arc: NDArray[np.float32]
    """`float32[KNOTS]`: what rows follow that ask for no arc of their own; see `arcs.arc`."""
    arc_weight: float = 3.0
    """How far from the arc a track is, in steps, when its energy is at the wrong end."""
    hook: float = 5.0
    """How much the row's worst track costs at each of the first three places, in steps."""
    together: int = 30
    """Tracks that are put in order together: of a longer row, what is better stays before what is less good."""
    goes_on: bool = False
    """Whether rows go on from their seeds."""
    parallel: bool = False
    """Use all threads (jobs) or one (requests)."""

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:
        """Reorder each row."""
        arcs = np.tile(self.arc, (len(candidates), 1))
        if request.arcs is not None:
            asked = ~np.isnan(request.arcs[:, 0])
            arcs[asked] = request.arcs[asked]
        arcs[np.ptp(arcs, axis=1) == 0] = np.nan  # a level one asks for nothing
        before = request.seeds if self.goes_on else Ragged.empty(len(candidates))
        place = places(candidates.offsets)
        hooks = _hooks(candidates)
        order = np.arange(len(candidates.track))
        missed = np.zeros(len(candidates), np.int32)
        for turn in range(-(-int(np.diff(candidates.offsets).max(initial=0)) // self.together)):
            here = np.flatnonzero(place // self.together == turn)
            rows = row_numbers(candidates.offsets)[here]
            tracks = Ragged(
                offsets_of(np.bincount(rows, minlength=len(candidates))), candidates.track[here], hooks[here]
            )
            placed, short = self._ordered(self._last(before), tracks, arcs)
            order[here] = here[placed]
            missed += short
            before = Ragged(tracks.offsets, tracks.values[placed], tracks.weights)
        trace.relax("gap", missed > 0)
        return candidates.reorder(order)

    def _last(self, before: Ragged) -> Ragged:
        """Return the last few tracks of each row: those that may still matter to what follows."""
        most = int(self.gaps.max(initial=0)) + 1
        from_end = np.repeat(before.offsets[1:], np.diff(before.offsets)) - np.arange(len(before.values))
        return before.keep(from_end <= most)

    def _ordered(
        self, before: Ragged, tracks: Ragged, arcs: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return the places of the tracks in their new order, behind those before them, and what each row misses."""
        both = Ragged(before.offsets, before.values, np.zeros(len(before.values), np.float32)).concat(tracks)
        fixed = np.diff(before.offsets).astype(np.int32)
        names = [name for name in self.steps if name != "taste" and self.steps[name] > 0]
        features = np.stack([self.sound[name][both.values] for name in names], axis=1) if names else None
        new = places(both.offsets) >= np.repeat(fixed, np.diff(both.offsets))
        energy = np.where(new, self.sound["energy"][both.values], np.nan).astype(np.float32)
        placed, missed = sequence(
            Ragged(
                both.offsets,
                self.index[both.values],
                np.full(len(both.values), self.steps.get("taste", 0), np.float32),
            ),
            self.vectors,
            self.groups[:, both.values],
            self.gaps,
            features=features,
            periods=np.array([_PERIODS.get(name, 0) for name in names], np.float32),
            weights=np.array([self.steps[name] for name in names], np.float32),
            levels=levels(both.offsets, energy),
            arcs=arcs,
            arc_weight=self.arc_weight,
            hooks=self.hook * both.weights,
            hooked=_HOOKED,
            fixed=fixed,
            parallel=self.parallel,
        )
        old = np.repeat(np.cumsum(fixed), np.diff(both.offsets))
        return placed[new] - old[new], missed


def _hooks(candidates: Candidates) -> NDArray[np.float32]:
    """Return what each track costs near the beginning: from 0 for the best of its row to 1 for the worst, by rank."""
    found = np.empty(len(candidates.score), np.float32)
    last = np.maximum(np.diff(candidates.offsets) - 1, 1)[candidates.rows]
    found[best_first(candidates.offsets, candidates.score)] = places(candidates.offsets) / last
    return found
