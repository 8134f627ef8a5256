# SPDX-License-Identifier: Apache-2.0
"""Reading free words into a theme, by rules; what no rule knows, titles of playlists may."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from segue.models.title import plain_words
from segue.themes import numerals
from segue.themes.lexicon import ALIASES, BESIDE, CONCEPTS, FILLERS, INSTRUMENTS, PLACES, WIDE, Concept, Place
from segue.themes.theme import Aim, Side, Tag, Theme, Understood

__all__ = ["Reader", "Vocabulary", "parse"]

_LONGEST = 5
"""Words of a phrase."""
_OFTEN = 15
"""Names of genres that a word stands in, from which on it is a genre although none is called by it alone."""
_NEGATIONS = frozenset("no not non without sin nada ohne kein keine keinen nicht sem nao sans pas ni nor never".split())
_VERY = frozenset("very really super so extremely muy sehr ganz total muito tres trop hyper ultra mega とても".split())
_LITTLE = frozenset("bit slightly little somewhat kinda poco etwas bisschen pouco peu moderately medium".split())
_MARKS_OF = {"genre": ("genre",), "instrument": ("instrument", "genre")}
_CJK = re.compile("[\u3040-\u30ff\u3400-\u9fff]")
_DECADES, _BY_NUMBER = range(1950, 2030, 10), 2000
"""Of years, and the first that playlists call by all four digits: "90s", but "2010s", and "2014"."""
_RARE, _SURE = 2.0, 3.0
"""How high above the mean of all tracks stands what an instrument's playlists hold, in standard deviations, and from
where on it surely has it."""
_MARKS = "\"'.,;:!?¡¿()[]«»“”„‘’…、。！？「」"
"""What stands around words, and is no part of them."""
_SUNG = ("rock", "pop", "punk", "metal", "rap", "hip hop")
"""What genres of songs end in: piano rock has a piano, and is not what is meant by "piano"."""
_PARTS = ("valence", "energy", "tempo", "danceability", "acousticness", "instrumentalness", "speechiness", "loudness")


@dataclass(frozen=True)
class Vocabulary:
    """What a catalogue and its models know by name."""

    marks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Names of marks by kind, as `catalog.traits.Marks.names`."""
    is_artist: Callable[[str, bool], bool] = lambda _key, _famous: False
    """Whether an artist has this name; asked for a famous one where the words may well mean something else."""
    learned: Callable[[str], bool] = lambda _: False
    """Whether titles of playlists have this word."""
    usual: Callable[[str], bool] = lambda _: False
    """Whether many have it."""

    def runs(self) -> Mapping[str, Mapping[str, tuple[int, ...]]]:
        """Return by kind of mark, then by run of a name's words, stemmed and without spaces, the marks with it."""
        found: dict[str, dict[str, list[int]]] = {}
        for kind, names in self.marks.items():
            of_kind = found.setdefault(kind, {})
            for number, name in enumerate(names):
                for run in {_compact(run) for run in _runs(plain_words(name).split())}:
                    of_kind.setdefault(run, []).append(number)
        return {kind: {run: tuple(marks) for run, marks in runs.items()} for kind, runs in found.items()}


