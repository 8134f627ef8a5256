# SPDX-License-Identifier: Apache-2.0
"""Last.fm scrobbles, as the usual exporters save them and as the API answers."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl

from segue.catalog import names
from segue.errors import BadInput
from segue.importers import archives, delimited, identity, records
from segue.importers.archives import Member
from segue.importers.batch import Batch, Occurrences
from segue.importers.dropping import keep
from segue.importers.fields import Fields, checked, mbid
from segue.importers.records import Record, batched, refuse
from segue.types import EventType

__all__ = ["LastFm"]

_ROWS = 20_000
_HEADERLESS = ("artist", "album", "track", "date")
_LONGEST_DATE = 18
"""Digits of a number of milliseconds."""
_DATE = "%d %b %Y %H:%M"


class LastFm:
    """Reads one file, a folder or a zip of scrobbles.

    - `Artist;Album;AlbumId;Track;Date#NAME`, dates in milliseconds since 1970;
    - `artist,album,track,date` without a header, dates like `21 Nov 2026 07:16` in UTC;
    - `uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid`, `uts` in seconds;
    - JSON pages of `user.getRecentTracks`: one, an array of them, or one a line.
    """

    name = "lastfm"

    def __init__(self, listener: str | None = None):
        self._listener = listener

    def read(self, path: Path) -> Iterator[Batch]:
        """Give the scrobbles in batches of at most 20,000.

        Raises:
            BadInput: A file is damaged or of no known shape, a row is not what it should be, or nothing says whose
                they are.
        """
        occurrences = Occurrences(self.name)
        with archives.opened(path) as members:
            wanted = [member for member in members if member.alone or member.base.endswith((".csv", ".json", ".jsonl"))]
            if not wanted:
                raise BadInput(f"{path.name} holds no .csv and no .json; give a Last.fm export")
            for scrobbles in batched(chain.from_iterable(map(_scrobbles, wanted)), _ROWS):
                yield self._translate(scrobbles, occurrences)

    def _translate(self, scrobbles: list[Record], occurrences: Occurrences) -> Batch:
        fields = Fields(scrobbles)
        listener = self._listener
        frame = pl.DataFrame(
            {
                "index": pl.int_range(len(fields), eager=True),
                "listener": fields.text("listener")
                if listener is None
                else pl.repeat(listener, len(fields), dtype=pl.String, eager=True),
                "occurred_at": _times(fields),
                "title": fields.text("track"),
                "artist_name": fields.text("artist"),
                "album_name": fields.text("album"),
                "mbid": mbid(fields.text("track_mbid")),
                "artist_mbid": mbid(fields.text("artist_mbid")),
                "album_mbid": mbid(fields.text("album_mbid")),
                "now": fields.flag("now"),
            }
        )
        kept, dropped = keep(
            frame,
            {
                "playing now, no time": pl.col("now") & pl.col("occurred_at").is_null(),
                "no track name": pl.col("title").is_null(),
                "no artist name": pl.col("artist_name").is_null(),
            },
        )
        unnamed = kept["listener"].is_null().arg_true()
        if len(unnamed):
            file = scrobbles[kept["index"][unnamed[0]]].file
            raise BadInput(f"{file} does not say whose scrobbles these are; give --listener NAME")
        has = kept["mbid"].is_not_null()
        named = identity.named(kept["artist_name"].set(has, None), kept["title"].set(has, None)).alias("named")
        kept = kept.with_columns(
            pl.coalesce("mbid:" + pl.col("mbid"), named).alias("track"),
            ("mbid:" + pl.col("album_mbid")).alias("album_id"),
        )
        # Last.fm's MusicBrainz ids come and go; the names of a scrobble do not.
        ids = occurrences.ids(kept.select("listener", pl.col("occurred_at").dt.epoch("ms"), "artist_name", "title"))
        events = kept.select(
            ids,
            pl.lit(EventType.PLAY.value).alias("type"),
            "listener",
            "occurred_at",
            pl.lit(self.name).alias("source"),
            "track",
        )
        tracks = kept.select(
            pl.col("track").alias("track_id"), "title", "artist_name", "album_id", "album_name", "mbid"
        )
        return Batch(
            rows=len(scrobbles),
            events=checked(events, lambda index: scrobbles[kept["index"][index]][:2]),
            tracks=tracks.unique("track_id", keep="first", maintain_order=True),
            artists=_artists(kept),
            albums=_albums(kept),
            dropped=dropped,
        )


def _scrobbles(member: Member) -> Iterator[Record]:
    """Give the scrobbles of a file with the fields of its third shape, and `listener` and `now` besides."""
    with member.open() as stream:
        start = stream.peek(1)[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        return iter(())
    return _of_pages(member) if start[:1] in b"{[" else _of_rows(member)


def _times(fields: Fields) -> pl.Series:
    """Return when each scrobble was, null where the source has no date or the year 1970's first moment."""
    seconds, text = fields.epoch_s("uts"), fields.instant("date", _DATE)
    text = text.set((text.dt.epoch("ms") == 0).fill_null(False), None)
    return seconds.zip_with(seconds.is_not_null(), text)


