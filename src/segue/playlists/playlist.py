# SPDX-License-Identifier: Apache-2.0
"""A playlist that was made, track by track with how it sounds: what is shown, drawn and written into files."""

from dataclasses import asdict, dataclass
from typing import Any

from segue.types import SlateTrack

__all__ = ["Playlist", "PlaylistTrack", "camelot", "key_name"]

_MAJOR = ("C", "G", "D", "A", "E", "B", "F♯", "D♭", "A♭", "E♭", "B♭", "F")
_MINOR = ("A", "E", "B", "F♯", "C♯", "G♯", "E♭", "B♭", "F", "C", "G", "D")
"""By their place on the circle of fifths, as `models.sound.SOUND` has it."""
_HOUR_OF_C = 8


@dataclass(frozen=True, slots=True)
class PlaylistTrack:
    """One track of a playlist; None: not known."""

    shown: SlateTrack
    """What was recommended, and why."""
    album: str | None = None
    duration_ms: int | None = None
    mbid: str | None = None
    energy: float | None = None
    """0–1."""
    tempo_bpm: float | None = None
    key: str | None = None
    """In words, such as "A minor"; without its mode where that is not known."""
    camelot: str | None = None
    """Its place on the Camelot wheel, such as "8A": neighbours on the wheel go together."""
    guessed: tuple[str, ...] = ()
    """Which of these the catalogue does not say: guesses from the track's company."""

    def to_json(self) -> dict[str, Any]:
        """Return the track as JSON carries it, flat."""
        told = {name: getattr(self, name) for name in type(self).__slots__ if name not in ("shown", "guessed")}
        return {**asdict(self.shown), **told, "guessed": list(self.guessed)}


@dataclass(frozen=True, slots=True)
class Playlist:
    """A playlist that was kept or shown."""

    id: str
    title: str
    made_at: str
    """ISO 8601."""
    recipe: str
    rung: str
    snapshot: str
    tracks: tuple[PlaylistTrack, ...]
    """In the order to play."""
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the playlist as JSON carries it."""
        told = {name: getattr(self, name) for name in type(self).__slots__}
        return {**told, "tracks": [track.to_json() for track in self.tracks], "notes": list(self.notes)}


def key_name(place: int, mode: int | None) -> str:
    """Return a key in words.

    Args:
        place: On the circle of fifths, from 0 (C major, A minor).
        mode: 1 major, 0 minor; None: not known, and `place` is then that of the major key.
    """
    if mode is None:
        return _MAJOR[place]
    return f"{_MAJOR[place]} major" if mode else f"{_MINOR[place]} minor"


def camelot(place: int, mode: int) -> str:
    """Return the place on the Camelot wheel: hours 1 to 12, a fifth each, A for minor and B for major.

    For instance C major is 8B, A minor 8A, and G major 9B.
    """
    return f"{(place + _HOUR_OF_C - 1) % 12 + 1}{'B' if mode else 'A'}"
