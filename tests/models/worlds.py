# SPDX-License-Identifier: Apache-2.0
"""Worlds whose answers are known: a checkerboard, where odd listeners play odd items."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.dataset.matrices import Dataset, Interactions, Vocabulary
from segue.kernels.ragged import Ragged

ITEMS = 24
LISTENERS = 53
"""No other size in this world is so large, nor a multiple of it."""
PLAYLISTS = 17
SESSIONS = 61
REFERENCE = datetime(2026, 6, 1, tzinfo=UTC)


def vocabulary(items: int, artists: Sequence[int] | None = None) -> Vocabulary:
    """Return items whose catalogue numbers are not their indices."""
    ids = pl.Series("track_id", [f"track:{item:03}" for item in range(items)], pl.String)
    numbers = np.arange(items, dtype=np.int32)[::-1] + 5
    return Vocabulary(ids, numbers, np.array(range(items) if artists is None else artists, np.int32))


def interactions(
    rows: Sequence[Mapping[int, float]], days: Sequence[Mapping[int, float]] | None = None
) -> Interactions:
    """Build from each row's items and weights, and how many days ago each was played."""
    made = Ragged.of([list(row) for row in rows], [list(row.values()) for row in rows])
    times = None
    if days is not None:
        ago = [REFERENCE - timedelta(days=row[item]) for row, like in zip(days, rows, strict=True) for item in like]
        times = np.array([round(moment.timestamp() * 1000) for moment in ago], np.int64)
    names = pl.Series([f"row {number:03}" for number in range(len(rows))], dtype=pl.String)
    return Interactions(names, made.offsets, made.values, made.weights, times)


def checkerboard() -> Dataset:
    """Each listener has played 8 of the 12 items of their colour; each playlist and session holds 5 of one colour.

    Six artists have one colour each.
    """
    rng = np.random.Generator(np.random.PCG64(8))

    def of_colour(row: int, count: int) -> dict[int, float]:
        chosen = np.sort(rng.permutation(ITEMS // 2)[:count]) * 2 + row % 2
        return {int(item): float(np.round(rng.uniform(0.5, 3), 2)) for item in chosen}

    return Dataset(
        vocabulary(ITEMS, [item % 6 for item in range(ITEMS)]),
        listeners=interactions([of_colour(row, 8) for row in range(LISTENERS)]),
        playlists=interactions([dict.fromkeys(of_colour(row, 5), 1.0) for row in range(PLAYLISTS)]),
        sessions=interactions([dict.fromkeys(of_colour(row, 5), 1.0) for row in range(SESSIONS)]),
        reference_at=REFERENCE,
    )


def noise(seed: int) -> Dataset:
    """Return a world without rhyme or reason."""
    rng = np.random.Generator(np.random.PCG64(seed))
    rows = [
        {int(item): float(rng.uniform(0.1, 4)) for item in np.sort(rng.permutation(ITEMS)[: rng.integers(1, 12)])}
        for _ in range(LISTENERS)
    ]
    artists = rng.permutation(ITEMS) % 6
    sessions = [dict.fromkeys(rng.permutation(ITEMS)[: rng.integers(1, 9)].tolist(), 1.0) for _ in range(SESSIONS)]
    return Dataset(
        vocabulary(ITEMS, artists),
        listeners=interactions(rows),
        sessions=interactions(sessions),
        reference_at=REFERENCE,
    )


def nothing_played() -> Dataset:
    """Return items that nobody has: neither listeners, playlists nor sessions."""
    return Dataset(vocabulary(ITEMS))


def histories(data: Dataset) -> Ragged:
    """Return what each listener has played."""
    assert data.listeners is not None
    return Ragged(data.listeners.offsets, data.listeners.items, data.listeners.weights)


def random_histories(seed: int, rows: int, weights: Sequence[float] = (-1.0, 0.5, 1.0, 2.5)) -> Ragged:
    """Return rows of distinct items, liked and skipped; some rows are empty."""
    rng = np.random.Generator(np.random.PCG64(seed))
    chosen = [rng.permutation(ITEMS)[: rng.integers(0, 7)] for _ in range(rows)]
    return Ragged.of(chosen, [rng.choice(weights, len(row)) for row in chosen])


def places(ranked: NDArray[np.int32]) -> list[list[int]]:
    """Return the items of each row, without the empty places."""
    return [[item for item in row if item >= 0] for row in ranked.tolist()]
