# SPDX-License-Identifier: Apache-2.0
"""The catalogue on disk: immutable generations, each holding every track; numbers are given once and for ever."""

import shutil
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from segue.catalog import described, language, names
from segue.catalog.schema import ALBUMS, ARTISTS, ARTISTS_STORED, TRACKS, TRACKS_STORED
from segue.errors import BadInput, Damaged
from segue.stores import files
from segue.stores.locks import exclusive
from segue.types import ItemKind

__all__ = ["Catalog", "Extension", "combine", "extend", "generations", "load", "prune"]

_UNKNOWN, _UNKNOWN_ID = "Unknown artist", "artist:unknown artist"
_SCHEMAS = {"tracks": TRACKS_STORED, "artists": ARTISTS_STORED, "albums": ALBUMS}
_USUAL_LENGTH_MS = 180_000
_SAME_LENGTH_MS = 4000
"""Recordings of one artist and title whose lengths differ by more are different recordings."""


@dataclass(frozen=True)
class Catalog:
    """One generation, in memory. Row i of `tracks` is the track with number i; row j of `artists` likewise."""

    generation: int
    tracks: pl.DataFrame
    artists: pl.DataFrame
    albums: pl.DataFrame

    def __len__(self) -> int:
        return self.tracks.height

    @cached_property
    def described(self) -> pl.DataFrame:
        """The tracks, each with all that is known of its recording, by whichever source."""
        return described.of_tracks(self.tracks)

    @cached_property
    def described_artists(self) -> pl.DataFrame:
        """The artists, each with all that is known of it, by whichever source."""
        return described.of_artists(self.artists)

    @cached_property
    def canonical(self) -> NDArray[np.int32]:
        """`int32[n]`: the canonical number of each track."""
        return self.tracks["canonical"].to_numpy()

    @cached_property
    def artist(self) -> NDArray[np.int32]:
        """`int32[n]`: the artist's number of each track."""
        return self.tracks["artist_number"].to_numpy()

    @cached_property
    def album(self) -> NDArray[np.int32]:
        """`int32[n]`: a number for the album of each track, -1 where it is not known."""
        return self.tracks["album_id"].rank("dense").cast(pl.Int32).fill_null(0).to_numpy() - 1

    @cached_property
    def music(self) -> NDArray[np.bool_]:
        """`bool[n]`: whether each is music, and no part of a podcast or of an audiobook."""
        return (~self.tracks["kind"].is_in([ItemKind.EPISODE.value, ItemKind.CHAPTER.value])).to_numpy()

    def of_kind(self, kind: ItemKind) -> NDArray[np.bool_]:
        """`bool[n]`: whether each is of a kind."""
        return (self.tracks["kind"] == kind.value).to_numpy()

    @cached_property
    def length_ms(self) -> NDArray[np.int64]:
        """`int64[n]`: how long each track lasts; where that is not known, the median of its kind, or three minutes."""
        known = self.described.select("kind", pl.when(pl.col("duration_ms") > 0).then("duration_ms").alias("length"))
        usual = pl.col("length").median().over("kind").cast(pl.Int64)
        return known.select(pl.coalesce("length", usual, pl.lit(_USUAL_LENGTH_MS)))["length"].to_numpy()

    @cached_property
    def explicit(self) -> NDArray[np.bool_]:
        """`bool[n]`: whether each track is explicit, as its strictest edition says where it says nothing itself."""
        return self.described["explicit"].fill_null(False).to_numpy()

    @cached_property
    def age_rating(self) -> NDArray[np.int8]:
        """`int8[n]`: the youngest listeners that each track is for, in years; 0 where nothing is said."""
        return self.described["age_rating"].fill_null(0).to_numpy()

    @cached_property
    def available(self) -> NDArray[np.bool_]:
        """`bool[n]`: whether each track may be played now."""
        return self.tracks["available"].fill_null(True).to_numpy()

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The codes of the languages that its tracks are in, sorted: the table of `language`."""
        return tuple(self._spoken.drop_nulls().unique().sort())

    @cached_property
    def language(self) -> NDArray[np.int16]:
        """`int16[n]`: the place in `languages` of each track's, stated or else detected; -1 where it is not known."""
        known = self._spoken.cast(pl.Enum(self.languages)).to_physical()
        return known.cast(pl.Int16).fill_null(-1).to_numpy()

    @property
    def _spoken(self) -> pl.Series:
        return self.tracks.select(pl.coalesce("language", "language_detected")).to_series()

    @cached_property
    def ids(self) -> Any:
        """The id of each track as an Arrow array of strings, for taking many at once."""
        return self.tracks["track_id"].to_arrow().cast(pa.string())

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return dict(zip(self.tracks["track_id"], range(len(self)), strict=True))

    def numbers(self, track_ids: Iterable[str]) -> NDArray[np.int32]:
        """Return the number of each id, -1 for an unknown one. For a handful; join frames on `track_id` for many."""
        return np.fromiter((self._numbers.get(track_id, -1) for track_id in track_ids), dtype=np.int32)

    def join(self, track_ids: pl.Series) -> NDArray[np.int32]:
        """Return the number of each id of a long column, -1 for an unknown or a null one."""
        table = self.tracks.select("track_id", "number")
        found = pl.DataFrame({"track_id": track_ids}).join(table, on="track_id", how="left", maintain_order="left")
        return found["number"].fill_null(-1).to_numpy()


