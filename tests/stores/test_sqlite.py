# SPDX-License-Identifier: Apache-2.0
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest

from segue.stores.sqlite import connect, transaction

TABLES = "CREATE TABLE counts (value INTEGER NOT NULL); INSERT INTO counts VALUES (0)"
READ = "SELECT value FROM counts"


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "a.sqlite", TABLES)) as connection:
        with pytest.raises(ZeroDivisionError), transaction(connection):
            connection.execute("UPDATE counts SET value = 7")
            raise ZeroDivisionError
        assert connection.execute(READ).fetchone() == (0,)


def test_a_file_that_may_not_grow_says_so_and_goes_on_once_it_may(tmp_path: Path) -> None:
    insert = "CREATE TABLE large AS SELECT zeroblob(1000000) AS value"
    with closing(connect(tmp_path / "a.sqlite", TABLES)) as connection:
        connection.execute("PRAGMA max_page_count = 20")
        with pytest.raises(sqlite3.OperationalError, match="full"), transaction(connection):
            connection.execute(insert)
        connection.execute("PRAGMA max_page_count = 1000000")
        with transaction(connection):
            connection.execute(insert)
        assert connection.execute("SELECT count(*) FROM large").fetchone() == (1,)


def test_a_commit_reaches_the_disk_before_it_returns_and_what_is_deleted_is_overwritten(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "a.sqlite", TABLES)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert connection.execute("PRAGMA secure_delete").fetchone() == (1,)


def test_many_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    together = Barrier(8)

    def opened(path: Path) -> str:
        together.wait()
        try:
            with closing(connect(path, TABLES)) as connection:
                return str(connection.execute(READ).fetchone())
        except sqlite3.OperationalError as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        for number in range(60):
            assert set(pool.map(opened, [tmp_path / str(number) / "a.sqlite"] * 8)) == {"(0,)"}
