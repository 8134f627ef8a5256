# SPDX-License-Identifier: Apache-2.0
"""Tracks that nobody has played yet, placed among the played ones by what is said of them."""

from typing import Any, ClassVar, TypeAlias

import numpy as np
import polars as pl
import scipy.linalg
import scipy.sparse as sp
from numba import get_num_threads
from numpy.typing import NDArray
from pydantic import Field, field_validator
from threadpoolctl import threadpool_limits

from segue.catalog.names import artist_key, title_key
from segue.dataset.matrices import CSR, Dataset, Vocabulary
from segue.errors import NotReady
from segue.kernels.products import best_products
from segue.kernels.ragged import Ragged, offsets_of, row_numbers, take_rows
from segue.models.als import ImplicitALS, ImplicitALSConfig
from segue.models.model import Model, ModelConfig, Ranked

__all__ = ["Content", "ContentConfig"]

Rows: TypeAlias = NDArray[np.int64]
Factors: TypeAlias = NDArray[np.float32]

_NOISE = 0.01
_CHUNK_ROWS = 8192
_FEATURING = r"(?i)(?:\bfeat\.?|\bft\.?|\bfeaturing|[(\[]\s*with)\s+([^)\]]+)"
_BRACKETED = r"\s-\s.*$|[(\[].*$"
"""What follows a title proper: an edition, a version, guests."""
_ARTIST, _GENRE, _TWIN, _TITLE, _GUEST = 10.0, 30.0, 5.0, 5.0, 3.0
"""Shrinkage of each mean, in square roots of rows."""


class ContentConfig(ModelConfig):
    """The space that tracks are placed in, and how their places are learned."""

    als: ImplicitALSConfig = ImplicitALSConfig()
    """The factorization of what was played."""
    cold_only: bool = True
    """Whether only tracks that nobody has played are proposed; the other models know the rest."""
    same_artist: float = Field(default=0.2, ge=0, le=10)
    """Bonus of a track whose artist is in the history, in mean scores of the history: times log(1 + tracks of it)."""
    regularization: float = Field(default=30.0, gt=0)
    """λ of the map from content to factors, in tracks."""
    common: int = Field(default=100, ge=1)
    """In how many played tracks a title word, genre, key, mode or year stands to weigh of its own."""
    columns: int = Field(default=1500, ge=0, le=20_000)
    """How many of these weigh at most, most common first."""

    @field_validator("als")
    @classmethod
    def _without_artists(cls, als: ImplicitALSConfig) -> ImplicitALSConfig:
        if als.artists:
            raise ValueError("als.artists must be 0 here: artists are counted by same_artist")
        return als


