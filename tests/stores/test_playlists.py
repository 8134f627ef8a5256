# SPDX-License-Identifier: Apache-2.0
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random

import pytest

from segue.stores.playlists import Kept, Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "playlists" / "kept.sqlite")


def kept(listener: str, edition: str, slate: str = "[]", name: str = "weekly") -> Kept:
    return Kept(listener, name, edition, "2026-03-02T06:00:00Z", slate)


def test_a_playlist_comes_back_as_it_was_put(shelf: Shelf) -> None:
    one = kept("ann", "2026-03-02", '["é", "\'"]')
    shelf.put([one])
    assert shelf.edition("ann", "weekly", "2026-03-02") == one


def test_an_empty_shelf_has_nothing_and_is_not_made_by_looking(shelf: Shelf) -> None:
    assert shelf.edition("ann", "weekly", "2026-03-02") is None
    assert shelf.editions("ann", "weekly") == []
    assert shelf.since("weekly", "", ["ann"]) == []
    assert shelf.forget("ann") == 0
    assert not shelf.path.exists()


def test_editions_come_newest_first_and_only_as_many_as_asked(shelf: Shelf) -> None:
    weeks = ["2026-03-09", "2026-02-23", "2026-03-02"]
    shelf.put(kept("ann", week) for week in weeks)
    assert [one.edition for one in shelf.editions("ann", "weekly")] == sorted(weeks, reverse=True)
    assert [one.edition for one in shelf.editions("ann", "weekly", limit=2)] == ["2026-03-09", "2026-03-02"]


def test_an_edition_put_again_is_replaced(shelf: Shelf) -> None:
    shelf.put([kept("ann", "2026-03-02", "old")])
    shelf.put([kept("ann", "2026-03-02", "new")])
    assert [one.slate for one in shelf.editions("ann", "weekly")] == ["new"]


def test_listeners_and_names_are_kept_apart(shelf: Shelf) -> None:
    shelf.put([kept("ann", "1"), kept("bob", "2"), kept("ann", "3", name="daily")])
    assert [one.edition for one in shelf.editions("ann", "weekly")] == ["1"]
    assert [one.edition for one in shelf.editions("bob", "weekly")] == ["2"]


def test_since_an_edition_gives_everyones_from_it_on(shelf: Shelf) -> None:
    shelf.put([kept("ann", "1"), kept("ann", "2"), kept("bob", "2"), kept("bob", "3"), kept("bob", "3", name="daily")])
    found = {(one.listener, one.edition) for one in shelf.since("weekly", "2", ["ann", "bob"])}
    assert found == {("ann", "2"), ("bob", "2"), ("bob", "3")}


def test_a_put_that_fails_puts_nothing(shelf: Shelf) -> None:
    shelf.put([kept("ann", "1", "old")])
    with pytest.raises(sqlite3.IntegrityError):
        shelf.put([kept("ann", "1", "new"), Kept("ann", "weekly", "2", "now", None)])  # type: ignore[arg-type]
    assert [one.slate for one in shelf.editions("ann", "weekly")] == ["old"]


def test_forgetting_removes_all_of_a_listener_and_counts_it(shelf: Shelf) -> None:
    shelf.put([kept("ann", "1"), kept("ann", "2"), kept("bob", "1")])
    assert shelf.forget("ann") == 2
    assert shelf.forget("ann") == 0
    assert shelf.editions("ann", "weekly") == []
    assert len(shelf.editions("bob", "weekly")) == 1


def test_no_byte_of_what_was_forgotten_stays_in_a_file(shelf: Shelf) -> None:
    secret = Random(5).randbytes(20_000).hex()
    shelf.put([kept("ann", "1", secret), kept("bob", "1", "kept")])
    shelf.forget("ann")
    whole = b"".join(path.read_bytes() for path in shelf.path.parent.iterdir())
    assert not any(secret[at : at + 64].encode() in whole for at in range(0, len(secret), 64))
    assert b"kept" in whole


def test_many_threads_may_put_at_once(shelf: Shelf) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: shelf.put([kept("ann", f"{number:02}")]), range(40)))
    assert len(shelf.editions("ann", "weekly")) == 40
