# SPDX-License-Identifier: Apache-2.0
"""The weekly playlist: for every listener, on Monday in their own time zone, refreshed in place."""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl
from numba import get_num_threads

from segue.catalog.store import Catalog
from segue.errors import NotReady
from segue.events.compaction import compact
from segue.events.sink import Sink
from segue.explain.words import missing
from segue.jobs.progress import Progress, silent
from segue.kernels.threads import one_thread_each
from segue.privacy.door import Door
from segue.registry.snapshot import Snapshot
from segue.seeds import digest
from segue.service import kept
from segue.service.answer import Service
from segue.service.exposure import impressions
from segue.service.slates import Slates
from segue.settings import WeeklyConfig
from segue.stores import parts
from segue.stores.batches import Batch, begin, unfinished
from segue.stores.locks import exclusive
from segue.stores.playlists import Kept, Shelf, of_part
from segue.types import Ask, Kind, Purpose, Rung, Slate

__all__ = ["NAME", "Weekly", "Week", "alone", "monday", "personal", "playlist_id", "read", "weekly"]

NAME = "weekly"
_PART = 4096
"""Listeners of a part."""
_FEW = 16
"""Of so many listeners, or fewer, all may get what is popular."""
_GOES_ON = timedelta(days=1)
"""How long a batch that was left can be gone on with."""
_DUE = pl.Schema({"listener": pl.String(), "edition": pl.String()})
_MADE = pl.Schema({"listener": pl.String(), "rung": pl.String(), "tracks": pl.UInt32()})


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
    went_on_from: str | None = None
    """When the run began that was killed, and whose playlists are among those made."""
    lost: int = 0
    """Kept playlists, of any week, that were given up with files that are missing or damaged."""


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

    It goes in parts, several at a time: each is some listeners, in the order of their ids, and becomes a file. Killed
    midway, it leaves what is done; run again within a day, it makes the rest as it would have been made then, from the
    same events, if models, catalogue and settings are the same, and else begins anew. Only when all are done are they
    published, together, but for those of listeners who withdrew their consent meanwhile. What is merely popular is made
    anew once other models serve.

    Args:
        service: Gives the answers.
        door: Says who allows them, until the moment that they are kept.
        shelf: Keeps them.
        sink: Takes an impression of each.
        listeners: Whom for, each with their time zone (None: not known).
        config: Length, default time zone, how long nothing repeats.
        now: Aware; decides which week it is for each listener.
        again: Make this week's anew where it is there already; it replaces the old one. Files that are lost or damaged
            are given up.
        progress: Told as parts are done.

    Raises:
        NotReady: Nothing is trained; or too many listeners would get what is merely popular.
        Busy: Another run is at it.
    """
    with exclusive(shelf.lock, wait=False):
        lost = shelf.tidy(lost=again)
        snapshot = service.snapshot()
        job = _Job(service, door, shelf, sink, config, snapshot, progress)
        settings = digest(config.model_dump_json(), service.recipes.model_dump_json())
        made, went_on_from = [pl.DataFrame(schema=_MADE)], None
        for batch in unfinished(shelf.folder / NAME):
            published = shelf.is_published(batch.paths())
            if not published and (again or not _goes_on(batch, snapshot, settings, now)):
                batch.discard()
                continue
            went_on_from = batch.plan["now"]
            made.append(job.publish(batch) if published else job.finish(batch))
        due = _due(shelf, listeners, config, snapshot, now, again=again)
        if due.height > _PART:
            compact(sink.folder)  # each part reads its listeners from the days' files, and all that is hot
        if due.height:
            made.append(job.finish(_begin(shelf, due, door.position(), snapshot, settings, now)))
    every = pl.concat(made)
    rungs = dict(every["rung"].value_counts(sort=True).iter_rows())
    current = len(listeners) - every["listener"].n_unique()
    tracks = every.select(pl.col("tracks").sum()).item()
    return Week(len(listeners), every.height, current, tracks, rungs, went_on_from, lost)


def _due(
    shelf: Shelf,
    listeners: Mapping[str, str | None],
    config: WeeklyConfig,
    snapshot: Snapshot,
    now: datetime,
    *,
    again: bool,
) -> pl.DataFrame:
    """Return `listener`, ascending, and `edition` of the playlists to make."""
    weeks = {zone: monday(now, zone, config.timezone).isoformat() for zone in set(listeners.values())}
    wanted = pl.DataFrame(
        {"listener": list(listeners), "edition": [weeks[zone] for zone in listeners.values()]}, schema=_DUE
    ).sort("listener")
    if again or wanted.is_empty():
        return wanted
    good = (pl.col("rung") != Rung.POPULAR.value) | (pl.col("snapshot") == snapshot.id)
    there = shelf.held(NAME, min(weeks.values())).filter(good)
    return wanted.join(there, on=["listener", "edition"], how="anti", maintain_order="left")


def _begin(shelf: Shelf, due: pl.DataFrame, position: int, snapshot: Snapshot, settings: str, now: datetime) -> Batch:
    """Write down what is to be made, and from what."""
    made_from = {"now": now.isoformat(), "position": position, "snapshot": snapshot.id, "settings": settings}
    folder = shelf.folder / NAME / digest(*made_from.values(), size=6)
    return begin(folder, {**made_from, "part": _PART}, due)


def _goes_on(batch: Batch, snapshot: Snapshot, settings: str, now: datetime) -> bool:
    """Say whether a batch that was left can still be made as it was begun."""
    plan = batch.plan
    age = now - datetime.fromisoformat(plan["now"])
    return (plan["snapshot"], plan.get("settings")) == (snapshot.id, settings) and timedelta(0) <= age < _GOES_ON


@dataclass(frozen=True)
class _Job:
    """What a run works with."""

    service: Service
    door: Door
    shelf: Shelf
    sink: Sink
    config: WeeklyConfig
    snapshot: Snapshot
    progress: Progress

    def finish(self, batch: Batch) -> pl.DataFrame:
        """Make the parts that are missing, and publish all; return what `publish` does.

        Raises:
            NotReady: Of those who had nothing yet, too many would get what is merely popular.
        """
        due = batch.whom()
        self._make(batch, due)
        columns = ["listener", "edition", "rung"]
        had = self.shelf.held(NAME, str(due["edition"].min()))
        fresh = pl.concat([parts.read(path, columns) for path in batch.paths()]).join(had, on=columns[:2], how="anti")
        popular = int((fresh["rung"] == Rung.POPULAR.value).sum())
        if fresh.height > _FEW and popular > self.config.fallback_most * fresh.height:
            batch.discard()
            raise NotReady(
                f"{popular} of {fresh.height} listeners would get what is merely popular, more than "
                f"weekly.fallback_most = {self.config.fallback_most:g} allows; run `segue train` first"
            )
        return self.publish(batch)

    def _make(self, batch: Batch, due: pl.DataFrame) -> None:
        size = batch.plan["part"]
        count = -(-due.height // size)
        missing = sorted(set(range(count)) - set(batch.done()))
        done = count - len(missing)
        self.progress("making playlists", min(done * size, due.height), due.height)
        with one_thread_each(), ThreadPoolExecutor(get_num_threads()) as pool:
            tasks = [pool.submit(self._part, batch, number, due.slice(number * size, size)) for number in missing]
            try:
                for task in as_completed(tasks):
                    task.result()
                    done += 1
                    self.progress("making playlists", min(done * size, due.height), due.height)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _part(self, batch: Batch, number: int, due: pl.DataFrame) -> None:
        plan = batch.plan
        now = datetime.fromisoformat(plan["now"])
        whom, editions = due["listener"].to_list(), due["edition"].to_list()
        slates = _answer(self.service, self.shelf, whom, editions, self.config, self.snapshot, now, plan["position"])
        batch.write(number, kept.table(slates, editions, now, self.snapshot.catalog))

    def publish(self, batch: Batch) -> pl.DataFrame:
        """Publish all parts, and write down that they were shown; return `listener`, `rung` and number of `tracks`."""
        now = datetime.fromisoformat(batch.plan["now"])
        gone = partial(_gone, self.door, batch.plan["position"])
        paths, made = self.shelf.publish(NAME, batch.paths(), gone), [pl.DataFrame(schema=_MADE)]
        threads = get_num_threads()
        with ThreadPoolExecutor(threads) as pool:
            for first in range(0, len(paths), threads):
                for playlists, shown in pool.map(partial(self._shown, now), paths[first : first + threads]):
                    kept_for = ~playlists["listener"].is_in(list(gone(playlists["listener"].to_list())))
                    self.sink.append(shown.filter(kept_for))  # as late as can be
                    made.append(playlists.filter(kept_for).select("listener", "rung", pl.col("tracks").list.len()))
        batch.finish()
        return pl.concat(made)

    def _shown(self, now: datetime, path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return the playlists of a part, and beside them what is written down of them."""
        playlists = self.shelf.read(path)
        whose = playlists.select("listener", "edition").iter_rows()
        ids = [_shown(listener, week, now) for listener, week in whose]
        return playlists, impressions(playlists, ids, self.snapshot.catalog, now)


