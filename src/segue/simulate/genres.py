# SPDX-License-Identifier: Apache-2.0
"""The genres of the simulated world and how their music sounds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["GENRES", "MOODS", "PER_GENRE", "SUBGENRES", "SUBGENRE_GENRE", "Genre", "mood"]


@dataclass(frozen=True, slots=True)
class Genre:
    """One genre: how common it is and the middle of what its tracks are like."""

    name: str
    subgenres: tuple[str, str, str, str]
    share: float  # of listeners' tastes and of artists, not normalised
    tempo_bpm: float
    energy: float  # 0–1
    valence: float  # 0–1
    minor: float  # share of tracks in a minor key
    instrumental: float  # share of tracks without words
    explicit: float  # share of tracks with words
    minutes: float  # median length
    instruments: tuple[str, ...]


GENRES = (
    Genre("pop", ("dance pop", "dream pop", "synth pop", "chamber pop"), 1.6, 116, 0.66, 0.62, 0.35, 0.01, 0.06, 3.3,
          ("vocals", "synthesizer", "drums", "guitar")),
    Genre("rock", ("indie rock", "garage rock", "post-rock", "surf rock"), 1.4, 124, 0.74, 0.5, 0.4, 0.06, 0.06, 3.9,
          ("guitar", "bass", "drums", "vocals")),
    Genre("hip hop", ("boom bap", "trap", "jazz rap", "cloud rap"), 1.4, 92, 0.66, 0.48, 0.65, 0.05, 0.5, 3.2,
          ("vocals", "sampler", "drum machine")),
    Genre("electronic", ("deep house", "techno", "drum and bass", "downtempo"), 1.1, 125, 0.76, 0.44, 0.65, 0.6, 0.02,
          5.2, ("synthesizer", "drum machine", "sampler")),
    Genre("jazz", ("modal jazz", "swing", "fusion", "vocal jazz"), 0.6, 112, 0.4, 0.55, 0.5, 0.65, 0.0, 5.4,
          ("saxophone", "double bass", "piano", "drums", "trumpet")),
    Genre("classical", ("baroque", "romantic", "minimalism", "chamber music"), 0.5, 96, 0.2, 0.35, 0.45, 0.93, 0.0,
          5.8, ("piano", "strings", "woodwind")),
    Genre("folk", ("indie folk", "chanson", "fingerstyle", "country folk"), 0.9, 102, 0.34, 0.46, 0.3, 0.1, 0.01, 3.6,
          ("acoustic guitar", "vocals", "banjo", "fiddle")),
    Genre("metal", ("doom metal", "thrash metal", "progressive metal", "black metal"), 0.6, 134, 0.92, 0.26, 0.8, 0.08,
          0.12, 5.0, ("electric guitar", "bass", "drums", "vocals")),
    Genre("soul", ("neo soul", "funk", "northern soul", "quiet storm"), 0.9, 100, 0.54, 0.66, 0.5, 0.04, 0.08, 3.8,
          ("vocals", "electric piano", "bass", "horns")),
    Genre("ambient", ("drone", "new age", "field recording", "piano ambient"), 0.5, 76, 0.12, 0.34, 0.55, 0.95, 0.0,
          5.6, ("synthesizer", "piano", "tape")),
    Genre("latin", ("samba", "bossa nova", "cumbia", "reggaeton"), 1.0, 104, 0.68, 0.76, 0.45, 0.06, 0.1, 3.5,
          ("vocals", "percussion", "nylon guitar", "horns")),
    Genre("reggae", ("dub", "roots reggae", "ska", "dancehall"), 0.6, 88, 0.56, 0.7, 0.45, 0.12, 0.08, 3.8,
          ("bass", "drums", "organ", "vocals")),
)  # fmt: skip

PER_GENRE = 4
SUBGENRES: tuple[str, ...] = tuple(name for genre in GENRES for name in genre.subgenres)
SUBGENRE_GENRE: NDArray[np.intp] = np.arange(len(SUBGENRES)) // PER_GENRE
"""Genre of each subgenre."""


MOODS = ("calm", "melancholic", "energetic", "intense", "warm")


def mood(energy: NDArray[np.float32], valence: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return the index into `MOODS` of tracks with this energy and valence."""
    lively, glad = energy >= 0.55, valence >= 0.5
    return np.where(lively, np.where(glad, 2, 3), np.where(glad, 4, np.where(energy < 0.3, 0, 1))).astype(np.intp)
