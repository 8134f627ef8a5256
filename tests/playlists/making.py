# SPDX-License-Identifier: Apache-2.0
"""Playlists for tests of how they are shown."""

from segue.playlists.playlist import Playlist, PlaylistTrack
from segue.types import SlateTrack


def track(identity: str = "spotify:track:1", **known: object) -> PlaylistTrack:
    """Return a track; what is named is known of it."""
    said = {name: known.pop(name) for name in ("title", "artist", "reason", "source") if name in known}
    told = {"title": "One", "artist": "Band", "reason": "Popular now", "source": "als:history"} | said
    return PlaylistTrack(SlateTrack(identity, 0.5, **told), **known)  # type: ignore[arg-type]


def playlist(*tracks: PlaylistTrack, title: str = "Radio, 2026-06-05", identity: str = "abc") -> Playlist:
    """Return a playlist of some tracks."""
    return Playlist(identity, title, "2026-06-05T12:00:00+00:00", "radio", "session", "s1", tracks)
