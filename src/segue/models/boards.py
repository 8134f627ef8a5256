# SPDX-License-Identifier: Apache-2.0
"""Charts as lists to recommend from: which one suits a listener, and its tracks in order, kept once made."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from segue.catalog.traits import Marks
from segue.kernels.marks import leading
from segue.kernels.ragged import Ragged, offsets_of
from segue.models.bound import Bound
from segue.models.charts import Charts

__all__ = ["DEPTH", "Boards"]

DEPTH = 4096
"""Tracks of a chart that are kept in order."""
_GENRES = 64
"""Genres that have a chart: the most played ones."""
_SURE, _SHARE, _LOOKED = 3, 0.5, 100
"""A genre or a language suits a listener who plays so many tracks of it, and of so large a share of the last so many
that have any."""


class Boards:
    """The charts of a snapshot: of each region, and within it of each genre and of each small language.

    A chart of a mark (a genre or a language) is half that of its region, half that of the region's tracks of the mark.
    """

    def __init__(self, bound: Bound[Charts], genres: Marks, languages: Marks) -> None:
        self.bound = bound
        charts = bound.model
        self.regions = tuple(
            name if charts.offsets[row] < charts.offsets[row + 1] else "" for row, name in enumerate(charts.regions)
        )
        """Names, as plays have them; empty where nothing of a region's own may be told."""
        self._region = {name: row for row, name in enumerate(self.regions) if name}
        size, played = len(bound.index), self._played()
        sung = np.array([played[languages.of(one)].sum() for one in range(len(languages.names))])
        small = np.flatnonzero(sung < charts.config.small_language * max(sung.sum(), 1e-12))
        heard = np.array([played[genres.of(one)].sum() for one in range(len(genres.names))])
        chosen = np.sort(np.argsort(-heard, kind="stable")[:_GENRES])
        self.genres = tuple(genres.names[one] for one in chosen)
        self.languages = tuple(languages.names[one] for one in small)
        self._genres = [genres.of(int(one)) for one in chosen]
        self._languages = [languages.of(int(one)) for one in small]
        self._of_genre = _by_track(self._genres, size)
        self.small = np.full(size, -1, np.int16)
        """`int16[catalogue]`: the small language of each track, as a place in `languages`; -1: none."""
        for place, tracks in enumerate(self._languages):
            self.small[tracks] = place
        large = np.flatnonzero(languages.known & (self.small < 0)).astype(np.int32)
        self._of_language = _by_track([*self._languages, large], size)
        self.order = lru_cache(1024)(self._order)
        self._shares = lru_cache(64)(charts.shares)

    def places(self, regions: Iterable[str | None]) -> NDArray[np.int16]:
        """Return the place of each region in `regions`, -1 for one whose own plays tell nothing."""
        return np.array([self._region.get(one or "", -1) for one in regions], np.int16)

    def suiting(self, history: Ragged) -> NDArray[np.int32]:
        """Return the mark of the chart that suits each history, `int32[Q]`: genres, and behind them languages; -1.

        A small language goes before a genre.
        """
        mark, having, marked = leading(history, self._of_genre, len(self.genres), most=_LOOKED)
        found = np.where((having >= _SURE) & (having >= _SHARE * marked), mark, np.int32(-1))
        language, share = self.spoken(history)
        return np.where(share >= _SHARE, np.int32(len(self.genres)) + language, found).astype(np.int32)

    def spoken(self, history: Ragged) -> tuple[NDArray[np.int16], NDArray[np.float32]]:
        """Return the small language that most of the last liked tracks of each history are in, and their share.

        Returns:
            `int16[Q]`, -1 where fewer than three are in any; `float32[Q]`: of the tracks whose language is known.
        """
        count = len(self.languages)
        if not count:
            return np.full(len(history), -1, np.int16), np.zeros(len(history), np.float32)
        language, having, known = leading(history, self._of_language, count + 1, among=count, most=_LOOKED)
        sure = having >= _SURE
        share = np.where(sure, having / np.maximum(known, 1), 0).astype(np.float32)
        return np.where(sure, language, -1).astype(np.int16), share

    def genre(self, mark: int) -> str | None:
        """Return the name of a mark that is a genre, None of another."""
        return self.genres[mark] if 0 <= mark < len(self.genres) else None

    def of_mark(self, mark: int) -> NDArray[np.bool_]:
        """Return which tracks have a mark, `bool[catalogue]`."""
        having = np.zeros(len(self.bound.index), bool)
        having[[*self._genres, *self._languages][mark]] = True
        return having

    def told(self, region: int) -> NDArray[np.bool_]:
        """Return of which tracks a region's own listeners speak, `bool[catalogue]`."""
        own = np.zeros(len(self.bound.index), bool)
        numbers = self.bound.numbers[self.bound.model.told(region)]
        own[numbers[numbers >= 0]] = True
        return own

    def scores(self, region: int, mark: int) -> NDArray[np.float32]:
        """Return the share of each item in a chart, `float32[n]`; of no region (-1) everyone's, of no mark (-1) all."""
        shares: NDArray[np.float32] = self._shares(region)
        if mark < 0:
            return shares
        items = self.bound.index[[*self._genres, *self._languages][mark]]
        items = items[items >= 0]
        mixed = shares * np.float32(0.5)
        mixed[items] *= np.float32(1 + 1 / max(float(shares[items].sum(dtype=np.float64)), 1e-12))
        return mixed

    def _order(self, region: int, mark: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Return a chart's first `DEPTH` items, best first, and their scores."""
        scores = self.scores(region, mark)
        return ranked(scores, DEPTH)

    def _played(self) -> NDArray[np.float32]:
        """Return everyone's share of each track, `float32[catalogue]`."""
        known = np.flatnonzero(self.bound.index >= 0)
        played = np.zeros(len(self.bound.index), np.float32)
        played[known] = self.bound.model.everyone[self.bound.index[known]]
        return played


def ranked(scores: NDArray[np.float32], most: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the items of greatest score, so many at most, best first and of equals the lowest, and their scores."""
    some = np.arange(len(scores))
    if most < len(scores):
        least = np.partition(scores, len(scores) - most)[len(scores) - most]
        some = np.flatnonzero(scores >= least)
    some = some[np.argsort(-scores[some], kind="stable")][:most]
    return some.astype(np.int32), scores[some]


def _by_track(marks: Sequence[NDArray[np.int32]], size: int) -> Ragged:
    """Return a row of marks for each track."""
    tracks = np.concatenate([np.zeros(0, np.int32), *marks])
    numbers = np.repeat(np.arange(len(marks), dtype=np.int32), [len(one) for one in marks])
    order = np.lexsort((numbers, tracks))
    counts = np.bincount(tracks, minlength=size)
    return Ragged(offsets_of(counts), numbers[order], np.ones(len(numbers), np.float32))