@dataclass(frozen=True, slots=True)
class Extension:
    """What an extension did. `generation` is unchanged when nothing was new."""

    generation: int
    added: int = 0
    folded: int = 0
    """How many of the added tracks repeat a recording that was there before them."""
    enriched: int = 0
    """Recordings that were there before, of which more is known now."""
    artists_enriched: int = 0
    """Artists that were there before, of whom more is known now."""
    artists_waiting: int = 0
    """New artists by whom there is no track yet, under any id."""


def generations(folder: Path) -> list[int]:
    """Return the complete generations, oldest first."""
    return sorted(int(path.name) for path in folder.glob("[0-9]*") if path.is_dir())


def load(folder: Path, generation: int | None = None) -> Catalog:
    """Load a generation (None: the newest). A folder without any is an empty catalogue, generation 0.

    Raises:
        Damaged: Its files are missing or cannot be read.
    """
    if generation is None:
        generation = max(generations(folder), default=0)
    if generation == 0:
        return Catalog(0, TRACKS_STORED.to_frame(), ARTISTS_STORED.to_frame(), ALBUMS.to_frame())
    here = folder / f"{generation:06d}"
    try:
        tables = [_read(here / f"{name}.parquet", schema) for name, schema in _SCHEMAS.items()]
    except (OSError, pl.exceptions.PolarsError) as error:
        raise Damaged(f"the catalogue's generation {generation} cannot be read ({error}); restore a backup") from error
    tracks, artists, albums = tables
    return Catalog(generation, tracks, _keyed(artists), albums)


def _read(path: Path, schema: pl.Schema) -> pl.DataFrame:
    """Return a table; columns that an older release did not know come back null."""
    return pl.scan_parquet(path, schema=schema, missing_columns="insert").collect()


def extend(
    folder: Path,
    tracks: pl.DataFrame,
    artists: pl.DataFrame | None = None,
    albums: pl.DataFrame | None = None,
    *,
    repeats: Mapping[str, int] | None = None,
) -> Extension:
    """Add what is new and fill in what was unknown; what is known stays as it was. Numbers never change.

    Args:
        folder: The catalogue's folder.
        tracks: Any columns of `TRACKS`, among them `track_id` and `title`.
        artists: Any columns of `ARTISTS`, among them `artist_id`.
        albums: Any columns of `ALBUMS`, among them `album_id`.
        repeats: New tracks that `matching` found to be recordings the catalogue has: number by track id.

    Raises:
        BadInput: A track has no id or no title, an unknown column, or a duration that is negative.
    """
    given = _conform_tracks(tracks)
    with exclusive(folder / "catalog.lock"):
        for killed in folder.glob(".*.tmp"):
            shutil.rmtree(killed)
        before = load(folder)
        known = _without_unknown(before.tracks.select(TRACKS.names()))
        merged, updated = _merge(known, given, "track_id")
        merged = _with_names(merged)
        own_artists = merged.select(pl.col("artist_id"), pl.col("artist_name").alias("name"))
        known_people = before.artists.select(ARTISTS.names())
        people, _ = _merge(known_people, _conform(artists, ARTISTS), "artist_id")
        people, changed_artists = _merge(people, _conform(own_artists, ARTISTS), "artist_id")
        records, changed_albums = _merge(before.albums, _conform(albums, ALBUMS), "album_id")
        added = merged.height - len(before)
        same_people = people.height == before.artists.height and (artists is None or people.equals(known_people))
        same_records = records.height == before.albums.height
        if not (added or updated or changed_artists or changed_albums) and same_people and same_records:
            return Extension(before.generation)
        keys = before.artists["artist_key"].extend_constant(None, people.height - before.artists.height)
        people = _keyed(people.with_columns(keys))
        stored = _number(merged, people, before, repeats or {})
        after = Catalog(before.generation + 1, stored, people, records)
        with files.new_folder(folder / f"{after.generation:06d}") as here:
            after.tracks.write_parquet(here / "tracks.parquet")
            after.artists.write_parquet(here / "artists.parquet")
            after.albums.write_parquet(here / "albums.parquet")
        new = stored.slice(len(before))
        return Extension(
            after.generation,
            added,
            folded=int((new["canonical"] != new["number"]).sum()),
            enriched=_enriched(before, after),
            artists_enriched=int(_gained(before.described_artists, after.described_artists).sum()),
            artists_waiting=_waiting(before, after),
        )


