# SPDX-License-Identifier: Apache-2.0
"""Playlists as published in Spotify's Million Playlist Dataset: its slices, or one playlist a line."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from segue.errors import BadInput
from segue.importers import archives
from segue.importers.archives import Member
from segue.importers.batch import Batch
from segue.importers.fields import Fields, checked
from segue.importers.records import Record, batched, read
from segue.types import EventType

__all__ = ["Mpd"]

_ROWS = 500
_SLICE = re.compile(rb'\s*\{\s*"(?:info|playlists)"')


class Mpd:
    """Reads playlists, one event each; nobody's, with a title and tracks in order.

    Takes JSON lines (`.jsonl`, `.jsonl.gz`), a slice `{"info": …, "playlists": […]}`, or a folder or zip of either.
    """

    name = "mpd"

    def read(self, path: Path) -> Iterator[Batch]:
        """Give the playlists in batches of at most 500.

        Raises:
            BadInput: A file is damaged or no such dataset, or a playlist lacks its `pid` or a track its `track_uri`.
        """
        with archives.opened(path) as members:
            wanted = [member for member in members if member.alone or _is_playlists(member)]
            if not wanted:
                raise BadInput(f"{path.name} holds no mpd.slice.*.json and no *.jsonl; is it the right folder?")
            for records in batched(_records(wanted), _ROWS):
                yield _translate(records)


def _is_playlists(member: Member) -> bool:
    return member.base.endswith((".json", ".jsonl", ".ndjson"))


def _records(members: list[Member]) -> Iterator[Record]:
    for member in members:
        with member.open() as stream:
            is_slice = _SLICE.match(stream.peek(64).removeprefix(b"\xef\xbb\xbf"))
        yield from read(member, key="playlists" if is_slice else None)


def _translate(records: list[Record]) -> Batch:
    whole = Fields(records)
    pids = whole.number("pid")
    kept: list[int] = []
    tracks: list[Record] = []
    lengths: list[int] = []
    for index, record in enumerate(records):
        if pids[index] is None:
            whole.refuse(index, "has no pid; it is no playlist of this dataset")
        items = _in_order(whole, index, record.value.get("tracks"))
        if items:
            kept.append(index)
            lengths.append(len(items))
            tracks.extend(Record(record.file, record.row, item) for item in items)
    fields = Fields([records[index] for index in kept])
    numbers = pids.gather(kept).cast(pl.String)
    catalogue, ids = _catalogue(Fields(tracks))
    events = pl.DataFrame(
        {
            "event_id": "mpd:playlist:" + numbers,
            "type": pl.repeat(EventType.PLAYLIST.value, len(kept), dtype=pl.String, eager=True),
            "occurred_at": fields.epoch_s("modified_at"),
            "source": pl.repeat(Mpd.name, len(kept), dtype=pl.String, eager=True),
            "playlist": "mpd:" + numbers,
            "title": fields.text("name"),
            "tracks": _nested(ids, lengths),
        }
    )
    empty = len(records) - len(kept)
    return Batch(
        rows=len(records),
        events=checked(events, lambda index: fields.records[index][:2]),
        tracks=catalogue,
        dropped={"playlist without tracks": empty} if empty else {},
    )


def _in_order(fields: Fields, index: int, items: Any) -> list[dict[str, Any]]:
    """Return the tracks by `pos`; as they stand where one has none."""
    if items is None:
        return []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        fields.refuse(index, "has tracks that are no array of objects")
    places = [item.get("pos") for item in items]
    if places == list(range(len(items))) or not all(isinstance(place, int) for place in places):
        return items
    return sorted(items, key=lambda item: int(item["pos"]))


def _catalogue(fields: Fields) -> tuple[pl.DataFrame, pl.Series]:
    """Return the tracks that have a title, once each, and every id in order."""
    ids = fields.text("track_uri")
    missing = ids.is_null().arg_true()
    if len(missing):
        fields.refuse(missing[0], "has a track without track_uri")
    frame = pl.DataFrame(
        {
            "track_id": ids,
            "title": fields.text("track_name"),
            "artist_id": fields.text("artist_uri"),
            "artist_name": fields.text("artist_name"),
            "album_id": fields.text("album_uri"),
            "album_name": fields.text("album_name"),
            "duration_ms": fields.number("duration_ms"),
        }
    )
    return frame.filter(pl.col("title").is_not_null()).unique("track_id", keep="first", maintain_order=True), ids


def _nested(ids: pl.Series, lengths: list[int]) -> pl.Series:
    owners = pl.Series("playlist", np.repeat(np.arange(len(lengths)), np.array(lengths, np.int64)))
    frame = pl.DataFrame({"playlist": owners, "tracks": ids})
    return frame.group_by("playlist", maintain_order=True).agg("tracks")["tracks"]
