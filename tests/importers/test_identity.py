# SPDX-License-Identifier: Apache-2.0
import polars as pl

from segue.importers.identity import named


def ids(*pairs: tuple[str | None, str | None]) -> list[str | None]:
    artists, titles = zip(*pairs, strict=True)
    return named(pl.Series(artists, dtype=pl.String), pl.Series(titles, dtype=pl.String)).to_list()


def test_two_spellings_of_one_recording_share_an_id() -> None:
    assert ids(("The Harbours", "Low Tide"), ("harbours", "Low Tide - 2011 Remaster")) == ["name:harbours/low tide"] * 2


def test_half_a_name_gives_no_id() -> None:
    assert ids(("The Harbours", None), (None, "Low Tide"), (None, None)) == [None, None, None]


def test_long_names_give_short_ids_that_differ() -> None:
    first, second = ids(("a" * 600, "b"), ("a" * 600, "c"))
    assert first is not None
    assert first.startswith("name:#")
    assert len(first) < 64
    assert first != second
