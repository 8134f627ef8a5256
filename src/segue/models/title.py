# SPDX-License-Identifier: Apache-2.0
"""What a playlist's title asks for: tracks for words, parts of words, emoji and names of artists."""

import re
import unicodedata
from collections.abc import Sequence
from hashlib import blake2b
from typing import ClassVar

import numpy as np
import scipy.linalg
import scipy.sparse as sp
from numba import get_num_threads
from numpy.typing import NDArray
from pydantic import Field
from threadpoolctl import threadpool_limits

from segue.dataset.matrices import Dataset, Interactions, Vocabulary
from segue.errors import NotReady
from segue.kernels.products import best_products
from segue.kernels.ragged import Ragged, offsets_of, row_numbers, take_rows
from segue.models.als import ImplicitALS, ImplicitALSConfig
from segue.models.model import Learned, ModelConfig, Ranked

__all__ = ["TitleConfig", "TitleModel", "plain_words"]

_READ = 200
"""Characters of a title that are looked at."""
_GRAMS = (3, 4, 5)
"""Characters of the parts of words."""
_LONGEST_NAME = 5
"""Words of a title that are looked up together as an artist's name."""
_CHUNK_BYTES = 256 << 20
_WORD, _GRAM, _NAME = b"word", b"gram", b"name"
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u20e3\ufe00-\ufe0f]")
"""Marks of Latin, Greek and Cyrillic, points of Hebrew and Arabic, and what chooses the look of an emoji."""


class TitleConfig(ModelConfig):
    """The space of tracks that titles lead into, and how freely they do."""

    als: ImplicitALSConfig = ImplicitALSConfig(iterations=10)
    """The factorization that places tracks and playlists."""
    regularization: float = Field(default=4.0, gt=0)
    """λ of the map from titles to places."""
    bonus: float = Field(default=1.0, ge=0)
    """Added to the favourite track of an artist whose name is the whole title; of half the title's words, a quarter."""
    name_rows: int = Field(default=3, ge=1)
    """How often an artist's tracks must stand in rows for the name to count."""
    most_titles: int = Field(default=20_000, ge=1, le=100_000)
    """Distinct titles that are learned from, of the most tracks; memory grows with the square (20 000: 1.6 GB)."""


