# SPDX-License-Identifier: Apache-2.0
"""Answers as columns, as the stages leave them; and putting them into words."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.catalog.store import Catalog
from segue.explain.reasons import FACTS
from segue.explain.words import DEFAULT, Language, fields, language, languages
from segue.kernels.ragged import offsets_of, take_rows
from segue.pipeline.candidates import Candidates
from segue.pipeline.stage import Recipe
from segue.registry.snapshot import Snapshot
from segue.types import Ask, Pick, Rung, Slate, SlateTrack

__all__ = ["Slates", "Told", "collect", "moved", "reasons", "said", "word"]


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
    """`int32[n]`: catalogue number of the track that the reason names, -1 for none."""
    codes: tuple[str, ...]
    """What reasons there can be: names of sources, and facts."""
    code: NDArray[np.int8]
    """`int8[n]`: which of them it is."""
    other: NDArray[np.int32]
    """`int32[n]`: catalogue number of another track that the reason names, -1 for none."""
    rungs: Sequence[Rung]
    recipes: Sequence[str]
    notes: Sequence[Sequence[str]]
    snapshot: str
    """Id of the snapshot."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def worded(self, catalog: Catalog) -> list[Slate]:
        """Return each answer as it crosses the border."""
        told = Told(pl.Series(self.codes, dtype=pl.String).gather(self.code), self.seed, self.other)
        sources = [self.sources[one] for one in self.source]
        tracks: list[SlateTrack] = []
        for tag, rows in groupby(range(len(self)), lambda row: self.asks[row].language):
            some = list(rows)
            part = slice(int(self.offsets[some[0]]), int(self.offsets[some[-1] + 1]))
            told_here = Told(told.code[part], told.seed[part], told.other[part])
            tracks += word(self.track[part], self.score[part], sources[part], told_here, catalog, tag)
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
    codes = (*sources, *FACTS)
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
    code, other = np.empty(offsets[-1], np.int8), np.empty(offsets[-1], np.int32)
    for some, made, _ in parts:
        _, places = take_rows(offsets, some)
        named = np.array([codes.index(name) for name in (*made.sources, *FACTS)], np.int8)
        track[places], score[places] = snapshot.face[made.track], made.score
        source[places], seed[places] = named[made.reason_source], made.reason_seed
        code[places], other[places] = named[made.reason], made.reason_other
    short = np.flatnonzero(lengths < [ask.limit for ask in asks])
    told = [list(one) for one in notes]
    for row in short.tolist():
        told[row].append(f"{lengths[row]} tracks instead of {asks[row].limit}: nothing else fits well enough")
    why = (seed, codes, code, other)
    return Slates(asks, offsets, track, score, sources, source, *why, rungs, recipes, told, snapshot.id)


@dataclass(frozen=True, slots=True)
class Told:
    """Why n tracks are there, in no language."""

    code: pl.Series
    """n codes."""
    seed: NDArray[np.int32]
    """`int32[n]`, catalogue numbers, -1 for none."""
    other: NDArray[np.int32]
    """`int32[n]`, likewise."""


def word(
    tracks: NDArray[np.int32],
    scores: NDArray[np.float32],
    sources: Sequence[str],
    told: Told,
    catalog: Catalog,
    tag: str | None = None,
) -> list[SlateTrack]:
    """Say in words what is recommended and why.

    Args:
        tracks: `int32[n]`, catalogue numbers.
        scores: `float32[n]`.
        sources: n names.
        told: Beside the tracks.
        catalog: Knows what they are called.
        tag: The language; None, and one that nobody has written yet: English.
    """
    names = (catalog.tracks[name].gather(tracks).to_list() for name in ("track_id", "title", "artist_name"))
    ids, titles, artists = names
    seeds, others = (_ids(numbers, catalog) for numbers in (told.seed, told.other))
    columns = zip(
        ids,
        np.round(scores.astype(np.float64), 4).tolist(),
        reasons(tracks, told, catalog, tag).to_list(),
        titles,
        artists,
        sources,
        seeds,
        told.code.to_list(),
        others,
        strict=True,
    )
    return [SlateTrack(*one) for one in columns]


