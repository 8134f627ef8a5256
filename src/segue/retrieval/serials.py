# SPDX-License-Identifier: Apache-2.0
"""Where parts of podcasts and audiobooks come from: what was begun, what follows, what is new, and what is alike."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from segue.catalog.evidence import UNDATED
from segue.catalog.serials import Serials
from segue.kernels.ragged import Ragged, offsets_of, places, row_numbers
from segue.models.bound import Bound
from segue.models.serials import SerialsModel
from segue.pipeline.candidates import Candidates
from segue.pipeline.progress import Progress
from segue.pipeline.request import Request

__all__ = ["AlikeSerials", "Begun", "FamousSerials", "Following", "NewParts", "day_of", "entries"]

_DAY_MS = 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Proposed = tuple[NDArray[np.int32], NDArray[np.float32]]


@dataclass(frozen=True)
class Begun:
    """What a listener began and did not finish: the later it was heard, the better.

    It scores `1 / (1 + days since)`, as `Following` does, so that the two can stand in one list.
    """

    name: str
    serials: Serials
    k: int
    """Candidates a row."""
    started_ms: int
    """Who heard less has not begun."""
    days: int
    """What was left longer ago is left for good."""
    in_order: bool
    """Whether of each serial only the part that was heard last counts: nobody reads two places of one book."""

    def propose(self, request: Request, *, parallel: bool) -> _Proposed:  # noqa: ARG002
        """Return what was begun."""
        progress = _told(request)
        days = _days_since(request, progress)
        begun = ~progress.finished & ~progress.given_up & (progress.heard_ms >= self.started_ms) & (days <= self.days)
        if self.in_order:
            begun &= _is_last(request, self.serials)
        return _best(request, begun, request.history.values, 1 / (1 + days), self.k)

    def score(self, request: Request, candidates: Candidates) -> NDArray[np.float32]:  # noqa: ARG002
        """Say nothing of what others propose."""
        return np.full(len(candidates.track), np.nan, np.float32)

    def seeds_of(self, request: Request, candidates: Candidates, asked: NDArray[np.bool_]) -> NDArray[np.int32]:  # noqa: ARG002
        """Nothing but the part itself moved it."""
        return np.full((int(asked.sum()), 1), -1, np.int32)


@dataclass(frozen=True)
class Following:
    """What comes after the part that a listener heard last, where they finished that: the next episode or chapter."""

    name: str
    serials: Serials
    k: int
    """Candidates a row."""
    days: int
    """A serial that was left longer ago is left for good."""
    again: bool = False
    """Whether it may be a part that was heard before: who hears a book for the second time goes on in it too."""

    def propose(self, request: Request, *, parallel: bool) -> _Proposed:  # noqa: ARG002
        """Return the next parts that are out."""
        days = _days_since(request, _told(request))
        asked, following = self._following(request)
        asked &= days <= self.days
        return _best(request, asked, following, 1 / (1 + days), self.k)

    def score(self, request: Request, candidates: Candidates) -> NDArray[np.float32]:  # noqa: ARG002
        """Say nothing of what others propose."""
        return np.full(len(candidates.track), np.nan, np.float32)

    def seeds_of(self, request: Request, candidates: Candidates, asked: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Return the part that each follows."""
        is_one, following = self._following(request)
        row = row_numbers(request.history.offsets)
        before = {(int(row[at]), int(following[at])): int(request.history.values[at]) for at in np.flatnonzero(is_one)}
        rows, tracks = candidates.rows[asked].tolist(), candidates.track[asked].tolist()
        return np.array([[before.get(one, -1)] for one in zip(rows, tracks, strict=True)], np.int32).reshape(-1, 1)

    def _following(self, request: Request) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
        """Return beside the history what follows each part (-1: nothing), and whether it is what comes next."""
        progress = _told(request)
        following = self.serials.after(request.history.values)
        there = _is_last(request, self.serials) & progress.finished & (following >= 0)
        known = np.maximum(following, 0)
        released = self.serials.released[known]
        there &= (released == UNDATED) | (released <= day_of(request.now))
        if not self.again:
            there &= ~_among(request, row_numbers(request.history.offsets), known)
        return there, following


