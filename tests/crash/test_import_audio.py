# SPDX-License-Identifier: Apache-2.0
"""An import of music killed midway: what was heard is not heard again, and in the end nothing is missing or doubled."""

import json
import os
import sqlite3
import subprocess
from pathlib import Path
from time import sleep

from segue.workspace import Workspace
from tests.importers.audio.sounds import clicks, written

from .killing import assert_it_opens_and_is_well, drawn, started

FILES = 14


def begun(home: Path, music: Path, log: Path) -> "subprocess.Popen[bytes]":
    with log.open("ab") as file:
        return started("import", "audio", music, "--home", home, "--jobs", "2", "--json", log=file)


def heard(home: Path) -> dict[str, str]:
    """Return how each file that was heard so far sounds, by its name."""
    memory = home / "audio" / "memory.sqlite"
    if not memory.exists():
        return {}
    connection = sqlite3.connect(memory)
    rows = connection.execute("SELECT path, sounds.said FROM files JOIN sounds USING (digest)").fetchall()
    connection.close()
    return {Path(os.fsdecode(path)).name: said for path, said in rows}


def marked(home: Path) -> None:
    """Write into every sound that was heard a tempo that no file has."""
    connection = sqlite3.connect(home / "audio" / "memory.sqlite")
    for digest, said in connection.execute("SELECT digest, said FROM sounds").fetchall():
        new = json.dumps([json.loads(said)[0] | {"tempo_bpm": 321.0}])
        connection.execute("UPDATE sounds SET said = ? WHERE digest = ?", (new, digest))
    connection.commit()
    connection.close()


def test_an_import_of_music_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    random = drawn()
    home, music, output = tmp_path / "home", tmp_path / "music", tmp_path / "output"
    for number in range(FILES):
        written(music / f"{number:02d}.wav", clicks(100, 20.0, seed=number))
    known = 0
    for most in (FILES // 2, FILES - 2):
        process = begun(home, music, output)
        enough = random.randint(known + 1, most)
        while len(heard(home)) < enough:
            assert process.poll() is None, output.read_text()
            sleep(0.005)
        process.kill()
        process.wait()
        assert_it_opens_and_is_well(home)
        assert len(Workspace.open(home).catalog()) == 0
        assert enough <= len(heard(home)) <= FILES
        known = len(heard(home))
    marked(home)
    before = set(heard(home))
    process = begun(home, music, output)
    assert process.wait(300) == 0, output.read_text()
    report = json.loads(output.read_text().splitlines()[-1])
    assert (report["rows"], report["tracks"], report["dropped"]) == (FILES, FILES, {})
    tempi = dict(Workspace.open(home).catalog().tracks.select("title", "tempo_bpm").iter_rows())
    assert {f"{title}.wav" for title, tempo in tempi.items() if tempo == 321.0} == before
    assert sum(abs(tempo - 100) < 2 for tempo in tempi.values()) == FILES - len(before)
    assert begun(home, music, output).wait(300) == 0, output.read_text()
    assert len(Workspace.open(home).catalog()) == FILES


def test_workers_end_with_the_import_that_began_them(tmp_path: Path) -> None:
    home, music, output = tmp_path / "home", tmp_path / "music", tmp_path / "output"
    for number in range(4):
        written(music / f"{number}.wav", clicks(100, 60.0, seed=number))
    process = begun(home, music, output)
    workers: set[int] = set()
    while not workers:
        assert process.poll() is None, output.read_text()
        for task in Path(f"/proc/{process.pid}/task").glob("*/children"):
            workers |= {int(pid) for pid in task.read_text().split()}
    process.kill()
    process.wait()
    for _ in range(600):
        if not any(Path(f"/proc/{pid}").exists() for pid in workers):
            return
        sleep(0.05)
    raise AssertionError(f"{workers} outlived the import")
