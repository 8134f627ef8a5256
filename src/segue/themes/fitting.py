# SPDX-License-Identifier: Apache-2.0
"""How well each track of a catalogue fits a theme, what of it really holds, and what had to be let go."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from segue.catalog.traits import Traits
from segue.models.title import plain_words
from segue.themes.heights import Heights, reached, within
from segue.themes.reading import Reader
from segue.themes.theme import Fact, Relaxed, Side, Tag, Theme

__all__ = ["Fit", "Themes"]

_ENOUGH, _TIMES = 20, 1.25
"""Tracks that must be known to be as asked, for a wish to hold strictly: at least, and times the list's length."""
_BY_AN_ARTIST = 10
"""So many by an artist are enough."""
_EXACT = 0.01
"""Beats a minute that are lost as logarithms are kept."""
_SHARED = np.float32(1.0)
"""Exponent of each aim: those of one mood share much of what they say, as energy and loudness do."""
_LEANS = 1.5
"""What a genre that suits a mood multiplies the fit by."""
_SLACK = 0.25
"""What a track keeps of its fit where nobody knows whether it is as asked, and too few are known to be."""
_OTHER_GENRE, _NO_GENRE = 0.1, 0.25
"""What a track keeps of its fit that is of other genres than asked, or of none that is known: genres are opinions."""
_MOSTLY = 0.3
"""Share of tracks of which years must be known for nothing to be guessed."""
_SURELY = 0.5
"""Chance from which on company is as good as a mark."""
_WORDLESS = Side(("instrumental",), ("sing along", "karaoke", "lyrics"))
_KEPT_BYTES = 64 << 20
_TEXTS = 1024
"""So many readings are kept in memory."""


@dataclass(frozen=True)
class Fit:
    """A theme against a catalogue."""

    score: NDArray[np.float32]
    """`float32[catalogue]`: 0 where a wish that holds is not met; else above 0, up to 1, the better the more likely."""
    relaxed: tuple[Relaxed, ...]
    """What could not hold."""


@dataclass(frozen=True)
class _Wish:
    """Something that is so or is not."""

    what: Fact
    met: NDArray[np.bool_]
    """`bool[catalogue]`: known to be so."""
    missed: NDArray[np.bool_]
    """`bool[catalogue]`: known not to be so."""
    strict: bool = True
    """Whether it is to hold; else it is of great weight."""
    enough: int = 1 << 31
    """No more tracks than this need to be so, for it to hold."""
    sayable: bool = False
    """Whether it is worth saying of a track that is so."""
    near: Side | None = None
    """Whose company is as good as being so."""
    guess: Side | None = None
    """What tells how likely it is where hardly a track is known to be so or not."""


