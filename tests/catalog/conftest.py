# SPDX-License-Identifier: Apache-2.0
"""Small catalogues, and the playlists of the benchmark data."""

import gzip
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from segue.catalog import store
from segue.catalog.schema import TRACKS
from segue.catalog.store import Catalog


@pytest.fixture
def catalog_of(tmp_path: Path) -> Callable[..., Catalog]:
    """Return a maker of catalogues out of rows (dictionaries of `TRACKS` columns)."""

    def make(*rows: dict[str, object]) -> Catalog:
        store.extend(tmp_path / "catalog", pl.DataFrame(list(rows), schema=TRACKS))
        return store.load(tmp_path / "catalog")

    return make


@pytest.fixture(scope="session")
def playlist_tracks(datasets: Path) -> pl.DataFrame:
    """`track_id`, `artist_name`, `title` and `plays` of each distinct track of the playlists' subset."""
    with gzip.open(datasets / "mpd-7k" / "playlists.jsonl.gz") as file:
        track = pl.Struct({"track_uri": pl.String, "artist_name": pl.String, "track_name": pl.String})
        playlists = pl.read_ndjson(file.read(), schema={"tracks": pl.List(track)})
    rows = playlists.explode("tracks").unnest("tracks").drop_nulls("track_uri")
    return rows.group_by(pl.col("track_uri").alias("track_id"), maintain_order=True).agg(
        pl.col("artist_name").first(), pl.col("track_name").first().alias("title"), pl.len().alias("plays")
    )
