# SPDX-License-Identifier: Apache-2.0
"""What reasons may say of a track beside its name: whose it is, when it came out, and its genres."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.catalog.store import Catalog
from segue.kernels.ragged import Ragged, offsets_of

__all__ = ["UNDATED", "Evidence", "evidence"]

UNDATED = np.iinfo(np.int32).min
"""The day of what nobody knows the day of."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Columns over the catalogue's n tracks, by number. Of a recording, all its editions speak."""

    artist: NDArray[np.int32]
    """`int32[n]`: the artist's number."""
    released: NDArray[np.int32]
    """`int32[n]`: the day that the first edition of the recording came out, from 1970 on; `UNDATED` where no edition
    has a date."""
    genres: Ragged
    """n rows of numbers of genres, from 0 without gaps; empty where none is known (weights unused)."""


def evidence(catalog: Catalog) -> Evidence:
    """Return what a catalogue's generation says of its tracks."""
    editions = catalog.tracks.select(
        "number", "canonical", pl.col("release_date").min().over("canonical").to_physical(), "genres"
    )
    listed = (
        editions.select("canonical", "genres")
        .explode("genres", empty_as_null=False)
        .with_columns(pl.col("genres").str.to_lowercase())
        .filter(pl.col("genres").is_not_null())
        .unique()
        .with_columns(pl.col("genres").rank("dense").cast(pl.Int32) - 1)
        .sort("canonical", "genres")
    )
    own = np.bincount(listed["canonical"].to_numpy(), minlength=len(catalog))
    numbers = listed["genres"].to_numpy()
    of_recordings = Ragged(offsets_of(own), numbers, np.ones(len(numbers), np.float32))
    return Evidence(
        catalog.artist,
        editions["release_date"].fill_null(UNDATED).to_numpy().astype(np.int32, copy=False),
        of_recordings.take(catalog.canonical),
    )