class Content(Model):
    """Maps what is said of a track to its factors (Gantner et al. 2010, "Learning Attribute-to-Feature Mappings").

    Played tracks have factors by `ImplicitALS`; a ridge regression learns them from artist, genres, title and sound, as
    van den Oord, Dieleman, Schrauwen 2013 do from audio, and gives the others theirs. Most is told by the factors of
    other tracks: of the same artist, genres, song, title and guests. While learning, a track's own factors are left out
    of these means, so that played tracks stand as unplayed ones will (the aim of the dropout of Volkovs, Yu, Poutanen
    2017, "DropoutNet"). A track of which nothing is known has no factors, and is proposed
    only where its artist is in the history.

    Histories are folded in by the factorization, whether their tracks were played before or not.
    """

    name = "content"
    learned: ClassVar[tuple[str, ...]] = (
        "factors", "spectrum", "damping", "played", "artists", "artist_offsets", "artist_items",
    )  # fmt: skip
    Config = ContentConfig
    config: ContentConfig
    factors: NDArray[np.float32]
    """`float32[n, starts · f]`: learned where played, else mapped from content; zero where nothing is known."""
    spectrum: NDArray[np.float32]
    """`float32[starts · f]`: as in `ImplicitALS`, of the played tracks."""
    damping: NDArray[np.float32]
    """`float32[1]`: as in `ImplicitALS`."""
    played: NDArray[np.bool_]
    """`bool[n]`: whether the other models know the track."""
    artists: NDArray[np.int32]
    """`int32[n]`: the artist of each item."""
    artist_offsets: NDArray[np.int64]
    """`int64[A + 1]` of `artist_items`."""
    artist_items: NDArray[np.int32]
    """`int32[n]`: the items of each artist, end to end."""

    def vocabulary(self, data: Dataset) -> Vocabulary:
        """Return the whole catalogue, played or not."""
        return data.items if data.catalogue is None else data.catalogue

    def fit(self, data: Dataset, *, seed: int) -> None:
        """Factorize, learn the map from the played tracks, and place the others."""
        config, known = self.config, self.vocabulary(data)
        matrix = data.stacked(config.als.rows)
        if matrix.nnz == 0:
            raise NotReady(f"content: the dataset has no {' or '.join(config.als.rows)}")
        als = ImplicitALS(config.als)
        als.fit(data, seed=seed)
        _, place, item = np.intersect1d(known.numbers, data.items.numbers, assume_unique=True, return_indices=True)
        self.factors = np.zeros((len(known), als.factors.shape[1]), np.float32)
        self.factors[place] = als.factors[item]
        self.spectrum, self.damping = als.spectrum, als.damping
        self.played = np.zeros(len(known), bool)
        self.played[place] = True
        self.artists = known.artists
        self.artist_offsets = offsets_of(np.bincount(known.artists))
        self.artist_items = np.argsort(known.artists, kind="stable").astype(np.int32)
        weight = np.zeros(len(known), np.float32)
        weight[place] = np.sqrt(np.bincount(matrix.indices, minlength=matrix.shape[1]))[item]
        cold = np.flatnonzero(weight == 0)
        if len(cold):
            with threadpool_limits(get_num_threads(), "blas"):
                features = _Features(known, data.content, self.factors, weight, config)
                self.factors[cold] = _mapped(features, cold, self.factors, weight, config.regularization)

    def recommend(self, history: Ragged, exclude: Ragged, k: int, *, parallel: bool = False) -> Ranked:
        """Fold the histories in and rank by inner product and artist; as with `ImplicitALS`, noise is left out."""
        als = self._als()
        folded = als.fold_in(history, parallel=parallel)
        own = self._own_scores(als, history)
        artists = self._artists_of(history, own)
        offsets, index = take_rows(self.artist_offsets, artists.values)
        bonus = Ragged(offsets[artists.offsets], self.artist_items[index], artists.weights[row_numbers(offsets)])
        barred = ~self._proposed()
        items, scores = best_products(folded, self.factors, exclude, k, added=bonus, barred=barred, parallel=parallel)
        noise = (scores < _NOISE * own[:, None]) | (own <= 0)[:, None]
        items[noise], scores[noise] = -1, -np.inf
        return items, scores

    def score(self, history: Ragged, items: Ragged) -> NDArray[np.float32]:
        """Score chosen items as `recommend` does; NaN for what it would not propose."""
        als = self._als()
        own = self._own_scores(als, history)
        artists = self._artists_of(history, own)
        size = len(self.artist_offsets) - 1
        pairs = np.append(row_numbers(artists.offsets) * size + artists.values, -1)
        asked = row_numbers(items.offsets) * size + self.artists[items.values]
        place = np.searchsorted(pairs[:-1], asked)
        added = np.where(pairs[place] == asked, np.append(artists.weights, 0)[place], 0)
        scores = als.score(history, items) + added.astype(np.float32)
        placed = self.factors[items.values].any(axis=1) | (added > 0)
        scores[~(self._proposed()[items.values] & placed)] = np.nan
        return scores

    def contributions(self, history: Ragged, items: NDArray[np.int32]) -> NDArray[np.float32]:
        """Split the inner products as `ImplicitALS` does, and each artist's bonus over the artist's tracks."""
        als = self._als()
        artists = self.artists[history.values]
        liked = np.maximum(history.weights, 0)
        heard = np.bincount(artists, liked, len(self.artist_offsets) - 1)[artists]
        own = self._own_scores(als, Ragged(np.array([0, len(artists)]), history.values, history.weights))
        bonus = own[0] * self.config.same_artist * np.log1p(heard) * liked / np.maximum(heard, 1e-9)
        shared = artists[:, None] == self.artists[items]
        shares: NDArray[np.float32] = (als.contributions(history, items) + shared * bonus[:, None]).astype(np.float32)
        return shares

    def _als(self) -> ImplicitALS:
        """Return the factorization over the whole catalogue; it shares the arrays."""
        als = ImplicitALS(self.config.als)
        als.restore(
            {
                "factors": self.factors,
                "spectrum": self.spectrum,
                "damping": self.damping,
                "artist_rows": np.zeros(0, np.int32),  # `same_artist` counts artists
            }
        )
        return als

    def _proposed(self) -> NDArray[np.bool_]:
        """Mark the items that may be proposed: `bool[n]`."""
        return ~self.played if self.config.cold_only else np.ones(len(self.played), bool)

    def _own_scores(self, als: ImplicitALS, history: Ragged) -> NDArray[np.float32]:
        """Return `float32[Q]`: the mean score of what each history likes, 0 where nothing is known of it."""
        liked = history.keep(history.weights > 0)
        scores = np.nan_to_num(als.score(history, liked))
        total = np.bincount(row_numbers(liked.offsets), scores, len(liked))
        return (total / np.maximum(np.diff(liked.offsets), 1)).astype(np.float32)

    def _artists_of(self, history: Ragged, own: NDArray[np.float32]) -> Ragged:
        """Return the artists that each history likes, weighted by the bonus of their tracks."""
        liked = history.keep(history.weights > 0)
        size = len(self.artist_offsets) - 1
        pairs, entry = np.unique(row_numbers(liked.offsets) * size + self.artists[liked.values], return_inverse=True)
        rows, artists = pairs // size, (pairs % size).astype(np.int32)
        heard = np.log1p(np.bincount(entry, liked.weights, len(pairs)))
        bonus = (self.config.same_artist * own[rows] * heard).astype(np.float32)
        return Ragged(offsets_of(np.bincount(rows, minlength=len(history))), artists, bonus)


