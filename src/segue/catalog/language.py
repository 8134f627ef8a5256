# SPDX-License-Identifier: Apache-2.0
"""In which language a track is sung, told from titles where no source says it."""

from functools import cache
from typing import TypeAlias

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from segue.catalog.languages import LANGUAGES, SCRIPTS, SHARES, WORDS
from segue.catalog.names import proper_title
from segue.kernels.automaton import matches
from segue.kernels.ragged import offsets_of

__all__ = ["detect"]

Evidence: TypeAlias = NDArray[np.float32]
"""`float32[n, L]`: the logarithm of how likely each text is in each language, but for a constant of its row."""

_FORMS = (
    r"\b(?:sonat[ae]|sonatina|symphon(?:y|ie)|concerto|prelude|nocturne|etude|étude|fugue|toccata|partita|mazurka|"
    r"polonaise|impromptu|intermezzo|scherzo|gymnop[eé]die|gnossienne|goldberg|bwv|op\.|opus)\b.*\d|"
    r"\b(?:in|en) [a-h](?:[- ](?:flat|sharp))?[- ](?:minor|major)\b|\binstrumental\b|\bkaraoke\b|"
    r"\b(?:allegro|adagio|andante|allegretto|presto|largo|moderato)\b"
)
"""Titles of music without words."""

_WORD_WEIGHT = 2.0
"""Log-odds of a common word."""
_ROMANIZED = 2.0
"""Log-odds by which a title in Latin letters speaks for a Latin language rather than for one of another script."""
_WRONG_SCRIPT = 30.0
"""… by which a title in its own script does for the script's languages."""
_LEAST_SHARE = 3
"""One letter of so many must be of a script for a title to be in it."""
_SAID = 6.0
"""Log-odds of a language that the source states, for the artist's other tracks."""
_COMMON = 0.1
"""What the shares of languages in the world count beside an artist's other tracks, in tracks."""
_ARTIST = 1.0
"""What the artist's shares count beside the other tracks of the album, in tracks."""
_OWN = 0.5
"""A title's evidence is taken to this power beside that of an artist's others: letters of a text are no independent
witnesses."""
_ROUNDS = 12
"""How often the tracks of an artist tell one another what they are."""
_CERTAIN = 0.8
"""A language less likely than this is not told."""
_NO_WORDS = 0.5
"""A track of a greater instrumentalness has no language."""
_CHUNK = 100_000


def detect(tracks: pl.DataFrame) -> pl.Series:
    """Return the language of each track whose language no source states: `String[n]`, ISO 639-1.

    Null where the source states it, where there are no words, and where it is not sure enough. A title alone is too
    short to be sure of: an artist has a share of each language, which all of their titles tell, and an album has one
    within it; a track's own language is read from its title in this light. Both are found by turns (Dempster, Laird,
    Rubin 1977, "Maximum Likelihood from Incomplete Data via the EM Algorithm"), a track being left out of what is said
    to it. A title speaks by its script, by its letters, as a naive Bayes over n-grams of bytes reads them (Lui, Baldwin
    2012, "langid.py: An Off-the-shelf Language Identification Tool"), and by its common words.

    An artist's tracks depend on one another and on nothing else, so artists may be looked at apart.

    Args:
        tracks: `title`; `artist_number` (null: unknown, the track stands alone); `album_id`, `language` and
            `instrumentalness`, null where unknown.
    """
    numbered = tracks.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    alone = pl.format("\0{}", "row")
    lowered = pl.col("title").str.normalize("NFC").str.to_lowercase()
    rows = numbered.select(
        "row",
        "language",
        pl.col("artist_number").cast(pl.Int64).fill_null(-1 - pl.col("row")).rank("dense").alias("artist"),
        pl.col("album_id").fill_null(alone).alias("album"),
        proper_title(lowered).alias("text"),
        (lowered.str.contains(_FORMS) | (pl.col("instrumentalness") > _NO_WORDS).fill_null(False)).alias("wordless"),
    ).sort("artist", "album", "row")
    found = [np.zeros(0, np.int16), *(_detected(some) for some in _by_artists(rows))]
    numbers = np.empty(len(rows), np.int16)
    numbers[rows["row"].to_numpy()] = np.concatenate(found)
    return pl.Series([*LANGUAGES, None], dtype=pl.String).gather(numbers).alias("language_detected")


