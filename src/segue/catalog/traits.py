# SPDX-License-Identifier: Apache-2.0
"""What the catalogue says of tracks in marks and years, as arrays: genres, instruments, languages, regions, moods."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.catalog.store import Catalog
from segue.kernels.ragged import offsets_of

__all__ = ["KINDS", "Marks", "Traits", "traits"]

KINDS = ("genre", "instrument", "language", "region", "mood")


@dataclass(frozen=True)
class Marks:
    """One kind of mark. The tracks of mark i are `tracks[offsets[i]:offsets[i + 1]]`."""

    names: tuple[str, ...]
    """Lower-case, sorted."""
    offsets: NDArray[np.int64]
    """`int64[marks + 1]`."""
    tracks: NDArray[np.int32]
    """`int32[n]`, catalogue numbers of canonical recordings, ascending within a mark."""
    known: NDArray[np.bool_]
    """`bool[catalogue]`: whether a track has any mark of this kind."""

    def of(self, mark: int) -> NDArray[np.int32]:
        """Return the tracks of one mark."""
        return self.tracks[self.offsets[mark] : self.offsets[mark + 1]]


@dataclass(frozen=True)
class Traits:
    """All that words can ask of a catalogue, but for how tracks sound."""

    marks: Mapping[str, Marks]
    """By `KINDS`."""
    year: NDArray[np.int16]
    """`int16[catalogue]`: of release, 0 where it is not known."""
    artists: Mapping[str, tuple[int, ...]]
    """Numbers of the artists of each name, by `names.artist_key`."""


def traits(catalog: Catalog) -> Traits:
    """Return the traits of a catalogue's music; a track has its artist's genres and region where it states none itself.

    An edition's marks count for its canonical recording, for that is what is recommended.
    """
    language = pl.coalesce("language", "language_detected").alias("language")
    tracks = catalog.described.filter(pl.Series(catalog.music)).select(
        "canonical", "genres", "instrumentation", language, "region", "mood", "release_date", "artist_number"
    )
    artists = catalog.described_artists.select(
        pl.int_range(pl.len(), dtype=pl.Int32).alias("artist_number"), "genres", pl.col("region").alias("of_artist")
    )
    of_artist = tracks.select("canonical", "artist_number").join(artists, on="artist_number")
    nothing = pl.lit(None, pl.String)
    regions = pl.concat(
        [
            tracks.select("canonical", "region"),
            tracks.join(artists, on="artist_number").select(
                "canonical", pl.when(pl.col("region").is_null()).then("of_artist").otherwise(nothing).alias("region")
            ),
        ]
    )
    genres = pl.concat([frame.select("canonical", "genres") for frame in (tracks, of_artist)])
    marked = {
        "genre": _listed(genres, "genres"),
        "instrument": _listed(tracks, "instrumentation"),
        "language": _one(tracks, "language"),
        "region": _one(regions, "region"),
        "mood": _one(tracks, "mood"),
    }
    year = np.zeros(len(catalog), np.int16)
    dated = tracks.filter(pl.col("release_date").is_not_null())
    first = dated.group_by("canonical").agg(pl.col("release_date").dt.year().min())
    year[first["canonical"].to_numpy()] = first["release_date"].cast(pl.Int16).to_numpy()
    return Traits({kind: _marks(pairs, len(catalog)) for kind, pairs in marked.items()}, year, _artists(catalog))


def _listed(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    return _one(frame.select("canonical", column).explode(column, empty_as_null=False), column)


def _one(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    named = frame.select("canonical", pl.col(column).str.to_lowercase().str.strip_chars().alias("name"))
    return named.filter(pl.col("name").is_not_null() & (pl.col("name") != "")).unique()


def _marks(pairs: pl.DataFrame, size: int) -> Marks:
    ordered = pairs.sort("name", "canonical")
    runs = ordered["name"].rle().struct.unnest()
    tracks = ordered["canonical"].to_numpy()
    known = np.zeros(size, bool)
    known[tracks] = True
    return Marks(tuple(runs["value"]), offsets_of(runs["len"].to_numpy()), tracks, known)


def _artists(catalog: Catalog) -> dict[str, tuple[int, ...]]:
    named = (
        catalog.tracks.filter(pl.Series(catalog.music))
        .group_by("artist_key")
        .agg(pl.col("artist_number").unique().sort())
        .drop_nulls()
    )
    return {key: tuple(numbers) for key, numbers in named.iter_rows() if key}