class Reader:
    """Reads texts with one vocabulary, whose names it has taken apart once."""

    def __init__(self, vocabulary: Vocabulary):
        self.vocabulary = vocabulary
        self.runs = vocabulary.runs()
        genres = [plain_words(name) for name in vocabulary.marks.get("genre", ())]
        often = {run for run, marks in self.runs.get("genre", {}).items() if len(run) > 2 and len(marks) >= _OFTEN}
        self._genres = often | {_compact(name) for name in genres if name}
        """Runs that alone name a genre: "indie", of many, but not "school" of "old school hip hop"."""

    def read(self, text: str) -> Theme:
        """Return what a text asks."""
        words = _apart(plain_words(text)).split()
        found = _Found()
        place = 0
        while place < len(words):
            place += self._step(words, place, found)
        if not found.understood:  # "vibes" alone is no filler
            for word in words:
                if word not in found.missed and self.vocabulary.learned(word):
                    found.learned(word, said=True)
        return _respelt(found.theme(text), text)

    def _step(self, words: Sequence[str], place: int, found: "_Found") -> int:
        """Read what begins at a place; return how many words it took."""
        if (numeral := numerals.read(words, place)) is not None:
            found.number(" ".join(words[place : place + numeral.words]), numeral)
            return numeral.words
        left = min(_LONGEST, len(words) - place)
        for size in range(left, 0, -1):
            some = words[place : place + size]
            if self._phrase(" ".join(some), size, found):
                return size
        self._single(words[place], found)
        return 1

    def _phrase(self, phrase: str, size: int, found: "_Found") -> bool:
        if (concept := _concepts().get(phrase)) is not None:
            found.concept(phrase, concept, usual=self._usual(phrase, concept))
            return True
        if size == 1 and (phrase in _GRAMMAR or _singular(phrase) in FILLERS):
            found.grammar(phrase)
            return True
        if self._named(phrase, size, found):
            return True
        if _stem(phrase) != phrase and (concept := _stems().get(_stem(phrase))) is not None:
            found.concept(phrase, concept, usual=self._usual(phrase, concept))
            return True
        return False

    def _usual(self, phrase: str, concept: Concept) -> bool:
        """Say whether playlists of a concept are called by these very words; of moods, other words tell more."""
        return concept.kind != "mood" and all(self.vocabulary.usual(word) for word in phrase.split())

    def _named(self, phrase: str, size: int, found: "_Found") -> bool:
        if (instrument := _instruments().get(phrase)) is not None:
            found.tag(
                phrase,
                "instrument",
                self._of_instrument(instrument),
                instrument if self.vocabulary.usual(instrument) else "",
            )
            return True
        if (where := _places().get(phrase)) is not None:
            kind, marks = self._of_place(where)
            found.tag(phrase, kind, marks)
            return True
        genre = ALIASES.get(phrase, phrase)
        if self._is_genre(genre) and (genres := self._marks(("genre",), genre)):
            found.tag(phrase, "genre", genres)
            return True
        if self.vocabulary.is_artist(phrase, all(self._everyday(word) for word in phrase.split())):
            found.artist(phrase, surely=size > 1 or not self.vocabulary.learned(phrase))
            return True
        return False

    def _everyday(self, word: str) -> bool:
        """Say whether a word may well mean something else than a part of an artist's name."""
        return word in FILLERS or word in _concepts() or self._is_genre(word) or self.vocabulary.learned(word)

    def _single(self, word: str, found: "_Found") -> None:
        if self.vocabulary.learned(word):
            found.learned(word)
        elif (near := self._misspelt(word)) is not None:
            near(found)
        else:
            found.unknown(word)

    def _misspelt(self, word: str) -> "Callable[[_Found], None] | None":
        """Return how to take a word that is one or two letters from one that is known."""
        if len(word) < 4 or _CJK.search(word):
            return None
        most = 1 if len(word) < 8 else 2
        among = self._spellings()
        if len(word) < 5:
            among = [one for one in self.vocabulary.marks.get("genre", ()) if one[0] == word[0]]
        nearest = process.extractOne(word, among, scorer=DamerauLevenshtein.distance, score_cutoff=most)
        if nearest is None:
            return None
        meant = nearest[0]
        return lambda found: self._phrase_for(word, meant, found)

    def _phrase_for(self, word: str, meant: str, found: "_Found") -> None:
        before = len(found.understood)
        self._phrase(meant, 1, found)
        found.respell(before, word, meant)

    def _spellings(self) -> Sequence[str]:
        if not hasattr(self, "_spelt"):
            names = [plain_words(name) for name in self.vocabulary.marks.get("genre", ())]
            genres = {word for name in names for word in name.split() if self._is_genre(word)}
            known = {*genres, *_concepts(), *_places(), *_instruments()}
            self._spelt = sorted(word for word in known if len(word) >= 4 and " " not in word)
        return self._spelt

    def _marks(self, kinds: Iterable[str], phrase: str) -> tuple[tuple[str, int], ...]:
        """Return the marks of these kinds whose names have the phrase, in any spelling."""
        run = _compact(phrase)
        return tuple((kind, mark) for kind in kinds for mark in self.runs.get(kind, {}).get(run, ()))

    def _is_genre(self, phrase: str) -> bool:
        """Say whether a phrase names a genre, and is not merely a word in the names of some."""
        words = phrase.split()
        if _singular(phrase) in WIDE or all(word in FILLERS for word in words):
            return False
        return len(words) > 1 or _compact(phrase) in self._genres

    def _of_instrument(self, name: str) -> tuple[tuple[str, int], ...]:
        """Return the marks of an instrument: its own, and genres that are called by it, but not those of songs."""
        genres = self.vocabulary.marks.get("genre", ())
        return tuple(
            (kind, mark)
            for kind, mark in self._marks(("instrument", "genre"), name)
            if kind == "instrument" or not genres[mark].endswith(_SUNG)
        )

    def _of_place(self, where: Place) -> tuple[str, tuple[tuple[str, int], ...]]:
        """Return the marks of a place: its language, its region, and genres that are called by it."""
        named = [word.replace("_", " ") for word in where.genres.split()]
        marks = [mark for phrase in named for mark in self._marks(("genre",), phrase)]
        for kind, code in (("language", where.language), ("region", where.region)):
            names = list(self.vocabulary.marks.get(kind, ()))
            if code and code.lower() in names and not (kind == "language" and where.region):
                marks.append((kind, names.index(code.lower())))
        return ("region" if where.region else "language"), tuple(dict.fromkeys(marks))


