# SPDX-License-Identifier: Apache-2.0
"""Which models are worth fitting to a dataset, and with which settings, by its shape; what was set by hand stays."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from segue.dataset.matrices import Dataset
from segue.models.als import ImplicitALS
from segue.models.content import Content
from segue.models.model import ModelConfig
from segue.models.sequence import SasRec
from segue.models.session_knn import SessionKnn
from segue.models.spectral import GraphFilter
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

    The rules rest on the tables of `docs/reference/quality.md`: playlists hold what goes together and bear a stronger
    weight of what is there over fewer dimensions; listeners' histories hold several tastes and want more of them.

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
        if name in (ImplicitALS.name, GraphFilter.name):
            chosen, reason = _of_shape(name, data)
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


def _of_shape(name: str, data: Dataset) -> tuple[dict[str, Any], str]:
    """Return the settings that the kind and the number of rows speak for, and why."""
    counts = {name: part.nnz for name in ("listeners", "playlists") if (part := getattr(data, name)) is not None}
    whole = max(sum(counts.values()), 1)
    share = counts.get("playlists", 0) / whole
    if name == GraphFilter.name:
        factors = 64 if share > 0.5 else 160
        return {"factors": factors}, f"{share:.0%} of the entries are of playlists"
    if share > 0.5:
        chosen = {"factors": 96, "alpha": 40.0, "regularization": 130.0, "frequency": 0.5}
        if len(data.items) >= _TRACKS_PER_ARTIST * len(np.unique(data.items.artists)):
            chosen["artists"] = 0.5
        return chosen, f"{share:.0%} of the entries are of playlists"
    if whole > _LARGE:
        chosen = {"factors": 128, "alpha": 12.0, "regularization": 60.0, "frequency": 0.4}
        return chosen, f"{1 - share:.0%} of {whole:,} entries are of listeners"
    chosen = {"factors": 256, "alpha": 12.0, "regularization": 60.0, "frequency": 0.4}
    return chosen, f"{1 - share:.0%} of the entries are of listeners"
