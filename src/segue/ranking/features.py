# SPDX-License-Identifier: Apache-2.0
"""What a learned ranker knows of each candidate: one computation, in training and in serving."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.kernels.lists import best_first, greatest
from segue.kernels.ragged import places, row_numbers
from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request

__all__ = ["Tracks", "features", "names"]

_DEEPEST = 500.0
"""Place of what a source did not rank."""
_LEAST = 1e-6


@dataclass(frozen=True)
class Tracks:
    """What is known of each track of a catalogue beside any request."""

    artist: NDArray[np.int32]
    """`int32[catalogue]`."""
    popularity: NDArray[np.float32]
    """`float32[catalogue]`, as a share of the greatest."""
    artist_popularity: NDArray[np.float32]
    """`float32[artists]`: the sum over the artist's tracks."""


def names(sources: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the features, for these sources."""
    said = [f"{kind} {source}" for source in sources for kind in ("score", "share", "place")]
    return (*said, "blend", "artist share", "seeds of artist", "share of artist in seeds", "popularity",
            "artist popularity", "popularity in artist", "seeds", "artists per seed", "seed popularity",
            "least seed popularity", "beside seed popularity", "candidates of seed artists")  # fmt: skip


def features(request: Request, candidates: Candidates, tracks: Tracks, sources: tuple[str, ...]) -> NDArray[np.float32]:
    """Return `float32[n, F]`, columns as `names` has them, for candidates that the sources scored and a blend ranked.

    Of a source: its score, its share of the row's best, and its place in the row. Of the artist: the share of the row's
    blended score that their tracks have, and their tracks among the seeds. Of fame (natural logarithms of shares): the
    track's, the artist's, and beside the seeds'.
    """
    rows, track = candidates.rows, candidates.track
    columns: list[NDArray[Any]] = []
    for source in sources:
        said = candidates.proposed[:, candidates.sources.index(source)]
        scores = np.nan_to_num(said, nan=0.0)
        best = greatest(candidates.offsets, scores)
        columns += [scores, scores / np.maximum(best, 1e-12)[rows], _places(said, candidates)]
    blended = candidates.score
    artist = tracks.artist[track]
    whole = np.bincount(rows, blended, len(candidates))
    columns += [blended, _of_artist(rows, artist, blended) / np.maximum(whole, 1e-12)[rows]]

    seed_rows, seed_artists = row_numbers(request.seeds.offsets), tracks.artist[request.seeds.values]
    count = np.diff(request.seeds.offsets)
    own = _count_among(rows, artist, seed_rows, seed_artists, len(tracks.artist_popularity))
    seeds = np.maximum(count, 1)
    different = np.bincount(np.unique(np.stack([seed_rows, seed_artists]), axis=1)[0], minlength=len(count))
    fame = np.log(np.maximum(tracks.popularity[track], _LEAST))
    of_artist = np.log(np.maximum(tracks.artist_popularity[artist], _LEAST))
    of_seeds = np.log(np.maximum(tracks.popularity[request.seeds.values], _LEAST))
    mean = np.bincount(seed_rows, of_seeds, len(count)) / seeds
    least = np.zeros(len(count))
    np.minimum.at(least, seed_rows, of_seeds)
    near = np.bincount(rows, own > 0, len(candidates)) / np.maximum(np.diff(candidates.offsets), 1)
    columns += [own, own / seeds[rows], fame, of_artist, fame - of_artist]
    columns += [count[rows], (different / seeds)[rows], mean[rows], least[rows], fame - mean[rows], near[rows]]
    return np.stack(columns, axis=1).astype(np.float32)


def _places(said: NDArray[np.float32], candidates: Candidates) -> NDArray[np.float64]:
    """Return each candidate's place in its row by one source's scores, from 0."""
    order = best_first(candidates.offsets, np.nan_to_num(said, nan=-np.inf))
    place = np.empty(len(said))
    place[order] = places(candidates.offsets)
    return np.where(np.isnan(said), _DEEPEST, np.minimum(place, _DEEPEST))


def _of_artist(rows: NDArray[np.int64], artist: NDArray[np.int32], values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return for each candidate the sum of the values of its row's candidates by the same artist."""
    _, group = np.unique(rows << 32 | artist, return_inverse=True)
    sums = np.bincount(group, values.astype(np.float64))
    taken: NDArray[np.float64] = sums[group].astype(np.float64)
    return taken


def _count_among(
    rows: NDArray[np.int64],
    artist: NDArray[np.int32],
    seed_rows: NDArray[np.int64],
    seed_artists: NDArray[np.int32],
    artists: int,
) -> NDArray[np.int64]:
    """Return how many seeds of its row each candidate's artist has."""
    held, count = np.unique(seed_rows * artists + seed_artists, return_counts=True)
    if not len(held):
        return np.zeros(len(rows), np.int64)
    wanted = rows * artists + artist
    place = np.searchsorted(held, wanted).clip(max=len(held) - 1)
    return np.where(held[place] == wanted, count[place], 0)
