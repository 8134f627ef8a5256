# SPDX-License-Identifier: Apache-2.0
"""How each listener listens, by rules with numbers: new, occasional, regular or devoted; explorer, picky."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, model_validator

from segue.types import EventType

__all__ = ["COLUMNS", "HEARD", "MEASURED", "Persona", "PersonasConfig", "Rhythm", "called", "measured", "personas"]

COLUMNS = ("type", "listener", "track", "occurred_at", "count")
"""What is read of events."""
HEARD = (EventType.PLAY, EventType.SKIP)
"""The types of events that count."""
MEASURED = pl.Schema(
    {
        "listener": pl.String(),
        "plays": pl.Int64(),
        "timed": pl.Boolean(),
        "days": pl.Int64(),
        "recent": pl.Int64(),
        "skips": pl.Int64(),
        "tracks": pl.Int64(),
        "new": pl.Int64(),
        "before": pl.Boolean(),
    }
)
"""What decides: all plays, and whether any says when; of the window, days with music, plays, skips, different tracks,
and those of them never heard before; and whether anything was heard before the window."""


class Rhythm(StrEnum):
    """How often a listener comes, rarest first."""

    UNKNOWN = "unknown"
    """There are plays enough, but none says when."""
    NEW = "new"
    OCCASIONAL = "occasional"
    REGULAR = "regular"
    DEVOTED = "devoted"


class PersonasConfig(BaseModel):
    """From where on a listener is called what. The bounds are chosen, not learned."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    window_days: int = Field(default=28, ge=1, le=366)
    """So many of the last days are looked at."""
    known_plays: int = Field(default=20, ge=1)
    """With fewer plays in all a listener is new."""
    regular_days: int = Field(default=8, ge=1)
    """With music on so many days of the window they are regular; on fewer, occasional."""
    devoted_days: int = Field(default=20, ge=1)
    """On so many they are devoted."""
    judged_plays: int = Field(default=20, ge=1)
    """Below so many plays and skips in the window nothing is said of new tracks and skips."""
    explorer_share: float = Field(default=0.5, ge=0, le=1)
    """An explorer: at least this share of the tracks of the window was never heard before it."""
    picky_share: float = Field(default=0.5, ge=0, le=1)
    """Picky: at least this share of what was begun in the window was skipped."""

    @model_validator(mode="after")
    def _in_order(self) -> "PersonasConfig":
        if not self.regular_days <= self.devoted_days <= self.window_days:
            raise ValueError("regular_days, devoted_days and window_days must not fall, in this order")
        return self


@dataclass(frozen=True, slots=True)
class Persona:
    """What one listener is called, and the numbers that say so."""

    rhythm: Rhythm
    explorer: bool | None
    """None: too little was heard, or nothing before the window to compare with."""
    picky: bool | None
    """None: too little was heard."""
    plays: int
    """Of all time."""
    window_days: int
    days: int
    """UTC days of the window with music."""
    plays_a_week: float
    """In the window."""
    new_share: float | None
    """Of the tracks of the window, the share never heard before it."""
    skip_share: float | None
    """Of plays and skips of the window, the share of skips."""

    def to_json(self) -> dict[str, Any]:
        """Return every field under its name, and the sentence."""
        return {**asdict(self), "rhythm": self.rhythm.value, "says": str(self)}

    def __str__(self) -> str:
        """Say what the listener is called, and why."""
        called = [self.rhythm.value, *(["explorer"] if self.explorer else []), *(["picky"] if self.picky else [])]
        why = [f"{self.plays:,} plays in all"]
        if self.rhythm is not Rhythm.UNKNOWN:
            why.append(f"music on {self.days} of the last {self.window_days} days")
            why.append(f"{self.plays_a_week:.0f} plays a week")
        if self.new_share is not None:
            why.append(f"{self.new_share:.0%} of tracks new")
        if self.skip_share is not None:
            why.append(f"{self.skip_share:.0%} skipped")
        return f"{', '.join(called)}: {', '.join(why)}"


def personas(events: pl.DataFrame, config: PersonasConfig, now: datetime) -> dict[str, Persona]:
    """Return the persona of each listener who has events; see `measured`."""
    rows = measured(events, config, now).iter_rows(named=True)
    return {row["listener"]: called(row, config) for row in rows}


def measured(events: pl.DataFrame, config: PersonasConfig, now: datetime) -> pl.DataFrame:
    """Return what decides of each listener who has events, `MEASURED`, by one pass over columns.

    Args:
        events: `COLUMNS`, of the types `HEARD`. An event after `now` is left out; one without a time counts among all
            plays and among what was heard before the window.
        config: The bounds.
        now: The moment at which the window ends (aware).
    """
    at = pl.col("occurred_at")
    is_play = pl.col("type") == EventType.PLAY.value
    inside = (at > now - timedelta(days=config.window_days)).fill_null(False)
    heard = (
        events.lazy()
        .filter(pl.col("listener").is_not_null() & (at.is_null() | (at <= now)))
        .with_columns(
            inside=inside,
            plays=pl.when(is_play).then(pl.col("count").fill_null(1)).otherwise(0),
            skips=(~is_play).cast(pl.Int64),
            # the window's days are counted back from now, so that there are never more of them than it has
            back=(pl.lit(now) - at).dt.total_days(),
        )
    )
    played = heard.filter(is_play & pl.col("track").is_not_null())
    tracks = played.group_by("listener", "track").agg(now=pl.col("inside").any(), before=(~pl.col("inside")).any())
    novelty = tracks.group_by("listener").agg(
        tracks=pl.col("now").sum(), new=(pl.col("now") & ~pl.col("before")).sum(), before=pl.col("before").any()
    )
    counted = heard.group_by("listener").agg(
        pl.col("plays").sum(),
        timed=at.is_not_null().any(),
        days=pl.col("back").filter(pl.col("inside") & is_play).n_unique(),
        recent=pl.col("plays").filter("inside").sum(),
        skips=pl.col("skips").filter("inside").sum(),
    )
    rows = counted.join(novelty, on="listener", how="left").sort("listener")
    return rows.select(pl.col(name).cast(kind) for name, kind in MEASURED.items()).collect()


def called(row: Mapping[str, Any], config: PersonasConfig) -> Persona:
    """Return the persona that a row of `MEASURED` makes."""
    begun = row["recent"] + row["skips"]
    judged = begun >= config.judged_plays
    new_share = row["new"] / row["tracks"] if judged and row["before"] and row["tracks"] else None
    skip_share = row["skips"] / begun if judged else None
    if row["plays"] < config.known_plays:
        rhythm = Rhythm.NEW
    elif not row["timed"]:
        rhythm = Rhythm.UNKNOWN
    elif row["days"] >= config.devoted_days:
        rhythm = Rhythm.DEVOTED
    else:
        rhythm = Rhythm.REGULAR if row["days"] >= config.regular_days else Rhythm.OCCASIONAL
    return Persona(
        rhythm=rhythm,
        explorer=None if new_share is None else new_share >= config.explorer_share,
        picky=None if skip_share is None else skip_share >= config.picky_share,
        plays=row["plays"],
        window_days=config.window_days,
        days=row["days"],
        plays_a_week=row["recent"] * 7 / config.window_days,
        new_share=new_share,
        skip_share=skip_share,
    )
