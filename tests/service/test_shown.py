# SPDX-License-Identifier: Apache-2.0
"""What was shown is found again by the id that its answer named, as far as consent, age and erasure allow."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from segue.catalog import store
from segue.errors import NotFound
from segue.events import compaction
from segue.importers.audio.memory import Memory
from segue.privacy.profiles import Profile
from segue.service import shown
from segue.types import AgeBracket, Ask, Kind, Purpose
from segue.workspace import Workspace
from tests.conftest import NOW

SEED, ANN, BOB = "sim:track:000001", "sim:listener:000001", "sim:listener:000002"


def radio(listener: str | None = None) -> Ask:
    return Ask("r", Kind.RADIO, (SEED,), listener=listener, now=NOW)


def test_an_answer_is_found_by_its_id_as_it_was_shown(copy: Workspace) -> None:
    slate = copy.answer(radio(ANN))
    compaction.compact(copy.home / "events")
    found = copy.playlist(slate.id)
    assert [one.shown for one in found.tracks] == list(slate.tracks)
    assert (found.id, found.recipe, found.rung, found.snapshot) == (slate.id, "radio", "personal", slate.snapshot)
    assert (found.title, found.made_at) == ("Radio, 2026-06-05", NOW.isoformat())
    assert copy.playlist(slate.id, language="es").tracks[0].shown.reason != found.tracks[0].shown.reason


def test_a_playlist_tells_what_the_catalogue_says_of_its_tracks(copy: Workspace) -> None:
    found = copy.playlist(copy.answer(radio()).id)
    tracks = copy.current().catalog.tracks
    for one in found.tracks:
        row = tracks.row(by_predicate=pl.col("track_id") == one.shown.track, named=True)
        assert one.energy == pytest.approx(row["energy"], abs=1e-3)
        assert one.tempo_bpm == pytest.approx(row["tempo_bpm"], abs=0.06)
        assert str(one.key).endswith("major" if row["mode"] else "minor")
        assert str(one.camelot).endswith("B" if row["mode"] else "A")
        assert (one.album, one.duration_ms, one.guessed) == (row["album_name"], row["duration_ms"], ())


def test_a_weekly_is_found_by_its_id_and_by_that_of_its_week(copy: Workspace) -> None:
    made = copy.weekly_of(ANN, now=NOW)
    for identity in (made.id, f"{made.id}-{made.week}"):
        found = copy.playlist(identity)
        assert [one.shown for one in found.tracks] == list(made.slate.tracks)
        assert found.title == "Weekly, 2026-06-01"


@pytest.mark.parametrize("identity", ["nothing", "weekly-0000000000000000", ""])
def test_what_was_never_made_is_not_found(copy: Workspace, identity: str) -> None:
    with pytest.raises(NotFound, match="is kept"):
        copy.playlist(identity)


def test_a_withdrawn_consent_and_an_erasure_end_what_was_shown_to_its_listener(copy: Workspace) -> None:
    lists = {who: copy.answer(radio(who)).id for who in (ANN, BOB, None)}
    weeklies = {who: copy.weekly_of(who, now=NOW).id for who in (ANN, BOB)}
    copy.consent(ANN, Purpose.PERSONALISE, False)
    copy.erase(BOB)
    for identity in (lists[ANN], weeklies[ANN], lists[BOB], weeklies[BOB]):
        with pytest.raises(NotFound, match="no playlist"):
            copy.playlist(identity)
    assert copy.playlist(lists[None]).tracks


@pytest.fixture
def rated(world: Workspace, home: Path) -> Iterator[Workspace]:
    """The small world with half of its music explicit, and the rest for those of 18."""
    shutil.copytree(world.home, home)
    folder = home / "catalog"
    path = max(folder.glob("0*")) / "tracks.parquet"
    even = pl.col("number") % 2 == 0
    ages = pl.when(even).then(0).otherwise(18).cast(pl.Int8).alias("age_rating")
    store.load(folder).tracks.with_columns(even.alias("explicit"), ages).write_parquet(path)
    opened = Workspace.open(home)
    yield opened
    opened.sink.close()


def test_what_is_kept_keeps_to_the_age_of_its_listener_and_of_who_looks(rated: Workspace) -> None:
    mine, weekly, anyones = (
        rated.answer(radio(ANN)).id,
        rated.weekly_of(ANN, now=NOW).id,
        rated.answer(radio()).id,
    )
    assert all(rated.playlist(identity).tracks for identity in (mine, weekly, anyones))
    rated.introduce(BOB, Profile(age_bracket=AgeBracket.YOUTH))
    for identity in (mine, weekly, anyones):
        seen = rated.playlist(identity, listener=BOB).tracks
        numbers = rated.current().catalog.numbers(one.shown.track for one in seen)
        assert 0 < len(seen) < len(rated.playlist(identity).tracks)
        assert (numbers % 2 == 0).all()
    rated.introduce(ANN, Profile(age_bracket=AgeBracket.CHILD))
    assert [rated.playlist(identity).tracks for identity in (mine, weekly)] == [(), ()]
    assert rated.playlist(mine, listener=BOB).tracks == ()
    assert rated.playlist(anyones, listener=ANN).tracks == ()


def test_own_files_are_found_where_they_lie_under_any_edition(copy: Workspace, tmp_path: Path) -> None:
    there, gone = tmp_path / "there.flac", tmp_path / "gone.flac"
    there.touch()
    gone.touch()
    row = copy.catalog().tracks.row(int(copy.catalog().numbers([SEED])[0]), named=True)
    same = pl.DataFrame([{"track_id": "audio:d1", **{name: row[name] for name in ("title", "artist_name")}}])
    assert store.extend(copy.home / "catalog", same).folded == 1
    catalog = store.load(copy.home / "catalog")
    (copy.home / "audio").mkdir()
    with closing(Memory(copy.home / "audio" / "memory.sqlite")) as memory:
        memory.keep_identity(there, there.stat(), {"digest": "d1"})
        memory.keep_identity(gone, gone.stat(), {"digest": "d2"})
    gone.unlink()
    found = shown.files(copy.home / "audio" / "memory.sqlite", [SEED, "sim:track:000002"], catalog)
    assert found == {SEED: there}
    assert np.unique(catalog.canonical[catalog.numbers([SEED, "audio:d1"])]).size == 1


def test_without_own_files_none_is_found(copy: Workspace) -> None:
    assert copy.own_files([SEED]) == {}
