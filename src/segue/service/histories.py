# SPDX-License-Identifier: Apache-2.0
"""What each listener heard, read through the door and kept while the log says nothing new of them."""

from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from threading import Lock

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.catalog.store import Catalog
from segue.dataset.build import resolve
from segue.events.signals import LISTENING, LISTENING_COLUMNS, SignalsConfig, habits, preferences
from segue.kernels.ragged import Ragged, offsets_of
from segue.pipeline.habits import Habits
from segue.privacy.door import Door
from segue.types import EventType, Purpose

__all__ = ["Histories", "Taste"]

_MOST_KEPT = 50_000
_HABITS = ("plays", "replayed", "away_days")
_ROWS = pl.Schema({"listener": pl.String(), "row": pl.Int64()})


@dataclass(frozen=True, slots=True)
class Taste:
    """One listener, as the recipes see them. Numbers are canonical tracks'."""

    tracks: NDArray[np.int32]
    weights: NDArray[np.float32]
    """Preferences, beside `tracks`; 0 or less where skips outweigh plays."""
    banned: NDArray[np.int32]
    plays: NDArray[np.int32]
    """How often each was played, beside `tracks`; see `Habits`."""
    replayed: NDArray[np.bool_]
    """Whether each was played at two times of the last seven days."""
    away_days: NDArray[np.int32]
    """Whole days since each was last heard, -1 where that is not known."""
    follows: NDArray[np.int32]
    """Artists followed, by number."""
    region: str | None = None
    """Where the newest event of a known track was that says so."""


_NONE = np.zeros(0, np.int32)
_NOBODY = Taste(_NONE, np.zeros(0, np.float32), _NONE, _NONE, np.zeros(0, np.bool_), _NONE, _NONE)
_READ = (*LISTENING, EventType.FOLLOW)
_READ_COLUMNS = (*LISTENING_COLUMNS, "artist", "region")


