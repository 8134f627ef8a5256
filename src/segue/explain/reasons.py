# SPDX-License-Identifier: Apache-2.0
"""The true reason of each track, after the list is made: from the models that ranked it and the listener's own history.


Whatever is said was looked up in what the answer was made from. Of all that could truly be said of a track, that is
said which tells most and was not said just before.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from segue.catalog.evidence import Evidence
from segue.explain.words import DEFAULT, languages
from segue.kernels import reasons as kernels
from segue.kernels.reasons import AGAIN, FOLLOWED, OFTEN, OUTSIDE, PLAYED, REPLAYED, Bounds
from segue.pipeline.candidates import Candidates
from segue.pipeline.habits import Habits
from segue.pipeline.request import Request
from segue.pipeline.stage import SEEDS, Source
from segue.pipeline.trace import Trace

__all__ = ["BOUNDS", "FACTS", "Reasons"]

FACTS = ("followed", "often", "again", "outside", "replayed", "explored")
"""Codes of the reasons that rest on the listener's history and the catalogue; the others are names of sources."""
BOUNDS = Bounds(new_days=60, often=10, away_days=60, known=20, rare=0.02)
"""From when on a fact may be said."""

_WORTH = {"explored": 50.0, "followed": 6.0, "often": 5.5, "again": 5.0, "replayed": 4.5, "outside": 3.7}
_MAIN = (4.0, 3.6, 3.4)
"""What the source that moved the track most is worth, with the first, second and third track that it names."""
_OTHERS = (3.3, 3.0)
"""The same of other sources that spoke for it."""
_NAMELESS = 3.8
"""A source that never names a track."""
_LAST = -100.0
"""A source that names tracks, but none of this listener's: where nothing else can be said."""
_AGAIN = (0.15, 0.5)
"""What goes from that for a kind of reason that was there already, and for a track."""

_Option: TypeAlias = tuple[NDArray[np.int8], NDArray[np.int32], NDArray[np.int32], float]
"""`int8[n]`: codes, -1 where it does not hold; `int32[n]` twice: the tracks that it names; and what it is worth."""


@dataclass(frozen=True)
class Reasons:
    """Says why each track that is left is there: `reason`, `reason_seed` and `reason_other`."""

    sources: Mapping[str, Source]
    evidence: Evidence | None = None
    """What the catalogue says of tracks; None: only sources give reasons."""

    def __call__(self, request: Request, candidates: Candidates, trace: Trace) -> Candidates:  # noqa: ARG002
        """Choose for each track among all that holds of it."""
        if not len(candidates.track):
            return candidates
        named = {name: self._named(name, request, candidates) for name in candidates.sources if name in self.sources}
        of_track, of_named = self._hold(request, candidates, named)
        options = list(_facts(candidates, named, of_track, of_named))
        for name, seeds in named.items():
            options += _of_source(name, candidates, seeds, of_named.get(name))
        codes, first, second = (np.stack([option[part] for option in options], axis=1) for part in range(3))
        worth = np.array([option[3] for option in options], np.float32)
        place = np.arange(len(codes)), kernels.choose(candidates.offsets, codes, first, second, worth, _AGAIN)
        return replace(candidates, reason=codes[place], reason_seed=first[place], reason_other=second[place])

    def _named(self, name: str, request: Request, candidates: Candidates) -> NDArray[np.int32]:
        """Return what moved a source most to each track that it spoke for: `int32[n, SEEDS]`, -1 for none."""
        number = candidates.sources.index(name)
        asked = (candidates.reason_source == number) | (candidates.proposed[:, number] > 0)
        seeds = np.full((len(asked), SEEDS), -1, np.int32)
        if asked.any() and _names_tracks(name):
            found = self.sources[name].seeds_of(request, candidates, asked)
            seeds[asked, : found.shape[1]] = found
        return seeds

    def _hold(
        self, request: Request, candidates: Candidates, named: Mapping[str, NDArray[np.int32]]
    ) -> tuple[NDArray[np.uint8], dict[str, NDArray[np.uint8]]]:
        """Return what holds of each track, `uint8[n]`, and of the tracks of the history that sources name."""
        about = [name for name in named if name.endswith(":history")]
        if self.evidence is None:
            return np.zeros(len(candidates.track), np.uint8), {}
        told = [named[name] for name in about] or [np.full((len(candidates.track), 0), -1, np.int32)]
        known = request.habits or Habits.presumed(request.history)
        assert len(known.plays) == len(request.history.values)
        of_track, of_named = kernels.holds(
            (candidates.offsets, candidates.track),
            request.history,
            (known.plays, known.replayed, known.away_days, known.follows),
            (self.evidence.artist, self.evidence.released, self.evidence.genres),
            np.concatenate(told, axis=1),
            request.now.astimezone(UTC).toordinal() - _EPOCH,
            BOUNDS,
        )
        return of_track, {name: of_named[:, SEEDS * at : SEEDS * (at + 1)] for at, name in enumerate(about)}


