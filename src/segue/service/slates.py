# SPDX-License-Identifier: Apache-2.0
"""Answers as columns, as the stages leave them; and putting them into words."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, repeat
from string import Formatter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.catalog.store import Catalog
from segue.explain.reasons import FACTS
from segue.explain.words import Language, language_or_default
from segue.kernels.ragged import offsets_of, take_rows
from segue.models.boards import Boards
from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.stage import Recipe
from segue.registry.snapshot import Snapshot
from segue.types import Ask, Pick, Rung, Slate, SlateTrack

__all__ = ["Slates", "Told", "collect", "moved", "reasons", "said", "serial_names", "word"]


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
    code: NDArray[np.int16]
    """`int16[n]`: which of them it is."""
    other: NDArray[np.int32]
    """`int32[n]`: catalogue number of another track that the reason names, -1 for none."""
    rungs: Sequence[Rung]
    recipes: Sequence[str]
    notes: Sequence[Sequence[str]]
    snapshot: str
    """Id of the snapshot."""
    propensity: NDArray[np.float32]
    """`float32[n]`: the chance with which each track was drawn for its place; NaN where it was not drawn."""
    dial: NDArray[np.float32]
    """`float32[A]`: the share of new tracks that was aimed at; NaN where none was."""
    dial_propensity: NDArray[np.float32]
    """`float32[A]`: the chance with which it was drawn; NaN where it was asked for."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def worded(self, catalog: Catalog) -> list[Slate]:
        """Return each answer as it crosses the border."""
        codes, sources = [self.codes[one] for one in self.code], [self.sources[one] for one in self.source]
        tracks: list[SlateTrack] = []
        for tag, rows in groupby(range(len(self)), lambda row: self.asks[row].language):
            some = list(rows)
            part = slice(int(self.offsets[some[0]]), int(self.offsets[some[-1] + 1]))
            told = Told(codes[part], self.seed[part], self.other[part])
            worded = word(self.track[part], self.score[part], sources[part], told, catalog, tag)
            chances = _some(self.propensity[part])
            tracks += [
                one if chance is None else replace(one, propensity=chance)
                for one, chance in zip(worded, chances, strict=True)
            ]
        dial, chance_of_dial = _some(self.dial), _some(self.dial_propensity)
        return [
            Slate(
                ask.id,
                tuple(tracks[self.offsets[row] : self.offsets[row + 1]]),
                self.rungs[row],
                self.recipes[row],
                self.snapshot,
                tuple(self.notes[row]),
                dial=dial[row],
                dial_propensity=chance_of_dial[row],
            )
            for row, ask in enumerate(self.asks)
        ]


