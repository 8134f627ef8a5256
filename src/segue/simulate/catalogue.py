# SPDX-License-Identifier: Apache-2.0
"""The catalogue of a simulated world: its music as the three tables that a source would give."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.catalog.schema import ALBUMS, ARTISTS, TRACKS
from segue.seeds import generator
from segue.simulate.config import WorldConfig
from segue.simulate.genres import GENRES, MOODS, SUBGENRE_GENRE, SUBGENRES, mood
from segue.simulate.groups import earlier
from segue.simulate.music import Music, subgenre_styles
from segue.simulate.names import CLASSICAL_FORMS, KEYS, artist_names, titles
from segue.simulate.regions import LANGUAGES, REGIONS

__all__ = ["identifiers", "shaped", "stated", "tables", "walk"]

_CLASSICAL = next(i for i, genre in enumerate(GENRES) if genre.name == "classical")
_GENDERS = ("female", "male", "nonbinary", None)  # null: a group, or not said
_GENDER_SHARES = (0.24, 0.4, 0.02, 0.34)
_STRIDES = (7_919, 104_729, 1_299_709)
"""Primes longer than any bank of titles, so that a walk over a bank meets all its titles before one comes again."""


def tables(config: WorldConfig, music: Music) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return tracks, artists and albums with exactly the catalogue's columns; row i is index i of the music."""
    rng = generator("simulate", config.seed, "catalogue")
    artists = _artists(music, rng)
    key = rng.integers(0, 12, config.tracks).astype(np.int8)
    major = rng.random(config.tracks) >= np.array([genre.minor for genre in GENRES])[music.genre]
    track_titles = _track_titles(music, key, major, rng)
    albums = _albums(config, music, artists, track_titles, rng)
    energy, valence = _sound(config, music, rng)
    without_words = music.language < 0
    explicit = rng.random(config.tracks) < np.array([genre.explicit for genre in GENRES])[music.genre]
    tempo = np.array([genre.tempo_bpm for genre in GENRES])[music.genre] + 13 * rng.standard_normal(config.tracks)
    tracks = pl.DataFrame(
        {
            "track_id": identifiers("track", config.tracks),
            "kind": pl.repeat("track", config.tracks, eager=True),
            "title": track_titles,
            "artist_id": artists["artist_id"].gather(music.artist),
            "artist_name": artists["name"].gather(music.artist),
            "album_id": albums["album_id"].gather(music.album),
            "album_name": albums["title"].gather(music.album),
            "release_date": albums["release_date"].gather(music.album),
            "duration_ms": music.duration_ms,
            "genres": artists["genres"].gather(music.artist),
            "tempo_bpm": np.clip(tempo, 48, 210),
            "key": key,
            "mode": major.astype(np.int8),
            "energy": energy,
            "valence": valence,
            "mood": pl.Series(MOODS).gather(mood(energy, valence)),
            "instrumentation": _instruments().gather(2 * music.genre + without_words),
            "language": pl.Series([*LANGUAGES, None]).gather(np.where(without_words, len(LANGUAGES), music.language)),
            "region": artists["region"].gather(music.artist),
            "explicit": explicit & ~without_words,
            "available": pl.repeat(True, config.tracks, eager=True),
            "popularity": stated(music.popularity),
        }
    )
    return shaped(tracks, TRACKS), artists, albums


def identifiers(kind: str, count: int, start: int = 0) -> pl.Series:
    """Return the ids `sim:<kind>:000000` … of so many things."""
    number = pl.int_range(start, start + count, eager=True).cast(pl.String).str.zfill(6)
    return (f"sim:{kind}:" + number).alias(f"{kind}_id")


def _artists(music: Music, rng: np.random.Generator) -> pl.DataFrame:
    count = len(music.artist_fame)
    genres = [[GENRES[g].name, name] for g, name in zip(SUBGENRE_GENRE, SUBGENRES, strict=True)]
    frame = pl.DataFrame(
        {
            "artist_id": identifiers("artist", count),
            "name": artist_names([LANGUAGES[i] for i in music.artist_language], rng),
            "genres": pl.Series(genres).gather(music.artist_subgenre),
            "region": pl.Series([region.code for region in REGIONS]).gather(music.artist_region),
            "gender": pl.Series(_GENDERS).gather(rng.choice(len(_GENDERS), count, p=_GENDER_SHARES)),
            "popularity": stated(music.artist_fame),
        }
    )
    return shaped(frame, ARTISTS)


