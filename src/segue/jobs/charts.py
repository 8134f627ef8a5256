# SPDX-License-Identifier: Apache-2.0
"""The chart of a region, a genre, a language of tracks, or of several at once, counted from the log."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.catalog.store import Catalog
from segue.catalog.traits import traits
from segue.errors import NotFound
from segue.features import charts
from segue.features.charts import ChartsConfig, Counts
from segue.privacy.door import Door
from segue.types import EventType, Purpose

__all__ = ["Entry", "chart"]

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


def chart(
    door: Door,
    catalog: Catalog,
    config: ChartsConfig,
    now: datetime,
    *,
    region: str | None = None,
    genre: str | None = None,
    language: str | None = None,
    limit: int = 50,
) -> list[Entry]:
    """Return the most played tracks, the first first; of a region, blended with everyone's by evidence.

    Raises:
        NotFound: No track has the genre or the language.
    """
    among = _among(catalog, {"genre": genre, "language": language})
    found = _counts(door, catalog, among, config, now)
    everyone = found.pop(None)
    own = np.zeros(len(catalog), bool)
    shares = everyone.weight / max(everyone.weight.sum(), 1e-9)
    if region in found:
        prior = charts.strength([one.weight for one in found.values()], everyone.weight)
        shares, own = charts.blended(found[region], everyone, prior, config)
    listed = np.flatnonzero(everyone.listeners >= config.least_listeners)
    best = listed[np.argsort(-shares[listed], kind="stable")][:limit]
    rows = catalog.tracks.select("track_id", "artist_name", "title")[best]
    return [
        Entry(track, f"{artist} – {title}", float(shares[number]), bool(own[number]))
        for number, (track, artist, title) in zip(best, rows.iter_rows(), strict=True)
    ]


def _among(catalog: Catalog, wanted: dict[str, str | None]) -> NDArray[np.bool_]:
    among = np.ones(len(catalog), bool)
    if not any(wanted.values()):
        return among
    marks = traits(catalog).marks
    for kind, name in wanted.items():
        if name is None:
            continue
        if name.strip().lower() not in marks[kind].names:
            raise NotFound(f"no track has the {kind} {name!r}; there are: {', '.join(marks[kind].names[:50])}")
        having = np.zeros(len(catalog), bool)
        having[marks[kind].of(marks[kind].names.index(name.strip().lower()))] = True
        among &= having
    return among


def _counts(
    door: Door, catalog: Catalog, among: NDArray[np.bool_], config: ChartsConfig, now: datetime
) -> dict[str | None, Counts]:
    numbers = catalog.described.select("track_id", pl.col("canonical").alias("number"))
    table = numbers.filter(pl.Series(among[numbers["number"].to_numpy()]))
    nobody = Counts(np.zeros(len(catalog)), np.zeros(len(catalog), np.int64))
    total: dict[str | None, Counts] = {None: nobody}
    for piece in door.pieces(_PIECE):
        plays = door.read(Purpose.PERSONALISE, charts.COLUMNS, types=[EventType.PLAY], between=piece)
        plays = plays.join(table, left_on="track", right_on="track_id")
        for name, one in charts.count(plays, len(catalog), config, now).items():
            total[name] = total.get(name, nobody) + one
    return total