def parse(text: str, vocabulary: Vocabulary) -> Theme:
    """Return what a text asks: "slow but happy 80s" has aims for tempo and valence, and years 1980–1989.

    Phrases are read from left to right: a tempo or years; else, the longest first, a concept of the lexicon, an
    instrument, a country or language, a genre of the catalogue, an artist; else a word of playlists' titles; else,
    letter by letter, what may be misspelt. "no", "not" and "without" turn what follows round; "very" and "a bit"
    sharpen and soften it. For many texts, keep a `Reader`.
    """
    return Reader(vocabulary).read(text)


_ALIKE = frozenset("like similar wie como comme estilo".split())
_PASSING = frozenset("but pero aber mas mais yet though aunque".split())
"""Words between two wishes: a negation does not reach beyond."""
_GRAMMAR = _NEGATIONS | _VERY | _LITTLE | FILLERS | _PASSING | {"too"}


@dataclass
class _Found:
    """What was read so far."""

    aims: list[tuple[Aim, bool, int]] = field(default_factory=list)
    """Each with whether it is the first of its concept, and the concept's number."""
    tags: list[Tag] = field(default_factory=list)
    leaning: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    sides: list[Side] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """The words that the map of titles is asked: what is turned round, or a number of beats, is left out."""
    understood: list[Understood] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    pace: tuple[float, float] | None = None
    tempo: tuple[float, float] | None = None
    years: tuple[int, int] | None = None
    arc: str | None = None
    turned: bool = False
    degree: int = 0
    alike: bool = False
    """Whether the last word was "like"."""

    def grammar(self, word: str) -> None:
        """Take a word that changes those after it."""
        if word in _NEGATIONS:
            self.turned = True
        elif word in _VERY:
            self.degree = 1
        elif word in _LITTLE:
            self.degree = -1
        elif word in _PASSING:
            self.turned, self.degree = False, 0
        self.alike = word in _ALIKE
        if not self.turned and word not in _PASSING:
            self.said.append(word)

    def concept(self, words: str, concept: Concept, *, usual: bool = False) -> None:
        """Take a concept; of words that are `usual` in titles, titles know enough."""
        wanted = concept.wanted()
        if self.turned:
            wanted = tuple(replace(one, above=not one.above) for one in wanted[:1])
        wanted = tuple(_degree(one, self.degree) for one in wanted)
        number = len(self.understood)
        self.aims += [(one, place == 0, number) for place, one in enumerate(wanted)]
        called, against = _titles(concept.titles), _titles(concept.against)
        if against:
            beside = tuple(dict.fromkeys((*called, *_titles(BESIDE.get(concept.against, "")))))
            self.sides.append(Side(against, beside) if self.turned else Side(beside, against))
        elif concept.kind == "occasion" and not self.turned:
            self.sides.append(Side(called))
        if not self.turned:
            self.said.append(words)
            self.titles += (
                [] if words in called or usual else called
            )  # who says it as playlists do needs no other words
            self.leaning += [genre.replace("_", " ") for genre in concept.leaning.split()]
            self.pace = self.pace or concept.pace
            self.arc = self.arc or concept.arc
        self._understand(words, concept.kind, aims=wanted)

    def tag(self, words: str, kind: str, marks: tuple[tuple[str, int], ...], called: str = "") -> None:
        """Take a genre, an instrument, a language or a region; one that no track is marked with is left to titles.

        Args:
            words: In the asker's spelling.
            kind: Of the tag.
            marks: That tracks may have.
            called: What playlists of it are called, where these tell it from all others; "": they do not.
        """
        if called:
            self.sides.append(Side((), (called,)) if self.turned else Side((called,), height=_RARE))
        if marks:
            near = Side((called,), height=_SURE) if called else None
            self.tags.append(Tag(kind, words, marks, not self.turned, near))
        if not self.turned:
            self.said.append(words)
        self._understand(words, kind, marked=bool(marks))

    def artist(self, words: str, *, surely: bool) -> None:
        """Take an artist's name; of "like X", and of a word that titles use too, titles know more."""
        if surely and not self.alike:
            self.tags.append(Tag("artist", words, (("artist", 0),), not self.turned))
        if not self.turned:
            self.said.append(words)
        self._understand(words, "artist")

    def number(self, words: str, numeral: "numerals.Numeral") -> None:
        """Take a tempo or years."""
        if numeral.kind == "tempo":
            self.tempo = numeral.first, numeral.last
            self._understand(words, "tempo", value=f"{numeral.first:.0f}–{numeral.last:.0f}")
            return
        self.years = int(numeral.first), int(numeral.last)
        self.said.append(words)
        told = f"{self.years[0]}–{self.years[1]}" if self.years[0] != self.years[1] else str(self.years[0])
        self._understand(words, "years", value=told)

    def learned(self, word: str, *, said: bool = False) -> None:
        """Take a word that titles know, and that may have been `said` already."""
        if not self.turned:
            self.said += [] if said else [word]
            self._understand(word, "learned")
        else:
            self.unknown(word)

    def unknown(self, word: str) -> None:
        """Note a word that nothing knows; its parts may yet say something to titles beside words that are known."""
        self.missed.append(word)
        if not self.turned:
            self.said.append(word)
        self.turned, self.degree = False, 0

    def respell(self, first: int, word: str, meant: str) -> None:
        """Note that what was just taken was spelt otherwise."""
        self.understood[first:] = [replace(one, words=word, meant=meant) for one in self.understood[first:]]

    def _understand(
        self, words: str, kind: str, *, aims: tuple[Aim, ...] = (), value: str = "", marked: bool = True
    ) -> None:
        self.understood.append(Understood(words, kind, aims, self.turned, value, marked=marked))
        self.turned, self.degree = False, 0

    def theme(self, text: str) -> Theme:
        """Return it all."""
        said = " ".join(self.said)
        titles = tuple(dict.fromkeys(title for title in (said, *self.titles) if title))
        return Theme(
            text=text,
            aims=tuple(_agreed(self.aims)),
            pace=self.pace,
            tempo=self.tempo,
            years=self.years,
            tags=tuple(self.tags),
            leaning=tuple(dict.fromkeys(self.leaning)),
            titles=titles,
            sides=tuple(self.sides),
            era=None if self.years is None else _era(*self.years),
            arc=self.arc,
            understood=tuple(self.understood),
            unknown=tuple(dict.fromkeys(self.missed)),
        )


