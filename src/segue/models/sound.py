# SPDX-License-Identifier: Apache-2.0
"""How each track sounds: what the catalogue says of it, and where it says nothing, what its company suggests."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray
from pydantic import Field

from segue.dataset.matrices import CSR, Dataset, Vocabulary
from segue.errors import NotReady
from segue.models.model import Learned, ModelConfig

__all__ = ["SOUND", "Sound", "SoundConfig", "SoundModel"]

SOUND = (
    "energy", "valence", "tempo", "key", "mode", "danceability", "acousticness", "instrumentalness", "speechiness",
    "loudness",
)  # fmt: skip
"""What is known of a sound, a column each. All are 0–1, but for `tempo`, the logarithm to the base 2 of beats a minute;
`key`, the place on the circle of fifths from 0 (C major, A minor) to 11 (F major, D minor); `mode`, 1 major, 0 minor;
and `loudness` in dB."""

_IN_CATALOGUE = {"tempo": "tempo_bpm", "loudness": "loudness_db"}
_NEVER_GUESSED = ("key", "mode")
"""The company of a track says nothing of these."""
_ARTIST, _GENRE, _ROWS = 1.5, 5.0, 5.0
"""Of a mean over so many tracks, half is the prior."""
_SURE_OF_ARTIST, _SURE_OF_ROWS = 5.0, 50.0
"""Known tracks of an artist, and of all rows of a track, from which on a mean is believed fully."""


@dataclass(frozen=True)
class Sound:
    """How the tracks of a catalogue sound, by number."""

    values: NDArray[np.float32]
    """`float32[catalogue, len(SOUND)]`; NaN where nothing is known, nor can be guessed."""
    known: NDArray[np.bool_]
    """`bool[catalogue, len(SOUND)]`: whether the catalogue says so; what is not known is a guess."""

    @classmethod
    def unknown(cls, tracks: int) -> "Sound":
        """Return what is known of a catalogue of which nothing is known."""
        shape = tracks, len(SOUND)
        return cls(np.full(shape, np.nan, np.float32), np.zeros(shape, bool))

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        """Return one column, `float32[catalogue]`."""
        return self.values[:, SOUND.index(name)]


class SoundConfig(ModelConfig):
    """How what is missing is guessed."""

    regularization: float = Field(default=5.0, gt=0)
    """λ of the regression that weighs artist, genres and company, in tracks."""


class SoundModel(Learned):
    """Guesses what the catalogue does not say of a track from its artist, its genres, and the rows that it stands in.

    Each of these gives a mean of the tracks whose sound is known, without the track itself: an artist's is shrunk to
    that of the genres, a genre's and a row's (of a playlist, of a listener) to that of all. A ridge regression, learned
    on the tracks that are known, weighs the three, with the artist's and the rows' once more by how much they rest on.
    A guess lies between the extremes of what is known.
    """

    name = "sound"
    learned: ClassVar[tuple[str, ...]] = ("values", "known", "explained")
    Config = SoundConfig
    config: SoundConfig
    values: NDArray[np.float32]
    """`float32[n, len(SOUND)]`."""
    known: NDArray[np.bool_]
    """`bool[n, len(SOUND)]`."""
    explained: NDArray[np.float32]
    """`float32[len(SOUND)]`: share of the variance of what is known that guesses without the track itself explain
    (R²); NaN where nothing is guessed."""

    def vocabulary(self, data: Dataset) -> Vocabulary:
        """Return the whole catalogue, played or not."""
        return data.items if data.catalogue is None else data.catalogue

    def fit(self, data: Dataset, *, seed: int) -> None:  # noqa: ARG002 (nothing is random)
        """Take what is said, and guess the rest.

        Raises:
            NotReady: The catalogue says nothing of how any track sounds.
        """
        known, content = self.vocabulary(data), data.content
        said = np.full((len(known), len(SOUND)), np.nan, np.float32) if content is None else _said(content)
        self.known = np.isfinite(said)
        if not self.known.any():
            raise NotReady("sound: the catalogue says nothing of tempo, energy or key; `segue import catalogue` does")
        self.values, self.explained = said, np.full(len(SOUND), np.nan, np.float32)
        guessed = [
            place for place, name in enumerate(SOUND) if name not in _NEVER_GUESSED and self.known[:, place].any()
        ]
        present = self.known[:, guessed].astype(np.float32)
        mean = np.nansum(said[:, guessed], axis=0) / present.sum(axis=0)
        away = np.where(present > 0, said[:, guessed] - mean, 0).astype(np.float32)
        genres = _Groups(_of_genres(content, len(known)))
        nothing = np.zeros_like(away)
        by_genre, _ = genres.means(away, present, nothing, _GENRE)
        by_artist, tracks = _Groups(_of_artists(known)).means(away, present, by_genre, _ARTIST)
        by_rows, rows = _Groups(_of_rows(data, known)).means(away, present, nothing, _ROWS)
        for column, place in enumerate(guessed):
            sure = np.minimum(tracks[:, column] / _SURE_OF_ARTIST, 1), np.minimum(rows[:, column] / _SURE_OF_ROWS, 1)
            told = np.stack(
                [
                    by_genre[:, column],
                    by_artist[:, column],
                    by_rows[:, column],
                    by_artist[:, column] * sure[0],
                    by_rows[:, column] * sure[1],
                ],
                axis=1,
            )
            here = present[:, column] > 0
            guess, self.explained[place] = self._weighed(told, away[:, column], here)
            least, most = said[here, place].min(), said[here, place].max()
            self.values[~here, place] = np.clip(guess[~here] + mean[column], least, most)

    def _weighed(
        self, told: NDArray[np.float32], away: NDArray[np.float32], here: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], float]:
        """Return a guess for every track, and what share of the variance of the known ones it explains."""
        known, wanted = told[here].astype(np.float64), away[here].astype(np.float64)
        gram = known.T @ known
        gram[np.diag_indices_from(gram)] += self.config.regularization * (gram.trace() / max(len(known), 1) + 1e-9)
        guess: NDArray[np.float32] = (told @ np.linalg.solve(gram, known.T @ wanted)).astype(np.float32)
        spread = float((wanted**2).sum())
        return guess, 1 - float(((wanted - guess[here]) ** 2).sum()) / spread if spread > 0 else 0.0

    def bound(self, index: NDArray[np.int32]) -> Sound:
        """Return what is known by the numbers of a catalogue.

        Args:
            index: `int32[catalogue]`: the item of each number, -1 for none.
        """
        sound = Sound.unknown(len(index))
        there = index >= 0
        sound.values[there], sound.known[there] = self.values[index[there]], self.known[index[there]]
        return sound


class _Groups:
    """Means over groups of tracks, as each track sees them: without itself."""

    def __init__(self, members: CSR):
        """Take `float32[G, n]`, 1 where a group holds a track."""
        self._members = members
        self._turned: Any = members.T.tocsr()
        self._counts = np.diff(self._turned.indptr).astype(np.float32)

    def means(
        self, away: NDArray[np.float32], present: NDArray[np.float32], prior: NDArray[np.float32], shrinkage: float
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the mean of each track's groups, shrunk to the prior, and how much it rests on.

        A group's mean for a track it holds is `(S - x + s · prior) / (N - 1 + s)` where the track's own x is among the
        N known ones that add up to S, and `(S + s · prior) / (N + s)` where it is not.

        Args:
            away: `float32[n, d]`: distances from the mean of all, 0 where not known.
            present: `float32[n, d]`: 1 where known.
            prior: `float32[n, d]`.
            shrinkage: s.

        Returns:
            `float32[n, d]` means, the prior where a track is in no group; `float32[n, d]`: known tracks of its groups,
            itself left out.
        """
        sums, counts = self._members @ away, self._members @ present
        others = np.maximum(counts - 1, 0)
        shares, shares_without = 1 / (counts + shrinkage), 1 / (others + shrinkage)
        taken = self._turned @ np.hstack([sums * shares, shares, sums * shares_without, shares_without, counts])
        whole, weight, rest, weight_without, support = np.split(taken, 5, axis=1)
        mine = present > 0
        total = np.where(mine, rest - away * weight_without, whole)
        priors = shrinkage * prior * np.where(mine, weight_without, weight)
        groups = self._counts[:, None]
        mean = np.where(groups > 0, (total + priors) / np.maximum(groups, 1), prior)
        return mean.astype(np.float32), np.maximum(support - present * groups, 0).astype(np.float32)


