# SPDX-License-Identifier: Apache-2.0
"""What is spoken and comes in parts: which podcast or audiobook each episode or chapter is of, and in which order."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.catalog.evidence import UNDATED
from segue.catalog.store import Catalog
from segue.kernels.ragged import Ragged, offsets_of
from segue.types import ItemKind

__all__ = ["Serials", "serials"]


@dataclass(frozen=True)
class Serials:
    """Columns over the catalogue's n tracks, by number, and over the S podcasts and audiobooks that are in it."""

    of: NDArray[np.int32]
    """`int32[n]`: the serial of each part, -1 for music."""
    place: NDArray[np.int32]
    """`int32[n]`: its place in the order of its serial, from 0; -1 for music."""
    released: NDArray[np.int32]
    """`int32[n]`: the day that it came out, from 1970 on; `UNDATED` where nobody says."""
    parts: Ragged
    """S rows of catalogue numbers, each in its order (weights unused)."""
    ordered: NDArray[np.bool_]
    """`bool[S]`: whether the catalogue says of every part which place or which day it has."""
    first: NDArray[np.int32]
    """`int32[S]`: the part that came into the catalogue first. It stands for the serial where that is an item."""

    def __len__(self) -> int:
        return len(self.parts)

    def after(self, part: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the part that follows each of some (`int32[m]`), -1 where none does or their order is not known."""
        serial = self.of[part]
        at = self.parts.offsets[serial] + self.place[part] + 1
        there = self.ordered[serial] & (at < self.parts.offsets[serial + 1])
        following = np.full(len(part), -1, np.int32)
        following[there] = self.parts.values[at[there]]
        return following


def serials(catalog: Catalog) -> Serials:
    """Return the serials of a catalogue: what shares an album, or where none is named an artist, and its kind.

    Episodes stand by their day and then by their position, chapters by their position; what says neither comes as it
    came into the catalogue.
    """
    size = len(catalog)
    spoken = catalog.tracks.select(
        "number", "kind", "position", pl.col("release_date").to_physical().alias("day"),
        pl.coalesce("album_id", pl.format("artist {}", "artist_number")).alias("whole"),
    ).filter(pl.Series(~catalog.music))  # fmt: skip
    is_episode = pl.col("kind") == ItemKind.EPISODE.value
    placed = (
        spoken.with_columns(
            pl.struct("kind", "whole").rank("dense").cast(pl.Int32).alias("serial") - 1,
            pl.when(is_episode).then("day").alias("first"),
            pl.when(is_episode).then(pl.col("day").is_not_null()).otherwise(False).alias("dated"),
        )
        .with_columns(
            (pl.col("dated").all().over("serial") | pl.col("position").is_not_null().all().over("serial")).alias("said")
        )
        .sort("serial", "first", "position", "number", nulls_last=False)
        .with_columns(pl.int_range(pl.len(), dtype=pl.Int32).over("serial").alias("place"))
    )
    number, serial = placed["number"].to_numpy(), placed["serial"].to_numpy()
    of, place = np.full(size, -1, np.int32), np.full(size, -1, np.int32)
    of[number], place[number] = serial, placed["place"].to_numpy()
    released = np.full(size, UNDATED, np.int32)
    released[number] = placed["day"].fill_null(UNDATED).to_numpy()
    count = int(serial.max(initial=-1)) + 1
    ordered = np.ones(count, bool)
    ordered[serial] = placed["said"].to_numpy()
    first = np.full(count, size, np.int32)
    np.minimum.at(first, serial, number.astype(np.int32))
    parts = Ragged(offsets_of(np.bincount(serial, minlength=count)), number, np.ones(len(number), np.float32))
    return Serials(of, place, released, parts, ordered, first)