def _respelt(theme: Theme, text: str) -> Theme:
    """Return a theme whose words have the accents that the asker wrote; an artist's name is looked up without."""
    written = {plain_words(word): word.casefold().strip(_MARKS) for word in text.split()}

    def spelt(words: str) -> str:
        return " ".join(written.get(word, word) for word in words.split())

    return replace(
        theme,
        tags=tuple(tag if tag.kind == "artist" else replace(tag, word=spelt(tag.word)) for tag in theme.tags),
        understood=tuple(replace(one, words=spelt(one.words)) for one in theme.understood),
        unknown=tuple(map(spelt, theme.unknown)),
    )


def _agreed(aims: Sequence[tuple[Aim, bool, int]]) -> Iterator[Aim]:
    """Give the aims without those that contradict each other: what a concept is mainly about goes before the rest.

    "slow but happy": slow is mainly of tempo, happy of valence; one would have less energy, the other more: neither.
    """
    kept: dict[tuple[str, bool], Aim] = {}
    for aim, first, concept in aims:
        against = [
            one for one in aims if one[0].column == aim.column and one[0].above != aim.above and one[2] != concept
        ]
        if against and not first:
            continue
        key = aim.column, aim.above
        if key not in kept or (aim.quantile > kept[key].quantile) == aim.above:
            kept[key] = aim
    yield from kept.values()


