# SPDX-License-Identifier: Apache-2.0
"""Sounds whose truth is known, and files of any format that hold them."""

from pathlib import Path

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from segue.importers.audio.decoding import RATE

Sound = NDArray[np.float32]
"""`float32[c, n]`, `RATE` samples a second."""

CODECS = {
    ".aiff": "pcm_s16be", ".flac": "flac", ".m4a": "aac", ".mp3": "libmp3lame", ".ogg": "vorbis", ".oga": "libopus",
    ".opus": "libopus", ".wav": "pcm_s16le", ".wma": "wmav2", ".wv": "wavpack", ".aif": "pcm_s16be",
}  # fmt: skip
_CONTAINERS = {".m4a": "ipod", ".oga": "ogg", ".wma": "asf", ".aif": "aiff"}


def written(path: Path, sound: Sound) -> Path:
    """Encode a sound as the name of the file says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".ogg":
        with soundfile.SoundFile(path, "w", RATE, len(sound), "VORBIS", format="OGG") as file:
            for start in range(0, sound.shape[1], RATE):  # written at once, much of it overflows the encoder's stack
                file.write(sound[:, start : start + RATE].T)
        return path
    codec = CODECS[path.suffix]
    with av.open(str(path), "w", format=_CONTAINERS.get(path.suffix)) as container:
        rate = 48_000 if codec == "libopus" else RATE
        layout = "mono" if len(sound) == 1 else "stereo"
        stream = container.add_stream(codec, rate=rate, layout=layout)
        if not codec.startswith("pcm"):
            stream.bit_rate = 192_000
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), format="fltp", layout=layout)
        frame.sample_rate = RATE
        resampler = av.AudioResampler(
            stream.codec_context.format, layout, rate, frame_size=stream.codec_context.frame_size or 4096
        )
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path


def silence(seconds: float) -> Sound:
    return np.zeros((1, round(seconds * RATE)), np.float32)


def noise(seconds: float, level: float = 0.1, seed: int = 1) -> Sound:
    return np.random.default_rng(seed).normal(0, level, (1, round(seconds * RATE))).astype(np.float32)


def tone(hertz: float, seconds: float, level: float = 0.1) -> Sound:
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)[None]


def clicks(bpm: float, seconds: float = 30.0, seed: int = 1) -> Sound:
    """A short burst on every beat, and faint noise."""
    sound = noise(seconds, 0.001, seed)
    for beat in np.arange(0, seconds - 0.1, 60 / bpm):
        _put(sound, beat, _burst(0.03, seed) * 0.5)
    return sound


def drums(bpm: float, seconds: float = 30.0, seed: int = 1) -> Sound:
    """Four to the bar: bass drum on one and three, snare on two and four, hi-hat in eighths, a bass line under it."""
    sound = noise(seconds, 0.003, seed)
    length = 60 / bpm
    for count, beat in enumerate(np.arange(0, seconds - 1, length)):
        _put(sound, beat, _note(60, 0.15) * 0.8 if count % 2 == 0 else _burst(0.1, seed) * 0.4)
        _put(sound, beat, _burst(0.02, seed) * 0.12)
        _put(sound, beat + length / 2, _burst(0.02, seed) * 0.12)
        _put(sound, beat, _note(82.4 * 2 ** ((count // 4 % 4) * 2 / 12), 0.9 * length) * 0.15)
    return sound


def chords(tonic: int, minor: bool, seconds: float = 24.0, cents: float = 0.0) -> Sound:
    """I IV V I, or i iv V i, over and over, a second each, with a melody of the scale above; 0 is C."""
    sound = np.zeros((1, round(seconds * RATE)), np.float32)
    third = 3 if minor else 4
    progression = [(0, third), (5, third), (7, 4), (0, third)]
    scale = [0, 2, 3, 5, 7, 8, 11, 12] if minor else [0, 2, 4, 5, 7, 9, 11, 12]
    for second in range(int(seconds)):
        root, middle = progression[second % 4]
        for step in (0, middle, 7):
            _put(sound, second, _note(_hertz(48 + tonic + root + step, cents), 0.95) * 0.1)
        for half in (0, 1):
            step = scale[(2 * second + half) % 8]
            _put(sound, second + half / 2, _note(_hertz(60 + tonic + step, cents), 0.45) * 0.07)
    return sound


def _hertz(midi: float, cents: float) -> float:
    return float(440 * 2 ** ((midi - 69 + cents / 100) / 12))


def _note(hertz: float, seconds: float) -> NDArray[np.float64]:
    """A plucked tone of six partials."""
    time = np.arange(round(seconds * RATE)) / RATE
    partials = sum(np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, 7))
    return np.asarray(partials * np.exp(-3 * time) * np.minimum(1, time / 0.005))


def _burst(seconds: float, seed: int) -> NDArray[np.float64]:
    time = np.arange(round(seconds * RATE)) / RATE
    return np.random.default_rng(seed).normal(0, 1, len(time)) * np.exp(-5 * time / seconds)


def _put(sound: Sound, second: float, part: NDArray[np.float64]) -> None:
    start = round(second * RATE)
    room = sound[0, start : start + len(part)]
    room += part[: len(room)].astype(np.float32)
