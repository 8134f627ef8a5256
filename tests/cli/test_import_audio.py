# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path

from tests.importers.audio.models import saved
from tests.importers.audio.sounds import drums, noise, written

from .test_commands import refused, run


def test_a_folder_of_music_is_imported_and_says_what_it_dropped(home: Path, tmp_path: Path) -> None:
    music = tmp_path / "music"
    written(music / "The Harbours - Low Tide.flac", drums(120, 6.0))
    (music / "broken.mp3").write_bytes(b"no music")
    done = run("import", "audio", music, "--home", home, "--jobs", 1)
    assert done.returncode == 0, done.stderr
    assert "dropped: damaged, or no music (first: broken.mp3)" in done.stdout
    again = json.loads(run("import", "audio", music, "--home", home, "--json").stdout)
    assert (again["rows"], again["tracks"]) == (2, 0)


def test_a_model_of_the_wrong_kind_and_a_folder_without_music_are_refused(home: Path, tmp_path: Path) -> None:
    written(tmp_path / "music" / "x.wav", noise(1.0))
    (tmp_path / "empty").mkdir()
    model = saved(tmp_path / "images.onnx", [1, 3, 224, 224], [1, 2, 3])
    refused(run("import", "audio", tmp_path / "music", "--model", model, "--home", home), 2, "images.onnx", "waveform")
    refused(run("import", "audio", tmp_path / "empty", "--home", home), 2, "holds no music files")


def test_options_of_music_are_refused_where_there_is_none(home: Path, tmp_path: Path) -> None:
    (tmp_path / "plays.csv").touch()
    refused(run("import", "table", tmp_path / "plays.csv", "--jobs", 2, "--home", home), 2, "'table' takes only")
