# SPDX-License-Identifier: Apache-2.0
"""The embedding of a recording, by an audio model that the user brings as an ONNX file."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import BadInput, NotReady
from segue.importers.audio.decoding import EXCERPT_S, RATE

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["RATE_DEFAULT", "Embedder"]

RATE_DEFAULT = 16_000
"""Samples a second that a model takes where neither its file nor the caller says otherwise."""
_WINDOW_S = 10.0
"""Length of a window where the model takes any."""
_SHORTEST_S = 0.1
_FRAME_S, _STEP_S = 0.025, 0.010
_MELS = range(16, 513)
_FLOOR = 1e-10

_SHAPES = (
    "waveform [samples], [batch, samples] or [batch, 1, samples]; or log-mel [batch, mels, frames] or "
    "[batch, 1, mels, frames] with 16 to 512 mels, their number stated"
)


class Embedder:
    """Runs a model over the windows of an excerpt, one after the other, and takes the mean.

    The model has one input, float32: mono waveform, full scale 1, as `[samples]`, `[batch, samples]` or
    `[batch, 1, samples]`; or log-mel as `[batch, mels, frames]` or `[batch, 1, mels, frames]`, which is the natural
    logarithm of the power in Slaney's mel bands up to half the rate (not below 1e-10), of Hann windows of 25 ms, 10 ms
    apart. `batch` may be free or 1. Where `samples` or `frames` is a number, windows have that length; where it is
    free, ten seconds. Its first output is one vector for a window, apart from dimensions of 1.

    Args:
        path: The ONNX file.
        rate: Samples a second that it takes; None: what the file's metadata says under `sample_rate`, else 16,000.

    Raises:
        BadInput: The file is no model, or not such a model.
        NotReady: ONNX Runtime is not installed.
    """

    def __init__(self, path: Path, rate: int | None = None):
        self._session = _session(path)
        self._name = path.name
        inputs = self._session.get_inputs()
        if len(inputs) != 1:
            raise BadInput(f"{path.name} has {len(inputs)} inputs; an audio model has one: {_SHAPES}")
        self._input = inputs[0]
        if self._input.type != "tensor(float)":
            raise BadInput(f"{path.name} takes {self._input.type}; export it to take float32")
        self.rate = rate or self._stated_rate()
        self._mels, self._window = self._layout()
        probe = np.random.default_rng(0).normal(0, 0.1, round(3 * _WINDOW_S * self.rate)).astype(np.float32)
        self.length = len(self._of_window(next(self._windows(probe))))
        """Numbers of an embedding."""

    def embed(self, samples: NDArray[np.float32]) -> list[float] | None:
        """Return the mean over the windows; None where the model says nothing finite of any.

        Args:
            samples: `float32[c, n]`, `decoding.RATE` samples a second.
        """
        import librosa

        mono = samples.mean(axis=0)
        if self.rate != RATE:
            mono = librosa.resample(mono, orig_sr=RATE, target_sr=self.rate, res_type="soxr_hq")
        said = np.stack([self._of_window(window) for window in self._windows(mono)])
        finite = said[np.isfinite(said).all(axis=1)]
        return [float(number) for number in finite.mean(axis=0)] if len(finite) else None

    def _stated_rate(self) -> int:
        stated = self._session.get_modelmeta().custom_metadata_map.get("sample_rate")
        try:
            return int(stated) if stated else RATE_DEFAULT
        except ValueError as error:
            raise BadInput(f"{self._name} states the sample rate {stated!r}; give --model-rate") from error

    def _layout(self) -> tuple[int | None, int]:
        """Return how many mel bands the model takes (None: a waveform), and how many samples a window has."""
        shape = [size if isinstance(size, int) else None for size in self._input.shape]
        if len(shape) > 1 and shape[0] not in (None, 1):
            raise BadInput(f"{self._name} takes batches of {shape[0]}; export it with batches of 1, or of any size")
        inner = shape[1:] if len(shape) > 1 else shape
        length = inner[-1] if inner else None
        if len(inner) == 1 or (len(inner) == 2 and inner[0] == 1):
            bands, window = None, length or round(_WINDOW_S * self.rate)
        else:
            bands = inner[-2] if len(inner) == 2 or (len(inner) == 3 and inner[0] == 1) else None
            if bands not in _MELS:
                raise BadInput(f"{self._name} takes {self._input.shape}, which is none of: {_SHAPES}")
            window = (length - 1 if length else round(_WINDOW_S / _STEP_S)) * round(_STEP_S * self.rate)
        if not _SHORTEST_S <= window / self.rate <= EXCERPT_S:
            raise BadInput(
                f"{self._name} takes windows of {window / self.rate:g} s at {self.rate} Hz; they must be of "
                f"{_SHORTEST_S:g} to {EXCERPT_S} s: is --model-rate right?"
            )
        return bands, window

    def _windows(self, mono: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
        """Give the whole windows; of less than one, that with silence after it."""
        if len(mono) < self._window:
            yield np.pad(mono, (0, self._window - len(mono)))
        for start in range(0, len(mono) - self._window + 1, self._window):
            yield mono[start : start + self._window]

    def _of_window(self, window: NDArray[np.float32]) -> NDArray[np.float32]:
        given = window if self._mels is None else self._log_mel(window)
        given = given.reshape((1,) * (len(self._input.shape) - given.ndim) + given.shape)
        try:
            said = np.asarray(self._session.run(None, {self._input.name: given})[0])
        except Exception as error:  # ONNX Runtime has many kinds
            told = str(error).splitlines()[0][:200]
            raise BadInput(f"{self._name} does not run on {list(given.shape)} of {self.rate} Hz: {told}") from error
        vector = np.atleast_1d(said.squeeze())
        if vector.ndim != 1 or said.dtype.kind != "f":
            raise BadInput(
                f"{self._name} answers {said.dtype}{list(said.shape)} to one window; one vector of floats is needed: "
                "export it with its pooling"
            )
        return vector.astype(np.float32)

    def _log_mel(self, window: NDArray[np.float32]) -> NDArray[np.float32]:
        import librosa

        assert self._mels is not None
        frame = round(_FRAME_S * self.rate)
        power: Any = librosa.feature.melspectrogram(
            y=window,
            sr=self.rate,
            n_fft=frame,
            hop_length=round(_STEP_S * self.rate),
            n_mels=self._mels,
            power=2.0,
        )
        logarithm: NDArray[np.float32] = np.log(np.maximum(power, _FLOOR)).astype(np.float32)
        return logarithm


def _session(path: Path) -> "onnxruntime.InferenceSession":
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise NotReady("onnxruntime is not installed, which runs audio models: pip install 'segue[audio]'") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has many kinds
        told = str(error).splitlines()[0][:200]
        raise BadInput(f"{path} is no ONNX model that can be run here: {told}") from error
