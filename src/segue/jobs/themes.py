# SPDX-License-Identifier: Apache-2.0
"""Themes as playlists of their own: made again and again, and listed for whoever listens, best first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.errors import Damaged
from segue.events.signals import LISTENING
from segue.features import habits
from segue.jobs.progress import Progress, silent
from segue.kernels.ragged import Ragged
from segue.models.als import ImplicitALS
from segue.privacy.door import Door
from segue.registry.snapshot import Snapshot
from segue.service.answer import Service
from segue.settings import ThemesConfig
from segue.stores import files
from segue.stores.locks import exclusive
from segue.themes.shelf import SHELF, Shelved, due, southern
from segue.types import Ask, Kind, Purpose, Slate

__all__ = ["Listed", "Moment", "listed", "moment", "read", "refresh"]

_PIECE = 2_000_000
"""Plays that are read at a time."""
_COLUMNS = (*habits.COLUMNS, "region")


@dataclass(frozen=True, slots=True)
class Moment:
    """When and where it is for a listener."""

    now: datetime
    """In their own time zone."""
    begins_hour: float
    """When their day begins."""
    part: str
    """Of their day, as `features.habits.DAY_PARTS`."""
    south: bool
    """Whether they live south of the equator."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A theme that is due, for one listener."""

    title: str
    words: str
    fit: float
    """How near it lies to their taste, -1 to 1; 0 for who has none."""
    tracks: tuple[str, ...]
    notes: tuple[str, ...]


def refresh(
    home: Path, service: Service, door: Door, config: ThemesConfig, now: datetime, progress: Progress = silent
) -> dict[str, Any]:
    """Make every theme's playlist anew, and note at which hours everyone listens.

    Raises:
        NotReady: Nothing is trained.
        Busy: Another run is at it.
    """
    with exclusive(home / "locks" / "themes.lock", wait=False):
        snapshot = service.snapshot()
        shelf = _shelf(config)
        progress("making themes", 0, len(shelf))
        asks = [Ask(one.title, Kind.MOOD, limit=config.length, now=now, text=one.words) for one in shelf]
        made = {}
        for one, slate in zip(shelf, service.answer(asks, parallel=True).slates, strict=True):
            if isinstance(slate, Slate) and slate.recipe == "mood":
                tracks = [track.track for track in slate.tracks]
                made[one.title] = {"words": one.words, "tracks": tracks, "notes": list(slate.notes)}
        progress("making themes", len(shelf), len(shelf))
        everyone = np.zeros(habits.BINS)
        for piece in door.pieces(_PIECE):
            plays = door.read(Purpose.PERSONALISE, habits.COLUMNS, types=LISTENING, between=piece)
            everyone += np.sum(habits.hours(plays)["hours"].to_list() or [everyone * 0], axis=0)
        kept = {
            "snapshot": snapshot.id,
            "settings": config.model_dump(mode="json"),
            "made_at": now.isoformat(),
            "themes": made,
            "hours": everyone.tolist(),
        }
        files.write_sealed(_file(home), kept)
        return kept


def read(home: Path, snapshot: Snapshot, config: ThemesConfig) -> dict[str, Any] | None:
    """Return what `refresh` made, if it was from this snapshot and these settings."""
    try:
        kept = files.read_sealed(_file(home))
    except (FileNotFoundError, Damaged):  # it is made again from what is there
        return None
    same = kept["snapshot"] == snapshot.id and kept["settings"] == config.model_dump(mode="json")
    return kept if same else None


