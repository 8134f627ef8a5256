# SPDX-License-Identifier: Apache-2.0
"""Search by what a person types: an id, "Artist - Title", "Title by Artist", part of a title, with typing errors."""

import re
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from segue.catalog import names
from segue.catalog.store import Catalog
from segue.errors import NotFound

__all__ = ["Found", "resolve", "search"]

_CLEAR = 0.9
"""A track that fits this well makes the search for misspellings unnecessary."""
_CLOSE = 0.7
"""A share of right letters below this is no misspelling."""
_LEAST = 0.3
"""What fits worse is not shown."""
_FITS = 0.8
"""What `resolve` takes for the track that was meant."""
_BLOCK = 4000
"""Most tracks that are compared letter by letter."""


@dataclass(frozen=True, slots=True)
class Found:
    """A track that a search found. `score` is 1 where the names are equal."""

    number: int
    score: float


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read what was typed, as keys."""

    artist: str
    title: str


def search(
    catalog: Catalog,
    text: str,
    limit: int = 10,
    popularity: NDArray[np.floating] | None = None,
    among: NDArray[np.bool_] | None = None,
) -> list[Found]:
    """Return the canonical recordings that fit best, best first.

    Args:
        catalog: Where to look.
        text: An id of a track, "Artist - Title", "Title", "Title by Artist", or part of them.
        limit: Most tracks to return.
        popularity: `[n]`, more is more popular; settles equal scores before the lower number does.
            None: as the source states it.
        among: `bool[n]`: those that names may mean; an id means whatever has it. None: all.
    """
    number = int(catalog.numbers([text.strip()])[0])
    if number >= 0:
        return [Found(int(catalog.canonical[number]), 1.0)][:limit]
    whole, readings = _readings(text)
    alone = pl.select(names.artist_key(pl.lit(text))).item()
    if not whole or not len(catalog):
        return []
    if popularity is None:
        popularity = catalog.tracks["popularity"].fill_null(0.0).to_numpy()
    own = catalog.tracks["number"] == catalog.tracks["canonical"]
    meant = own if among is None else own & pl.Series(among)
    tracks = catalog.tracks.select("number", "artist_key", "title_key").filter(meant)
    block = _with_words(tracks, whole, popularity)
    scores = _fit(block, whole, alone, readings)
    if scores.max(initial=0.0) < _CLEAR:
        block = pl.concat([block, _misspelt(tracks, whole, readings)]).unique("number", maintain_order=True)
        scores = _fit(block, whole, alone, readings)
    numbers = block["number"].to_numpy()
    order = np.lexsort((numbers, -popularity[numbers], -scores))[:limit]
    return [Found(int(numbers[at]), float(scores[at])) for at in order if scores[at] >= _LEAST]


def resolve(
    catalog: Catalog,
    text: str,
    popularity: NDArray[np.floating] | None = None,
    among: NDArray[np.bool_] | None = None,
) -> int:
    """Return the number of the track that is meant; of several of the same name, the most popular.

    Takes what `search` takes.

    Raises:
        NotFound: No track fits well enough; the message offers the nearest three.
    """
    found = search(catalog, text, 3, popularity, among)
    if found and found[0].score >= _FITS:
        return found[0].number
    if not len(catalog):
        raise NotFound(f"no track {text!r}: the catalogue is empty; import tracks first")
    rows = catalog.tracks[[one.number for one in found]]
    nearest = "; ".join(f'"{artist} - {title}"' for artist, title in rows.select("artist_name", "title").iter_rows())
    advice = f"the nearest are {nearest}" if nearest else 'type "Artist - Title", or the track\'s id'
    raise NotFound(f"no track {text!r} in the catalogue; {advice}")


def _readings(text: str) -> tuple[str, list[_Reading]]:
    """Return the key of the whole text, and the ways to read it as an artist and a title."""
    pairs: list[tuple[str, str]] = []
    for dash in re.finditer(r"\s+[-–—|:]\s+", text):
        left, right = text[: dash.start()], text[dash.end() :]
        pairs += [(left, right), (right, left)]
    pairs += [(text[by.end() :], text[: by.start()]) for by in re.finditer(r"(?i)\s+by\s+", text)]
    frame = pl.DataFrame([("", text), *pairs], schema={"artist": pl.String, "title": pl.String}, orient="row")
    keys = frame.select(names.artist_key(pl.col("artist")), names.title_key(pl.col("title")))
    (_, whole), *rest = keys.iter_rows()
    return whole, [_Reading(artist, title) for artist, title in rest if artist and title]


def _with_words(tracks: pl.DataFrame, whole: str, popularity: NDArray[np.floating]) -> pl.DataFrame:
    """Return the tracks that have every typed word in artist or title; of too many, the likeliest."""
    words = sorted({word for word in whole.split(" ") if word not in ("by", "the")}, key=len, reverse=True)
    block = tracks
    for word in words or [whole]:
        has = pl.col("title_key").str.contains(word, literal=True) | pl.col("artist_key").str.contains(
            word, literal=True
        )
        block = block.filter(has)
    if block.height <= _BLOCK:
        return block
    liked = pl.Series("liked", popularity[block["number"].to_numpy()])
    own = (pl.col("title_key") == whole) | (pl.col("artist_key") == whole)
    starts = pl.col("title_key").str.starts_with(whole)
    return block.with_columns(liked).sort(own, starts, "liked", descending=True).head(_BLOCK).drop("liked")


def _misspelt(tracks: pl.DataFrame, whole: str, readings: list[_Reading]) -> pl.DataFrame:
    """Return the tracks of artists, and with titles, that have nearly the letters typed."""
    artists = {artist for reading in readings for artist in _near(tracks["artist_key"], reading.artist)}
    titles = {title for reading in readings for title in _near(tracks["title_key"], reading.title)}
    titles |= set(_near(tracks["title_key"], whole))
    found = [
        tracks.filter(pl.col("artist_key").is_in(list(artists)) | pl.col("title_key").is_in(list(titles))).head(_BLOCK)
    ]
    if not readings:
        both = tracks.select("number", text=pl.concat_str("artist_key", "title_key", separator=" "))
        near = _near(both["text"], whole)
        found.append(tracks.join(both.filter(pl.col("text").is_in(near)), on="number", how="semi"))
    return pl.concat(found).unique("number", maintain_order=True)


def _near(keys: pl.Series, typed: str) -> list[str]:
    """Return the keys that share most letters with what was typed, at most a hundred."""
    length = len(typed)
    sized = keys.filter(keys.str.len_chars().is_between(int(length * 0.6), int(length / 0.6) + 1)).unique()
    if sized.is_empty():
        return []
    choices = sized.to_list()
    cutoff = 100 * _CLOSE
    ratios = process.cdist([typed], choices, scorer=fuzz.ratio, score_cutoff=cutoff, dtype=np.uint8)[0]
    best = np.argsort(-ratios.astype(np.int16), kind="stable")[:100]
    return [choices[at] for at in best if ratios[at]]


def _fit(block: pl.DataFrame, whole: str, alone: str, readings: list[_Reading]) -> NDArray[np.float64]:
    """Return `float64[n]`: how well each track of the block fits the best reading, 0–1.

    `alone` is the whole text as the key of an artist: who types only that gets the artist's tracks.
    """
    if block.is_empty():
        return np.zeros(0)
    artist, title = block["artist_key"].to_list(), block["title_key"].to_list()
    both = [f"{one} {other}" for one, other in zip(artist, title, strict=True)]
    turned = [f"{other} {one}" for one, other in zip(artist, title, strict=True)]
    fits = [
        _title_fit(whole, title),
        1.0 * (_ratios(alone, artist) == 1.0),
        2 * _ratios(whole, both) - 1,  # in a long name, another artist is few letters away
        2 * _ratios(whole, turned) - 1,
        0.8 * _part(whole, both),
    ]
    for reading in readings:
        artist_fit, title_fit = _ratios(reading.artist, artist), _title_fit(reading.title, title)
        fits.append((0.4 * artist_fit + 0.6 * title_fit) * ((artist_fit >= 0.6) & (title_fit >= 0.5)))
    best: NDArray[np.float64] = np.max(fits, axis=0)
    return best.round(4)


def _title_fit(typed: str, titles: list[str]) -> NDArray[np.float64]:
    return np.maximum(_ratios(typed, titles), 0.95 * _part(typed, titles))


def _part(typed: str, whole: list[str]) -> NDArray[np.float64]:
    """Return `float64[n]`: 0.8–1 where the words typed are a part of the name, more for a larger part; 0 elsewhere."""
    share = [
        (0.8 + 0.2 * len(typed) / len(name))
        if f" {name}".startswith(f" {typed}") or f" {typed} " in f" {name} "
        else 0.0
        for name in whole
    ]
    return np.array(share, dtype=np.float64)


def _ratios(typed: str, keys: list[str]) -> NDArray[np.float64]:
    ratios: NDArray[np.float64] = process.cdist([typed], keys, scorer=fuzz.ratio, dtype=np.float64)[0]
    return ratios / 100.0
