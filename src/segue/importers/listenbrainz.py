# SPDX-License-Identifier: Apache-2.0
"""ListenBrainz exports: listens, and what their listener loved and hated."""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import polars as pl

from segue.catalog import names
from segue.errors import BadInput
from segue.importers import archives, identity
from segue.importers.archives import Member
from segue.importers.batch import Batch, Occurrences
from segue.importers.dropping import keep
from segue.importers.fields import Fields, checked, mbid
from segue.importers.records import Record, batched, read
from segue.types import EventType

__all__ = ["ListenBrainz"]

_ROWS = 20_000
_LISTENS = re.compile(r"(?:.*/)?(?:listens/.*\.jsonl?|[^/]*listens?\.jsonl?)")
_FEEDBACK = re.compile(r"(?:.*/)?[^/]*feedback\.jsonl?")
_SCORES = {1: EventType.LIKE.value, -1: EventType.DISLIKE.value}


class ListenBrainz:
    """Reads the export's zip, its folder, or one file of listens (JSON lines or one array).

    A track is its recording's MusicBrainz id where ListenBrainz or the player knew it, else ListenBrainz' own id of the
    spelling, else its names. Feedback that only has the id of a spelling is given to the recording that the
    listens of this export have for it.
    """

    name = "listenbrainz"

    def __init__(self, listener: str | None = None):
        self._listener = listener

    def read(self, path: Path) -> Iterator[Batch]:
        """Give the listens, then the feedback, in batches of at most 20,000.

        Raises:
            BadInput: There are no listens, a file is damaged, a row is not what it should be, or nothing says whose
                they are.
        """
        occurrences = Occurrences(self.name)
        with archives.opened(path) as members:
            feedback = [member for member in members if _FEEDBACK.fullmatch(member.name)]
            listens = [
                member
                for member in members
                if member not in feedback and (member.alone or _LISTENS.fullmatch(member.name))
            ]
            if not listens and not feedback:
                raise BadInput(
                    f"{path.name} holds no listens/*.jsonl and no listens.json; is it a ListenBrainz export?"
                )
            listener = self._listener or _user(members)
            known = dict.fromkeys(_spellings(feedback))
            for records in batched(chain.from_iterable(map(read, listens)), _ROWS):
                yield self._listens(records, occurrences, listener, known)
            for records in batched(chain.from_iterable(map(read, feedback)), _ROWS):
                yield self._feedback(records, occurrences, listener, known)

    def _listens(
        self, records: list[Record], occurrences: Occurrences, listener: str | None, known: dict[str, str | None]
    ) -> Batch:
        """Translate listens, and note in `known` which track each of its spellings is."""
        fields = Fields(records)
        listens = _recordings(fields).with_columns(
            pl.int_range(len(fields), eager=True).alias("index"),
            _owners(fields, listener),
            fields.epoch_s("listened_at").alias("occurred_at"),
        )
        kept, dropped = keep(
            listens,
            {
                "playing now, no time": pl.col("occurred_at").is_null(),
                "no track name": pl.col("title").is_null(),
                "no artist name": pl.col("artist_name").is_null(),
            },
        )
        _refuse_unowned(kept, records)
        known.update(row for row in kept.select("msid", "track").iter_rows() if row[0] in known)
        # Mappings come and go; the names under which a listen was sent do not.
        ids = occurrences.ids(kept.select("listener", pl.col("occurred_at").dt.epoch("ms"), "artist_name", "title"))
        events = kept.select(
            ids,
            pl.lit(EventType.PLAY.value).alias("type"),
            "listener",
            "occurred_at",
            pl.lit(self.name).alias("source"),
            "track",
            "duration_ms",
        )
        tracks = kept.select(
            pl.col("track").alias("track_id"),
            "title",
            "artist_name",
            "album_id",
            "album_name",
            "duration_ms",
            "isrc",
            "mbid",
        )
        return Batch(
            rows=len(records),
            events=checked(events, lambda index: records[kept["index"][index]][:2]),
            tracks=tracks.unique("track_id", keep="first", maintain_order=True),
            artists=_artists(kept),
            albums=_albums(kept),
            dropped=dropped,
        )

    def _feedback(
        self, records: list[Record], occurrences: Occurrences, listener: str | None, known: dict[str, str | None]
    ) -> Batch:
        fields = Fields(records)
        own = mbid(fields.text("recording_mbid"))
        msid = fields.text("recording_msid")
        frame = pl.DataFrame(
            {
                "index": pl.int_range(len(fields), eager=True),
                "listener": _owners(fields, listener),
                "occurred_at": fields.epoch_s("created"),
                "type": fields.number("score", least=None).replace_strict(
                    _SCORES, default=None, return_dtype=pl.String
                ),
                "given": pl.select(pl.coalesce("mbid:" + own, "msid:" + msid)).to_series(),
                "found": pl.Series([known.get(text) for text in msid], dtype=pl.String),
            }
        )
        frame = frame.with_columns(
            pl.when(pl.col("given").str.starts_with("mbid:"))
            .then("given")
            .otherwise(pl.coalesce("found", "given"))
            .alias("track")
        )
        kept, dropped = keep(
            frame,
            {"feedback taken back": pl.col("type").is_null(), "no recording id": pl.col("track").is_null()},
        )
        _refuse_unowned(kept, records)
        ids = occurrences.ids(kept.select("listener", pl.col("occurred_at").dt.epoch("ms"), "type", "given"))
        events = kept.select(ids, "type", "listener", "occurred_at", pl.lit(self.name).alias("source"), "track")
        return Batch(
            rows=len(records),
            events=checked(events, lambda index: records[kept["index"][index]][:2]),
            tracks=pl.DataFrame(schema={"track_id": pl.String, "title": pl.String}),
            dropped=dropped,
        )


