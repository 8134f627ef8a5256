# SPDX-License-Identifier: Apache-2.0
"""From events and a catalogue to a dataset."""

from collections.abc import Collection
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from segue.catalog.store import Catalog
from segue.dataset.matrices import CONTENT, Dataset, Interactions, Vocabulary
from segue.errors import NotReady
from segue.events.sessions import SessionsConfig, with_sessions
from segue.events.signals import LISTENING, LISTENING_COLUMNS, SignalsConfig, preferences
from segue.privacy.door import Door
from segue.types import EventType, ItemKind, Purpose

__all__ = ["DatasetConfig", "Sources", "build", "read", "resolve"]

_MUSIC = (ItemKind.TRACK.value, ItemKind.ARTIST.value)
_PLAYLIST_COLUMNS = ("position", "playlist", "title", "tracks")


class DatasetConfig(BaseModel):
    """How events become rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    signals: SignalsConfig = SignalsConfig()
    sessions: SessionsConfig = SessionsConfig()


class Sources:
    """The events that a dataset is built from, as the door gave them."""

    def __init__(self, listening: pl.DataFrame, playlists: pl.DataFrame, until: int):
        self.listening = listening
        """`LISTENING_COLUMNS` of the listening events."""
        self.playlists = playlists
        """`position`, `playlist`, `title` and `tracks` of the playlist events."""
        self.until = until


def read(door: Door) -> Sources:
    """Read through the door all that listeners allow to be learned from."""
    until = door.position()
    return Sources(
        door.read(Purpose.PERSONALISE, LISTENING_COLUMNS, types=LISTENING, until=until),
        door.read(Purpose.PERSONALISE, _PLAYLIST_COLUMNS, types=[EventType.PLAYLIST], until=until),
        until,
    )


def build(sources: Sources, catalog: Catalog, config: DatasetConfig, *, kinds: Collection[str] = _MUSIC) -> Dataset:
    """Return the dataset of the sources, over the canonical tracks that they name.

    Args:
        sources: Events of the log.
        catalog: Gives tracks their numbers; events of tracks that it does not know are counted as dropped.
        config: How events become rows.
        kinds: Kinds of items (`ItemKind`) that the dataset is of.

    Raises:
        NotReady: No event names a track of the catalogue.
    """
    listening = resolve(sources.listening, catalog, kinds)
    playlists = _playlist_entries(sources.playlists, _canonical_tracks(catalog, kinds))
    dropped = {
        "listening of a track that the catalogue does not know": int(listening["number"].null_count()),
        "playlist entry that the catalogue does not know": int(playlists["number"].null_count()),
    }
    listening = listening.filter(pl.col("number").is_not_null())
    playlists = playlists.filter(pl.col("number").is_not_null())
    reference_at: datetime | None = listening["occurred_at"].max()  # type: ignore[assignment]
    preferred = preferences(listening, config.signals, reference_at)
    positive = preferred.filter(pl.col("weight") > 0)
    timed = with_sessions(listening.filter(pl.col("type") == EventType.PLAY.value), config.sessions)
    items = _vocabulary(catalog, positive["number"], playlists["number"], timed["number"])
    if not len(items):
        raise NotReady("there are no plays and no playlists of known tracks yet; `segue import` brings some")
    catalogue = _whole(catalog, kinds)
    return Dataset(
        items=items,
        catalogue=catalogue,
        content=_content(catalog, catalogue),
        listeners=_listeners(positive, items),
        playlists=_playlists(playlists, items),
        sessions=_sessions(timed, items),
        opinions=_opinions(preferred, items),
        reference_at=reference_at,
        until=sources.until,
        dropped={reason: count for reason, count in dropped.items() if count},
    )


def resolve(listening: pl.DataFrame, catalog: Catalog, kinds: Collection[str] = _MUSIC) -> pl.DataFrame:
    """Return listening events with `number`, the canonical track's (null: unknown), and known lengths filled in.

    Training and serving both read events through this.

    Args:
        listening: `LISTENING_COLUMNS`.
        catalog: Gives tracks their numbers, and their lengths where the event has none.
        kinds: Kinds of items (`ItemKind`); tracks of others count as unknown.
    """
    table = _canonical_tracks(catalog, kinds)
    return (
        listening.join(table, left_on="track", right_on="track_id", how="left", maintain_order="left")
        .with_columns(pl.coalesce("duration_ms", "length_ms").alias("duration_ms"))
        .drop("length_ms")
    )


def _canonical_tracks(catalog: Catalog, kinds: Collection[str]) -> pl.DataFrame:
    """Return `track_id`, `number` (the canonical one) and `length_ms` of every track of these kinds."""
    return catalog.tracks.filter(pl.col("kind").is_in(list(kinds))).select(
        "track_id", pl.col("canonical").alias("number"), pl.col("duration_ms").alias("length_ms")
    )


def _playlist_entries(playlists: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Return `playlist`, `title`, `place` and `number`, a row for each entry of each playlist's newest version."""
    newest = playlists.sort("position").unique("playlist", keep="last", maintain_order=True)
    return (
        newest.select("playlist", "title", "tracks")
        .explode("tracks", empty_as_null=False)
        .with_columns(pl.int_range(pl.len()).over("playlist").alias("place"))
        .join(table, left_on="tracks", right_on="track_id", how="left", maintain_order="left")
    )


