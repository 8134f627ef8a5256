# SPDX-License-Identifier: Apache-2.0
"""Kernel locks on files: one writer at a time, released by the death of its process. Readers never lock."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segue.errors import Busy

__all__ = ["exclusive"]


@contextmanager
def exclusive(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock file for the block; the process id inside it is for people to read.

    Raises:
        Busy: Another process holds it and `wait` is false.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            file.seek(0)
            raise Busy(f"{path.stem} is in use by process {file.read().strip() or 'unknown'}; try again") from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
