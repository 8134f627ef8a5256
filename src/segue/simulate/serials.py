# SPDX-License-Identifier: Apache-2.0
"""What is spoken and comes in parts: podcasts with their episodes, audiobooks with their chapters."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.catalog.schema import ALBUMS, ARTISTS, TRACKS
from segue.seeds import generator
from segue.simulate.catalogue import identifiers, shaped, stated, walk
from segue.simulate.config import WorldConfig
from segue.simulate.names import person_names
from segue.simulate.regions import LANGUAGES, REGIONS, shares
from segue.types import ItemKind

__all__ = ["TOPICS", "Serials", "Topic", "books", "shows", "tables"]

_FEWEST_EPISODES, _MOST_EPISODES = 6, 61  # that are out before the first week
_FEWEST_CHAPTERS, _MOST_CHAPTERS = 8, 41
_CHAPTER_MINUTES = 22.0
_ENGLISH = 0.2  # share that is made in English wherever it comes from


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing to talk of."""

    name: str
    shows: float  # share, not normalised
    books: float  # share, not normalised
    minutes: float  # of an episode
    explicit: float  # share of the serials


TOPICS = (
    Topic("news", 1.4, 0.0, 16, 0.0),
    Topic("history", 0.9, 0.7, 44, 0.0),
    Topic("science", 0.9, 0.6, 36, 0.0),
    Topic("society", 1.3, 0.5, 48, 0.1),
    Topic("comedy", 1.2, 0.3, 55, 0.5),
    Topic("crime", 1.0, 1.4, 40, 0.3),
    Topic("sport", 0.9, 0.1, 42, 0.1),
    Topic("business", 0.7, 0.4, 30, 0.0),
    Topic("fiction", 0.3, 1.8, 28, 0.1),
    Topic("biography", 0.2, 0.8, 38, 0.0),
)


@dataclass(frozen=True, slots=True)
class Serials:
    """Arrays over the serials of one kind, and over all their parts, which stand by serial and in their order."""

    kind: ItemKind  # of the parts: episode or chapter
    topic: NDArray[np.intp]  # index into `TOPICS`
    region: NDArray[np.intp]
    language: NDArray[np.intp]
    fame: NDArray[np.float64]  # 1 for the most famous
    explicit: NDArray[np.bool_]
    first: NDArray[np.intp]  # [serials + 1]: the first part of each, and how many parts there are
    serial: NDArray[np.intp]  # of each part, as is all below
    duration_ms: NDArray[np.int64]
    release_day: NDArray[np.intp]  # after the world's first day; below 0: before it


def shows(config: WorldConfig) -> Serials:
    """Return the podcasts: each has some episodes when the world begins, and one more each week, on its own weekday."""
    rng = generator("simulate", config.seed, "shows")
    topic, region, language, fame, explicit = _origins(config.shows, [topic.shows for topic in TOPICS], rng)
    before = rng.integers(_FEWEST_EPISODES, _MOST_EPISODES, config.shows)
    weekday = rng.integers(0, 7, config.shows)
    serial, first, number = _parts(before + config.weeks)
    usual = np.array([topic.minutes for topic in TOPICS])[topic] * np.exp(0.3 * rng.standard_normal(config.shows))
    minutes = usual[serial] * np.exp(0.15 * rng.standard_normal(len(serial)))
    return Serials(
        kind=ItemKind.EPISODE,
        topic=topic,
        region=region,
        language=language,
        fame=fame,
        explicit=explicit,
        first=first,
        serial=serial,
        duration_ms=(np.clip(minutes, 3, 180) * 60_000).astype(np.int64),
        release_day=7 * (number - before[serial]) + weekday[serial],
    )


def books(config: WorldConfig) -> Serials:
    """Return the audiobooks: all chapters of one come out on one day before the world begins."""
    rng = generator("simulate", config.seed, "books")
    topic, region, language, fame, explicit = _origins(config.books, [topic.books for topic in TOPICS], rng)
    serial, first, _ = _parts(rng.integers(_FEWEST_CHAPTERS, _MOST_CHAPTERS, config.books))
    usual = _CHAPTER_MINUTES * np.exp(0.35 * rng.standard_normal(config.books))
    minutes = usual[serial] * np.exp(0.25 * rng.standard_normal(len(serial)))
    age_days = 1 + np.minimum(rng.exponential(1_500, config.books), 30 * 365).astype(np.intp)
    return Serials(
        kind=ItemKind.CHAPTER,
        topic=topic,
        region=region,
        language=language,
        fame=fame,
        explicit=explicit,
        first=first,
        serial=serial,
        duration_ms=(np.clip(minutes, 2, 120) * 60_000).astype(np.int64),
        release_day=-age_days[serial],
    )