def prune(folder: Path, keep: Collection[int]) -> list[int]:
    """Remove the generations that are neither to be kept nor the newest; return the removed."""
    with exclusive(folder / "catalog.lock"):
        gone = [generation for generation in generations(folder)[:-1] if generation not in keep]
        for generation in gone:
            aside = folder / f".{generation:06d}.{uuid4().hex}.tmp"
            (folder / f"{generation:06d}").rename(aside)  # gone at once, whatever becomes of this process
            shutil.rmtree(aside)
        return gone


def _conform_tracks(tracks: pl.DataFrame) -> pl.DataFrame:
    given = _conform(tracks, TRACKS)
    for name in ("track_id", "title"):
        row = given.select((pl.col(name).is_null() | (pl.col(name).str.strip_chars() == "")).arg_true().first()).item()
        if row is not None:
            raise BadInput(f"track {row + 1} ({given['track_id'][row]!r}) has no {name}")
    row = given.select((pl.col("duration_ms") < 0).fill_null(False).arg_true().first()).item()
    if row is not None:
        raise BadInput(
            f"track {given['track_id'][row]!r} has duration_ms {given['duration_ms'][row]}; it cannot be negative"
        )
    return _without_unknown(given).with_columns(pl.col("kind").fill_null(ItemKind.TRACK.value))


def _with_names(tracks: pl.DataFrame) -> pl.DataFrame:
    """Call a track by its id and name the artist where no source did, and give an id to an artist with only a name."""
    return tracks.with_columns(
        pl.coalesce("title", "track_id").alias("title"), pl.col("artist_name").fill_null(_UNKNOWN)
    ).with_columns(pl.coalesce("artist_id", names.artist_id(pl.col("artist_name"))).alias("artist_id"))


def _without_unknown(tracks: pl.DataFrame) -> pl.DataFrame:
    """Make a gap again of what `_with_names` wrote where no source named a track or an artist."""
    unnamed = pl.col("artist_name") == _UNKNOWN
    invented = unnamed & (pl.col("artist_id") == _UNKNOWN_ID)
    return tracks.with_columns(
        pl.when(pl.col("title") != pl.col("track_id")).then("title").alias("title"),
        pl.when(~invented.fill_null(False)).then("artist_id").alias("artist_id"),
        pl.when(~unnamed.fill_null(False)).then("artist_name").alias("artist_name"),
    )


def _keyed(artists: pl.DataFrame) -> pl.DataFrame:
    """Fill in the keys that are missing: of new artists, and of all in a catalogue of an older release."""
    missing = artists["artist_key"].is_null() & (artists["name"] != _UNKNOWN).fill_null(False)
    rows = missing.arg_true()
    if rows.is_empty():
        return artists
    keys = artists.select(names.artist_key(pl.col("name").gather(rows)))["name"]
    return artists.with_columns(artists["artist_key"].scatter(rows, keys))


def _enriched(before: Catalog, after: Catalog) -> int:
    """Count the recordings of before of which more is known now."""
    was, now = before.described, after.described.head(len(before))
    named = ((was["title"] != now["title"]) | (was["artist_name"] != now["artist_name"])).to_numpy()
    own = before.canonical == np.arange(len(before))
    return int(((_gained(was, now) | named) & own).sum())


def _waiting(before: Catalog, after: Catalog) -> int:
    """Count the new artists whose name no track's artist has."""
    used = after.artists["artist_key"].gather(np.unique(after.artist)).drop_nulls()
    new = after.artists.slice(before.artists.height)["artist_key"]
    return int((~new.is_in(used.implode())).sum())


def _gained(was: pl.DataFrame, now: pl.DataFrame) -> NDArray[np.bool_]:
    """Return of each row of before whether a gap was filled."""
    gained = np.zeros(was.height, bool)
    for name in was.columns:
        if was[name].null_count():
            gained |= (was[name].is_null() & now[name].head(was.height).is_not_null()).to_numpy()
    return gained


