# SPDX-License-Identifier: Apache-2.0
"""Playlists kept for listeners: batches as Parquet, single ones in SQLite, both found by listener.

A batch's file counts only when the table `parts` lists it, and a batch is listed in one transaction: a reader sees all
of it or nothing. Of one edition the playlist made last counts.
"""

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar
from uuid import uuid4

import polars as pl

from segue.errors import Busy, Damaged
from segue.stores import files, mending, parts, sqlite
from segue.stores.locks import exclusive
from segue.stores.sqlite import transaction
from segue.types import Pick

__all__ = ["Kept", "Shelf", "of_part"]

_SINGLE = """
CREATE TABLE IF NOT EXISTS playlists (
    listener TEXT NOT NULL, name TEXT NOT NULL, edition TEXT NOT NULL, made_at TEXT NOT NULL, slate TEXT NOT NULL,
    PRIMARY KEY (listener, name, edition)
) WITHOUT ROWID;
"""
_PARTS = """
CREATE TABLE IF NOT EXISTS parts (
    path TEXT PRIMARY KEY, name TEXT NOT NULL, rows INTEGER NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL,
    oldest TEXT NOT NULL, newest TEXT NOT NULL, checksum TEXT NOT NULL
)
"""
_TRIES = 3
_KEYS = pl.Schema({"listener": pl.String(), "edition": pl.String(), "made_at": pl.String()})
_Found = TypeVar("_Found")

_TABLE = pl.Schema(
    {
        "listener": pl.String(),
        "edition": pl.String(),
        "made_at": pl.String(),
        "rung": pl.String(),
        "snapshot": pl.String(),
        "tracks": pl.List(pl.String()),
    }
)


@dataclass(frozen=True, slots=True)
class Kept:
    """One edition of a listener's playlist."""

    listener: str
    name: str
    """Such as "weekly"."""
    edition: str
    """Sorts by age, such as the Monday "2026-11-16"."""
    made_at: str
    """ISO 8601, sorts by age."""
    rung: str
    recipe: str
    snapshot: str
    notes: tuple[str, ...]
    picks: tuple[Pick, ...]