def tables(
    config: WorldConfig, serials: Serials, taken: Iterable[str]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return parts, the people who speak or wrote, and the serials, as tracks, artists and albums of the catalogue.

    Part i is row i. What only music has (tempo, key, mood …) is null.

    Args:
        config: The settings of the world.
        serials: The serials of one kind.
        taken: Names of artists that are given already.
    """
    whole, person = ("show", "host") if serials.kind is ItemKind.EPISODE else ("book", "author")
    rng = generator("simulate", config.seed, "names", whole)
    count = len(serials.topic)
    languages = pl.Series(LANGUAGES)
    codes = pl.Series([region.code for region in REGIONS])
    genres = pl.Series([[topic.name] for topic in TOPICS], dtype=pl.List(pl.String)).gather(serials.topic)
    artists = pl.DataFrame(
        {
            "artist_id": identifiers(person, count).alias("artist_id"),
            "name": person_names(languages.gather(serials.language).to_list(), taken, rng),
            "genres": genres,
            "region": codes.gather(serials.region),
            "popularity": stated(serials.fame),
        }
    )
    days = np.datetime64(config.start.date()) + serials.release_day.astype("timedelta64[D]")
    albums = pl.DataFrame(
        {
            "album_id": identifiers(whole, count).alias("album_id"),
            "title": walk(serials.language, np.zeros(count, np.intp), rng),
            "artist_id": artists["artist_id"],
            "release_date": days[serials.first[:-1]],
        }
    )
    serial = serials.serial
    number = pl.Series(1 + np.arange(len(serial)) - serials.first[serial])
    parts = pl.DataFrame(
        {
            "track_id": identifiers(serials.kind.value, len(serial)).alias("track_id"),
            "kind": pl.repeat(serials.kind.value, len(serial), eager=True),
            "title": number.cast(pl.String) + ". " + walk(serials.language[serial], serial, rng),
            "artist_id": artists["artist_id"].gather(serial),
            "artist_name": artists["name"].gather(serial),
            "album_id": albums["album_id"].gather(serial),
            "album_name": albums["title"].gather(serial),
            "release_date": days,
            "duration_ms": serials.duration_ms,
            "genres": genres.gather(serial),
            "language": languages.gather(serials.language[serial]),
            "region": codes.gather(serials.region[serial]),
            "explicit": serials.explicit[serial],
            "position": number,
            "available": pl.repeat(True, len(serial), eager=True),
            "popularity": artists["popularity"].gather(serial),
        }
    )
    return shaped(parts, TRACKS), shaped(artists, ARTISTS), shaped(albums, ALBUMS)


def _origins(
    count: int, topics: list[float], rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], NDArray[np.float64], NDArray[np.bool_]]:
    """Return topic, region, language, fame, and whether it is explicit, of each serial."""
    topic = rng.choice(len(TOPICS), count, p=shares(topics)).astype(np.intp)
    region = rng.choice(len(REGIONS), count, p=shares([place.share for place in REGIONS])).astype(np.intp)
    own = np.array([LANGUAGES.index(place.language) for place in REGIONS])[region]
    language = np.where(rng.random(count) < _ENGLISH, LANGUAGES.index("en"), own)
    fame = np.asarray((1.0 + rng.permutation(count)) ** -0.8)
    explicit = rng.random(count) < np.array([one.explicit for one in TOPICS])[topic]
    return topic, region, language, fame, explicit


def _parts(counts: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Return the serial of each part, where each serial begins (and all end), and the number of each part, from 0."""
    first = np.concatenate(([0], np.cumsum(counts))).astype(np.intp)
    serial = np.repeat(np.arange(len(counts)), counts)
    return serial, first, np.arange(len(serial)) - first[serial]
