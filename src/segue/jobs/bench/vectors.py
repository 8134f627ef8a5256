# SPDX-License-Identifier: Apache-2.0
"""Vectors to search among, and what is asked of them: clustered ones, and real factors blown up to any number."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.dataset.matrices import Dataset, Interactions, Vocabulary
from segue.errors import BadInput
from segue.kernels.ragged import Ragged, offsets_of, places, row_numbers
from segue.models.als import ImplicitALS, ImplicitALSConfig

__all__ = ["Vectors", "blown_up", "clustered"]

_A_CLUSTER = 500
"""Vectors of a cluster, in the mean."""
_APART = 0.6
"""Length of a vector's way from its cluster's centre, the centre's being 1."""
_NOISE = 0.5
"""Length of the noise that is added to a factor, as a share of the factor's own."""
_HELD_OUT = 2000
_ASKED_LEAST = 10
"""Playlists of fewer tracks are not asked with."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """What is searched, and queries of the same kind, which are none of it."""

    vectors: NDArray[np.float32]
    """`float32[n, f]`."""
    queries: NDArray[np.float32]
    """`float32[Q, f]`."""


def clustered(count: int, factors: int, asked: int, seed: int = 0) -> Vectors:
    """Return vectors around centres of length 1, drawn evenly over the sphere; clusters differ in size, log-normally.

    Args:
        count: Vectors.
        factors: Dimensions.
        asked: Queries, drawn as the vectors are.
        seed: Of the random numbers.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    clusters = max(count // _A_CLUSTER, 1)
    centres = rng.standard_normal((clusters, factors), np.float32)
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    sizes = rng.lognormal(0, 1, clusters)
    belongs = rng.choice(clusters, count + asked, p=sizes / sizes.sum())
    drawn = rng.standard_normal((count + asked, factors), np.float32)
    drawn *= np.float32(_APART / np.sqrt(factors))
    drawn += centres[belongs]
    return Vectors(drawn[:count], drawn[count:].copy())  # a view would keep all of it in memory


def blown_up(folder: Path, count: int, factors: int, asked: int, seed: int = 0) -> Vectors:
    """Return factors that ALS learned from the playlists of mpd-7k, and copies of them with noise, up to a number.

    A copy is its factor and a normal draw of half the factor's length. So lengths, which grow with popularity, and
    directions are those that training makes; how densely they lie is not. Queries are playlists that were held out,
    folded in by halves.

    Args:
        folder: Holds `mpd-7k/playlists.jsonl.gz`.
        count: Vectors; fewer than there are tracks: some of them.
        factors: Dimensions.
        asked: Queries, at most two for each playlist held out.
        seed: Of the random numbers.

    Raises:
        BadInput: The playlists are not there.
    """
    ids, rows = _playlists(folder / "mpd-7k" / "playlists.jsonl.gz")
    rng = np.random.Generator(np.random.PCG64(seed))
    order = rng.permutation(len(rows))
    held, known = rows.take(order[:_HELD_OUT]), rows.take(order[_HELD_OUT:])
    numbers = np.arange(len(ids), dtype=np.int32)
    names = pl.Series("playlist_id", np.arange(len(known)).astype(str))
    data = Dataset(
        Vocabulary(ids, numbers, numbers),
        playlists=Interactions(names, known.offsets, known.values, known.weights, None),
    )
    model = ImplicitALS(ImplicitALSConfig(factors=factors))
    model.fit(data, seed=seed)
    learned = model.factors[np.flatnonzero(np.bincount(known.values, minlength=len(ids)))]
    long = held.take(np.flatnonzero(np.diff(held.offsets) >= _ASKED_LEAST))
    first = places(long.offsets) < (np.diff(long.offsets) // 2)[row_numbers(long.offsets)]
    folded = np.concatenate([model.fold_in(half) for half in (long.keep(first), long.keep(~first))])
    queries = folded[rng.permutation(np.flatnonzero(folded.any(axis=1)))]
    if len(learned) >= count:
        return Vectors(np.ascontiguousarray(learned[rng.permutation(len(learned))[:count]]), queries[:asked])
    copied = rng.integers(0, len(learned), count - len(learned))
    noise = rng.standard_normal((len(copied), factors), np.float32) * np.float32(_NOISE / np.sqrt(factors))
    noise *= np.linalg.norm(learned, axis=1)[copied][:, None]
    noise += learned[copied]
    return Vectors(np.concatenate([learned, noise])[rng.permutation(count)], queries[:asked])


def _playlists(path: Path) -> tuple[pl.Series, Ragged]:
    """Return the ids of the tracks, ascending, and the tracks of each playlist, each once."""
    if not path.is_file():
        raise BadInput(f"there is no {path}; SEGUE_DATASETS names the folder that holds the data sets")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [list(dict.fromkeys(track["track_uri"] for track in json.loads(line)["tracks"])) for line in lines]
    ids, values = np.unique(np.array([track for row in rows for track in row]), return_inverse=True)
    offsets = offsets_of(len(row) for row in rows)
    return pl.Series("track_id", ids), Ragged(offsets, values.astype(np.int32), np.ones(len(values), np.float32))
