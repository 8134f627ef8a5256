# SPDX-License-Identifier: Apache-2.0
"""A music file as samples: an excerpt of bounded length, and a digest of the sound that no tag changes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import BadInput

if TYPE_CHECKING:
    import av

__all__ = ["EXCERPT_S", "RATE", "SUFFIXES", "Identity", "excerpt", "identify"]

RATE = 44_100
"""Samples a second of an excerpt."""
EXCERPT_S = 120
"""Of a longer file, so many seconds from its middle are heard."""
SUFFIXES = frozenset({".aif", ".aiff", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav", ".wma", ".wv"})
"""How the names of music files end."""

_FORMATS = "aiff,asf,flac,mov,mp4,m4a,mp3,ogg,wav,w64,wv"
"""What may be in them, whatever they are called: no playlists, nothing that opens other files."""
_LENGTH_STATED = frozenset({"aiff", "flac", "mov,mp4,m4a,3gp,3g2,mj2", "wav", "wv"})
"""Formats whose header says how long the sound is; of the others, FFmpeg may only guess."""
_LOUDEST = 8.0
"""Samples of floating point above this, eight times full scale, are cut: they are no music."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a file's sound is, whatever it is called and tagged."""

    digest: str
    """Of the compressed sound, without its container: 32 hex digits."""
    duration_ms: int


def identify(path: Path) -> Identity:
    """Read a file through, without decoding it.

    Raises:
        BadInput: It is no music that can be read, or it was cut short. The message is a reason; it names no file.
    """
    with _opened(path) as (container, stream):
        hasher, first, last = blake2b(digest_size=16), None, 0
        for packet in container.demux(stream):
            if packet.size:
                hasher.update(packet)
                if packet.pts is not None:
                    first = packet.pts if first is None else first
                    last = max(last, packet.pts + (packet.duration or 0))
        if first is None:
            raise BadInput("no sound in it")
        seconds = float((last - first) * stream.time_base)
        stated = float((stream.duration or 0) * stream.time_base)
        if container.format.name in _LENGTH_STATED and seconds < 0.9 * stated - 1:
            raise BadInput("cut short")
        return Identity(hasher.hexdigest(), round(seconds * 1000))


def excerpt(path: Path, duration_ms: int) -> NDArray[np.float32]:
    """Decode up to `EXCERPT_S` seconds from the middle.

    Args:
        path: The file.
        duration_ms: Its length.

    Returns:
        `float32[c, n]`, one channel or two, `RATE` samples a second, 1 is full scale.

    Raises:
        BadInput: It cannot be decoded. The message is a reason; it names no file.
    """
    import av

    start_s = max(0.0, duration_ms / 1000 - EXCERPT_S) / 2
    with _opened(path) as (container, stream):
        layout = "mono" if stream.codec_context.channels == 1 else "stereo"
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=RATE)
        if start_s:
            container.seek(round(start_s / stream.time_base) + (stream.start_time or 0), stream=stream)
        parts: list[NDArray[np.float32]] = []
        missing, packets, damaged = EXCERPT_S * RATE, 0, 0
        for packet in container.demux(stream):
            packets += 1
            try:
                for frame in packet.decode():
                    frame.pts = None  # gaps are closed: what is damaged is left out
                    for out in resampler.resample(frame):
                        parts.append(out.to_ndarray()[:, :missing].astype(np.float32, copy=False))
                        missing -= parts[-1].shape[1]
            except (av.FFmpegError, ValueError):
                damaged += 1
            if missing <= 0:
                break
    if not parts or missing == EXCERPT_S * RATE:
        raise BadInput("no sound in it")
    heard_s, there_s = EXCERPT_S - missing / RATE, min(EXCERPT_S, duration_ms / 1000)
    if damaged > max(1, packets // 20) or heard_s < 0.8 * there_s - 1:
        raise BadInput("damaged")
    samples = np.concatenate(parts, axis=1)
    np.nan_to_num(samples, copy=False, nan=0.0)
    return np.clip(samples, -_LOUDEST, _LOUDEST, out=samples)


@contextmanager
def _opened(path: Path) -> "Iterator[tuple[av.container.InputContainer, Any]]":
    """Give the file's container and its first stream of sound."""
    import av

    try:
        with av.open(str(path), options={"format_whitelist": _FORMATS}) as container:
            if not container.streams.audio:
                raise BadInput("no sound in it")
            yield container, container.streams.audio[0]
    except PermissionError as error:
        raise BadInput("may not be read") from error
    except FileNotFoundError as error:
        raise BadInput("gone while the folder was read") from error
    except (av.FFmpegError, OSError, ValueError) as error:
        raise BadInput("damaged, or no music") from error
