# SPDX-License-Identifier: Apache-2.0
"""Ids of tracks whose source gives only names."""

from hashlib import blake2b

import polars as pl

from segue.catalog import names

__all__ = ["named"]

_LONGEST_BYTES = 512
"""What an event takes as an id."""


def named(artist_name: pl.Series, title: pl.Series) -> pl.Series:
    """Return `name:<artist's key>/<title's key>` for each pair, null where either is null; a long one is digested."""
    pairs = pl.DataFrame({"artist_name": artist_name, "title": title})
    distinct = pairs.unique().with_columns(
        pl.concat_str(
            pl.lit("name:"), names.artist_key(pl.col("artist_name")), pl.lit("/"), names.title_key(pl.col("title"))
        ).alias("id")
    )
    long = distinct["id"].str.len_bytes() > _LONGEST_BYTES
    if long.any():
        digest = [f"name:#{blake2b(key.encode(), digest_size=16).hexdigest()}" for key in distinct["id"].filter(long)]
        distinct = distinct.with_columns(distinct["id"].scatter(long.arg_true(), digest))
    return pairs.join(distinct, on=["artist_name", "title"], how="left", nulls_equal=True, maintain_order="left")["id"]
