# SPDX-License-Identifier: Apache-2.0
"""From events and a catalogue to a dataset."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from segue.catalog.store import Catalog
from segue.dataset.matrices import CONTENT, Dataset, Interactions, Vocabulary
from segue.errors import NotReady
from segue.events.sessions import SessionsConfig, with_sessions
from segue.events.signals import LISTENING, LISTENING_COLUMNS, SignalsConfig, preferences
from segue.kernels.ragged import row_numbers
from segue.privacy.door import Door
from segue.types import EventType, ItemKind, Purpose

__all__ = ["DatasetConfig", "Sources", "build", "read", "resolve"]

_MUSIC = (ItemKind.TRACK.value, ItemKind.ARTIST.value)
_PLAYLIST_COLUMNS = ("position", "playlist", "title", "tracks")
_TIMES = ("track", "occurred_at")
_PIECE = 2_000_000
_NO_OPINION = pl.DataFrame(schema={"listener": pl.String, "number": pl.Int32, "liked": pl.Int8})


class DatasetConfig(BaseModel):
    """How events become rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    signals: SignalsConfig = SignalsConfig()
    sessions: SessionsConfig = SessionsConfig()


Listening: TypeAlias = Callable[[Sequence[str]], Iterator[pl.DataFrame]]
"""Yields columns of the listening events (`LISTENING_COLUMNS`): each time all of some listeners, in their order."""


class Sources:
    """The events that a dataset is built from, as the door gives them."""

    def __init__(self, listening: Listening, playlists: pl.DataFrame, until: int):
        self.listening = listening
        """Read again whenever it is called, so that no more than a piece is held at a time."""
        self.playlists = playlists
        """`position`, `playlist`, `title` and `tracks` of the playlist events."""
        self.until = until