def _of_rows(member: Member) -> Iterator[Record]:
    rows = delimited.read(member, delimited.delimiter(member))
    first = next(rows)
    header = [cell.strip() for cell in first[1]]
    lowered = [cell.lower() for cell in header]
    listener = None
    unit = 1
    offset = 0
    if lowered[-1].startswith("date#") or "albumid" in lowered:
        listener = header[-1].partition("#")[2].strip() or None
        columns, unit = [*lowered[:-1], "uts"], 1000
    elif "uts" in lowered or "utc_time" in lowered:
        columns = ["date" if name == "utc_time" and "uts" not in lowered else name for name in lowered]
    elif len(lowered) == len(_HEADERLESS):
        columns = list(_HEADERLESS)
        if lowered != columns:
            rows, offset = chain([first], rows), 1
    else:
        columns = []
    if not {"artist", "track"} <= set(columns):
        raise BadInput(
            f"{member.label} has the columns {', '.join(header[:10])}; expected Artist;Album;AlbumId;Track;Date#NAME, "
            "or artist,album,track,date, or uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid"
        )
    for number, cells in rows:
        row = number + offset
        if len(cells) != len(columns):
            refuse(member.label, row, f"has {len(cells)} columns where {len(columns)} were expected")
        value: dict[str, Any] = dict(zip(columns, cells, strict=True))
        if unit != 1:
            value["uts"] = _seconds(member.label, row, value["uts"])
        if listener:
            value["listener"] = listener
        yield Record(member.label, row, value)


def _seconds(label: str, row: int, millis: str) -> float | None:
    if not millis.strip():
        return None
    if not millis.strip().isdecimal() or len(millis) > _LONGEST_DATE:
        refuse(label, row, f"has the date {millis[:40]!r}, which is no number of milliseconds")
    return int(millis) / 1000


def _of_pages(member: Member) -> Iterator[Record]:
    row = 0
    for page in records.read(member):
        recent = page.value.get("recenttracks")
        if not isinstance(recent, dict):
            told = page.value.get("message")
            reason = f"is an error of Last.fm: {told}" if isinstance(told, str) else "has no recenttracks"
            refuse(member.label, page.row, f"(a page) {reason[:200]}")
        attributes = recent.get("@attr")
        listener = attributes.get("user") if isinstance(attributes, dict) else None
        tracks = recent.get("track", [])
        for track in tracks if isinstance(tracks, list) else [tracks]:
            row += 1
            if not isinstance(track, dict):
                refuse(member.label, row, "is no object")
            yield Record(member.label, row, _of_api(track, listener), page.size // max(1, len(tracks)))


def _of_api(track: dict[str, Any], listener: Any) -> dict[str, Any]:
    artist, album, date = (_object(track.get(name)) for name in ("artist", "album", "date"))
    return {
        "listener": listener,
        "uts": date.get("uts"),
        "artist": _first(artist, ("#text", "name")),
        "artist_mbid": artist.get("mbid"),
        "album": _first(album, ("#text", "title")),
        "album_mbid": album.get("mbid"),
        "track": track.get("name"),
        "track_mbid": track.get("mbid"),
        "now": _object(track.get("@attr")).get("nowplaying") == "true",
    }


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, str):
        return {"#text": value}
    return value if isinstance(value, dict) else {}


def _first(value: dict[str, Any], keys: Sequence[str]) -> Any:
    return next((value[key] for key in keys if value.get(key)), None)


def _artists(kept: pl.DataFrame) -> pl.DataFrame:
    """Return artists by the id that the catalogue derives from their name; not every scrobble has the other."""
    known = kept.filter(pl.col("artist_mbid").is_not_null()).unique("artist_name", keep="first", maintain_order=True)
    artists = known.select(
        names.artist_id(pl.col("artist_name")).alias("artist_id"),
        pl.col("artist_name").alias("name"),
        pl.col("artist_mbid").alias("mbid"),
    )
    return artists.unique("artist_id", keep="first", maintain_order=True)


def _albums(kept: pl.DataFrame) -> pl.DataFrame:
    known = kept.filter(pl.col("album_id").is_not_null() & pl.col("album_name").is_not_null())
    albums = known.select("album_id", pl.col("album_name").alias("title"), pl.col("album_mbid").alias("mbid"))
    return albums.unique("album_id", keep="first", maintain_order=True)
