# SPDX-License-Identifier: Apache-2.0
import sqlite3
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random

import polars as pl
import pytest

from segue.errors import Damaged
from segue.stores import parts
from segue.stores.playlists import Kept, Shelf
from segue.types import Pick


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "playlists" / "kept.sqlite")


def kept(listener: str, edition: str, track: str = "t", name: str = "weekly", made_at: str = "2026-03-02") -> Kept:
    picks = (Pick(track, 0.5, "als:history", "seed", "replayed", "too"), Pick("other", 0.25, "popularity:history"))
    return Kept(listener, name, edition, made_at, "personal", "weekly", "abc", ("a note",), picks)


def frame(*rows: Kept) -> pl.DataFrame:
    """The playlists as the rows of a part."""
    return pl.DataFrame(
        [
            {
                "listener": one.listener,
                "edition": one.edition,
                "made_at": one.made_at,
                "rung": one.rung,
                "recipe": one.recipe,
                "snapshot": one.snapshot,
                "notes": list(one.notes),
                "tracks": [pick.track for pick in one.picks],
                "scores": [pick.score for pick in one.picks],
                "sources": [pick.source for pick in one.picks],
                "seeds": [pick.seed for pick in one.picks],
                "codes": [pick.code for pick in one.picks],
                "others": [pick.other for pick in one.picks],
                "propensities": [None for _ in one.picks],
                "dial": None,
                "dial_propensity": None,
            }
            for one in rows
        ]
    )


def nobody(listeners: Collection[str]) -> list[str]:
    return []


def part(shelf: Shelf, *rows: Kept, run: str = "run", number: int = 0) -> Path:
    path = shelf.folder / "weekly" / run / f"part-{number:05d}.parquet"
    parts.write(path, frame(*rows))
    return path


def publish(shelf: Shelf, *rows: Kept, run: str = "run") -> None:
    shelf.publish("weekly", [part(shelf, *rows, run=run)], nobody)


def tracks(shelf: Shelf, listener: str, name: str = "weekly") -> list[str]:
    return [one.picks[0].track for one in shelf.editions(listener, name)]


def test_a_playlist_comes_back_as_it_was_put(shelf: Shelf) -> None:
    one = kept("ann", "2026-03-02", "é '\"")
    shelf.put([one])
    assert shelf.edition("ann", "weekly", "2026-03-02") == one


def test_a_playlist_comes_back_as_it_was_published(shelf: Shelf) -> None:
    many = [kept(f"listener {number:04d}", "2026-03-02", f"track {number}") for number in range(1000)]
    publish(shelf, *many)
    for one in many[::37]:
        assert shelf.edition(one.listener, "weekly", "2026-03-02") == one
    for stranger in ("", "listener 00005", "zoe"):
        assert shelf.edition(stranger, "weekly", "2026-03-02") is None


def test_a_playlist_of_an_older_release_gives_sources_as_its_reasons(shelf: Shelf) -> None:
    path = shelf.folder / "weekly" / "run" / "part-00000.parquet"
    path.parent.mkdir(parents=True)
    frame(kept("ann", "1"), kept("bob", "1")).drop(
        "codes", "others", "propensities", "dial", "dial_propensity"
    ).write_parquet(path)
    shelf.publish("weekly", [path], lambda _: ["bob"])
    (one,) = shelf.editions("ann", "weekly")
    assert [(pick.source, pick.seed, pick.other) for pick in one.picks] == [
        ("als:history", "seed", None), ("popularity:history", None, None),
    ]  # fmt: skip
    assert all(pick.code in ("", pick.source) for pick in one.picks)
    assert shelf.editions("bob", "weekly") == []
    assert parts.read(path).columns == parts.EMPTY.columns


def test_what_is_not_published_is_not_there(shelf: Shelf) -> None:
    path = part(shelf, kept("ann", "1"))
    shelf.put([kept("bob", "1")])
    assert shelf.editions("ann", "weekly") == []
    assert not shelf.is_published([path])
    shelf.publish("weekly", [path], nobody)
    assert shelf.is_published([path])
    assert tracks(shelf, "ann") == ["t"]


