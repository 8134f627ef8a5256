# SPDX-License-Identifier: Apache-2.0
"""The music of a simulated world: who made it, what it sounds like, how known it is and when it came out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.seeds import generator
from segue.simulate.config import WorldConfig
from segue.simulate.genres import GENRES, PER_GENRE, SUBGENRE_GENRE
from segue.simulate.regions import LANGUAGES, REGIONS, genre_shares, shares

__all__ = ["Music", "compose", "joined", "near", "subgenre_styles"]

_STYLE_SIZE = 16
_LANGUAGE_SHARE = 0.3  # of a latent vector's squared length; the rest is its style
_ALBUM_SIZES = np.array([1, 4, 5, 8, 9, 10, 11, 12, 14])
_ALBUM_SIZE_SHARES = np.array([0.36, 0.1, 0.08, 0.06, 0.08, 0.12, 0.08, 0.08, 0.04])
_LITTLE_KNOWN = 0.5
"""A track goes viral only from below this quantile of popularity."""


@dataclass(frozen=True, slots=True)
class Music:
    """Arrays over artists, albums and tracks; an index into one of them is a row of its table."""

    artist_subgenre: NDArray[np.intp]
    artist_region: NDArray[np.intp]
    artist_language: NDArray[np.intp]
    artist_fame: NDArray[np.float64]  # 1 for the most famous
    album_artist: NDArray[np.intp]
    album_week: NDArray[np.intp]  # week at whose start it comes out; −1: before the first
    album_age_days: NDArray[np.intp]  # before the first week; 0 for those that come out later
    album: NDArray[np.intp]  # of each track, as is all below
    artist: NDArray[np.intp]
    subgenre: NDArray[np.intp]
    genre: NDArray[np.intp]
    region: NDArray[np.intp]
    language: NDArray[np.intp]  # −1: no words
    styles: NDArray[np.float32]  # [tracks, 16], length 1
    vectors: NDArray[np.float32]  # [tracks, D], length 1: style, then language
    popularity: NDArray[np.float64]  # adds up to 1
    release_week: NDArray[np.intp]
    viral_week: NDArray[np.intp]  # −1: never
    duration_ms: NDArray[np.int64]


def compose(config: WorldConfig) -> Music:
    """Return the music of a world; the last of it comes out in the last week."""
    rng = generator("simulate", config.seed, "music")
    sizes = _album_sizes(config.tracks, rng)
    artists = max(1, round(len(sizes) / 2.5))
    region, language, subgenre = _origins(artists, rng)
    fame: NDArray[np.float64] = np.asarray((1.0 + rng.permutation(artists)) ** -1.1)
    artist_styles = near(subgenre_styles(config.seed)[subgenre], 0.55, rng)
    album_artist = _album_artists(len(sizes), artists, rng)
    album_week, album_age_days = _releases(config, len(sizes), rng)

    album = np.repeat(np.arange(len(sizes)), sizes)
    artist = album_artist[album]
    genre = SUBGENRE_GENRE[subgenre[artist]]
    styles = near(artist_styles[artist], 0.4, rng)
    without_words = rng.random(config.tracks) < np.array([genre.instrumental for genre in GENRES])[genre]
    track_language = np.where(without_words, -1, language[artist])
    weight = fame[artist] * np.exp(1.3 * rng.standard_normal(config.tracks))
    popularity: NDArray[np.float64] = np.asarray(weight / weight.sum())
    minutes = np.array([genre.minutes for genre in GENRES])[genre] * np.exp(0.22 * rng.standard_normal(config.tracks))
    return Music(
        artist_subgenre=subgenre,
        artist_region=region,
        artist_language=language,
        artist_fame=fame,
        album_artist=album_artist,
        album_week=album_week,
        album_age_days=album_age_days,
        album=album,
        artist=artist,
        subgenre=subgenre[artist],
        genre=genre,
        region=region[artist],
        language=track_language,
        styles=styles,
        vectors=joined(styles, np.vstack((_EACH, _ANY))[track_language]),
        popularity=popularity,
        release_week=album_week[album],
        viral_week=_viral_weeks(config, popularity, album_week[album], rng),
        duration_ms=(np.clip(minutes, 0.8, 15) * 60_000).astype(np.int64),
    )


def subgenre_styles(seed: int) -> NDArray[np.float32]:
    """Return the style of each subgenre, float32 [subgenres, 16]: near its genre's; axis 0 is energy, 1 valence."""
    rng = generator("simulate", seed, "space")
    centres = rng.standard_normal((len(GENRES), _STYLE_SIZE))
    centres[:, 0] = [5 * (genre.energy - 0.55) for genre in GENRES]
    centres[:, 1] = [5 * (genre.valence - 0.5) for genre in GENRES]
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    return near(np.repeat(centres, PER_GENRE, axis=0).astype(np.float32), 0.7, rng)


