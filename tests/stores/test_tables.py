# SPDX-License-Identifier: Apache-2.0
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl

from segue.stores.tables import ListenerTable

TABLE = pl.DataFrame({"listener": ["ann", "bob", "cid", None], "number": [1, 2, 3, 4]})


def test_who_is_forgotten_is_gone_and_nobodys_row_stays(tmp_path: Path) -> None:
    table = ListenerTable(tmp_path / "own" / "table.parquet")
    table.forget(["ann"])
    assert not table.path.exists()
    table.keep(TABLE)
    table.forget(["ann", "nobody"])
    assert pl.read_parquet(table.path)["listener"].to_list() == ["bob", "cid", None]
    table.keep(None)
    assert not table.path.exists()


def test_forgetting_many_at_once_puts_nobody_back(tmp_path: Path) -> None:
    table = ListenerTable(tmp_path / "table.parquet")
    names = [f"listener {number}" for number in range(60)]
    table.keep(pl.DataFrame({"listener": [*names, "ann"], "number": range(61)}))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: table.forget([name]), names))
    assert pl.read_parquet(table.path)["listener"].to_list() == ["ann"]


def test_a_file_that_cannot_be_read_may_hold_them_and_is_removed(tmp_path: Path) -> None:
    table = ListenerTable(tmp_path / "table.parquet")
    table.path.write_bytes(b"PAR1, but no more")
    table.forget(["ann"])
    assert not table.path.exists()
