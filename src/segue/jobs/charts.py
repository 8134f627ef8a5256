# SPDX-License-Identifier: Apache-2.0
"""The chart of a region, a genre, a language of tracks, or of several at once: counted at training, read whenever."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.catalog.store import Catalog
from segue.dataset.matrices import Dataset
from segue.errors import NotFound, NotReady
from segue.features.charts import COLUMNS, SPOKEN, added, count, spoken
from segue.models.charts import Charts, ChartsConfig
from segue.privacy.door import Door
from segue.registry.snapshot import Snapshot
from segue.types import EventType, Purpose

__all__ = ["Entry", "chart", "learn"]

_PIECE = 2_000_000
"""Events read at once, about."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a chart."""

    track: str
    title: str
    share: float
    """Of the chart's listeners and tracks, as blended."""
    own: bool
    """Whether the region's own count speaks; if not, the line stands where everyone's plays put it."""


def learn(door: Door, catalog: Catalog, data: Dataset, config: ChartsConfig, now: datetime) -> Charts:
    """Count, for every region, what the listeners play who allow it, and return what of it may be kept.

    Plays fade from the last one of the dataset back, as popularity's do.

    Raises:
        NotReady: Nobody's plays may be counted.
    """
    tag = pl.coalesce("language", "language_detected").alias("language")
    table = catalog.described.select("track_id", pl.col("canonical").alias("number"), tag)
    language = table["language"].gather(data.items.numbers)
    at = data.reference_at or now
    parts = []
    spoken_in = []
    for piece in door.pieces(_PIECE):
        plays = door.read(Purpose.PERSONALISE, COLUMNS, types=[EventType.PLAY], between=piece, until=data.until)
        plays = plays.join(table, left_on="track", right_on="track_id")
        parts.append(count(plays, config.half_life_days, at))
        spoken_in.append(spoken(plays, at))
    model = Charts(config)
    model.fit(data, added(parts), language, _together(spoken_in))
    return model


def _together(parts: list[pl.DataFrame]) -> pl.DataFrame:
    every = pl.concat([pl.DataFrame(schema=SPOKEN), *parts])
    return every.group_by("region", "language").agg(pl.col("listeners").sum())


def chart(
    snapshot: Snapshot,
    *,
    region: str | None = None,
    genre: str | None = None,
    language: str | None = None,
    limit: int = 50,
    may: NDArray[np.bool_] | None = None,
) -> list[Entry]:
    """Return the most played tracks, the first first; of a region, blended with everyone's by evidence.

    Args:
        snapshot: Holds the charts.
        region: As plays name it; None: everyone.
        genre: Of the tracks.
        language: Of the tracks.
        limit: How many.
        may: `bool[catalogue]`: tracks that who looks may hear; None: all.

    Raises:
        NotReady: No charts were counted.
        NotFound: Nobody plays in the region, or no track has the genre or the language.
    """
    if snapshot.charts is None:
        raise NotReady("no charts were counted yet; run `segue train` where there are plays")
    model, numbers = snapshot.charts.model, snapshot.charts.numbers
    if region is not None and region not in model.regions:
        others = ", ".join(model.regions[:50]) or "no region"
        raise NotFound(f"there is no chart of {region!r}; there are charts of {others}")
    place = -1 if region is None else model.regions.index(region)
    shares, own = model.shares(place), model.told(place)
    among = (numbers >= 0) & _among(snapshot, {"genre": genre, "language": language})[numbers]
    total = max(float(shares[among].sum(dtype=np.float64)), 1e-12)
    if may is not None:
        among &= may[numbers]
    listed = np.flatnonzero(among & model.listed)
    best = listed[np.argsort(-shares[listed], kind="stable")][:limit]
    rows = snapshot.catalog.tracks.select("track_id", "artist_name", "title")[snapshot.face[numbers[best]]]
    return [
        Entry(track, f"{artist} – {title}", float(shares[item]) / total, bool(own[item]))
        for item, (track, artist, title) in zip(best, rows.iter_rows(), strict=True)
    ]


def _among(snapshot: Snapshot, wanted: dict[str, str | None]) -> NDArray[np.bool_]:
    """Mark the tracks, `bool[catalogue]`, that have all that is wanted."""
    among = np.ones(len(snapshot.catalog), bool)
    for kind, name in wanted.items():
        if name is None:
            continue
        marks = snapshot.traits.marks[kind]
        if name.strip().lower() not in marks.names:
            raise NotFound(f"no track has the {kind} {name!r}; there are: {', '.join(marks.names[:50])}")
        having = np.zeros(len(among), bool)
        having[marks.of(marks.names.index(name.strip().lower()))] = True
        among &= having
    return among
