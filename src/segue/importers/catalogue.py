# SPDX-License-Identifier: Apache-2.0
"""Tables of tracks, artists, episodes and chapters in CSV or Parquet: what they are, and no plays."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from segue.catalog import names
from segue.errors import UsageError
from segue.events import schema
from segue.importers import parts, tracks
from segue.importers.batch import Batch
from segue.importers.columns import OF_ARTISTS, OF_CATALOGUE, Part
from segue.importers.dropping import keep
from segue.types import ItemKind

__all__ = ["Catalogue"]

_OF_ARTISTS = (("artist_id",), ("artist_name",))
_OF_ANY = (("track",), ("artist_name", "track_title"), ("kind", "artist_id"), ("kind", "artist_name"))
_ADVICE = "map some of its columns"
_ADVICE_OR_ARTISTS = "if its rows are artists, say `--kind artist`, else map some of its columns"


class Catalogue:
    """Reads what `table` reads, where a row describes something and is no event.

    Args:
        mapping: Their column to our field (`columns.OF_CATALOGUE`). A column of one of our names needs no entry, others
            are ignored. A row is of the kind that its column `kind` says. A track has its id in `track`, else one that
            is derived from `artist_name` and `track_title`; an episode or a chapter must have one, for every book has a
            "Chapter 1". An artist has `artist_id`, or `artist_name` alone.
        kind: The kind (`ItemKind`) of rows where no column says it.

    Numbers by which sources say that they do not know, a key of -1 and a tempo of 0, are nothing.
    """

    name = "catalogue"

    def __init__(self, mapping: Mapping[str, str] | None = None, *, kind: str = ItemKind.TRACK.value):
        self._mapping = dict(mapping or {})
        self._kind = kind

    def read(self, path: Path) -> Iterator[Batch]:
        """Give the rows in batches of at most 20,000.

        Raises:
            UsageError: The mapping names a field that there is not, or the kind is none.
            BadInput: A file is damaged, lacks a mapped column, or a value is not what its field should be.
        """
        parts.check(self._mapping, OF_CATALOGUE)
        if self._kind not in list(ItemKind):
            raise UsageError(f"there is no kind {self._kind!r}; the kinds are: {', '.join(ItemKind)}")
        needs, advice = (_OF_ARTISTS, _ADVICE) if self._kind == ItemKind.ARTIST else (_OF_ANY, _ADVICE_OR_ARTISTS)
        for part in parts.read(path, self._mapping, OF_CATALOGUE, needs, advice):
            yield self._translate(part)

    def _translate(self, part: Part) -> Batch:
        rows = tracks.typed_rows(part)
        kind = pl.col("kind") if "kind" in rows.columns else pl.lit(None, pl.String)
        rows = _with_ids(rows.with_columns(kind.fill_null(self._kind).alias("kind")))
        is_artist, is_track = pl.col("kind") == ItemKind.ARTIST.value, pl.col("kind") == ItemKind.TRACK.value
        kept, dropped = keep(
            rows,
            {
                "no artist": is_artist & pl.col("artist_id").is_null(),
                "no track": is_track & pl.col("track").is_null(),
                "episode or chapter without an id": ~is_artist & pl.col("track").is_null(),
            },
        )
        artists = kept.filter(is_artist)
        return Batch(
            rows=rows.height,
            events=schema.empty(),
            tracks=tracks.described(kept.filter(~is_artist)),
            artists=artists.select(
                pl.col(ours).alias(theirs) for ours, theirs in OF_ARTISTS.items() if ours in artists
            ),
            dropped=dropped,
        )


def _with_ids(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with `track` and `artist_id`, both null where there is none."""
    own = rows["track"] if "track" in rows.columns else pl.lit(None, pl.String)
    named = tracks.with_ids(rows).with_columns(
        pl.when(pl.col("kind") == ItemKind.TRACK.value).then("track").otherwise(own).alias("track")
    )
    artist = pl.col("artist_id") if "artist_id" in rows.columns else pl.lit(None, pl.String)
    if "artist_name" not in rows.columns:
        return named.with_columns(artist.alias("artist_id"))
    derived = pl.when(pl.col("kind") == ItemKind.ARTIST.value).then(names.artist_id(pl.col("artist_name")))
    return named.with_columns(pl.coalesce(artist, derived).alias("artist_id"))
