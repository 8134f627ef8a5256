# SPDX-License-Identifier: Apache-2.0
"""The weekly playlist of everyone: the whole job, from the log to Parquet, and how its time grows."""

import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np

from segue.jobs import weekly as job
from segue.jobs.bench.duel import duel
from segue.jobs.bench.rows import Row
from segue.jobs.bench.world import NOW, build
from segue.jobs.machine import Limits
from segue.jobs.progress import Progress, silent
from segue.types import Rung

__all__ = ["CASES", "PROTOCOL", "growth", "weekly"]

PROTOCOL = (
    "simulated plays of a week, 60 tracks a listener, written to the log and trained on; the job makes 30 tracks "
    "for everyone: reading histories, ALS, neighbours and popularity as sources, blend, cap, diversity, sequencing, "
    "reasons, Parquet and impressions; one share of GEMM counts only ALS' products"
)
_MEAN = 60
_HEADLINE = (100_000, 50_000)
CASES = tuple(
    f"{listeners:,} listeners, {tracks:,} tracks"
    for listeners, tracks in (
        _HEADLINE,
        (10_000, 50_000),
        (1_000_000, 50_000),
        (20_000, 10_000),
        (20_000, 100_000),
        (20_000, 1_000_000),
    )
)
_READS = 1000


def weekly(case: str, scale: float, rounds: int, limits: Limits, progress: Progress = silent) -> Row:
    """Run one case."""
    words = case.replace(",", "").split()
    listeners, tracks = max(round(int(words[0]) * scale), 100), max(round(int(words[2]) * scale), 400)
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
    made = []
    for axis, words in ((0, "listeners"), (2, "tracks")):
        sizes = [[int(row.case.replace(",", "").split()[at]) for at in (0, 2)] for row in rows]
        fixed = [size[1 if axis == 0 else 0] for size in sizes]
        alike = [place for place, one in enumerate(fixed) if fixed.count(one) >= 2]
        across = [(sizes[place][axis // 2], sizes[place][0] / rows[place].ours) for place in alike]
        if len({size for size, _ in across}) < 2:
            continue
        logs = np.log(np.array(across))
        exponent = float(np.polyfit(logs[:, 0], logs[:, 1], 1)[0])
        sized = ", ".join(f"{size:,}" for size, _ in sorted(across))
        made.append(Row(f"growth with {words} ({sized})", round(exponent, 3), "exponent of time"))
    return made


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
