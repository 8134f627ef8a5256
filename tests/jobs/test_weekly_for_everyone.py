import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal
from typer.testing import CliRunner

from segue.cli.app import app
from segue.errors import Busy, Damaged, NotReady
from segue.events.schema import conform
from segue.jobs import weekly
from segue.jobs.weekly import playlist_id
from segue.stores.batches import begin, unfinished
from segue.stores.locks import exclusive
from segue.types import EventType, Purpose, Rung
from segue.workspace import Workspace
from tests.conftest import NOW
from tests.jobs.test_weekly import make_for

SEED = "sim:track:000001"


def hear(workspace: Workspace, listener: str, track: str, **fields: object) -> None:
    row = {"event_id": f"{listener} {track}", "type": "play", "listener": listener, "track": track, **fields}
    workspace.sink.append(
        conform(pl.DataFrame([row]).with_columns(pl.lit(NOW - timedelta(days=1)).alias("occurred_at")))
    )


def kept(workspace: Workspace, week: str | None = None) -> list[weekly.Weekly]:
    """Every playlist that is kept, or those of one week."""
    whose = sorted([*workspace.listeners(), "a stranger"])
    found = [one for listener in whose for one in workspace.shelf.editions(listener, weekly.NAME)]
    return [weekly.read(one, workspace.catalog()) for one in found if week in (None, one.edition)]


def heard(workspace: Workspace) -> dict[str, set[str]]:
    """The canonical recordings that each listener has heard."""
    catalog = workspace.catalog()
    events = workspace.door.read(Purpose.PERSONALISE, ["listener", "track", "type"])
    events = events.filter(pl.col("type").is_in(["play", "skip", "like", "save", "share"]))
    found: dict[str, set[str]] = {}
    for listener, track in events.select("listener", "track").unique().iter_rows():
        number = catalog.canonical[catalog.numbers([track])[0]]
        found.setdefault(listener, set()).add(catalog.tracks["track_id"][int(number)])
    return found


def test_everyone_gets_thirty_tracks_that_they_have_not_heard(copy: Workspace) -> None:
    report = copy.weekly(now=NOW)
    made = kept(copy, "2026-06-01")
    known = heard(copy)
    assert (report.made, report.rungs, report.tracks) == (60, {Rung.PERSONAL: 60}, 1800)
    for one in made:
        tracks = [track.track for track in one.slate.tracks]
        assert len(tracks) == len(set(tracks)) == 30
        assert not known[one.listener] & set(tracks), one.listener


def test_no_week_repeats_a_track_of_the_weeks_before_for_anyone(copy: Workspace) -> None:
    seen: dict[str, set[str]] = {}
    for week in range(2):
        report = copy.weekly(now=NOW + timedelta(weeks=week))
        made = kept(copy, f"2026-06-0{1 + 7 * week}")
        assert report.made == len(made) == 60
        for one in made:
            tracks = {track.track for track in one.slate.tracks}
            assert not tracks & seen.setdefault(one.listener, set())
            seen[one.listener] |= tracks


def test_a_track_may_come_back_when_its_week_is_long_past(copy: Workspace) -> None:
    (copy.home / "segue.toml").write_text("[weekly]\nno_repeat_weeks = 0\n")
    workspace = Workspace.open(copy.home)
    who = workspace.listeners()[0]
    first, second = (workspace.weekly_of(who, now=NOW + timedelta(weeks=week)) for week in (0, 1))
    assert {track.track for track in first.slate.tracks} & {track.track for track in second.slate.tracks}
    workspace.sink.close()


def test_the_week_of_each_listener_begins_in_their_own_zone(copy: Workspace) -> None:
    zones = {"west": "America/Los_Angeles", "east": "Asia/Tokyo", "lost": "Nowhere/Land", "unsaid": None}
    for listener, zone in zones.items():
        hear(copy, listener, SEED, timezone=zone)
    now = datetime(2026, 6, 8, 5, tzinfo=UTC)
    assert {one: copy.weekly_of(one, now=now).week for one in zones} == {
        "west": "2026-06-01",
        "east": "2026-06-08",
        "lost": "2026-06-08",
        "unsaid": "2026-06-08",
    }


