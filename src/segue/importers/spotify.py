# SPDX-License-Identifier: Apache-2.0
"""Spotify's streaming history as a listener downloads it, extended or short.

Of a play only what Segue reads is kept; addresses, user agents and places are never looked at.
"""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import polars as pl

from segue.errors import BadInput
from segue.importers import archives, identity
from segue.importers.archives import Member
from segue.importers.batch import Batch, Occurrences
from segue.importers.dropping import keep
from segue.importers.fields import Fields, checked
from segue.importers.records import Record, batched, read
from segue.types import Device, EndReason, EventType, ItemKind

__all__ = ["Spotify"]

_ROWS = 20_000
_EXTENDED = re.compile(r"(?:Streaming_History_(?:Audio|Video)_|endsong_).*\.json", re.IGNORECASE)
_SHORT = re.compile(r"StreamingHistory.*\.json", re.IGNORECASE)

_END_REASONS = {
    "trackdone": EndReason.FINISHED,
    "fwdbtn": EndReason.SKIPPED,
    "backbtn": EndReason.BACK,
    "trackerror": EndReason.ERROR,
    "logout": EndReason.QUIT,
}
"""`unexpected-exit…` is `quit` too; every other reason is a play that was stopped."""

_DEVICES = (
    (Device.WATCH, r"watch|wear_?os|garmin"),
    (Device.CAR, r"\b(?:car|carplay|automotive|tesla)\b|android[ _]auto|_car_"),
    (Device.TV, r"(?:\b|_)(?:android_?)?tv(?:\b|_|os)|appletv|webos|tizen|roku|playstation|\bps[345]\b|xbox|fire_?tv"),
    (Device.SPEAKER, r"cast|sonos|echo|alexa|speaker|home_?pod|bose|denon|yamaha"),
    (Device.TABLET, r"ipad|tablet"),
    (Device.LAPTOP, r"windows|os ?x|mac ?os|linux|web_?player|chrome"),
    (Device.PHONE, r"ios|iphone|android|\bphone"),
)
"""The first whose words the platform's name holds; what holds none is `other`."""


class Spotify:
    """Reads the plays of `my_spotify_data.zip`, of its folder, or of one `Streaming_History_Audio_*.json`.

    Forward is a skip, every other end a play; `ts` is when a play stopped, so it began `ms_played` earlier. The short
    history (`StreamingHistory*.json`) has no ids; its tracks get `name:` ids, and it is left alone where the
    extended one lies beside it. A podcast's show and an audiobook stand as the artist of their episodes and chapters.
    """

    name = "spotify"

    def __init__(self, listener: str | None = None):
        self._listener = listener

    def read(self, path: Path) -> Iterator[Batch]:
        """Give the plays in batches of at most 20,000.

        Raises:
            BadInput: There is no streaming history, a file is damaged or a row is not what it should be.
        """
        occurrences = Occurrences(self.name)
        with archives.opened(path) as members:
            histories = [member for member in members if member.alone] or _histories(members)
            if not histories:
                raise BadInput(
                    f"{path.name} holds no Streaming_History_Audio_*.json, endsong_*.json or StreamingHistory*.json; "
                    "ask Spotify for the extended streaming history"
                )
            for records in batched(chain.from_iterable(map(read, histories)), _ROWS):
                yield self._translate(records, occurrences)

    def _translate(self, records: list[Record], occurrences: Occurrences) -> Batch:
        fields = Fields(records)
        plays = _plays(fields).with_columns(_listeners(fields, self._listener))
        kept, dropped = keep(
            plays,
            {
                "incognito session": pl.col("incognito"),
                "no track id": pl.col("track").is_null(),
                "no track name": pl.col("item_title").is_null(),
            },
        )
        unnamed = kept["listener"].is_null().arg_true()
        if len(unnamed):
            record = records[kept["index"][unnamed[0]]]
            raise BadInput(f"{record.file} does not say whose history it is; give --listener NAME")
        ids = occurrences.ids(kept.select("listener", pl.col("stopped_at").dt.epoch("ms"), "track", "played_ms"))
        skipped = pl.col("end_reason") == EndReason.SKIPPED.value
        events = kept.select(
            ids,
            pl.when(skipped).then(pl.lit(EventType.SKIP.value)).otherwise(pl.lit(EventType.PLAY.value)).alias("type"),
            "listener",
            (pl.col("stopped_at") - pl.duration(milliseconds="played_ms")).alias("occurred_at"),
            pl.lit(self.name).alias("source"),
            "track",
            "played_ms",
            "end_reason",
            "shuffle",
            "offline",
            "device",
            "region",
        )
        tracks = kept.select(
            pl.col("track").alias("track_id"), "kind", pl.col("item_title").alias("title"), "artist_name", "album_name"
        )
        return Batch(
            rows=len(records),
            events=checked(events, lambda index: records[kept["index"][index]][:2]),
            tracks=tracks.unique("track_id", keep="first", maintain_order=True),
            dropped=dropped,
        )


def _histories(members: list[Member]) -> list[Member]:
    extended = [member for member in members if _EXTENDED.fullmatch(member.base)]
    return extended or [member for member in members if _SHORT.fullmatch(member.base)]


