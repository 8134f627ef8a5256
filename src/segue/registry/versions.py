# SPDX-License-Identifier: Apache-2.0
"""Immutable model versions: a folder of arrays and a manifest with their checksums. Never pickle."""

import shutil
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue import errors
from segue.dataset.matrices import Dataset
from segue.index import index
from segue.models.als import ImplicitALS
from segue.models.artist import SameArtist
from segue.models.charts import Charts
from segue.models.content import Content
from segue.models.ease import Ease
from segue.models.item2vec import Item2Vec
from segue.models.knn import ItemKnn
from segue.models.model import Learned, Model
from segue.models.popularity import Popularity
from segue.models.ranker import Ranker
from segue.models.sequence import SasRec
from segue.models.session_knn import SessionKnn
from segue.models.sound import SoundModel
from segue.models.spectral import GraphFilter
from segue.models.title import TitleModel
from segue.models.user_knn import UserKnn
from segue.models.walks import RandomWalk
from segue.models.words import Words
from segue.seeds import digest
from segue.stores import files

__all__ = ["MODELS", "Manifest", "load", "names", "prune", "read_manifest", "save", "versions", "vocabulary_checksum"]

MODELS: Mapping[str, type[Model | TitleModel | SoundModel]] = {
    model.name: model
    for model in (
        Popularity,
        ItemKnn,
        RandomWalk,
        UserKnn,
        ImplicitALS,
        Ease,
        GraphFilter,
        Item2Vec,
        SessionKnn,
        SasRec,
        SameArtist,
        Content,
        TitleModel,
        SoundModel,
    )
}
"""Every kind of model that is fitted to a dataset, by name."""

_KINDS: Mapping[str, type[Learned]] = {
    **MODELS,
    Ranker.name: Ranker,
    Words.name: Words,
    Charts.name: Charts,
}
"""All that a version folder can hold, by name."""

_FORMAT = 2
_IDS, _ENDS = "item_ids", "item_id_ends"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a version is, in words that outlive the code that wrote it."""

    model: str
    version: str
    created_at: str
    config: Mapping[str, Any]
    dataset: Mapping[str, Any]
    """Fingerprint, size, and the log's position that was read to."""
    metrics: Mapping[str, float]
    """Measured on rows that the measured twin of this model never saw."""
    seed: int
    seconds: float
    """Time to fit."""
    files: Mapping[str, str]
    """SHA-256 of each file."""
    index: Mapping[str, Any] | None = field(default=None)
    """How its vectors are searched, with the recall that was measured; None: exactly."""
    format: int = field(default=_FORMAT)


def save(
    folder: Path,
    model: Learned,
    data: Dataset,
    *,
    metrics: Mapping[str, float],
    seed: int,
    seconds: float,
    now: datetime,
) -> Manifest:
    """Write a fitted model as a new version; it appears whole or not at all.

    A version of the same moment, data, config and seed has the same bytes: where it is there, it is kept.
    """
    config = model.config.model_dump(mode="json")
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%S")
    version = f"{stamp}-{digest(model.name, data.fingerprint, config, seed, size=4)}"
    if (folder / model.name / version).exists():
        return read_manifest(folder, model.name, version)
    with files.new_folder(folder / model.name / version) as here:
        known = model.vocabulary(data)
        items = {} if known is None else _pack(known.ids)
        for name, array in {**items, **model.state()}.items():
            np.save(here / f"{name}.npy", array, allow_pickle=False)
        searched = None if model.index is None else model.index.save(here)
        manifest = Manifest(
            model=model.name,
            version=version,
            created_at=now.isoformat(),
            config=config,
            dataset={"fingerprint": data.fingerprint, "items": len(data.items), "position": data.until},
            metrics=dict(metrics),
            seed=seed,
            seconds=round(seconds, 3),
            files={path.name: files.checksum(path) for path in sorted(here.iterdir())},
            index=searched,
        )
        files.write_sealed(here / "manifest.json", asdict(manifest))
    return manifest


def names(folder: Path) -> list[str]:
    """Return the names of the models that have a version."""
    return sorted(path.name for path in folder.glob("*") if path.name in _KINDS)


