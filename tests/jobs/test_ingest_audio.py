# SPDX-License-Identifier: Apache-2.0
from pathlib import Path
from typing import Any

import mutagen
import polars as pl
import pytest

from segue.errors import BadInput
from segue.importers.batch import Batch
from segue.importers.sources import build
from segue.workspace import Workspace
from tests.importers.audio.models import saved
from tests.importers.audio.sounds import chords, drums, written

MBID = "aaaaaaaa-1111-4111-8111-111111111111"


class Given:
    """Gives tracks as they are."""

    name = "given"

    def __init__(self, *tracks: dict[str, Any]):
        self._tracks = tracks

    def read(self, path: Path) -> Any:
        yield Batch(len(self._tracks), pl.DataFrame(schema={"event_id": pl.String}), pl.DataFrame(self._tracks))


def file(path: Path, sound: Any, **tags: str) -> Path:
    tagged = mutagen.File(written(path, sound))
    tagged.update(tags)
    tagged.save()
    return path


def audio(home: Path, **options: Any) -> Any:
    return build("audio", jobs=1, memory=home / "audio" / "memory.sqlite", **options)


def rows(workspace: Workspace) -> list[dict[str, Any]]:
    return list(workspace.catalog().tracks.iter_rows(named=True))


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """Three files: one says the ISRC, one the recording's id, one artist and title."""
    folder = tmp_path / "music"
    file(folder / "1.flac", drums(120, 8.0), title="Låg vatten", artist="Hamnarna", isrc="GBAYE9200070")
    file(folder / "2.flac", chords(9, True, 8.0), title="Glas", artist="Marin", musicbrainz_trackid=MBID)
    file(folder / "3.flac", drums(90, 8.0), title="Marigold (2011 Remaster)", artist="The Embers")
    return folder


def test_twice_the_same_folder_adds_nothing(home: Path, music: Path) -> None:
    workspace = Workspace.open(home, create=True)
    first, second = (workspace.ingest(audio(home), music) for _ in range(2))
    assert (first.rows, first.events, first.tracks, first.folded) == (3, 0, 3, 0)
    assert (second.rows, second.events, second.tracks, second.folded) == (3, 0, 0, 0)
    assert workspace.catalog().generation == 1
    assert [row["tempo_bpm"] for row in rows(workspace)] == pytest.approx([120, 60, 90], rel=0.02)


def test_files_of_known_recordings_are_folded_and_give_them_their_sound(home: Path, music: Path) -> None:
    workspace = Workspace.open(home, create=True)
    known = Given(
        {"track_id": "s:1", "title": "Low Tide", "artist_name": "The Harbours", "isrc": "GB-AYE-92-00070"},
        {"track_id": "s:2", "title": "Glass", "artist_name": "Marin & the Moor", "mbid": MBID},
        {"track_id": "s:3", "title": "Marigold", "artist_name": "Embers", "tempo_bpm": 91.0},
    )
    workspace.ingest(known, music)
    report = workspace.ingest(audio(home), music)
    assert (report.tracks, report.folded) == (3, 3)
    catalog = workspace.catalog()
    assert catalog.canonical.tolist() == [0, 1, 2, 0, 1, 2]
    one, two, three = rows(workspace)[:3]
    assert one["tempo_bpm"] == pytest.approx(120, rel=0.01)
    assert (two["key"], two["mode"]) == (9, 0)
    assert three["tempo_bpm"] == 91.0
    assert len(three["timbre"]) == 20
    assert (one["title"], one["artist_name"], two["title"]) == ("Low Tide", "The Harbours", "Glass")


def test_what_a_later_import_hears_more_goes_to_the_recording_too(home: Path, music: Path, tmp_path: Path) -> None:
    workspace = Workspace.open(home, create=True)
    workspace.ingest(Given({"track_id": "s:3", "title": "Marigold", "artist_name": "Embers"}), music)
    workspace.ingest(audio(home), music)
    assert {row["embedding"] for row in rows(workspace)} == {None}
    model = saved(tmp_path / "m.onnx", ["b", 64, "t"], [1, 2], numbers=5)
    report = workspace.ingest(audio(home, model=model), music)
    assert report.tracks == 0
    found = {row["track_id"].partition(":")[0]: row["embedding"] for row in rows(workspace)}
    assert {kind: len(embedding) for kind, embedding in found.items()} == {"s": 5, "audio": 5}


def test_embeddings_of_another_length_are_refused_with_the_first_file(home: Path, music: Path, tmp_path: Path) -> None:
    workspace = Workspace.open(home, create=True)
    five, seven = (saved(tmp_path / f"{n}.onnx", ["b", 64, "t"], [1, 2], numbers=n) for n in (5, 7))
    workspace.ingest(audio(home, model=five), music)
    before = rows(workspace)
    file(music / "0.flac", chords(1, False, 8.0), title="New", artist="Newer")
    with pytest.raises(BadInput, match="embedding of 7 numbers, where those before it have 5; use the model"):
        workspace.ingest(audio(home, model=seven), music)
    assert rows(workspace) == before
    assert workspace.ingest(audio(home, model=five), music).tracks == 1


def test_progress_says_how_many_files_there_are(home: Path, music: Path) -> None:
    said: list[tuple[str, int | None, int | None]] = []
    Workspace.open(home, create=True).ingest(audio(home), music, lambda *what: said.append((*what, None, None)[:3]))
    assert ("reading", 3, 3) in said


def test_of_two_files_of_one_recording_one_repeats_the_other(home: Path, tmp_path: Path) -> None:
    sound = drums(120, 8.0)
    for suffix in ("flac", "ogg"):
        file(tmp_path / "m" / f"x.{suffix}", sound, title="Low Tide", artist="The Harbours")
    workspace = Workspace.open(home, create=True)
    report = workspace.ingest(audio(home), tmp_path / "m")
    assert (report.tracks, report.folded) == (2, 1)
    assert workspace.catalog().canonical.tolist() == [0, 0]


def test_vectors_may_begin_late_and_must_then_agree(home: Path, tmp_path: Path) -> None:
    class Late(Given):
        def read(self, path: Path) -> Any:
            for track in self._tracks:
                yield Batch(1, pl.DataFrame(schema={"event_id": pl.String}), pl.DataFrame([track], SCHEMA))

    tracks = [{"track_id": f"t:{size}", "title": str(size), "timbre": [0.5] * size or None} for size in (0, 4, 6)]
    workspace = Workspace.open(home, create=True)
    assert workspace.ingest(Late(*tracks[:2]), tmp_path).tracks == 2
    with pytest.raises(BadInput, match="timbre of 6 numbers, where those before it have 4"):
        workspace.ingest(Late(tracks[0], tracks[2]), tmp_path)


SCHEMA = {"track_id": pl.String, "title": pl.String, "timbre": pl.List(pl.Float32)}
