# SPDX-License-Identifier: Apache-2.0
"""The occasions at which people of the simulated world listen."""

from dataclasses import dataclass

from segue.types import Device

__all__ = ["ANY_TIME", "OCCASIONS", "PLACES", "Occasion"]

PLACES = ("home", "urban", "rural", "gym", "office", "transit")

_WORKDAYS = (1.0, 1.0, 1.0, 1.0, 0.9, 0.08, 0.05)
_EVERY_DAY = (1.0, 1.0, 1.0, 1.0, 1.0, 1.2, 1.2)
_WEEKENDS = (0.15, 0.15, 0.2, 0.35, 1.6, 2.2, 0.6)


@dataclass(frozen=True, slots=True)
class Occasion:
    """One reason to listen: when, where, on what, and to music of which energy."""

    activity: str
    hour: float  # local, the middle
    spread_hours: float
    days: tuple[float, ...]  # Monday to Sunday, not normalised
    share: float  # of tastes, not normalised
    energy: float  # 0–1, of the music that suits
    length: float  # times the plays of a usual session
    devices: dict[Device, float]
    places: dict[str, float]
    words: tuple[str, str, str]  # for titles of playlists


OCCASIONS = (
    Occasion("focus", 10.0, 1.9, _WORKDAYS, 0.9, 0.28, 1.3,
             {Device.LAPTOP: 0.8, Device.PHONE: 0.1, Device.SPEAKER: 0.1}, {"office": 0.6, "home": 0.4},
             ("for deep work", "for focus", "morning desk")),
    Occasion("commute", 7.8, 0.7, _WORKDAYS, 0.7, 0.6, 0.7, {Device.PHONE: 0.72, Device.CAR: 0.28},
             {"transit": 0.7, "rural": 0.1, "urban": 0.2}, ("on the way in", "morning train", "first coffee")),
    Occasion("commute", 17.7, 0.9, _WORKDAYS, 0.7, 0.55, 0.7, {Device.PHONE: 0.68, Device.CAR: 0.32},
             {"transit": 0.7, "rural": 0.1, "urban": 0.2}, ("on the way home", "last train", "leaving the office")),
    Occasion("workout", 18.7, 1.1, (1.1, 1.0, 1.1, 1.0, 0.7, 0.8, 0.6), 0.9, 0.84, 0.9,
             {Device.PHONE: 0.72, Device.WATCH: 0.28}, {"gym": 0.75, "urban": 0.25},
             ("for the gym", "last kilometre", "heavy sets")),
    Occasion("cooking", 19.0, 1.0, _EVERY_DAY, 1.0, 0.55, 0.8,
             {Device.SPEAKER: 0.7, Device.TABLET: 0.2, Device.TV: 0.1}, {"home": 1.0},
             ("in the kitchen", "for cooking", "Sunday lunch")),
    Occasion("relax", 20.6, 1.4, _EVERY_DAY, 1.7, 0.36, 1.1,
             {Device.SPEAKER: 0.4, Device.PHONE: 0.3, Device.TV: 0.15, Device.TABLET: 0.15}, {"home": 1.0},
             ("to unwind", "slow evenings", "on the sofa")),
    Occasion("party", 21.8, 1.2, _WEEKENDS, 0.7, 0.78, 1.6, {Device.SPEAKER: 0.7, Device.PHONE: 0.2, Device.TV: 0.1},
             {"home": 0.7, "urban": 0.3}, ("for Friday night", "living room floor", "till late")),
    Occasion("sleep", 22.8, 0.7, _EVERY_DAY, 0.4, 0.12, 0.8, {Device.SPEAKER: 0.5, Device.PHONE: 0.5}, {"home": 1.0},
             ("for sleep", "lights out", "past midnight")),
)  # fmt: skip

ANY_TIME = Occasion(
    "", 20.2, 3.2, _EVERY_DAY, 0.0, 0.5, 1.0,
    {Device.PHONE: 0.6, Device.LAPTOP: 0.2, Device.SPEAKER: 0.15, Device.OTHER: 0.05},
    {"home": 0.55, "urban": 0.35, "rural": 0.1}, ("mix", "favourites", "this month"),
)  # fmt: skip
"""Listening for no reason that anybody could tell: its activity is not known."""
