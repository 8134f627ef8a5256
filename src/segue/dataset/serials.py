# SPDX-License-Identifier: Apache-2.0
"""The dataset of what is spoken: its items are podcasts and audiobooks, and never their parts."""

import numpy as np
import polars as pl

from segue.catalog.serials import Serials
from segue.catalog.store import Catalog
from segue.dataset.build import DatasetConfig, Sources, build
from segue.dataset.matrices import Dataset, Interactions, Vocabulary
from segue.errors import NotReady
from segue.kernels.ragged import offsets_of, row_numbers
from segue.types import ItemKind

__all__ = ["build_serials"]

_SPOKEN = (ItemKind.EPISODE.value, ItemKind.CHAPTER.value)


def build_serials(sources: Sources, catalog: Catalog, serials: Serials, config: DatasetConfig) -> Dataset:
    """Return who hears which serials: a listener's parts of one add up, and it was heard last when its last part was.

    Args:
        sources: Events of the log.
        catalog: Which has these serials.
        serials: Of the catalogue.
        config: How events become rows.

    Raises:
        NotReady: Nobody hears anything spoken.
    """
    alone = Sources(sources.listening, sources.playlists.clear(), sources.until)
    parts = build(alone, catalog, config, kinds=_SPOKEN)
    heard = parts.listeners
    if heard is None:
        raise NotReady("serials: nobody hears anything spoken")
    first = serials.first[serials.of[parts.items.numbers[heard.items]]]
    table = pl.DataFrame(
        {
            "row": row_numbers(heard.offsets),
            "first": first,
            "weight": heard.weights,
            "time": np.full(heard.nnz, -1, np.int64) if heard.times is None else heard.times,
        }
    )
    whole = table.group_by("row", "first").agg(pl.col("weight").sum(), pl.col("time").max())
    numbers = np.unique(first)
    chosen = catalog.tracks[numbers].select("track_id", "number").sort("track_id")
    items = Vocabulary(
        chosen["track_id"].rechunk(), chosen["number"].to_numpy(), np.arange(len(numbers), dtype=np.int32)
    )
    item = pl.Series("item", items.index[whole["first"].to_numpy()])
    whole = whole.with_columns(item).sort("row", "item")
    listeners = Interactions(
        heard.rows,
        offsets_of(np.bincount(whole["row"].to_numpy(), minlength=len(heard))),
        whole["item"].to_numpy(),
        whole["weight"].to_numpy(),
        None if heard.times is None else whole["time"].to_numpy(),
    )
    return Dataset(items=items, listeners=listeners, reference_at=parts.reference_at, until=parts.until)
