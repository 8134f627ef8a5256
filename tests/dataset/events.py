# SPDX-License-Identifier: Apache-2.0
"""Small logs and catalogues, and the sources that the door makes of them."""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl

from segue.catalog import store
from segue.catalog.schema import TRACKS
from segue.catalog.store import Catalog
from segue.dataset import build
from segue.dataset.build import DatasetConfig, Sources
from segue.dataset.matrices import Dataset, Interactions
from segue.events.schema import INTAKE, conform
from segue.events.sink import Sink
from segue.privacy.consent import ConsentConfig
from segue.privacy.door import Door

START = datetime(2026, 6, 1, tzinfo=UTC)
Event = dict[str, Any]


def song(track_id: str, **more: object) -> dict[str, object]:
    return {"track_id": track_id, "title": f"Song {track_id}", "artist_name": f"Artist {track_id}", **more}


def play(listener: str, track: str, minutes: float | None = 0, **more: object) -> Event:
    """Return a whole play, so many minutes after the start of the small world."""
    at = None if minutes is None else START + timedelta(minutes=minutes)
    return {"type": "play", "listener": listener, "track": track, "occurred_at": at, **more}


def playlist(name: str, tracks: Sequence[str], title: str | None = None) -> Event:
    return {"type": "playlist", "playlist": name, "tracks": list(tracks), "title": title}


def catalog_of(folder: Path, *songs: dict[str, object]) -> Catalog:
    store.extend(folder / "catalog", pl.DataFrame(list(songs), schema=TRACKS))
    return store.load(folder / "catalog")


def door_of(folder: Path, *events: Event) -> Door:
    """Write events to a log in the folder, in this order, and open the door to it."""
    numbers = count()
    rows = [{"event_id": f"{next(numbers)}", "source": "test", **event} for event in events]
    with closing(Sink(folder / "events")) as sink:
        if rows:
            sink.append(conform(pl.DataFrame(rows, schema=INTAKE)))
    return Door.open(folder / "events", ConsentConfig())


def sources_of(folder: Path, *events: Event) -> Sources:
    """Write events to a log in the folder, in this order, and read it through the door."""
    return build.read(door_of(folder, *events))


def dataset_of(folder: Path, songs: Sequence[str], *events: Event, config: DatasetConfig | None = None) -> Dataset:
    catalog = catalog_of(folder, *(song(track_id) for track_id in songs))
    return build.build(sources_of(folder, *events), catalog, config or DatasetConfig())


def rows_of(part: Interactions | None, data: Dataset) -> dict[str, list[str]]:
    """Return the track ids of each row."""
    assert part is not None
    return {name: data.items.ids.gather(part.row(row)).to_list() for row, name in enumerate(part.rows)}


def sessions_of(data: Dataset) -> list[list[str]]:
    """Return the track ids of each session."""
    assert data.sessions is not None
    return [data.items.ids.gather(data.sessions.row(row)).to_list() for row in range(len(data.sessions))]