def test_of_one_edition_the_playlist_made_last_counts(shelf: Shelf) -> None:
    publish(shelf, kept("ann", "1", "batch", made_at="5"), kept("bob", "1", "batch", made_at="5"))
    shelf.put([kept("ann", "1", "older", made_at="4"), kept("bob", "1", "newer", made_at="6")])
    assert (tracks(shelf, "ann"), tracks(shelf, "bob")) == (["batch"], ["newer"])
    publish(shelf, kept("bob", "1", "newest", made_at="7"), run="another")
    assert tracks(shelf, "bob") == ["newest"]
    assert shelf.since("weekly", "", ["ann", "bob"])["tracks"].to_list() == [["batch", "other"], ["newest", "other"]]


def test_publishing_again_changes_nothing(shelf: Shelf) -> None:
    path = part(shelf, kept("ann", "1"))
    for _ in range(2):
        assert shelf.publish("weekly", [path], nobody) == [path]
    assert tracks(shelf, "ann") == ["t"]


def test_who_is_gone_is_taken_out_before_a_batch_is_published(shelf: Shelf) -> None:
    first = part(shelf, kept("ann", "1"), kept("bob", "1"))
    second = part(shelf, kept("cat", "1"), number=1)
    assert shelf.publish("weekly", [first, second], lambda whom: {"ann", "cat"} & set(whom)) == [first]
    assert [tracks(shelf, one) for one in ("ann", "bob", "cat")] == [[], ["t"], []]
    assert parts.read(first)["listener"].to_list() == ["bob"]
    assert not second.exists()


def test_an_empty_shelf_has_nothing_and_is_not_made_by_looking(shelf: Shelf) -> None:
    assert shelf.edition("ann", "weekly", "2026-03-02") is None
    assert shelf.editions("ann", "weekly") == []
    assert shelf.since("weekly", "", ["ann"]).is_empty()
    assert shelf.held("weekly", "").is_empty()
    assert not shelf.is_published([])
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
    assert tracks(shelf, "ann") == ["new"]


def test_listeners_and_names_are_kept_apart(shelf: Shelf) -> None:
    shelf.put([kept("ann", "1"), kept("bob", "2"), kept("ann", "3", name="daily")])
    assert [one.edition for one in shelf.editions("ann", "weekly")] == ["1"]
    assert [one.edition for one in shelf.editions("bob", "weekly")] == ["2"]


def test_one_edition_is_found_among_many(shelf: Shelf) -> None:
    shelf.put([kept("ann", "4", "single")])
    publish(shelf, kept("ann", "1", "first"), kept("bob", "3"), run="one")
    publish(shelf, kept("ann", "2", "second"), kept("ann", "3", "third"), run="two")
    publish(shelf, kept("ann", "3", "anew", made_at="9"), kept("bob", "5"), run="three")
    found = [shelf.edition("ann", "weekly", edition) for edition in ("1", "2", "3", "4", "5")]
    assert [one and one.picks[0].track for one in found] == ["first", "second", "anew", "single", None]
    assert shelf.edition("ann", "daily", "1") is None


def test_since_an_edition_gives_everyones_from_it_on(shelf: Shelf) -> None:
    shelf.put([kept("ann", "1"), kept("ann", "2"), kept("bob", "2"), kept("bob", "3"), kept("bob", "3", name="daily")])
    publish(shelf, kept("ann", "3"), kept("bad", "2"), kept("bob", "4"))
    found = shelf.since("weekly", "2", ["ann", "bob"]).select("listener", "edition").rows()
    assert sorted(found) == [("ann", "2"), ("ann", "3"), ("bob", "2"), ("bob", "3"), ("bob", "4")]
    assert len(shelf.held("weekly", "2")) == 6