def _user(members: list[Member]) -> str | None:
    """Return the name that the export's `user.json` says."""
    for member in members:
        if member.base == "user.json":
            for record in read(member):
                name = record.value.get("username") or record.value.get("user_name")
                if isinstance(name, str) and name.strip():
                    return name.strip()
    return None


def _spellings(feedback: list[Member]) -> Iterator[str]:
    """Give the ids of spellings that have no recording in the feedback."""
    for records in batched(chain.from_iterable(map(read, feedback)), _ROWS):
        fields = Fields(records)
        unmapped = mbid(fields.text("recording_mbid")).is_null()
        yield from fields.text("recording_msid").filter(unmapped).drop_nulls()


def _owners(fields: Fields, listener: str | None) -> pl.Series:
    if listener is None:
        return fields.text("user_name").alias("listener")
    return pl.repeat(listener, len(fields), dtype=pl.String, eager=True).alias("listener")


def _refuse_unowned(kept: pl.DataFrame, records: list[Record]) -> None:
    unnamed = kept["listener"].is_null().arg_true()
    if len(unnamed):
        file = records[kept["index"][unnamed[0]]].file
        raise BadInput(f"{file} does not say whose listens these are; give --listener NAME")


def _recordings(fields: Fields) -> pl.DataFrame:
    """Return what each listen is of, as sent and as ListenBrainz matched it."""
    sent = fields.inside("track_metadata")
    extra, mapped = sent.inside("additional_info"), sent.inside("mbid_mapping")
    artist_name, title = sent.text("artist_name"), sent.text("track_name")
    seconds = extra.number("duration", scale=1000)
    frame = pl.DataFrame(
        {
            "artist_name": artist_name,
            "title": title,
            "album_name": sent.text("release_name"),
            "duration_ms": extra.number("duration_ms").zip_with(extra.number("duration_ms").is_not_null(), seconds),
            "isrc": extra.text("isrc"),
            "artist_mbid": _only(mapped, "artist_mbids"),
            "release_mbid": mbid(mapped.text("release_mbid")),
        }
    )
    msids = (fields.text("recording_msid"), sent.text("recording_msid"), extra.text("recording_msid"))
    mbids = (mbid(mapped.text("recording_mbid")), mbid(extra.text("recording_mbid")))
    frame = frame.with_columns(
        pl.select(pl.coalesce(*msids)).to_series().alias("msid"),
        pl.select(pl.coalesce(*mbids)).to_series().alias("mbid"),
    )
    nameless = frame["mbid"].is_null() & frame["msid"].is_null()
    named = identity.named(artist_name.set(~nameless, None), title.set(~nameless, None)).alias("named")
    return frame.with_columns(
        pl.coalesce("mbid:" + pl.col("mbid"), "msid:" + pl.col("msid"), named).alias("track"),
        ("mbid:" + pl.col("release_mbid")).alias("album_id"),
    )


def _only(fields: Fields, name: str) -> pl.Series:
    """Return the one id of each list; null where a list has several, for then no one of them is *the* artist."""
    values = fields.values(name)
    single = [value[0] if isinstance(value, list) and len(value) == 1 else None for value in values]
    return mbid(pl.Series(name, [one if isinstance(one, str) and one.isascii() else None for one in single], pl.String))


def _artists(kept: pl.DataFrame) -> pl.DataFrame:
    """Return artists by the id that the catalogue derives from their name, so that matched and unmatched are one."""
    known = kept.filter(pl.col("artist_mbid").is_not_null()).unique("artist_name", keep="first", maintain_order=True)
    artists = known.select(
        names.artist_id(pl.col("artist_name")).alias("artist_id"),
        pl.col("artist_name").alias("name"),
        pl.col("artist_mbid").alias("mbid"),
    )
    return artists.unique("artist_id", keep="first", maintain_order=True)


def _albums(kept: pl.DataFrame) -> pl.DataFrame:
    known = kept.filter(pl.col("album_id").is_not_null() & pl.col("album_name").is_not_null())
    albums = known.select("album_id", pl.col("album_name").alias("title"), pl.col("release_mbid").alias("mbid"))
    return albums.unique("album_id", keep="first", maintain_order=True)