def near(directions: NDArray[np.float32], distance: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return for each row a random direction about `distance` from it, of length 1."""
    away = rng.standard_normal(directions.shape, dtype=np.float32)
    found = directions + np.float32(distance) * away / np.linalg.norm(away, axis=-1, keepdims=True)
    return np.asarray(found / np.linalg.norm(found, axis=-1, keepdims=True), dtype=np.float32)


def joined(styles: NDArray[np.float32], languages: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return latent vectors of length 1 from styles and languages of length 1."""
    parts = (np.sqrt(1 - _LANGUAGE_SHARE) * styles, np.sqrt(_LANGUAGE_SHARE) * languages)
    return np.concatenate(parts, axis=-1).astype(np.float32)


_EACH = np.eye(len(LANGUAGES), dtype=np.float32)
_ANY = np.full((1, len(LANGUAGES)), len(LANGUAGES) ** -0.5, dtype=np.float32)
"""Music without words is a little in every language; it is the last row, so index −1 finds it."""


def _album_sizes(tracks: int, rng: np.random.Generator) -> NDArray[np.intp]:
    sizes = rng.choice(_ALBUM_SIZES, tracks, p=_ALBUM_SIZE_SHARES)
    ends = np.cumsum(sizes)
    last = int(np.searchsorted(ends, tracks))
    sizes[last] -= ends[last] - tracks
    return sizes[: last + 1].astype(np.intp)


def _origins(artists: int, rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Return the region, language and subgenre of each artist."""
    region = rng.choice(len(REGIONS), artists, p=shares([region.share for region in REGIONS])).astype(np.intp)
    language, genre = np.zeros(artists, np.intp), np.zeros(artists, np.intp)
    for i, place in enumerate(REGIONS):
        here = np.flatnonzero(region == i)
        sung = np.array([LANGUAGES.index(word) for word in place.sung])
        language[here] = rng.choice(sung, len(here), p=shares(list(place.sung.values())))
        genre[here] = rng.choice(len(GENRES), len(here), p=genre_shares(place))
    return region, language, genre * PER_GENRE + rng.integers(0, PER_GENRE, artists)


def _album_artists(albums: int, artists: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Give every artist an album, and the others to few."""
    weights = (1.0 + rng.permutation(artists)) ** -0.35
    more = rng.choice(artists, albums - artists, p=weights / weights.sum())
    return rng.permutation(np.concatenate((np.arange(artists), more))).astype(np.intp)


def _releases(config: WorldConfig, albums: int, rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    new = min(albums // 2, round(config.weekly_release_share * config.weeks * albums))
    week = np.full(albums, -1, np.intp)
    week[rng.permutation(albums)[:new]] = np.arange(new) % config.weeks
    age_days = 1 + np.minimum(rng.exponential(2_600, albums), 60 * 365).astype(np.intp)
    return week, np.where(week < 0, age_days, 0)


def _viral_weeks(
    config: WorldConfig, popularity: NDArray[np.float64], release_week: NDArray[np.intp], rng: np.random.Generator
) -> NDArray[np.intp]:
    """Choose little-known tracks that are out; spread their weeks over all but the first."""
    viral = np.full(config.tracks, -1, np.intp)
    unknown = np.flatnonzero((popularity < np.quantile(popularity, _LITTLE_KNOWN)) & (release_week < 0))
    chosen = rng.permutation(unknown)[: config.viral_tracks]
    viral[chosen] = rng.integers(min(1, config.weeks - 1), config.weeks, len(chosen))
    return viral
