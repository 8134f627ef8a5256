# SPDX-License-Identifier: Apache-2.0
"""A theme: what words such as "rainy sunday jazz" ask of each track."""

from dataclasses import dataclass

__all__ = ["Aim", "Fact", "Relaxed", "Side", "Tag", "Theme", "Understood"]


@dataclass(frozen=True, slots=True)
class Aim:
    """Tracks on one side of a sound's distribution: energy above the 0.7 quantile of the catalogue, for instance.

    Quantiles and not values, for what counts as loud or fast differs from one catalogue, and one meter, to another.
    """

    column: str
    """Of `models.sound.SOUND`, not key, mode or tempo in beats."""
    above: bool
    quantile: float
    """0–1, within what the catalogue knows."""


@dataclass(frozen=True, slots=True)
class Side:
    """Tracks that playlists of some titles hold, and those of others do not: "calm", and not "party"."""

    towards: tuple[str, ...]
    """Titles."""
    against: tuple[str, ...] = ()
    """Titles of the opposite; none: all that there is."""
    height: float = 1.0
    """Standard scores above the mean at which a track is let in by half."""


@dataclass(frozen=True, slots=True)
class Tag:
    """Tracks that carry one of some marks: all genres with the word "indie", or everything sung in Spanish."""

    kind: str
    """A key of `catalog.traits.Traits.marks`, the kind that the words were read as."""
    word: str
    """In the listener's spelling."""
    marks: tuple[tuple[str, int], ...]
    """Kinds and numbers of marks: having one is enough."""
    wanted: bool = True
    """Whether tracks are to have it or not to have it."""
    near: Side | None = None
    """Whose company is as good as having it."""


@dataclass(frozen=True, slots=True)
class Understood:
    """Some words of the text, and what they were taken for."""

    words: str
    kind: str
    """mood, activity, occasion, day part, weekday, season, sound, tempo, years, language, region, genre,
    instrument, artist, or learned: known from titles of playlists alone."""
    aims: tuple[Aim, ...] = ()
    """What it asks of the sound."""
    turned: bool = False
    """Whether it is not to be so."""
    value: str = ""
    """Years or beats a minute, in numbers."""
    meant: str = ""
    """What it is spelt like, where it was taken for a word that it is not; "": it is spelt so."""
    marked: bool = True
    """Whether the catalogue has tracks that are marked so, where it is for marks to tell."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that was asked for and is true of a track."""

    kind: str
    """As `Understood.kind`."""
    words: str
    """The asker's; of years and tempo, numbers."""
    turned: bool = False
    """Whether it is true that it is not so."""


@dataclass(frozen=True, slots=True)
class Relaxed:
    """Something that was asked for and cannot hold."""

    code: str
    """unsure: it is not known of every track that is let in; cannot: it is let go."""
    kind: str
    """As `Understood.kind`."""
    words: str
    """As `Fact.words`."""
    count: int
    """Tracks known to be all that is asked."""
    turned: bool = False
    """Whether it was not to be so."""


@dataclass(frozen=True, slots=True)
class Theme:
    """What a text asks. Nothing in it: nothing was understood."""

    text: str
    aims: tuple[Aim, ...] = ()
    pace: tuple[float, float] | None = None
    """Beats a minute that suit, as a wish: running is 150–180."""
    tempo: tuple[float, float] | None = None
    """Beats a minute, asked for with a number."""
    years: tuple[int, int] | None = None
    """First and last year of release."""
    era: Side | None = None
    """What playlists of these years are called."""
    tags: tuple[Tag, ...] = ()
    leaning: tuple[str, ...] = ()
    """Genres that suit the mood without being asked for: ambient, for sleep."""
    titles: tuple[str, ...] = ()
    """What playlists of such music are called: what the learned map of titles is asked beside the text itself."""
    sides: tuple[Side, ...] = ()
    """What playlists of its moods, occasions and instruments are called, and those of their opposites."""
    arc: str | None = None
    """How energetic the list is from its first track to its last; None: the words say nothing of it."""
    understood: tuple[Understood, ...] = ()
    unknown: tuple[str, ...] = ()
    """Words that neither a rule nor a title knows."""

    @property
    def ruled(self) -> bool:
        """Whether any rule says which tracks fit."""
        return bool(self.aims or self.pace or self.tempo or self.years or self.tags or self.leaning or self.sides)

    @property
    def empty(self) -> bool:
        """Whether nothing was understood."""
        return not self.understood