def _albums(
    config: WorldConfig, music: Music, artists: pl.DataFrame, track_titles: pl.Series, rng: np.random.Generator
) -> pl.DataFrame:
    """An album is called after its first track when it is a single, else after it or as the artist likes."""
    count = len(music.album_artist)
    own = walk(music.artist_language[music.album_artist], music.album_artist, rng)
    first = np.searchsorted(music.album, np.arange(count))
    single = np.bincount(music.album, minlength=count) == 1
    after_track = pl.Series(single | (rng.random(count) < 0.3))
    days = np.where(music.album_week >= 0, 7 * music.album_week, -music.album_age_days)
    start = np.datetime64(config.start.date())
    frame = pl.DataFrame(
        {
            "album_id": identifiers("album", count),
            "title": track_titles.gather(first).zip_with(after_track, own),
            "artist_id": artists["artist_id"].gather(music.album_artist),
            "release_date": start + days.astype("timedelta64[D]"),
        }
    )
    return shaped(frame, ALBUMS)


def _track_titles(music: Music, key: NDArray[np.int8], major: NDArray[np.bool_], rng: np.random.Generator) -> pl.Series:
    """No artist has two tracks of one title. Classical pieces are named by form, number and key."""
    songs = walk(music.language, music.artist, rng)
    piece = earlier(music.artist)
    forms = pl.Series(CLASSICAL_FORMS).gather((music.artist + piece) % len(CLASSICAL_FORMS))
    tones = pl.Series(KEYS).gather(key) + pl.Series([" minor", " major"]).gather(major.astype(np.intp))
    pieces = forms + " No. " + pl.Series(piece + 1).cast(pl.String) + " in " + tones
    named_by_form = (music.genre == _CLASSICAL) & (music.language < 0)
    return pieces.zip_with(pl.Series(named_by_form), songs).alias("title")


def walk(language: NDArray[np.intp], artist: NDArray[np.intp], rng: np.random.Generator) -> pl.Series:
    """Return a title in its language for each row, never twice for one artist; −1 is music without words."""
    titles_found = np.empty(len(language), dtype=object)
    for i, word in enumerate((*LANGUAGES, "")):
        rows = np.flatnonzero(language == (i if word else -1))
        bank = np.array(titles(word), dtype=object)[rng.permutation(len(titles(word)))]
        stride = next(prime for prime in _STRIDES if len(bank) % prime)
        round_, at = np.divmod(earlier(artist[rows]), len(bank))
        names = bank[(artist[rows] * 31 + at * stride) % len(bank)]
        again = round_ > 0
        names[again] = [f"{name} No. {number + 1}" for name, number in zip(names[again], round_[again], strict=True)]
        titles_found[rows] = names
    return pl.Series("title", titles_found, dtype=pl.String)


def _sound(
    config: WorldConfig, music: Music, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return energy and valence: the genre's, moved as the track's style is on axes 0 and 1."""
    away = music.styles - subgenre_styles(config.seed)[music.subgenre]
    middles = np.array([[genre.energy, genre.valence] for genre in GENRES])[music.genre]
    noise = 0.06 * rng.standard_normal((len(away), 2))
    energy, valence = np.clip(middles + 0.55 * away[:, :2] + noise, 0.02, 0.98).astype(np.float32).T
    return energy, valence


def _instruments() -> pl.Series:
    """Return the instruments at `2 * genre`, and without the voice at the row after."""
    all_of = [list(genre.instruments) for genre in GENRES]
    return pl.Series([kept for one in all_of for kept in (one, [word for word in one if word != "vocals"])])


def stated(weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return popularity as a source states it: 0–1, two decimals, on a scale that lets the middle be seen."""
    return np.asarray(np.round((weights / weights.max()) ** 0.15, 2), dtype=np.float32)


def shaped(frame: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """Return a frame with exactly a schema's columns; those that it lacks are null."""
    return frame.select(
        frame[name].cast(dtype) if name in frame.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in schema.items()
    )
