# SPDX-License-Identifier: Apache-2.0
"""A playlist as a file that players read: XSPF 1, JSPF (the same in JSON), and extended M3U8."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from segue.errors import BadInput
from segue.playlists.playlist import Playlist, PlaylistTrack

__all__ = ["FORMATS", "written"]

_XSPF = "http://xspf.org/ns/0/"
_RECORDING = "https://musicbrainz.org/recording/"
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold."""


def written(playlist: Playlist, form: str, files: Mapping[str, Path] | None = None) -> str:
    """Return a playlist in a format.

    A track is named by its own id where that is a URI, such as spotify:track:…, else by `urn:segue:` and the id, and by
    its MusicBrainz recording where that is known. Where it is one of the user's own files, that file is its location.

    Args:
        playlist: What to write.
        form: One of `FORMATS`.
        files: Where the user's own files lie, by track id; absolute paths.

    Raises:
        BadInput: There is no such format.
    """
    if form not in FORMATS:
        raise BadInput(f"there is no format {form!r}; there are {', '.join(FORMATS)}")
    return FORMATS[form](playlist, files or {})


def _xspf(playlist: Playlist, files: Mapping[str, Path]) -> str:
    """Write what https://www.xspf.org/spec asks for, in its order of elements."""
    root = ElementTree.Element("playlist", {"version": "1", "xmlns": _XSPF})
    told = _of_playlist(playlist)
    for name in ("title", "annotation", "identifier", "date"):
        _add(root, name, told[name])
    tracks = ElementTree.SubElement(root, "trackList")
    for track in playlist.tracks:
        element = ElementTree.SubElement(tracks, "track")
        for name, value in _of_track(track, files).items():
            for one in value if isinstance(value, list) else [value]:
                _add(element, name, str(one))
    ElementTree.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ElementTree.tostring(root, encoding="unicode")}\n'


def _jspf(playlist: Playlist, files: Mapping[str, Path]) -> str:
    """Write what https://www.xspf.org/jspf asks for: arrays where XSPF may repeat an element of a track."""
    tracks = [_of_track(track, files) for track in playlist.tracks]
    return json.dumps({"playlist": {**_of_playlist(playlist), "track": tracks}}, ensure_ascii=False, indent=1) + "\n"


def _m3u8(playlist: Playlist, files: Mapping[str, Path]) -> str:
    """Write UTF-8 with a line of length in seconds (-1: not known), artist and title above each location."""
    lines = ["#EXTM3U", f"#PLAYLIST:{_line(playlist.title)}"]
    for track in playlist.tracks:
        seconds = -1 if track.duration_ms is None else round(track.duration_ms / 1000)
        lines.append(f"#EXTINF:{seconds},{_line(f'{track.shown.artist} - {track.shown.title}')}")
        file = files.get(track.shown.track)
        lines.append(_uri(track.shown.track) if file is None else _path(file))
    return "\n".join(lines) + "\n"


FORMATS: Mapping[str, Callable[[Playlist, Mapping[str, Path]], str]] = {"jspf": _jspf, "xspf": _xspf, "m3u8": _m3u8}
"""By the ending of their files."""


def _of_playlist(playlist: Playlist) -> dict[str, Any]:
    annotation = f"Made by Segue: recipe {playlist.recipe}, {playlist.rung}, snapshot {playlist.snapshot}"
    return {
        "title": playlist.title,
        "annotation": annotation,
        "identifier": f"urn:segue:playlist:{quote(playlist.id, safe='')}",
        "date": playlist.made_at,
    }


def _of_track(track: PlaylistTrack, files: Mapping[str, Path]) -> dict[str, Any]:
    """Return the elements of a track in the order of XSPF's schema, without those that are not known."""
    shown, file = track.shown, files.get(track.shown.track)
    found = {
        "location": [file.as_uri()] if file else None,
        "identifier": [_uri(shown.track), *([_RECORDING + quote(track.mbid, safe="")] if track.mbid else [])],
        "title": shown.title,
        "creator": shown.artist,
        "annotation": shown.reason,
        "album": track.album,
        "duration": track.duration_ms,
    }
    return {name: value for name, value in found.items() if value is not None}


def _uri(identity: str) -> str:
    return identity if _URI.fullmatch(identity) else f"urn:segue:track:{quote(identity, safe='')}"


def _path(file: Path) -> str:
    """Return a path as a line of M3U8; one that would break its line, or be read as a remark, as a URI."""
    text = str(file)
    return text if text.isprintable() and not text.startswith("#") else file.as_uri()


def _line(text: str) -> str:
    return " ".join(text.split())


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
