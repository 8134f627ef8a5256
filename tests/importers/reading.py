# SPDX-License-Identifier: Apache-2.0
"""What tests do with an importer: read all of a source, and zip one."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from segue.catalog.schema import ALBUMS, ARTISTS, TRACKS
from segue.events import schema
from segue.importers.batch import Importer


@dataclass(frozen=True)
class Taken:
    """All batches of a source as one."""

    rows: int
    events: pl.DataFrame
    tracks: pl.DataFrame
    artists: pl.DataFrame
    albums: pl.DataFrame
    dropped: dict[str, int]

    @property
    def event(self) -> dict[str, object]:
        """The only event."""
        assert self.events.height == 1
        return self.events.row(0, named=True)

    @property
    def track(self) -> dict[str, object]:
        """The only track."""
        assert self.tracks.height == 1
        return self.tracks.row(0, named=True)


def take(importer: Importer, path: Path) -> Taken:
    """Read a source whole, every part in its schema."""
    batches = list(importer.read(path))
    dropped: dict[str, int] = {}
    for batch in batches:
        for reason, count in batch.dropped.items():
            dropped[reason] = dropped.get(reason, 0) + count
    return Taken(
        rows=sum(batch.rows for batch in batches),
        events=pl.concat([schema.empty(), *(schema.conform(batch.events) for batch in batches)]),
        tracks=_all([batch.tracks for batch in batches], TRACKS).unique("track_id", keep="first", maintain_order=True),
        artists=_all([batch.artists for batch in batches], ARTISTS),
        albums=_all([batch.albums for batch in batches], ALBUMS),
        dropped=dropped,
    )


def zipped(path: Path, members: dict[str, bytes | str]) -> Path:
    """Write a zip of members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def _all(frames: list[pl.DataFrame | None], columns: pl.Schema) -> pl.DataFrame:
    whole = [columns.to_frame()]
    for frame in frames:
        if frame is not None:
            assert set(frame.columns) <= set(columns)
            whole.append(
                frame.select(
                    frame[name].cast(dtype) if name in frame.columns else pl.lit(None, dtype).alias(name)
                    for name, dtype in columns.items()
                )
            )
    return pl.concat(whole)
