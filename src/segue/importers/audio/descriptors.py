# SPDX-License-Identifier: Apache-2.0
"""How a recording sounds, from its samples: tempo, key and mode, loudness, energy, timbre.

Each is computed where it means something, and is None where it does not: silence has no loudness, noise no key.
"""

import math
import warnings
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from segue.importers.audio.decoding import RATE

__all__ = ["VERSION", "Sound", "describe"]

VERSION = 1
"""Of these definitions; with another one, files are described anew."""

_RATE = RATE // 2
"""Samples a second for all but loudness; what is above 11 kHz tells nothing of tempo, key or timbre."""
_HOP, _WINDOW = 512, 2048
_FRAME_RATE = _RATE / _HOP
_SHORTEST_S = 5.0
"""Shorter sounds have loudness and timbre only."""
_SILENT_DB = -70.0
"""The absolute gate of ITU-R BS.1770."""
_COEFFICIENTS = 20
_FLOOR_DB, _HEARD_DB = 80.0, 60.0
"""Below the loudest: where a band counts as silent, and where a whole frame does."""

_TEMPO_LEAST, _TEMPO_MOST, _TEMPI = 40.0, 220.0, 800
_TEMPO_USUAL = 120.0
_TEMPO_WINDOW_S = 12.0
_TEMPO_EXACTER = 0.03
_PULSE_LEAST = 0.1
"""Least self-similarity of the onsets, one beat later, where there is a pulse: noise has 0.06."""
_FLUX_LEAST = 5e-4
"""Least change of the spectrum where there are onsets; a steady tone has less."""

_KEY_WINDOW, _KEY_HOP = 8192, 4096
_KEY_HERTZ = (80.0, 4000.0)
_NEIGHBOURS = 61
"""Bins of the spectrum, 160 Hz, above whose mean a tone stands out."""
_PROFILES = (
    (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052),
    (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081),
)
"""How often each degree sounds, in minor and in major (Albrecht, Shanahan 2013)."""
_TONAL_LEAST = 0.6
"""Least correlation with a profile where there is a key: noise and drums stay below 0.45."""

_LOUD_MIDDLE_DB, _LOUD_WIDTH_DB = -11.3, 5.2
"""Middle and width of the scale of loudness: so goes energy with loudness in 28,356 tracks that Spotify described."""
_ONSETS_USUAL = 4.0
"""Onsets a second of which the scale of energy is at 63 %."""
_FLUX_USUAL = 0.02
"""Likewise, the mean change of the spectrum."""


class Sound(TypedDict):
    """The catalogue's columns of these names."""

    tempo_bpm: float | None
    key: int | None
    mode: int | None
    energy: float
    loudness_db: float | None
    timbre: list[float] | None


def describe(samples: NDArray[np.float32]) -> Sound:
    """Describe an excerpt.

    Args:
        samples: `float32[c, n]`, one channel or two, `RATE` samples a second, as `decoding.excerpt` returns them.

    Energy is between 0 and 1, and rises with loudness, with onsets a second, and with how much the spectrum moves. It
    is half the first, a quarter each of the others, each on a scale that saturates: of loudness a logistic curve with
    its middle at -11.3 LUFS, of the others `1 - exp(-x / usual)`. Silence has 0.
    """
    import librosa

    loudness_db = _loudness(samples)
    if loudness_db is None:
        return Sound(tempo_bpm=None, key=None, mode=None, energy=0.0, loudness_db=None, timbre=None)
    mono = librosa.resample(samples.mean(axis=0), orig_sr=RATE, target_sr=_RATE, res_type="soxr_hq")
    mono = np.pad(mono, (0, max(0, _KEY_WINDOW - len(mono))))
    mel = librosa.feature.melspectrogram(y=mono, sr=_RATE, n_fft=_WINDOW, hop_length=_HOP)
    flux = _flux(mel)
    long = samples.shape[1] >= _SHORTEST_S * RATE
    key, mode = _key(mono) if long else (None, None)
    return Sound(
        tempo_bpm=_tempo(flux) if long else None,
        key=key,
        mode=mode,
        energy=_energy(loudness_db, flux),
        loudness_db=loudness_db,
        timbre=_timbre(mel),
    )


