# SPDX-License-Identifier: Apache-2.0
"""The weekly playlist: for every listener, on Monday in their own time zone, refreshed in place."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from segue.errors import NotReady
from segue.jobs.progress import Progress, silent
from segue.seeds import digest
from segue.service.answer import Service
from segue.settings import WeeklyConfig
from segue.stores.playlists import Kept, Shelf
from segue.types import Ask, Kind, Refusal, Rung, Slate

__all__ = ["NAME", "Weekly", "Week", "monday", "playlist_id", "read", "weekly", "weeks"]

NAME = "weekly"
_CHUNK = 2048


@dataclass(frozen=True, slots=True)
class Week:
    """What a run of the job made."""

    listeners: int
    made: int
    """Playlists written."""
    current: int
    """Listeners whose playlist of this week was there already."""
    tracks: int
    rungs: dict[str, int]
    """How many playlists came from each rung."""


@dataclass(frozen=True, slots=True)
class Weekly:
    """One listener's playlist of one week. Its id never changes."""

    id: str
    listener: str
    week: str
    """The Monday it is for, "2026-11-16"."""
    made_at: str
    slate: Slate


def weekly(
    service: Service,
    shelf: Shelf,
    listeners: Sequence[str],
    config: WeeklyConfig,
    now: datetime,
    *,
    again: bool = False,
    progress: Progress = silent,
) -> tuple[Week, list[Weekly]]:
    """Make the playlist of the week for each listener whose week has begun and who has none yet.

    Killed midway, it keeps the playlists of the chunks that were done; run again, it makes the others.

    Args:
        service: Gives the answers.
        shelf: Keeps them.
        listeners: Whom for.
        config: Length, default time zone, how long nothing repeats.
        now: Aware; decides which week it is for each listener.
        again: Make this week's anew where it is there already; it replaces the old one.
        progress: Told as chunks are done.

    Raises:
        NotReady: Nothing is trained; or too many listeners would get what is merely popular: nothing is published.
    """
    mondays = dict(zip(listeners, weeks(service, listeners, config, now), strict=True))
    oldest = min(mondays.values(), default=now.date()) - timedelta(weeks=config.no_repeat_weeks)
    past: dict[str, list[Kept]] = {}
    for kept in shelf.since(NAME, oldest.isoformat()) if len(listeners) > 16 else _editions(shelf, listeners, oldest):
        past.setdefault(kept.listener, []).append(kept)
    have = {one for one in listeners if any(k.edition == mondays[one].isoformat() for k in past.get(one, []))}
    due = list(listeners) if again else [one for one in listeners if one not in have]
    made: list[Weekly] = []
    rungs: dict[str, int] = {}
    pending: list[Weekly] = []
    for first in range(0, len(due), _CHUNK):
        chunk = due[first : first + _CHUNK]
        asks = [Ask(one, Kind.WEEKLY, listener=one, limit=config.length, now=now) for one in chunk]
        exclude = {one: _repeats(past.get(one, []), mondays[one].isoformat()) for one in chunk}
        for one, slate in zip(chunk, service.answer(asks, exclude=exclude, parallel=True).slates, strict=True):
            assert not isinstance(slate, Refusal), slate
            rungs[slate.rung] = rungs.get(slate.rung, 0) + 1
            pending.append(Weekly(playlist_id(one), one, mondays[one].isoformat(), now.isoformat(), slate))
        if len(due) > 16 and rungs.get(Rung.POPULAR, 0) > config.fallback_most * sum(rungs.values()):
            raise NotReady(
                f"{rungs[Rung.POPULAR]} of {sum(rungs.values())} listeners would get what is merely popular, more than "
                f"weekly.fallback_most = {config.fallback_most:g} allows; run `segue train` first"
            )
        shelf.put(_keep(one) for one in pending)
        made += pending
        pending = []
        progress("making playlists", min(first + _CHUNK, len(due)), len(due))
    tracks = sum(len(one.slate.tracks) for one in made)
    return Week(len(listeners), len(made), len(listeners) - len(made), tracks, rungs), made


def monday(now: datetime, zone: str | None, default: str) -> date:
    """Return the Monday of the week that `now` falls in, in a time zone; an unknown zone counts as the default.

    For instance 2026-11-16 05:00 UTC is still Sunday in Los Angeles: the Monday there is 2026-11-09.
    """
    try:
        local = now.astimezone(ZoneInfo(zone or default))
    except (ZoneInfoNotFoundError, ValueError):
        local = now.astimezone(ZoneInfo(default))
    return local.date() - timedelta(days=local.weekday())


def playlist_id(listener: str) -> str:
    """Return the id of a listener's weekly playlist: the same every week, and it does not tell whose it is."""
    return f"weekly-{digest(NAME, listener, size=8)}"


def read(kept: Kept) -> Weekly:
    """Turn a kept edition back into a playlist."""
    made = Slate.from_json(json.loads(kept.slate))
    return Weekly(playlist_id(kept.listener), kept.listener, kept.edition, kept.made_at, made)


def _keep(made: Weekly) -> Kept:
    return Kept(made.listener, NAME, made.week, made.made_at, json.dumps(made.slate.to_json(), ensure_ascii=False))


def weeks(service: Service, listeners: Sequence[str], config: WeeklyConfig, now: datetime) -> list[date]:
    """Return the Monday of each listener's week."""
    return [monday(now, zone, config.timezone) for zone in service.timezone(listeners, now)]


def _editions(shelf: Shelf, listeners: Sequence[str], oldest: date) -> list[Kept]:
    editions = [kept for one in listeners for kept in shelf.editions(one, NAME)]
    return [kept for kept in editions if kept.edition >= oldest.isoformat()]


def _repeats(past: list[Kept], week: str) -> list[str]:
    """Return the tracks of earlier weeks; this week's own may come back when it is made again."""
    return [track["track"] for kept in past if kept.edition < week for track in json.loads(kept.slate)["tracks"]]
