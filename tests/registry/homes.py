# SPDX-License-Identifier: Apache-2.0
"""A small home with a catalogue, versions of two models, and a snapshot of them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from segue.catalog import store
from segue.catalog.schema import TRACKS
from segue.dataset.matrices import Dataset, Vocabulary
from segue.models.knn import ItemKnn
from segue.models.model import Model
from segue.models.popularity import Popularity
from segue.registry import snapshot, versions
from segue.registry.snapshot import Pointer
from segue.registry.versions import Manifest
from tests.models.worlds import interactions

NOW = datetime(2026, 6, 5, 12, tzinfo=UTC)
ROWS = [{0: 1.0, 1: 1.0}, {0: 1.0, 1: 1.0, 2: 1.0}, {3: 1.0, 2: 1.0}]


def grow(home: Path, *track_ids: str) -> int:
    """Add tracks to the catalogue and return its generation."""
    rows = [{"track_id": name, "title": f"Song {name}", "artist_name": f"Artist {name}"} for name in track_ids]
    return store.extend(home / "catalog", pl.DataFrame(rows, schema=TRACKS)).generation


def dataset(home: Path, track_ids: list[str]) -> Dataset:
    """Return four items, whose rows are `ROWS`."""
    catalog = store.load(home / "catalog")
    ids = pl.Series("track_id", track_ids, pl.String)
    numbers = catalog.numbers(track_ids)
    return Dataset(Vocabulary(ids, numbers, catalog.artist[numbers]), playlists=interactions(ROWS))


def save(home: Path, model: Model, data: Dataset, now: datetime = NOW) -> Manifest:
    model.fit(data, seed=1)
    return versions.save(home / "models", model, data, metrics={"ndcg@100": 0.5}, seed=1, seconds=0.25, now=now)


def publish(home: Path, days: int = 0, track_ids: tuple[str, ...] = ("a", "b", "c", "d")) -> Pointer:
    """Train on four tracks, so many days later, and let the models serve."""
    now = NOW + timedelta(days=days)
    generation = grow(home, *reversed(track_ids))
    data = dataset(home, sorted(track_ids))
    models = {model.name: save(home, model, data, now).version for model in (Popularity(), ItemKnn())}
    return snapshot.point(home, generation=generation, models=models, settings="none", now=now)
