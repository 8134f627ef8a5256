# SPDX-License-Identifier: Apache-2.0
from pathlib import Path
from random import Random

import mutagen
import numpy as np
import pytest

from segue.errors import BadInput
from segue.importers.audio.decoding import EXCERPT_S, RATE, SUFFIXES, excerpt, identify

from .sounds import CODECS, drums, noise, silence, tone, written

named = pytest.mark.parametrize("suffix", sorted(CODECS))


def strength(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(samples))))


def test_every_suffix_is_tested() -> None:
    assert set(CODECS) == SUFFIXES


@named
@pytest.mark.parametrize("channels", [1, 2])
def test_a_file_gives_the_samples_that_were_put_into_it(tmp_path: Path, suffix: str, channels: int) -> None:
    sound = np.concatenate([tone(440, 6.0, 0.3)] * channels)
    path = written(tmp_path / f"tone{suffix}", sound)
    identity = identify(path)
    assert abs(identity.duration_ms - 6000) < 60
    heard = excerpt(path, identity.duration_ms)
    assert heard.dtype == np.float32
    assert heard.shape[0] == channels
    assert abs(heard.shape[1] - 6 * RATE) < 0.06 * RATE
    middle = heard[:, RATE : 5 * RATE]
    assert strength(middle) == pytest.approx(0.3 / np.sqrt(2), rel=0.06)
    assert np.argmax(np.abs(np.fft.rfft(middle[0]))) / 4 == pytest.approx(440, abs=1)


@named
def test_of_a_long_file_the_middle_is_heard(tmp_path: Path, suffix: str) -> None:
    """Silence, two minutes of noise, silence: nearly nothing of the silence is in the excerpt."""
    path = written(tmp_path / f"long{suffix}", np.hstack([silence(60), noise(EXCERPT_S), silence(60)]))
    heard = excerpt(path, identify(path).duration_ms)
    assert heard.shape[1] == pytest.approx(EXCERPT_S * RATE, rel=0.01)
    loud = np.abs(heard[0]).reshape(-1, heard.shape[1] // 60)[:, :1000].max(axis=1) > 0.05
    assert loud.mean() > 0.95


@named
def test_tags_and_names_change_nothing_of_the_digest(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"one{suffix}", drums(120, 5.0))
    before = identify(path)
    tagged = mutagen.File(path)
    if tagged.tags is None:
        tagged.add_tags()
    from .test_tags import put

    put(tagged, "A title long enough to move everything " * 50)
    tagged.save()
    moved = path.rename(tmp_path / f"other{suffix}")
    assert identify(moved) == before
    assert mutagen.File(moved).tags


@named
def test_another_sound_has_another_digest(tmp_path: Path, suffix: str) -> None:
    one = written(tmp_path / f"one{suffix}", noise(2.0, seed=1))
    other = written(tmp_path / f"other{suffix}", noise(2.0, seed=2))
    assert identify(one).digest != identify(other).digest


@named
@pytest.mark.parametrize("content", [b"", b"ID3", b"\x00" * 5000, b"#EXTM3U\n/etc/passwd\n", Random(1).randbytes(5000)])
def test_bytes_that_are_no_music_are_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="damaged, or no music|no sound in it"):
        identify(path)


@pytest.mark.parametrize("suffix", [".aiff", ".flac", ".m4a", ".wv"])
def test_a_file_that_was_cut_short_is_refused_where_its_header_tells(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"x{suffix}", noise(20.0))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BadInput, match="cut short|damaged"):
        identify(path)


@pytest.mark.parametrize("suffix", [".flac", ".m4a", ".ogg", ".opus", ".wma", ".wv"])
def test_a_file_whose_middle_is_overwritten_is_refused(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"x{suffix}", drums(120, 20.0))
    whole, third = path.read_bytes(), path.stat().st_size // 3
    path.write_bytes(whole[:third] + Random(2).randbytes(third) + whole[2 * third :])
    with pytest.raises(BadInput, match="damaged|cut short"):
        excerpt(path, identify(path).duration_ms)


@named
def test_bytes_changed_at_random_are_decoded_or_refused(tmp_path: Path, suffix: str) -> None:
    path = written(tmp_path / f"x{suffix}", drums(120, 3.0))
    whole, chance = path.read_bytes(), Random(5)
    for _ in range(25):
        changed = bytearray(whole)
        for _ in range(chance.choice([1, 5, 50])):
            changed[chance.randrange(min(len(changed), chance.choice([200, 10**9])))] = chance.randrange(256)
        path.write_bytes(changed)
        try:
            heard = excerpt(path, identify(path).duration_ms)
        except BadInput:
            continue
        assert np.isfinite(heard).all()
        assert np.abs(heard).max() <= 8


def test_a_file_that_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="gone"):
        identify(tmp_path / "gone.mp3")


def test_a_film_without_sound_is_refused(tmp_path: Path) -> None:
    import av

    with av.open(str(tmp_path / "film.m4a"), "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=25, width=64, height=64, pix_fmt="yuv420p")
        frame = av.VideoFrame(64, 64, "yuv420p")
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(BadInput, match="no sound in it"):
        identify(tmp_path / "film.m4a")
