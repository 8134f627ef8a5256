# SPDX-License-Identifier: Apache-2.0
"""Training of the sequence model in PyTorch, and the ONNX file of what it learned."""

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from torch import Tensor, nn

from segue.kernels.ragged import offsets_of, take_rows
from segue.models.sequence import SasRecConfig

__all__ = ["Encoder", "export", "train"]

_FAR = -1e9
"""What is added to the logit of a place that must not be looked at; finite, so that a row of them is no NaN."""
_OPSET, _IR = 17, 8
"""The oldest ONNX that has the layer norm, so that old runtimes read the file too."""
_ROWS = [0, 2, 1, 3]
"""Swaps places and heads."""
_JUDGED = 4096
"""How many next items of held-out rows are looked at after each epoch."""
_BUCKET = 64
"""Batches that are filled together, so that windows in one batch are about equally long."""


class Encoder(nn.Module):
    """A causal transformer without absolute places: attention knows how far back an item stands, by a bias a head.

    So a window says the same wherever it starts, and what training learns of a prefix holds for a history at its end.
    """

    def __init__(self, config: SasRecConfig):
        super().__init__()
        self.blocks = nn.ModuleList(_Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.hidden)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, embedded: Tensor, known: Tensor) -> Tensor:
        """Return `float32[B, L, d]`: what each place says of the item behind it.

        Args:
            embedded: `float32[B, L, d]`, the items' embeddings, newest last.
            known: `bool[B, L]`, false for padding, which stands first.
        """
        places = embedded.shape[1]
        back = torch.arange(places)[:, None] - torch.arange(places)
        hidden = (known[:, None, None] & (back >= 0)).logical_not() * _FAR
        state = self.dropout(embedded)
        for block in self.blocks:
            state = block(state, hidden, back.clamp(min=0))
        made: Tensor = self.norm(state)
        return made