def test_a_past_week_asked_for_again_is_that_week(copy: Workspace) -> None:
    who = copy.listeners()[0]
    first = copy.weekly_of(who, now=NOW)
    copy.weekly_of(who, now=NOW + timedelta(weeks=1))
    assert copy.weekly_of(who, now=NOW) == first


def test_an_id_is_stable_and_does_not_tell_whose_it_is() -> None:
    assert playlist_id("ann") == playlist_id("ann")
    assert playlist_id("ann") != playlist_id("bob")
    assert "ann" not in playlist_id("ann")


def test_a_play_of_this_week_does_not_change_the_playlist_of_this_week(copy: Workspace) -> None:
    who = copy.listeners()[0]
    first = copy.weekly_of(who, now=NOW)
    hear(copy, who, first.slate.tracks[0].track)
    assert copy.weekly_of(who, now=NOW + timedelta(hours=1)) == first
    again = copy.weekly_of(who, now=NOW + timedelta(hours=1), again=True)
    assert first.slate.tracks[0].track not in {track.track for track in again.slate.tracks}


def test_one_fallback_is_too_many_where_none_is_allowed(copy: Workspace) -> None:
    strangers = [*copy.listeners(), "a stranger"]
    with pytest.raises(NotReady, match="1 of 61 listeners"):
        make_for(copy, strangers, fallback_most=0)
    assert not kept(copy)


def test_few_fallbacks_are_published_where_they_are_allowed(copy: Workspace) -> None:
    report = make_for(copy, [*copy.listeners(), "a stranger"])
    assert report.rungs == {Rung.PERSONAL: 60, Rung.POPULAR: 1}


def test_a_week_that_only_fallbacks_would_fill_leaves_the_past_weeks_as_they_were(copy: Workspace) -> None:
    who = copy.listeners()[0]
    before = copy.weekly_of(who, now=NOW - timedelta(weeks=1))
    strangers = [who, *(f"stranger {number}" for number in range(20))]
    with pytest.raises(NotReady, match="fallback_most"):
        make_for(copy, strangers)
    assert [weekly.read(one, copy.catalog()) for one in copy.shelf.editions(who, weekly.NAME)] == [before]


def test_who_withdrew_their_consent_gets_no_kept_playlist(copy: Workspace) -> None:
    listeners = copy.listeners()
    copy.weekly(now=NOW)
    for one in listeners[:5]:
        copy.consent(one, Purpose.PERSONALISE, False)
    assert not [one for one in listeners[:5] if copy.shelf.editions(one, weekly.NAME)]
    report = copy.weekly(now=NOW + timedelta(weeks=1))
    assert report.made == len(listeners) - 5
    assert copy.weekly_of(listeners[0], now=NOW).slate.rung is Rung.POPULAR
    assert not copy.shelf.editions(listeners[0], weekly.NAME)


def files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("kept.sqlite"))


def run_in_small_parts(workspace: Workspace, seconds: float | None = None, *, until: str | None = None) -> None:
    """Run `segue weekly` in a process of its own, four listeners a part; kill it after some seconds, or at a file."""
    command = "import segue.jobs.weekly as job; job._PART = 4; from segue.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", command, "weekly", "--home", str(workspace.home), "--now", NOW.isoformat()],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    if until is not None:
        while not list(workspace.shelf.folder.rglob(until)):
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
    if seconds is not None:
        time.sleep(seconds)
        process.kill()
    process.wait()


def parts(home: Path) -> dict[str, bytes]:
    """The files of all batches, by their place."""
    return {str(path.relative_to(home)): path.read_bytes() for path in files_below(home / "playlists" / weekly.NAME)}