def read(door: Door, *, piece: int = _PIECE) -> Sources:
    """Read through the door all that listeners allow to be learned from.

    Args:
        door: To the log.
        piece: About how many listening events are read at a time.
    """
    until = door.position()
    pieces = door.pieces(piece)

    def listening(columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        for one in pieces:
            yield door.read(Purpose.PERSONALISE, columns, types=LISTENING, between=one, until=until)

    playlists = door.read(Purpose.PERSONALISE, _PLAYLIST_COLUMNS, types=[EventType.PLAYLIST], until=until)
    return Sources(listening, playlists, until)


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
    tracks = _canonical_tracks(catalog, kinds)
    playlists = _playlist_entries(sources.playlists, tracks)
    reference_at = _last(sources.listening, tracks)
    ids = catalog.tracks["track_id"]
    heard = [
        _heard(resolve(one, catalog, kinds), config, reference_at, ids) for one in sources.listening(LISTENING_COLUMNS)
    ]
    dropped = {
        "listening of a track that the catalogue does not know": sum(one.unknown for one in heard),
        "playlist entry that the catalogue does not know": int(playlists["number"].null_count()),
    }
    playlists = playlists.filter(pl.col("number").is_not_null())
    used = [np.unique(part.items) for one in heard for part in (one.listeners, one.sessions)]
    items = _vocabulary(catalog, np.concatenate([*used, playlists["number"].unique().to_numpy()]))
    if not len(items):
        raise NotReady("there are no plays and no playlists of known tracks yet; `segue import` brings some")
    catalogue = _whole(catalog, kinds)
    return Dataset(
        items=items,
        catalogue=catalogue,
        content=_content(catalog, catalogue),
        listeners=_joined([_by_item(one.listeners, items) for one in heard]),
        playlists=_playlists(playlists, items),
        sessions=_joined([replace(one.sessions, items=items.index[one.sessions.items]) for one in heard]),
        opinions=_opinions(pl.concat([_NO_OPINION, *(one.opinions for one in heard)]), items),
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
    return catalog.described.filter(pl.col("kind").is_in(list(kinds))).select(
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


def _last(listening: Listening, tracks: pl.DataFrame) -> datetime | None:
    """Return when the last event of a known track occurred; None: no event has a time."""
    known = tracks.select("track_id")
    pieces = (one.join(known, left_on="track", right_on="track_id", how="semi") for one in listening(_TIMES))
    last: list[Any] = [one["occurred_at"].max() for one in pieces]
    return max((one for one in last if one is not None), default=None)


@dataclass(frozen=True, slots=True)
class _Heard:
    """What some listeners' events add up to; items are still numbers of the catalogue."""

    listeners: Interactions
    sessions: Interactions
    opinions: pl.DataFrame
    """`listener`, `number` and `liked`."""
    unknown: int
    """Events of tracks that are not known."""


def _heard(
    listening: pl.DataFrame, config: DatasetConfig, reference_at: datetime | None, catalogue: pl.Series
) -> _Heard:
    """Add up resolved events: all of some listeners. What is of another kind (`catalogue`: all ids) is not unknown."""
    known = listening.filter(pl.col("number").is_not_null())
    preferred = preferences(known, config.signals, reference_at)
    timed = with_sessions(known.filter(pl.col("type") == EventType.PLAY.value), config.sessions)
    return _Heard(
        _listeners(preferred.filter(pl.col("weight") > 0)),
        _sessions(timed),
        preferred.filter(pl.col("liked") != 0).select("listener", "number", "liked"),
        int((~listening.filter(pl.col("number").is_null())["track"].is_in(catalogue.implode())).sum()),
    )


def _vocabulary(catalog: Catalog, numbers: NDArray[np.int32]) -> Vocabulary:
    return _of_tracks(catalog.tracks[np.unique(numbers)])


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
    told = [name for name in CONTENT if name not in ("year", "language")]
    year = pl.col("release_date").dt.year().cast(pl.Int32).alias("year")
    language = pl.coalesce("language", "language_detected").alias("language")
    tracks = catalog.described.select(*told, year, language, "artist_number")[items.numbers]
    of_artist = catalog.described_artists["genres"].gather(tracks["artist_number"]).alias("genres_of_artist")
    nothing = pl.lit([], pl.List(pl.String))
    both = [pl.col(name).fill_null(nothing) for name in ("genres", of_artist.name)]
    genres = pl.concat_list(both).list.unique(maintain_order=True).alias("genres")
    return tracks.with_columns(of_artist).with_columns(genres).select(list(CONTENT))


def _listeners(preferred: pl.DataFrame) -> Interactions:
    rows, offsets = _rows(preferred["listener"])
    times = preferred["last_at"].dt.epoch("ms").fill_null(-1).to_numpy()
    return Interactions(rows, offsets, preferred["number"].to_numpy(), preferred["weight"].to_numpy(), times)


def _by_item(listeners: Interactions, items: Vocabulary) -> Interactions:
    """Turn numbers of the catalogue into items; each row's are ascending."""
    entries = items.index[listeners.items]
    order = np.lexsort((entries, row_numbers(listeners.offsets)))
    assert listeners.times is not None
    return replace(listeners, items=entries[order], weights=listeners.weights[order], times=listeners.times[order])


def _joined(parts: Sequence[Interactions]) -> Interactions | None:
    """Put rows of one kind below one another; None: there are none."""
    if not any(map(len, parts)):
        return None
    times = np.concatenate([part.times for part in parts if part.times is not None])
    lengths = np.concatenate([np.zeros(1, np.int64), *(np.diff(part.offsets) for part in parts)])
    return Interactions(
        pl.concat([part.rows for part in parts]),
        lengths.cumsum(),
        np.concatenate([part.items for part in parts]),
        np.concatenate([part.weights for part in parts]),
        None if (times < 0).all() else times,
    )


def _playlists(entries: pl.DataFrame, items: Vocabulary) -> Interactions | None:
    if entries.is_empty():
        return None
    entries = entries.with_columns(_item(entries["number"], items)).sort("playlist", "place")
    rows, offsets = _rows(entries["playlist"])
    titles = entries["title"].gather(offsets[:-1])
    return Interactions(rows, offsets, entries["item"].to_numpy(), np.ones(entries.height, np.float32), titles=titles)


def _sessions(timed: pl.DataFrame) -> Interactions:
    ordered = timed.sort("listener", "session", "occurred_at", maintain_order=True)
    runs = ordered.select(pl.struct("listener", "session").rle().alias("run")).unnest("run")
    times = ordered["occurred_at"].dt.epoch("ms").to_numpy()
    plays = np.ones(ordered.height, np.float32)
    return Interactions(
        runs["value"].struct.field("listener"), _offsets(runs["len"]), ordered["number"].to_numpy(), plays, times
    )


def _opinions(opinions: pl.DataFrame, items: Vocabulary) -> pl.DataFrame:
    item = _item(opinions["number"], items)
    return opinions.select("listener", item, "liked").filter(pl.col("item") >= 0).sort("listener", "item")


def _item(numbers: pl.Series, items: Vocabulary) -> pl.Series:
    """Return the item of each catalogue number, -1 for a track that is no item."""
    inside = numbers.to_numpy() < len(items.index)
    found = np.full(len(numbers), -1, np.int32)
    found[inside] = items.index[numbers.to_numpy()[inside]]
    return pl.Series("item", found)


def _rows(sorted_ids: pl.Series) -> tuple[pl.Series, NDArray[np.int64]]:
    runs = sorted_ids.rle().struct.unnest()
    return runs["value"], _offsets(runs["len"])


def _offsets(lengths: pl.Series) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(1, np.int64), lengths.to_numpy().astype(np.int64).cumsum()])
