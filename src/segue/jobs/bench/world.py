# SPDX-License-Identifier: Apache-2.0
"""A workspace of simulated plays of any size, imported and trained: what the benches of whole jobs run on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import scipy.sparse as sp
from numpy.typing import NDArray

from segue.catalog import store
from segue.events import compaction
from segue.events.schema import conform
from segue.events.sink import Sink
from segue.jobs.bench.plays import plays
from segue.jobs.progress import Progress, silent
from segue.jobs.train import train
from segue.privacy.door import Door
from segue.registry.current import Current
from segue.service.answer import Service
from segue.service.histories import Histories
from segue.settings import Settings, load
from segue.stores.playlists import Shelf
from segue.types import EventType

__all__ = ["NOW", "SEGUE", "World", "build"]

NOW = datetime(2026, 6, 5, 12, tzinfo=UTC)
"""A Friday, at the end of the simulated week."""
SEGUE = """
import sys
from segue.cli import main
from segue.workspace import Workspace
Workspace.open(sys.argv[3], create=True)
main()
"""
"""The command `segue COMMAND --home HOME`, as Python, for a process of its own."""
_WEEK_MS = 7 * 24 * 60 * 60 * 1000
_BATCH = 1 << 22
_TRACKS_PER_ARTIST = 12
_GENRES = 24
_KNOWN = 0.67
"""Share of tracks whose sound the catalogue knows."""
_SETTINGS = """\
[models.als]
iterations = 4
[train]
folds = 1
[recipes.radio]
weights = {"als:seeds" = 0.5, "knn:seeds" = 0.5}
learned = false
[recipes.continuation]
weights = {"als:seeds" = 0.5, "knn:seeds" = 0.5}
learned = false
lean = {}
[recipes.title]
weights = {"als:seeds" = 1.0}
"""
"""Only the models that a weekly asks, and as few sweeps as give its time its shape."""


@dataclass(frozen=True)
class World:
    """The parts of a workspace that a job works with."""

    home: Path
    settings: Settings
    sink: Sink
    door: Door
    shelf: Shelf
    service: Service
    listeners: Mapping[str, str | None]
    """Everyone who plays, without a time zone."""


def build(home: Path, listeners: int, tracks: int, mean: int, progress: Progress = silent) -> World:
    """Fill an empty folder with the plays of a week, and train on them.

    Args:
        home: The folder.
        listeners: How many play.
        tracks: How many there are to play.
        mean: About how many tracks a listener has.
        progress: Told what is done.
    """
    (home / "segue.toml").write_text(_SETTINGS)
    settings = load(home / "segue.toml")
    ids = pl.Series([f"track:{number:07d}" for number in range(tracks)])
    whom = pl.Series([f"listener:{number:07d}" for number in range(listeners)])
    store.extend(home / "catalog", _catalogue(ids))
    sink = Sink(home / "events")
    for events in _events(plays(listeners, tracks, mean), whom, ids):
        sink.append(conform(events))
        compaction.compact(sink.folder)
        progress("writing plays")
    door = Door.open(home / "events", settings.consent)
    train(home, door, settings, NOW, progress)
    service = Service(Current(home), door, settings.recipes, Histories(door, settings.dataset.signals))
    return World(
        home, settings, sink, door, Shelf(home / "playlists" / "kept.sqlite"), service, dict.fromkeys(whom.to_list())
    )


def _catalogue(ids: pl.Series) -> pl.DataFrame:
    """Return tracks with an artist, a genre and a day of release; of two in three it is known how they sound."""
    rng = np.random.Generator(np.random.PCG64(4))
    artist = np.arange(len(ids)) // _TRACKS_PER_ARTIST
    genre = rng.integers(0, _GENRES, int(artist[-1]) + 1)[artist]
    known = rng.random(len(ids)) < _KNOWN
    sound = {
        "energy": _near(rng, genre, artist, 0.15),
        "valence": _near(rng, genre, artist, 0.2),
        "tempo_bpm": 60 * np.exp2(1.5 * _near(rng, genre, artist, 0.2)),
        "key": rng.integers(0, 12, len(ids)),
        "mode": rng.integers(0, 2, len(ids)),
    }
    return pl.DataFrame(
        {
            "track_id": ids,
            "title": [f"Song {number}" for number in range(len(ids))],
            "artist_name": [f"Artist {number}" for number in artist.tolist()],
            "album_name": [f"Album {number // 2}" for number in range(len(ids))],
            "genres": [[f"genre {number}"] for number in genre.tolist()],
            "release_date": np.datetime64(NOW.date()) - rng.integers(0, 20_000, len(ids)),
            **{name: pl.Series(values).zip_with(pl.Series(known), pl.Series([None])) for name, values in sound.items()},
        }
    )


def _near(
    rng: np.random.Generator, genre: NDArray[np.int64], artist: NDArray[np.int64], spread: float
) -> NDArray[np.float64]:
    """Draw a number from 0 to 1 for each track, near that of its artist, which is near that of their genre."""
    drawn = rng.random(int(genre.max()) + 1)[genre]
    for of, share in ((artist, spread), (np.arange(len(artist)), spread / 2)):
        drawn = drawn + share * rng.standard_normal(int(of.max()) + 1)[of]
    near: NDArray[np.float64] = drawn.clip(0, 1)
    return near


def _events(counts: sp.csr_matrix, whom: pl.Series, ids: pl.Series) -> Iterator[pl.DataFrame]:
    """Yield an event for each entry, a total of plays some time in the week."""
    rows = np.repeat(np.arange(len(whom)), np.diff(counts.indptr))
    rng = np.random.Generator(np.random.PCG64(1))
    began = np.datetime64(NOW.replace(tzinfo=None) - timedelta(days=7), "ms")
    for first in range(0, counts.nnz, _BATCH):
        some = slice(first, min(first + _BATCH, counts.nnz))
        size = some.stop - first
        yield pl.DataFrame(
            {
                "event_id": pl.Series(np.arange(first, some.stop)).cast(pl.String),
                "type": pl.repeat(EventType.PLAY.value, size, eager=True),
                "listener": whom.gather(rows[some]),
                "track": ids.gather(counts.indices[some]),
                "count": counts.data[some].astype(np.int32),
                "occurred_at": pl.Series(began + rng.integers(0, _WEEK_MS, size)).dt.replace_time_zone("UTC"),
            }
        )
