# SPDX-License-Identifier: Apache-2.0
"""Words, in whatever language, near one another where they lead to the same music."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np
import polars as pl
import scipy.linalg
import scipy.sparse as sp
from numpy.typing import NDArray
from pydantic import Field
from rapidfuzz import fuzz, process

from segue.catalog.names import proper_title
from segue.dataset.matrices import CSR, Dataset
from segue.errors import Damaged, NotFound, NotReady
from segue.models.als import ImplicitALS
from segue.models.model import Learned, ModelConfig
from segue.models.sentences import Sentences

__all__ = ["Neighbour", "Words", "WordsConfig"]

Vectors: TypeAlias = NDArray[np.float32]

_LANGUAGE_SHRINKAGE = 20.0
"""The mean of a language that rests on so much evidence is halved."""
_WORD = r"[\p{L}\p{So}]"
"""What is more than a mere number."""
_LOOK = "[\ufe00-\ufe0f]"
"""What chooses the look of an emoji."""
_OFFERED = 3
_CLOSE = 60.0
"""Least likeness, of 100, of a spelling that is offered."""


class WordsConfig(ModelConfig):
    """Which words are learned, and how soon they are believed."""

    least: int = Field(default=8, ge=1)
    """Titles of tracks and playlists, or tracks of a genre, in which a word must stand."""
    most: int = Field(default=50_000, ge=1, le=1_000_000)
    """Words that are kept, of the most evidence."""
    evidence: float = Field(default=200.0, ge=0)
    """A word with so much evidence is believed by half: roots of the plays of tracks, of the lengths of playlists."""
    onnx: Path | None = None
    """Path of a multilingual sentence model as ONNX, with its `tokenizer.json` beside it; a process reads it from where
    it is started, so let it be absolute. None: words are known by music alone."""
    regularization: float = Field(default=10.0, gt=0)
    """λ of the map from the sentence model to music, in words."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A word that leads to the same music as another."""

    word: str
    score: float
    """The cosine, times how far the word is believed: 1 at most."""
    language: str | None
    """ISO 639-1, of most tracks that have it in their titles; None: unknown."""


