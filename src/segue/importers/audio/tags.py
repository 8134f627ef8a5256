# SPDX-License-Identifier: Apache-2.0
"""What a music file says of itself: its tags, and where they are silent, its name and its folders'."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any, TypedDict, cast

__all__ = ["Tags", "read"]

_LONGEST = 1000
"""Letters of a text that are kept."""

_KEYS: Mapping[str, tuple[str, ...]] = {
    "title": ("tit2", "\xa9nam", "title"),
    "artist_name": ("tpe1", "\xa9art", "artist", "author"),
    "album_name": ("talb", "\xa9alb", "album", "wm/albumtitle"),
    "album_artist": ("tpe2", "aart", "albumartist", "album artist", "wm/albumartist"),
    "release_date": ("tdrc", "tdrl", "\xa9day", "date", "year", "wm/year"),
    "genres": ("tcon", "\xa9gen", "genre", "wm/genre"),
    "position": ("trck", "trkn", "tracknumber", "track", "wm/tracknumber"),
    "disc": ("tpos", "disk", "discnumber", "disc", "wm/partofset"),
    "isrc": ("tsrc", "----:com.apple.itunes:isrc", "isrc", "wm/isrc"),
    "mbid": (
        "ufid:http://musicbrainz.org",
        "----:com.apple.itunes:musicbrainz track id",
        "musicbrainz_trackid",
        "musicbrainz/track id",
    ),
    "artist_mbid": (
        "txxx:musicbrainz artist id",
        "----:com.apple.itunes:musicbrainz artist id",
        "musicbrainz_artistid",
        "musicbrainz/artist id",
    ),
    "album_mbid": (
        "txxx:musicbrainz album id",
        "----:com.apple.itunes:musicbrainz album id",
        "musicbrainz_albumid",
        "musicbrainz/album id",
    ),
}
"""What ID3, MP4, Vorbis comments, APE and ASF call each field, in lower case. No key means two things."""

_DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?!\d)")
_PLACE = re.compile(r"(?P<place>\d{1,3})(?:\s*[.)_-]\s*|\s+)(?=\S)")
_DISC_FOLDER = re.compile(r"(?:cd|dis[ck])\s*\d{1,2}", re.IGNORECASE)


class Tags(TypedDict, total=False):
    """Columns of the catalogue, a date as ISO 8601, and whose the album is, and the ids of artist and album."""

    title: str
    artist_name: str
    album_name: str
    album_artist: str
    release_date: str
    genres: list[str]
    position: int
    isrc: str
    mbid: str
    artist_mbid: str
    album_mbid: str


def read(path: Path, name: str) -> Tags:
    """Return what is known of a file; a title always is.

    Args:
        path: Where it lies.
        name: Its path inside the folder that is imported, with `/`. `Artist/Album/01 Title.flac`, `Artist/Title.flac`
            and `Artist - Title.flac` say who and what; tags say it better.
    """
    return {**_from_name(PurePosixPath(name)), **_from_tags(path)}


def _from_tags(path: Path) -> Tags:
    """Return what the tags say: nothing, where they are missing or damaged."""
    import mutagen

    try:
        file = mutagen.File(path)
        items = [(str(key).lower(), value) for key, value in file.tags.items()] if file and file.tags else []
    except Exception:  # tags are anybody's bytes; the sound is read by another library, and may be well
        return {}
    given = {key: texts for key, value in items if (texts := list(_texts(value)))}
    found = {field: given[key] for field, keys in _KEYS.items() for key in reversed(keys) if key in given}
    tags: dict[str, Any] = {
        field: found[field][0]
        for field in ("title", "artist_name", "album_name", "album_artist", "isrc", "mbid", "album_mbid")
        if field in found
    }
    if len(found.get("artist_mbid", ())) == 1:  # of several, none is *the* artist
        tags["artist_mbid"] = found["artist_mbid"][0]
    if genres := [part.strip() for text in found.get("genres", ()) for part in re.split("[;|]", text) if part.strip()]:
        tags["genres"] = list(dict.fromkeys(genres))
    if day := _day(found.get("release_date", [""])[0]):
        tags["release_date"] = day
    place, disc = (_number(found.get(field, [""])[0]) for field in ("position", "disc"))
    if place and disc in (None, 1):  # on a second disc it begins anew, and nobody says how long the first one was
        tags["position"] = place
    return cast(Tags, tags)


def _texts(value: Any) -> Iterator[str]:
    """Give the texts of a tag, whatever its format makes of them."""
    for one in value if isinstance(value, list) else getattr(value, "genres", None) or getattr(value, "text", [value]):
        plain = getattr(one, "data", getattr(one, "value", one))
        plain = plain[0] if isinstance(plain, tuple) and plain else plain
        text = plain.decode("utf-8", "replace") if isinstance(plain, bytes) else str(plain)
        for part in text.split("\x00"):
            if clean := part.encode("utf-8", "replace").decode().strip()[:_LONGEST]:
                yield clean


def _day(text: str) -> str | None:
    """Return a date; a year alone is its first of January, a month its first day."""
    if not (found := _DAY.match(text)):
        return None
    try:
        return date(int(found[1]), int(found[2] or 1), int(found[3] or 1)).isoformat()
    except ValueError:
        return None


def _number(text: str) -> int | None:
    """Return the first number of "3/12" or "03"."""
    found = re.match(r"\s*(\d{1,4})(?!\d)", text)
    return int(found[1]) if found else None


def _from_name(name: PurePosixPath) -> Tags:
    """Return what the file's name and its folders' say."""
    folders = [part for part in name.parts[:-1] if not _DISC_FOLDER.fullmatch(part)]
    stem = name.stem.replace("_", " ").strip() or name.name
    tags: Tags = {}
    if folders and (place := _PLACE.match(stem)):  # without a folder, a number may be the title
        tags["position"] = int(place["place"]) or 1
        stem = stem[place.end() :]
    artist, dash, title = stem.partition(" - ")
    if len(folders) >= 2:
        tags["artist_name"], tags["album_name"] = folders[-2:]
    elif folders and not dash:
        who, also, album = folders[-1].partition(" - ")
        tags["artist_name"] = who
        if also:
            tags["album_name"] = album
    if dash and artist and title:
        tags["artist_name"] = artist.strip()
        stem = title
    tags["title"] = stem.strip()
    return tags