def _by_artists(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Cut rows that are sorted by artist so that none is in two parts; a part is not much longer than `_CHUNK`."""
    artist = rows["artist"].to_numpy()
    first = np.flatnonzero(np.diff(artist, prepend=0))
    cuts = np.append(first[np.unique(first // _CHUNK, return_index=True)[1]], len(rows))
    return [rows[begin:end] for begin, end in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)]


def _detected(rows: pl.DataFrame) -> NDArray[np.int16]:
    """Return the place in `LANGUAGES` of each track's language, -1 for none, of all tracks of some artists."""
    evidence = _evidence(rows)
    speaks = ~rows["wordless"].to_numpy()
    common = np.array(list(SHARES.values()), np.float32) / np.float32(sum(SHARES.values()))
    artist, album = _groups(rows.select("artist")), _groups(rows.select("artist", "album"))
    likely = _softmax(np.log(common) + evidence)
    alone = np.bincount(artist, speaks)[artist] - speaks == 0
    own = np.where(alone, 1, _OWN).astype(np.float32)[:, None]
    for _ in range(_ROUNDS):
        of_artist = _shares(likely, speaks, artist, common, _COMMON)
        belief = _shares(likely, speaks, album, of_artist, _ARTIST)
        likely = _softmax(np.log(belief) + own * evidence)
    best = likely.argmax(axis=1)
    told = (likely[np.arange(len(best)), best] >= _CERTAIN) & speaks
    return np.where(told & rows["language"].is_null().to_numpy(), best, -1).astype(np.int16)


def _groups(keys: pl.DataFrame) -> NDArray[np.int64]:
    """Number the groups of equal rows, which follow one another."""
    return keys.to_struct().rle_id().to_numpy().astype(np.int64)


def _shares(
    likely: Evidence, speaks: NDArray[np.bool_], group: NDArray[np.int64], prior: Evidence, weight: float
) -> Evidence:
    """Return the share of each language among the other tracks of each one's group, and `weight` tracks of the prior.

    Tracks without words do not count.
    """
    counts = np.bincount(group, speaks)
    shape = len(counts), len(group)
    within = sp.csr_matrix((speaks.astype(np.float32), (group, np.arange(len(group)))), shape)
    others = (within @ likely)[group] - likely * speaks[:, None]
    known = (counts[group] - speaks)[:, None].astype(np.float32)
    shares: Evidence = (np.maximum(others, 0) + np.float32(weight) * prior) / (known + np.float32(weight))
    return shares


def _softmax(logarithms: Evidence) -> Evidence:
    shares: Evidence = np.exp(logarithms - logarithms.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def _evidence(rows: pl.DataFrame) -> Evidence:
    """Return what each track says: by its language where a source states it, else by its title."""
    texts = rows.filter(~pl.col("wordless") & pl.col("language").is_null())["text"].unique(maintain_order=True)
    read = np.concatenate([_read(texts), np.zeros((1, len(LANGUAGES)), np.float32)])
    numbered = texts.to_frame().with_row_index("place")
    place = rows.join(numbered, on="text", how="left", maintain_order="left")["place"].fill_null(len(texts)).to_numpy()
    place = np.where(rows["wordless"].to_numpy(), len(texts), place)
    evidence: Evidence = read[place]
    known = {code: number for number, code in enumerate(LANGUAGES)}
    said = rows["language"].replace_strict(known, default=None, return_dtype=pl.Int32)
    stated = rows["language"].is_not_null().to_numpy()
    evidence[stated] = 0
    sure = said.is_not_null().to_numpy()
    evidence[sure] = -_SAID
    evidence[sure, said.drop_nulls().to_numpy()] = 0
    return evidence


def _read(texts: pl.Series) -> Evidence:
    """Return what titles say, in lower case."""
    letters, words = _ngrams(texts), _common_words(texts)
    latin = np.array([not any(code in found.split() for found in SCRIPTS.values()) for code in LANGUAGES])
    evidence = letters + words
    evidence[:, ~latin] = evidence[:, latin].max(axis=1, keepdims=True) - _ROMANIZED + words[:, ~latin]
    foreign = texts.str.contains(r"[^\p{Latin}\P{L}]").to_numpy()
    rest = np.flatnonzero(foreign)
    for script, codes in SCRIPTS.items():
        some = texts.gather(rest)
        count = some.str.count_matches(script).to_numpy()
        within = (count > 0) & (_LEAST_SHARE * count >= some.str.count_matches(r"\p{L}").to_numpy())
        own = np.array([LANGUAGES.index(code) for code in codes.split()])
        own_evidence = letters[np.ix_(rest[within], own)]
        evidence[rest[within]] = own_evidence.max(axis=1, keepdims=True, initial=-np.inf) - _WRONG_SCRIPT
        evidence[np.ix_(rest[within], own)] = own_evidence
        rest = rest[~within]
    evidence[~texts.str.contains(r"\p{L}").to_numpy()] = 0
    evidence -= evidence.max(axis=1, keepdims=True, initial=-np.inf)
    return evidence


def _ngrams(texts: pl.Series) -> Evidence:
    """Return what the n-grams of bytes say, as a whole, of a text of its length: a root, since they overlap."""
    steps, states, found, weights, firsts = _automaton()
    lengths = texts.str.len_bytes().to_numpy().astype(np.int64)
    text = np.frombuffer("".join(texts).encode(), np.uint8)
    offsets, features = matches(text, offsets_of(lengths), steps, states, found)
    shape = len(texts), len(weights)
    counts = sp.csr_matrix((np.ones(len(features), np.float32), features, offsets), shape)
    counts.sum_duplicates()
    counts.data = np.log1p(counts.data)
    said: Evidence = np.maximum.reduceat(counts @ weights, firsts, axis=1)
    said /= np.sqrt(np.maximum(lengths, 1))[:, None].astype(np.float32)
    return said


def _common_words(texts: pl.Series) -> Evidence:
    """Return the log-odds of the common words in each text."""
    spoken: dict[str, list[int]] = {}
    for code, words in WORDS.items():
        for word in words.split():
            spoken.setdefault(word, []).append(LANGUAGES.index(code))
    table = np.zeros((len(spoken), len(LANGUAGES)), np.float32)
    for row, numbers in enumerate(spoken.values()):
        table[row, numbers] = _WORD_WEIGHT
    known = pl.DataFrame({"word": list(spoken), "number": np.arange(len(spoken))})
    each = texts.str.extract_all(r"[\p{L}\p{M}'’]+").alias("word").to_frame().with_row_index("text").explode("word")
    used = each.with_columns(pl.col("word").str.replace("’", "'")).join(known, on="word")
    shape = len(texts), len(spoken)
    counts = sp.csr_matrix(
        (np.ones(len(used), np.float32), (used["text"].to_numpy(), used["number"].to_numpy())), shape
    )
    said: Evidence = counts @ table
    return said


@cache
def _automaton() -> tuple[
    NDArray[np.uint32], NDArray[np.uint32], NDArray[np.int32], NDArray[np.float32], NDArray[np.intp]
]:
    """Return what `matches` takes; `float32[F, C]`: how likely each n-gram is in each class; and `intp[L]`: the first
    class of each language, for some have two, one for each script or norm."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # half a second, and most commands read no title

    model = LanguageIdentifier.from_model_file(MODEL_FILE)
    classes = ["no" if code == "nn" else code for code in model.nb_classes]
    columns = [[place for place, its in enumerate(classes) if its == code] for code in LANGUAGES]
    weights = np.asarray(model.nb_ptc)[:, [place for which in columns for place in which]].astype(np.float32)
    steps, states = np.array(model.tk_nextmove, np.uint32), np.array(model.tk_row, np.uint32)
    firsts = offsets_of(len(which) for which in columns)[:-1]
    return steps, states, np.array(model.tk_output, np.int32), weights, firsts
