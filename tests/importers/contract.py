# SPDX-License-Identifier: Apache-2.0
"""What every importer promises, whatever it reads."""

import gzip
import tracemalloc
from pathlib import Path
from random import Random

import polars as pl
import pytest

from segue.errors import BadInput, TooLarge
from segue.importers.batch import Importer
from segue.importers.records import RECORD_LIMIT

from .reading import take, zipped


class ImporterContract:
    """A test class of an importer inherits this and says how to build it and how to write a source for it."""

    file: str
    """Name of the file that holds the rows."""
    start: bytes
    """What stands in that file before its first row."""
    row_start: bytes
    """What the beginning of a row that never ends looks like."""
    tail = b"\xff\xfe\n"
    """What, written after the last row, is no row."""
    one_batch = 25_000
    """Rows that do not fit in one batch."""

    def build(self) -> Importer:
        raise NotImplementedError

    def write(self, folder: Path, rows: int) -> None:
        """Write a source of so many rows, every one taken, into a folder."""
        raise NotImplementedError

    def source(self, folder: Path, rows: int) -> Path:
        """Write a source and return what to read: the folder, or the file where it has one."""
        folder.mkdir(exist_ok=True)
        self.write(folder, rows)
        return folder if len(list(folder.iterdir())) > 1 else folder / self.file

    def test_every_row_is_an_event_and_every_event_has_a_known_track(self, tmp_path: Path) -> None:
        taken = take(self.build(), self.source(tmp_path / "source", 50))
        assert taken.rows == taken.events.height == 50
        assert not taken.dropped
        assert taken.events["event_id"].n_unique() == 50
        assert set(taken.events["source"]) == {self.build().name}
        played = pl.concat([taken.events["track"].drop_nulls(), taken.events["tracks"].explode().drop_nulls()])
        assert set(played) <= set(taken.tracks["track_id"])
        assert taken.tracks["title"].null_count() == 0

    def test_reading_twice_gives_equal_ids(self, tmp_path: Path) -> None:
        path = self.source(tmp_path / "source", 50)
        first, second = take(self.build(), path), take(self.build(), path)
        assert first.events.equals(second.events)
        assert first.tracks.equals(second.tracks)

    def test_a_zip_and_a_folder_give_the_ids_of_the_file(self, tmp_path: Path) -> None:
        path = self.source(tmp_path / "source", 50)
        archive = zipped(
            tmp_path / "a.zip", {f"deep/{p.name}": p.read_bytes() for p in (tmp_path / "source").iterdir()}
        )
        plain = take(self.build(), path)
        for packed in (take(self.build(), archive), take(self.build(), tmp_path / "source")):
            assert plain.events["event_id"].equals(packed.events["event_id"])
            assert plain.tracks.equals(packed.tracks)

    def test_the_first_batch_comes_before_the_last_row_is_read(self, tmp_path: Path) -> None:
        path = self.source(tmp_path / "source", self.one_batch)
        with (tmp_path / "source" / self.file).open("ab") as file:
            file.write(self.tail)
        seen = 0
        with pytest.raises(BadInput, match=self.file):
            for batch in self.build().read(path):
                seen += batch.rows
        assert seen > 0

    def test_a_zip_that_was_cut_short_is_refused_by_its_name(self, tmp_path: Path) -> None:
        self.source(tmp_path / "source", 50)
        whole = zipped(
            tmp_path / "w.zip", {p.name: p.read_bytes() for p in (tmp_path / "source").iterdir()}
        ).read_bytes()
        (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
        with pytest.raises(BadInput, match=r"cut\.zip"):
            take(self.build(), tmp_path / "cut.zip")

    def test_a_gzip_that_was_cut_short_is_refused_by_its_name(self, tmp_path: Path) -> None:
        self.source(tmp_path / "source", 50)
        plain = tmp_path / "source" / self.file
        whole = gzip.compress(plain.read_bytes())
        plain.unlink()
        packed = tmp_path / "source" / f"{self.file}.gz"
        packed.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(BadInput, match=rf"{self.file}\.gz is damaged or was cut short"):
            take(self.build(), tmp_path / "source")

    def test_bytes_that_are_no_zip_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "history.zip").write_bytes(b"<html>please log in</html>")
        with pytest.raises(BadInput, match=r"history\.zip is no zip"):
            take(self.build(), tmp_path / "history.zip")

    def test_an_archive_without_such_files_is_refused(self, tmp_path: Path) -> None:
        path = zipped(tmp_path / "holiday.zip", {"beach.png": b"\x89PNG"})
        with pytest.raises(BadInput, match=r"holiday\.zip holds no"):
            take(self.build(), path)

    def test_an_empty_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / self.file).touch()
        with pytest.raises(BadInput, match=self.file):
            take(self.build(), tmp_path / self.file)

    def test_a_file_that_is_not_there_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="nowhere"):
            take(self.build(), tmp_path / "nowhere")

    def test_bytes_that_are_not_utf_8_are_refused_by_their_file(self, tmp_path: Path) -> None:
        path = self.source(tmp_path / "source", 3)
        file = tmp_path / "source" / self.file
        file.write_bytes(file.read_bytes()[:-20] + b"\xe9\xff" * 20)
        with pytest.raises(BadInput, match=self.file):
            take(self.build(), path)

    def test_bytes_changed_at_random_are_read_or_refused_and_never_crash(self, tmp_path: Path) -> None:
        path = self.source(tmp_path / "source", 3)
        file = tmp_path / "source" / self.file
        whole = file.read_bytes()
        chance = Random(20240301)
        for _ in range(100):
            changed = bytearray(whole)
            for _ in range(chance.choice([1, 2, 8])):
                changed[chance.randrange(len(changed))] = chance.choice([chance.randrange(256), *b'",;-.9\n\t{}[]'])
            file.write_bytes(changed)
            try:
                take(self.build(), path)
            except (BadInput, TooLarge) as refusal:
                assert self.file in str(refusal)

    def test_a_row_without_end_is_refused_unread(self, tmp_path: Path) -> None:
        path = self.source(tmp_path / "source", 3)
        with (tmp_path / "source" / self.file).open("wb") as file:
            file.write(self.start + self.row_start)
            for _ in range(12):
                file.write(b"x" * RECORD_LIMIT)
        tracemalloc.start()
        try:
            with pytest.raises((TooLarge, BadInput), match=self.file):
                take(self.build(), path)
            assert tracemalloc.get_traced_memory()[1] < 8 * RECORD_LIMIT
        finally:
            tracemalloc.stop()
