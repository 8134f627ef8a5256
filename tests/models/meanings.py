# SPDX-License-Identifier: Apache-2.0
"""A sentence model of five words, as ONNX, with its tokenizer."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer, models, pre_tokenizers

__all__ = ["write"]


def write(folder: Path, meanings: Mapping[str, Sequence[float]], *, pooled: bool = False) -> Path:
    """Write a model that looks up each word's vector, none for an unknown word; return its path.

    Args:
        folder: Where to.
        meanings: A vector a word, all of one length.
        pooled: Return the sum over the words, `float32[Q, d]`, and not each token's vector, `float32[Q, T, d]`.
    """
    vocabulary = {"[PAD]": 0, "[UNK]": 1, **{word: 2 + place for place, word in enumerate(meanings)}}
    nothing = [0.0] * len(next(iter(meanings.values())))
    table = np.array([nothing, nothing, *meanings.values()], np.float32)
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["tokens"])]
    if pooled:
        nodes.append(helper.make_node("ReduceSum", ["tokens", "axis"], ["said"], keepdims=0))
    shape = ["Q", table.shape[1]] if pooled else ["Q", "T", table.shape[1]]
    inputs = ["input_ids"] if pooled else ["input_ids", "attention_mask"]
    graph = helper.make_graph(
        nodes,
        "meanings",
        [helper.make_tensor_value_info(name, TensorProto.INT64, ["Q", "T"]) for name in inputs],
        [helper.make_tensor_value_info("said" if pooled else "tokens", TensorProto.FLOAT, shape)],
        [
            numpy_helper.from_array(table, "table"),
            *([numpy_helper.from_array(np.array([1]), "axis")] if pooled else []),
        ],
    )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "meanings.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    return path
