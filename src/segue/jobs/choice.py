# SPDX-License-Identifier: Apache-2.0
"""Which models are worth fitting to a dataset, and with which settings, by its shape; what was set by hand stays."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from segue.dataset.matrices import Dataset
from segue.models.als import ImplicitALSConfig
from segue.models.content import Content
from segue.models.model import ModelConfig
from segue.models.sequence import SasRec
from segue.models.session_knn import SessionKnn
from segue.models.spectral import GraphFilterConfig
from segue.models.title import TitleModel
from segue.settings import ModelsConfig

__all__ = ["Choice", "choose"]

_LARGE = 5_000_000
"""Entries beyond which a factorization of many dimensions takes minutes."""

_TRACKS_PER_ARTIST = 2
"""Fewer, and an artist says little that the track does not."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What to fit."""

    configs: dict[str, ModelConfig]
    """By model."""
    why: list[str]
    """In words: what was chosen, and what is left out."""


def choose(data: Dataset, asked: Iterable[str], set_: ModelsConfig) -> Choice:
    """Return the models to fit, of those asked, and their settings.

    The rules rest on tries on the validation parts of the sets in `docs/reference/quality.md`: playlists hold what goes
    together and bear a stronger weight of what is there over fewer dimensions; listeners' histories hold several tastes
    and want more of them.

    Args:
        data: What is to be learned from.
        asked: Names of models.
        set_: What the settings say; values that were set by hand go before any rule.
    """
    configs: dict[str, ModelConfig] = {}
    why = []
    for name in asked:
        config: ModelConfig = getattr(set_, name)
        if reason := _cannot(name, data):
            why.append(f"{name} is left out: {reason}")
            continue
        if isinstance(config, ImplicitALSConfig | GraphFilterConfig):
            entries = _entries(data, config.rows)
            whole = sum(entries.values())
            share = entries.get("playlists", 0) / max(whole, 1)
            als = isinstance(config, ImplicitALSConfig)
            chosen, reason = _of_als(data, share, whole) if als else _of_graph(share)
            ours = {key: value for key, value in chosen.items() if key not in config.model_fields_set}
            if ours:
                config = config.model_copy(update=ours)
                why.append(f"{name}: {', '.join(f'{key} {value:g}' for key, value in ours.items())}; {reason}")
        configs[name] = config
    return Choice(configs, why)


def _cannot(name: str, data: Dataset) -> str | None:
    """Return why a model cannot be fitted, if it cannot."""
    if name == SessionKnn.name and not len(data.sessions or ()):
        return "there are no sessions"
    if name == SasRec.name and not _found("torch", "onnx", "onnxruntime"):
        return "PyTorch, onnx and onnxruntime are not installed: pip install 'segue[neural]'"
    if name == Content.name and (data.catalogue is None or len(data.catalogue) == len(data.items)):
        return "every track of the catalogue has been played"
    if name == TitleModel.name:
        titles = None if data.playlists is None else data.playlists.titles
        if titles is None or titles.null_count() == len(titles):
            return "there are no playlists with titles"
    return None


def _found(*packages: str) -> bool:
    return all(find_spec(package) is not None for package in packages)


def _of_graph(share: float) -> tuple[dict[str, Any], str]:
    """Return the settings of the graph filter, and why."""
    return {"factors": 64 if share > 0.5 else 160}, f"{share:.0%} of the entries are of playlists"


def _of_als(data: Dataset, share: float, entries: int) -> tuple[dict[str, Any], str]:
    """Return the settings of the factorization, and why."""
    if share > 0.5:
        chosen = {"factors": 96, "alpha": 40.0, "regularization": 130.0, "frequency": 0.5}
        if len(data.items) >= _TRACKS_PER_ARTIST * len(np.unique(data.items.artists)):
            chosen["artists"] = 0.5
        return chosen, f"{share:.0%} of the entries are of playlists"
    large = entries > _LARGE
    chosen = {"factors": 128 if large else 256, "alpha": 12.0, "regularization": 60.0, "frequency": 0.4}
    return chosen, f"{1 - share:.0%} of {entries:,} entries are of listeners"


def _entries(data: Dataset, rows: Iterable[str]) -> dict[str, int]:
    """Return how many entries each matrix has, of those that a model learns from."""
    return {name: part.nnz for name in rows if (part := getattr(data, name)) is not None}
