# SPDX-License-Identifier: Apache-2.0
"""A multilingual sentence model of one's own, as ONNX: texts into vectors of length 1."""

from collections.abc import Sequence
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segue.errors import BadInput, NotReady

__all__ = ["Sentences"]

_TOKENIZER = "tokenizer.json"
_BATCH = 256
_LONGEST = 128
"""Tokens of a text that are read."""


class Sentences:
    """Embeds texts on one thread: the mean over the tokens, or what the model itself makes of a whole text.

    The model takes `input_ids`, `attention_mask` and, if it wants, `token_type_ids`, each `int64[Q, T]`. Its first
    output is `float32[Q, d]`, or `float32[Q, T, d]`, of which the mean is taken (Reimers, Gurevych 2019,
    "Sentence-BERT: Sentence Embeddings using Siamese BERT-Networks").
    """

    checksum: NDArray[np.uint8]
    """`uint8[32]`: SHA-256 over those of the model and of its tokenizer."""

    def __init__(self, session: Any, tokenizer: Any, checksum: NDArray[np.uint8]):
        self._session = session
        self._tokenizer = tokenizer
        self.checksum = checksum

    @classmethod
    def load(cls, path: Path) -> "Sentences":
        """Load a model and the `tokenizer.json` beside it.

        Raises:
            BadInput: One of the files is not there or cannot be read.
            NotReady: ONNX Runtime or tokenizers is not installed.
        """
        beside = path.with_name(_TOKENIZER)
        for file, what in ((path, "models.words.onnx names"), (beside, f"{path.name} needs its tokenizer")):
            if not file.is_file():
                raise BadInput(
                    f"{what} {file}, and there is no such file; put it there, or leave models.words.onnx out"
                )
        try:
            import onnxruntime
            import tokenizers
        except ModuleNotFoundError as error:
            raise NotReady(
                f"words: the package {error.name} is not installed; run `pip install 'segue[neural]'`, "
                "or leave models.words.onnx out"
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            tokenizer = tokenizers.Tokenizer.from_file(str(beside))
        except Exception as error:  # both libraries raise what they like
            raise BadInput(f"the sentence model {path} or its tokenizer cannot be read: {error}") from error
        tokenizer.enable_truncation(_LONGEST)
        tokenizer.enable_padding(pad_id=_padding(tokenizer))
        return cls(session, tokenizer, _checksum(path, beside))

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return `float32[len(texts), d]`, rows of length 1; zero where the model says nothing."""
        parts = [self._embedded(texts[first : first + _BATCH]) for first in range(0, len(texts), _BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)

    def _embedded(self, texts: Sequence[str]) -> NDArray[np.float32]:
        encoded = self._tokenizer.encode_batch(list(texts))
        given = {
            "input_ids": np.array([one.ids for one in encoded], np.int64),
            "attention_mask": np.array([one.attention_mask for one in encoded], np.int64),
            "token_type_ids": np.array([one.type_ids for one in encoded], np.int64),
        }
        wanted = {node.name for node in self._session.get_inputs()}
        said = np.asarray(self._session.run(None, {name: given[name] for name in wanted & given.keys()})[0], np.float32)
        if said.ndim == 3:
            mask = given["attention_mask"][..., None].astype(np.float32)
            said = (said * mask).sum(axis=1) / np.maximum(mask.sum(axis=1), 1)
        unit: NDArray[np.float32] = said / np.maximum(np.linalg.norm(said, axis=1, keepdims=True), 1e-9)
        return unit


def _padding(tokenizer: Any) -> int:
    """Return the number of the token that fills a row up; what stands there is masked."""
    found = (tokenizer.token_to_id(token) for token in ("<pad>", "[PAD]"))
    return next((number for number in found if number is not None), 0)


def _checksum(*paths: Path) -> NDArray[np.uint8]:
    digests = []
    for path in paths:
        with path.open("rb") as file:
            digests.append(file_digest(file, "sha256").digest())
    return np.frombuffer(sha256(b"".join(digests)).digest(), np.uint8)
