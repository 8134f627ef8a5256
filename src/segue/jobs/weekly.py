# SPDX-License-Identifier: Apache-2.0
"""The weekly playlist: for every listener, on Monday in their own time zone, refreshed in place."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from segue.errors import NotReady
from segue.events.sink import Sink
from segue.jobs.progress import Progress, silent
from segue.privacy.door import Door
from segue.seeds import digest
from segue.service.answer import Service
from segue.service.exposure import record
from segue.settings import WeeklyConfig
from segue.stores.playlists import Kept, Shelf
from segue.types import Ask, Kind, Purpose, Refusal, Rung, Slate

__all__ = ["NAME", "Weekly", "Week", "monday", "personal", "playlist_id", "read", "weekly"]

NAME = "weekly"
_CHUNK = 2048
_FEW = 16
"""Of so many listeners, or fewer, all may get what is popular."""


@dataclass(frozen=True, slots=True)
class Week:
    """What a run of the job made."""

    listeners: int
    made: int
    """Playlists written."""
    current: int
    """Listeners whose playlist of this week was there already, or who withdrew while it was made."""
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
    door: Door,
    shelf: Shelf,
    sink: Sink,
    listeners: Mapping[str, str | None],
    config: WeeklyConfig,
    now: datetime,
    *,
    again: bool = False,
    progress: Progress = silent,
) -> Week:
    """Make the playlist of the week for each listener whose week has begun and who has none yet.

    It goes in chunks: each is answered, kept and written down as shown before the next. Killed midway, it keeps the
    chunks that were done; run again, it makes the others. Chunks are drawn by a hash of the listener, so that the
    first one speaks for all: where too many would get what is merely popular, it stops there.

    Args:
        service: Gives the answers.
        door: Says who allows them, until the moment that they are kept.
        shelf: Keeps them.
        sink: Takes an impression of each.
        listeners: Whom for, each with their time zone (None: not known).
        config: Length, default time zone, how long nothing repeats.
        now: Aware; decides which week it is for each listener.
        again: Make this week's anew where it is there already; it replaces the old one.
        progress: Told as chunks are done.

    Raises:
        NotReady: Nothing is trained; or too many listeners would get what is merely popular.
    """
    mondays = {one: monday(now, zone, config.timezone) for one, zone in listeners.items()}
    order = sorted(mondays, key=lambda one: digest(NAME, one, size=8))
    made = tracks = 0
    rungs: dict[str, int] = {}
    for first in range(0, len(order), _CHUNK):
        chunk = order[first : first + _CHUNK]
        begun = door.position()
        fresh = _answer(service, shelf, {one: mondays[one] for one in chunk}, config, now, again=again)
        for one in fresh:
            rungs[one.slate.rung] = rungs.get(one.slate.rung, 0) + 1
        answered = sum(rungs.values())
        if answered > _FEW and rungs.get(Rung.POPULAR, 0) > config.fallback_most * answered:
            raise NotReady(
                f"{rungs[Rung.POPULAR]} of {answered} listeners would get what is merely popular, more than "
                f"weekly.fallback_most = {config.fallback_most:g} allows; run `segue train` first"
            )
        allowed = set(shelf.put(map(_keep, fresh), allowed=partial(_still_allowed, door, begun)))
        kept = [one for one in fresh if one.listener in allowed]
        record(
            sink,
            [Ask(one.listener, Kind.WEEKLY, listener=one.listener) for one in kept],
            [one.slate for one in kept],
            [f"{one.id}-{one.week}-{now.timestamp():.0f}" for one in kept],
            now,
        )
        made += len(kept)
        tracks += sum(len(one.slate.tracks) for one in kept)
        progress("making playlists", min(first + _CHUNK, len(order)), len(order))
    return Week(len(listeners), made, len(listeners) - made, tracks, rungs)


def _still_allowed(door: Door, begun: int, listener: str) -> bool:
    """Say whether a listener still allows it, and has not been erased since the log was at `begun`."""
    ledger = door.ledger()
    return ledger.allowed(listener, Purpose.PERSONALISE) and ledger.erased_at(listener) <= begun


def _answer(
    service: Service, shelf: Shelf, mondays: Mapping[str, date], config: WeeklyConfig, now: datetime, *, again: bool
) -> list[Weekly]:
    """Make the playlists that are due among some listeners, without the tracks of their past weeks."""
    oldest = min(mondays.values()) - timedelta(weeks=config.no_repeat_weeks)
    past: dict[str, list[Kept]] = {}
    for kept in shelf.since(NAME, oldest.isoformat(), list(mondays)):
        past.setdefault(kept.listener, []).append(kept)
    due = {
        one: week.isoformat()
        for one, week in mondays.items()
        if again or not any(kept.edition == week.isoformat() and personal(kept) for kept in past.get(one, ()))
    }
    asks = [Ask(one, Kind.WEEKLY, listener=one, limit=config.length, now=now) for one in due]
    exclude = {one: _repeats(past.get(one, []), week) for one, week in due.items()}
    slates = service.answer(asks, exclude=exclude, parallel=True).slates
    made = []
    for (one, week), slate in zip(due.items(), slates, strict=True):
        assert not isinstance(slate, Refusal), slate
        made.append(Weekly(playlist_id(one), one, week, now.isoformat(), slate))
    return made


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


def personal(kept: Kept) -> bool:
    """Say whether an edition holds good for its week; what is merely popular is made anew when it is next asked for."""
    return bool(json.loads(kept.slate)["rung"] != Rung.POPULAR)


def _keep(made: Weekly) -> Kept:
    return Kept(made.listener, NAME, made.week, made.made_at, json.dumps(made.slate.to_json(), ensure_ascii=False))


def _repeats(past: list[Kept], week: str) -> list[str]:
    """Return the tracks of earlier weeks; this week's own may come back when it is made again."""
    return [track["track"] for kept in past if kept.edition < week for track in json.loads(kept.slate)["tracks"]]
