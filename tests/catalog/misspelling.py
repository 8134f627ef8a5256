# SPDX-License-Identifier: Apache-2.0
"""Ways in which people and services misspell a track's names, for the measurement of matching."""

from collections.abc import Callable

import numpy as np
import polars as pl

__all__ = ["KINDS", "Names", "applies", "misspell"]

Names = tuple[str, str]
"""Artist, title."""

_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_GUESTS = ("Rihanna", "Lil Wayne", "Sofia Reyes & Jason Derulo", "The Weeknd", "J. Cole", "Ana Tijoux")
_FEATURING = ("{} (feat. {})", "{} feat. {}", "{} ft. {}", "{} [ft. {}]", "{} (Featuring {})", "{} - feat. {}")
_EDITIONS = (
    "{} - Remastered",
    "{} - 2011 Remaster",
    "{} (Remastered)",
    "{} - Remastered 2009",
    "{} (2003 Digital Remaster)",
    "{} [Remastered Version]",
    "{} - Single Version",
    "{} (Album Version)",
    "{} - Mono / Remastered",
)


def misspell(kind: str, names: Names, rng: np.random.Generator) -> Names:
    """Return the names with one kind of difference."""
    return KINDS[kind](names, rng)


def applies(kind: str, names: Names) -> bool:
    """Whether the kind can change these names at all."""
    artist, title = names
    if kind == "the":
        return artist.lower().startswith("the ") and len(artist) > 5
    if kind == "ampersand":
        return any(f" {word} " in f"{artist} {title}".lower() for word in ("&", "and"))
    if kind == "accents":
        return _without_accents(artist + title) != artist + title
    if kind.startswith(("artist", "both")):
        return sum(letter.isalpha() for letter in artist) >= 2 and sum(letter.isalpha() for letter in title) >= 2
    return sum(letter.isalpha() for letter in title) >= 2


def _typo(name: str, rng: np.random.Generator) -> str:
    """Swap, drop, double or replace one letter."""
    while True:
        at = int(rng.choice([place for place, letter in enumerate(name) if letter.isalpha()]))
        letter, after = name[at], name[at + 1 : at + 2]
        how = rng.choice(["swap", "drop", "double", "replace"])
        if how == "swap":
            changed = name[:at] + after + letter + name[at + 2 :] if after.isalpha() else name
        elif how == "drop":
            changed = name[:at] + name[at + 1 :]
        elif how == "double":
            changed = name[:at] + letter + name[at:]
        else:
            changed = name[:at] + str(rng.choice(list(_ALPHABET))) + name[at + 1 :]
        if changed.lower() != name.lower() and changed.strip():
            return changed


def _featuring(names: Names, rng: np.random.Generator) -> Names:
    artist, title = names
    style, guest = str(rng.choice(_FEATURING)), str(rng.choice(_GUESTS))
    if rng.random() < 0.3:
        return style.format(artist, guest), title
    return artist, style.format(title, guest)


def _casing(names: Names, rng: np.random.Generator) -> Names:
    change: Callable[[str], str] = (str.upper, str.lower, str.swapcase)[int(rng.integers(3))]
    return change(names[0]), change(names[1])


def _ampersand(names: Names, _: np.random.Generator) -> Names:
    def swap(name: str) -> str:
        words = {"&": "and", "and": "&"}
        return " ".join(words.get(word.lower(), word) for word in name.split(" "))

    return swap(names[0]), swap(names[1])


def _without_accents(name: str) -> str:
    bare = pl.Series([name]).str.normalize("NFD").str.replace_all(r"[\x{0300}-\x{036F}]", "").str.normalize("NFC")
    return str(bare.str.replace_many({"ø": "o", "Ø": "O", "æ": "ae", "Æ": "AE", "ß": "ss", "ł": "l"}).item())


KINDS: dict[str, Callable[[Names, np.random.Generator], Names]] = {
    "title, 1 typo": lambda names, rng: (names[0], _typo(names[1], rng)),
    "title, 2 typos": lambda names, rng: (names[0], _typo(_typo(names[1], rng), rng)),
    "artist, 1 typo": lambda names, rng: (_typo(names[0], rng), names[1]),
    "artist, 2 typos": lambda names, rng: (_typo(_typo(names[0], rng), rng), names[1]),
    "both, 1 typo each": lambda names, rng: (_typo(names[0], rng), _typo(names[1], rng)),
    "featuring": _featuring,
    "edition": lambda names, rng: (names[0], str(rng.choice(_EDITIONS)).format(names[1])),
    "casing": _casing,
    "the": lambda names, _: (names[0][4:], names[1]),
    "ampersand": _ampersand,
    "accents": lambda names, _: (_without_accents(names[0]), _without_accents(names[1])),
}
"""Each kind of difference, and what makes it."""