def _conform(frame: pl.DataFrame | None, schema: pl.Schema) -> pl.DataFrame:
    if frame is None:
        return schema.to_frame()
    unknown = [name for name in frame.columns if name not in schema]
    if unknown:
        raise BadInput(f"unknown catalogue column {unknown[0]!r}; the columns are: {', '.join(schema)}")
    try:
        return frame.select(
            frame[name].cast(dtype) if name in frame.columns else pl.lit(None, dtype).alias(name)
            for name, dtype in schema.items()
        )
    except pl.exceptions.PolarsError as error:
        raise BadInput(f"a catalogue row has a value of the wrong type: {str(error).splitlines()[0]}") from error


def combine(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """Return one row for each key, in order of appearance, with the first known value of every column."""
    if rows[key].n_unique() == rows.height:
        return rows
    return rows.group_by(key, maintain_order=True).agg(pl.all().drop_nulls().first())


def _merge(known: pl.DataFrame, given: pl.DataFrame, key: str) -> tuple[pl.DataFrame, int]:
    """Return the known rows with their gaps filled, then the new rows in order of appearance; and the rows changed."""
    given = combine(given.filter(pl.col(key).is_not_null()), key).select(known.columns)
    new = given.join(known.select(key), on=key, how="anti", maintain_order="left")
    again = given.join(known.select(key), on=key, how="semi")
    if again.is_empty():
        return pl.concat([known, new]), 0
    others = [name for name in known.columns if name != key]
    both = known.join(again, on=key, how="left", suffix="_given", maintain_order="left")
    gained = pl.any_horizontal(pl.col(name).is_null() & pl.col(f"{name}_given").is_not_null() for name in others)
    changed = int(both.select(gained.sum()).item())
    filled = both.select(key, *(pl.coalesce(name, f"{name}_given").alias(name) for name in others))
    return pl.concat([filled.select(known.columns), new]), changed


def _number(tracks: pl.DataFrame, artists: pl.DataFrame, before: Catalog, repeats: Mapping[str, int]) -> pl.DataFrame:
    """Give the tracks their numbers, their artists', their keys, canonical recordings and detected languages."""
    numbers = artists.select("artist_id", pl.int_range(pl.len(), dtype=pl.Int32).alias("artist_number"))
    keyed = (
        tracks.join(numbers, on="artist_id", how="left", maintain_order="left")
        .with_columns(
            pl.int_range(pl.len(), dtype=pl.Int32).alias("number"),
            names.artist_key(pl.col("artist_name")).alias("artist_key"),
            names.title_key(pl.col("title")).alias("title_key"),
        )
        .with_columns(
            pl.Series("canonical", np.zeros(0, np.int32)) if tracks.is_empty() else pl.col("number").alias("canonical")
        )
    )
    canonical = _fold(keyed)
    if repeats:
        matched = keyed["track_id"].is_in(list(repeats)).arg_true().to_numpy()
        canonical[matched] = [repeats[track_id] for track_id in keyed["track_id"].gather(matched)]
    canonical[: len(before)] = before.canonical  # a canonical recording, once given, stays
    canonical = canonical[canonical]  # what it folds into may itself have been folded before
    named = pl.when(pl.col("artist_name") != _UNKNOWN).then("artist_number")
    detected = language.detect(keyed.with_columns(named.alias("artist_number")))
    return keyed.with_columns(pl.Series("canonical", canonical), detected).select(TRACKS_STORED.names())


def _fold(tracks: pl.DataFrame) -> NDArray[np.int32]:
    """Return the lowest number among the recordings that share kind, artist, title and, where known, length."""
    canonical = np.arange(tracks.height, dtype=np.int32)
    named = tracks.filter(pl.col("kind") == ItemKind.TRACK.value, pl.col("artist_name") != _UNKNOWN)
    rest = named.select("number", "artist_key", "title_key", "duration_ms")
    while rest.height:
        led = rest.with_columns(
            pl.col("number", "duration_ms").first().over("artist_key", "title_key").name.prefix("lead_")
        )
        apart = ((pl.col("duration_ms") - pl.col("lead_duration_ms")).abs() > _SAME_LENGTH_MS).fill_null(False)
        same = led.filter(~apart)
        canonical[same["number"].to_numpy()] = same["lead_number"].to_numpy()
        rest = led.filter(apart).select(rest.columns)
    return canonical