def moment(door: Door, listener: str | None, everyone: Sequence[float], now: datetime, default_zone: str) -> Moment:
    """Return when and where it is for a listener, by their plays; for nobody in particular (None), as for most."""
    nothing = np.zeros(habits.BINS)
    own, zone, region = nothing, None, None
    if listener is not None:
        plays = door.read(Purpose.PERSONALISE, _COLUMNS, types=LISTENING, listeners=[listener])
        zone, region = (_newest(plays, name) for name in ("timezone", "region"))
        counted = habits.hours(plays, default_zone)["hours"].to_list()
        own = np.asarray(counted[0], np.float64) if counted else nothing
    begins = habits.habits(own, np.asarray(everyone, np.float64)) if own.sum() + sum(everyone) else 7.0
    try:
        local = now.astimezone(ZoneInfo(zone or default_zone))
    except (KeyError, ValueError):
        local = now.astimezone(ZoneInfo(default_zone))
    part = habits.day_part(local.hour + local.minute / 60, begins)
    return Moment(local, begins, part, southern(region, zone))


def listed(kept: dict[str, Any], snapshot: Snapshot, config: ThemesConfig, history: Ragged, at: Moment) -> list[Listed]:
    """Return the themes that are due at a moment, those nearest to a taste first.

    A theme lies where the mean of its tracks' factors is, a listener where their history folds in; what all themes
    have in common, which is mostly fame, is taken out of both before their angle is measured. So a theme can be near to
    someone who knows none of its tracks.

    Args:
        kept: From `refresh`.
        snapshot: Which made it.
        config: The same.
        history: One row, of catalogue numbers; empty for nobody in particular.
        at: The moment.
    """
    shelf = [one for one in _shelf(config) if one.title in kept["themes"]]
    if not shelf:
        return []
    places = np.stack([_place(kept["themes"][one.title]["tracks"], snapshot) for one in shelf])
    taste = _taste(history, snapshot)
    fits = np.zeros(len(shelf)) if taste is None else _cosines(places, taste)
    order = [
        place for place in np.argsort(-fits, kind="stable") if due(shelf[place], at.now.date(), at.part, south=at.south)
    ]
    return [
        Listed(
            shelf[place].title,
            shelf[place].words,
            round(float(fits[place]), 4),
            tuple(kept["themes"][shelf[place].title]["tracks"]),
            tuple(kept["themes"][shelf[place].title]["notes"]),
        )
        for place in order
    ]


def _shelf(config: ThemesConfig) -> list[Shelved]:
    """Return the themes to keep: those of the settings go before others of the same title."""
    own = {one.title: Shelved(one.title, one.words, one.day_parts, one.weekdays, one.season) for one in config.more}
    return [*own.values(), *(one for one in SHELF if config.starting and one.title not in own)]


def _file(home: Path) -> Path:
    return home / "playlists" / "themes.json"


def _place(tracks: Sequence[str], snapshot: Snapshot) -> NDArray[np.float64]:
    """Return the mean factor of some tracks."""
    factors, index = snapshot.space
    items = index[snapshot.catalog.canonical[snapshot.catalog.numbers(tracks)]]
    items = items[items >= 0]
    return np.asarray(factors[items], np.float64).mean(axis=0) if len(items) else np.zeros(factors.shape[1])


def _taste(history: Ragged, snapshot: Snapshot) -> NDArray[np.float64] | None:
    """Return where a history folds in; None where nothing in it is known."""
    bound = snapshot.models.get(ImplicitALS.name)
    if bound is None or not isinstance(bound.model, ImplicitALS):
        return None
    known = history.translate(bound.index)
    if not (known.weights > 0).any():
        return None
    return np.asarray(bound.model.fold_in(known)[0], np.float64)


def _cosines(places: NDArray[np.float64], taste: NDArray[np.float64]) -> NDArray[np.float64]:
    common = places.mean(axis=0)
    length = np.linalg.norm(common)
    along = common / length if length > 0 else common
    apart = places - common
    mine = taste - (taste @ along) * along
    apart = apart - np.outer(apart @ along, along)
    size = np.linalg.norm(apart, axis=1) * np.linalg.norm(mine)
    cosines: NDArray[np.float64] = (apart @ mine) / np.maximum(size, 1e-12)
    return cosines


def _newest(plays: pl.DataFrame, column: str) -> str | None:
    named = plays.filter(pl.col(column).is_not_null()).sort("occurred_at", maintain_order=True)
    return str(named[column][-1]) if named.height else None
