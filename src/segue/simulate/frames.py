# SPDX-License-Identifier: Apache-2.0
"""What was done in a week as columns of events: indices become ids, words and times."""

import numpy as np
import polars as pl

from segue.events.schema import INTAKE
from segue.simulate.catalogue import identifiers
from segue.simulate.config import WorldConfig
from segue.simulate.listeners import Listeners
from segue.simulate.occasions import ANY_TIME, OCCASIONS, PLACES
from segue.simulate.plays import Plays
from segue.simulate.reactions import Said
from segue.simulate.regions import REGIONS, ZONES
from segue.simulate.sessions import DEVICES, Sessions
from segue.types import EndReason, EventType

__all__ = ["SOURCE", "Frames"]

SOURCE = "simulated"


class Frames:
    """Makes frames of events; holds the words that indices stand for."""

    def __init__(self, config: WorldConfig, listeners: Listeners, artist_ids: pl.Series) -> None:
        self.config = config
        self.listeners = listeners
        self.artist_ids = artist_ids
        self.listener_ids = identifiers("listener", config.listeners)
        self.track_ids = identifiers("track", config.tracks)

    def contexts(self, sessions: Sessions, week: int) -> pl.DataFrame:
        """Return the columns that events share with their session: one row per session."""
        activities = pl.Series([occasion.activity for occasion in (*OCCASIONS, ANY_TIME)])
        return pl.DataFrame(
            {
                "listener": self.listener_ids.gather(sessions.listener),
                "session": identifiers(f"session:{week}", len(sessions.listener)),
                "device": pl.Series([device.value for device in DEVICES]).gather(sessions.device),
                "place": pl.Series(PLACES).gather(sessions.place),
                "region": pl.Series([region.code for region in REGIONS]).gather(
                    self.listeners.region[sessions.listener]
                ),
                "timezone": pl.Series(ZONES).gather(self.listeners.zone[sessions.listener]),
                "activity": activities.replace("", None).gather(sessions.occasion),
            }
        )

    def plays(self, plays: Plays, contexts: pl.DataFrame, shuffle: pl.Series, week: int) -> pl.DataFrame:
        """Return plays and skips."""
        ends = [EndReason.FINISHED, EndReason.SKIPPED, EndReason.STOPPED, EndReason.QUIT]
        ended = np.where(plays.skipped, 1, np.where(plays.cut, np.where(plays.left, 3, 2), 0))
        kinds = pl.Series([EventType.PLAY.value, EventType.SKIP.value])
        return self._framed(
            pl.DataFrame(
                {
                    "type": kinds.gather(plays.skipped.astype(np.intp)),
                    "occurred_at": plays.start_ms,
                    "track": self.track_ids.gather(plays.track),
                    "played_ms": plays.played_ms,
                    "duration_ms": plays.duration_ms,
                    "end_reason": pl.Series([end.value for end in ends]).gather(ended),
                    "shuffle": shuffle.gather(plays.session),
                }
            ).hstack(contexts[plays.session]),
            week,
        )

    def said(self, said: Said, contexts: pl.DataFrame, week: int) -> pl.DataFrame:
        """Return reactions of one type."""
        frame = contexts[said.session].with_columns(
            pl.lit(said.kind.value).alias("type"), pl.Series("occurred_at", said.at_ms)
        )
        if said.track is not None:
            frame = frame.with_columns(self.track_ids.gather(said.track).alias("track"))
        if said.artist is not None:
            frame = frame.with_columns(self.artist_ids.gather(said.artist).alias("artist"))
        return self._framed(frame if said.columns is None else frame.hstack(said.columns), week)

    def _framed(self, frame: pl.DataFrame, week: int) -> pl.DataFrame:
        """Return all columns of the intake; `occurred_at` comes as milliseconds after the week's start."""
        start_ms = int(self.config.week_start(week).timestamp()) * 1_000
        known = frame.with_columns(
            (pl.col("occurred_at") + start_ms).cast(INTAKE["occurred_at"]), pl.lit(SOURCE).alias("source")
        )
        return known.select(
            pl.col(name) if name in known.columns else pl.lit(None, dtype).alias(name) for name, dtype in INTAKE.items()
        )