def _degree(aim: Aim, degree: int) -> Aim:
    """Sharpen or soften: very sad is below the 0.15 quantile where sad is below 0.3."""
    if not degree:
        return aim
    edge = 1.0 if aim.above else 0.0
    towards = edge if degree > 0 else 0.5
    return replace(aim, quantile=(aim.quantile + towards) / 2)


def _era(first: int, last: int) -> Side:
    """Return what playlists of some years are called: a year by its number, others by their decades."""
    inside = [decade for decade in _DECADES if decade <= last and decade + 9 >= first]
    called = (str(first),) if first == last and first >= _BY_NUMBER else tuple(map(_decade, inside))
    return Side(called, tuple(_decade(decade) for decade in _DECADES if decade not in inside))


def _decade(first: int) -> str:
    return f"{first % 100}s" if first < _BY_NUMBER else f"{first}s"


def _titles(called: str) -> tuple[str, ...]:
    return tuple(title.replace("_", " ") for title in called.split())


def _runs(words: Sequence[str]) -> Iterator[str]:
    """Give the runs of a name's words."""
    for first in range(len(words)):
        for last in range(first + 1, min(first + _LONGEST, len(words)) + 1):
            yield " ".join(words[first:last])


def _compact(run: str) -> str:
    """Return a run of words as it is compared: "Hip-Hop", "hiphop" and "hip hops" are one."""
    words = run.split()
    return "".join([*words[:-1], _singular(words[-1])])


def _singular(word: str) -> str:
    if word in ("blues", "decades"):
        return word
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


_ENDINGS = ("os", "as", "es", "en", "er", "em", "e", "o", "a", "s", "n")


def _stem(word: str) -> str:
    """Return a word without the ending of its gender, number or case; short words stay as they are."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


@cache
def _concepts() -> Mapping[str, Concept]:
    """Return the concepts by phrase."""
    exact: dict[str, Concept] = {}
    for concept in CONCEPTS:
        for phrase in _phrases(concept.words):
            exact.setdefault(phrase, concept)
    return exact


@cache
def _stems() -> Mapping[str, Concept]:
    """Return the concepts by the stem of single words: "ruhiges" and "ruhig" are one, "play" and "playa" are not."""
    stems: dict[str, Concept] = {}
    for phrase, concept in _concepts().items():
        if " " not in phrase:
            stems.setdefault(_stem(phrase), concept)
    return stems


@cache
def _places() -> Mapping[str, Place]:
    found: dict[str, Place] = {}
    for where in PLACES:
        for phrase in _phrases(where.words):
            found.setdefault(phrase, where)
    return found


@cache
def _instruments() -> Mapping[str, str]:
    return {phrase: name for name, words in INSTRUMENTS.items() for phrase in _phrases(words)}


def _phrases(words: str) -> Iterator[str]:
    for word in words.replace("|", " ").split():
        yield plain_words(word.replace("_", " "))


@cache
def _run_on() -> re.Pattern[str]:
    """Return what finds the words, longest first, of scripts that put no space between."""
    aliases = [word for word in ALIASES if _CJK.search(word)]
    known = [word for word in (*_concepts(), *_places(), *_instruments(), *aliases) if _CJK.search(word)]
    particles = [word for word in FILLERS if _CJK.search(word)]
    return re.compile("|".join(sorted({*known, *particles}, key=lambda word: (-len(word), word))))


def _apart(text: str) -> str:
    """Set words apart in runs of scripts that do not."""
    return _run_on().sub(lambda found: f" {found[0]} ", text) if _CJK.search(text) else text
