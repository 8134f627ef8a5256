# SPDX-License-Identifier: Apache-2.0
"""Music and what is spoken in one list, in the shares that were asked for, spread over it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain, zip_longest

from segue.types import Slate, SlateTrack, Spoken

__all__ = ["MUSIC", "counts", "mixed", "picked"]

MUSIC = "music"
"""What is not spoken, in a mix."""


def counts(mix: Mapping[str, float], limit: int) -> dict[str, int]:
    """Return how many of each there are in a list of so many: rounded down, and what is left to the largest rests.

    For instance, of 0.8 music and 0.2 podcasts in 12, there are 9.6 and 2.4, so 10 and 2.
    """
    exact = {name: share * limit for name, share in mix.items()}
    found = {name: int(count + 1e-9) for name, count in exact.items()}
    by_rest = sorted(exact, key=lambda name: (found[name] - exact[name], name != MUSIC))
    for name in by_rest[: limit - sum(found.values())]:
        found[name] += 1
    return found


def picked(shelves: Sequence[Slate], wanted: int) -> list[SlateTrack]:
    """Return so many from some shelves, one of each in turn; of one podcast or audiobook no second one."""
    turns = chain.from_iterable(zip_longest(*(shelf.tracks for shelf in shelves)))
    spoken = {track: about for shelf in shelves for track, about in (shelf.spoken or {}).items()}
    found: dict[object, SlateTrack] = {}
    for track in turns:
        if track is not None and len(found) < wanted:
            found.setdefault((spoken[track.track]["serial"], track.artist), track)
    return list(found.values())


def mixed(music: Slate, spoken: Mapping[Spoken, Sequence[SlateTrack]], shelves: Sequence[Slate]) -> Slate:
    """Return a list of music with what is spoken between, at even distances; both keep their order.

    Args:
        music: The list.
        spoken: What goes into it.
        shelves: Where that comes from.
    """
    groups = [music.tracks, *spoken.values()]
    placed = [
        ((place + 0.5) / len(group), number, track)
        for number, group in enumerate(groups)
        for place, track in enumerate(group)
    ]
    placed.sort(key=lambda one: one[:2])
    chosen = {track.track for group in spoken.values() for track in group}
    about = {track: said for shelf in shelves for track, said in (shelf.spoken or {}).items() if track in chosen}
    return replace(music, tracks=tuple(track for *_, track in placed), spoken=about)
