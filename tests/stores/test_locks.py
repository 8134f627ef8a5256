# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

from segue.errors import Busy
from segue.stores.locks import exclusive

_HOLDER = """
import sys
from pathlib import Path
from segue.stores.locks import exclusive
with exclusive(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_elsewhere(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold the lock for the block."""
    command = [sys.executable, "-c", _HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        holder.stdin.close()


def test_a_lock_of_another_process_is_busy_and_names_it(tmp_path: Path) -> None:
    lock = tmp_path / "here" / "train.lock"
    with held_elsewhere(lock) as holder:
        with (
            pytest.raises(Busy, match=f"train is in use by process {holder.pid}; try again"),
            exclusive(lock, wait=False),
        ):
            pass
        assert lock.read_text() == str(holder.pid), "who asks in vain leaves the holder's name"


def test_a_lock_is_free_once_its_holder_ends(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path / "lock"):
        pass
    with exclusive(tmp_path / "lock", wait=False):
        pass


def test_a_lock_is_free_once_its_holder_is_killed(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path / "lock") as holder:
        holder.kill()
        holder.wait()
        with exclusive(tmp_path / "lock", wait=False):
            pass


def test_waiting_takes_the_lock_as_soon_as_it_is_free(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool, held_elsewhere(tmp_path / "lock") as holder:

        def take() -> float:
            with exclusive(tmp_path / "lock"):
                return monotonic()

        taken = pool.submit(take)
        sleep(0.2)
        assert not taken.done()
        freed = monotonic()
        holder.kill()
        assert taken.result(timeout=10) >= freed


def test_a_lock_is_free_after_an_error_in_its_block(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), exclusive(tmp_path / "lock"):
        raise ZeroDivisionError
    with exclusive(tmp_path / "lock", wait=False):
        pass


def test_threads_of_one_process_take_turns(tmp_path: Path) -> None:
    inside: list[int] = []

    def enter(number: int) -> bool:
        with exclusive(tmp_path / "lock"):
            inside.append(number)
            sleep(0.005)
            alone = inside == [number]
            inside.remove(number)
            return alone

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(enter, range(24)))