class Histories:
    """Gives tastes as of the log's last event. What is kept is dropped when its listener does or says anything."""

    def __init__(self, door: Door, config: SignalsConfig):
        self._door = door
        self._config = config
        self._lock = Lock()
        self._kept: OrderedDict[tuple[int, date, str], Taste] = OrderedDict()
        self._position = door.position()

    def of(self, listeners: Sequence[str | None], catalog: Catalog, now: datetime) -> list[Taste]:
        """Return the taste of each listener; an unknown one, or one who does not allow it, has none.

        Nobody (None) has none either, and nothing is read for them. Plays age by whole UTC days, so that an answer does
        not depend on when its listener was last asked about.
        """
        named = {one for one in listeners if one is not None}
        if not named:
            return [_NOBODY] * len(listeners)
        today = _today(now)
        key = (catalog.generation, today.date())
        with self._lock:
            self._follow()
            until = self._position
            found = {one: self._kept[*key, one] for one in named if (*key, one) in self._kept}
        missing = named - set(found)
        if missing:
            read = self._read(missing, catalog, today, until)  # without the lock: nobody waits for another's history
            found |= {one: read.get(one, _NOBODY) for one in missing}
            self._keep({(*key, one): found[one] for one in missing}, until)
        return [_NOBODY if one is None else found[one] for one in listeners]

    def _follow(self) -> None:
        """Forget whoever did something, or changed a consent, since the last look."""
        position, stale = self._stale_since(self._position)
        for key in [key for key in self._kept if key[-1] in stale]:
            del self._kept[key]
        self._position = position

    def _stale_since(self, position: int) -> tuple[int, set[str]]:
        """Return the log's position now, and who did or allowed something since the one given."""
        if self._door.position() == position:
            return position, set()
        followed = self._door.follow(Purpose.PERSONALISE, position, ["listener"], types=_READ)
        return followed.position, set(followed.changed) | set(followed.events["listener"].drop_nulls())

    def _keep(self, tastes: dict[tuple[int, date, str], Taste], until: int) -> None:
        """Keep what was read up to a position, but for those of whom the log says more by now."""
        with self._lock:
            self._follow()
            _, stale = self._stale_since(until)
            self._kept.update((key, taste) for key, taste in tastes.items() if key[-1] not in stale)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)

    def read(
        self, listeners: Sequence[str | None], catalog: Catalog, now: datetime, until: int
    ) -> tuple[Ragged, Ragged, Habits]:
        """Return the histories, the banned tracks and the habits of many listeners, a row each; nothing is kept.

        Args:
            listeners: As `of` takes them.
            catalog: As `of` takes it.
            now: As `of` takes it.
            until: The log's position up to which events count.
        """
        rows = pl.DataFrame({"listener": listeners, "row": np.arange(len(listeners))}, schema_overrides=_ROWS)
        named = rows.filter(pl.col("listener").is_not_null())
        events, followed = (
            part.join(named, on="listener", maintain_order="left").drop("listener").rename({"row": "listener"})
            for part in self._events(named["listener"].to_list(), catalog, until)
        )
        regions = _homes(events, len(listeners))
        mine = self._told(events.drop("region"), _today(now))
        banned, follows = mine.filter(pl.col("liked") < 0), followed.sort("listener", "number")
        plays, replayed, away_days = (mine[name].to_numpy() for name in _HABITS)
        own = Habits(plays, replayed, away_days, _rows(follows, len(listeners)), tuple(regions))
        return _rows(mine, len(listeners)), _rows(banned, len(listeners)), own

    def _read(self, listeners: Collection[str], catalog: Catalog, today: datetime, until: int) -> dict[str, Taste]:
        whom = list(listeners)
        events, followed = self._events(whom, catalog, until)
        place = {one: row for row, one in enumerate(whom)}
        rows = pl.Series("listener", [place[one] for one in events["listener"]], pl.Int64)
        homes = _homes(events.with_columns(rows), len(whom))
        tastes = {one: replace(_NOBODY, region=region) for one, region in zip(whom, homes, strict=True)}
        for (listener,), theirs in followed.group_by("listener"):
            bare = tastes.get(str(listener), _NOBODY)
            tastes[str(listener)] = replace(bare, follows=theirs["number"].sort().to_numpy())
        for (listener,), mine in self._told(events.drop("region"), today).group_by("listener", maintain_order=True):
            banned = mine.filter(pl.col("liked") < 0)["number"]
            tracks, weights, plays, replayed, away_days = (
                mine[name].to_numpy() for name in ("number", "weight", *_HABITS)
            )
            own = tastes.get(str(listener), _NOBODY)
            heard = tracks, weights, banned.to_numpy(), plays, replayed, away_days
            tastes[str(listener)] = Taste(*heard, own.follows, own.region)
        return tastes

    def _told(self, events: pl.DataFrame, today: datetime) -> pl.DataFrame:
        """Return a row for each listener and track, what was heard last the last of its listener's."""
        away_days = (pl.lit(today) - pl.col("last_at")).dt.total_days().clip(0).cast(pl.Int32)
        told = preferences(events, self._config, today, beside=habits(self._config, today))
        known = pl.when(~pl.col("untimed")).then(away_days).fill_null(-1).alias("away_days")
        return told.with_columns(known).sort("listener", "last_at", "number", nulls_last=False)

    def _events(self, listeners: Collection[str], catalog: Catalog, until: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return what some listeners did and where, with the canonical `number` of each track, and whom they follow.

        The latter as `listener` and `number`, the artist's.
        """
        events = self._door.read(Purpose.PERSONALISE, _READ_COLUMNS, types=_READ, listeners=listeners, until=until)
        followed = events.lazy().filter(pl.col("type") == EventType.FOLLOW.value).select("listener", "artist").unique()
        artists = catalog.artists.lazy().select("artist_id", pl.int_range(pl.len(), dtype=pl.Int32).alias("number"))
        follows = followed.join(artists, left_on="artist", right_on="artist_id").select("listener", "number")
        listening = resolve(events.drop("artist"), catalog).filter(pl.col("number").is_not_null())
        return listening, follows.collect()


def _today(now: datetime) -> datetime:
    """Return when the UTC day began."""
    return datetime.combine(now.astimezone(UTC), time(), UTC)


def _homes(events: pl.DataFrame, count: int) -> list[str | None]:
    """Return the region that each listener's newest event names that names one; `listener` is a row below `count`."""
    row, named = events["listener"].to_numpy(), events["region"].is_not_null().to_numpy()
    at = events["occurred_at"].dt.epoch("ms").fill_null(_EVER).to_numpy()
    newest = np.full(count, _EVER)
    np.maximum.at(newest, row[named], at[named])
    last = np.full(count, -1)
    chosen = np.flatnonzero(named & (at == newest[row]))
    last[row[chosen]] = chosen
    there = np.flatnonzero(last >= 0)
    homes: list[str | None] = [None] * count
    for one, region in zip(there.tolist(), events["region"].gather(last[there]), strict=True):
        homes[one] = region
    return homes


_EVER = -(2**62)


def _rows(told: pl.DataFrame, rows: int) -> Ragged:
    counts = np.bincount(told["listener"].to_numpy(), minlength=rows)
    weights = told["weight"].to_numpy() if "weight" in told.columns else np.ones(told.height, np.float32)
    return Ragged(offsets_of(counts), told["number"].to_numpy(), weights)


def ragged(rows: Sequence[Taste]) -> tuple[Ragged, Ragged, Habits]:
    """Return the histories, the banned tracks and the habits of many listeners, a row each."""
    history = Ragged.of([taste.tracks for taste in rows], [taste.weights for taste in rows])
    own = Habits(
        np.concatenate([_NONE, *(taste.plays for taste in rows)]),
        np.concatenate([_NOBODY.replayed, *(taste.replayed for taste in rows)]),
        np.concatenate([_NONE, *(taste.away_days for taste in rows)]),
        Ragged.of([taste.follows for taste in rows]),
        tuple(taste.region for taste in rows),
    )
    return history, Ragged.of([taste.banned for taste in rows]), own
