"""Sources that cannot be read leave the workspace byte for byte as it was."""

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from segue.errors import Busy, UsageError
from segue.importers.sources import build
from segue.stores.locks import exclusive
from segue.workspace import Workspace

FIELDS = {"who": "listener", "song": "track_title", "by": "artist_name", "at": "occurred_at"}


def content(home: Path) -> dict[str, bytes]:
    """Everything in a workspace but lock files and SQLite's shared memory."""
    files = [path for path in home.rglob("*") if path.is_file() and not path.name.endswith((".lock", "-shm"))]
    return {str(path.relative_to(home)): path.read_bytes() for path in files}


@pytest.fixture
def imported(home: Path, tmp_path: Path) -> Iterator[Workspace]:
    workspace = Workspace.open(home, create=True)
    plays = tmp_path / "plays.csv"
    plays.write_text("who,song,by,at\nann,One,Band,2026-01-01T10:00:00Z\n")
    workspace.ingest(build("table", mapping=FIELDS), plays)
    yield workspace
    workspace.sink.close()


PLAY = {
    "ts": "2024-01-01T00:00:00Z",
    "ms_played": 1000,
    "spotify_track_uri": "spotify:track:x",
    "master_metadata_track_name": "X",
    "master_metadata_album_artist_name": "Y",
}
TRACK = {"pos": 0, "track_uri": "t", "track_name": "T", "artist_uri": "a", "artist_name": "A", "duration_ms": 1000}


def cut_zip(folder: Path) -> Path:
    path = folder / "my_spotify_data.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Streaming_History_Audio_2024.json", json.dumps([PLAY] * 5000))
    path.write_bytes(path.read_bytes()[:-60])
    return path


def zip_with_a_flipped_byte(folder: Path) -> Path:
    path = folder / "my_spotify_data.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("Streaming_History_Audio_2024.json", json.dumps([PLAY] * 5000))
    changed = bytearray(path.read_bytes())
    changed[400_000] ^= 1
    path.write_bytes(changed)
    return path


def last_play_is(**changes: object) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / "Streaming_History_Audio_2024.json"
        path.write_text(json.dumps([*[PLAY] * 30_000, {**PLAY, **changes}]))
        return path

    return write


def playlists(*tracks: object, **changes: object) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        good = [{"pid": pid, "name": "n", "tracks": [TRACK]} for pid in range(1000)]
        path = folder / "mpd.slice.0-999.json"
        path.write_text(json.dumps({"playlists": [*good, {"pid": 1000, "tracks": list(tracks), **changes}]}))
        return path

    return write


@pytest.mark.parametrize(
    ("source", "write", "says"),
    [
        ("spotify", cut_zip, "my_spotify_data.zip"),
        ("spotify", zip_with_a_flipped_byte, "Streaming_History_Audio_2024.json"),
        ("spotify", last_play_is(ms_played=-5), "-5"),
        ("spotify", last_play_is(ms_played=float("nan")), "NaN"),
        ("spotify", last_play_is(ts="yesterday"), "yesterday"),
        ("mpd", playlists({**TRACK, "duration_ms": -5}), "-5"),
        ("mpd", playlists({**TRACK, "duration_ms": float("nan")}), "NaN"),
        ("mpd", playlists({**TRACK, "track_uri": None}), "track_uri"),
        ("mpd", playlists(TRACK, pid=None), "pid"),
    ],
    ids=[
        "zip cut short", "zip with a changed byte", "negative time", "time that is no number", "no date",
        "negative duration", "duration that is no number", "track without id", "playlist without id",
    ],
)  # fmt: skip
def test_a_bad_source_leaves_every_byte_as_it_was(
    imported: Workspace, tmp_path: Path, source: str, write: Callable[[Path], Path], says: str
) -> None:
    path = write(tmp_path)
    before = content(imported.home)
    importer = build(source, listener="me") if source == "spotify" else build(source)
    with pytest.raises(UsageError, match=says) as refused:
        imported.ingest(importer, path)
    assert path.name in str(refused.value)
    assert "\n" not in str(refused.value)
    assert content(imported.home) == before


def test_what_a_killed_import_left_is_swept(imported: Workspace, tmp_path: Path) -> None:
    left = imported.home / "tmp" / "import" / "events-000000.arrow"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    assert imported.ingest(build("table", mapping=FIELDS), tmp_path / "plays.csv").duplicates == 1
    assert not left.parent.exists()


def test_two_imports_do_not_run_at_once(imported: Workspace, tmp_path: Path) -> None:
    with exclusive(imported.home / "locks" / "import.lock"), pytest.raises(Busy, match="import is in use by process"):
        imported.ingest(build("table", mapping=FIELDS), tmp_path / "plays.csv")


def test_many_events_are_compacted_after_an_import(home: Path, tmp_path: Path) -> None:
    Workspace.open(home, create=True)
    (home / "segue.toml").write_text("[ingest]\ncompact_rows = 10\n")
    workspace = Workspace.open(home)
    plays = tmp_path / "plays.csv"
    rows = "".join(f"ann,Song {number},Band,2026-01-0{1 + number % 3}T10:00:00Z\n" for number in range(30))
    plays.write_text("who,song,by,at\n" + rows)
    first, second = (workspace.ingest(build("table", mapping=FIELDS), plays) for _ in range(2))
    assert (first.events, second.events, second.duplicates) == (30, 0, 30)
    assert len(list((home / "events").glob("day=*/*.parquet"))) == 3
    assert workspace.listener("ann")["events"] == {"play": 30}
    workspace.sink.close()