class Words(Learned):
    """Places words among the factors of `ImplicitALS`, by the tracks and playlists in whose titles they stand.

    The words of a track's title, and its genres, stand at its factors; those of a playlist's at the mean of its tracks.
    A word is the weighted mean of these, as a direction from the mean of all, shrunk by its evidence. What tells most
    of a place is the language that is sung there: the mean of each language is taken out first, so that "lluvia" is
    compared with "rain" by what else they have in common (centring by language, as in Libovický, Rosa, Fraser 2020,
    "On the Language Neutrality of Pre-trained Multilingual Representations").

    With a sentence model, a ridge regression leads from its vectors to these places, as `Content` goes from features
    to factors. A word is believed to be there as far as its own evidence does not say otherwise, and a text that no
    title has can be asked about.

    Words are kept as text. One that stands in fewer titles than `least` is not kept.
    """

    name = "words"
    learned: ClassVar[tuple[str, ...]] = ("text", "ends", "vectors", "languages", "map", "sentences")
    Config = WordsConfig
    config: WordsConfig
    text: NDArray[np.uint8]
    """The words, sorted, end to end, UTF-8."""
    ends: NDArray[np.int64]
    """`int64[W]`: where each word ends."""
    vectors: Vectors
    """`float32[W, f]`: the direction of each word, as long as it is believed, 1 at most."""
    languages: NDArray[np.bytes_]
    """`S2[W]`: the code of each word's language, empty where it is unknown."""
    map: Vectors
    """`float32[d, f]`: from the sentence model's vectors to directions; no rows without one."""
    sentences: NDArray[np.uint8]
    """`uint8[32]`: SHA-256 of the sentence model; empty without one."""

    def vocabulary(self, data: Dataset) -> None:
        """It speaks of words, not of items."""

    def fit(self, data: Dataset, space: ImplicitALS) -> None:
        """Place the words of the dataset's titles.

        Args:
            data: Gives titles, genres and languages.
            space: Fitted to the same dataset.

        Raises:
            NotReady: No word stands in enough titles, or the sentence model cannot be loaded.
        """
        sentences = None if self.config.onnx is None else Sentences.load(self.config.onnx)
        places, weights, used, spoken = _evidence(data, space.item_factors)
        counts = used.group_by("word").len()
        kept = counts.filter(pl.col("len") >= self.config.least, pl.col("word").str.contains(_WORD))
        if kept.is_empty():
            raise NotReady(f"words: no word stands in {self.config.least} titles or more; `segue import` brings some")
        words = kept["word"].sort()
        matrix = _matrix(used, words, len(weights))
        total = matrix.T @ weights
        if len(words) > self.config.most:
            chosen = np.sort(np.argsort(-total, kind="stable")[: self.config.most])
            words, matrix, total = words.gather(chosen), matrix[:, chosen], total[chosen]
        sums = matrix.T @ (places * weights[:, None])
        directions = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9)
        believed = (total / np.maximum(total + self.config.evidence, 1e-9)).astype(np.float32)[:, None]
        self.vectors = np.ascontiguousarray(directions * believed, np.float32)
        self.map, self.sentences = np.zeros((0, places.shape[1]), np.float32), np.zeros(0, np.uint8)
        if sentences is not None:
            said = sentences.embed(words.to_list())
            self.map = _ridge(said, directions, believed, self.config.regularization)
            self.sentences = sentences.checksum
            self.vectors += (1 - believed) * (said @ self.map)
        self.ends = words.str.len_bytes().cast(pl.Int64).cum_sum().to_numpy()
        self.text = np.frombuffer("".join(words).encode(), np.uint8)
        self.languages = _languages(matrix, spoken)
        self._forget(sentences)

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take back what `state` returned."""
        super().restore(arrays)
        self._forget(None)

    def neighbours(self, word: str, k: int = 10, *, language: str | None = None) -> list[Neighbour]:
        """Return the words that lead to the most similar music, best first, and not the word itself.

        Args:
            word: As it may be typed; with a sentence model, any text.
            k: How many.
            language: Of these words alone, ISO 639-1; None: of any.

        Raises:
            NotFound: It is no word that was learned; near spellings are offered.
        """
        own = spelt(word)
        at = self._places.get(own)
        asked = self.vectors[at] if at is not None else self._mapped(own)
        length = float(np.linalg.norm(asked))
        scores = self.vectors @ (asked / np.float32(max(length, 1e-9)))
        allowed = np.ones(len(scores), bool) if language is None else self.languages == language.lower().encode()
        if at is not None:
            allowed[at] = False
        order = np.argsort(-np.where(allowed, scores, -np.inf), kind="stable")[: min(k, int(allowed.sum()))]
        return [
            Neighbour(self._words[place], round(float(scores[place]), 4), self.languages[place].decode() or None)
            for place in order.tolist()
        ]

    def _mapped(self, text: str) -> Vectors:
        """Return the direction that the sentence model gives to a text which is no learned word."""
        if not len(self.map) or not text:
            near = process.extract(text, self._words, scorer=fuzz.ratio, limit=_OFFERED, score_cutoff=_CLOSE)
            offer = f"did you mean {', '.join(repr(found) for found, _, _ in near)}?" if near else "try a common word"
            raise NotFound(f"no word {text!r} stands in enough titles; {offer}")
        mapped: Vectors = (self._sentences.embed([text]) @ self.map)[0]
        return mapped

    @cached_property
    def _words(self) -> list[str]:
        whole = self.text.tobytes()
        starts = [0, *self.ends[:-1].tolist()]
        return [whole[first:end].decode() for first, end in zip(starts, self.ends.tolist(), strict=True)]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self._words)}

    @cached_property
    def _sentences(self) -> Sentences:
        assert self.config.onnx is not None
        found = Sentences.load(self.config.onnx)
        if found.checksum.tobytes() != self.sentences.tobytes():
            raise Damaged(
                f"words: the sentence model {self.config.onnx} is not the one that was trained with; "
                "bring that one back, or run `segue train`"
            )
        return found

    def _forget(self, sentences: Sentences | None) -> None:
        """Drop what was derived from arrays that are no longer there."""
        for name in ("_words", "_places", "_sentences"):
            vars(self).pop(name, None)
        if sentences is not None:
            vars(self)["_sentences"] = sentences


def spelt(word: str) -> str:
    """Return a word as titles are read: composed, in lower case, without spaces around it."""
    read = pl.select(_spelt(pl.lit(word))).item()
    return str(read).strip()


def _spelt(text: pl.Expr) -> pl.Expr:
    return text.str.normalize("NFKC").str.to_lowercase().str.replace_all("’", "'").str.replace_all(_LOOK, "")


def _evidence(data: Dataset, factors: Vectors) -> tuple[Vectors, NDArray[np.float32], pl.DataFrame, pl.Series]:
    """Return what words are placed by: tracks, and behind them playlists.

    Returns:
        `float32[n + R, f]`: where each stands, seen from the mean of its language.
        `float32[n + R]`: the weight of each.
        `place` and `word`: which words each of them has, once each.
        `String[n]`: the language of each track.
    """
    content = _content(data)
    weights = np.sqrt(np.bincount(data.stacked().indices, minlength=len(data.items))).astype(np.float32)
    seen = _without_languages(factors, weights, content["language"])
    texts = [
        content.select("place", _split(proper_title(pl.col("title"))).alias("word")),
        content.select("place", pl.col("genres").list.eval(_spelt(pl.element())).alias("word")),
    ]
    playlists = data.playlists
    if playlists is not None and playlists.titles is not None:
        rows = data.stacked(("playlists",))
        lengths = np.diff(rows.indptr)
        ones = sp.csr_matrix((np.ones_like(rows.data), rows.indices, rows.indptr), rows.shape)
        seen = np.concatenate([seen, (ones @ seen) / np.maximum(lengths, 1)[:, None].astype(np.float32)])
        weights = np.concatenate([weights, np.sqrt(lengths).astype(np.float32)])
        titles = playlists.titles.alias("title").to_frame().with_row_index("place", offset=len(data.items))
        texts.append(titles.select("place", _split(pl.col("title")).alias("word")))
    used = pl.concat(text.explode("word").drop_nulls() for text in texts).filter(pl.col("word") != "").unique()
    return seen, weights, used, content["language"]


def _content(data: Dataset) -> pl.DataFrame:
    """Return `place`, `title`, `genres` and `language` of each item, null where nothing is said."""
    if data.content is None:
        kinds = pl.Schema({"title": pl.String(), "genres": pl.List(pl.String()), "language": pl.String()})
        of_items = kinds.to_frame().clear(len(data.items))
    else:
        whole = data.items if data.catalogue is None else data.catalogue
        of_items = data.content.select("title", "genres", "language")[whole.index[data.items.numbers]]
    return of_items.with_row_index("place")


def _without_languages(factors: Vectors, weights: NDArray[np.float32], spoken: pl.Series) -> Vectors:
    """Return where each item stands, seen from the mean of its language, which is shrunk to that of all."""
    group = spoken.rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    within = sp.csr_matrix((weights, (group, np.arange(len(group)))))
    total = np.asarray(within.sum(axis=1), np.float32)
    seen: Vectors = factors - (weights @ factors) / max(float(weights.sum()), 1e-9)
    seen -= ((within @ seen) / (total + np.float32(_LANGUAGE_SHRINKAGE)))[group]
    return seen


def _split(title: pl.Expr) -> pl.Expr:
    """Return the words and emoji of a title, as lists."""
    return _spelt(title).str.extract_all(r"\p{So}|[\p{L}\p{M}\p{N}]+(?:'[\p{L}\p{M}]+)*")


def _matrix(used: pl.DataFrame, words: pl.Series, places: int) -> CSR:
    """Return `float32[places, W]`: 1 where a place has a word."""
    found = used.join(words.alias("word").to_frame().with_row_index("number"), on="word").sort("place", "number")
    at = found["place"].to_numpy(), found["number"].to_numpy()
    return sp.csr_matrix((np.ones(len(found), np.float32), at), (places, len(words)))


def _languages(matrix: CSR, spoken: pl.Series) -> NDArray[np.bytes_]:
    """Return the language of more than half of the tracks of each word whose languages are known."""
    codes = spoken.drop_nulls().unique().sort()
    known = spoken.is_not_null().to_numpy()
    number = spoken.rank("dense").cast(pl.Int64).drop_nulls().to_numpy() - 1
    shape = len(spoken), len(codes)
    of_track = sp.csr_matrix((np.ones(len(number), np.float32), (np.flatnonzero(known), number)), shape)
    counts = (matrix[: len(spoken)].T @ of_track).toarray()
    most = counts.argmax(axis=1) if len(codes) else np.zeros(len(counts), np.int64)
    clear = 2 * counts.max(axis=1, initial=0) > counts.sum(axis=1)
    table = np.array([*(code.encode() for code in codes), b""], "S2")
    return table[np.where(clear, most, len(codes))]


def _ridge(said: Vectors, directions: Vectors, believed: Vectors, regularization: float) -> Vectors:
    """Return the map from the sentence model's vectors to directions; words that are believed more weigh more."""
    weighted = (said * believed).astype(np.float64)
    gram = weighted.T @ said + regularization * np.eye(said.shape[1])
    return scipy.linalg.solve(gram, weighted.T @ directions, assume_a="pos").astype(np.float32)
