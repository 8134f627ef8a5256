# SPDX-License-Identifier: Apache-2.0
"""The words that cross borders: enums, and the wire dataclasses of a question and its answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

__all__ = [
    "AgeBracket",
    "Ask",
    "Device",
    "DropReason",
    "EndReason",
    "EventType",
    "ItemKind",
    "Kind",
    "Pick",
    "Purpose",
    "Refusal",
    "Rung",
    "Slate",
    "SlateTrack",
    "Spoken",
    "Tier",
]


class EventType(StrEnum):
    """What can happen. The set is closed: an event of another type is refused at the border."""

    PLAY = "play"
    SKIP = "skip"
    LIKE = "like"
    DISLIKE = "dislike"
    SAVE = "save"
    FOLLOW = "follow"
    SHARE = "share"
    SEARCH = "search"
    SURVEY = "survey"
    IMPRESSION = "impression"
    EXPOSURE = "exposure"
    AD = "ad"
    PLAYLIST = "playlist"
    CONSENT = "consent"
    ERASURE = "erasure"
    PROFILE = "profile"


class EndReason(StrEnum):
    """Why a play ended. `error` and `quit` say nothing about liking and are read as neither play nor skip."""

    FINISHED = "finished"
    SKIPPED = "skipped"
    BACK = "back"
    STOPPED = "stopped"
    QUIT = "quit"
    ERROR = "error"


class Device(StrEnum):
    """The kind of device a play came from."""

    PHONE = "phone"
    TABLET = "tablet"
    LAPTOP = "laptop"
    SPEAKER = "speaker"
    CAR = "car"
    TV = "tv"
    WATCH = "watch"
    OTHER = "other"


class AgeBracket(StrEnum):
    """How old a listener is, no finer than this."""

    CHILD = "0-12"
    TEEN = "13-15"
    YOUTH = "16-17"
    ADULT = "18+"

    @property
    def least_years(self) -> int:
        """The youngest that somebody of this bracket can be."""
        return {"0-12": 0, "13-15": 13, "16-17": 16, "18+": 18}[self.value]


class Tier(StrEnum):
    """What a listener's subscription is."""

    PREMIUM = "premium"
    AD_SUPPORTED = "ad-supported"


class ItemKind(StrEnum):
    """What a catalogue row is. `artist` rows stand for sources that count plays of artists, not of tracks."""

    TRACK = "track"
    ARTIST = "artist"
    EPISODE = "episode"
    CHAPTER = "chapter"


class Purpose(StrEnum):
    """What an event may be read for. A listener consents to each apart."""

    PERSONALISE = "personalise"
    MEASURE = "measure"
    RESEARCH = "research"
    DEMOGRAPHIC = "demographic"
    INTEGRITY = "integrity"
    OPERATE = "operate"


class Kind(StrEnum):
    """What an ask is for; each kind has one recipe."""

    RADIO = "radio"
    CONTINUE = "continue"
    MOOD = "mood"
    WEEKLY = "weekly"
    RESUME = "resume"
    NEW = "new"
    NEXT = "next"
    DISCOVER = "discover"


class Spoken(StrEnum):
    """What is spoken: it is never among music unless asked for, and has shelves of its own."""

    PODCAST = "podcast"
    AUDIOBOOK = "audiobook"


class Rung(StrEnum):
    """How personal an answer is, from best to last resort. Every answer names its rung."""

    PERSONAL = "personal"
    """From the listener's own history, and from what was asked."""
    SESSION = "session"
    """From the tracks of the request alone; no listener's history was read."""
    POPULAR = "popular"
    """From what everyone plays: nothing better could be had."""


class DropReason(StrEnum):
    """Why a candidate left the list; kept in the trace."""

    SEED = "seed"
    HEARD = "heard"
    BANNED = "banned"
    EXCLUDED = "excluded"
    UNAVAILABLE = "unavailable"
    RESTRICTED = "restricted"
    ARTIST_CAP = "artist_cap"
    BELOW_FLOOR = "below_floor"
    BELOW_LIMIT = "below_limit"
    OFF_THEME = "off_theme"
    KIND = "kind"


