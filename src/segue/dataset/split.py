# SPDX-License-Identifier: Apache-2.0
"""What is learned from and what is held out: by time, by each row's last items, or by whole rows."""

from collections.abc import Iterator, Sequence
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.dataset.build import Listening, Sources
from segue.dataset.matrices import Interactions
from segue.kernels.ragged import row_numbers

__all__ = ["by_time", "hide_tail", "hold_out_rows", "leave_last"]


def by_time(sources: Sources, cutoff: datetime) -> tuple[Sources, Sources]:
    """Split events at a moment: what the models may know, and what came after.

    Events without a time, and playlists, are known. The split is over events and not over finished rows: a track
    played before and after the cutoff is weighted by its plays before it alone. For instance, with the cutoff on
    Monday, a track played 3 times on Sunday and once on Tuesday has weight of 3 plays in the first part and of 1
    in the second.
    """
    after = (pl.col("occurred_at") >= cutoff).fill_null(False)

    def only(which: pl.Expr) -> Listening:
        def listening(columns: Sequence[str]) -> Iterator[pl.DataFrame]:
            for one in sources.listening(list({*columns, "occurred_at"})):
                yield one.filter(which).select(columns)

        return listening

    known = Sources(only(~after), sources.playlists, sources.until)
    return known, Sources(only(after), sources.playlists.clear(), sources.until)


def leave_last(interactions: Interactions, count: int = 1) -> tuple[Interactions, Interactions]:
    """Hold out the `count` last items of each row: by time where it is known, else by order.

    Rows with no more than `count` items are kept whole.
    """
    rows = row_numbers(interactions.offsets)
    order = np.arange(interactions.nnz)
    if interactions.times is not None:
        order = np.lexsort((order, interactions.times, rows))
    place_from_end = np.empty(interactions.nnz, np.int64)
    place_from_end[order] = interactions.offsets[1:][rows] - 1 - np.arange(interactions.nnz)
    lengths = np.diff(interactions.offsets)[rows]
    held = (place_from_end < count) & (lengths > count)
    return _where(interactions, ~held), _where(interactions, held)


def hide_tail(interactions: Interactions, seen: int) -> tuple[Interactions, Interactions]:
    """Split each row into its first `seen` items and the rest."""
    rows = row_numbers(interactions.offsets)
    place = np.arange(interactions.nnz) - interactions.offsets[:-1][rows]
    return _where(interactions, place < seen), _where(interactions, place >= seen)


def hold_out_rows(
    interactions: Interactions, share: float, most: int, rng: np.random.Generator, *, fold: int = 0
) -> tuple[Interactions, Interactions]:
    """Hold out whole rows, chosen at random: `share` of them, but no more than `most`.

    With the same generator, each `fold` holds out others, as long as there are any.
    """
    count = min(most, int(len(interactions) * share))
    chosen = np.zeros(len(interactions), bool)
    chosen[rng.permutation(len(interactions))[fold * count : (fold + 1) * count]] = True
    return interactions.take(np.flatnonzero(~chosen)), interactions.take(np.flatnonzero(chosen))


def _where(interactions: Interactions, kept: NDArray[np.bool_]) -> Interactions:
    counts = np.concatenate([np.zeros(1, np.int64), np.cumsum(kept)])
    return Interactions(
        interactions.rows,
        counts[interactions.offsets],
        interactions.items[kept],
        interactions.weights[kept],
        None if interactions.times is None else interactions.times[kept],
        interactions.titles,
    )
