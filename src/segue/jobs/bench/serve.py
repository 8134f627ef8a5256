# SPDX-License-Identifier: Apache-2.0
"""Answers over HTTP, beside an empty FastAPI route under the same load."""

import asyncio
import atexit
import socket
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter, sleep
from urllib.parse import quote

import numpy as np

from segue.errors import SegueError
from segue.jobs import weekly
from segue.jobs.bench.duel import Contender, duel
from segue.jobs.bench.rows import Row, peer_name, ratio
from segue.jobs.bench.world import SEGUE, build
from segue.jobs.machine import Limits
from segue.jobs.progress import Progress, silent

__all__ = ["CASES", "PROTOCOL", "serve"]

PROTOCOL = (
    "a server process with one worker, asked over kept connections by a client on the same machine, each connection "
    "waiting for its answer before it asks again; beside it an empty FastAPI route on the same server; a ratio of 0.5 "
    "is half as many answers a second as the empty route"
)
CASES = (
    "radio from a track, 8 connections",
    "personal radio, 8 connections",
    "weekly that is kept, 8 connections",
)
_LISTENERS, _TRACKS, _MEAN = 5_000, 50_000, 60
_REQUESTS = 400
_TRIES = 240
_EMPTY = """
import sys, uvicorn
from fastapi import FastAPI
app = FastAPI()
@app.get("/empty")
async def empty():
    return {}
uvicorn.run(app, port=int(sys.argv[1]), log_level="error", access_log=False)
"""


def serve(case: str, scale: float, rounds: int, limits: Limits, progress: Progress = silent) -> Row:  # noqa: ARG001
    """Run one case.

    Raises:
        SegueError: An answer was not what was asked for.
    """
    kind = case.split(",")[0]
    connections = int(case.split()[-2])
    requests = max(round(_REQUESTS * min(scale * 10, 1)), 20)
    listeners, tracks = max(round(_LISTENERS * scale), 50), max(round(_TRACKS * scale), 400)
    sides: dict[str, Callable[[], Contender]] = {
        "ours": partial(_Ours, kind, listeners, tracks, requests, connections),
        "empty": partial(_Empty, requests, connections),
    }
    ours, peer = duel(sides, rounds, progress=progress).values()
    if ours.qualities[-1]["answered"] < 1:
        raise SegueError(
            f"serve, {case}: only {ours.qualities[-1]['answered']:.1%} of the requests were answered with 200"
        )
    return Row(
        case,
        round(requests / float(np.median(ours.seconds)), 1),
        "answers/s",
        round(requests / float(np.median(peer.seconds)), 1),
        f"{peer_name('fastapi')}, an empty route",
        ratio(ours.seconds, peer.seconds),
        quality={name: value for name, value in ours.qualities[-1].items() if name != "answered"},
        peak_mb=ours.qualities[-1]["server MB"],
    )


class _Side(ABC):
    """A server process, and a client that sends it rounds of requests."""

    def __init__(self, command: Sequence[str], ready: str, requests: int, connections: int):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.requests, self.connections = requests, connections
        self.seconds: list[float] = []
        self.answered = 0
        self.server = subprocess.Popen([*command, str(self.port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        atexit.register(self._stop)
        for _ in range(_TRIES):
            if self.server.poll() is not None:
                raise SegueError(f"serve: the server ended with exit code {self.server.returncode}")
            with suppress(OSError):
                if asyncio.run(self._ask([ready])) == 1:
                    break
            sleep(0.5)
        else:
            raise SegueError(f"serve: nobody answered {ready} in {_TRIES / 2:.0f} s; run `segue serve` to see why")
        asyncio.run(self._send(self.paths()[: requests // 4]))

    @abstractmethod
    def paths(self) -> list[str]:
        """Return what is asked for in a round."""

    def round(self) -> float:
        paths = self.paths()
        self.seconds.clear()
        began = perf_counter()
        self.answered = asyncio.run(self._send(paths))
        return perf_counter() - began

    def quality(self) -> Mapping[str, float]:
        """Return the share of requests that were answered, and how long they took, in milliseconds."""
        p50, p99 = np.quantile(self.seconds, [0.5, 0.99]) * 1000
        status = Path(f"/proc/{self.server.pid}/status").read_text("ascii").splitlines()
        peak = next(line.split()[1] for line in status if line.startswith("VmHWM"))
        return {
            "answered": self.answered / self.requests,
            "p50 ms": float(p50),
            "p99 ms": float(p99),
            "server MB": round(int(peak) * 1.024 / 1000),
        }

    def _stop(self) -> None:
        self.server.terminate()
        self.server.wait()

    async def _send(self, paths: Sequence[str]) -> int:
        shares = [paths[first :: self.connections] for first in range(self.connections)]
        return sum(await asyncio.gather(*(self._ask(share) for share in shares if share)))

    async def _ask(self, paths: Sequence[str]) -> int:
        """Ask for one path after the other over one connection; return how many were answered with 200."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        good = 0
        for path in paths:
            began = perf_counter()
            writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
            await reader.readexactly(length)
            self.seconds.append(perf_counter() - began)
            good += head.startswith("http/1.1 200")
        writer.close()
        return good


class _Ours(_Side):
    def __init__(self, kind: str, listeners: int, tracks: int, requests: int, connections: int):
        self._folder = tempfile.TemporaryDirectory(prefix="segue-bench-")
        home = Path(self._folder.name)
        world = build(home, listeners, tracks, _MEAN)
        if kind.startswith("weekly"):
            config = world.settings.weekly
            now = datetime.now(UTC)  # the server's week
            weekly.weekly(world.service, world.door, world.shelf, world.sink, world.listeners, config, now)
        self.kind = kind
        self.rng = np.random.Generator(np.random.PCG64(4))
        self.listeners = list(world.listeners)
        snapshot = world.service.snapshot()
        self.tracks = snapshot.catalog.tracks["track_id"].gather(np.flatnonzero(snapshot.learned)).to_list()
        command = [sys.executable, "-c", SEGUE, "serve", "--home", str(home), "--port"]
        super().__init__(command, "/readyz", requests, connections)

    def paths(self) -> list[str]:
        whom = [self.listeners[place] for place in self.rng.integers(0, len(self.listeners), self.requests)]
        if self.kind.startswith("weekly"):
            return [f"/v1/listeners/{quote(one)}/weekly" for one in whom]
        tracks = [self.tracks[place] for place in self.rng.integers(0, len(self.tracks), self.requests)]
        if self.kind.startswith("personal"):
            pairs = zip(tracks, whom, strict=True)
            return [f"/v1/radio?track={quote(track)}&listener={quote(one)}" for track, one in pairs]
        return [f"/v1/radio?track={quote(track)}" for track in tracks]


class _Empty(_Side):
    def __init__(self, requests: int, connections: int):
        super().__init__([sys.executable, "-c", _EMPTY], "/empty", requests, connections)

    def paths(self) -> list[str]:
        return ["/empty"] * self.requests
