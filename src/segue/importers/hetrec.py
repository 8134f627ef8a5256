# SPDX-License-Identifier: Apache-2.0
"""HetRec 2011 Last.fm: how often listeners played artists, with the artists' tags."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import polars as pl

from segue.errors import BadInput
from segue.events import schema
from segue.importers import archives, delimited
from segue.importers.archives import Member
from segue.importers.batch import Batch
from segue.importers.dropping import keep
from segue.importers.fields import Fields, checked
from segue.importers.records import Record, refuse
from segue.types import EventType, ItemKind

__all__ = ["HetRec"]

_ROWS = 50_000
_TAGS_KEPT, _TAGGERS_NEEDED = 5, 2
_MOST_ROWS = 1_000_000
"""Rows above which a file that is held as a whole is not this dataset's."""


class HetRec:
    """Reads the zip or its folder: `artists.dat`, `user_artists.dat` and, where they are there, the tags.

    A total has no time. An artist is a catalogue row of kind `artist`; its genres are up to five tags that at least two
    listeners gave it, the most given first. Friends and single tags are no events.
    """

    name = "hetrec"

    def read(self, path: Path) -> Iterator[Batch]:
        """Give first the artists (no rows), then the totals in batches of at most 50,000.

        Raises:
            BadInput: A file is missing or damaged, or a row is not what it should be.
        """
        with archives.opened(path) as members:
            files = {member.base: member for member in members}
            for needed in ("artists.dat", "user_artists.dat"):
                if needed not in files:
                    raise BadInput(f"{path.name} holds no {needed}; give the zip or folder of hetrec2011-lastfm-2k")
            artists = _artists(files["artists.dat"], _genres(files))
            yield Batch(
                rows=0,
                events=schema.empty(),
                tracks=artists.select(
                    pl.col("artist_id").alias("track_id"),
                    pl.lit(ItemKind.ARTIST.value).alias("kind"),
                    pl.col("name").alias("title"),
                    "artist_id",
                    pl.col("name").alias("artist_name"),
                    "genres",
                ),
                artists=artists,
            )
            totals = _rows(files["user_artists.dat"], ("userID", "artistID", "weight"))
            while records := list(islice(totals, _ROWS)):
                yield _translate(records, artists["artist_id"])


def _translate(records: list[Record], known: pl.Series) -> Batch:
    fields = Fields(records)
    users, artists = _needed(fields, "userID"), _needed(fields, "artistID")
    frame = pl.DataFrame(
        {
            "index": pl.int_range(len(fields), eager=True),
            "event_id": "hetrec:" + users + ":" + artists,
            "listener": "hetrec:" + users,
            "track": "lastfm:artist:" + artists,
            "count": fields.number("weight"),
        }
    )
    kept, dropped = keep(
        frame,
        {
            "artist not in artists.dat": ~pl.col("track").is_in(known.implode()),
            "no plays": pl.col("count").fill_null(0) == 0,
        },
    )
    events = kept.select(
        "event_id",
        pl.lit(EventType.PLAY.value).alias("type"),
        "listener",
        pl.lit(HetRec.name).alias("source"),
        "track",
        "count",
    )
    return Batch(
        rows=len(records),
        events=checked(events, lambda index: records[kept["index"][index]][:2]),
        tracks=pl.DataFrame(schema={"track_id": pl.String, "title": pl.String}),
        dropped=dropped,
    )


def _artists(member: Member, genres: pl.DataFrame) -> pl.DataFrame:
    rows = _whole(member, ("id", "name"))
    artists = rows.with_columns(("lastfm:artist:" + pl.col("id")).alias("artist_id"))
    named = artists.drop_nulls().unique("id", keep="first", maintain_order=True)
    return named.join(genres, on="id", how="left", maintain_order="left").select("artist_id", "name", "genres")


def _genres(files: dict[str, Member]) -> pl.DataFrame:
    """Return `id` of an artist and its `genres`."""
    given = files.get("user_taggedartists.dat") or files.get("user_taggedartists-timestamps.dat")
    if given is None or "tags.dat" not in files:
        return pl.DataFrame(schema={"id": pl.String, "genres": pl.List(pl.String)})
    words = _whole(files["tags.dat"], ("tagID", "tagValue")).drop_nulls().unique("tagID", keep="first")
    return (
        _whole(given, ("userID", "artistID", "tagID"))
        .rename({"artistID": "id"})
        .drop_nulls()
        .group_by("id", "tagID")
        .agg(pl.col("userID").n_unique().alias("taggers"))
        .filter(pl.col("taggers") >= _TAGGERS_NEEDED)
        .join(words, on="tagID")
        .sort("id", "taggers", "tagValue", descending=[False, True, False])
        .group_by("id", maintain_order=True)
        .agg(pl.col("tagValue").head(_TAGS_KEPT).alias("genres"))
    )


def _whole(member: Member, columns: tuple[str, ...]) -> pl.DataFrame:
    """Return the named columns of a file as text."""
    rows = _rows(member, columns)
    parts = [pl.DataFrame(schema=dict.fromkeys(columns, pl.String))]
    while records := list(islice(rows, _ROWS)):
        if records[-1].row > _MOST_ROWS:
            raise BadInput(f"{member.label} has more than {_MOST_ROWS} rows; it is not this dataset's")
        fields = Fields(records)
        parts.append(pl.DataFrame([fields.text(name) for name in columns]))
    return pl.concat(parts)


def _rows(member: Member, columns: tuple[str, ...]) -> Iterator[Record]:
    """Give the named columns of a file whose first line names them."""
    rows = delimited.read(member, "\t", quoted=False, latin=True)
    _, header = next(rows, (0, []))
    missing = [name for name in columns if name not in header]
    if missing:
        raise BadInput(f"{member.label} has no column {missing[0]!r}; its first line should name {', '.join(columns)}")
    places = [(name, header.index(name)) for name in columns]
    for row, cells in rows:
        if len(cells) != len(header):
            refuse(member.label, row, f"has {len(cells)} columns where {len(header)} were expected")
        yield Record(member.label, row, {name: cells[place] for name, place in places})


def _needed(fields: Fields, name: str) -> pl.Series:
    """Return a column of ids, every one a number."""
    column = fields.number(name)
    missing = column.is_null().arg_true()
    if len(missing):
        fields.refuse(missing[0], f"has no {name}")
    return column.cast(pl.String)
