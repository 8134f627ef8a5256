# SPDX-License-Identifier: Apache-2.0
"""Answers as they are kept, in ids without words, and back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from segue.catalog.store import Catalog
from segue.service.slates import Slates, said
from segue.stores.parts import COLUMNS
from segue.stores.playlists import Kept
from segue.types import Rung, Slate

__all__ = ["slate", "table"]


def table(slates: Slates, editions: Sequence[str], now: datetime, catalog: Catalog) -> pl.DataFrame:
    """Return answers to listeners as `stores.parts.COLUMNS`.

    Args:
        slates: The answers.
        editions: One an answer.
        now: When they were made.
        catalog: Knows the ids.
    """
    ids: Any = catalog.ids
    names: Any = pa.array(slates.sources, pa.string())
    offsets: Any = pa.array(slates.offsets.astype(np.int32), pa.int32())
    lists = {
        "tracks": ids.take(pa.array(slates.track, pa.int32())),
        "scores": pa.array(slates.score, pa.float32()),
        "sources": names.take(pa.array(slates.source, pa.int8())),
        "seeds": ids.take(pa.array(slates.seed, pa.int32(), mask=slates.seed < 0)),
        "codes": pa.array(slates.codes, pa.string()).take(pa.array(slates.code, pa.int16())),
        "others": ids.take(pa.array(slates.other, pa.int32(), mask=slates.other < 0)),
        "propensities": _known(slates.propensity),
    }
    columns: dict[str, Any] = {
        "listener": [ask.listener for ask in slates.asks],
        "edition": list(editions),
        "made_at": [now.isoformat()] * len(slates),
        "rung": [rung.value for rung in slates.rungs],
        "recipe": list(slates.recipes),
        "snapshot": [slates.snapshot] * len(slates),
        "notes": [list(notes) for notes in slates.notes],
        "dial": _known(slates.dial),
        "dial_propensity": _known(slates.dial_propensity),
    }
    columns |= {name: pa.ListArray.from_arrays(offsets, values) for name, values in lists.items()}
    frame = pl.from_arrow(pa.table(columns, schema=COLUMNS))
    assert isinstance(frame, pl.DataFrame)
    return frame


def _known(numbers: NDArray[np.float32]) -> Any:
    """Return a column with nulls in the place of NaN."""
    return pa.array(numbers, pa.float32(), mask=np.isnan(numbers))


def slate(kept: Kept, catalog: Catalog, tag: str | None = None) -> Slate:
    """Put a kept edition into words, in the language of a tag (None: English)."""
    tracks = tuple(said(kept.picks, catalog, tag))
    return Slate(kept.listener, tracks, Rung(kept.rung), kept.recipe, kept.snapshot, kept.notes)
