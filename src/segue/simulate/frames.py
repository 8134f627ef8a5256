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
from segue.simulate.profiles import TIERS, Profiles
from segue.simulate.reactions import Said
from segue.simulate.regions import LANGUAGES, REGIONS, ZONES
from segue.simulate.serials import Serials
from segue.simulate.sessions import DEVICES, Sessions
from segue.simulate.spoken import Sittings, Spoken
from segue.types import AgeBracket, EndReason, EventType

__all__ = ["SOURCE", "Frames", "homes"]

SOURCE = "simulated"


class Frames:
    """Makes frames of events; holds the words that indices stand for."""

    def __init__(self, config: WorldConfig, artist_ids: pl.Series) -> None:
        self.config = config
        self.artist_ids = artist_ids
        self.track_ids = identifiers("track", config.tracks)

    def contexts(self, listeners: Listeners, sessions: Sessions | Sittings, name: str) -> pl.DataFrame:
        """Return the columns that events share with their session: one row per session.

        Args:
            listeners: All listeners, where they live in that week.
            sessions: The sessions of a week.
            name: What their ids begin with.
        """
        activities = pl.Series([occasion.activity for occasion in (*OCCASIONS, ANY_TIME)])
        places = homes(listeners)[sessions.listener]
        return pl.DataFrame(
            {
                "listener": places["listener"],
                "session": identifiers(name, len(sessions.listener)),
                "device": pl.Series([device.value for device in DEVICES]).gather(sessions.device),
                "place": pl.Series(PLACES).gather(sessions.place),
                "region": places["region"],
                "timezone": places["timezone"],
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

    def spoken(self, spoken: Spoken, serials: Serials, contexts: pl.DataFrame, week: int) -> pl.DataFrame:
        """Return plays of parts, and skips of those that were given up."""
        ended = np.where(spoken.given_up, 1, np.where(spoken.finished, 0, 2))
        ends = [EndReason.FINISHED, EndReason.SKIPPED, EndReason.STOPPED]
        kinds = pl.Series([EventType.PLAY.value, EventType.SKIP.value])
        return self._framed(
            pl.DataFrame(
                {
                    "type": kinds.gather(spoken.given_up.astype(np.intp)),
                    "occurred_at": spoken.start_ms,
                    "track": identifiers(serials.kind.value, len(serials.serial)).gather(spoken.part),
                    "played_ms": spoken.played_ms,
                    "duration_ms": serials.duration_ms[spoken.part],
                    "end_reason": pl.Series([end.value for end in ends]).gather(ended),
                }
            ).hstack(contexts[spoken.sitting]),
            week,
        )

    def profiles(self, profiles: Profiles, listeners: Listeners) -> pl.DataFrame:
        """Return what all listeners say of themselves, at the first moment of the world."""
        own = [LANGUAGES.index(REGIONS[region].language) for region in listeners.region]
        first = np.arange(len(LANGUAGES)) == np.array(own)[:, None]
        best = np.argsort(-1 * listeners.languages - first, axis=1, kind="stable")
        words = [
            [LANGUAGES[i] for i in row[:known]]
            for row, known in zip(best, listeners.languages.sum(axis=1), strict=True)
        ]
        said = homes(listeners).with_columns(
            pl.lit(EventType.PROFILE.value).alias("type"),
            pl.lit(0).alias("occurred_at"),
            pl.Series([bracket.value for bracket in AgeBracket]).gather(profiles.age).alias("age_bracket"),
            pl.Series("allows_explicit", profiles.allows_explicit),
            pl.Series("languages", words),
            pl.Series(TIERS).gather(profiles.tier).alias("tier"),
        )
        return self._framed(said, 0)

    def _framed(self, frame: pl.DataFrame, week: int) -> pl.DataFrame:
        """Return all columns of the intake; `occurred_at` comes as milliseconds after the week's start."""
        start_ms = int(self.config.week_start(week).timestamp()) * 1_000
        known = frame.with_columns(
            (pl.col("occurred_at") + start_ms).cast(INTAKE["occurred_at"]), pl.lit(SOURCE).alias("source")
        )
        return known.select(
            pl.col(name) if name in known.columns else pl.lit(None, dtype).alias(name) for name, dtype in INTAKE.items()
        )


def homes(listeners: Listeners) -> pl.DataFrame:
    """Return `listener`, `region` and `timezone` of every listener."""
    return pl.DataFrame(
        {
            "listener": identifiers("listener", len(listeners.region)),
            "region": pl.Series([region.code for region in REGIONS]).gather(listeners.region),
            "timezone": pl.Series(ZONES).gather(listeners.zone),
        }
    )