def _mapped(
    features: "_Features", cold: Rows, factors: Factors, weight: NDArray[np.float32], regularization: float
) -> Factors:
    """Learn the ridge regression of the played tracks' factors on their features; return the factors of `cold`."""
    warm = np.flatnonzero(weight)
    dense, size = features.width, features.width + features.columns.shape[1]
    gram = np.zeros((size, size))
    right = np.zeros((size, factors.shape[1]))
    for rows in _chunks(warm):
        means, columns = features.means(rows), features.columns[rows]
        weighted: NDArray[np.float32] = means * weight[rows, None]
        target = factors[rows] * weight[rows, None]
        gram[:dense, :dense] += weighted.T @ means
        gram[dense:, :dense] += columns.T @ weighted
        gram[dense:, dense:] += (columns.T @ sp.diags(weight[rows]) @ columns).toarray()
        right[:dense] += means.T @ target
        right[dense:] += columns.T @ target
    scale = 1 / np.sqrt(np.maximum(gram.diagonal(), 1e-9))
    gram *= scale * scale[:, None]
    gram[np.diag_indices(size)] += regularization / len(warm)
    solved = scipy.linalg.cho_solve(scipy.linalg.cho_factor(gram, lower=True, overwrite_a=True), right * scale[:, None])
    learned = (solved * scale[:, None]).astype(np.float32)
    mapped = [
        (features.means(rows) @ learned[:dense] + features.columns[rows] @ learned[dense:]) * features.known[rows, None]
        for rows in _chunks(cold)
    ]
    return np.concatenate(mapped)


def _chunks(rows: Rows) -> list[Rows]:
    return [rows[first : first + _CHUNK_ROWS] for first in range(0, len(rows), _CHUNK_ROWS)]


