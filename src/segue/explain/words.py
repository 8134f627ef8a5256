# SPDX-License-Identifier: Apache-2.0
"""Reasons in words, in the listener's language: one file of `languages/` each, and nothing else to add one.

A reason is kept as a code and the tracks that it names. A code is the name of a source ("knn:history"), of a fact
("followed"), or of a chart: "popularity:PT" or "popularity:PT:fado", whose words are "region" and "genre". A language
says a code that names a track under the code itself; where no track can be named, under the code's first part ("knn"),
and so it says what never names one ("popularity").
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["DEFAULT", "FIELDS", "Language", "language", "languages", "missing", "language_or_default"]

DEFAULT = "en"
FIELDS = ("seed", "other", "artist", "region", "genre", "serial", "beside")
"""What a sentence may have gaps for: two tracks that it names, the recommended track's artist, the region and the genre
of a chart, and the podcasts or audiobooks of the recommended part and of the first that it names."""
_PARTS = ("reasons", "messages", "kinds", "sounds", "places")
"""Tables of a file."""
_OF_NO_CHART = ("history", "seeds", "podcast", "audiobook")
"""What popularity can be of, beside a region."""
_FOLDER = Path(__file__).parent / "languages"


@dataclass(frozen=True, slots=True)
class Language:
    """Sentences with gaps."""

    tag: str
    """ISO 639-1."""
    name: str
    """In the language itself."""
    track: str
    """How a track is named in a sentence: gaps `title` and `artist`."""
    reasons: Mapping[str, str]
    """By code: gaps are `FIELDS`."""
    messages: Mapping[str, str]
    """What notes say, and reasons of playlists from free words: by code, with gaps of their own."""
    kinds: Mapping[str, str]
    """What words can be taken for, as `themes.theme.Understood.kind` has it."""
    sounds: Mapping[str, str]
    """What can be asked of a sound, by column of `models.sound.SOUND`."""
    places: Mapping[str, str]
    """How regions stand in a sentence, by their codes; "other" has a gap for the code of any other."""

    def say(self, code: str, **gaps: object) -> str:
        """Return a message with its gaps filled in."""
        return self.messages[code].format(**gaps)

    def all_of(self, parts: Sequence[str]) -> str:
        """Return parts as one list: "calm, jazz, and piano"."""
        first = self.messages["join"].join(parts[:-1])
        return self.say("last", first=first, last=parts[-1]) if first else parts[-1]

    def sentence(self, code: str, *, named: bool) -> str:
        """Return the sentence for a reason, with its gaps.

        Args:
            code: The reason's code.
            named: Whether there is a track to name.
        """
        model, _, about = code.partition(":")
        if model == "popularity" and about and about not in _OF_NO_CHART:
            return self.reasons["genre" if ":" in about else "region"]
        if named or model not in self.reasons:
            return self.reasons.get(code) or self.reasons[model]
        return self.reasons[model]

    def place(self, region: str) -> str:
        """Say where a region is."""
        return self.places.get(region) or self.places["other"].format(code=region)

    def call(self, title: str, artist: str) -> str:
        """Name a track; one that is called like its artist is the artist."""
        return title if title == artist else self.track.format(title=title, artist=artist)


def language(tag: str | None) -> Language | None:
    """Return the language of a tag such as "pt" or "pt-BR"; of None, English; None where nobody has written it yet."""
    if tag is None:
        return languages()[DEFAULT]
    return languages().get(tag.replace("_", "-").partition("-")[0].lower())


def language_or_default(tag: str | None) -> Language:
    """Return the language of a tag; English where nobody has written it yet."""
    return language(tag) or languages()[DEFAULT]


def missing(tag: str | None) -> str | None:
    """Return what to tell who asks for a language that nobody has written yet; None where there is nothing to tell."""
    if language(tag) is not None:
        return None
    return f"reasons are in English: there are none in {tag!r} yet, but in {', '.join(languages())}"


@cache
def languages() -> Mapping[str, Language]:
    """Return every language, by its tag."""
    return {path.stem: _read(path) for path in sorted(_FOLDER.glob("*.toml"))}


def _read(path: Path) -> Language:
    content = tomllib.loads(path.read_text("utf-8"))
    return Language(path.stem, content["name"], content["track"], *(content[part] for part in _PARTS))
