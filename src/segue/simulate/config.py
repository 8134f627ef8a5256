# SPDX-License-Identifier: Apache-2.0
"""The settings of a simulated world."""

from datetime import UTC, date, datetime, time, timedelta

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["DAY_MS", "WEEK_MS", "WorldConfig"]

DAY_MS = 24 * 60 * 60 * 1000
WEEK_MS = 7 * DAY_MS


class WorldConfig(BaseModel):
    """What a world depends on: the same settings give the same bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(default=1, ge=0, description="Every number drawn depends on it.")
    listeners: int = Field(default=400, ge=1, le=1_000_000, description="How many people (and bots) listen.")
    tracks: int = Field(default=4_000, ge=50, le=1_000_000, description="How many tracks the catalogue has in the end.")
    weeks: int = Field(default=8, ge=1, le=520, description="How many weeks of listening are simulated.")
    end: date = Field(
        default=date(2026, 6, 5),
        ge=date(1990, 1, 1),
        le=date(2200, 1, 1),
        description="The day before which all is heard, from 00:00 UTC; each week starts on its weekday.",
    )
    sessions_per_week: float = Field(
        default=7.0, gt=0, le=60, description="Sessions of the median listener; around it, a heavy tail."
    )
    plays_per_session: float = Field(default=9.0, ge=1, le=60, description="Plays of the median session.")
    exploration: float = Field(
        default=0.5, ge=0, le=1, description="Mean share of plays that look for something beyond the favourites."
    )
    weekly_release_share: float = Field(
        default=0.005, ge=0, le=0.1, description="Share of the albums that come out at the start of each week."
    )
    viral_tracks: int = Field(default=3, ge=0, le=1_000, description="Little-known tracks that everyone plays at once.")
    night_shift_share: float = Field(
        default=0.04, ge=0, le=1, description="Share of listeners whose day is turned round by eleven hours."
    )
    bot_share: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of listeners that are machines playing one artist for half a minute.",
    )
    playlists_per_listener: float = Field(
        default=1.0, ge=0, le=20, description="Playlists that a listener makes over all the weeks, on average."
    )
    mover_share: float = Field(
        default=0.0, ge=0, le=1, description="Share of the people who move to another region in a week after the first."
    )
    shows: int = Field(default=0, ge=0, le=10_000, description="Podcasts, each with a new episode every week.")
    books: int = Field(default=0, ge=0, le=10_000, description="Audiobooks, their chapters heard in order.")
    profiles: bool = Field(
        default=False, description="Whether listeners say their age bracket, languages, and if explicit music may come."
    )

    @property
    def start(self) -> datetime:
        """The first moment of the first week, aware UTC."""
        return datetime.combine(self.end, time(), UTC) - timedelta(weeks=self.weeks)

    def week_start(self, week: int) -> datetime:
        """The first moment of week `week` (from 0), aware UTC."""
        return self.start + timedelta(weeks=week)
