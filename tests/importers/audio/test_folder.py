# SPDX-License-Identifier: Apache-2.0
import json
import os
import sqlite3
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from shutil import copy, copytree

import mutagen
import numpy as np
import pytest

from segue.errors import BadInput, Damaged, NotReady
from segue.importers.audio.folder import Audio

from ..reading import Taken, take
from .models import saved
from .sounds import chords, clicks, drums, noise, written
from .test_tags import ALBUM, ARTIST, MBID, put


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five files, of which one is no music; and files that are none of ours."""
    folder = tmp_path_factory.mktemp("music")
    tagged = mutagen.File(written(folder / "a" / "tagged.flac", drums(120, 8.0)))
    put(tagged)
    tagged.save()
    written(folder / "b" / "Moon" / "01 Glass Houses.mp3", chords(9, True, 8.0))
    written(folder / "b" / "Moon" / "02 Ticking.OGG".replace("OGG", "ogg"), clicks(90, 8.0))
    (folder / "b" / "Moon" / "03 Broken.mp3").write_bytes(b"no music at all")
    written(folder / "c.wav", noise(2.0))
    (folder / "b" / "Moon" / "cover.jpg").write_bytes(b"\xff\xd8")
    (folder / "b" / "._01 Glass Houses.mp3").write_bytes(b"what another system leaves")
    (folder / ".hidden").mkdir()
    written(folder / ".hidden" / "x.wav", noise(1.0))
    return folder


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("memory") / "memory.sqlite"


@pytest.fixture(scope="module")
def taken(music: Path, memory: Path) -> Taken:
    return take(Audio(jobs=2, memory=memory), music)


def remembered(memory: Path) -> dict[str, tuple[int, str]]:
    """Return of each remembered file its row and its digest."""
    with sqlite3.connect(memory) as connection:
        rows = connection.execute("SELECT path, rowid, digest FROM files").fetchall()
    connection.close()
    return {os.fsdecode(path): (row, digest) for path, row, digest in rows}


def marked(memory: Path) -> None:
    """Write into every remembered sound a tempo that no file has."""
    with sqlite3.connect(memory) as connection:
        for digest, how, said in connection.execute("SELECT digest, how, said FROM sounds").fetchall():
            if how.startswith("sound"):
                new = json.dumps([json.loads(said)[0] | {"tempo_bpm": 321.0}])
                connection.execute("UPDATE sounds SET said = ? WHERE digest = ? AND how = ?", (new, digest, how))
    connection.close()


def test_every_file_is_a_row_and_every_one_that_can_be_read_a_track(taken: Taken) -> None:
    assert taken.rows == 5
    assert taken.events.height == 0
    assert taken.tracks["title"].to_list() == ["Low Tide", "Glass Houses", "Ticking", "c"]
    assert taken.dropped == {"damaged, or no music (first: b/Moon/03 Broken.mp3)": 1}


def test_a_tagged_file_says_all_of_its_tags(taken: Taken) -> None:
    track = taken.tracks.row(0, named=True)
    assert track["track_id"].startswith("audio:")
    assert (track["artist_name"], track["album_name"], track["album_id"]) == ("The Harbours", "Moon", f"mbid:{ALBUM}")
    assert (track["release_date"], track["genres"]) == (date(2014, 5, 1), ["Dream Pop", "Shoegaze"])
    assert (track["position"], track["isrc"], track["mbid"]) == (3, "GBAYE9200070", MBID)
    assert taken.artists.row(0, named=True)["mbid"] == ARTIST
    album = taken.albums.row(0, named=True)
    assert (album["album_id"], album["title"], album["artist_id"]) == (f"mbid:{ALBUM}", "Moon", "artist:various")


def test_every_track_says_how_it_sounds(taken: Taken) -> None:
    drum, chord, tick, hiss = taken.tracks.iter_rows(named=True)
    assert drum["tempo_bpm"] == pytest.approx(120, rel=0.01)
    assert tick["tempo_bpm"] == pytest.approx(90, rel=0.01)
    assert (chord["key"], chord["mode"]) == (9, 0)
    assert (hiss["key"], hiss["tempo_bpm"]) == (None, None)
    for track in (drum, chord, tick, hiss):
        assert 0 < track["energy"] < 1
        assert -40 < track["loudness_db"] < 0
        assert len(track["timbre"]) == 20
        assert track["embedding"] is track["valence"] is track["instrumentalness"] is None
    assert abs(drum["duration_ms"] - 8000) < 60


def test_reading_twice_gives_the_same_and_hears_nothing_again(taken: Taken, music: Path, memory: Path) -> None:
    before = remembered(memory)
    again = take(Audio(jobs=1, memory=memory), music)
    assert again.tracks.equals(taken.tracks)
    assert again.dropped == taken.dropped
    assert remembered(memory) == before
    assert len(before) == 4


def test_what_is_remembered_is_taken_from_there(taken: Taken, music: Path, memory: Path, tmp_path: Path) -> None:
    assert taken.rows
    own = tmp_path / "memory.sqlite"
    copy(memory, own)
    marked(own)
    assert set(take(Audio(jobs=1, memory=own), music).tracks["tempo_bpm"]) == {321.0}


def test_a_folder_that_was_moved_keeps_its_tracks_and_is_not_heard_again(
    taken: Taken, music: Path, memory: Path, tmp_path: Path
) -> None:
    own, moved = tmp_path / "memory.sqlite", tmp_path / "moved"
    copy(memory, own)
    marked(own)
    copytree(music, moved / "deeper")
    again = take(Audio(jobs=1, memory=own), moved)
    assert again.tracks["track_id"].to_list() == taken.tracks["track_id"].to_list()
    assert set(again.tracks["tempo_bpm"]) == {321.0}


def test_a_file_that_changed_is_heard_again_and_one_that_went_is_forgotten(
    taken: Taken, music: Path, memory: Path, tmp_path: Path
) -> None:
    assert taken.rows
    own, folder = tmp_path / "memory.sqlite", tmp_path / "music"
    copytree(music, folder)
    take(Audio(jobs=1, memory=own), folder)
    marked(own)
    written(folder / "c.wav", noise(3.0, seed=9))
    (folder / "b" / "Moon" / "02 Ticking.ogg").unlink()
    again = take(Audio(jobs=1, memory=own), folder)
    assert again.tracks["tempo_bpm"].to_list() == [321.0, 321.0, None]
    with sqlite3.connect(own) as connection:
        assert connection.execute("SELECT count(*) FROM sounds").fetchone() == (3,)
    connection.close()


def test_a_model_gives_embeddings_and_nothing_else_is_heard_again(
    taken: Taken, music: Path, memory: Path, tmp_path: Path
) -> None:
    own = tmp_path / "memory.sqlite"
    copy(memory, own)
    marked(own)
    model = saved(tmp_path / "m.onnx", ["b", 64, "t"], [1, 2], numbers=7)
    again = take(Audio(model=model, jobs=1, memory=own), music)
    embeddings = np.array(again.tracks["embedding"].to_list())
    assert embeddings.shape == (4, 7)
    assert np.isfinite(embeddings).all()
    assert set(again.tracks["tempo_bpm"]) == {321.0}
    plain = take(Audio(jobs=1, memory=own), music)
    assert plain.tracks["embedding"].null_count() == taken.tracks["embedding"].null_count() == 4


def test_a_model_that_cannot_be_used_is_refused_before_any_file_is_heard(music: Path, tmp_path: Path) -> None:
    own = tmp_path / "memory.sqlite"
    model = saved(tmp_path / "m.onnx", [1, 3, 224, 224], [1, 2, 3])
    with pytest.raises(BadInput, match=r"m\.onnx takes .*none of: waveform"):
        take(Audio(model=model, jobs=1, memory=own), music)
    assert remembered(own) == {}


def test_one_file_is_read_as_well_as_a_folder(music: Path) -> None:
    assert take(Audio(jobs=1), music / "c.wav").track["title"] == "c"


def test_a_copy_is_the_same_track(tmp_path: Path) -> None:
    written(tmp_path / "m" / "one.flac", noise(1.0))
    copy(tmp_path / "m" / "one.flac", tmp_path / "m" / "two.flac")
    taken = take(Audio(jobs=1), tmp_path / "m")
    assert (taken.rows, taken.track["title"]) == (2, "one")


def test_names_that_are_not_unicode_are_read(tmp_path: Path) -> None:
    path = written(tmp_path / "x.wav", noise(1.0))
    (tmp_path / "m").mkdir()
    path.rename(os.fsdecode(os.fsencode(tmp_path / "m") + b"/caf\xe9.wav"))
    assert take(Audio(jobs=1, memory=tmp_path / "memory.sqlite"), tmp_path / "m").track["title"] == "caf\ufffd"


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch])
def test_a_place_without_music_is_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "m")
    with pytest.raises(BadInput, match=r"m holds no music files \(\.aif, .*; is it the right folder"):
        take(Audio(jobs=1), tmp_path / "m")


@pytest.mark.parametrize("name", ["av", "librosa", "mutagen", "pyloudnorm"])
def test_without_the_extra_its_name_is_said(music: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(NotReady, match=rf"{name} is not installed.*pip install 'segue\[audio\]'"):
        take(Audio(jobs=1), music)


def test_a_memory_that_is_damaged_is_refused_with_the_way_out(music: Path, tmp_path: Path) -> None:
    (tmp_path / "memory.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(Damaged, match=r"memory\.sqlite cannot be read.*remove it"):
        take(Audio(jobs=1, memory=tmp_path / "memory.sqlite"), music)