def collect(
    asks: Sequence[Ask],
    parts: Sequence[tuple[NDArray[np.int64], Candidates, Recipe]],
    notes: Sequence[Sequence[str]],
    snapshot: Snapshot,
    request: Request | None = None,
    dials: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
) -> Slates:
    """Put together what recipes made of some of the asks each; what is short of its limit gets a note that says so.

    Args:
        asks: In order.
        parts: Which asks, what was made of all that the recipe was given, and the recipe; every ask stands in one.
        notes: What the askers should know, beside `asks`.
        snapshot: What answered.
        request: All of them as they were asked, a row each; None: nobody is told whose chart it was.
        dials: `float32[A]` twice: as `Slates.dial` and `Slates.dial_propensity`; None: there were none.
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
    code, other = np.empty(offsets[-1], np.int16), np.empty(offsets[-1], np.int32)
    propensity = np.empty(offsets[-1], np.float32)
    for some, made, _ in parts:
        _, places = take_rows(offsets, some)
        named = np.array([codes.index(name) for name in (*made.sources, *FACTS)], np.int8)
        track[places], score[places] = snapshot.face[made.track], made.score
        source[places], seed[places] = named[made.reason_source], made.reason_seed
        code[places], other[places] = named[made.reason], made.reason_other
        propensity[places] = made.propensity
        if request is not None and snapshot.boards is not None:
            asked = request.take(some)
            codes, code[places] = charted(codes, code[places], made.track, made.rows, asked, snapshot.boards)
    short = np.flatnonzero(lengths < [0 if ask.minutes else ask.limit for ask in asks])
    told = [list(one) for one in notes]
    for row in short.tolist():
        tongue = language_or_default(asks[row].language)
        told[row].append(tongue.say("short", made=lengths[row], asked=asks[row].limit))
    why = (seed, codes, code, other)
    made_of = (rungs, recipes, told, snapshot.id)
    dials = dials or (np.full(len(asks), np.nan, np.float32), np.full(len(asks), np.nan, np.float32))
    return Slates(asks, offsets, track, score, sources, source, *why, *made_of, propensity, *dials)


@dataclass(frozen=True, slots=True)
class Told:
    """Why n tracks are there, in no language."""

    code: Sequence[str]
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
    columns = zip(
        _column("track_id", tracks, catalog),
        np.round(scores.astype(np.float64), 4).tolist(),
        reasons(tracks, told, catalog, tag),
        _column("title", tracks, catalog),
        _column("artist_name", tracks, catalog),
        sources,
        _column("track_id", told.seed, catalog),
        told.code,
        _column("track_id", told.other, catalog),
        strict=True,
    )
    return [SlateTrack(*one) for one in columns]


def reasons(tracks: NDArray[np.int32], told: Told, catalog: Catalog, tag: str | None = None) -> list[str]:
    """Say why each track is there.

    Args:
        tracks: As `word` takes them.
        told: As `word` takes it.
        catalog: As `word` takes it.
        tag: As `word` takes it.
    """
    tongue = language_or_default(tag)
    gaps: dict[str, Callable[[], list[Any]]] = {
        "seed": lambda: _called(tongue, told.seed, catalog),
        "other": lambda: _called(tongue, told.other, catalog),
        "artist": lambda: _column("artist_name", tracks, catalog),
        "serial": lambda: serial_names(tracks, catalog),
        "beside": lambda: serial_names(told.seed, catalog),
    }
    columns: dict[str, NDArray[Any]] = {}  # of these, only what a sentence has a gap for is looked up
    numbers = {code: number for number, code in enumerate(dict.fromkeys(told.code))}
    kind = 2 * np.fromiter((numbers[code] for code in told.code), np.int64, len(tracks)) + (told.seed >= 0)
    found = np.empty(len(tracks), dtype=object)
    for code, number in numbers.items():
        for named in (False, True):
            here = np.flatnonzero(kind == 2 * number + named)
            if not len(here):
                continue
            parts: list[Iterable[str]] = [repeat("", len(here))]
            for literal, gap in _pieces(tongue, code, named):
                parts.append(repeat(literal))
                if gap is not None:
                    if gap not in columns:
                        columns[gap] = np.array(gaps[gap](), dtype=object)
                    parts.append(map(str, columns[gap][here]))
            found[here] = ["".join(one) for one in zip(*parts, strict=False)]
    return list(found)


def _pieces(tongue: Language, code: str, named: bool) -> Iterator[tuple[str, str | None]]:
    """Yield a sentence as words, each with the gap behind them; where a chart spoke, what it is of is filled in."""
    _, _, of_chart = code.partition(":")
    region, _, genre = of_chart.partition(":")
    chart = {"region": tongue.place(region), "genre": genre}
    for literal, gap, _, _ in Formatter().parse(tongue.sentence(code, named=named)):
        yield literal, None if gap in chart else gap
        if gap in chart:
            yield chart[gap], None


def serial_names(numbers: NDArray[np.int32], catalog: Catalog) -> list[str | None]:
    """Return what the podcasts and audiobooks of parts are called, None for -1; where no one says, as who speaks."""
    albums, artists = (_column(name, numbers, catalog) for name in ("album_name", "artist_name"))
    return [album or artist for album, artist in zip(albums, artists, strict=True)]


def _called(tongue: Language, numbers: NDArray[np.int32], catalog: Catalog) -> list[str | None]:
    """Return what tracks are called in a sentence, None for -1; each is put together once."""
    different, place = np.unique(numbers, return_inverse=True)
    columns = (_column(name, different, catalog) for name in ("title", "artist_name"))
    names = [None if title is None else tongue.call(title, str(artist)) for title, artist in zip(*columns, strict=True)]
    return [names[one] for one in place.tolist()]


def charted(
    codes: tuple[str, ...],
    code: NDArray[np.int16],
    tracks: NDArray[np.int32],
    rows: NDArray[np.int64],
    request: Request,
    boards: Boards,
) -> tuple[tuple[str, ...], NDArray[np.int16]]:
    """Say which chart spoke where popularity did: `popularity:PT` or `popularity:PT:fado` for `popularity:history`.

    A region is named where its own listeners put the track there, and a genre where the track is of it.

    Args:
        codes: All that there are.
        code: `int16[n]`: places in `codes`.
        tracks: `int32[n]`, canonical.
        rows: `int64[n]`: the row of each.
        request: The rows.
        boards: The charts that were read.

    Returns:
        More codes, and which of them each is now.
    """
    if _POPULAR not in codes or request.region is None or request.mark is None:
        return codes, code
    spoke = np.flatnonzero((code == codes.index(_POPULAR)) & (request.region[rows] >= 0))
    region, mark = request.region[rows[spoke]], request.mark[rows[spoke]]
    named, found = list(codes), code.copy()
    for one, other in sorted({*zip(region.tolist(), mark.tolist(), strict=True)}):
        here = spoke[(region == one) & (mark == other)]
        here = here[boards.told(one)[tracks[here]]]
        genre = boards.genre(other)
        of_genre = boards.of_mark(other)[tracks[here]] if genre else np.zeros(len(here), bool)
        for some, name in ((here[~of_genre], boards.regions[one]), (here[of_genre], f"{boards.regions[one]}:{genre}")):
            if len(some):
                told = f"{_POPULAR.partition(':')[0]}:{name}"
                if told not in named:
                    named.append(told)
                found[some] = named.index(told)
    return tuple(named), found


_POPULAR = "popularity:history"


def said(picks: Sequence[Pick], catalog: Catalog, tag: str | None = None) -> list[SlateTrack]:
    """Say in words what was picked, as `word` does."""
    tracks = catalog.numbers(pick.track for pick in picks)
    seeds = catalog.numbers(pick.seed or "" for pick in picks)
    others = catalog.numbers(pick.other or "" for pick in picks)
    scores = np.array([pick.score for pick in picks], np.float32)
    codes = [pick.code or pick.source for pick in picks]
    return word(tracks, scores, [pick.source for pick in picks], Told(codes, seeds, others), catalog, tag)


def _some(numbers: NDArray[np.float32]) -> list[float | None]:
    """Return a column with None in the place of NaN, rounded to what a reader wants."""
    return [None if number != number else round(number, 6) for number in numbers.tolist()]


def _column(name: str, numbers: NDArray[np.int32], catalog: Catalog) -> list[Any]:
    """Return a column of the catalogue at some tracks, None for -1."""
    if not len(numbers):
        return []
    values = catalog.tracks[name].gather(np.maximum(numbers, 0)).to_list()
    if numbers.min() >= 0:
        return values
    return [value if known else None for value, known in zip(values, (numbers >= 0).tolist(), strict=True)]


def moved(made: Candidates, about: str = "") -> NDArray[np.bool_]:
    """Mark the rows (`bool[Q]`) in which something is left that a source other than popularity spoke for.

    Args:
        made: Candidates that went through a recipe.
        about: Only sources that end in this, such as ":history".
    """
    specific = [name.endswith(about) and not name.startswith("popularity:") for name in made.sources]
    proposed = (made.proposed[:, specific] > 0).any(axis=1)
    return np.bincount(made.rows[proposed], minlength=len(made)) > 0
