# SPDX-License-Identifier: Apache-2.0
"""Everyone's dial from familiar to new, learned from the log and kept until it is learned again."""

from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.catalog.store import Catalog
from segue.features import answers, dial, ventures
from segue.jobs.progress import Progress, silent
from segue.privacy.door import Door
from segue.service.dials import KeptDials
from segue.types import EventType, Purpose

__all__ = ["learned", "refresh"]

_PIECE = 2_000_000


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

    And what they play of themselves: who answered nothing has what those have who listen as they do.
    """
    shown, ventured = [pl.DataFrame(schema=answers.SHOWN)], [pl.DataFrame(schema=ventures.HEARD)]
    music = catalog.music
    pieces = door.pieces(_PIECE)
    for done, piece in enumerate(pieces):
        progress("learning dials", done, len(pieces))
        events = door.read(Purpose.PERSONALISE, answers.COLUMNS, types=answers.TYPES, between=piece)
        events = events.filter(pl.col("occurred_at") <= now)
        number = catalog.join(events["track"])
        events = events.with_columns(_recording(events["track"], number, catalog))
        spoken = pl.Series((number >= 0) & ~music[np.maximum(number, 0)])
        ventured.append(ventures.heard(events.filter(~spoken)))
        asked = events.filter(pl.col("request_id").is_not_null(), pl.col("type") != EventType.IMPRESSION.value)
        who = asked["listener"].unique()
        if len(who):
            shown.append(answers.lists(events.filter(pl.col("listener").is_in(who.implode()))))
    told = ventures.ventures(pl.concat(ventured))
    return dial.learn(pl.concat(shown), now, config, told)


def _recording(track: pl.Series, number: NDArray[np.int32], catalog: Catalog) -> pl.Series:
    """Return the id by which Segue shows a recording, of ids by which any source plays it, and their numbers."""
    known = catalog.tracks["track_id"].gather(catalog.canonical[np.maximum(number, 0)])
    return known.zip_with(pl.Series(number >= 0), track).alias("track")