class TitleModel(Learned):
    """Ridge regression from a title's TF-IDF to the factors of the playlists that bear it.

    A title is two sets: its words, each emoji being one, and its character n-grams, which find typing errors, plurals
    and compounds. Both are weighted by TF-IDF (Salton & Buckley 1988, "Term-weighting approaches in automatic text
    retrieval") and have the same length, features that nobody has used included: a title that is mostly unknown says
    little. What it says is a point of the space of an ALS factorization (Gantner et al. 2010, "Learning
    attribute-to-feature mappings for cold-start recommendations"), added to the mean playlist; tracks are ranked by
    inner product. Tracks of artists whom the title names earn a bonus on top. The task, and how it is measured, are
    those of the RecSys Challenge 2018 (Chen, Lamere, Schedl, Zamani).

    Playlists whose titles have the same words are one row of the regression, weighted by their number; the solution
    is that of all of them. Words, n-grams and names are kept as 64-bit hashes, not as text.
    """

    name = "title"
    learned: ClassVar[tuple[str, ...]] = (
        "factors",
        "mean",
        "features",
        "rarity",
        "rarest",
        "weights",
        "names",
        "name_offsets",
        "name_items",
        "name_shares",
    )
    Config = TitleConfig
    config: TitleConfig
    factors: NDArray[np.float32]
    """`float32[n, f]`: the items' factors."""
    mean: NDArray[np.float32]
    """`float32[f]`: the mean playlist's factors."""
    features: NDArray[np.uint64]
    """`uint64[F]`, sorted: the hashes of all words and n-grams of titles."""
    rarity: NDArray[np.float32]
    """`float32[F]`: the inverse document frequency of each."""
    rarest: NDArray[np.float32]
    """`float32[1]`: that of what only one title has, and of what none has."""
    weights: NDArray[np.float32]
    """`float32[F, f]`: where each leads, from the mean."""
    names: NDArray[np.uint64]
    """`uint64[A]`, sorted: the hashes of artists' names."""
    name_offsets: NDArray[np.int64]
    """`int64[A + 1]`: name a is of the items `name_items[name_offsets[a]:name_offsets[a + 1]]`."""
    name_items: NDArray[np.int32]
    """`int32[m]`."""
    name_shares: NDArray[np.float32]
    """`float32[m]`: the root of each item's plays, as a share of its artist's favourite."""

    def fit(self, data: Dataset, *, seed: int) -> None:
        """Factorize, fold each title's playlists in, and regress.

        Raises:
            NotReady: No playlist with a track has a title with a word or emoji.
        """
        titles, rows, title_of = _merged(data.playlists, self.config.most_titles)
        if not titles:
            raise NotReady("title: the dataset has no playlists with titles; `segue import` brings some")
        space = ImplicitALS(self.config.als)
        space.fit(data, seed=seed)
        self.factors = space.item_factors
        heard = data.stacked(self.config.als.rows).indices
        self._learn_names(data.items, np.bincount(heard, minlength=len(data.items)))
        counts = np.bincount(title_of)
        self._learn_rarity(titles, counts)
        sums = _summed(space, data, rows, title_of)
        mean = sums.sum(axis=0) / counts.sum()
        self.mean = mean.astype(np.float32)
        self._learn_weights(titles, counts, (sums / counts[:, None] - mean).astype(np.float32))

    def recommend(
        self, titles: Sequence[str | tuple[str, ...]], exclude: Ragged, k: int, *, parallel: bool = False
    ) -> Ranked:
        """Rank the k best items for each title; none for one without a known word, n-gram or name.

        Args:
            titles: Q texts; several in a tuple are ways to say one thing: the mean of where they lead is where it lies,
                and artists are those whom the first names.
            exclude: Q rows of items that must not be returned.
            k: How many a row.
            parallel: Use all threads (jobs) or one (requests).
        """
        places, named = self._understood(titles)
        return best_products(places, self.factors, exclude, k, added=named, parallel=parallel)

    def score(self, titles: Sequence[str | tuple[str, ...]], items: Ragged) -> NDArray[np.float32]:
        """Score chosen items for each title, as `recommend` would: `float32[n]` beside the n values of `items`.

        NaN where the title says nothing at all.
        """
        places, named = self._understood(titles)
        rows = row_numbers(items.offsets)
        scores: NDArray[np.float32] = np.einsum("if,if->i", places[rows], self.factors[items.values])
        for row in np.flatnonzero(np.diff(named.offsets)).tolist():
            bonus = np.zeros(len(self.factors), np.float32)
            bonus[named.row(row)] = named.weights[named.offsets[row] : named.offsets[row + 1]]
            scores[items.offsets[row] : items.offsets[row + 1]] += bonus[items.row(row)]
        return scores

    def knows(self, words: Sequence[str], least: int = 1) -> NDArray[np.bool_]:
        """Mark the words, as `plain_words` spells them, that stand in so many titles that were learned from."""
        at = _found(self.features, np.array([_hash(_WORD, word) for word in words], np.uint64))
        rarest = self.rarest[0] + np.log(np.float32(2 / (1 + least)))  # of what stands in so many
        known: NDArray[np.bool_] = (at >= 0) & (self.rarity[at] <= rarest + 1e-4) if len(self.rarity) else at >= 0
        return known

    def apart(self, towards: Sequence[str], against: Sequence[str]) -> NDArray[np.float32] | None:
        """Return how far each item lies on the side of some titles, and away from others.

        What "calm" and "party" have in common, such as the favourites of everyone, tells nothing of either: the
        difference of where they lead is a direction, and an item stands as high as the cosine with it.

        Args:
            towards: Texts that are ways to say one thing.
            against: Texts that are ways to say the opposite; none: whatever else there is.

        Returns:
            `float32[n]`: differences of cosines, NaN for an item without a place; None where one side has no known
            feature.
        """
        way = np.zeros(self.factors.shape[1], np.float32)
        for sign, texts in ((1, towards), (-1, against)):
            lead = self._encode([plain_words(text) for text in texts]) @ self.weights
            length = np.linalg.norm(lead, axis=1, keepdims=True)
            lead = (lead / np.maximum(length, 1e-9))[length[:, 0] > 0]
            if len(texts) and not len(lead):
                return None
            way += sign * lead.sum(axis=0) / max(len(lead), 1)
        length = np.sqrt(np.einsum("if,if->i", self.factors, self.factors))
        placed = length > 0
        cosine = np.full(len(length), np.nan, np.float32)
        cosine[placed] = (self.factors @ way)[placed] / length[placed]
        return cosine

    def _understood(self, titles: Sequence[str | tuple[str, ...]]) -> tuple[NDArray[np.float32], Ragged]:
        """Return the place that each title leads to, `float32[Q, f]`, and the items of artists whom it names.

        A title without a known feature or name leads to NaN, which is no score and enters no list.
        """
        ways = [(title,) if isinstance(title, str) else title for title in titles]
        plain = [plain_words(way) for some in ways for way in some]
        row = np.repeat(np.arange(len(ways)), [len(some) for some in ways])
        encoded = self._encode(plain)
        named = self._named([plain_words(some[0]) if some else "" for some in ways])
        known = np.flatnonzero(np.diff(encoded.indptr))
        counts = np.bincount(row[known], minlength=len(ways)).astype(np.float32)
        each = (1 / counts[row[known]]).astype(np.float32)
        shares = sp.csr_matrix((each, (row[known], known)), (len(ways), len(plain)))
        places: NDArray[np.float32] = ((shares @ encoded) @ self.weights + self.mean).astype(np.float32, copy=False)
        places[(counts == 0) & (np.diff(named.offsets) == 0)] = np.nan
        return places, named

    def _encode(self, plain: Sequence[str]) -> "sp.csr_matrix[np.float32]":
        """Return the TF-IDF of the known features of each title, a column each."""
        offsets, hashes = _hashed(plain)
        at = _found(self.features, hashes)
        rarity = np.where(at >= 0, self.rarity[at], self.rarest[0])
        group = row_numbers(offsets)
        squares = np.bincount(group, rarity.astype(np.float64) ** 2, len(offsets) - 1)
        known = at >= 0
        values = (rarity[known] / np.sqrt(2 * squares[group[known]])).astype(np.float32)
        shape = len(plain), len(self.features)
        return sp.csr_matrix((values, (group[known] // 2, at[known])), shape)

    def _named(self, plain: Sequence[str]) -> Ragged:
        """Return the items of the artists that each title names, weighted by their bonus."""
        runs = [_runs(title) for title in plain]
        found = [_found(self.names, np.array(list(run), np.uint64)) for run in runs]
        shares = [np.array(list(run.values()))[at >= 0].tolist() for run, at in zip(runs, found, strict=True)]
        names = Ragged.of([at[at >= 0] for at in found], shares)
        offsets, index = take_rows(self.name_offsets, names.values)
        of_name = np.repeat(np.float32(self.config.bonus) * names.weights**2, np.diff(offsets))
        return Ragged(offsets[names.offsets], self.name_items[index], of_name * self.name_shares[index])

    def _learn_names(self, items: Vocabulary, counts: NDArray[np.int64]) -> None:
        """Learn the tracks of each artist's name (artists of one name are one) from the rows that each is in."""
        called = [plain_words(name) for name in _names_of(items)]
        names, name_of = np.unique([_hash(_NAME, _without_article(name)) for name in called], return_inverse=True)
        name = name_of[items.artists]
        favourite = np.zeros(len(names), np.int64)
        np.maximum.at(favourite, name, counts)
        often = np.bincount(name, counts, len(names)) >= self.config.name_rows
        known = np.flatnonzero(often[name] & (counts > 0) & np.array([bool(one) for one in called])[items.artists])
        known = known[np.argsort(name[known], kind="stable")]
        kept, lengths = np.unique(name[known], return_counts=True)
        self.names = names[kept]
        self.name_offsets = offsets_of(lengths)
        self.name_items = known.astype(np.int32)
        self.name_shares = np.sqrt(counts[known] / favourite[name[known]]).astype(np.float32)

    def _learn_rarity(self, titles: Sequence[str], counts: NDArray[np.int64]) -> None:
        """Learn the features and in how many titles each is, equal ones counted `counts` times."""
        offsets, hashes = _hashed(titles)
        self.features, feature = np.unique(hashes, return_inverse=True)
        among = np.bincount(feature, counts[row_numbers(offsets) // 2])
        self.rarity = (np.log((1 + counts.sum()) / (1 + among)) + 1).astype(np.float32)
        self.rarest = (np.log((1 + counts.sum(keepdims=True)) / 2) + 1).astype(np.float32)

    def _learn_weights(self, titles: Sequence[str], counts: NDArray[np.int64], targets: NDArray[np.float32]) -> None:
        """Solve the ridge regression in its dual form: as many unknowns as titles, which are fewer than features."""
        root = np.sqrt(counts).astype(np.float32)[:, None]
        encoded = sp.csr_matrix(self._encode(titles).multiply(root))
        turned = sp.csc_matrix(encoded.T)
        kernel = np.empty((len(titles), len(titles)), np.float32, order="F")
        step = max(1, _CHUNK_BYTES // (16 * len(titles)))
        for first in range(0, len(titles), step):
            kernel[:, first : first + step] = (encoded @ turned[:, first : first + step]).toarray()
        kernel[np.diag_indices_from(kernel)] += np.float32(self.config.regularization)
        with threadpool_limits(get_num_threads(), "blas"):
            factor = scipy.linalg.cho_factor(kernel, lower=True, overwrite_a=True, check_finite=False)
            self.weights = turned @ scipy.linalg.cho_solve(factor, root * targets, check_finite=False)


def _names_of(items: Vocabulary) -> list[str | None]:
    """Return what each artist is called, None where that is not known."""
    if items.artist_names is None:
        return [None] * (int(items.artists.max(initial=-1)) + 1)
    names: list[str | None] = items.artist_names.to_list()
    return names


def _merged(playlists: Interactions | None, most: int) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64]]:
    """Return the distinct plain titles, sorted; the rows of the playlists that bear one; and which one each bears.

    Of more titles than `most`, those with the most tracks stay.
    """
    if playlists is None or playlists.titles is None:
        return [], np.zeros(0, np.int64), np.zeros(0, np.int64)
    lengths = np.diff(playlists.offsets)
    plain = [plain_words(title) if length else "" for title, length in zip(playlists.titles, lengths, strict=True)]
    rows = np.flatnonzero([bool(title) for title in plain])
    titles = sorted({plain[row] for row in rows})
    number = {title: place for place, title in enumerate(titles)}
    title_of = np.array([number[plain[row]] for row in rows], np.int64)
    tracks = np.bincount(title_of, lengths[rows], len(titles))
    kept = np.sort(np.argsort(-tracks, kind="stable")[:most])
    renumbered = np.full(len(titles), -1, np.int64)
    renumbered[kept] = np.arange(len(kept))
    stays = renumbered[title_of] >= 0
    return [titles[place] for place in kept], rows[stays], renumbered[title_of[stays]]


def _summed(
    space: ImplicitALS, data: Dataset, rows: NDArray[np.int64], title_of: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the sum of the factors of each title's playlists, `float64[T, f]`."""
    matrix = data.stacked(("playlists",))
    playlists = Ragged.of_matrix(matrix)
    sums = np.zeros((int(title_of.max()) + 1, space.factors.shape[1]))
    step = max(1, _CHUNK_BYTES // (8 * sums.shape[1]))
    for first in range(0, len(rows), step):
        some = slice(first, first + step)
        np.add.at(sums, title_of[some], space.fold_in(playlists.take(rows[some]), parallel=True))
    return sums


def _found(table: NDArray[np.uint64], hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the place of each hash in a sorted table, -1 where it is not."""
    if not len(table):
        return np.full(len(hashes), -1, np.int64)
    at = np.minimum(np.searchsorted(table, hashes), len(table) - 1)
    return np.where(table[at] == hashes, at, -1)


def plain_words(text: str | None) -> str:
    """Return the words and emoji of a text in one spelling, a space between any two."""
    folded = unicodedata.normalize("NFKD", (text or "")[:_READ]).casefold()
    letters = unicodedata.normalize("NFKC", _ACCENTS.sub("", folded))
    return " ".join("".join(map(_spaced, letters)).split())


def _spaced(character: str) -> str:
    """Let letters, their marks and numbers be, set emoji apart, and turn all else into spaces."""
    if _is_emoji(character):
        return f" {character} "
    return character if unicodedata.category(character)[0] in "LMN" else " "


def _is_emoji(word: str) -> bool:
    return unicodedata.category(word[0]) == "So"


def _hashed(plain: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Return hashes in 2Q rows, with their offsets: the words of each title, and its n-grams."""
    rows = [
        sorted(_hash(kind, feature) for feature in group)  # a set's own order differs from run to run
        for title in plain
        for kind, group in ((_WORD, set(title.split())), (_GRAM, _grams(title)))
    ]
    offsets = offsets_of(len(row) for row in rows)
    return offsets, np.fromiter((value for row in rows for value in row), np.uint64, offsets[-1])


def _grams(title: str) -> set[str]:
    """Return the character n-grams, across words too, and the pairs of ideographs, where two often make a word."""
    padded = f" {title} "
    grams = {padded[first : first + size] for size in _GRAMS for first in range(len(padded) - size + 1)}
    pairs = {padded[first : first + 2] for first in range(len(padded) - 1)}
    return grams | {pair for pair in pairs if all(unicodedata.east_asian_width(one) == "W" for one in pair)}


def _runs(title: str) -> dict[int, float]:
    """Return the hash of each run of a title's words that may be an artist's name, and its share of the words."""
    words = [word for word in title.split() if not _is_emoji(word)]
    return {
        _hash(_NAME, _without_article(" ".join(words[first : first + size]))): size / len(words)
        for size in range(1, min(_LONGEST_NAME, len(words)) + 1)
        for first in range(len(words) - size + 1)
    }


def _without_article(name: str) -> str:
    """Return "beatles" for "the beatles", so that either finds the other; "the the" is not "the"."""
    return name if name == "the the" else name.removeprefix("the ")


def _hash(kind: bytes, feature: str) -> int:
    return int.from_bytes(blake2b(feature.encode(), digest_size=8, person=kind).digest(), "little")
