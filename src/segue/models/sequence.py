# SPDX-License-Identifier: Apache-2.0
"""A transformer over sequences: what comes next, told from all that came before and its order."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numba import get_num_threads
from numpy.typing import NDArray
from pydantic import Field, model_validator

from segue.dataset.matrices import Dataset, Interactions
from segue.errors import NotReady
from segue.kernels.products import best_products
from segue.kernels.ragged import Ragged, offsets_of, row_numbers, take_rows
from segue.models.model import Model, ModelConfig, Ranked

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["SasRec", "SasRecConfig"]

_CHUNK_ROWS = 256


class SasRecConfig(ModelConfig):
    """The size of the encoder, and how it is trained."""

    rows: tuple[Literal["listeners", "playlists", "sessions"], ...] = ("sessions", "playlists")
    """The matrices whose rows are the sequences; listeners' rows are put in the order of time where it is known."""
    hidden: int = Field(default=64, ge=1, le=1024)
    """Dimensions of an item and of a place."""
    layers: int = Field(default=2, ge=1, le=12)
    """Blocks of attention and feed-forward net."""
    heads: int = Field(default=2, ge=1, le=16)
    """Attentions side by side, each with an equal share of the dimensions."""
    length: int = Field(default=50, ge=1, le=1000)
    """How many of the last items of a history are looked at."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of what is hidden in training."""
    loss: Literal["softmax", "gbce"] = "softmax"
    """Sampled softmax with logQ correction, or generalized binary cross-entropy; over all items, softmax is exact."""
    negatives: int = Field(default=512, ge=1, le=100_000)
    """How many items stand against the right ones of a batch; as many as there are items or more: each of them once."""
    popularity: float = Field(default=0.5, ge=0, le=1)
    """How much more often a popular item stands against the right one: its count to this power."""
    calibration: float = Field(default=0.75, ge=0, le=1)
    """Of `gbce` alone: 0 is plain cross-entropy, 1 takes out all of the overconfidence that sampling brings."""
    epochs: int = Field(default=100, ge=1, le=10_000)
    """Passes over all rows, at most."""
    patience: int | None = Field(default=4, ge=1)
    """Passes without a better NDCG@10 on held-out rows until it stops and keeps the best; None: all passes are made."""
    held: float = Field(default=0.05, gt=0, lt=1)
    """Share of the rows that is held out for that."""
    rate: float = Field(default=0.004, gt=0, le=1)
    """Step of AdamW."""
    decay: float = Field(default=0.1, ge=0, le=10)
    """Weight decay of AdamW."""
    batch: int = Field(default=256, ge=1, le=1_000_000)
    """Places of a batch, of which each tells its next item."""

    @model_validator(mode="after")
    def _heads_share_the_dimensions(self) -> "SasRecConfig":
        if self.hidden % self.heads:
            raise ValueError(f"hidden is {self.hidden}, which {self.heads} heads cannot share; make it a multiple")
        return self


