# SPDX-License-Identifier: Apache-2.0
"""Answers as columns, as the stages leave them; and putting them into words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.catalog.store import Catalog
from segue.explain.reasons import about_artist, words
from segue.kernels.ragged import offsets_of, take_rows
from segue.pipeline.candidates import Candidates
from segue.pipeline.stage import Recipe
from segue.registry.snapshot import Snapshot
from segue.types import Ask, Pick, Rung, Slate, SlateTrack

__all__ = ["Slates", "collect", "moved", "reasons", "said", "word"]


@dataclass(frozen=True, slots=True)
class Slates:
    """A answers as ragged columns: row i holds the places `offsets[i]:offsets[i + 1]`, in the order to play."""

    asks: Sequence[Ask]
    offsets: NDArray[np.int64]
    """`int64[A + 1]`."""
    track: NDArray[np.int32]
    """`int32[n]`: catalogue numbers of the recordings to show."""
    score: NDArray[np.float32]
    """`float32[n]`."""
    sources: tuple[str, ...]
    """Names of the sources."""
    source: NDArray[np.int8]
    """`int8[n]`: the source with the largest share in the score."""
    seed: NDArray[np.int32]
    """`int32[n]`: catalogue number of what this source answered to, -1 for nothing."""
    rungs: Sequence[Rung]
    recipes: Sequence[str]
    notes: Sequence[Sequence[str]]
    snapshot: str
    """Id of the snapshot."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def worded(self, catalog: Catalog) -> list[Slate]:
        """Return each answer as it crosses the border."""
        tracks = word(self.track, self.score, [self.sources[one] for one in self.source], self.seed, catalog)
        return [
            Slate(
                ask.id,
                tuple(tracks[self.offsets[row] : self.offsets[row + 1]]),
                self.rungs[row],
                self.recipes[row],
                self.snapshot,
                tuple(self.notes[row]),
            )
            for row, ask in enumerate(self.asks)
        ]


def collect(
    asks: Sequence[Ask],
    parts: Sequence[tuple[NDArray[np.int64], Candidates, Recipe]],
    notes: Sequence[Sequence[str]],
    snapshot: Snapshot,
) -> Slates:
    """Put together what recipes made of some of the asks each; what is short of its limit gets a note that says so.

    Args:
        asks: In order.
        parts: Which asks, what was made of all that the recipe was given, and the recipe; every ask stands in one.
        notes: What the askers should know, beside `asks`.
        snapshot: What answered.
    """
    sources = tuple(dict.fromkeys(name for _, made, _ in parts for name in made.sources))
    lengths = np.zeros(len(asks), np.int64)
    rungs, recipes = [Rung.POPULAR] * len(asks), [""] * len(asks)
    for some, made, recipe in parts:
        lengths[some] = np.diff(made.offsets)
        personal = moved(made, ":history")
        for at, row in enumerate(some.tolist()):
            recipes[row] = recipe.name
            if recipe.name != Rung.POPULAR:
                rungs[row] = Rung.PERSONAL if personal[at] else Rung.SESSION
    offsets = offsets_of(lengths)
    track, score = np.empty(offsets[-1], np.int32), np.empty(offsets[-1], np.float32)
    source, seed = np.empty(offsets[-1], np.int8), np.empty(offsets[-1], np.int32)
    for some, made, _ in parts:
        _, places = take_rows(offsets, some)
        named = np.array([sources.index(name) for name in made.sources], np.int8)
        track[places], score[places] = snapshot.face[made.track], made.score
        source[places], seed[places] = named[made.reason_source], made.reason_seed
    short = np.flatnonzero(lengths < [0 if ask.minutes else ask.limit for ask in asks])
    told = [list(one) for one in notes]
    for row in short.tolist():
        told[row].append(f"{lengths[row]} tracks instead of {asks[row].limit}: nothing else fits well enough")
    return Slates(asks, offsets, track, score, sources, source, seed, rungs, recipes, told, snapshot.id)


def word(
    tracks: NDArray[np.int32],
    scores: NDArray[np.float32],
    sources: Sequence[str],
    seeds: NDArray[np.int32],
    catalog: Catalog,
) -> list[SlateTrack]:
    """Say in words what is recommended and why.

    Args:
        tracks: `int32[n]`, catalogue numbers.
        scores: `float32[n]`.
        sources: n names.
        seeds: `int32[n]`, catalogue numbers, -1 for none.
        catalog: Knows what they are called.
    """
    ids, titles, artists = _names(tracks, catalog)
    seed_ids = catalog.tracks["track_id"].gather(np.maximum(seeds, 0)).to_list() if len(seeds) else []
    columns = zip(
        ids,
        np.round(scores.astype(np.float64), 4).tolist(),
        reasons(tracks, sources, seeds, catalog),
        titles,
        artists,
        sources,
        [one if seeded else None for one, seeded in zip(seed_ids, (seeds >= 0).tolist(), strict=True)],
        strict=True,
    )
    return [SlateTrack(*one) for one in columns]


def reasons(tracks: NDArray[np.int32], sources: Sequence[str], seeds: NDArray[np.int32], catalog: Catalog) -> list[str]:
    """Say why each track is there; what is alike is said once, and taken for all.

    Args:
        tracks: As `word` takes them.
        sources: As `word` takes them.
        seeds: As `word` takes them.
        catalog: As `word` takes it.
    """
    kinds = {name: kind for kind, name in enumerate(dict.fromkeys(sources))}
    own = np.array([kinds[name] for name in sources], np.int64)
    about = np.where(np.isin(own, [kind for name, kind in kinds.items() if about_artist(name)]), tracks, -1)
    size = len(catalog) + 1
    different, place = np.unique((own * size + seeds + 1) * size + about + 1, return_inverse=True)
    kind, seed, shown = different // size // size, different // size % size - 1, different % size - 1
    _, titles, artists = _names(np.maximum(seed, 0), catalog)
    whose = catalog.tracks["artist_name"].gather(np.maximum(shown, 0)).to_list()
    names = list(kinds)
    told = [
        words(names[one], _name(title, artist) if seeded else None, recommended)
        for one, seeded, title, artist, recommended in zip(
            kind.tolist(), (seed >= 0).tolist(), titles, artists, whose, strict=True
        )
    ]
    return [told[one] for one in place.tolist()]


def said(picks: Sequence[Pick], catalog: Catalog) -> list[SlateTrack]:
    """Say in words what was picked, as `word` does."""
    tracks = catalog.numbers(pick.track for pick in picks)
    seeds = catalog.numbers(pick.seed or "" for pick in picks)
    scores = np.array([pick.score for pick in picks], np.float32)
    return word(tracks, scores, [pick.source for pick in picks], seeds, catalog)


def moved(made: Candidates, about: str = "") -> NDArray[np.bool_]:
    """Mark the rows (`bool[Q]`) in which something is left that a source other than popularity spoke for.

    Args:
        made: Candidates that went through a recipe.
        about: Only sources that end in this, such as ":history".
    """
    specific = [name.endswith(about) and not name.startswith("popularity:") for name in made.sources]
    proposed = (made.proposed[:, specific] > 0).any(axis=1)
    return np.bincount(made.rows[proposed], minlength=len(made)) > 0


def _names(numbers: NDArray[np.int32], catalog: Catalog) -> tuple[list[str], list[str], list[str]]:
    columns = (catalog.tracks[name].gather(numbers) for name in ("track_id", "title", "artist_name"))
    ids, titles, artists = (column.to_list() for column in columns)
    return ids, titles, artists


def _name(title: str, artist: str) -> str:
    return title if title == artist else f"{artist} – {title}"