def test_a_run_that_is_killed_again_and_again_makes_the_same_bytes(copy: Workspace, tmp_path: Path) -> None:
    shutil.copytree(copy.home, tmp_path / "whole")
    whole = Workspace.open(tmp_path / "whole")
    began = time.perf_counter()
    run_in_small_parts(whole)
    took = time.perf_counter() - began
    for share in (0.4, 0.6, 0.7, 0.8, 0.9):
        run_in_small_parts(copy, share * took)
    run_in_small_parts(copy)
    assert len(parts(whole.home)) == 15
    assert parts(copy.home) == parts(whole.home)
    assert sorted(one.listener for one in kept(copy)) == copy.listeners()
    shown = [
        workspace.door.read(
            Purpose.MEASURE, ["event_id", "listener", "tracks", "scores", "reasons"], types=[EventType.IMPRESSION]
        )
        for workspace in (copy, whole)
    ]
    assert_frame_equal(*(one.sort("event_id") for one in shown))
    assert shown[0].height == 60
    whole.sink.close()


@pytest.mark.parametrize("other", [{"snapshot": "another"}, {"settings": "others"}])
def test_a_batch_that_was_left_is_made_anew_once_models_or_settings_are_others(
    copy: Workspace, other: dict[str, str]
) -> None:
    run_in_small_parts(copy, until="part-00001.parquet")
    (left,) = unfinished(copy.shelf.folder / weekly.NAME)
    (left.folder / "plan.json").write_text(json.dumps({**left.plan, **other}))
    assert copy.weekly(now=NOW + timedelta(hours=1)).made == 60
    assert not left.folder.exists()
    assert {one.made_at for one in kept(copy)} == {(NOW + timedelta(hours=1)).isoformat()}


def test_a_batch_that_was_left_goes_on_where_it_was(copy: Workspace) -> None:
    run_in_small_parts(copy, until="part-00001.parquet")
    report = copy.weekly(now=NOW + timedelta(hours=1))
    assert (report.made, report.went_on_from) == (60, NOW.isoformat())
    assert {one.made_at for one in kept(copy)} == {NOW.isoformat()}
    assert copy.weekly(now=NOW + timedelta(hours=2)).went_on_from is None


def test_a_batch_that_is_published_is_finished_whatever_may_have_changed(copy: Workspace) -> None:
    copy.weekly(now=NOW)
    (folder,) = (copy.shelf.folder / weekly.NAME).iterdir()
    before = files_below(copy.shelf.folder)
    plan = {"now": NOW.isoformat(), "position": 0, "snapshot": "another", "settings": "others"}
    begin(folder, plan, pl.DataFrame({"listener": copy.listeners(), "edition": ["2026-06-01"] * 60}))
    copy.consent("a stranger", Purpose.PERSONALISE, False)
    report = copy.weekly(now=NOW + timedelta(hours=1))
    assert (report.made, report.current) == (60, 0)
    assert files_below(copy.shelf.folder) == before
    assert copy.weekly(now=NOW + timedelta(hours=2)).made == 0


def test_cold_listeners_neither_stop_the_next_run_nor_get_another_playlist_from_the_same_models(
    copy: Workspace,
) -> None:
    everyone = [*copy.listeners(), *(f"stranger {number}" for number in range(30))]
    assert make_for(copy, everyone).rungs == {Rung.PERSONAL: 60, Rung.POPULAR: 30}
    again = make_for(copy, everyone)
    assert (again.made, again.current) == (0, 90)
    one = [*everyone, "stranger 30"]
    assert make_for(copy, one).made == 1
    report = make_for(copy, one, again=True)
    assert report.rungs == {Rung.PERSONAL: 60, Rung.POPULAR: 31}


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"PAR1 no more")])
def test_a_lost_part_is_told_and_made_anew_when_asked_for(copy: Workspace, harm: Callable[[Path], object]) -> None:
    copy.weekly(now=NOW)
    who = copy.listeners()[0]
    harm(next(copy.shelf.folder.rglob("part-*.parquet")))
    with pytest.raises(Damaged, match="segue weekly --again"):
        Workspace.open(copy.home).shelf.editions(who, weekly.NAME)
    with pytest.raises(Damaged, match="part-00000.parquet is"):
        copy.weekly(now=NOW + timedelta(weeks=1))
    report = copy.weekly(now=NOW, again=True)
    assert (report.made, report.lost) == (60, 60)
    assert len(kept(copy)) == 60


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_bytes(b"PAR1 no more")])
def test_a_lost_part_does_not_keep_anyone_from_being_forgotten(copy: Workspace, harm: Callable[[Path], object]) -> None:
    copy.weekly(now=NOW)
    who = copy.listeners()[0]
    harm(next(copy.shelf.folder.rglob("part-*.parquet")))
    told = CliRunner().invoke(app, ["listener", "erase", who, "--yes", "--home", str(copy.home)])
    assert told.exit_code == 0, told.output
    assert copy.shelf.editions(who, weekly.NAME) == []
    assert who not in copy.listeners()


