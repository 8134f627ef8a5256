# SPDX-License-Identifier: Apache-2.0
"""Everyone's dial from familiar to new, learned from the log and kept until it is learned again."""

from datetime import datetime

import numpy as np
import polars as pl

from segue.catalog.store import Catalog
from segue.features import dial
from segue.jobs.progress import Progress, silent
from segue.privacy.door import Door
from segue.service.dials import KeptDials
from segue.types import Purpose

__all__ = ["learned", "refresh"]

_PIECE = 2_000_000
_WHO = ("listener", "request_id", "type")


def refresh(
    kept: KeptDials,
    door: Door,
    catalog: Catalog,
    config: dial.DialConfig,
    now: datetime,
    progress: Progress = silent,
) -> dial.Dials | None:
    """Learn anew from all that listeners allow, and keep it; whoever withdrew meanwhile is taken out again."""
    position = door.position()
    dials = learned(door, catalog, config, now, progress)
    kept.keep(dials)
    changed = door.follow(Purpose.PERSONALISE, position, ["listener"]).changed
    if changed:
        kept.forget(sorted(changed))
    return dials


def learned(
    door: Door, catalog: Catalog, config: dial.DialConfig, now: datetime, progress: Progress = silent
) -> dial.Dials | None:
    """Return what the lists shown until now tell of how new each listener wants theirs; None: too little was answered.

    Of the whole log it is looked up who answered a list; of these alone everything is read.
    """
    parts = [pl.DataFrame(schema=dial.SHOWN)]
    pieces = door.pieces(_PIECE)
    for done, piece in enumerate(pieces):
        progress("learning dials", done, len(pieces))
        seen = door.read(Purpose.PERSONALISE, _WHO, types=dial.TYPES, between=piece)
        answered = seen.filter(pl.col("request_id").is_not_null(), pl.col("type") != dial.TYPES[0].value)
        who = answered["listener"].drop_nulls().unique().to_list()
        if who:
            events = door.read(Purpose.PERSONALISE, dial.COLUMNS, types=dial.TYPES, listeners=who)
            events = events.filter(pl.col("occurred_at") <= now)
            parts.append(dial.lists(events.with_columns(_recording(events["track"], catalog))))
    return dial.learn(pl.concat(parts), now, config)


def _recording(track: pl.Series, catalog: Catalog) -> pl.Series:
    """Return the id by which Segue shows a recording, of ids by which any source plays it."""
    number = catalog.join(track)
    known = catalog.tracks["track_id"].gather(catalog.canonical[np.maximum(number, 0)])
    return known.zip_with(pl.Series(number >= 0), track).alias("track")
