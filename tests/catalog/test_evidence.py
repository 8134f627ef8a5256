# SPDX-License-Identifier: Apache-2.0
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from segue.catalog import store
from segue.catalog.evidence import UNDATED, Evidence, evidence


def known(folder: Path, *tracks: dict[str, Any]) -> Evidence:
    rows = [{"track_id": f"t{number}", "title": f"Song {number}", "artist_name": "X"} | row
            for number, row in enumerate(tracks)]  # fmt: skip
    schema = {"release_date": pl.Date, "genres": pl.List(pl.String)}
    store.extend(folder, pl.DataFrame(rows, schema_overrides=schema))
    return evidence(store.load(folder))


def test_a_recording_came_out_when_its_first_edition_did(tmp_path: Path) -> None:
    day = date(1999, 5, 1)
    again = {"title": "Song 0 (2011 Remaster)", "release_date": date(2011, 1, 1)}
    told = known(tmp_path, {"release_date": day}, again, {"title": "Song 0", "release_date": None}, {})
    since = (day - date(1970, 1, 1)).days
    assert told.released.tolist() == [since, since, since, UNDATED]


def test_a_recording_is_of_the_genres_of_all_its_editions(tmp_path: Path) -> None:
    told = known(tmp_path, {"genres": ["Rock", "Folk"]}, {"title": "Song 0", "genres": ["rock", "jazz"]}, {})
    first, same, unknown = (told.genres.row(number).tolist() for number in range(3))
    assert (first, len(first), unknown) == (same, 3, [])


def test_genres_are_numbered_without_gaps_and_whatever_their_case(tmp_path: Path) -> None:
    told = known(tmp_path, {"genres": ["Rock"]}, {"genres": ["rock"]}, {"genres": ["ambient"]})
    assert told.genres.values.tolist() == [1, 1, 0]


def test_a_catalogue_without_dates_and_genres_says_nothing(tmp_path: Path) -> None:
    told = known(tmp_path, {}, {})
    assert told.released.tolist() == [UNDATED, UNDATED]
    assert len(told.genres) == 2
    assert not len(told.genres.values)