def versions(folder: Path, name: str) -> list[Manifest]:
    """Return the manifests of a model's versions, oldest first."""
    found = sorted(path.parent.name for path in (folder / name).glob("[0-9]*/manifest.json"))
    return [read_manifest(folder, name, version) for version in found]


def read_manifest(folder: Path, name: str, version: str) -> Manifest:
    """Read what a version says of itself.

    Raises:
        NotFound: There is no such model or version.
        Damaged: Its manifest cannot be read, or is of a newer format.
    """
    if name not in _KINDS:
        raise errors.NotFound(f"there is no model {name!r}; the models are {', '.join(_KINDS)}")
    try:
        content = files.read_sealed(folder / name / version / "manifest.json")
    except FileNotFoundError as error:
        raise errors.NotFound(f"there is no version {version!r} of model {name!r}; see `segue models list`") from error
    if content.get("format") != _FORMAT:
        raise errors.Damaged(
            f"model {name} {version} has format {content.get('format')}, this release reads {_FORMAT}; "
            "`segue train` makes models anew"
        )
    return Manifest(**content)


def load(folder: Path, name: str, version: str) -> tuple[Learned, pl.Series, Manifest]:
    """Load a version; its arrays and its index are mapped, not read. Every checksum is verified first.

    Returns:
        The model, the ids of its items (`String[n]`; none for what has no items) and its manifest.

    Raises:
        NotFound: There is no such version.
        Damaged: A file is missing or is not what was written.
    """
    manifest = read_manifest(folder, name, version)
    here = folder / name / version
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda item: _verify(here / item[0], item[1]), manifest.files.items()))
    arrays = {Path(file).stem: _mapped(here / file) for file in manifest.files if file != index.FILE}
    kind = _KINDS[manifest.model]
    ids = _unpack(arrays.pop(_IDS), arrays.pop(_ENDS)) if _IDS in arrays else pl.Series("track_id", [], pl.String)
    model = kind(kind.Config.model_validate(manifest.config))
    model.restore(arrays)
    if manifest.index is not None and isinstance(model, ImplicitALS):
        model.index = index.load(here, model.item_factors, manifest.index)
    return model, ids, manifest


def prune(folder: Path, name: str, *, keep: Collection[str], newest: int) -> list[str]:
    """Remove all versions of a model but the newest and those to keep; return the removed.

    A process that has a removed version open goes on reading it: its files are mapped.
    """
    there = [manifest.version for manifest in versions(folder, name)]
    gone = [version for version in there[: max(len(there) - newest, 0)] if version not in keep]
    for version in gone:
        aside = folder / name / f".{version}.{uuid4().hex}.tmp"
        (folder / name / version).rename(aside)  # gone at once, whatever becomes of this process
        shutil.rmtree(aside)
    return gone


def vocabulary_checksum(manifest: Manifest) -> str:
    """Return what tells whether two versions know the same items."""
    return manifest.files[f"{_IDS}.npy"] + manifest.files[f"{_ENDS}.npy"]


def _pack(ids: pl.Series) -> dict[str, NDArray[Any]]:
    """Return the ids as one run of UTF-8 bytes, and where each of them ends."""
    ends = ids.str.len_bytes().cast(pl.Int64).cum_sum().to_numpy()
    return {_IDS: np.frombuffer("".join(ids).encode(), np.uint8), _ENDS: ends}


def _unpack(text: NDArray[np.uint8], ends: NDArray[np.int64]) -> pl.Series:
    whole = text.tobytes()
    starts = [0, *ends[:-1].tolist()]
    return pl.Series("track_id", [whole[a:b].decode() for a, b in zip(starts, ends.tolist(), strict=True)], pl.String)


def _verify(path: Path, expected: str) -> None:
    version = f"model {path.parent.parent.name} {path.parent.name}"
    if not path.is_file():
        raise errors.Damaged(f"{version} is damaged: {path.name} is missing; promote another version or train again")
    if files.checksum(path) != expected:
        raise errors.Damaged(
            f"{version} is damaged: {path.name} does not match its checksum; promote another version or train again"
        )


def _mapped(path: Path) -> NDArray[Any]:
    array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array