_EPOCH = date(1970, 1, 1).toordinal()
"""The day that days of release are counted from."""


def _facts(
    candidates: Candidates,
    named: Mapping[str, NDArray[np.int32]],
    of_track: NDArray[np.uint8],
    of_named: Mapping[str, NDArray[np.uint8]],
) -> Iterator[_Option]:
    """Yield what can be said from the listener's history."""
    nothing = np.full(len(candidates.track), -1, np.int32)
    first_fact = len(candidates.sources)
    for name, bit in (("followed", FOLLOWED), ("often", OFTEN), ("again", AGAIN), ("outside", OUTSIDE)):
        holding = (of_track & bit) > 0
        yield _codes(holding, first_fact + FACTS.index(name)), nothing, nothing, _WORTH[name]
    replayed, first, second = np.zeros(len(nothing), np.bool_), nothing.copy(), nothing.copy()
    for name, told in of_named.items():
        mine = ((told[:, :2] & REPLAYED) > 0).all(axis=1) & (candidates.reason_source == candidates.sources.index(name))
        replayed |= mine
        first[mine], second[mine] = named[name][mine, 0], named[name][mine, 1]
    yield _codes(replayed, first_fact + FACTS.index("replayed")), first, second, _WORTH["replayed"]
    explored = ~np.isnan(candidates.propensity)
    yield _codes(explored, first_fact + FACTS.index("explored")), nothing, nothing, _WORTH["explored"]


def _of_source(
    name: str, candidates: Candidates, seeds: NDArray[np.int32], told: NDArray[np.uint8] | None
) -> Iterator[_Option]:
    """Yield what can be said of one source: with the tracks that it names, and without any.

    Args:
        name: The source's.
        candidates: What it spoke for.
        seeds: `int32[n, SEEDS]`: what it answered to.
        told: `uint8[n, SEEDS]`: what holds of these; None: the asker named them.
    """
    number = candidates.sources.index(name)
    main = candidates.reason_source == number
    code = _says(name, candidates.sources)
    nothing = np.full(len(main), -1, np.int32)
    names = _names_tracks(name)
    if names:
        for rank in range(SEEDS):
            sayable = seeds[:, rank] >= 0
            if told is not None:
                sayable &= (told[:, rank] & PLAYED) > 0
            yield _codes(sayable & main, code), seeds[:, rank], nothing, _MAIN[rank]
            if rank < len(_OTHERS):
                yield _codes(sayable & ~main, code), seeds[:, rank], nothing, _OTHERS[rank]
    yield _codes(main, code), nothing, nothing, _LAST if names else _NAMELESS


def _codes(holding: NDArray[np.bool_], code: int) -> NDArray[np.int8]:
    return np.where(holding, np.int8(code), np.int8(-1)).astype(np.int8)


def _says(name: str, sources: tuple[str, ...]) -> int:
    """Return the source whose words a source uses: where a mood was asked for, its words were no title."""
    theme = "theme:text"
    return sources.index(theme if name == "title:text" and theme in sources else name)


def _names_tracks(source: str) -> bool:
    """Say whether there are words for a source with a track that moved it, and others without."""
    words = languages()[DEFAULT].reasons
    return source in words and source.partition(":")[0] in words