def _said(content: pl.DataFrame) -> NDArray[np.float32]:
    """Return what the catalogue says, `float32[n, len(SOUND)]`, NaN where it says nothing."""
    columns = {name: content[_IN_CATALOGUE.get(name, name)].cast(pl.Float32).to_numpy() for name in SOUND}
    tempo = columns["tempo"]
    with np.errstate(divide="ignore", invalid="ignore"):
        columns["tempo"] = np.where(tempo > 0, np.log2(tempo), np.nan).astype(np.float32)
    relative = np.where(columns["mode"] == 0, columns["key"] + 3, columns["key"])  # A minor has the notes of C major
    columns["key"] = np.mod(7 * relative, 12).astype(np.float32)
    return np.stack([columns[name] for name in SOUND], axis=1)


def _of_genres(content: pl.DataFrame | None, n: int) -> CSR:
    if content is None:
        return _matrix(np.zeros(0, np.int64), np.zeros(0, np.int64), n)
    listed = content.with_row_index("item").select("item", pl.col("genres").list.eval(pl.element().str.to_lowercase()))
    pairs = listed.explode("genres", empty_as_null=False).drop_nulls().unique(maintain_order=True)
    return _matrix(pairs["genres"].rank("dense").to_numpy().astype(np.int64) - 1, pairs["item"].to_numpy(), n)


def _of_artists(known: Vocabulary) -> CSR:
    return _matrix(known.artists, np.arange(len(known)), len(known))


def _of_rows(data: Dataset, known: Vocabulary) -> CSR:
    """Return the rows of listeners and playlists over the whole catalogue."""
    heard = data.stacked()
    inside = known.index[data.items.numbers]
    rows = np.repeat(np.arange(heard.shape[0]), np.diff(heard.indptr))
    return _matrix(rows, inside[heard.indices], len(known), heard.shape[0])


def _matrix(groups: NDArray[Any], items: NDArray[Any], n: int, size: int | None = None) -> CSR:
    size = int(groups.max(initial=-1)) + 1 if size is None else size
    return sp.csr_matrix((np.ones(len(items), np.float32), (groups, items)), shape=(size, n))