def alone(
    service: Service,
    door: Door,
    shelf: Shelf,
    sink: Sink,
    listener: str,
    config: WeeklyConfig,
    week: str,
    now: datetime,
    language: str | None = None,
) -> Weekly | None:
    """Make one listener's playlist of a week and keep it; None where they withdrew their consent meanwhile.

    It is kept, and its impression written, as any other; what is returned has its reasons in the language asked for.
    """
    position = door.position()
    snapshot = service.snapshot()
    slates = _answer(service, shelf, [listener], [week], config, snapshot, now, position)
    table = kept.table(slates, [week], now, snapshot.catalog)
    (row,) = table.to_dicts()
    made = of_part(NAME, row)
    if not shelf.put([made], allowed=lambda one: not _gone(door, position, [one])):
        return None
    sink.append(impressions(table, [_shown(listener, week, now)], snapshot.catalog, now))
    return read(made, snapshot.catalog, language)


def _answer(
    service: Service,
    shelf: Shelf,
    listeners: Sequence[str],
    editions: Sequence[str],
    config: WeeklyConfig,
    snapshot: Snapshot,
    now: datetime,
    position: int,
) -> Slates:
    """Answer for some listeners, ascending, without the tracks of their past weeks."""
    oldest = date.fromisoformat(min(editions)) - timedelta(weeks=config.no_repeat_weeks)
    past = shelf.since(NAME, oldest.isoformat(), listeners)
    own = pl.DataFrame({"listener": listeners, "own": editions}, schema_overrides={"listener": pl.String()})
    before = past.join(own, on="listener").filter(pl.col("edition") < pl.col("own"))
    heard = (
        before.select("listener", "tracks").explode("tracks", empty_as_null=False).group_by("listener").agg("tracks")
    )
    exclude = dict(heard.iter_rows())
    asks = [Ask(one, Kind.WEEKLY, listener=one, limit=config.length, now=now) for one in listeners]
    return service.weeklies(asks, snapshot, exclude=exclude, until=position)


def _gone(door: Door, begun: int, listeners: Collection[str]) -> set[str]:
    """Return who of some listeners allows it no more, or has been erased since the log was at `begun`."""
    ledger = door.ledger()
    return {one for one in listeners if not ledger.allowed(one, Purpose.PERSONALISE) or ledger.erased_at(one) > begun}


def _shown(listener: str, week: str, now: datetime) -> str:
    """Return the request id of an impression: made again at another time, it is another one."""
    return f"{playlist_id(listener)}-{week}-{now.timestamp():.0f}"


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


def read(one: Kept, catalog: Catalog, language: str | None = None) -> Weekly:
    """Turn a kept edition back into a playlist, with reasons in a language (None: English)."""
    slate = kept.slate(one, catalog, language)
    if untold := missing(language):
        slate = replace(slate, notes=(untold, *slate.notes))
    return Weekly(playlist_id(one.listener), one.listener, one.edition, one.made_at, slate)


def personal(one: Kept) -> bool:
    """Say whether an edition holds good for its week; what is merely popular is made anew when it is next asked for."""
    return one.rung != Rung.POPULAR
