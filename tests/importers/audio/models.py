# SPDX-License-Identifier: Apache-2.0
"""Small ONNX models whose answers are known."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

Shape = Sequence[int | str]


def saved(
    path: Path,
    shape: Shape,
    axes: Sequence[int] | None,
    *,
    numbers: int = 3,
    rate: str | None = None,
    type_: int = TensorProto.FLOAT,
    keep: bool = True,
) -> Path:
    """Write a model: the mean over some axes (None: the input as it is), times 1, 2, 3 …

    Args:
        path: Where to.
        shape: Of its input; words are free dimensions.
        axes: What the mean is over.
        numbers: How many factors it is multiplied by.
        rate: What its metadata says under `sample_rate`.
        type_: Of its input.
        keep: Whether the axes stay, as dimensions of 1.
    """
    factors = numpy_helper.from_array(np.arange(1, numbers + 1, dtype=np.float32), "factors")
    nodes, said = [helper.make_node("Cast", ["sound"], ["floats"], to=TensorProto.FLOAT)], "floats"
    initial = [factors]
    if axes is not None:
        initial.append(numpy_helper.from_array(np.array(axes, np.int64), "axes"))
        nodes.append(helper.make_node("ReduceMean", ["floats", "axes"], ["mean"], keepdims=int(keep)))
        said = "mean"
        nodes.append(helper.make_node("Mul", [said, "factors"], ["embedding"]))
    else:
        nodes.append(helper.make_node("Identity", [said], ["embedding"]))
    graph = helper.make_graph(
        nodes,
        "mean",
        [helper.make_tensor_value_info("sound", type_, list(shape))],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, None)],
        initial if axes is not None else [],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    if rate is not None:
        helper.set_model_props(model, {"sample_rate": rate})
    onnx.save(model, path)
    return path