class SasRec(Model):
    """Self-attentive sequential recommendation (Kang, McAuley 2018), trained by sampled softmax or gBCE.

    The negatives are shared by a batch and corrected by the logarithm of how often they are drawn (Bengio, Senécal
    2008); gBCE is that of Petrov, Macdonald 2023. An item is the same vector where it was heard and where it is
    proposed. Places are told apart by how far back they stand, and by nothing else.

    A history is items in order, the last one newest. What it holds may be proposed again. Training needs PyTorch and
    ONNX, an answer ONNX Runtime: the extra `neural`.
    """

    name = "sequence"
    learned: ClassVar[tuple[str, ...]] = ("encoder", "embeddings")
    Config = SasRecConfig
    config: SasRecConfig
    encoder: NDArray[np.uint8]
    """An ONNX file: `embedded` `float32[Q, L, d]`, newest last, and `known` `bool[Q, L]` to `said` `float32[Q, d]`."""
    embeddings: NDArray[np.float32]
    """`float32[n, d]`: the items."""

    def fit(self, data: Dataset, *, seed: int) -> None:
        """Train on the next item at every place of every row.

        Raises:
            NotReady: The dataset has no rows of two items or more, or the extra `neural` is not installed.
        """
        rows = [_in_order(part, name) for name in self.config.rows if (part := getattr(data, name)) is not None]
        offsets = offsets_of(np.concatenate([np.zeros(0, np.int64), *(np.diff(part.offsets) for part in rows)]))
        offsets, index = take_rows(offsets, np.flatnonzero(np.diff(offsets) > 1))
        if not len(index):
            raise NotReady(f"sequence: the dataset has no {' or '.join(self.config.rows)} of two items or more")
        items = np.concatenate([part.values for part in rows])[index]
        try:
            from segue.models import sequence_training
        except ModuleNotFoundError as error:
            raise _not_installed(error) from error
        self.encoder, self.embeddings = sequence_training.train(offsets, items, len(data.items), self.config, seed=seed)
        vars(self).pop("_session", None)

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take back what `state` returned."""
        super().restore(arrays)
        vars(self).pop("_session", None)

    def recommend(self, history: Ragged, exclude: Ragged, k: int, *, parallel: bool = False) -> Ranked:
        """Rank what comes next; a history of nothing gets nothing."""
        said, moved = self._encode(history, parallel=parallel)
        return best_products(said, self.embeddings, exclude, k, asked=moved, parallel=parallel)

    def score(self, history: Ragged, items: Ragged) -> NDArray[np.float32]:
        """Return the inner products of each history, encoded, with chosen items; NaN for a history of nothing."""
        said, moved = self._encode(history, parallel=False)
        rows = row_numbers(items.offsets)
        scores: NDArray[np.float32] = np.einsum("if,if->i", said[rows], self.embeddings[items.values])
        scores[~moved[rows]] = np.nan
        return scores

    def _encode(self, history: Ragged, *, parallel: bool) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return `float32[Q, d]` of each history's last liked items, and `bool[Q]`: whether it has any."""
        liked = history.keep(history.weights > 0)
        lengths = np.minimum(np.diff(liked.offsets), self.config.length)
        said = np.zeros((len(liked), self.embeddings.shape[1]), np.float32)
        filled = np.flatnonzero(lengths)
        chunks = [filled[first : first + _CHUNK_ROWS] for first in range(0, len(filled), _CHUNK_ROWS)]

        def encode(rows: NDArray[np.int64]) -> None:
            longest = int(lengths[rows].max())
            place = np.arange(longest) - longest + liked.offsets[1:][rows, None]
            known = place >= (liked.offsets[1:] - lengths)[rows, None]
            embedded = self.embeddings[liked.values[np.maximum(place, 0)]] * known[..., None]
            (said[rows],) = self._session.run(["said"], {"embedded": embedded, "known": known})

        if parallel:
            with ThreadPoolExecutor(get_num_threads()) as pool:
                list(pool.map(encode, chunks))
        else:
            for rows in chunks:
                encode(rows)
        return said, lengths > 0

    @cached_property
    def _session(self) -> "onnxruntime.InferenceSession":
        try:
            import onnxruntime
        except ModuleNotFoundError as error:
            raise _not_installed(error) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # a job runs several chunks side by side
        return onnxruntime.InferenceSession(self.encoder.tobytes(), options, providers=["CPUExecutionProvider"])


def _in_order(rows: Interactions, name: str) -> Ragged:
    """Return the rows as they stand, but listeners' items by time where times are known."""
    if name != "listeners" or rows.times is None:
        return Ragged(rows.offsets, rows.items, rows.weights)
    order = np.lexsort((rows.times, row_numbers(rows.offsets)))
    return Ragged(rows.offsets, rows.items[order], rows.weights[order])


def _not_installed(error: ModuleNotFoundError) -> NotReady:
    return NotReady(f"sequence: the package {error.name} is not installed; run `pip install 'segue[neural]'`")
