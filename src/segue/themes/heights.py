# SPDX-License-Identifier: Apache-2.0
"""Where each track stands in the distribution of a sound, and how sure that is."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from segue.models.sound import SOUND, Sound
from segue.themes.theme import Aim

__all__ = ["Heights", "heights", "reached", "within"]

_COLUMNS = tuple(name for name in SOUND if name not in ("key", "mode"))
_SOFTNESS = 0.4
"""Of an aim's border, in standard deviations: nobody means a quantile exactly."""
_EDGE = 0.002
_WORDLESS = 0.5
"""Instrumentalness from which on a track has no words: most tracks have hardly any, so that no quantile tells."""
_TEMPO_SOFTNESS = 0.03
"""Of a wish for a pace, in octaves."""


@dataclass(frozen=True)
class Heights:
    """Standard normal scores: 0 is the median of what the catalogue knows, 1 stands above 84% of it."""

    scores: Mapping[str, NDArray[np.float32]]
    """`float32[catalogue]` by column; NaN where nothing is known or guessed. That of a guess is its mean."""
    unsure: Mapping[str, NDArray[np.float32]]
    """`float32[catalogue]`: the variance about the score; 0 where the catalogue says it."""
    wordless: NDArray[np.bool_]
    """`bool[catalogue]`: whether a track is more likely than not without words, as known or guessed."""
    tempo: NDArray[np.float32]
    """`float32[catalogue]`: the logarithm of beats a minute to the base 2, where the catalogue says it, else NaN."""


def heights(sound: Sound, explained: NDArray[np.float32]) -> Heights:
    """Return where each track stands.

    A guess is a mean: that its variance is smaller than that of what is known says how little it tells. What it leaves
    open, `1 - R²`, is kept beside it.

    Args:
        sound: Known and guessed values.
        explained: `float32[len(SOUND)]`: R² of the guesses, NaN where nothing is guessed.
    """
    scores, unsure = {}, {}
    for name in _COLUMNS:
        place = SOUND.index(name)
        values, known = sound.values[:, place], sound.known[:, place]
        said = np.sort(values[known])
        if not len(said):
            scores[name], unsure[name] = np.full(len(values), np.nan, np.float32), np.zeros(len(values), np.float32)
            continue
        lower, upper = (np.searchsorted(said, values, side) for side in ("left", "right"))
        quantile = np.clip((lower + upper) / (2 * len(said)), _EDGE, 1 - _EDGE)
        scores[name] = np.where(np.isfinite(values), ndtri(quantile), np.nan).astype(np.float32)
        share = float(np.nan_to_num(explained[place], nan=0.0))
        unsure[name] = np.where(known, 0, 1 - share).astype(np.float32)
    place = SOUND.index("tempo")
    tempo = np.where(sound.known[:, place], sound.values[:, place], np.nan).astype(np.float32)
    return Heights(scores, unsure, sound["instrumentalness"] >= _WORDLESS, tempo)


def reached(aim: Aim, levels: Heights) -> NDArray[np.float32]:
    """Return how likely each track reaches an aim, `float32[catalogue]`, 0–1.

    With a score z, known or the mean of a normal distribution of variance v, and an aim above t whose border has the
    softness s: Φ((z - t) / √(s² + v)). So what is known tells more than what is guessed, and of a track of which
    nothing is known it is what it is of any.
    """
    score, unsure = levels.scores[aim.column], levels.unsure[aim.column]
    sign = np.float32(1 if aim.above else -1)
    border = np.float32(ndtri(aim.quantile))
    chance = ndtr(sign * (score - border) / np.sqrt(np.float32(_SOFTNESS**2) + unsure))
    base = 1 - aim.quantile if aim.above else aim.quantile
    return np.where(np.isfinite(chance), chance, np.float32(base)).astype(np.float32)


def within(pace: tuple[float, float], levels: Heights) -> NDArray[np.float32]:
    """Return how likely each track has a pace that suits, or half or double of it, `float32[catalogue]`, 0–1.

    At 80 beats a minute one runs 160 steps, two a beat.
    """
    low, high = np.log2(pace[0]), np.log2(pace[1])
    known = np.isfinite(levels.tempo)
    best = np.zeros(len(levels.tempo))
    for octave in (-1, 0, 1):
        below = ndtr((levels.tempo - (low + octave)) / _TEMPO_SOFTNESS)
        above = ndtr((levels.tempo - (high + octave)) / _TEMPO_SOFTNESS)
        best = np.maximum(best, below - above)
    base = float(best[known].mean()) if known.any() else 1.0
    return np.where(known, best, base).astype(np.float32)