class Shelf:
    """Keeps editions of playlists. Safe from any thread and process.

    Args:
        path: The SQLite file; parts of batches stand in folders beside it.
    """

    def __init__(self, path: Path):
        self.path = path
        self._looking = Lock()
        self._connection: sqlite3.Connection | None = None

    @property
    def lock(self) -> Path:
        """The file to hold a lock on while a batch is made."""
        return self.path.with_name("weekly.lock")

    @property
    def folder(self) -> Path:
        """Where parts of batches stand."""
        return self.path.parent

    def put(self, playlists: Iterable[Kept], *, allowed: Callable[[str], bool] | None = None) -> list[str]:
        """Write single editions; one that is there already is replaced. All or none.

        Args:
            playlists: Any number.
            allowed: Asked about each listener while nobody else can write, so that what a `forget` took away, once a
                listener's consent was gone, cannot be put back by a run that began before.

        Returns:
            The listeners whose editions were written.
        """
        with closing(self._connect()) as connection, transaction(connection):
            kept = [one for one in playlists if allowed is None or allowed(one.listener)]
            rows = [(one.listener, one.name, one.edition, one.made_at, _content(one)) for one in kept]
            connection.executemany("INSERT OR REPLACE INTO playlists VALUES (?, ?, ?, ?, ?)", rows)
        return [one.listener for one in kept]

    def publish(
        self, name: str, batch: Sequence[Path], gone: Callable[[Collection[str]], Collection[str]]
    ) -> list[Path]:
        """List the parts of a batch, all at once; those that are listed already stay as they are.

        Args:
            name: Of the playlist.
            batch: Files below `folder`, as `parts.write` writes them.
            gone: Says, while nobody else can write, which of some listeners may not be kept (any more); what was made
                for them is taken out of the files first.

        Returns:
            The files that are listed now, in order.
        """
        listed: list[Path] = []
        with closing(self._connect()) as connection:
            with transaction(connection):
                before = self._listed(connection)
                for path in batch:
                    if path in before:
                        listed.append(path)
                    elif _remove(path, gone(parts.read(path, ["listener"])["listener"].to_list())):
                        self._list(connection, name, path)
                        listed.append(path)
                replaced = self._replaced(connection, name, listed)
                connection.executemany("DELETE FROM parts WHERE path = ?", [(old,) for old in replaced])
            for old in replaced:
                (self.folder / old).unlink(missing_ok=True)
        return listed

    def _replaced(self, connection: sqlite3.Connection, name: str, batch: Sequence[Path]) -> list[str]:
        """Return the listed files that are not there, and those all of whose playlists a batch made anew."""
        columns = ["listener", "edition", "made_at"]
        new = pl.concat([pl.DataFrame(schema=_KEYS), *(parts.read(path, columns) for path in batch)])
        own = {str(path.relative_to(self.folder)) for path in batch}
        found = []
        query = "SELECT path FROM parts WHERE name = ? AND newest >= ? AND first <= ? AND last >= ?"
        bounds = (name, new["edition"].min() or "", new["listener"].max() or "", new["listener"].min() or "")
        for (path,) in connection.execute(query, bounds).fetchall():
            if path in own:
                continue
            if not (self.folder / path).exists():
                found.append(path)
                continue
            both = parts.read(self.folder / path, columns).join(new, on=["listener", "edition"], how="left")
            if (both["made_at_right"] > both["made_at"]).fill_null(False).all():
                found.append(path)
        return found

    def is_published(self, batch: Sequence[Path]) -> bool:
        """Say whether the parts of a batch are listed."""
        if not self.path.exists():
            return False
        with closing(self._connect()) as connection:
            return not self._listed(connection).isdisjoint(batch)

    def read(self, part: Path) -> pl.DataFrame:
        """Return the playlists of a part that was listed, without those of listeners who were forgotten since."""
        return _steady(lambda: self._read_part(part))

    def _read_part(self, part: Path) -> pl.DataFrame:
        beside = str(part.relative_to(self.folder).with_name(part.name.split(".")[0]))
        with closing(self._connect()) as connection:
            listed = connection.execute("SELECT path FROM parts WHERE path GLOB ? || '.*'", (beside,)).fetchall()
        return pl.concat([parts.EMPTY, *(parts.read(self.folder / path) for (path,) in listed)])

    def _listed(self, connection: sqlite3.Connection) -> set[Path]:
        return {self.folder / path for (path,) in connection.execute("SELECT path FROM parts")}

    def tidy(self, *, lost: bool = False) -> int:
        """Remove what killed runs left; return how many playlists were lost. To be called by who holds `lock`.

        Args:
            lost: Also unlist parts that are missing or damaged, which otherwise stop whoever asks for them.
        """
        if not self.path.exists():
            return 0
        with closing(self._connect()) as connection, transaction(connection):
            given_up = mending.unlist_lost(connection, self.folder) if lost else 0
            mending.sweep(connection, self.folder)
        return given_up

    def edition(self, listener: str, name: str, edition: str) -> Kept | None:
        """Return one edition, if it is there."""
        return next((one for one in self._of(listener, name, edition) if one.edition == edition), None)

    def editions(self, listener: str, name: str, limit: int = 1000) -> list[Kept]:
        """Return the listener's editions, newest first."""
        return self._of(listener, name)[:limit]

    def held(self, name: str, edition: str) -> pl.DataFrame:
        """Return `listener`, `edition`, `rung` and `snapshot` of everyone's editions from one on."""
        return self._newest(name, edition, ("", chr(0x10FFFF)), ("listener", "edition", "rung", "snapshot"))

    def since(self, name: str, edition: str, listeners: Sequence[str]) -> pl.DataFrame:
        """Return `listener`, `edition` and `tracks` of the editions from one on of some listeners, given ascending."""
        found = self._newest(name, edition, (listeners[0], listeners[-1]), ("listener", "edition", "tracks"))
        return found.filter(pl.col("listener").is_in(listeners))

    def _newest(self, name: str, edition: str, bounds: tuple[str, str], columns: Sequence[str]) -> pl.DataFrame:
        """Return columns of the editions from one on of the listeners between two, each as it was made last."""
        return _steady(lambda: self._newest_now(name, edition, bounds, columns))

    def _newest_now(self, name: str, edition: str, bounds: tuple[str, str], columns: Sequence[str]) -> pl.DataFrame:
        wanted = [*columns, "made_at"]
        frames = [pl.DataFrame(schema={column: _TABLE[column] for column in wanted})]
        if self.path.exists():
            with closing(self._connect()) as connection, transaction(connection, write=False):
                single = connection.execute(
                    "SELECT * FROM playlists WHERE name = ? AND edition >= ? AND listener BETWEEN ? AND ?",
                    (name, edition, *bounds),
                ).fetchall()
                listed = connection.execute(
                    "SELECT path FROM parts WHERE name = ? AND newest >= ? AND last >= ? AND first <= ?",
                    (name, edition, *bounds),
                ).fetchall()
            rows = [
                (one.listener, one.edition, one.made_at, one.rung, one.snapshot, [pick.track for pick in one.picks])
                for one in (_single(*row) for row in single)
            ]
            frames.append(pl.DataFrame(rows, schema=_TABLE, orient="row").select(wanted))
            for (path,) in listed:
                inside = pl.col("listener").is_between(pl.lit(bounds[0]), pl.lit(bounds[1]))
                held = parts.read(self.folder / path, wanted)
                frames.append(held.filter(inside & (pl.col("edition") >= edition)))
        every = pl.concat(frames).sort("listener", "edition", "made_at")
        return every.unique(["listener", "edition"], keep="last", maintain_order=True).select(columns)

    def forget(self, listener: str) -> int:
        """Remove everything of a listener, also from a batch that is not listed yet; return how many editions.

        A part that cannot be read, and may hold something of theirs, is removed.
        """
        if not self.path.exists():
            return 0
        with closing(self._connect()) as connection:
            with transaction(connection):
                mending.unlist_unreadable(connection, self.folder, listener)
                with suppress(Busy), exclusive(self.lock, wait=False):
                    mending.sweep(connection, self.folder)
                count = len(self._read(connection, listener))
                connection.execute("DELETE FROM playlists WHERE listener = ?", (listener,))
                for path in set(self.folder.glob("*/*/part-*.parquet")) - self._listed(connection):
                    try:
                        _remove(path, [listener])
                    except (FileNotFoundError, Damaged):  # whoever makes the batch makes it anew
                        path.unlink(missing_ok=True)
                replaced = self._replaced_without(connection, listener)
            for path in replaced:
                path.unlink(missing_ok=True)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            connection.execute("VACUUM")
        return count

    def _replaced_without(self, connection: sqlite3.Connection, listener: str) -> list[Path]:
        """List other parts, without a listener's playlists, in the place of those that hold some; return the latter."""
        query = "SELECT path, name FROM parts WHERE first <= ? AND last >= ?"
        replaced = []
        for own, name in connection.execute(query, (listener, listener)).fetchall():
            path = self.folder / own
            left = parts.without(path, [listener])
            if left is None:
                continue
            connection.execute("DELETE FROM parts WHERE path = ?", (own,))
            if left.height:
                beside = path.with_name(f"{path.name.split('.')[0]}.{uuid4().hex}.parquet")
                parts.write(beside, left)
                self._list(connection, name, beside)
            replaced.append(path)
        return replaced

    def _of(self, listener: str, name: str, edition: str | None = None) -> list[Kept]:
        """Return the editions of one playlist of a listener, newest first; of all, or at least one."""
        with self._looking:  # one connection stays open: the last one to close would tidy the whole file
            if self._connection is None:
                if not self.path.exists():
                    return []
                self._connection = self._connect()
            kept = self._read(self._connection, listener, edition)
        return sorted((one for one in kept if one.name == name), key=lambda one: one.edition, reverse=True)

    def _read(self, connection: sqlite3.Connection, listener: str, edition: str | None = None) -> list[Kept]:
        """Return the editions of a listener, all or at least one, of each playlist and edition the one made last."""
        return _steady(lambda: self._read_now(connection, listener, edition))

    def _read_now(self, connection: sqlite3.Connection, listener: str, edition: str | None) -> list[Kept]:
        single = connection.execute("SELECT * FROM playlists WHERE listener = ?", (listener,))
        kept = [_single(*row) for row in single]
        query = (
            "SELECT path, name FROM parts WHERE first <= :listener AND last >= :listener"
            " AND (:edition IS NULL OR :edition BETWEEN oldest AND newest)"
        )
        for path, name in connection.execute(query, {"listener": listener, "edition": edition}).fetchall():
            kept += [of_part(name, row) for row in parts.of_listener(self.folder / path, listener)]
        newest: dict[tuple[str, str], Kept] = {}
        for one in sorted(kept, key=lambda one: one.made_at):
            newest[one.name, one.edition] = one
        return list(newest.values())

    def _list(self, connection: sqlite3.Connection, name: str, path: Path) -> None:
        held = parts.read(path, ["listener", "edition"])
        listeners, editions = held["listener"], held["edition"]
        bounds = (listeners[0], listeners[-1], editions.min(), editions.max())
        row = (str(path.relative_to(self.folder)), name, held.height, *bounds, files.checksum(path))
        connection.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite.connect(self.path, _SINGLE + _PARTS)
        connection.execute(_PARTS)  # of a shelf that was made before there were batches
        return connection