def test_a_put_that_fails_puts_nothing(shelf: Shelf) -> None:
    shelf.put([kept("ann", "1", "old")])
    with pytest.raises(sqlite3.IntegrityError):
        shelf.put([kept("ann", "1", "new"), replace(kept("ann", "2"), made_at=None)])  # type: ignore[arg-type]
    assert tracks(shelf, "ann") == ["old"]


def test_forgetting_removes_all_of_a_listener_and_counts_it(shelf: Shelf) -> None:
    shelf.put([kept("ann", "1"), kept("ann", "2"), kept("bob", "1")])
    publish(shelf, kept("ann", "2", made_at="9"), kept("ann", "3"), kept("bob", "3"))
    publish(shelf, kept("ann", "4"), run="alone")
    assert shelf.forget("ann") == 4
    assert shelf.forget("ann") == 0
    assert shelf.editions("ann", "weekly") == []
    assert [one.edition for one in shelf.editions("bob", "weekly")] == ["3", "1"]


def test_no_byte_of_what_was_forgotten_stays_in_a_file(shelf: Shelf) -> None:
    secret = Random(5).randbytes(20_000).hex()
    shelf.put([kept("ann", "1", secret), kept("bob", "1", "a kept track")])
    publish(shelf, kept("ann", "2", secret), kept("bob", "2", "another one"))
    part(shelf, kept("ann", "3", secret), kept("bob", "3"), run="unfinished")
    reader = Shelf(shelf.path)  # such as a server, whose connection stays open
    assert len(reader.editions("ann", "weekly")) == 2
    shelf.forget("ann")
    assert reader.editions("ann", "weekly") == []
    whole = b"".join(path.read_bytes() for path in shelf.folder.rglob("*") if path.is_file())
    assert not any(secret[at : at + 64].encode() in whole for at in range(0, len(secret), 64))
    assert b"ann" not in whole
    assert b"a kept track" in whole
    assert b"another one" in whole


def test_many_threads_may_put_at_once(shelf: Shelf) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: shelf.put([kept("ann", f"{number:02}")]), range(40)))
    assert len(shelf.editions("ann", "weekly")) == 40


def test_a_part_that_is_missing_is_told_until_the_next_batch(shelf: Shelf) -> None:
    publish(shelf, kept("ann", "1"))
    next(shelf.folder.rglob("*.parquet")).unlink()
    for look in (lambda: shelf.editions("ann", "weekly"), lambda: shelf.held("weekly", "")):
        with pytest.raises(Damaged, match="segue weekly --again"):
            look()
    publish(shelf, kept("ann", "1", "new"), run="next")
    assert tracks(shelf, "ann") == ["new"]


def test_a_part_may_be_replaced_while_others_read(shelf: Shelf) -> None:
    whom = [f"listener {number}" for number in range(20)]
    publish(shelf, *(kept(one, "1") for one in sorted([*whom, "stays"])))
    with ThreadPoolExecutor(2) as pool:
        forgetting = pool.submit(lambda: [shelf.forget(one) for one in whom])
        while not forgetting.done():
            assert tracks(shelf, "stays") == ["t"]
            assert "stays" in set(shelf.held("weekly", "")["listener"])
    assert forgetting.result() == [1] * len(whom)


def test_what_a_batch_made_anew_is_removed_and_what_it_did_not_stays(shelf: Shelf) -> None:
    publish(shelf, kept("ann", "1", made_at="5"), kept("bob", "1", made_at="5"), run="whole")
    publish(shelf, kept("ann", "1", made_at="5"), kept("cat", "1", made_at="5"), run="partly")
    publish(shelf, kept("ann", "1", "new", made_at="6"), kept("bob", "1", "new", made_at="6"), run="again")
    left = {path.parent.name for path in shelf.folder.rglob("*.parquet")}
    assert left == {"partly", "again"}
    assert [tracks(shelf, one) for one in ("ann", "bob", "cat")] == [["new"], ["new"], ["t"]]
