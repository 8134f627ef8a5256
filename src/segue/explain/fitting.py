# SPDX-License-Identifier: Apache-2.0
"""Why a track fits free words: what the catalogue says of it, and what playlists are called that such tracks suit."""

from collections.abc import Sequence

__all__ = ["fitting"]


def fitting(facts: Sequence[str], title: str | None) -> str:
    """Say why a track fits free words: "Calm, piano, and suits playlists called “sleep”"; "" where nothing can be said.

    Args:
        facts: What the catalogue says of the track that was asked for, in the asker's words.
        title: What playlists are called that such tracks suit, where this is what ranked it.
    """
    told = [*facts, *([f"suits playlists called “{title}”"] if title else [])]
    if not told:
        return ""
    whole = told[0] if len(told) == 1 else f"{', '.join(told[:-1])}, and {told[-1]}"
    return whole[0].upper() + whole[1:]