@dataclass(frozen=True, slots=True)
class Ask:
    """One question: what a line of `segue batch` and a call of the HTTP API both become.

    Track ids are the source's own. `limit` is a count of tracks, 1–1000.
    """

    id: str
    kind: Kind
    tracks: tuple[str, ...] = ()
    title: str | None = None
    listener: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    limit: int = 30
    now: datetime | None = None
    """Aware; the moment the answer is for. The border fills it in."""
    dial: float | Literal["learned"] | None = None
    """From 0, all that the listener knows, to 1, all new to them, or as they like it; None: as the recipe has it."""
    minutes: float | None = None
    """How long the list is to last; `limit` then does not count."""
    arc: str | tuple[float, ...] | None = None
    """How energetic the list is to be from its beginning to its end: a name or levels; None: as the recipe has it."""
    language: str | None = None
    """ISO 639-1 (of "pt-BR", what stands before the hyphen counts): in which reasons are said; None: English."""
    text: str | None = None
    """Free words, for a mood."""
    spoken: Spoken | None = None
    """Whose shelf it is, for a shelf of what is spoken."""
    mix: Mapping[str, float] | None = None
    """Shares of "music", "podcast" and "audiobook" in a list, which add up to 1; None: nothing but music."""


@dataclass(frozen=True, slots=True)
class Pick:
    """One recommended track as it is kept: what was picked and why, in ids; a catalogue puts it into words."""

    track: str
    score: float
    source: str
    """The candidate source with the largest share in the score."""
    seed: str | None = None
    """The track of the history or of the request that the reason names, or that moved the source, if there is one."""
    code: str = ""
    """What kind of reason it is: a source, or a fact such as "followed"; empty: the source."""
    other: str | None = None
    """Another track that the reason names."""


@dataclass(frozen=True, slots=True)
class SlateTrack:
    """One recommended track, why it is there, and what a page needs to show it."""

    track: str
    score: float
    reason: str
    title: str
    artist: str
    source: str
    """The candidate source with the largest share in the score."""
    seed: str | None = None
    """The track of the history or of the request that the reason names, or that moved the source, if there is one."""
    code: str = ""
    """What kind of reason it is, in no language: a source, or a fact such as "followed"."""
    other: str | None = None
    """Another track that the reason names."""
    propensity: float | None = None
    """The chance with which it was drawn for its place; None: nothing was left to chance."""


@dataclass(frozen=True, slots=True)
class Slate:
    """One answer: an ordered list with reasons, and what made it."""

    id: str
    tracks: tuple[SlateTrack, ...]
    rung: Rung
    recipe: str
    snapshot: str
    notes: tuple[str, ...] = ()
    """What the asker should know: seeds that are unknown, a list that is shorter than asked."""
    theme: Mapping[str, Any] | None = None
    """Of free words: what was `understood`, as what, and which were `unknown`."""
    spoken: Mapping[str, Any] | None = None
    """Of parts of podcasts and audiobooks, by their ids: `serial`, what each is of; its `position` there; and how much
    of it was heard, `heard_ms` of `duration_ms`. What is not known is left out."""
    dial: float | None = None
    """The share of new tracks that was aimed at, where one was: asked for, or drawn for the listener."""
    dial_propensity: float | None = None
    """The chance with which it was drawn; None: it was not."""

    def to_json(self) -> dict[str, Any]:
        """Return the answer as JSON carries it: on the wire, in a line of `segue batch`, on the shelf."""
        names = [name for name in SlateTrack.__slots__ if name != "propensity"]
        tracks = [{name: getattr(track, name) for name in names} for track in self.tracks]
        for told, track in zip(tracks, self.tracks, strict=True):
            if track.propensity is not None:
                told["propensity"] = track.propensity
        more = {name: getattr(self, name) for name in ("theme", "spoken", "dial", "dial_propensity")}
        return {
            "id": self.id,
            "tracks": tracks,
            "rung": self.rung.value,
            "recipe": self.recipe,
            "snapshot": self.snapshot,
            "notes": list(self.notes),
            **{name: told for name, told in more.items() if told is not None},
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Slate":
        """Take back what `to_json` returned."""
        tracks = tuple(SlateTrack(**track) for track in content["tracks"])
        made = {**content, "tracks": tracks, "rung": Rung(content["rung"]), "notes": tuple(content["notes"])}
        return cls(**made)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An ask that could not be answered, and why."""

    id: str
    error: str

    def to_json(self) -> dict[str, Any]:
        """Return the refusal as a line of `segue batch` holds it."""
        return {"id": self.id, "error": self.error}