class _Block(nn.Module):
    """Attention and a feed-forward net, each behind a norm and beside what it adds to."""

    def __init__(self, config: SasRecConfig):
        super().__init__()
        width = config.hidden
        self.heads = config.heads
        self.norm = nn.LayerNorm(width)
        self.query, self.key, self.value, self.mix = (nn.Linear(width, width) for _ in range(4))
        self.distance = nn.Parameter(torch.zeros(config.heads, config.length))
        self.inner = nn.LayerNorm(width)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, state: Tensor, hidden: Tensor, back: Tensor) -> Tensor:
        rows, places, width = state.shape
        normed = self.norm(state)
        query, key, value = (
            part(normed).view(rows, places, self.heads, -1).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        looks = query @ key.transpose(2, 3) / math.sqrt(width // self.heads) + self.distance[:, back] + hidden
        seen = (self.dropout(looks.softmax(-1)) @ value).transpose(1, 2).reshape(rows, places, width)
        state = state + self.dropout(self.mix(seen))
        added: Tensor = self.dropout(self.narrow(self.widen(self.inner(state)).relu()))
        return state + added


def train(
    offsets: NDArray[np.int64], items: NDArray[np.int32], count: int, config: SasRecConfig, *, seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Learn to tell the next item at every place of every row.

    Args:
        offsets: `int64[R + 1]`, with `items`: rows of at least two items, in order.
        items: `int32[m]`, each below `count`.
        count: How many items there are.
        config: Of the model.
        seed: Of all that is random.

    Returns:
        The encoder as an ONNX file, and the items' embeddings, `float32[count, d]`.
    """
    with _repeatable(seed):
        rng = np.random.Generator(np.random.PCG64(seed))
        rows = len(offsets) - 1
        held = int(rows * config.held) if config.patience is not None else 0
        order = rng.permutation(rows)
        judge = _Judge(offsets, items, order[:held], config, rng) if held else None
        kept, index = take_rows(offsets, np.sort(order[held:]))
        learner = _Learner(kept, items[index], count, config, rng)
        best, since, state = -1.0, 0, learner.state()
        for _ in range(config.epochs):
            learner.epoch()
            if judge is None:
                continue
            reached = judge.ndcg(learner)
            if reached > best:
                best, since, state = reached, 0, learner.state()
            else:
                since += 1
                if since == config.patience:
                    break
        if judge is not None:
            learner.load_state_dict(state)
        return export(learner.encoder), learner.items.weight.detach().numpy().copy()


class _Learner(nn.Module):
    """The encoder, the items' embeddings, and a pass over all windows."""

    def __init__(
        self,
        offsets: NDArray[np.int64],
        values: NDArray[np.int32],
        count: int,
        config: SasRecConfig,
        rng: np.random.Generator,
    ):
        super().__init__()
        self.encoder = Encoder(config)
        self.items = nn.Embedding(count, config.hidden)
        nn.init.normal_(self.items.weight, std=config.hidden**-0.5)
        self._offsets, self._values, self._config, self._rng = offsets, values, config, rng
        self._many = min(config.negatives, count)
        share = (np.bincount(values, minlength=count) + 1.0) ** config.popularity  # also of what is in no row
        share /= share.sum()
        self._upto = share.cumsum()
        self._expected = torch.from_numpy(np.log(share * self._many).astype(np.float32))
        self._optimizer = torch.optim.AdamW(
            self.parameters(), lr=config.rate, weight_decay=config.decay, betas=(0.9, 0.98), foreach=True
        )

    def state(self) -> dict[str, Tensor]:
        """Return a copy of all that is learned."""
        return copy.deepcopy(self.state_dict())

    def epoch(self) -> None:
        """Go once over all windows, which are cut elsewhere each time."""
        self.train()
        starts, lengths = windows(self._offsets, self._config.length, self._rng)
        for batch in batches(lengths, self._config.batch, self._rng):
            given, wanted, known = padded(self._values, starts[batch], lengths[batch])
            loss = self._loss(self.say(given, known)[known], wanted[known])
            self._optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimizer.step()

    def say(self, given: Tensor, known: Tensor) -> Tensor:
        """Return `float32[B, L, d]` for padded windows."""
        made: Tensor = self.encoder(self.items(given) * known[..., None], known)
        return made

    def _loss(self, said: Tensor, wanted: Tensor) -> Tensor:
        """Return the mean over places: `said` is `float32[P, d]`, `wanted` `int64[P]`."""
        count, many = len(self.items.weight), self._many
        if self._config.loss == "softmax" and many == count:
            return nn.functional.cross_entropy(said @ self.items.weight.T, wanted)
        drawn = torch.from_numpy(np.searchsorted(self._upto, self._rng.random(many)).clip(max=count - 1))
        right = (said * self.items(wanted)).sum(-1)
        others = said @ self.items(drawn).T
        hit = wanted[:, None] == drawn  # the right item, drawn by chance
        if self._config.loss == "softmax":
            others = (others - self._expected[drawn]).masked_fill(hit, _FAR)
            return _mean(torch.logaddexp(right, others.logsumexp(-1)) - right)
        share = min(many / max(count - 1, 1), 1.0)
        power = share * (self._config.calibration * (1 - 1 / share) + 1 / share)
        wrong = nn.functional.softplus(others).masked_fill(hit, 0).sum(-1)
        return _mean(power * nn.functional.softplus(-right) + wrong)


def _mean(values: Tensor) -> Tensor:
    return values.mean()


class _Judge:
    """Held-out rows, and how well their next items are told."""

    def __init__(
        self,
        offsets: NDArray[np.int64],
        items: NDArray[np.int32],
        rows: NDArray[np.int64],
        config: SasRecConfig,
        rng: np.random.Generator,
    ):
        kept, index = take_rows(offsets, rows)
        self._values = items[index]
        self._starts, self._lengths = windows(kept, config.length, rng)
        fitting = max(1, int((self._lengths.cumsum() <= _JUDGED).sum()))
        self._starts, self._lengths = self._starts[:fitting], self._lengths[:fitting]

    def ndcg(self, learner: _Learner) -> float:
        """Return the mean NDCG@10 over all places, ranking all items."""
        learner.eval()
        gains = []
        with torch.no_grad():
            for first in range(0, len(self._starts), 32):
                part = slice(first, first + 32)
                given, wanted, known = padded(self._values, self._starts[part], self._lengths[part])
                scores = learner.say(given, known)[known] @ learner.items.weight.T
                own = scores.gather(1, wanted[known][:, None])
                rank = (scores > own).sum(1)
                gains.append(torch.where(rank < 10, 1 / torch.log2(rank + 2.0), torch.zeros(())))
        return float(torch.cat(gains).mean())


def windows(
    offsets: NDArray[np.int64], length: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cut rows into windows of at most `length` places whose next item is known, at random where a row is longer.

    Returns:
        The first place of each window in the flat items, and its number of places.
    """
    places = np.diff(offsets) - 1
    shift = np.where(places > length, rng.integers(0, length, len(places)), 0)
    counts = -(-(places + shift) // length)
    row = np.repeat(np.arange(len(places)), counts)
    number = np.arange(len(row)) - np.repeat(offsets_of(counts)[:-1], counts)
    begin = np.maximum(number * length - shift[row], 0)
    end = np.minimum((number + 1) * length - shift[row], places[row])
    return offsets[:-1][row] + begin, end - begin


def batches(lengths: NDArray[np.int64], size: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Yield windows in batches of about `size` places, those of a batch about equally long, in random order."""
    order = rng.permutation(len(lengths))
    bucket = (lengths[order].cumsum() - 1) // (size * _BUCKET)
    order = order[np.lexsort((lengths[order], bucket))]
    number = (lengths[order].cumsum() - 1) // size
    made = np.split(order, np.flatnonzero(np.diff(number)) + 1)
    for at in rng.permutation(len(made)):
        yield made[at]


def padded(
    values: NDArray[np.int32], starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the items of windows, the items behind each of them, and which are no padding: `[B, L]` each."""
    longest = int(lengths.max())
    place = np.arange(longest) - (longest - lengths)[:, None]
    known = place >= 0
    index = starts[:, None] + np.maximum(place, 0)
    given, wanted = values[index].astype(np.int64), values[index + 1].astype(np.int64)
    return torch.from_numpy(given), torch.from_numpy(wanted), torch.from_numpy(known)


def export(encoder: Encoder) -> NDArray[np.uint8]:
    """Write the encoder as an ONNX file that says what comes behind the last place alone: `float32[Q, d]`.

    The graph is written by hand: it is small, its bytes depend on the weights alone, and PyTorch's exporter would need
    a further package.
    """
    graph = _Graph()
    state = "embedded"
    padding = graph.add("Unsqueeze", "known", graph.constant(np.array([1, 2])))
    hidden = graph.add("Where", padding, graph.constant(np.float32(0)), graph.constant(np.float32(_FAR)))
    places = graph.add("Neg", graph.add("Shape", "known", start=1, end=2))
    last, end = graph.constant(np.array([-1])), graph.constant(np.array([np.iinfo(np.int64).max]))
    second, third = graph.constant(np.array([1])), graph.constant(np.array([2]))
    for block in encoder.blocks:
        assert isinstance(block, _Block)
        heads, length = block.distance.shape
        back = np.arange(length)[:, None] - np.arange(length)
        bias = np.where(back >= 0, _numpy(block.distance)[:, np.maximum(back, 0)], np.float32(_FAR))
        split = graph.constant(np.array([0, -1, heads, block.query.out_features // heads]))
        joined = graph.constant(np.array([0, -1, block.query.out_features]))
        normed = asking = graph.norm(block.norm, state)
        first = places
        if block is encoder.blocks[-1]:
            first = last
            asking = graph.add("Slice", normed, last, end, second)
            state = graph.add("Slice", state, last, end, second)
        near = graph.add("Slice", graph.constant(bias), first, end, second)
        near = graph.add("Slice", near, places, end, third)
        scale = 1 / math.sqrt(block.query.out_features // heads)
        query = graph.add(
            "Transpose", graph.add("Reshape", graph.linear(block.query, asking, scale), split), perm=_ROWS
        )
        key = graph.add("Transpose", graph.add("Reshape", graph.linear(block.key, normed), split), perm=[0, 2, 3, 1])
        value = graph.add("Transpose", graph.add("Reshape", graph.linear(block.value, normed), split), perm=_ROWS)
        looks = graph.add("Add", graph.add("Add", graph.add("MatMul", query, key), near), hidden)
        seen = graph.add("MatMul", graph.add("Softmax", looks, axis=-1), value)
        seen = graph.add("Reshape", graph.add("Transpose", seen, perm=_ROWS), joined)
        state = graph.add("Add", state, graph.linear(block.mix, seen))
        wide = graph.add("Relu", graph.linear(block.widen, graph.norm(block.inner, state)))
        state = graph.add("Add", state, graph.linear(block.narrow, wide))
    return graph.written(
        graph.add("Squeeze", graph.norm(encoder.norm, state), second), encoder.norm.normalized_shape[0]
    )


class _Graph:
    """An ONNX graph under way: its steps, and the arrays that they use."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._arrays: list[onnx.TensorProto] = []

    def add(self, kind: str, *given: str, **attributes: Any) -> str:
        """Add a step, and return the name of what it makes."""
        made = f"made {len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(given), [made], **attributes))
        return made

    def constant(self, array: NDArray[Any] | np.generic) -> str:
        """Add an array, and return its name."""
        name = f"array {len(self._arrays)}"
        self._arrays.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def linear(self, layer: nn.Linear, given: str, scale: float = 1) -> str:
        weight, bias = (_numpy(part) * np.float32(scale) for part in (layer.weight.T, layer.bias))
        return self.add("Add", self.add("MatMul", given, self.constant(weight)), self.constant(bias))

    def norm(self, layer: nn.LayerNorm, given: str) -> str:
        weight, bias = (self.constant(_numpy(part)) for part in (layer.weight, layer.bias))
        return self.add("LayerNormalization", given, weight, bias, axis=-1, epsilon=layer.eps)

    def written(self, said: str, width: int) -> NDArray[np.uint8]:
        """Return the file's bytes."""
        self._nodes.append(helper.make_node("Identity", [said], ["said"]))
        real, truth = onnx.TensorProto.FLOAT, onnx.TensorProto.BOOL
        given = [
            helper.make_tensor_value_info("embedded", real, ["rows", "places", width]),
            helper.make_tensor_value_info("known", truth, ["rows", "places"]),
        ]
        made = [helper.make_tensor_value_info("said", real, ["rows", width])]
        graph = helper.make_graph(self._nodes, "sequence", given, made, self._arrays)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
        onnx.checker.check_model(model)
        return np.frombuffer(model.SerializeToString(deterministic=True), np.uint8)


def _numpy(tensor: Tensor) -> NDArray[np.float32]:
    made: NDArray[np.float32] = tensor.detach().numpy()
    return made


@contextmanager
def _repeatable(seed: int) -> Iterator[None]:
    """Seed what is random within, and leave PyTorch as it was."""
    before = torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed % 2**63)
        torch.use_deterministic_algorithms(True)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(before)
