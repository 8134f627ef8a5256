# SPDX-License-Identifier: Apache-2.0
"""Imports killed at any moment: nothing is lost, nothing is doubled, and the workspace opens."""

import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import monotonic, sleep

import pytest

from segue.events.compaction import compact
from segue.events.reader import Reader
from segue.workspace import Workspace

from .killing import assert_it_opens_and_is_well, drawn, started

ROWS = 80_000
START = datetime(2026, 1, 1, tzinfo=UTC)
MAPPING = ("who=listener", "what=track", "by=artist_name", "called=track_title", "when=occurred_at")


def written(path: Path, rows: int) -> Counter[tuple[str, str, datetime]]:
    """Write a table of plays, some of its rows twice; return how often each is there."""
    random = Random(3)
    plays = [
        (
            f"listener-{random.randrange(200)}",
            random.randrange(4000),
            START + timedelta(seconds=random.randrange(10**6)),
        )
        for _ in range(rows - rows // 100)
    ]
    plays += random.sample(plays, rows // 100)
    random.shuffle(plays)
    lines = [f"{who},track-{what},artist-{what % 300},Song {what},{when.isoformat()}" for who, what, when in plays]
    path.write_text("\n".join(["who,what,by,called,when", *lines, ""]))
    return Counter((who, f"track-{what}", when) for who, what, when in plays)


def begun(home: Path, table: Path, log: Path) -> "subprocess.Popen[bytes]":
    maps = [word for pair in MAPPING for word in ("--map", pair)]
    with log.open("ab") as file:
        return started("import", "table", table, "--home", home, *maps, "--json", log=file)


def made(home: Path, *, compact_rows: int = 1_000_000) -> Path:
    Workspace.open(home, create=True)
    (home / "segue.toml").write_text(f"[ingest]\ncompact_rows = {compact_rows}\n")
    return home


def staged(home: Path) -> list[Path]:
    return list((home / "tmp").glob("*"))


def read_so_far(home: Path) -> set[object]:
    """The batches in staging, and when each was written: an import makes those of the one before it anew."""
    found: set[object] = set()
    for file in (home / "tmp").glob("*/events-*.arrow"):
        with suppress(FileNotFoundError):
            found.add((file.name, file.stat().st_mtime_ns))
    return found


SIGNS: dict[str, Callable[[Path], set[object]]] = {
    "reading": read_so_far,
    "cataloguing": lambda home: set((home / "catalog").glob("*")),
    "writing": lambda home: {Reader(home / "events").position()},
    "compacting": lambda home: set((home / "events").glob("day=*/*")),
}
"""What is seen to change in a workspace when an import enters a phase."""


def killed(process: "subprocess.Popen[bytes]", home: Path, phase: str | None, delay: float) -> bool:
    """Kill a process so many seconds after it is seen to enter the phase (None: after now), if it has not ended."""
    before = SIGNS[phase](home) if phase else set()
    while phase and SIGNS[phase](home) <= before and process.poll() is None:
        sleep(0.002)
    with suppress(subprocess.TimeoutExpired):
        process.wait(delay)
        return False
    process.kill()
    return True


def test_an_import_killed_ten_times_and_then_let_finish_holds_every_row_once(tmp_path: Path) -> None:
    random = drawn()
    table, output = tmp_path / "plays.csv", tmp_path / "output"
    expected = written(table, ROWS)
    at = monotonic()
    assert begun(made(tmp_path / "timed", compact_rows=ROWS // 2), table, output).wait(120) == 0, output.read_text()
    whole = monotonic() - at

    home = made(tmp_path / "home", compact_rows=ROWS // 2)
    held = 0
    # Each phase is hit on its way to a whole log, and any moment besides; what is past its phase dies at any moment.
    phases = ("reading", "reading", "cataloguing", *["writing"] * 3, "compacting", "compacting", None, None)
    for phase in phases:
        process = begun(home, table, output)
        while not killed(process, home, phase, random.random() * (0.05 if phase else 0.8 * whole)):
            assert process.wait() == 0, output.read_text()
            phase = None
            process = begun(home, table, output)
        assert process.wait() == -9, output.read_text()
        assert_it_opens_and_is_well(home)
        assert len(staged(home)) <= 1, "each import sweeps what the one before it left"
        positions = Reader(home / "events").read(["position"])["position"].to_list()
        assert positions == list(range(1, len(positions) + 1))
        assert held <= len(positions) <= ROWS
        held = len(positions)

    assert begun(home, table, output).wait(120) == 0, output.read_text()
    events = Reader(home / "events").read(["event_id", "listener", "track", "occurred_at"])
    assert events["event_id"].n_unique() == events.height == ROWS
    assert Counter(events.drop("event_id").iter_rows()) == expected
    assert set(Workspace.open(home).catalog().tracks["track_id"]) == {track for _, track, _ in expected}
    assert staged(home) == []
    assert_it_opens_and_is_well(home)


def test_a_killed_import_leaves_its_staging_to_be_swept_by_the_next(tmp_path: Path) -> None:
    table, output, home = tmp_path / "plays.csv", tmp_path / "output", made(tmp_path / "home")
    written(table, ROWS)
    process = begun(home, table, output)
    while not staged(home):
        assert process.poll() is None, output.read_text()
    process.kill()
    process.wait()
    assert len(staged(home)) == 1
    written(table, 100)
    assert begun(home, table, output).wait(60) == 0, output.read_text()
    assert staged(home) == []


def test_a_second_import_is_told_of_the_first_and_does_it_no_harm(tmp_path: Path) -> None:
    home = made(tmp_path / "home")
    large, small = tmp_path / "large.csv", tmp_path / "small.csv"
    written(large, ROWS)
    written(small, 100)
    running = begun(home, large, tmp_path / "output")
    while not staged(home):
        assert running.poll() is None
    assert begun(home, small, tmp_path / "other").wait(60) == 1
    assert f"import is in use by process {running.pid}" in " ".join((tmp_path / "other").read_text().split())
    assert running.wait(60) == 0, (tmp_path / "output").read_text()
    assert begun(home, small, tmp_path / "other").wait(60) == 0
    assert staged(home) == []


@pytest.mark.parametrize("left", [".000001.0123.tmp", ".000002.4567.tmp"])
def test_what_a_kill_while_cataloguing_left_is_swept_by_the_next_import(tmp_path: Path, left: str) -> None:
    home = made(tmp_path / "home")
    aside = home / "catalog" / left
    aside.mkdir(parents=True)
    (aside / "tracks.parquet").write_bytes(b"PAR1 and no more")
    written(tmp_path / "plays.csv", 100)
    assert begun(home, tmp_path / "plays.csv", tmp_path / "output").wait(60) == 0
    assert_it_opens_and_is_well(home)
    assert not aside.exists()


def test_what_a_kill_while_compacting_left_is_swept_by_the_next_compaction(tmp_path: Path) -> None:
    home, output = made(tmp_path / "home", compact_rows=1), tmp_path / "output"
    table = tmp_path / "plays.csv"
    expected = written(table, 3000)
    process = begun(home, table, output)
    events = home / "events"
    while not any(events.glob("day=*/*")):
        assert process.poll() is None, output.read_text()
    process.kill()
    process.wait()
    assert_it_opens_and_is_well(home)
    compact(events)
    files = {file.suffix for file in events.glob("day=*/*")}
    assert files == {".parquet"}
    assert len(list(events.glob("day=*/*"))) == len({when.date() for _, _, when in expected})
    found = Reader(events).read(["listener", "track", "occurred_at"])
    assert Counter(found.iter_rows()) == expected
