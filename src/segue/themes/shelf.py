# SPDX-License-Identifier: Apache-2.0
"""The themes that every workspace begins with, and when each is due."""

from dataclasses import dataclass
from datetime import date

__all__ = ["SHELF", "Shelved", "due", "southern"]


@dataclass(frozen=True, slots=True)
class Shelved:
    """A theme with a name of its own, kept as a playlist."""

    title: str
    words: str
    """What is asked for; `reading.parse` takes it."""
    day_parts: tuple[str, ...] = ()
    """Parts of the listener's own day (`features.habits.DAY_PARTS`) that it is for; none: any."""
    weekdays: tuple[int, ...] = ()
    """0 is Monday; none: any."""
    season: tuple[tuple[int, int], tuple[int, int]] | None = None
    """First and last (month, day); it may go over the end of the year. None: all year."""
    turns: bool = True
    """Whether the season is half a year later south of the equator: summer is, Christmas is not."""


_SPRING, _SUMMER = ((3, 1), (5, 31)), ((6, 1), (8, 31))
_AUTUMN, _WINTER = ((9, 1), (11, 30)), ((12, 1), (2, 29))
_WORKDAYS, _WEEKEND = (0, 1, 2, 3, 4), (5, 6)

SHELF = (
    Shelved("Wake up", "wake up happy", ("morning",), _WORKDAYS),
    Shelved("Slow weekend morning", "calm weekend morning acoustic", ("morning",), _WEEKEND),
    Shelved("Coffee and jazz", "calm morning jazz", ("morning",)),
    Shelved("Commute", "driving feel good", ("morning", "afternoon"), _WORKDAYS),
    Shelved("Deep focus", "focus instrumental", ("morning", "afternoon"), _WORKDAYS),
    Shelved("Study", "study", ("afternoon", "evening")),
    Shelved("Workout", "workout"),
    Shelved("Running 160–180", "running 160-180 bpm"),
    Shelved("Feel good", "feel good"),
    Shelved("Kitchen", "cooking dinner soul", ("afternoon", "evening")),
    Shelved("Unwind", "relax", ("evening", "night")),
    Shelved("Party", "party", ("evening", "night"), (4, 5)),
    Shelved("Dance floor", "dance electronic", ("evening", "night")),
    Shelved("Romantic evening", "romantic evening", ("evening", "night")),
    Shelved("Late night", "late night chill", ("night",)),
    Shelved("Sleep", "sleep", ("night",)),
    Shelved("Rainy day", "rainy day"),
    Shelved("Melancholy", "melancholy"),
    Shelved("Let it out", "angry"),
    Shelved("Road trip", "road trip", weekdays=(4, 5, 6)),
    Shelved("Sunday", "calm sunday", ("morning", "afternoon"), (6,)),
    Shelved("Spring", "spring happy", season=_SPRING),
    Shelved("Summer", "summer", season=_SUMMER),
    Shelved("Autumn", "autumn acoustic", season=_AUTUMN),
    Shelved("Winter", "winter calm", season=_WINTER),
    Shelved("Christmas", "christmas", season=((11, 25), (12, 26)), turns=False),
)
"""Made for whoever has written no theme of their own; `[themes]` in the settings adds more."""

_SOUTH = frozenset("AR AU BO BR BW CL FJ LS MG MU MW MZ NA NZ PE PG PY SZ TL TZ UY VU WS ZA ZM ZW".split())
"""Countries most of whose people live south of the equator."""
_SOUTHERN_ZONES = (
    *(
        "Australia/",
        "Antarctica/",
        "America/Argentina/",
        "America/Buenos_Aires",
        "America/Sao_Paulo",
        "America/Santiago",
    ),
    *(
        "America/Montevideo",
        "America/Asuncion",
        "America/La_Paz",
        "America/Lima",
        "Africa/Johannesburg",
        "Africa/Maputo",
    ),
    *("Africa/Harare", "Africa/Lusaka", "Africa/Windhoek", "Pacific/Auckland", "Pacific/Fiji", "Indian/Antananarivo"),
)


def due(theme: Shelved, day: date, part: str | None, *, south: bool) -> bool:
    """Say whether a theme is due on a local day, in a part of it (None: it is not known which).

    Args:
        theme: The theme.
        day: The listener's.
        part: Of `features.habits.DAY_PARTS`.
        south: Whether the listener lives south of the equator.
    """
    if theme.weekdays and day.weekday() not in theme.weekdays:
        return False
    if part is not None and theme.day_parts and part not in theme.day_parts:
        return False
    if theme.season is None:
        return True
    month = (day.month + 5) % 12 + 1 if south and theme.turns else day.month
    first, last = theme.season
    now = month, day.day
    return first <= now <= last if first <= last else now >= first or now <= last


def southern(region: str | None, zone: str | None) -> bool:
    """Say whether a country (ISO 3166), or where that is not known a time zone, is south of the equator."""
    if region is not None:
        return region.upper() in _SOUTH
    return zone is not None and zone.startswith(_SOUTHERN_ZONES)
