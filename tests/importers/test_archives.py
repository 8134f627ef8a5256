# SPDX-License-Identifier: Apache-2.0
import gzip
from pathlib import Path

import pytest

from segue.errors import BadInput
from segue.importers import archives

from .reading import zipped


def contents(path: Path) -> dict[str, bytes]:
    found = {}
    with archives.opened(path) as members:
        for member in members:
            with member.open() as stream:
                found[member.name] = stream.read()
    return found


def test_a_file_a_gzip_a_zip_and_a_folder_are_streams_by_name(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "b.json").write_bytes(b"two")
    (tmp_path / "f" / "a.json.gz").write_bytes(gzip.compress(b"one"))
    both = {"a.json": b"one", "b.json": b"two"}
    assert contents(tmp_path / "f" / "b.json") == {"b.json": b"two"}
    assert contents(tmp_path / "f" / "a.json.gz") == {"a.json": b"one"}
    assert contents(tmp_path / "f") == both
    assert contents(zipped(tmp_path / "z.zip", {"b.json": b"two", "a.json.gz": gzip.compress(b"one")})) == both


def test_files_come_in_the_order_of_their_names_and_hidden_ones_do_not(tmp_path: Path) -> None:
    path = zipped(tmp_path / "z.zip", {"c": b"", "__MACOSX/._c": b"", "a/x": b"", "b/.DS_Store": b""})
    assert list(contents(path)) == ["a/x", "c"]


def test_a_damaged_member_is_refused_with_its_zip_and_name(tmp_path: Path) -> None:
    path = zipped(tmp_path / "z.zip", {"a.json": b"words " * 1000})
    whole = bytearray(path.read_bytes())
    whole[45] ^= 0xFF
    path.write_bytes(whole)
    with pytest.raises(BadInput, match=r"z\.zip/a\.json is damaged or was cut short"):
        contents(path)


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "z.zip", {"a.json": b"words"})
    whole = bytearray(path.read_bytes())
    whole[6] |= 1
    whole[whole.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(whole)
    with pytest.raises(BadInput, match=r"z\.zip/a\.json .*encrypted"):
        contents(path)


def test_a_gzip_of_nothing_is_empty(tmp_path: Path) -> None:
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(b""))
    with pytest.raises(BadInput, match=r"a\.json\.gz is empty"):
        contents(tmp_path / "a.json.gz")
