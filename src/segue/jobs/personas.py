# SPDX-License-Identifier: Apache-2.0
"""Everyone's persona, measured from the log at training and kept until the next."""

from datetime import datetime

import polars as pl

from segue.features.personas import COLUMNS, HEARD, MEASURED, PersonasConfig, measured
from segue.jobs.progress import Progress, silent
from segue.privacy.door import Door
from segue.service.personas import KeptPersonas
from segue.types import Purpose

__all__ = ["refresh"]

_PIECE = 2_000_000
"""Events read at once, about."""


def refresh(
    kept: KeptPersonas, door: Door, config: PersonasConfig, snapshot: str, now: datetime, progress: Progress = silent
) -> None:
    """Measure all who allow it, as of `now`, and keep it beside a snapshot; who withdrew meanwhile is taken out."""
    position = door.position()
    pieces = door.pieces(_PIECE)
    parts = [pl.DataFrame(schema=MEASURED)]
    for done, piece in enumerate(pieces):
        progress("measuring how everyone listens", done, len(pieces))
        events = door.read(Purpose.PERSONALISE, COLUMNS, types=HEARD, between=piece, until=position)
        parts.append(measured(events, config, now))
    kept.keep(pl.concat(parts).sort("listener"), snapshot, now)
    changed = door.follow(Purpose.PERSONALISE, position, ["listener"], types=HEARD).changed
    if changed:
        kept.forget(sorted(changed))
