# SPDX-License-Identifier: Apache-2.0
"""What tests do with a log: make events, known or drawn, and read the whole of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import strategies as st

from segue.events.reader import Reader
from segue.events.schema import INTAKE, conform
from segue.types import Device, EndReason

DAY = datetime(2026, 3, 1, 12, tzinfo=UTC)
"""A Sunday at noon."""


def plays(*ids: str, **columns: Any) -> pl.DataFrame:
    """Return one play an id; a column is one value for all, or a list of one value each."""
    values = {"type": "play", "listener": "ann", "track": "t", "occurred_at": DAY} | columns
    rows = [
        {"event_id": event_id}
        | {name: value[at] if isinstance(value, list) else value for name, value in values.items()}
        for at, event_id in enumerate(ids)
    ]
    return conform(pl.DataFrame(rows, schema_overrides={name: INTAKE[name] for name in values}))


def held(folder: Path, columns: Sequence[str] = ("event_id",), **ranges: Any) -> list[Any]:
    """Return what the log holds, in its order: values of one column, or tuples of several."""
    rows = Reader(folder).read(columns, **ranges).rows()
    return [row[0] for row in rows] if len(columns) == 1 else rows


_words = st.text(max_size=8)
_names = st.text(min_size=1, max_size=8)
_times = st.datetimes(
    datetime(1950, 1, 1),  # noqa: DTZ001  # Hypothesis takes the bounds naive, and the zone apart
    datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000))
_ratios = st.floats(0, 1, width=32)

rows = st.fixed_dictionaries(
    {"event_id": st.text(min_size=1, max_size=4), "type": st.sampled_from(["play", "skip"]), "track": _names},
    optional={
        "listener": _names,
        "occurred_at": _times,
        "source": _words,
        "tracks": st.lists(_words, max_size=3),
        "count": st.integers(0, 2**31 - 1),
        "played_ms": st.integers(0, 2**63 - 1),
        "end_reason": st.sampled_from([word.value for word in EndReason]),
        "shuffle": st.booleans(),
        "value": _ratios,
        "device": st.sampled_from([word.value for word in Device]),
        "scores": st.lists(_ratios, max_size=3),
    },
)
"""Events as an importer could give them: what every one needs, and any choice of the rest."""


def frame(drawn: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Return drawn rows as the sink takes them."""
    columns = [pl.Series(name, [row.get(name) for row in drawn], dtype) for name, dtype in INTAKE.items()]
    return conform(pl.DataFrame(columns))
