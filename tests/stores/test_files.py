# SPDX-License-Identifier: Apache-2.0
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import Damaged
from segue.stores import files


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_with_the_folders_it_needs(tmp_path: Path) -> None:
    files.write_bytes(tmp_path / "a" / "b" / "file", b"new")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"new"


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    for content in (b"old", b"new"):
        files.write_bytes(tmp_path / "file", content)
    assert (tmp_path / "file").read_bytes() == b"new"
    assert listing(tmp_path) == ["file"]


def test_a_writer_that_fails_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    def write(aside: Path) -> None:
        aside.write_bytes(b"half of it")
        raise RuntimeError("the rest is missing")

    files.write_bytes(tmp_path / "file", b"old")
    with pytest.raises(RuntimeError, match="the rest is missing"):
        files.write_with(tmp_path / "file", write)
    assert (tmp_path / "file").read_bytes() == b"old"
    assert listing(tmp_path) == ["file"]


def test_a_writer_that_fails_makes_no_new_file(tmp_path: Path) -> None:
    def write(aside: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        files.write_with(tmp_path / "file", write)
    assert listing(tmp_path) == []


def test_the_old_file_is_whole_until_the_new_one_is(tmp_path: Path) -> None:
    files.write_bytes(tmp_path / "file", b"old")

    def write(aside: Path) -> None:
        aside.write_bytes(b"ne")
        assert (tmp_path / "file").read_bytes() == b"old"
        aside.write_bytes(b"new")

    files.write_with(tmp_path / "file", write)
    assert (tmp_path / "file").read_bytes() == b"new"


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(_json)
def test_json_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    path = tmp_path_factory.getbasetemp() / "value.json"
    files.write_json(path, value)
    assert files.read_json(path) == value


def test_json_is_written_the_same_whatever_the_order_of_keys(tmp_path: Path) -> None:
    files.write_json(tmp_path / "one", {"a": 1, "b": 2})
    files.write_json(tmp_path / "other", {"b": 2, "a": 1})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


@pytest.mark.parametrize("content", [b"", b'{"half": ', b"\xff\xfe\x00", b"not json"])
def test_a_file_that_is_no_json_is_named_as_damage(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "torn.json").write_bytes(content)
    with pytest.raises(Damaged, match=r"torn\.json is not readable JSON .*restore it from a backup"):
        files.read_json(tmp_path / "torn.json")


def test_json_that_is_not_there_is_not_damage(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        files.read_json(tmp_path / "absent.json")


def test_a_new_folder_appears_whole(tmp_path: Path) -> None:
    with files.new_folder(tmp_path / "in" / "version") as aside:
        (aside / "one").write_bytes(b"1")
        (aside / "two").write_bytes(b"2")
        assert not (tmp_path / "in" / "version").exists()
    assert listing(tmp_path / "in") == ["version"]
    assert listing(tmp_path / "in" / "version") == ["one", "two"]


def test_a_folder_that_is_not_finished_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), files.new_folder(tmp_path / "version") as aside:
        (aside / "one").write_bytes(b"1")
        raise RuntimeError
    assert listing(tmp_path) == []


def test_a_folder_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    with files.new_folder(tmp_path / "version") as aside:
        (aside / "file").write_bytes(b"first")
    with pytest.raises(OSError), files.new_folder(tmp_path / "version") as aside:
        (aside / "file").write_bytes(b"second")
    assert (tmp_path / "version" / "file").read_bytes() == b"first"
    assert listing(tmp_path) == ["version"]


@pytest.mark.parametrize("size", [0, 1, (1 << 20) + 1])
def test_a_checksum_is_the_sha_256_of_the_content(tmp_path: Path, size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    (tmp_path / "file").write_bytes(content[:size])
    assert files.checksum(tmp_path / "file") == hashlib.sha256(content[:size]).hexdigest()
