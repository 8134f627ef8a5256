# SPDX-License-Identifier: Apache-2.0
"""Keys under which two spellings of one name are equal.

A key is case-folded, without accents or punctuation. A title's key also loses what names an edition and not a
recording — "feat. X", "2011 Remaster", "Single Version", "Mono" — and keeps what does: "Live", "Remix", "Acoustic".
"""

import polars as pl

__all__ = ["artist_id", "artist_key", "proper_title", "title_key"]

_REMASTER = r"re-?master(?:ed|izad[oa]|isee?)?"
_EDITION = (
    r"(?:(?:digital(?:ly)?|\d{4}|\d{2}th|anniversary|new|original|stereo|mono)\s+(?:[-–—]\s+)?)*"
    rf"(?:{_REMASTER}|mono|stereo|explicit|clean|deluxe|bonus\s+track|album|single|lp|radio\s*edit|"
    r"original\s+(?:mix|version)|"
    r"(?:album|single|lp|single/lp|radio|original|explicit|clean|full\s+length|main)\s+(?:version|edit|mix))"
    r"(?:\s+(?:version|edition|edit|mix|track|\d{4}|in\s+\d{4}))*"
)
_FEATURING = r"(?:feat\.?|ft\.?|featuring|w/)\s"
_ASIDE = r"\s[-–—]\s.*$|[(\[].*$"
_ACCENTS = r"[\x{0300}-\x{036F}\x{0591}-\x{05C7}\x{064B}-\x{065F}\x{0670}]"
"""Marks of Latin, Greek and Cyrillic, and the points of Hebrew and Arabic that most people leave out.

The marks of other scripts stay: without them ガ is カ, and हिन्दी has lost its vowels.
"""
_LETTERS = {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}
"""Letters that Unicode does not take apart and that people type without their stroke."""


def artist_key(name: pl.Expr) -> pl.Expr:
    """Key of an artist's name: "The Beatles" and "Beatles" share one, so do "Simon & Garfunkel" and "… and …"."""
    plain = _plain(name).str.replace(rf"\s[(\[]?{_FEATURING}.*$", "")
    return _fallback(_words(plain).str.replace(r"^the (.+)$", "$1"), name)


def title_key(title: pl.Expr) -> pl.Expr:
    """Key of a title, without the words that only name an edition."""
    plain = (
        _plain(title)
        .str.replace_all(rf"[(\[](?:{_FEATURING}|with\s)[^)\]]*[)\]]", " ")
        .str.replace(rf"\s[-–—]?\s*{_FEATURING}.*?(\s[-–—]\s|[\[(]|$)", " $1")
        .str.replace_all(rf"[(\[]\s*{_EDITION}\s*[)\]]", " ")
        .str.replace_all(rf"\s[-–—/]+\s+{_EDITION}\s*$", " ")
        .str.replace_all(rf"\s[-–—/]+\s+{_EDITION}\s*$", " ")
    )
    return _fallback(_words(plain), title)


def proper_title(title: pl.Expr) -> pl.Expr:
    """Return a title without what follows it, in whatever language: an edition, a version, guests.

    Whole where nothing else is left of it.
    """
    bare = title.str.replace(_ASIDE, "").str.strip_chars()
    return pl.when(bare == "").then(title).otherwise(bare)


def artist_id(name: pl.Expr) -> pl.Expr:
    """Id of an artist whose source gives only a name."""
    return pl.concat_str(pl.lit("artist:"), artist_key(name))


def _plain(name: pl.Expr) -> pl.Expr:
    bare = name.str.normalize("NFKD").str.replace_all(_ACCENTS, "").str.normalize("NFKC")
    return bare.str.to_lowercase().str.replace_many(_LETTERS).str.strip_chars()


def _words(name: pl.Expr) -> pl.Expr:
    return (
        name.str.replace_all(r"['’`´]", "")
        .str.replace_all(r"\s*&\s*|\s\+\s", " and ")
        .str.replace_all(r"[^\p{L}\p{N}\p{M}]+", " ")
        .str.strip_chars()
    )


def _fallback(key: pl.Expr, name: pl.Expr) -> pl.Expr:
    """Keep the lower-cased name where nothing is left of it ("???", "(Single)")."""
    return pl.when(key == "").then(name.str.to_lowercase().str.strip_chars()).otherwise(key)
