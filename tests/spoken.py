"""The small world with podcasts and audiobooks in it, whose shelves are known."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from segue.catalog import store
from segue.catalog.serials import serials
from segue.dataset.build import read
from segue.dataset.serials import build_serials
from segue.events.schema import conform
from segue.models.serials import SerialsModel
from segue.registry import snapshot, versions
from segue.workspace import Workspace
from tests.conftest import NOW

MINUTE = 60_000
LENGTH_MS = 40 * MINUTE
SHOWS, BOOKS = ("alps", "birds", "coins", "doves", "elves"), ("whales", "xenon")
EPISODES, CHAPTERS = 6, 4
ANNA, BEN, CLEO = "sim:listener:000001", "sim:listener:000002", "sim:listener:000003"
"""Anna and Ben hear what is spoken; Cleo hears music alone."""


def episode(show: str, number: int) -> str:
    """The id of an episode, from 1; one came out each week, the last one two days ago."""
    return f"pod:{show}:{number}"


def chapter(book: str, number: int) -> str:
    """The id of a chapter, from 1."""
    return f"book:{book}:{number}"


def catalogue() -> pl.DataFrame:
    """Return what is spoken, called and marked like music, so that whatever takes it for music is caught."""
    rows: list[dict[str, Any]] = []
    alike = {"genres": ["metal", "calm"], "popularity": 1.0, "energy": 0.1, "valence": 0.5, "tempo_bpm": 90.0}
    for at, show in enumerate(SHOWS):
        for number in range(1, EPISODES + 1):
            out = date(2026, 6, 3) - timedelta(weeks=EPISODES - number)
            rows.append({"track_id": episode(show, number), "kind": "episode", "release_date": out})
            rows[-1] |= {
                "title": f"Calm {number}",
                "artist_name": f"Host {at}",
                "album_id": show,
                "album_name": f"The {show}",
            }
            rows[-1] |= {"duration_ms": LENGTH_MS, "explicit": show == "doves", **alike}
    for at, book in enumerate(BOOKS):
        for number in range(CHAPTERS, 0, -1):  # the catalogue has them in no order
            rows.append({"track_id": chapter(book, number), "kind": "chapter", "position": number})
            rows[-1] |= {
                "title": f"Chapter {number}",
                "artist_name": f"Author {at}",
                "album_id": book,
                "album_name": book,
            }
            rows[-1] |= {"duration_ms": LENGTH_MS, "age_rating": 16 if book == "xenon" else 0, **alike}
    return pl.DataFrame(rows, infer_schema_length=None)


def heard(listener: str, track: str, days_ago: float, minutes: float = 40.0, how: str = "finished") -> dict[str, Any]:
    """One play of a part; what was skipped is a skip."""
    return {
        "event_id": f"spoken {listener} {track} {days_ago}",
        "type": "skip" if how == "skipped" else "play",
        "listener": listener,
        "track": track,
        "occurred_at": NOW - timedelta(days=days_ago),
        "played_ms": int(minutes * MINUTE),
        "duration_ms": LENGTH_MS,
        "end_reason": how,
    }


def lives() -> list[dict[str, Any]]:
    """What Anna and Ben heard, and many others, who hear birds and coins, so that these go together."""
    rows = [
        heard(ANNA, episode("alps", 3), 9),
        heard(ANNA, episode("alps", 4), 5, 15, "stopped"),  # begun
        heard(ANNA, episode("birds", 1), 8),
        heard(ANNA, episode("birds", 2), 3),  # finished: 3 comes next
        heard(ANNA, episode("doves", 5), 2, 2, "skipped"),  # given up
        heard(ANNA, chapter("whales", 1), 6),
        heard(ANNA, chapter("whales", 2), 1),  # finished: chapter 3 comes next
        heard(BEN, chapter("whales", 1), 6),
        heard(BEN, chapter("whales", 2), 4, 20, "stopped"),  # begun
        heard(BEN, episode("coins", 6), 1, 20, "stopped"),
        heard(BEN, episode("coins", 6), 0.5, 19),  # together, to its end
    ]
    for number in range(10, 30):
        other = f"sim:listener:{number:06d}"
        rows += [heard(other, episode(show, 5), 2) for show in ("birds", "coins")]
        rows += [heard(other, episode("elves", 5), 2)] if number < 14 else []
    return rows


def speak(workspace: Workspace, *more: dict[str, Any], now: datetime = NOW) -> Workspace:
    """Bring what is spoken into a workspace of music, and learn from who hears it."""
    store.extend(workspace.home / "catalog", catalogue())
    events = pl.DataFrame([*lives(), *more], infer_schema_length=None)
    workspace.sink.append(conform(events))
    catalog = workspace.catalog()
    data = build_serials(read(workspace.door), catalog, serials(catalog), workspace.settings.dataset)
    model = SerialsModel()
    model.fit(data, seed=1)
    kept = versions.save(workspace.home / "models", model, data, metrics={}, seed=1, seconds=0, now=now)
    serving = workspace.pointer()
    models = {**serving.models, model.name: kept.version}
    snapshot.point(workspace.home, generation=catalog.generation, models=models, settings=serving.settings, now=now)
    workspace.current.refresh()
    return workspace


@contextmanager
def spoken_world(world: Workspace, home: Path) -> Iterator[Workspace]:
    """A copy of the small world with what is spoken in it."""
    shutil.copytree(world.home, home)
    workspace = speak(Workspace.open(home))
    yield workspace
    workspace.sink.close()
