# SPDX-License-Identifier: Apache-2.0
"""The regions of the simulated world: their time zones, languages and leanings."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from segue.simulate.genres import GENRES

__all__ = ["LANGUAGES", "REGIONS", "ZONES", "Region", "drawn_zones", "genre_shares", "shares"]

LANGUAGES = ("en", "de", "fr", "pt", "ja", "hi", "es")


@dataclass(frozen=True, slots=True)
class Region:
    """One country: how many listeners and artists it has and what they speak and lean to."""

    code: str  # ISO 3166
    share: float  # of listeners, not normalised
    zones: dict[str, float]  # IANA time zone → share of the listeners
    language: str  # of the listeners
    second: dict[str, float]  # other language → share of the listeners who also like songs in it
    sung: dict[str, float]  # language → share of the artists
    leaning: dict[str, float] = field(default_factory=dict)  # genre → times as common as elsewhere


REGIONS = (
    Region("US", 0.30, {"America/New_York": 0.45, "America/Chicago": 0.3, "America/Los_Angeles": 0.25}, "en",
           {"es": 0.22}, {"en": 0.84, "es": 0.16}, {"hip hop": 1.6, "folk": 1.3}),
    Region("DE", 0.18, {"Europe/Berlin": 1.0}, "de", {"en": 0.9, "fr": 0.06}, {"de": 0.55, "en": 0.45},
           {"electronic": 1.9, "metal": 1.5}),
    Region("FR", 0.13, {"Europe/Paris": 1.0}, "fr", {"en": 0.75, "es": 0.08}, {"fr": 0.68, "en": 0.32},
           {"folk": 1.6, "electronic": 1.3}),
    Region("BR", 0.15, {"America/Sao_Paulo": 0.85, "America/Manaus": 0.15}, "pt", {"en": 0.6, "es": 0.25},
           {"pt": 0.88, "en": 0.12}, {"latin": 3.0, "soul": 1.3}),
    Region("JP", 0.12, {"Asia/Tokyo": 1.0}, "ja", {"en": 0.5}, {"ja": 0.85, "en": 0.15}, {"jazz": 1.7, "rock": 1.3}),
    Region("IN", 0.12, {"Asia/Kolkata": 1.0}, "hi", {"en": 0.8}, {"hi": 0.66, "en": 0.34},
           {"pop": 1.6, "classical": 1.4}),
)  # fmt: skip

ZONES: tuple[str, ...] = tuple(zone for region in REGIONS for zone in region.zones)


def shares(weights: list[float]) -> NDArray[np.float64]:
    """Return the weights so that they add up to 1."""
    given = np.array(weights, dtype=np.float64)
    return np.asarray(given / given.sum())


def drawn_zones(region: Region, count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the time zones of so many listeners of a region, as indices into `ZONES`."""
    zones = np.array([ZONES.index(name) for name in region.zones])
    return rng.choice(zones, count, p=shares(list(region.zones.values()))).astype(np.intp)


def genre_shares(region: Region) -> NDArray[np.float64]:
    """Return how common each genre is among a region's artists and tastes."""
    return shares([genre.share * region.leaning.get(genre.name, 1.0) for genre in GENRES])