def reasons(tracks: NDArray[np.int32], told: Told, catalog: Catalog, tag: str | None = None) -> pl.Series:
    """Say why each track is there; what is said in one sentence with other names is put together at once.

    Args:
        tracks: As `word` takes them.
        told: As `word` takes it.
        catalog: As `word` takes it.
        tag: As `word` takes it.
    """
    spoken = language(tag) or languages()[DEFAULT]
    kinds = told.code.unique(maintain_order=True)
    kind = told.code.replace_strict(kinds, pl.int_range(len(kinds), eager=True)).to_numpy() * 2 + (told.seed >= 0)
    order = np.argsort(kind, kind="stable")
    bounds = np.searchsorted(kind[order], np.arange(2 * len(kinds) + 1))
    said = []
    for one, (start, stop) in enumerate(pairwise(bounds.tolist())):
        if start < stop:
            here, code = order[start:stop], str(kinds[one // 2])
            names = (tracks[here], told.seed[here], told.other[here])
            said.append(_sentences(spoken, code, bool(one % 2), names, catalog))
    where = np.empty(len(order), np.int64)
    where[order] = np.arange(len(order))
    return pl.concat([pl.Series(dtype=pl.String), *said]).gather(where)


def _sentences(
    spoken: Language,
    code: str,
    named: bool,
    names: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
    catalog: Catalog,
) -> pl.Series:
    """Fill in one sentence for each of some tracks, with the two that its reason names."""
    tracks, seeds, others = names
    _, _, of_chart = code.partition(":")
    region, _, genre = of_chart.partition(":")
    parts = []
    for piece, gap in fields(spoken.sentence(code, named=named)):
        parts.append(pl.lit(piece))
        if gap == "artist":
            parts.append(pl.lit(catalog.tracks["artist_name"].gather(tracks)))
        elif gap in ("seed", "other"):
            parts.append(pl.lit(_called(spoken, seeds if gap == "seed" else others, catalog)))
        elif gap is not None:
            parts.append(pl.lit(region if gap == "region" else genre))
    return pl.select(pl.concat_str(pl.repeat("", len(tracks)), *parts)).to_series()


def _called(spoken: Language, numbers: NDArray[np.int32], catalog: Catalog) -> pl.Series:
    """Return what tracks are called in a sentence; one that is called like its artist is the artist."""
    names = {"title": pl.col("title"), "artist": pl.col("artist_name")}
    parts = []
    for piece, gap in fields(spoken.track):
        parts += [pl.lit(piece), *([names[gap]] if gap is not None else [])]
    whole = pl.when(pl.col("title") == pl.col("artist_name")).then("title").otherwise(pl.concat_str(parts))
    return catalog.tracks.select(pl.col("title", "artist_name").gather(numbers)).select(whole).to_series()


def said(picks: Sequence[Pick], catalog: Catalog, tag: str | None = None) -> list[SlateTrack]:
    """Say in words what was picked, as `word` does."""
    tracks = catalog.numbers(pick.track for pick in picks)
    seeds = catalog.numbers(pick.seed or "" for pick in picks)
    others = catalog.numbers(pick.other or "" for pick in picks)
    scores = np.array([pick.score for pick in picks], np.float32)
    sources = [pick.source for pick in picks]
    codes = pl.Series([pick.code or pick.source for pick in picks], dtype=pl.String)
    return word(tracks, scores, sources, Told(codes, seeds, others), catalog, tag)


def _ids(numbers: NDArray[np.int32], catalog: Catalog) -> list[str | None]:
    """Return tracks' ids, None for -1."""
    known = pl.Series(numbers).replace(-1, None)
    return catalog.tracks["track_id"].gather(known).to_list()


def moved(made: Candidates, about: str = "") -> NDArray[np.bool_]:
    """Mark the rows (`bool[Q]`) in which something is left that a source other than popularity spoke for.

    Args:
        made: Candidates that went through a recipe.
        about: Only sources that end in this, such as ":history".
    """
    specific = [name.endswith(about) and not name.startswith("popularity:") for name in made.sources]
    proposed = (made.proposed[:, specific] > 0).any(axis=1)
    return np.bincount(made.rows[proposed], minlength=len(made)) > 0
