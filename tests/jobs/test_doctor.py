# SPDX-License-Identifier: Apache-2.0
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from segue.events import compaction
from segue.jobs.doctor import examine
from segue.workspace import Workspace
from tests.conftest import NOW


@pytest.fixture
def copy(world: Workspace, home: Path) -> Iterator[Workspace]:
    """A workspace with days of events, a hot file, models and kept playlists."""
    shutil.copytree(world.home, home)
    compaction.compact(home / "events")
    workspace = Workspace.open(home)
    workspace.weekly(now=NOW)
    workspace.sink.close()
    yield workspace


def _change_last_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _a_day(home: Path) -> Path:
    return sorted((home / "events").glob("day=*/*.parquet"))[0]


def _lose_hot_file(home: Path) -> None:
    for path in (home / "events").glob("hot.sqlite*"):
        path.unlink()


def test_a_sound_workspace_has_nothing_to_say_against(copy: Workspace) -> None:
    findings = examine(copy.home)
    assert all(finding.ok for finding in findings), findings
    assert {"event log", "catalogue", "snapshot", "model als", "playlists", "disk"} <= {one.what for one in findings}


@pytest.mark.parametrize(
    ("what", "harm", "says"),
    [
        ("event log", lambda home: _change_last_byte(_a_day(home)), "checksum"),
        ("event log", lambda home: _a_day(home).unlink(), "missing"),
        ("event log", _lose_hot_file, "hot.sqlite is missing"),
        ("event log", lambda home: (home / "events" / "hot.sqlite").write_bytes(b"x" * 9999), "cannot be read"),
        ("snapshot", lambda home: shutil.rmtree(home / "catalog"), "generation 1 cannot be read"),
        ("catalogue", lambda home: (home / "catalog" / "000001" / "tracks.parquet").write_bytes(b"x"), "cannot be"),
        ("snapshot", lambda home: (home / "snapshot").unlink(), "segue train"),
        ("snapshot", lambda home: (home / "snapshot").write_text("{}"), "not what was written"),
        ("model als", lambda home: _change_last_byte(next((home / "models" / "als").glob("*/factors.npy"))), "factors"),
        ("playlists", lambda home: (home / "playlists" / "kept.sqlite").write_bytes(b"x" * 9999), "damaged"),
    ],
)
def test_what_is_damaged_is_named_with_what_to_do(
    copy: Workspace, what: str, harm: Callable[[Path], object], says: str
) -> None:
    harm(copy.home)
    found, *_ = [finding for finding in examine(copy.home) if not finding.ok]
    assert found.what == what
    assert says in found.detail
