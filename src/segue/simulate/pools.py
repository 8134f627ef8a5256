# SPDX-License-Identifier: Apache-2.0
"""The tracks that are there to be found in one week, drawn in advance so that a draw is one look-up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.simulate.genres import GENRES, PER_GENRE, SUBGENRES
from segue.simulate.music import Music
from segue.simulate.regions import LANGUAGES, REGIONS

__all__ = ["Pools", "fill"]

_DEPTH = 4_096
_CHART_DEPTH = 32_768
_FLATTER = 0.95  # power of popularity among those who look for music by its style
_NEWNESS = (6.0, 3.0, 1.5)  # times as visible in the week of release and the weeks after
_VIRAL = (1.5, 1.0, 0.5, 0.2)  # times the most popular track, in its week and the weeks after


@dataclass(frozen=True, slots=True)
class Pools:
    """Tracks that are out, each as often as it is likely to be met."""

    styles: NDArray[np.int32]  # [regions, subgenres + genres, depth]: the genres' rows come last
    charts: NDArray[np.int32]  # [regions, depth]

    def of_style(
        self, region: NDArray[np.intp], subgenre: NDArray[np.intp], wide: NDArray[np.bool_], rng: np.random.Generator
    ) -> NDArray[np.int32]:
        """Return a track for each region and subgenre, from the whole genre where `wide`; of the broadcast shape."""
        row = np.where(wide, len(SUBGENRES) + subgenre // PER_GENRE, subgenre)
        return self.styles[region, row, rng.integers(0, self.styles.shape[2], row.shape, dtype=np.int32)]

    def of_chart(self, region: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.int32]:
        """Return a track for each region, the popular ones most."""
        return self.charts[region, rng.integers(0, self.charts.shape[1], region.shape, dtype=np.int32)]


def fill(music: Music, week: int, rng: np.random.Generator) -> Pools:
    """Return what is there in a week: nothing that comes out later; the new and the viral stand in front."""
    known = _known(music, week)
    charts, styles = [], []
    for region in range(len(REGIONS)):
        times = _closeness(music, region)
        charts.append(_drawn(known * times, known, _CHART_DEPTH, rng))
        seen = known**_FLATTER * np.sqrt(times)
        of = [music.subgenre == i for i in range(len(SUBGENRES))] + [music.genre == i for i in range(len(GENRES))]
        styles.append(np.stack([_drawn(seen * members, seen, _DEPTH, rng) for members in of]))
    return Pools(styles=np.stack(styles), charts=np.stack(charts))


def _known(music: Music, week: int) -> NDArray[np.float64]:
    known = np.where(music.release_week <= week, music.popularity, 0)
    most = known.max()
    for since, times in enumerate(_NEWNESS):
        known[(music.release_week >= 0) & (music.release_week == week - since)] *= times
    for since, times in enumerate(_VIRAL):
        known[(music.viral_week >= 0) & (music.viral_week == week - since)] = times * most
    return known


def _closeness(music: Music, region: int) -> NDArray[np.float64]:
    """Charts favour the own country and its language, then English and music without words."""
    own = LANGUAGES.index(REGIONS[region].language)
    times = np.full(len(music.popularity), 0.12)
    times[music.language < 0] = 0.5
    times[music.language == LANGUAGES.index("en")] = 0.8
    times[music.language == own] = 1.5
    return np.asarray(times * (1 + 3 * (music.region == region)))


def _drawn(
    weights: NDArray[np.float64], otherwise: NDArray[np.float64], depth: int, rng: np.random.Generator
) -> NDArray[np.int32]:
    """Return tracks as often as they weigh, one per equal step of the total; small worlds lack some styles."""
    kept = weights if weights.sum() > 0 else otherwise
    there = np.flatnonzero(kept)
    ends = np.cumsum(kept[there])
    steps = (np.arange(depth) + rng.random(depth)) * (ends[-1] / depth)
    found = np.minimum(np.searchsorted(ends, steps, side="right"), len(there) - 1)
    return np.asarray(there[found], dtype=np.int32)