@dataclass(frozen=True)
class NewParts:
    """What came out lately in the serials that a listener likes, after all that they heard of it.

    What is older than that, they passed over.
    It scores what the listener thinks of the serial, the sum of their preferences for its parts, times
    `1 / (1 + weeks since it came out)`.
    """

    name: str
    serials: Serials
    k: int
    """Candidates a row."""
    days: int
    """What came out longer ago is not new."""

    def propose(self, request: Request, *, parallel: bool) -> _Proposed:  # noqa: ARG002
        """Return new parts of the serials in each history."""
        liked = _liked(request, self.serials)
        offsets = offsets_of(np.diff(self.serials.parts.offsets)[liked.values])
        at = np.repeat(self.serials.parts.offsets[:-1][liked.values], np.diff(offsets)) + places(offsets)
        part = self.serials.parts.values[at]
        row = np.repeat(row_numbers(liked.offsets), np.diff(offsets))
        age = day_of(request.now) - self.serials.released[part].astype(np.int64)  # UNDATED: older than all
        reached = np.repeat(_furthest(request, self.serials, liked), np.diff(offsets))
        new = (age >= 0) & (age <= self.days) & (self.serials.place[part] > reached)
        worth = np.repeat(liked.weights, np.diff(offsets)) / (1 + np.maximum(age, 0) / 7)
        return _first(row[new], part[new], worth[new].astype(np.float32), len(request), self.k)

    def score(self, request: Request, candidates: Candidates) -> NDArray[np.float32]:  # noqa: ARG002
        """Say nothing of what others propose."""
        return np.full(len(candidates.track), np.nan, np.float32)

    def seeds_of(self, request: Request, candidates: Candidates, asked: NDArray[np.bool_]) -> NDArray[np.int32]:  # noqa: ARG002
        """The serial moved it, which its reason names anyway."""
        return np.full((int(asked.sum()), 1), -1, np.int32)


