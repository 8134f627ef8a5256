# SPDX-License-Identifier: Apache-2.0
import polars as pl

from segue.importers.batch import Occurrences


def rows(*words: str | None) -> pl.DataFrame:
    return pl.DataFrame({"word": pl.Series(words, dtype=pl.String), "number": pl.Series([1] * len(words))})


def test_equal_rows_of_one_import_are_several_events() -> None:
    occurrences = Occurrences("here")
    ids = [*occurrences.ids(rows("a", "b", "a")), *occurrences.ids(rows("a", None, ""))]
    assert len(set(ids)) == 6


def test_the_same_rows_get_the_same_ids_however_they_are_batched() -> None:
    words = ["a", "b", "a", "a", "c"] * 20
    whole = Occurrences("here").ids(rows(*words)).to_list()
    parts = Occurrences("here")
    assert [one for word in words for one in parts.ids(rows(word))] == whole


def test_two_sources_share_no_ids() -> None:
    assert Occurrences("here").ids(rows("a"))[0] != Occurrences("there").ids(rows("a"))[0]
