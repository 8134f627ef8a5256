# SPDX-License-Identifier: Apache-2.0
"""A server killed under load: no acknowledged event is lost, and none is doubled."""

import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from random import Random
from threading import Event
from time import monotonic, sleep
from typing import Any

import httpx

from segue.events.compaction import compact
from segue.events.reader import Reader
from segue.workspace import Workspace

from .killing import assert_it_opens_and_is_well, drawn, started

KILLS = 10
CLIENTS = 4


class Client:
    """Sends batches, one after the other; what was not acknowledged it sends again, as a player would."""

    def __init__(self, name: str, address: str, random: Random):
        self.acknowledged: set[str] = set()
        self.unacknowledged: list[dict[str, Any]] = []
        self._name, self._address, self._random = name, address, random
        self._ids = count()

    def load(self, stop: Event) -> None:
        """Send until the server is gone."""
        with httpx.Client(base_url=self._address, timeout=10) as http:
            while not stop.is_set():
                self.unacknowledged = self.unacknowledged or self._batch()
                if not self.send(http):
                    return

    def finish(self) -> None:
        """Send what is not acknowledged yet."""
        with httpx.Client(base_url=self._address, timeout=10) as http:
            assert not self.unacknowledged or self.send(http)

    def send(self, http: httpx.Client) -> bool:
        """Send the batch at hand, and say whether it was acknowledged."""
        try:
            answer = http.post("/v1/events", json={"events": self.unacknowledged})
        except httpx.TransportError:
            return False
        receipt = answer.raise_for_status().json()
        assert receipt["accepted"] + receipt["duplicates"] == len(self.unacknowledged)
        self.acknowledged.update(event["event_id"] for event in self.unacknowledged)
        self.unacknowledged = []
        return True

    def _batch(self) -> list[dict[str, Any]]:
        return [
            {
                "event_id": f"{self._name}-{next(self._ids)}",
                "type": "play",
                "listener": self._name,
                "track": "t",
                "occurred_at": f"2026-03-0{self._random.randint(1, 3)}T12:00:00Z",
            }
            for _ in range(self._random.randint(1, 20))
        ]


@contextmanager
def serving(home: Path, port: int, output: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Give a server that answers; it is killed when the block ends."""
    with output.open("ab") as log:
        process = started("serve", "--home", home, "--port", str(port), log=log)
    try:
        until = monotonic() + 60
        while True:
            assert process.poll() is None, output.read_text()
            assert monotonic() < until, f"no answer in a minute\n{output.read_text()}"
            try:
                httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=2).raise_for_status()
                break
            except httpx.TransportError:
                sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_server_killed_ten_times_under_load_loses_no_acknowledged_event_and_doubles_none(tmp_path: Path) -> None:
    random = drawn()
    home, output, port = tmp_path / "home", tmp_path / "output", free_port()
    Workspace.open(home, create=True)
    address = f"http://127.0.0.1:{port}"
    clients = [Client(f"client{number}", address, Random(random.random())) for number in range(CLIENTS)]
    lost_answers = 0
    for number in range(KILLS):
        stop = Event()
        with ThreadPoolExecutor(CLIENTS) as pool, serving(home, port, output) as server:
            loads = [pool.submit(client.load, stop) for client in clients]
            sleep(random.uniform(0.3, 1.5))
            if number % 2:
                compact(home / "events")
            server.kill()
            assert server.wait() == -9, output.read_text()
            stop.set()
            for load in loads:
                load.result()
        lost_answers += sum(bool(client.unacknowledged) for client in clients)
        assert_it_opens_and_is_well(home)
        ids = Reader(home / "events").read(["event_id"])["event_id"].to_list()
        assert len(ids) == len(set(ids))
        assert set().union(*(client.acknowledged for client in clients)) <= set(ids)
    assert lost_answers, "no kill fell into a request"
    with serving(home, port, output):
        for client in clients:
            client.finish()
    events = Reader(home / "events").read(["event_id", "position"])
    acknowledged = set().union(*(client.acknowledged for client in clients))
    assert sorted(events["event_id"]) == sorted(acknowledged)
    assert events["position"].to_list() == list(range(1, len(acknowledged) + 1))
