# SPDX-License-Identifier: Apache-2.0
"""The weekly playlist of everyone: the whole job, from the log to Parquet, and how its time grows."""

import re
import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np

from segue.jobs import weekly as job
from segue.jobs.bench.duel import duel
from segue.jobs.bench.killed import killed
from segue.jobs.bench.rows import Row
from segue.jobs.bench.world import NOW, build
from segue.jobs.machine import Limits
from segue.jobs.progress import Progress, silent
from segue.types import Rung

__all__ = ["CASES", "PROTOCOL", "growth", "weekly"]

PROTOCOL = (
    "simulated plays of a week, 60 tracks a listener, written to the log and trained on; the job makes 30 tracks "
    "for everyone: reading histories, ALS, neighbours and popularity as sources, blend, cap, diversity, sequencing, "
    "reasons, Parquet and impressions; the share of GEMM counts only ALS' products. A million listeners have one round"
)
_MEAN = 60
_HEADLINE = (100_000, 50_000)
_SIZES = (_HEADLINE, (10_000, 50_000), (1_000_000, 50_000), (20_000, 10_000), (20_000, 100_000), (20_000, 1_000_000))
_TIMES = 5
CASES = (
    *(f"{listeners:,} listeners, {tracks:,} tracks" for listeners, tracks in _SIZES),
    f"killed {_TIMES} times: {_HEADLINE[0]:,} listeners, {_HEADLINE[1]:,} tracks",
)
_READS = 1000
_MOST = 1_000_000
"""Playlists in all rounds: the largest case has one round."""


def weekly(case: str, scale: float, rounds: int, limits: Limits, progress: Progress = silent) -> Row:
    """Run one case."""
    sizes = _sizes(case)
    listeners, tracks = max(round(sizes[0] * scale), 100), max(round(sizes[1] * scale), 400)
    if case.startswith("killed"):
        return killed(case, listeners, tracks, _MEAN, _TIMES, progress)
    rounds = min(rounds, max(_MOST // listeners, 1))
    (ours,) = duel({"ours": partial(_Ours, listeners, tracks)}, rounds, progress=progress).values()
    seconds = float(np.median(ours.seconds))
    quality = ours.qualities[-1]
    operations = 2 * listeners * quality["items"] * quality["factors"]
    return Row(
        case,
        round(listeners / seconds, 1),
        "listeners/s",
        limit_fraction=round(operations / seconds / 1e9 / limits["gflops"], 3),
        quality=quality,
        peak_mb=ours.peak_mb,
    )


def growth(rows: Sequence[Row]) -> list[Row]:
    """Return how the job's time grows: the exponents of listeners and of tracks, fitted to the logarithms."""
    rows = [row for row in rows if not row.case.startswith("killed")]
    sizes = [_sizes(row.case) for row in rows]
    made = []
    for axis, words in enumerate(("listeners", "tracks")):
        fixed = [size[1 - axis] for size in sizes]
        across = sorted(
            (size[axis], size[0] / row.ours)
            for size, other, row in zip(sizes, fixed, rows, strict=True)
            if fixed.count(other) >= 2
        )
        if len({size for size, _ in across}) < 2:
            continue
        logs = np.log(np.array(across))
        exponent = float(np.polyfit(logs[:, 0], logs[:, 1], 1)[0])
        sized = ", ".join(f"{size:,}" for size, _ in across)
        made.append(Row(f"growth with {words} ({sized})", round(exponent, 3), "exponent of time"))
    return made


def _sizes(case: str) -> tuple[int, int]:
    """Return how many listeners and tracks a case has."""
    listeners, tracks = re.findall(r"([\d,]+) (?:listeners|tracks)", case)
    return int(listeners.replace(",", "")), int(tracks.replace(",", ""))


class _Ours:
    def __init__(self, listeners: int, tracks: int):
        self._folder = tempfile.TemporaryDirectory(prefix="segue-bench-")
        self.world = build(Path(self._folder.name), listeners, tracks, _MEAN)
        self.now = NOW
        self._make(dict.fromkeys(list(self.world.listeners)[:64]))  # loads the models and compiles
        self.made: job.Week | None = None

    def round(self) -> float:
        self.now += timedelta(hours=1)
        began = perf_counter()
        self.made = self._make(self.world.listeners)
        return perf_counter() - began

    def quality(self) -> Mapping[str, float]:
        """Return what was made, and how long reading one playlist takes, in milliseconds."""
        assert self.made is not None
        week = job.monday(self.now, None, "UTC").isoformat()
        whom = list(self.world.listeners)
        rng = np.random.Generator(np.random.PCG64(2))
        reads = []
        for place in rng.integers(0, len(whom), _READS).tolist():
            began = perf_counter()
            assert self.world.shelf.edition(whom[place], job.NAME, week) is not None
            reads.append(perf_counter() - began)
        vectors, _ = self.world.service.snapshot().space
        return {
            "tracks a listener": self.made.tracks / self.made.made,
            "personal": self.made.rungs[Rung.PERSONAL] / self.made.made,
            "read ms": float(np.median(reads)) * 1000,
            "read ms, of 100 the slowest": float(np.quantile(reads, 0.99)) * 1000,
            "items": len(vectors),
            "factors": vectors.shape[1],
        }

    def _make(self, listeners: Mapping[str, str | None]) -> job.Week:
        one = self.world
        return job.weekly(
            one.service, one.door, one.shelf, one.sink, listeners, one.settings.weekly, self.now, again=True
        )
