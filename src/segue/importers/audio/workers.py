# SPDX-License-Identifier: Apache-2.0
"""Several processes that read music files side by side; one that dies takes a single file with it."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from queue import LifoQueue
from threading import Lock
from typing import Any

from segue.errors import BadInput, NotReady

__all__ = ["Workers"]

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Workers:
    """Up to `count` processes of `worker`, begun when they are first needed. `ask` may be called from many threads."""

    def __init__(self, count: int):
        self._idle: LifoQueue[subprocess.Popen[str] | None] = LifoQueue()
        for _ in range(count):
            self._idle.put(None)
        self._begun: set[subprocess.Popen[str]] = set()
        self._closed = False
        self._lock = Lock()

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return a worker's answer, waiting for one that is free.

        Raises:
            BadInput: The file cannot be read, or the process died over it. The message is a reason; it names no file.
            NotReady: No process starts.
        """
        process = self._idle.get()
        try:
            process = process or self._begin()
            answer = _exchanged(process, request)
            if answer is None:
                self._end(process)
                process = None
                raise BadInput("its decoder crashed")
        finally:
            self._idle.put(process)
        if "refused" in answer:
            raise BadInput(answer["refused"])
        return answer

    def close(self) -> None:
        """End every process, at work or not."""
        with self._lock:
            self._closed = True
            begun = list(self._begun)
        for process in begun:
            self._end(process)

    def _begin(self) -> "subprocess.Popen[str]":
        command = [sys.executable, "-P", "-m", "segue.importers.audio.worker"]
        alone = {**os.environ, **dict.fromkeys(_ONE_THREAD, "1")}
        with self._lock:
            if self._closed:
                raise BadInput("stopped")
            pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
            process = subprocess.Popen(command, text=True, env=alone, **pipes)
            self._begun.add(process)
        assert process.stdout
        if not process.stdout.readline():
            self._end(process)
            raise NotReady(f"no process to read music files starts; `{' '.join(command)}` says why")
        return process

    def _end(self, process: "subprocess.Popen[str]") -> None:
        process.kill()
        process.wait()
        with self._lock:
            self._begun.discard(process)
        for pipe in (process.stdin, process.stdout):
            assert pipe
            with suppress(OSError):
                pipe.close()


def _exchanged(process: "subprocess.Popen[str]", request: dict[str, Any]) -> dict[str, Any] | None:
    """Send a request and wait for the answer; None where the process died."""
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
    except (OSError, ValueError):
        return None
    return json.loads(line) if line.endswith("\n") else None