def _vocabulary(catalog: Catalog, *numbers: pl.Series) -> Vocabulary:
    used = pl.concat(numbers).unique()
    return _of_tracks(catalog.tracks[used])


def _whole(catalog: Catalog, kinds: Collection[str]) -> Vocabulary:
    """Return every recording of these kinds that can be shown or was."""
    own = pl.col("canonical") == pl.col("number")
    return _of_tracks(catalog.tracks.filter(own & pl.col("kind").is_in(list(kinds))))


def _of_tracks(tracks: pl.DataFrame) -> Vocabulary:
    chosen = tracks.select("track_id", "number", "artist_id", "artist_name").sort("track_id")
    artists = chosen["artist_id"].rank("dense").cast(pl.Int32).to_numpy() - 1
    names = chosen.group_by("artist_id").agg(pl.col("artist_name").first()).sort("artist_id")["artist_name"]
    return Vocabulary(chosen["track_id"].rechunk(), chosen["number"].to_numpy(), artists, names)


def _content(catalog: Catalog, items: Vocabulary) -> pl.DataFrame:
    """Return what the catalogue says of each item (`CONTENT`), its artist's genres added to its own."""
    tracks = catalog.tracks[items.numbers].with_columns(
        pl.col("release_date").dt.year().cast(pl.Int32).alias("year"),
        pl.col("artist_number").cast(pl.Int64).alias("artist"),
    )
    of_artist = catalog.artists.select("genres").with_row_index("artist").with_columns(pl.col("artist").cast(pl.Int64))
    joined = tracks.join(of_artist, on="artist", how="left", suffix="_of_artist", maintain_order="left")
    both = [pl.col(name).fill_null(pl.lit([], pl.List(pl.String))) for name in ("genres", "genres_of_artist")]
    return joined.with_columns(pl.concat_list(both).list.unique(maintain_order=True).alias("genres")).select(
        list(CONTENT)
    )


def _listeners(preferred: pl.DataFrame, items: Vocabulary) -> Interactions | None:
    if preferred.is_empty():
        return None
    entries = preferred.with_columns(_item(preferred["number"], items)).sort("listener", "item")
    times = entries["last_at"].dt.epoch("ms").fill_null(-1).to_numpy()
    rows, offsets = _rows(entries["listener"])
    return Interactions(
        rows,
        offsets,
        entries["item"].to_numpy(),
        entries["weight"].to_numpy(),
        None if np.all(times < 0) else times,
    )


def _playlists(entries: pl.DataFrame, items: Vocabulary) -> Interactions | None:
    if entries.is_empty():
        return None
    entries = entries.with_columns(_item(entries["number"], items)).sort("playlist", "place")
    rows, offsets = _rows(entries["playlist"])
    titles = entries["title"].gather(offsets[:-1])
    return Interactions(rows, offsets, entries["item"].to_numpy(), np.ones(entries.height, np.float32), titles=titles)


def _sessions(timed: pl.DataFrame, items: Vocabulary) -> Interactions | None:
    if timed.is_empty():
        return None
    named = timed.with_columns(
        _item(timed["number"], items), pl.concat_str("listener", "session", separator="\x1f").alias("row")
    ).sort("row", "occurred_at", maintain_order=True)
    rows, offsets = _rows(named["row"])
    times = named["occurred_at"].dt.epoch("ms").to_numpy()
    return Interactions(rows, offsets, named["item"].to_numpy(), np.ones(named.height, np.float32), times)


def _opinions(preferred: pl.DataFrame, items: Vocabulary) -> pl.DataFrame:
    known = preferred.filter(pl.col("liked") != 0)
    item = _item(known["number"], items)
    return known.select("listener", item, "liked").filter(pl.col("item") >= 0).sort("listener", "item")


def _item(numbers: pl.Series, items: Vocabulary) -> pl.Series:
    """Return the item of each catalogue number, -1 for a track that is no item."""
    inside = numbers.to_numpy() < len(items.index)
    found = np.full(len(numbers), -1, np.int32)
    found[inside] = items.index[numbers.to_numpy()[inside]]
    return pl.Series("item", found)


def _rows(sorted_ids: pl.Series) -> tuple[pl.Series, NDArray[np.int64]]:
    runs = sorted_ids.rle().struct.unnest()
    return runs["value"], np.concatenate([np.zeros(1, np.int64), runs["len"].to_numpy().cumsum()]).astype(np.int64)