def _steady(read: Callable[[], _Found]) -> _Found:
    """Read again where another process replaced a part between its listing and its reading.

    Raises:
        Damaged: A listed part is not there.
    """
    for attempt in range(_TRIES):
        try:
            return read()
        except FileNotFoundError as error:
            if attempt == _TRIES - 1:
                raise Damaged(f"{error.filename} is listed and missing; {parts.GIVEN_UP}") from error
    raise AssertionError


def _remove(path: Path, gone: Collection[str]) -> bool:
    """Take some listeners' playlists out of a file that is not listed; say whether any are left."""
    left = parts.without(path, gone) if gone else None
    if left is None:
        return True
    if left.height:
        parts.write(path, left)
    else:
        path.unlink()
    return bool(left.height)


def _content(kept: Kept) -> str:
    content: dict[str, Any] = {
        "rung": kept.rung,
        "recipe": kept.recipe,
        "snapshot": kept.snapshot,
        "notes": kept.notes,
        "tracks": [asdict(pick) for pick in kept.picks],
    }
    return json.dumps(content, ensure_ascii=False)


def _single(listener: str, name: str, edition: str, made_at: str, content: str) -> Kept:
    told = json.loads(content)
    picks = tuple(Pick(**one) for one in told["tracks"])
    whole = (told["rung"], told["recipe"], told["snapshot"], tuple(told["notes"]), picks)
    return Kept(listener, name, edition, made_at, *whole)


def of_part(name: str, row: dict[str, Any]) -> Kept:
    """Return a row of a part (`parts.COLUMNS`) as an edition."""
    size = len(row["tracks"])
    codes, others = row.get("codes") or [""] * size, row.get("others") or [None] * size
    beside = zip(row["tracks"], row["scores"], row["sources"], row["seeds"], codes, others, strict=True)
    whole = (row["rung"], row["recipe"], row["snapshot"], tuple(row["notes"]), tuple(Pick(*one) for one in beside))
    return Kept(row["listener"], name, row["edition"], row["made_at"], *whole)
