# SPDX-License-Identifier: Apache-2.0
from datetime import timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from segue.catalog import store
from segue.catalog.schema import ALBUMS, ARTISTS, TRACKS
from segue.simulate.serials import TOPICS, books, shows
from segue.simulate.world import World, WorldConfig, simulate

CONFIG = WorldConfig(seed=2, listeners=50, tracks=300, weeks=4, shows=40, books=25)
MUSIC_ONLY = ("tempo_bpm", "key", "mode", "energy", "valence", "mood", "instrumentation", "isrc")


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(CONFIG)


def of_kind(world: World, kind: str) -> pl.DataFrame:
    return world.tracks.filter(kind=kind)


def test_tracks_keep_their_places_and_bytes_beside_what_is_spoken(world: World) -> None:
    alone = simulate(CONFIG.model_copy(update={"shows": 0, "books": 0}))
    assert world.tracks.head(CONFIG.tracks).equals(alone.tracks)
    assert world.artists.head(alone.artists.height).equals(alone.artists)
    assert world.albums.head(alone.albums.height).equals(alone.albums)


def test_tables_have_the_catalogues_columns(world: World) -> None:
    assert (world.tracks.schema, world.artists.schema, world.albums.schema) == (TRACKS, ARTISTS, ALBUMS)
    for frame, name in ((world.tracks, "track_id"), (world.artists, "artist_id"), (world.albums, "album_id")):
        assert frame[name].is_unique().all()
        assert frame[name].null_count() == 0
    assert set(world.tracks["artist_id"]) == set(world.artists["artist_id"])
    assert set(world.tracks["album_id"]) == set(world.albums["album_id"])


@pytest.mark.parametrize(("kind", "whole"), [("episode", "show"), ("chapter", "book")])
def test_parts_are_numbered_from_one_in_their_serial_and_have_a_topic(world: World, kind: str, whole: str) -> None:
    parts = of_kind(world, kind)
    for (album,), some in parts.group_by("album_id"):
        assert str(album).startswith(f"sim:{whole}:")
        assert some["position"].to_list() == list(range(1, some.height + 1))
        assert some["title"].n_unique() == some.height
        assert some.select("album_name", "artist_id", "genres", "language", "explicit").n_unique() == 1
    assert parts["album_id"].n_unique() == (CONFIG.shows if kind == "episode" else CONFIG.books)
    assert set(parts["genres"].explode()) <= {topic.name for topic in TOPICS}
    assert parts["genres"].explode().n_unique() > 4
    assert parts["duration_ms"].min() >= 120_000


def test_what_only_music_has_is_null(world: World) -> None:
    spoken = world.tracks.filter(pl.col("kind") != "track")
    assert all(spoken[name].null_count() == spoken.height for name in MUSIC_ONLY)
    for name in ("title", "artist_name", "album_name", "release_date", "genres", "language", "region", "position"):
        assert spoken[name].null_count() == 0


def test_every_show_has_a_new_episode_each_week(world: World) -> None:
    for _, days in of_kind(world, "episode").group_by("album_id").agg("release_date").iter_rows():
        assert all(after - before == timedelta(weeks=1) for before, after in pairwise(days))
        inside = [day for day in days if CONFIG.start.date() <= day < CONFIG.end]
        assert len(inside) == CONFIG.weeks
        assert len(days) >= CONFIG.weeks + 6


def test_all_chapters_of_a_book_are_out_before_the_world_begins(world: World) -> None:
    chapters = of_kind(world, "chapter")
    assert chapters.group_by("album_id").agg(pl.col("release_date").n_unique())["release_date"].max() == 1
    assert chapters["release_date"].max() < CONFIG.start.date()


def test_no_host_or_author_bears_an_artists_name(world: World) -> None:
    assert world.artists["name"].str.to_lowercase().is_unique().all()


def test_no_part_is_taken_for_another_recording_of_a_part(world: World, tmp_path) -> None:  # type: ignore[no-untyped-def]
    store.extend(tmp_path, world.tracks, world.artists, world.albums)
    stored = store.load(tmp_path).tracks.filter(pl.col("kind") != "track")
    assert stored.height == world.tracks.height - CONFIG.tracks
    assert (stored["canonical"] == stored["number"]).all()


def test_arrays_of_serials_fit_together() -> None:
    for some in (shows(CONFIG), books(CONFIG)):
        assert some.first[0] == 0
        assert some.first[-1] == len(some.serial) == len(some.duration_ms) == len(some.release_day)
        assert (np.diff(some.first) == np.bincount(some.serial)).all()
        assert some.fame.max() == 1
