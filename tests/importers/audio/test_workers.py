# SPDX-License-Identifier: Apache-2.0
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from segue.errors import BadInput
from segue.importers.audio.workers import Workers

from .sounds import drums, noise, written


def begun() -> list[int]:
    """Return the processes that this one began to read music files."""
    tasks = Path("/proc/self/task").glob("*/children")
    found = [Path("/proc", pid, "cmdline") for task in tasks for pid in task.read_text().split()]
    return [int(path.parent.name) for path in found if path.exists() and b"audio.worker" in path.read_bytes()]


def identify(path: Path) -> dict[str, str]:
    return {"do": "identify", "path": str(path), "name": path.name}


def hear(path: Path) -> dict[str, object]:
    return {"do": "hear", "path": str(path), "duration_ms": 60_000, "sound": True, "model": None, "rate": None}


def test_a_file_is_identified_and_heard_in_another_process(tmp_path: Path) -> None:
    path = written(tmp_path / "x.wav", noise(1.0))
    before = "librosa" in sys.modules
    with closing(Workers(1)) as workers:
        said = workers.ask(identify(path))
        assert (said["duration_ms"], said["tags"], len(said["digest"])) == (1000, {"title": "x"}, 32)
        assert workers.ask({**hear(path), "duration_ms": 1000})["sound"]["key"] is None
    assert ("librosa" in sys.modules) == before


def test_a_refusal_is_a_reason_and_the_next_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    good = written(tmp_path / "x.wav", noise(1.0))
    with closing(Workers(1)) as workers:
        with pytest.raises(BadInput, match="damaged, or no music"):
            workers.ask(identify(tmp_path / "bad.wav"))
        assert workers.ask(identify(good))["duration_ms"] == 1000


def test_a_process_that_dies_takes_one_file_with_it(tmp_path: Path) -> None:
    good = written(tmp_path / "x.wav", noise(1.0))
    long = written(tmp_path / "long.wav", drums(120, 60.0))
    with closing(Workers(1)) as workers:
        workers.ask(identify(good))
        (process,) = begun()
        with ThreadPoolExecutor(1) as pool:
            heard = pool.submit(workers.ask, hear(long))
            os.kill(process, signal.SIGKILL)
            with pytest.raises(BadInput, match="its decoder crashed"):
                heard.result()
        assert workers.ask(identify(good))["duration_ms"] == 1000


def test_many_threads_share_few_processes(tmp_path: Path) -> None:
    paths = [written(tmp_path / f"{number}.wav", noise(0.1 * number)) for number in range(1, 13)]
    with closing(Workers(2)) as workers, ThreadPoolExecutor(6) as pool:
        said = list(pool.map(workers.ask, map(identify, paths)))
        assert len(begun()) <= 2
    assert [one["duration_ms"] for one in said] == [100 * number for number in range(1, 13)]


def test_closing_ends_every_process(tmp_path: Path) -> None:
    workers = Workers(1)
    workers.ask(identify(written(tmp_path / "x.wav", noise(0.1))))
    (process,) = begun()
    workers.close()
    assert not Path(f"/proc/{process}").exists()
    with pytest.raises(BadInput, match="stopped|crashed"):
        workers.ask({})