class _Features:
    """What is known of each track of a catalogue, as numbers: means of other tracks' factors, and sparse columns."""

    def __init__(
        self,
        known: Vocabulary,
        content: pl.DataFrame | None,
        factors: Factors,
        weight: NDArray[np.float32],
        config: ContentConfig,
    ):
        n = len(known)
        by = _one_hot(np.arange(n), known.artists, (n, int(known.artists.max()) + 1))
        self._mean = (weight @ factors / weight.sum()).astype(np.float32)
        self._artist = _Group(by, by, factors, weight, _ARTIST)
        self._genre: _Group | None = None
        self._others: list[_Group] = []
        self.columns: CSR = _one_hot(np.zeros(0, int), np.zeros(0, int), (n, 0))
        if content is not None:
            content = content.with_row_index("item")
            played = weight > 0
            genres, twins, titles = (_matrix(pairs, n) for pairs in (_genres(content), *_titles(content, known)))
            guests = _guests(content, known, by.shape[1])
            self._genre = _Group(genres, genres, factors, weight, _GENRE)
            self._others = [
                _Group(twins, twins, factors, weight, _TWIN),
                _Group(titles, titles, factors, weight, _TITLE),
                _Group(guests, by, factors, weight, _GUEST),
            ]
            common = _matrix(_common(_tokens(content), played, config), n)
            self.columns = sp.hstack([common, _sound(content, played)], format="csr", dtype=np.float32)
        self._groups = [self._artist, *([] if self._genre is None else [self._genre]), *self._others]
        self.known = np.diff(self.columns.indptr) > 0
        for group in self._groups:
            self.known |= group.support > 0
        self.width = len(self._groups) * (factors.shape[1] + 2) + 1

    def means(self, rows: Rows) -> NDArray[np.float32]:
        """Return `float32[len(rows), width]`: mean factors of each kind of group, how much they rest on, and 1."""
        genre = self._mean if self._genre is None else self._genre.means(rows, self._mean)
        parts = [] if self._genre is None else [genre]
        parts += [self._artist.means(rows, genre), *(group.means(rows, np.float32(0)) for group in self._others)]
        for group in self._groups:
            support = group.support[rows, None]
            parts += [np.log1p(support), support > 0]
        return np.hstack([*parts, np.ones((len(rows), 1))], dtype=np.float32, casting="unsafe")


class _Group:
    """Mean factors of groups of tracks (an artist's, a genre's), as each track sees them: without itself."""

    def __init__(self, asked: CSR, made_of: CSR, factors: Factors, weight: NDArray[np.float32], shrinkage: float):
        """Sum the groups.

        Args:
            asked: `float32[n, G]`, 1 where a track asks a group.
            made_of: `float32[n, G]`, 1 where a track belongs to it; the same matrix, or no track asks its own group.
            factors: `float32[n, f]`.
            weight: `float32[n]`, 0 of tracks without factors.
            shrinkage: Of a mean of this weight, half is the prior.
        """
        counts = made_of.T @ weight
        kept = np.flatnonzero(counts)
        itself = asked is made_of
        asked, made_of, counts = asked[:, kept], made_of[:, kept], counts[kept]
        self._factors = factors
        self._sums = (made_of.T @ sp.diags(weight)).tocsr() @ factors
        rows = np.repeat(np.arange(asked.shape[0]), np.diff(asked.indptr))
        own = weight[rows] if itself else np.zeros(len(rows), np.float32)
        others = np.maximum(counts[asked.indices] - own, 0)
        shares = (1 / (others + shrinkage) / np.maximum(np.diff(asked.indptr), 1)[rows]).astype(np.float32)
        self._asked = sp.csr_matrix((shares, asked.indices, asked.indptr), shape=asked.shape)
        self._own, self._rest, self.support = (
            np.bincount(rows, values, asked.shape[0]).astype(np.float32)
            for values in (shares * own, shares * others, others)
        )

    def means(self, rows: Rows, prior: Any) -> NDArray[np.float32]:
        """Return `float32[len(rows), f]`: the mean over the groups of each track, shrunk to the prior."""
        sums: NDArray[np.float32] = self._asked[rows] @ self._sums
        sums -= self._own[rows, None] * self._factors[rows]
        sums += (1 - self._rest[rows, None]) * prior
        return sums


def _one_hot(items: NDArray[Any], columns: NDArray[Any], shape: tuple[int, int]) -> CSR:
    matrix = sp.csr_matrix((np.ones(len(items), np.float32), (items, columns)), shape=shape)
    matrix.sort_indices()
    return matrix


