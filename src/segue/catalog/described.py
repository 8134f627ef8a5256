# SPDX-License-Identifier: Apache-2.0
"""What is known of a recording and of an artist over all rows that are it: one truth for models and for serving.

A source names a recording by an id of its own, and so says what it knows of it in a row of its own, an *edition*.
Whoever wants to know how a recording sounds looks here, and not at one edition.
"""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.catalog.schema import ARTISTS, TRACKS

__all__ = ["of_artists", "of_tracks"]

_OF_EDITION = {
    *("track_id", "kind", "title", "artist_id", "artist_name", "album_id", "album_name", "position"),
    *("available", "isrc", "mbid"),
}
"""What one edition has and another need not."""
_OF_RECORDING = tuple(name for name in TRACKS if name not in _OF_EDITION)
_STRICTEST = ("explicit", "age_rating")
"""Where the editions differ, the greatest value counts: these keep from listeners what is not for them."""
_OF_ARTIST = tuple(name for name in ARTISTS if name not in ("artist_id", "name", "mbid"))
_NAMESPACE = r"^(.*:)"


def of_tracks(tracks: pl.DataFrame) -> pl.DataFrame:
    """Return the tracks with the gaps of each filled by what other editions of the recording say.

    A row keeps what it says itself. A gap takes the first known value of the canonical row, then of the other editions
    in the order of their numbers; of `explicit` and `age_rating`, where the canonical row says nothing, their greatest.
    Of "Low Tide" (canonical; tempo 120) and its edition (energy 0.5, tempo 121), both have energy 0.5, and each has its
    own tempo.

    Args:
        tracks: `TRACKS_STORED`, row i is the track with number i.

    Returns:
        The same rows and columns.
    """
    canonical = tracks["canonical"].to_numpy()
    editions = np.flatnonzero(canonical != np.arange(len(canonical)))
    if not len(editions):
        return tracks
    with_gaps = [tracks[name] for name in _OF_RECORDING if tracks[name].null_count()]
    return tracks.with_columns(_filled(column, canonical, editions) for column in with_gaps)


def _filled(column: pl.Series, canonical: NDArray[np.int32], editions: NDArray[np.intp]) -> pl.Series:
    known = column.is_not_null().to_numpy()
    giving = editions[known[editions]]
    if column.name in _STRICTEST:
        giving = giving[np.argsort(-column.gather(giving).cast(pl.Int16).to_numpy(), kind="stable")]
    giving = giving[~known[canonical[giving]]][::-1]
    source = np.arange(len(column))
    source[canonical[giving]] = giving  # of several the last written stays: the first of them
    taking = editions[~known[editions]]
    source[taking] = source[canonical[taking]]
    return column if not len(giving) and not len(taking) else column.gather(source)


def of_artists(artists: pl.DataFrame) -> pl.DataFrame:
    """Return the artists with the gaps of each filled by what is said of the same name under another source's id.

    Sources call one artist by different ids, and some only by name. Two ids of one kind, such as `spotify:artist:1` and
    `spotify:artist:2`, are two artists of one name, and tell each other nothing; where an artist is known by name
    alone, the first of them counts.

    Args:
        artists: `ARTISTS_STORED`, row j is the artist with number j.

    Returns:
        The same rows and columns.
    """
    told = pl.any_horizontal(pl.col(name).is_not_null() for name in _OF_ARTIST)
    whose = artists.select(
        "artist_key",
        pl.col("artist_id").str.extract(_NAMESPACE).fill_null("").alias("namespace"),
        told.alias("told"),
    ).with_row_index("row")
    named = whose.filter(pl.col("artist_key").is_not_null())
    giving = named.filter("told").unique(["artist_key", "namespace"], keep="first", maintain_order=True)
    pairs = named.join(giving, on="artist_key", suffix="_given").filter(
        pl.col("namespace") != pl.col("namespace_given")
    )
    pairs = pairs.sort("row", "row_given")
    return artists.with_columns(_given(artists, pairs))


def _given(artists: pl.DataFrame, pairs: pl.DataFrame) -> Iterator[pl.Series]:
    rows, given = pairs["row"].to_numpy(), pairs["row_given"].to_numpy()
    for name in _OF_ARTIST:
        known = artists[name].is_not_null().to_numpy()
        useful = ~known[rows] & known[given]
        if useful.any():
            source = np.arange(artists.height)
            source[rows[useful][::-1]] = given[useful][::-1]
            yield artists[name].gather(source)
