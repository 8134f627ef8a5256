# SPDX-License-Identifier: Apache-2.0
"""Reasons in words, in the listener's language: one file of `languages/` each, and nothing else to add one.

A reason is kept as a code and the tracks that it names. A code is the name of a source ("knn:history") or of a fact
("followed"). A language says a code that names a track under the code itself; where no track can be named, under the
code's first part ("knn"), and so it says what never names one ("popularity").
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["DEFAULT", "FIELDS", "Language", "language", "languages", "missing"]

DEFAULT = "en"
FIELDS = ("seed", "other", "artist", "region", "genre", "serial", "beside")
"""What a sentence may have gaps for: two tracks that it names, the recommended track's artist, the region and the genre
of a chart, and the podcasts or audiobooks of the recommended part and of the first that it names."""
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

    def sentence(self, code: str, *, named: bool) -> str:
        """Return the sentence for a reason, with its gaps.

        Args:
            code: The reason's code.
            named: Whether there is a track to name.
        """
        model = code.partition(":")[0]
        if named or model not in self.reasons:
            return self.reasons.get(code) or self.reasons[model]
        return self.reasons[model]

    def call(self, title: str, artist: str) -> str:
        """Name a track; one that is called like its artist is the artist."""
        return title if title == artist else self.track.format(title=title, artist=artist)


def language(tag: str | None) -> Language | None:
    """Return the language of a tag such as "pt" or "pt-BR"; of None, English; None where nobody has written it yet."""
    if tag is None:
        return languages()[DEFAULT]
    return languages().get(tag.replace("_", "-").partition("-")[0].lower())


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
    return Language(path.stem, content["name"], content["track"], content["reasons"])