@dataclass(frozen=True)
class AlikeSerials:
    """The serials that are heard beside those of a history, each by the part that one begins with."""

    name: str
    serials: Serials
    bound: Bound[SerialsModel]
    entry: NDArray[np.int32]
    """`int32[S]`: where one begins with each serial, -1: nowhere; see `entries`."""
    k: int
    """Candidates a row."""

    def propose(self, request: Request, *, parallel: bool) -> _Proposed:  # noqa: ARG002
        """Rank serials that the listener has not heard."""
        items, scores = self.bound.model.recommend(
            self._asked(request), _summed(request, self.serials).translate(self._item), min(self.k, len(self._serial))
        )
        return self._entered(items), scores

    def score(self, request: Request, candidates: Candidates) -> NDArray[np.float32]:
        """Score the serials of what others propose."""
        known, wanted = self._wanted(candidates, np.ones(len(candidates.track), np.bool_))
        scores = np.full(len(candidates.track), np.nan, np.float32)
        scores[known] = self.bound.model.score(self._asked(request), wanted)
        return scores

    def seeds_of(self, request: Request, candidates: Candidates, asked: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Return the serial of the history that moved each most, by the part of it that stands for it."""
        known, wanted = self._wanted(candidates, asked)
        strongest = self.bound.model.strongest(self._asked(request), wanted)
        seeds = np.full((int(asked.sum()), 1), -1, np.int32)
        first = np.where(strongest >= 0, self.serials.first[self._serial[strongest]], -1)
        seeds[known[asked]] = first
        return seeds

    def _asked(self, request: Request) -> Ragged:
        liked = _liked(request, self.serials)
        return Ragged(liked.offsets, liked.values, np.log1p(liked.weights)).translate(self._item)

    def _wanted(self, candidates: Candidates, asked: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], Ragged]:
        item = self._item[self.serials.of[candidates.track]]
        known = (item >= 0) & asked
        counts = np.bincount(candidates.rows[known], minlength=len(candidates))
        return known, Ragged(offsets_of(counts), item[known], np.ones(int(known.sum()), np.float32))

    @property
    def _serial(self) -> NDArray[np.int32]:
        """`int32[items]`: the serial of each item."""
        return self.serials.of[self.bound.numbers]

    @property
    def _item(self) -> NDArray[np.int32]:
        """`int32[S]`: the item of each serial, -1 for one that nobody hears."""
        item = np.full(len(self.serials), -1, np.int32)
        item[self._serial] = np.arange(len(self._serial), dtype=np.int32)
        return item

    def _entered(self, items: NDArray[np.int32]) -> NDArray[np.int32]:
        return np.where(items >= 0, self.entry[self._serial[items]], -1).astype(np.int32)


@dataclass(frozen=True)
class FamousSerials:
    """The serials that most hear, for everyone the same, less what each has heard."""

    name: str
    serials: Serials
    popularity: NDArray[np.float32]
    """`float32[S]`: 0 for what nobody hears."""
    entry: NDArray[np.int32]
    """`int32[S]`: where one begins with each serial, -1: nowhere; see `entries`."""
    k: int
    """Candidates a row."""

    def propose(self, request: Request, *, parallel: bool) -> _Proposed:  # noqa: ARG002
        """Return the most popular that are not heard yet."""
        heard = _summed(request, self.serials)
        best = np.lexsort((self.serials.first, -self.popularity))
        best = best[(self.entry[best] >= 0) & (self.popularity[best] > 0)]
        row = np.repeat(np.arange(len(request)), len(best))
        serial = np.tile(best, len(request)).astype(np.int32)
        fresh = ~_pairs(heard, row, serial, len(self.serials))
        return _first(row[fresh], self.entry[serial[fresh]], self.popularity[serial[fresh]], len(request), self.k)

    def score(self, request: Request, candidates: Candidates) -> NDArray[np.float32]:  # noqa: ARG002
        """Return how popular the serial of each is."""
        scores: NDArray[np.float32] = self.popularity[self.serials.of[candidates.track]]
        return scores

    def seeds_of(self, request: Request, candidates: Candidates, asked: NDArray[np.bool_]) -> NDArray[np.int32]:  # noqa: ARG002
        """Nothing of the listener moved it."""
        return np.full((int(asked.sum()), 1), -1, np.int32)


def day_of(now: datetime) -> int:
    """Return the UTC day of a moment, from 1970 on, as days of release are counted."""
    return (now.astimezone(UTC) - _EPOCH).days


def entries(
    serials: Serials, episode: NDArray[np.bool_], available: NDArray[np.bool_], today: int
) -> NDArray[np.int32]:
    """Return where one begins with each serial: the newest episode of a podcast, the first chapter of a book.

    Of a podcast whose order nobody knows, the part that came into the catalogue last.

    Args:
        serials: The catalogue's.
        episode: `bool[catalogue]`: what is an episode.
        available: `bool[catalogue]`: what may be played.
        today: The day, from 1970 on: what comes out later is not there yet.

    Returns:
        `int32[S]`, -1 where there is no such part.
    """
    part, serial = serials.parts.values, row_numbers(serials.parts.offsets)
    out = available[part] & ((serials.released[part] == UNDATED) | (serials.released[part] <= today))
    out &= episode[part] | (serials.ordered[serial] & (serials.place[part] == 0))  # where a book begins must be known
    entry = np.full(len(serials), -1, np.int32)
    entry[serial[out]] = part[out]  # the last that is written stays
    return entry


def _told(request: Request) -> Progress:
    assert request.progress is not None, "what is spoken needs to know how far its listener is"
    assert len(request.progress.heard_ms) == len(request.history.values)
    return request.progress


def _days_since(request: Request, progress: Progress) -> NDArray[np.float64]:
    """Return how long ago each part of the histories was heard, `float64[h]`; infinitely long where nobody knows."""
    now_ms = request.now.timestamp() * 1000
    return np.where(progress.last_ms >= 0, np.maximum(now_ms - progress.last_ms, 0) / _DAY_MS, np.inf)


def _is_last(request: Request, serials: Serials) -> NDArray[np.bool_]:
    """Mark the part of each serial that its row heard last; of several at one time, the later part."""
    row, part = row_numbers(request.history.offsets), request.history.values
    serial = serials.of[part]
    order = np.lexsort((serials.place[part], _told(request).last_ms, serial, row))
    ends = np.ones(len(order), np.bool_)
    ends[:-1] = (row[order][1:] != row[order][:-1]) | (serial[order][1:] != serial[order][:-1])
    marks = np.zeros(len(order), np.bool_)
    marks[order[ends]] = True
    return marks


def _liked(request: Request, serials: Serials) -> Ragged:
    """Return the serials of each row, weighted by the sum of what is thought of their parts; only those liked."""
    heard = _summed(request, serials)
    return heard.keep(heard.weights > 0)


def _summed(request: Request, serials: Serials) -> Ragged:
    """Return the serials of each row, liked or not, so weighted."""
    row = row_numbers(request.history.offsets)
    key = row * max(len(serials), 1) + serials.of[request.history.values]
    found, place = np.unique(key, return_inverse=True)
    weights = np.bincount(place, request.history.weights, len(found)).astype(np.float32)
    counts = np.bincount(found // max(len(serials), 1), minlength=len(request))
    return Ragged(offsets_of(counts), (found % max(len(serials), 1)).astype(np.int32), weights)


def _furthest(request: Request, serials: Serials, listed: Ragged) -> NDArray[np.int32]:
    """Return the place of the last part that a row heard, of all, beside the serials that are listed for it."""
    row, part = row_numbers(request.history.offsets), request.history.values
    size = max(len(serials), 1)
    keys, wanted = row * size + serials.of[part], row_numbers(listed.offsets) * size + listed.values
    furthest = np.full(len(wanted), -1, np.int32)
    known = np.isin(keys, wanted)
    np.maximum.at(furthest, np.searchsorted(wanted, keys[known]), serials.place[part[known]])
    return furthest


def _pairs(listed: Ragged, row: NDArray[np.int64], value: NDArray[np.int32], n: int) -> NDArray[np.bool_]:
    """Mark the pairs of a row and a value that `listed` holds; values are below n."""
    keys = row_numbers(listed.offsets) * max(n, 1) + listed.values
    return np.isin(row * max(n, 1) + value, keys)


def _among(request: Request, row: NDArray[np.int64], part: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Mark the pairs of a row and a part that the row's history holds."""
    most = max(int(part.max(initial=0)), int(request.history.values.max(initial=0))) + 1
    return _pairs(request.history, row, part, most)


def _best(
    request: Request, marked: NDArray[np.bool_], part: NDArray[np.int32], score: NDArray[np.float64], k: int
) -> _Proposed:
    """Return the marked ones of columns beside the history, best first."""
    row = row_numbers(request.history.offsets)
    return _first(row[marked], part[marked], score[marked].astype(np.float32), len(request), k)


def _first(row: NDArray[np.int64], part: NDArray[np.int32], score: NDArray[np.float32], rows: int, k: int) -> _Proposed:
    """Return the k best of each row, `int32[rows, k]` with -1 behind the last, and their scores."""
    order = np.lexsort((part, -score, row))
    offsets = offsets_of(np.bincount(row, minlength=rows))
    place = places(offsets)
    kept = place < k
    tracks, scores = np.full((rows, k), -1, np.int32), np.full((rows, k), -np.inf, np.float32)
    tracks[row[order][kept], place[kept]] = part[order][kept]
    scores[row[order][kept], place[kept]] = score[order][kept]
    return tracks, scores
