# SPDX-License-Identifier: Apache-2.0
"""Why a track fits free words: what the catalogue says of it, and what playlists are called that such tracks suit."""

from collections.abc import Sequence

from segue.explain.words import Language
from segue.themes.theme import Fact

__all__ = ["fitting"]


def fitting(facts: Sequence[Fact], title: str | None, spoken: Language) -> str:
    """Say why a track fits free words: "Calm, piano, and suits playlists called “sleep”"; "" where nothing can be said.

    Args:
        facts: What the catalogue says of the track that was asked for.
        title: What playlists are called that such tracks suit, where this is what ranked it.
        spoken: The language; what the asker said stays in theirs.
    """
    told = [_said(fact, spoken) for fact in facts]
    told += [spoken.say("suits", title=title)] if title else []
    if not told:
        return ""
    whole = spoken.all_of(told)
    return whole[0].upper() + whole[1:]


def _said(fact: Fact, spoken: Language) -> str:
    said = spoken.say(fact.kind, value=fact.words) if fact.kind in ("years", "tempo") else fact.words
    return spoken.say("not", words=said) if fact.turned else said