def _loudness(samples: NDArray[np.float32]) -> float | None:
    """Return the integrated loudness in LUFS, as ITU-R BS.1770-4 has it; None for silence.

    One channel counts as two equal ones, since it is played so.
    """
    import pyloudnorm

    both = samples if len(samples) == 2 else np.repeat(samples, 2, axis=0)
    both = np.pad(both, ((0, 0), (0, max(0, RATE // 2 - both.shape[1]))))
    if not both.any():
        return None
    loudness = float(pyloudnorm.Meter(RATE).integrated_loudness(both.T))
    return loudness if loudness > _SILENT_DB else None


def _flux(mel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much the spectrum gains from frame to frame, `float32[t]`.

    Amplitudes are taken relative to the loudest of the excerpt, and compressed little: with decibels, a hi-hat
    in the silence between two beats would count like the beats, and give twice the tempo.
    """
    amplitude = np.sqrt(mel)
    loudest = amplitude.max(axis=0)
    loud = np.log1p(10 * amplitude / np.percentile(loudest[loudest > 0], 95))
    gain: NDArray[np.float32] = np.maximum(0, np.diff(loud, axis=1, prepend=loud[:, :1])).mean(axis=0)
    return gain


def _tempo(flux: NDArray[np.float32]) -> float | None:
    """Return the tempo in beats a minute; None where there is no pulse.

    The autocorrelation of the onsets has peaks at the tempo, its half, its third; their spectrum at the tempo, its
    double, its triple. The product of both has one at the tempo (Peeters 2007). What octave is meant is no more
    than likely, and 120 is the likeliest.
    """
    width = round(_TEMPO_WINDOW_S * _FRAME_RATE)
    if flux.mean() < _FLUX_LEAST:
        return None
    padded = np.pad(flux.astype(np.float64), (0, max(0, width - len(flux))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, width)[:: width // 4]
    frames = frames - frames.mean(axis=1, keepdims=True)
    tempi = np.geomspace(_TEMPO_LEAST, _TEMPO_MOST, _TEMPI)
    size = 16 * width
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(width), size)).mean(axis=0)
    at_tempo = np.interp(tempi, np.arange(len(spectrum)) * _FRAME_RATE / size * 60, spectrum)
    similar = np.fft.irfft(np.abs(np.fft.rfft(frames, 2 * width)) ** 2)[:, :width]
    similar /= np.maximum(similar[:, :1], np.finfo(float).tiny) * (1 - np.arange(width) / width)
    one_beat_later = np.interp(60 * _FRAME_RATE / tempi, np.arange(width), similar.mean(axis=0))
    likely = np.exp(-0.5 * np.log2(tempi / _TEMPO_USUAL) ** 2)
    best = int(np.argmax(np.maximum(one_beat_later, 0) * at_tempo * likely))
    if one_beat_later[best] < _PULSE_LEAST:
        return None
    near = np.abs(tempi / tempi[best] - 1) < _TEMPO_EXACTER
    return float(tempi[near][at_tempo[near].argmax()])  # a beat later is whole frames later; the spectrum tells better


def _key(mono: NDArray[np.float32]) -> tuple[int, int] | tuple[None, None]:
    """Return the tonic's pitch class and the mode; nothing where there is no key.

    Of the spectrum, only what stands out from its neighbours counts, so that drums say nothing; and a loud frame
    counts little more than a soft one.
    """
    import librosa
    from scipy.ndimage import uniform_filter1d

    spectrum = np.abs(librosa.stft(mono, n_fft=_KEY_WINDOW, hop_length=_KEY_HOP))
    tones = np.maximum(0, spectrum - 2 * uniform_filter1d(spectrum, _NEIGHBOURS, axis=0))
    hertz = np.arange(len(tones)) * _RATE / _KEY_WINDOW
    tones[(hertz < _KEY_HERTZ[0]) | (hertz > _KEY_HERTZ[1])] = 0
    if not tones.any():
        return None, None
    with warnings.catch_warnings(action="ignore"):  # of no tone that is high enough to tell; then it is 0
        tuning = librosa.estimate_tuning(S=tones, sr=_RATE, n_fft=_KEY_WINDOW)
    chroma = librosa.feature.chroma_stft(S=tones, sr=_RATE, n_fft=_KEY_WINDOW, norm=None, tuning=tuning)
    total = chroma.sum(axis=0)
    heard = (chroma[:, total > 0] / np.sqrt(total[total > 0])).sum(axis=1)
    if np.ptp(heard) == 0:
        return None, None
    profiles = np.stack([np.roll(profile, tonic) for profile in _PROFILES for tonic in range(12)])
    fit = np.corrcoef(heard, profiles)[0, 1:]
    mode, key = divmod(int(fit.argmax()), 12)
    return (key, mode) if fit.max() >= _TONAL_LEAST else (None, None)


def _energy(loudness_db: float, flux: NDArray[np.float32]) -> float:
    """Return the energy, as `describe` defines it."""
    import librosa

    found = librosa.onset.onset_detect(onset_envelope=flux, sr=_RATE, hop_length=_HOP) if flux.any() else ()
    loud = 1 / (1 + math.exp(-(loudness_db - _LOUD_MIDDLE_DB) / _LOUD_WIDTH_DB))
    busy = 1 - math.exp(-len(found) / (len(flux) / _FRAME_RATE) / _ONSETS_USUAL)
    moving = 1 - math.exp(-float(flux.mean()) / _FLUX_USUAL)
    return 0.5 * loud + 0.25 * busy + 0.25 * moving


def _timbre(mel: NDArray[np.float32]) -> list[float]:
    """Return the mean mel cepstrum, coefficients 1 to 20, of the frames that are not silent beside the loudest.

    Coefficient 0 is left out: it is loudness.
    """
    import librosa

    mel_db = librosa.power_to_db(mel / mel.max(), top_db=_FLOOR_DB)
    level_db = librosa.power_to_db(mel.sum(axis=0), ref=np.max, top_db=None)
    cepstrum = librosa.feature.mfcc(S=mel_db, n_mfcc=_COEFFICIENTS + 1)
    return [float(number) for number in cepstrum[1:, level_db > -_HEARD_DB].mean(axis=1)]
