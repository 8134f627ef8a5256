# SPDX-License-Identifier: Apache-2.0
"""What the rows of a table say of tracks, in the catalogue's columns."""

import polars as pl

from segue.importers import identity
from segue.importers.columns import IN_OTHER_UNITS, OF_TRACKS, Part, typed

__all__ = ["described", "typed_rows", "with_ids"]


def typed_rows(part: Part) -> pl.DataFrame:
    """Return a part's rows in the types and units of their fields.

    Raises:
        BadInput: A value is not what its field should be; its row and column are named.
    """
    columns = [typed(part, name) for name in part.rows.columns]
    return pl.DataFrame([column.alias(IN_OTHER_UNITS.get(column.name, column.name)) for column in columns])


def with_ids(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows with `track`: as they say it, else derived from `artist_name` and `track_title`, else null."""
    if "track" not in rows.columns:
        rows = rows.with_columns(pl.lit(None, pl.String).alias("track"))
    if not {"artist_name", "track_title"} <= set(rows.columns):
        return rows
    has = rows["track"].is_not_null()
    named = identity.named(rows["artist_name"].set(has, None), rows["track_title"].set(has, None))
    return rows.with_columns(pl.coalesce("track", named).alias("track"))


def described(rows: pl.DataFrame) -> pl.DataFrame:
    """Return what rows say of their `track`, in columns of the catalogue; one without a title is called by its id."""
    told = rows.select(pl.col(ours).alias(theirs) for ours, theirs in OF_TRACKS.items() if ours in rows.columns)
    if "title" not in told.columns:
        told = told.with_columns(pl.col("track_id").alias("title"))
    return told.filter(pl.col("track_id").is_not_null()).with_columns(pl.coalesce("title", "track_id").alias("title"))
