# SPDX-License-Identifier: Apache-2.0
"""Taking a source in: staged whole, then committed; a source that cannot be read leaves nothing behind."""

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from segue.catalog import matching, store
from segue.catalog.schema import SOUND
from segue.errors import BadInput
from segue.events import compaction
from segue.events.schema import conform
from segue.events.sink import Sink
from segue.importers.batch import Batch, Importer
from segue.jobs.progress import Progress, silent
from segue.registry import snapshot
from segue.settings import IngestConfig
from segue.stores.locks import exclusive
from segue.types import ItemKind

__all__ = ["Report", "ingest"]


@dataclass(frozen=True, slots=True)
class Report:
    """What an import took, dropped and why."""

    source: str
    path: str
    rows: int
    """Rows of the source that were looked at."""
    events: int
    """Events that are new in the log."""
    duplicates: int
    """Events that the log had already."""
    tracks: int
    """Tracks that are new in the catalogue."""
    folded: int
    """New tracks that repeat a recording under another id."""
    enriched: int = 0
    """Recordings that the catalogue had, of which it knows more now."""
    artists_enriched: int = 0
    """Artists that the catalogue had, of whom it knows more now."""
    artists_waiting: int = 0
    """New artists by whom the catalogue has no track yet."""
    dropped: dict[str, int] = field(default_factory=dict)
    """Rows not taken, by reason."""


def ingest(
    home: Path, importer: Importer, path: Path, sink: Sink, config: IngestConfig, progress: Progress = silent
) -> Report:
    """Read a source to its end, then extend the catalogue and append the events.

    Killed before the end of reading, it leaves the workspace as it was. Killed later, it leaves a part of the events
    in the log; run again, it adds the others.

    Raises:
        BadInput: The source cannot be understood; the workspace is unchanged.
        Busy: Another import holds the workspace.
    """
    with exclusive(home / "locks" / "import.lock", wait=False), _staging(home / "tmp" / "import") as stage:
        rows, dropped, batches = 0, Counter[str](), 0
        progress("reading", rows)
        before = store.load(home / "catalog")
        lengths = {name: size for name in _VECTORS if (size := _length(before.tracks[name])) is not None}
        for batch in importer.read(path):
            rows += batch.rows
            dropped.update(batch.dropped)
            lengths = _lengths(batch.tracks, lengths)
            _stage(stage, batches, batch)
            batches += 1
            progress("reading", rows, batch.total)
        progress("cataloguing", rows)
        tracks, artists, albums = (_staged(stage, table, key) for table, key in _TABLES.items())
        repeats = _repeats(before, tracks)
        tracks = _with_sound(tracks, before, repeats)
        extension = store.extend(home / "catalog", tracks, artists, albums, repeats=repeats)
        snapshot.grow(home, extension.generation, now=datetime.now(UTC))
        events = duplicates = 0
        for number in range(batches):
            receipt = sink.append(pl.read_ipc(stage / f"events-{number:06d}.arrow"))
            events += receipt.accepted
            duplicates += receipt.duplicates
            progress("writing", number + 1, batches)
    if compaction.hot_rows(home / "events") > config.compact_rows:
        progress("compacting")
        compaction.compact(home / "events")
    return Report(
        importer.name,
        str(path),
        rows,
        events,
        duplicates,
        extension.added,
        extension.folded,
        extension.enriched,
        extension.artists_enriched,
        extension.artists_waiting,
        dict(dropped),
    )


_VECTORS = {"timbre", "embedding"}
_TABLES = {"tracks": "track_id", "artists": "artist_id", "albums": "album_id"}


@contextmanager
def _staging(stage: Path) -> Iterator[Path]:
    """Give an empty folder that is gone afterwards; what a killed import left in it goes first."""
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(parents=True)
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _lengths(tracks: pl.DataFrame, known: Mapping[str, int]) -> dict[str, int]:
    """Return how long each column of vectors is.

    Raises:
        BadInput: A vector is of another length than those before it.
    """
    lengths = dict(known)
    for name in _VECTORS & set(tracks.columns):
        first = lengths.get(name, _length(tracks[name]))
        if first is None:
            continue
        lengths[name] = first
        other = tracks[name].filter(tracks[name].list.len() != first)
        if len(other):
            raise BadInput(
                f"a track comes with {name} of {_length(other)} numbers, where those before it have {first}; "
                "use the model that made those, or another workspace"
            )
    return lengths


def _length(vectors: pl.Series) -> int | None:
    """Return how long the first vector is that is none of nothing."""
    return vectors.list.len().drop_nulls().first()  # type: ignore[return-value]


def _repeats(before: store.Catalog, tracks: pl.DataFrame) -> dict[str, int]:
    """Return the number of the recording that each new track repeats, as far as the catalogue has it.

    So a play that names its track by artist and title counts for the track of another source, typing errors forgiven.
    """
    if not len(before):
        return {}
    new = store.combine(tracks, "track_id").join(before.tracks.select("track_id"), on="track_id", how="anti")
    if "kind" in new.columns:
        new = new.filter(pl.col("kind").fill_null(ItemKind.TRACK.value) == ItemKind.TRACK.value)
    named = new.select(name for name in matching.LISTENS if name in new.columns and name != "track_id")
    if new.is_empty() or not named.columns:
        return {}
    found = matching.match(named, before)["number"]
    is_track = (before.tracks["kind"] == ItemKind.TRACK.value).to_list()
    pairs = zip(new["track_id"], found, strict=True)
    return {track_id: int(before.canonical[number]) for track_id, number in pairs if number >= 0 and is_track[number]}


def _with_sound(tracks: pl.DataFrame, before: store.Catalog, repeats: Mapping[str, int]) -> pl.DataFrame:
    """Add rows that give the sound of tracks to the recordings that these repeat, which may not know theirs."""
    columns = [name for name in SOUND if name in tracks.columns]
    if not columns or not len(before):
        return tracks
    own = before.join(tracks["track_id"])
    matched = tracks["track_id"].replace_strict(repeats, default=-1, return_dtype=pl.Int32).to_numpy()
    recording = np.where(own >= 0, before.canonical[own], matched)
    rows = pl.Series(np.flatnonzero((recording >= 0) & (recording != own)))
    names = before.tracks.select("track_id", "title")[pl.Series(recording).gather(rows)]
    return pl.concat([tracks, names.hstack(tracks.select(columns)[rows])], how="diagonal_relaxed")


def _stage(stage: Path, number: int, batch: Batch) -> None:
    conform(batch.events).write_ipc(stage / f"events-{number:06d}.arrow", compression="lz4")
    for table, key in _TABLES.items():
        frame: pl.DataFrame | None = getattr(batch, table)
        if frame is not None and frame.height:
            store.combine(frame, key).write_ipc(stage / f"{table}-{number:06d}.arrow", compression="lz4")


def _staged(stage: Path, table: str, key: str) -> pl.DataFrame:
    parts = [pl.scan_ipc(path) for path in sorted(stage.glob(f"{table}-*.arrow"))]
    if not parts:
        return pl.DataFrame(schema={key: pl.String} | ({"title": pl.String} if table == "tracks" else {}))
    return pl.concat(parts, how="diagonal_relaxed").collect()
