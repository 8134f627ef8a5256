# SPDX-License-Identifier: Apache-2.0
from pathlib import Path
from threading import Event, Thread

import pytest

from segue.errors import Damaged, NotReady
from segue.kernels.ragged import Ragged
from segue.registry.current import Current
from segue.registry.snapshot import Pointer

from .homes import publish


def damage(home: Path, pointer: Pointer) -> None:
    path = home / "models" / "knn" / pointer.models["knn"] / "similarity.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_where_nothing_is_trained_nothing_is_ready(home: Path) -> None:
    current = Current(home)
    with pytest.raises(NotReady, match="segue train"):
        current()
    assert not current.refresh()


def test_a_snapshot_is_loaded_once(home: Path) -> None:
    pointer = publish(home)
    current = Current(home)
    assert current().id == pointer.id
    assert current() is current()
    assert not current.refresh()
    assert current.refused is None


def test_a_new_snapshot_serves_only_after_a_refresh(home: Path) -> None:
    first = publish(home)
    current = Current(home)
    kept = current()
    second = publish(home, 1)
    assert current().id == first.id
    assert current.refresh()
    assert current().id == second.id
    assert kept.id == first.id
    assert kept.models["knn"].model.recommend(Ragged.of([[0]]), Ragged.of([[0]]), 1)[0].tolist() == [[1]]


def test_a_refresh_before_the_first_call_loads_what_is_there(home: Path) -> None:
    pointer = publish(home)
    current = Current(home)
    assert current.refresh()
    assert current().id == pointer.id


def test_a_damaged_first_snapshot_is_refused(home: Path) -> None:
    damage(home, publish(home))
    with pytest.raises(Damaged, match="similarity.npy"):
        Current(home)()


def test_a_damaged_new_snapshot_is_refused_and_the_old_one_goes_on_serving(home: Path) -> None:
    first = publish(home)
    current = Current(home)
    current()
    damage(home, publish(home, 1))
    assert not current.refresh()
    assert current().id == first.id
    assert current.refused is not None
    assert "similarity.npy does not match its checksum" in current.refused
    assert not current.refresh()
    assert current.refused is not None


def test_a_damaged_pointer_is_refused_and_the_old_snapshot_goes_on_serving(home: Path) -> None:
    first = publish(home)
    current = Current(home)
    current()
    for content in ("{", "{}", "[]"):
        (home / "snapshot").write_text(content)
        assert not current.refresh()
        assert current().id == first.id
        assert current.refused is not None


def test_a_whole_snapshot_after_a_damaged_one_serves_again(home: Path) -> None:
    publish(home)
    current = Current(home)
    current()
    damage(home, publish(home, 1))
    current.refresh()
    third = publish(home, 2)
    assert current.refresh()
    assert (current().id, current.refused) == (third.id, None)


def test_answers_go_on_while_snapshots_are_swapped(home: Path) -> None:
    publish(home)
    current = Current(home)
    done = Event()
    errors: list[BaseException] = []
    seen: list[set[str]] = [set() for _ in range(4)]

    def answer(mine: set[str]) -> None:
        try:
            while not done.wait(0.001):  # leaves the publisher some time
                snapshot = current()
                items, _ = snapshot.models["knn"].model.recommend(Ragged.of([[0]]), Ragged.of([[0]]), 2)
                assert snapshot.models["knn"].numbers[items].tolist() == [[2, 1]]
                mine.add(snapshot.id)
        except BaseException as error:
            errors.append(error)

    threads = [Thread(target=answer, args=(mine,)) for mine in seen]
    for thread in threads:
        thread.start()
    for days in range(1, 5):
        newest = publish(home, days).id
        assert current.refresh()
    done.set()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(set().union(*seen)) > 1
    assert current().id == newest
