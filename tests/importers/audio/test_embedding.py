# SPDX-License-Identifier: Apache-2.0
import sys
from pathlib import Path
from typing import Any

import librosa
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from segue.errors import BadInput, NotReady
from segue.importers.audio.decoding import RATE
from segue.importers.audio.embedding import Embedder

from .models import saved
from .sounds import noise, silence, tone


def level(value: float, seconds: float, channels: int = 1) -> np.ndarray:
    return np.full((channels, round(seconds * RATE)), value, np.float32)


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        (["n"], [0]),
        ([16_000], [0]),
        (["b", "n"], [1]),
        ([1, 32_000], [1]),
        (["b", 1, "n"], [1, 2]),
        ([1, 1, 48_000], [1, 2]),
    ],
)
def test_a_model_of_waveforms_is_given_waveforms(tmp_path: Path, shape: list[Any], axes: list[int]) -> None:
    """The mean of a constant is the constant, whatever the windows; resampling rounds the ends off."""
    embedder = Embedder(saved(tmp_path / "m.onnx", shape, axes))
    assert (embedder.length, embedder.rate) == (3, 16_000)
    assert embedder.embed(level(0.25, 30.0, 2)) == pytest.approx([0.25, 0.5, 0.75], rel=0.01)


@pytest.mark.parametrize(
    ("shape", "axes"),
    [(["b", 64, "t"], [1, 2]), ([1, 64, 96], [1, 2]), (["b", 1, 64, "t"], [1, 2, 3]), ([1, 1, 128, 96], [1, 2, 3])],
)
def test_a_model_of_log_mel_is_given_log_mel(tmp_path: Path, shape: list[Any], axes: list[int]) -> None:
    """Twice the amplitude is four times the power: the mean logarithm rises by ln 4. Silence is at the floor."""
    embedder = Embedder(saved(tmp_path / "m.onnx", shape, axes))
    sound = noise(15.0)
    soft, loud = embedder.embed(sound), embedder.embed(sound * 2)
    assert soft is not None
    assert loud is not None
    assert loud[0] - soft[0] == pytest.approx(np.log(4), abs=0.01)
    assert embedder.embed(silence(15.0)) == pytest.approx(np.log(1e-10) * np.array([1, 2, 3]), rel=1e-4)


def test_the_embedding_is_the_mean_over_the_windows(tmp_path: Path) -> None:
    embedder = Embedder(saved(tmp_path / "m.onnx", [1, 32_000], [1], numbers=1))
    sound = np.hstack([level(0.0, 4.0), level(1.0, 2.0)])
    assert embedder.embed(sound) == pytest.approx([1 / 3], abs=0.01)


def test_a_sound_shorter_than_a_window_has_silence_after_it(tmp_path: Path) -> None:
    embedder = Embedder(saved(tmp_path / "m.onnx", [1, 64_000], [1], numbers=1))
    assert embedder.embed(level(1.0, 1.0)) == pytest.approx([0.25], abs=0.01)


def test_the_rate_is_the_callers_else_the_files_else_16_000(tmp_path: Path) -> None:
    plain, stated = saved(tmp_path / "p.onnx", ["n"], [0]), saved(tmp_path / "s.onnx", ["n"], [0], rate="48000")
    rates = [Embedder(plain).rate, Embedder(plain, 22_050).rate, Embedder(stated).rate, Embedder(stated, 8000).rate]
    assert rates == [16_000, 22_050, 48_000, 8000]


@pytest.mark.parametrize("rate", [16_000, 32_000])
def test_a_tone_is_loudest_in_the_band_around_it(tmp_path: Path, rate: int) -> None:
    embedder = Embedder(saved(tmp_path / "m.onnx", ["b", 64, "t"], [2], numbers=1, keep=False), rate)
    said = embedder.embed(tone(1000, 12.0))
    assert said is not None
    centres = librosa.mel_frequencies(66, fmin=0, fmax=rate / 2)[1:-1]
    assert np.argmax(said) == np.argmin(np.abs(centres - 1000))


@pytest.mark.parametrize(
    ("shape", "axes", "told"),
    [
        (["b", "m", "t"], [1, 2], "none of: waveform"),
        ([1, 8, 100], [1, 2], "none of: waveform"),
        ([1, 3, 64, 100], [1, 2, 3], "none of: waveform"),
        ([1, 1, 1, 64, 100], [1, 2, 3, 4], "none of: waveform"),
        ([], None, "none of: waveform"),
        ([8, 16_000], [1], "batches of 8"),
        ([1, 100], [1], r"windows of 0\.00625 s at 16000 Hz.*--model-rate"),
        ([1, 16_000 * 200], [1], "windows of 200 s"),
        (["b", 64, "t"], None, r"answers float32\[1, 64, 1001\] to one window.*pooling"),
    ],
)
def test_a_model_of_another_shape_is_refused_when_it_is_opened(
    tmp_path: Path, shape: list[Any], axes: list[int] | None, told: str
) -> None:
    with pytest.raises(BadInput, match=rf"m\.onnx.*{told}"):
        Embedder(saved(tmp_path / "m.onnx", shape, axes))


def test_a_model_of_other_numbers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"takes tensor\(int64\); export it to take float32"):
        Embedder(saved(tmp_path / "m.onnx", ["n"], [0], type_=TensorProto.INT64))


def test_a_model_of_two_inputs_is_refused(tmp_path: Path) -> None:
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in "ab"]
    output = helper.make_tensor_value_info("c", TensorProto.FLOAT, None)
    graph = helper.make_graph([helper.make_node("Add", ["a", "b"], ["c"])], "two", inputs, [output])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), tmp_path / "m.onnx")
    with pytest.raises(BadInput, match=r"m\.onnx has 2 inputs; an audio model has one"):
        Embedder(tmp_path / "m.onnx")


def test_a_rate_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="states the sample rate 'fast'; give --model-rate"):
        Embedder(saved(tmp_path / "m.onnx", ["n"], [0], rate="fast"))


@pytest.mark.parametrize("content", [b"", b"no model"])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.onnx").write_bytes(content)
    with pytest.raises(BadInput, match=r"m\.onnx is no ONNX model"):
        Embedder(tmp_path / "m.onnx")
    with pytest.raises(BadInput, match=r"gone\.onnx is no ONNX model"):
        Embedder(tmp_path / "gone.onnx")


def test_windows_of_which_a_model_says_nothing_finite_do_not_count(tmp_path: Path) -> None:
    """The logarithm of the mean: minus infinity for silence, NaN for what is negative."""
    path = saved(tmp_path / "mean.onnx", [1, 16_000], [1], numbers=1)
    model = onnx.load(path)
    model.graph.node[-1].output[0] = "plain"
    model.graph.node.append(helper.make_node("Log", ["plain"], ["embedding"]))
    onnx.save(model, path)
    embedder = Embedder(path)
    assert embedder.embed(np.hstack([level(-0.5, 5.0), level(1.0, 5.0)])) == pytest.approx([0.0], abs=0.1)
    assert embedder.embed(level(-0.5, 5.0)) is None


def test_without_onnx_runtime_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(NotReady, match=r"onnxruntime .*pip install 'segue\[audio\]'"):
        Embedder(saved(tmp_path / "m.onnx", ["n"], [0]))