class Themes:
    """Reads words and fits them to one catalogue. What was asked lately is kept, within some megabytes."""

    def __init__(
        self,
        reader: Reader,
        traits: Traits,
        levels: Heights,
        artist: NDArray[np.int32],
        company: Callable[[Sequence[str], Sequence[str]], NDArray[np.float32] | None] = lambda _towards, _against: None,
    ):
        self._company = company
        self._reader = reader
        self._traits = traits
        self._levels = levels
        self._artist = artist
        self._lock = Lock()
        self._read = lru_cache(_TEXTS)(reader.read)
        self._kept: OrderedDict[tuple[str, int], Fit] = OrderedDict()
        self._most = max(4, _KEPT_BYTES // (4 * max(len(artist), 1)))

    def read(self, text: str) -> Theme:
        """Return what a text asks."""
        return self._read(text)

    def fitted(self, text: str, length: int) -> tuple[Theme, Fit]:
        """Return what a text asks and how well each track fits it.

        Args:
            text: Free words.
            length: Tracks of the list to be made: what is asked holds strictly where a quarter more are known to be.
        """
        theme = self.read(text)
        with self._lock:
            if (text, length) in self._kept:
                self._kept.move_to_end((text, length))
                return theme, self._kept[text, length]
        fit = self._fit(theme, length)
        with self._lock:
            self._kept[text, length] = fit
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return theme, fit

    def about_artists(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Mark the texts that ask for artists by name."""
        asked = [any(tag.kind == "artist" and tag.wanted for tag in self.read(text).tags) for text in texts]
        return np.array(asked, bool)

    def true_of(self, text: str, tracks: NDArray[np.int32]) -> list[list[Fact]]:
        """Return what of a text is true of each track (`int32[n]`) by what the catalogue says, not by guess."""
        theme = self.read(text)
        facts: list[list[Fact]] = [[] for _ in tracks]
        for concept in theme.understood:
            met = np.ones(len(tracks), bool)
            for aim in concept.aims:
                score, unsure = self._levels.scores[aim.column][tracks], self._levels.unsure[aim.column][tracks]
                border = ndtri(aim.quantile)
                met &= (unsure == 0) & ((score > border) if aim.above else (score < border))
                if aim.column == "instrumentalness" and aim.above:
                    met &= self._levels.wordless[tracks]
            if concept.aims:
                _add(facts, met, Fact(concept.kind, concept.words, concept.turned))
        for wish in self._wishes(theme):
            if wish.sayable:
                _add(facts, wish.met[tracks], wish.what)
        return facts

    def _fit(self, theme: Theme, length: int) -> Fit:
        score = np.ones(len(self._artist), np.float32)
        for aim in theme.aims:
            score *= reached(aim, self._levels) ** _SHARED
            if aim.column == "instrumentalness" and aim.above:
                sung = (self._levels.unsure[aim.column] == 0) & ~self._levels.wordless
                score *= np.where(
                    sung & np.isfinite(self._levels.scores[aim.column]), np.float32(_SLACK), np.float32(1)
                )
        if theme.pace is not None:
            score *= within(theme.pace, self._levels) ** _SHARED
        among = self._genre(theme)
        for side in theme.sides:
            score *= self._chance(side, among)
        if (leaning := self._leaning(theme.leaning)) is not None:
            score *= np.where(leaning, np.float32(1), np.float32(1 / _LEANS))
        allowed = np.ones(len(score), bool)
        relaxed = []
        for wish in self._wishes(theme):
            if not wish.strict:
                score *= np.where(wish.met, 1, np.where(wish.missed, _OTHER_GENRE, _NO_GENRE)).astype(np.float32)
                continue
            if wish.guess is not None and (wish.met | wish.missed).mean() < _MOSTLY:
                strictly = allowed & wish.met
                allowed = allowed & ~wish.missed
                score *= np.where(wish.met, np.float32(1), self._chance(wish.guess, None))
                relaxed.append(_relaxed("unsure", wish, strictly))
                continue
            met = wish.met if wish.near is None else wish.met | (self._chance(wish.near, None) > _SURELY)
            strictly, least = allowed & met, min(max(_ENOUGH, _TIMES * length), wish.enough)
            if strictly.sum() >= least:
                allowed = strictly
                continue
            loosely = allowed & ~wish.missed
            if met.any() and loosely.sum() >= least:
                relaxed.append(_relaxed("unsure", wish, strictly))
                allowed = loosely
            elif strictly.sum() >= length:  # nothing else is unknown: few are better than wrong ones
                allowed = strictly
                continue
            else:
                relaxed.append(_relaxed("cannot", wish, strictly))
            score[~met] *= np.float32(_SLACK)
        score[~allowed] = 0
        return Fit(score, tuple(relaxed))

    def _chance(self, side: Side, among: NDArray[np.bool_] | None) -> NDArray[np.float32]:
        """Return how likely each track is on a side, by its company: for "chill rap", on that of chill among rap."""
        cosine = self._company(side.towards, side.against)
        if cosine is None:
            return np.ones(len(self._artist), np.float32)
        measured = np.isfinite(cosine) if among is None else np.isfinite(cosine) & among
        spread = float(cosine[measured].std()) if measured.any() else 0.0
        if spread == 0:
            return np.ones(len(self._artist), np.float32)
        height = (cosine - cosine[measured].mean()) / np.float32(spread)
        chance: NDArray[np.float32] = ndtr(np.nan_to_num(height, nan=0.0) - np.float32(side.height))
        return chance

    def _genre(self, theme: Theme) -> NDArray[np.bool_] | None:
        """Mark the tracks of the genres that are asked for; None: none is, or hardly a track is known to be of them."""
        met = [self._tagged(tag).met for tag in theme.tags if tag.kind == "genre" and tag.wanted]
        if not met:
            return None
        together: NDArray[np.bool_] = np.logical_and.reduce(met)
        return together if together.sum() >= _ENOUGH else None

    def _wishes(self, theme: Theme) -> Iterator[_Wish]:
        """Give what is to hold, what matters most first."""
        for tag in sorted(theme.tags, key=lambda tag: (tag.wanted, tag.kind != "artist")):
            yield self._tagged(tag)
        if theme.years is not None:
            first, last = theme.years
            year = self._traits.year
            met = (year >= first) & (year <= last)
            told = str(first) if first == last else f"{first}–{last}"
            yield _Wish(Fact("years", told), met, (year > 0) & ~met, sayable=True, guess=theme.era)
        if theme.tempo is not None:
            beats = np.exp2(self._levels.tempo)
            known = np.isfinite(beats)
            met = known & (beats >= theme.tempo[0] - _EXACT) & (beats <= theme.tempo[1] + _EXACT)
            told = f"{theme.tempo[0]:.0f}–{theme.tempo[1]:.0f}"
            yield _Wish(Fact("tempo", told), met, known & ~met, sayable=True)
        for aim in theme.aims:
            if aim.column == "instrumentalness" and aim.above and aim.quantile > 0.8:
                score, unsure = self._levels.scores[aim.column], self._levels.unsure[aim.column]
                known = np.isfinite(score) & (unsure == 0)
                met = known & (score >= 0.84) & self._levels.wordless  # the quantile 0.8, and no words
                yield _Wish(Fact("sound", "instrumental"), met, known & ~met, guess=_WORDLESS)

    def _tagged(self, tag: Tag) -> _Wish:
        """Return the wish for a tag. A genre, language … is known of a track that has any of its kind."""
        has = np.zeros(len(self._artist), bool)
        known = np.zeros(len(self._artist), bool)
        if tag.kind == "artist":
            numbers = self._traits.artists.get(_artist_key(tag.word), ())
            has = np.isin(self._artist, numbers)
            known[:] = True
        stated = self._traits.marks[tag.kind].known if tag.kind in self._traits.marks else known
        for kind, mark in tag.marks:
            if kind in self._traits.marks:
                tracks = self._traits.marks[kind].of(mark)
                has[tracks if kind == tag.kind else tracks[~stated[tracks]]] = True  # French pop may be sung in English
                if kind == tag.kind or tag.kind != "instrument":  # a genre does not say what else is played in it
                    known |= self._traits.marks[kind].known
        if tag.wanted:
            strict = tag.kind != "genre" and any(kind == tag.kind for kind, _ in tag.marks)
            if tag.kind in ("region", "instrument"):  # what genres name is as good as stated, where they name enough
                strict |= bool(has.sum() >= _ENOUGH)
            enough = _BY_AN_ARTIST if tag.kind == "artist" else 1 << 31
            return _Wish(Fact(tag.kind, tag.word), has, known & ~has, strict, enough, True, tag.near)
        return _Wish(Fact(tag.kind, tag.word, turned=True), ~has, has)

    def _leaning(self, genres: Sequence[str]) -> NDArray[np.bool_] | None:
        runs: Mapping[str, Sequence[int]] = self._reader.runs.get("genre", {})
        marks = [mark for genre in genres for mark in runs.get("".join(plain_words(genre).split()), ())]
        if not marks:
            return None
        has = np.zeros(len(self._artist), bool)
        for mark in marks:
            has[self._traits.marks["genre"].of(mark)] = True
        return has


def _add(facts: list[list[Fact]], met: NDArray[np.bool_], fact: Fact) -> None:
    for place in np.flatnonzero(met).tolist():
        if fact.words not in [one.words for one in facts[place]]:
            facts[place].append(fact)


def _relaxed(code: str, wish: _Wish, known: NDArray[np.bool_]) -> Relaxed:
    return Relaxed(code, wish.what.kind, wish.what.words, int(known.sum()), wish.what.turned)


def _artist_key(word: str) -> str:
    return word.removeprefix("the ") if word != "the the" else word
