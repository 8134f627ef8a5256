# SPDX-License-Identifier: Apache-2.0
"""The listeners of a simulated world: where they live, what they like and how they listen."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.seeds import generator
from segue.simulate.config import WorldConfig
from segue.simulate.genres import GENRES, PER_GENRE, SUBGENRE_GENRE
from segue.simulate.music import joined, near, subgenre_styles
from segue.simulate.occasions import OCCASIONS
from segue.simulate.regions import LANGUAGES, REGIONS, drawn_zones, genre_shares, shares
from segue.simulate.truth import MOST_TASTES

__all__ = ["Listeners", "populate"]

_TASTE_COUNT_SHARES = (0.15, 0.35, 0.3, 0.2)
_SECOND_LANGUAGE = 0.75  # beside 1 for the first
_BOT_SESSIONS = 60.0


@dataclass(frozen=True, slots=True)
class Listeners:
    """Arrays over listeners; K is `MOST_TASTES`, a taste of weight 0 does not exist."""

    region: NDArray[np.intp]
    zone: NDArray[np.intp]  # index into `ZONES`
    languages: NDArray[np.bool_]  # [listeners, languages]: understood
    taste_weights: NDArray[np.float32]  # [listeners, K], rows add up to 1
    taste_subgenre: NDArray[np.intp]  # [listeners, K]
    taste_occasion: NDArray[np.intp]  # [listeners, K]
    taste_vectors: NDArray[np.float32]  # [listeners, K, D], length 1
    sessions_per_week: NDArray[np.float64]
    exploration: NDArray[np.float32]  # share of plays beyond the favourites
    impatience: NDArray[np.float32]  # around 0; added to the log-odds of a skip
    night_shift: NDArray[np.bool_]
    bot: NDArray[np.bool_]


def populate(config: WorldConfig) -> Listeners:
    """Return the listeners of a world."""
    rng = generator("simulate", config.seed, "listeners")
    count = config.listeners
    region, zone, languages, spoken = _homes(count, rng)
    exists, weights = _taste_weights(count, rng)
    subgenre = _taste_subgenres(region, rng)
    styles = near(subgenre_styles(config.seed)[subgenre], 0.7, rng)
    bot = rng.random(count) < config.bot_share
    sessions = config.sessions_per_week * np.exp(0.65 * rng.standard_normal(count))
    exploration = rng.beta(3.0, 3.0 * (1 / max(config.exploration, 0.01) - 1) + 1e-6, count)
    return Listeners(
        region=region,
        zone=zone,
        languages=languages,
        taste_weights=np.where(exists, weights, 0).astype(np.float32),
        taste_subgenre=subgenre,
        taste_occasion=_taste_occasions(subgenre, rng),
        taste_vectors=joined(styles, np.repeat(spoken[:, None], MOST_TASTES, axis=1)),
        sessions_per_week=np.where(bot, _BOT_SESSIONS, np.clip(sessions, 0.3, 60)),
        exploration=np.where(bot, 0, np.minimum(exploration, 0.9) * (config.exploration > 0)).astype(np.float32),
        impatience=(0.6 * rng.standard_normal(count)).astype(np.float32),
        night_shift=~bot & (rng.random(count) < config.night_shift_share),
        bot=bot,
    )


def _homes(
    count: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_], NDArray[np.float32]]:
    """Return region, zone, languages understood, and these as vectors of length 1."""
    region = rng.choice(len(REGIONS), count, p=shares([region.share for region in REGIONS])).astype(np.intp)
    zone = np.zeros(count, np.intp)
    spoken = np.zeros((count, len(LANGUAGES)), np.float32)
    for i, place in enumerate(REGIONS):
        here = np.flatnonzero(region == i)
        zone[here] = drawn_zones(place, len(here), rng)
        for language, share in place.second.items():
            spoken[here, LANGUAGES.index(language)] = _SECOND_LANGUAGE * (rng.random(len(here)) < share)
        spoken[here, LANGUAGES.index(place.language)] = 1.0
    return region, zone, spoken > 0, spoken / np.linalg.norm(spoken, axis=1, keepdims=True)


def _taste_weights(count: int, rng: np.random.Generator) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    tastes = 1 + rng.choice(MOST_TASTES, count, p=_TASTE_COUNT_SHARES)
    exists = np.arange(MOST_TASTES) < tastes[:, None]
    weights = np.where(exists, rng.gamma(2.0, size=(count, MOST_TASTES)) + 0.15, 0)
    return exists, weights / weights.sum(axis=1, keepdims=True)


def _taste_subgenres(region: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    """The first taste follows the region; narrow listeners find the others in the same genre."""
    genre = np.zeros((len(region), MOST_TASTES), np.intp)
    for i, place in enumerate(REGIONS):
        here = np.flatnonzero(region == i)
        genre[here] = rng.choice(len(GENRES), (len(here), MOST_TASTES), p=genre_shares(place))
    breadth = rng.beta(2.0, 1.2, len(region))
    same = rng.random(genre.shape) > breadth[:, None]
    genre = np.where(same, genre[:, :1], genre)
    return genre * PER_GENRE + rng.integers(0, PER_GENRE, genre.shape)


def _taste_occasions(subgenre: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
    """Music is heard where its energy suits: techno at the gym, ambient at the desk."""
    energy = np.array([genre.energy for genre in GENRES])[SUBGENRE_GENRE[subgenre]]
    suits = -((energy[..., None] - [occasion.energy for occasion in OCCASIONS]) ** 2) / (2 * 0.22**2)
    suits += np.log([occasion.share for occasion in OCCASIONS]) + rng.gumbel(size=suits.shape)
    return np.asarray(np.argmax(suits, axis=-1), dtype=np.intp)
