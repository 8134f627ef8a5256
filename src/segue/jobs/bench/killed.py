# SPDX-License-Identifier: Apache-2.0
"""The weekly playlist of everyone, killed again and again: what is left in the end is the same, to the byte."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter

import numpy as np

from segue.errors import SegueError
from segue.jobs.bench.rows import Row
from segue.jobs.bench.world import NOW, SEGUE, build
from segue.jobs.progress import Progress
from segue.jobs.weekly import NAME
from segue.privacy.consent import ConsentConfig
from segue.privacy.door import Door
from segue.types import EventType, Purpose

__all__ = ["killed"]


def killed(case: str, listeners: int, tracks: int, mean: int, times: int, progress: Progress) -> Row:
    """Let `segue weekly` run through, and in a copy of the same workspace be killed at random points of its way.

    Args:
        case: What the row is called.
        listeners: How many get a playlist.
        tracks: How many there are to choose from.
        mean: Tracks that a listener has played.
        times: How often it is killed.
        progress: Told what is done.

    Raises:
        SegueError: What was killed and gone on with made other files, or showed somebody a playlist twice or never.
    """
    with tempfile.TemporaryDirectory(prefix="segue-bench-") as folder:
        whole, broken = Path(folder) / "whole", Path(folder) / "killed"
        whole.mkdir()
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            progress("building a workspace")
            pool.submit(_build, whole, listeners, tracks, mean).result()
        shutil.copytree(whole, broken)
        progress("not killed")
        seconds = _run(whole)
        points = np.sort(np.random.Generator(np.random.PCG64(3)).uniform(0, seconds, times))
        spent = 0.0
        for done, limit in enumerate(np.diff(points, prepend=0.0).tolist()):
            progress("killed", done, times)
            spent += _run(broken, limit)
        progress("gone on with")
        spent += _run(broken)
        made, again = _files(whole), _files(broken)
        if made != again:
            raise SegueError(f"weekly, {case}: {len(set(made.items()) ^ set(again.items()))} files are not the same")
        shown = _shown(broken)
        if shown != (listeners, listeners):
            raise SegueError(f"weekly, {case}: {shown[0]} impressions of {shown[1]} listeners, not of {listeners}")
    quality = {"killed": times, "files": len(made), "files not the same": 0, "impressions": shown[0]}
    return Row(
        case,
        round(listeners / seconds, 1),
        "listeners/s, start-up included",
        quality={**quality, "times as long when killed": round(spent / seconds, 2)},
    )


def _build(home: Path, listeners: int, tracks: int, mean: int) -> None:
    build(home, listeners, tracks, mean).sink.close()


def _run(home: Path, limit: float | None = None) -> float:
    """Run `segue weekly` in a process of its own; kill it after some seconds. Return how long it ran.

    Raises:
        SegueError: It failed by itself.
    """
    command = [sys.executable, "-c", SEGUE, "weekly", "--home", str(home), "--now", NOW.isoformat(), "--json"]
    began = perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        with suppress(subprocess.TimeoutExpired):
            _, told = process.communicate(timeout=limit)
        if process.returncode is None:
            process.kill()
        elif process.returncode:
            raise SegueError(f"segue weekly: {told.decode(errors='replace').strip()}")
    return perf_counter() - began


def _files(home: Path) -> dict[str, str]:
    """Return the digest of each file of the batches, by its place."""
    folder = home / "playlists" / NAME
    return {
        str(path.relative_to(folder)): hashlib.blake2b(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def _shown(home: Path) -> tuple[int, int]:
    """Return how many impressions there are, and of how many listeners."""
    door = Door.open(home / "events", ConsentConfig())
    shown = door.read(Purpose.MEASURE, ["event_id", "listener"], types=[EventType.IMPRESSION])
    return shown["event_id"].n_unique(), shown["listener"].n_unique()