def _matrix(pairs: pl.DataFrame, n: int) -> CSR:
    """Return `float32[n, G]` of pairs of an item and a name, each pair once: 1 where the item has the name."""
    columns = pairs["name"].rank("dense").to_numpy().astype(np.int64) - 1
    return _one_hot(pairs["item"].to_numpy(), columns, (n, int(columns.max(initial=-1)) + 1))


def _genres(content: pl.DataFrame) -> pl.DataFrame:
    genres = content.select("item", pl.col("genres").alias("name")).explode("name")
    return genres.with_columns(pl.col("name").str.to_lowercase()).drop_nulls().unique()


def _titles(content: pl.DataFrame, known: Vocabulary) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the song of each track, by its artist and by anyone."""
    proper = pl.col("title").str.replace(_BRACKETED, "")
    song = title_key(pl.when(proper.str.strip_chars() == "").then("title").otherwise(proper))
    titles = content.select("item", song.alias("name"), pl.Series("artist", known.artists)).drop_nulls()
    return titles.select("item", pl.struct("artist", "name").alias("name")), titles.select("item", "name")


def _guests(content: pl.DataFrame, known: Vocabulary, artists: int) -> CSR:
    """Return `float32[n, artists]`: 1 where a title names the artist as a guest."""
    if known.artist_names is None:
        return _one_hot(np.zeros(0, int), np.zeros(0, int), (len(known), artists))
    key = artist_key(pl.col("name")).alias("key")
    numbered = known.artist_names.alias("name").to_frame().with_row_index("artist")
    named = numbered.drop_nulls().select("artist", key).unique("key", keep="first", maintain_order=True)
    guests = pl.col("title").str.extract(_FEATURING).str.replace(r"\s-\s.*$", "")
    each = guests.str.replace_all(r"\s*(?:,|&|\+|\sand\s)\s*", "\n").str.split("\n").alias("name")
    listed = content.select("item", each).explode("name").drop_nulls().with_columns(key)
    found = listed.join(named, on="key").select("item", "artist").unique()
    return _one_hot(found["item"].to_numpy(), found["artist"].to_numpy(), (len(known), artists))


def _tokens(content: pl.DataFrame) -> pl.DataFrame:
    """Return what may have a column of its own: words, genres, key, mode and years of release, five at a time."""
    words = pl.col("title").str.to_lowercase().str.extract_all(r"[\p{L}\p{N}]+")
    told = {
        "word": content.select("item", words.alias("name")).explode("name"),
        "genre": _genres(content),
        "key": content.select("item", pl.col("key").alias("name")),
        "mode": content.select("item", pl.col("mode").alias("name")),
        "year": content.select("item", (pl.col("year").clip(1950) // 5).alias("name")),
    }
    named = [
        pairs.select("item", pl.concat_str(pl.lit(f"{kind} "), "name").alias("name")) for kind, pairs in told.items()
    ]
    return pl.concat(named).drop_nulls().unique()


def _common(tokens: pl.DataFrame, played: NDArray[np.bool_], config: ContentConfig) -> pl.DataFrame:
    counts = tokens.filter(pl.Series(played[tokens["item"].to_numpy()])).group_by("name").len()
    enough = counts.filter(pl.col("len") >= config.common).sort("len", "name", descending=[True, False])
    return tokens.join(enough.head(config.columns), on="name", how="semi")


def _sound(content: pl.DataFrame, played: NDArray[np.bool_]) -> CSR:
    """Return `float32[n, 6]`: energy, valence and tempo in standard deviations of the played tracks', and if known."""
    columns = []
    for name in ("energy", "valence", "tempo_bpm"):
        values = content[name].to_numpy().astype(np.float64)
        present = np.isfinite(values)
        heard = values[present & played]
        spread = heard.std() if len(heard) else 0
        centred = (values - heard.mean()) / spread if spread > 0 else values * 0
        columns += [np.where(present, centred, 0), present]
    return sp.csr_matrix(np.stack(columns, axis=1).astype(np.float32))