def test_a_part_that_is_damaged_where_others_stand_does_not_keep_anyone_from_being_forgotten(
    copy: Workspace,
) -> None:
    who = copy.listeners()[0]
    many = [*copy.listeners(), *(f"zoe {number:03}" for number in range(100))]
    make_for(copy, many, fallback_most=1)
    part = next(copy.shelf.folder.rglob("part-*.parquet"))
    groups = pq.read_metadata(part)
    assert groups.num_row_groups == 3
    last = groups.row_group(2).column(0).data_page_offset
    whole = bytearray(part.read_bytes())
    whole[last : last + 200] = b"\xff" * 200
    part.write_bytes(whole)
    assert copy.shelf.editions(who, weekly.NAME)  # theirs are sound
    with pytest.raises(Damaged):
        copy.shelf.editions("zoe 099", weekly.NAME)
    unfinished_part = copy.shelf.folder / weekly.NAME / "run" / "part-00000.parquet"
    unfinished_part.parent.mkdir()
    shutil.copy(part, unfinished_part)
    begin(unfinished_part.parent, {"now": NOW.isoformat()}, pl.DataFrame({"listener": [who], "edition": ["1"]}))
    copy.erase(who)
    assert copy.shelf.editions(who, weekly.NAME) == []
    assert not part.exists()
    assert not unfinished_part.exists()


def test_what_killed_runs_leave_is_removed_by_the_next_run_and_when_somebody_is_forgotten(copy: Workspace) -> None:
    copy.weekly(now=NOW)
    (folder,) = (copy.shelf.folder / weekly.NAME).iterdir()
    (part,) = folder.iterdir()
    for forget in (False, True):
        other = folder.with_name("other")
        other.mkdir()
        (folder / ".part-00001.parquet.1f.tmp").write_bytes(b"half")
        shutil.copy(part, other / "part-00000.parquet")
        (other / "whom.parquet").write_bytes(b"before its plan")
        folder.with_name("empty").mkdir()
        if forget:
            copy.shelf.forget("somebody else")
        else:
            copy.weekly(now=NOW)
        assert files_below(copy.shelf.folder / weekly.NAME) == [part]
        assert list((copy.shelf.folder / weekly.NAME).iterdir()) == [folder]


def test_who_is_forgotten_while_a_week_is_published_is_in_no_file_and_no_impression(
    copy: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_, last = copy.listeners()
    impressions = weekly.impressions

    def impressions_after_an_erasure(*given: object) -> pl.DataFrame:
        monkeypatch.setattr(weekly, "impressions", impressions)
        copy.erase(last)
        return impressions(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(weekly, "_PART", 30)
    monkeypatch.setattr(weekly, "impressions", impressions_after_an_erasure)
    assert copy.weekly(now=NOW).made == 59
    shown = copy.door.read(Purpose.MEASURE, ["listener"], types=[EventType.IMPRESSION])["listener"].to_list()
    assert sorted(shown) == sorted(set(copy.listeners()) | {first})
    assert last not in shown
    assert len(kept(copy)) == 59


def test_only_one_run_goes_at_a_time(copy: Workspace) -> None:
    with exclusive(copy.shelf.folder / "weekly.lock"), pytest.raises(Busy, match="weekly"):
        copy.weekly(now=NOW)