def _listeners(fields: Fields, listener: str | None) -> pl.Series:
    if listener is None:
        return fields.text("username").alias("listener")
    return pl.repeat(listener, len(fields), dtype=pl.String, eager=True).alias("listener")


def _plays(fields: Fields) -> pl.DataFrame:
    """Return one row a record: what was played, when it stopped, how and where."""
    short = any("endTime" in record.value for record in fields.records)
    items = _short_items(fields) if short else _items(fields)
    stopped_at = fields.instant("endTime", "%Y-%m-%d %H:%M") if short else fields.instant("ts", "%Y-%m-%dT%H:%M:%SZ")
    return items.with_columns(
        pl.int_range(len(fields), eager=True).alias("index"),
        _present(fields, stopped_at).alias("stopped_at"),
        _present(fields, fields.number("msPlayed" if short else "ms_played")).alias("played_ms"),
        fields.flag("incognito_mode").fill_null(False).alias("incognito"),
        fields.flag("shuffle"),
        fields.flag("offline"),
        _end_reasons(fields),
        _devices(fields),
        _regions(fields),
    )


def _present(fields: Fields, column: pl.Series) -> pl.Series:
    missing = column.is_null().arg_true()
    if len(missing):
        fields.refuse(missing[0], f"has no {column.name}; it is no play of a streaming history")
    return column


def _items(fields: Fields) -> pl.DataFrame:
    """Return what was played: a track, an episode of a podcast or a chapter of an audiobook."""
    texts = pl.DataFrame(
        [
            fields.text(name)
            for name in (
                "spotify_track_uri",
                "spotify_episode_uri",
                "audiobook_chapter_uri",
                "master_metadata_track_name",
                "master_metadata_album_artist_name",
                "master_metadata_album_album_name",
                "episode_name",
                "episode_show_name",
                "audiobook_chapter_title",
                "audiobook_title",
            )
        ]
    )
    is_track = pl.col("spotify_track_uri").is_not_null()
    is_episode = pl.col("spotify_episode_uri").is_not_null()

    def by_kind(track: str, episode: str, chapter: str, to: str) -> pl.Expr:
        return pl.when(is_track).then(track).when(is_episode).then(episode).otherwise(chapter).alias(to)

    return texts.select(
        pl.coalesce("spotify_track_uri", "spotify_episode_uri", "audiobook_chapter_uri").alias("track"),
        pl.when(is_track)
        .then(pl.lit(ItemKind.TRACK.value))
        .when(is_episode)
        .then(pl.lit(ItemKind.EPISODE.value))
        .otherwise(pl.lit(ItemKind.CHAPTER.value))
        .alias("kind"),
        by_kind("master_metadata_track_name", "episode_name", "audiobook_chapter_title", "item_title"),
        by_kind("master_metadata_album_artist_name", "episode_show_name", "audiobook_title", "artist_name"),
        by_kind("master_metadata_album_album_name", "episode_show_name", "audiobook_title", "album_name"),
    )


def _short_items(fields: Fields) -> pl.DataFrame:
    texts = pl.DataFrame([fields.text(name) for name in ("trackName", "artistName", "episodeName", "podcastName")])
    items = texts.select(
        pl.when(pl.col("trackName").is_null() & pl.col("episodeName").is_not_null())
        .then(pl.lit(ItemKind.EPISODE.value))
        .otherwise(pl.lit(ItemKind.TRACK.value))
        .alias("kind"),
        pl.coalesce("trackName", "episodeName").alias("item_title"),
        pl.coalesce("artistName", "podcastName").alias("artist_name"),
        pl.lit(None, pl.String).alias("album_name"),
    )
    return items.with_columns(identity.named(items["artist_name"], items["item_title"]).alias("track"))


def _end_reasons(fields: Fields) -> pl.Series:
    """Return how each play ended; null where the source does not say."""
    given = fields.text("reason_end").str.to_lowercase()
    said = given.replace_strict(
        {word: reason.value for word, reason in _END_REASONS.items()},
        default=EndReason.STOPPED.value,
        return_dtype=pl.String,
    )
    said = said.set(given.str.starts_with("unexpected-exit"), EndReason.QUIT.value).set(given.is_null(), None)
    skipped = fields.flag("skipped").fill_null(False)
    return said.set(said.is_null() & skipped, EndReason.SKIPPED.value).alias("end_reason")


def _devices(fields: Fields) -> pl.Series:
    platforms = fields.text("platform").str.to_lowercase().alias("platform")
    device = pl.lit(Device.OTHER.value)
    for kind, words in reversed(_DEVICES):
        device = pl.when(pl.col("platform").str.contains(words)).then(pl.lit(kind.value)).otherwise(device)
    unknown = pl.col("platform").is_null() | (pl.col("platform") == "not_applicable")
    distinct = platforms.unique().to_frame().with_columns(pl.when(~unknown).then(device).alias("device"))
    return platforms.to_frame().join(distinct, on="platform", how="left", nulls_equal=True, maintain_order="left")[
        "device"
    ]


def _regions(fields: Fields) -> pl.Series:
    country = fields.text("conn_country").str.to_uppercase()
    return country.set(~country.str.contains(r"^[A-Z]{2}$") | (country == "ZZ"), None).alias("region")
