# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.dataset.build import DatasetConfig, Sources, build
from segue.dataset.matrices import Interactions
from segue.dataset.split import by_time, hide_tail, hold_out_rows, leave_last
from segue.events.signals import SignalsConfig

from .events import catalog_of, play, playlist, song, sources_of

ROWS = st.lists(st.lists(st.integers(0, 99), max_size=6), max_size=6)


def interactions(rows: list[list[int]], times: list[list[int]] | None = None) -> Interactions:
    flat = [item for row in rows for item in row]
    return Interactions(
        pl.Series([f"r{number}" for number in range(len(rows))], dtype=pl.String),
        np.cumsum([0, *(len(row) for row in rows)]).astype(np.int64),
        np.array(flat, np.int32),
        np.array(flat, np.float32) + 1,
        None if times is None else np.array([time for row in times for time in row], np.int64),
        pl.Series([f"title {number}" for number in range(len(rows))], dtype=pl.String),
    )


def heard(sources: Sources) -> pl.DataFrame:
    return pl.concat(sources.listening(["track", "occurred_at"]))


def items(part: Interactions) -> list[list[int]]:
    np.testing.assert_array_equal(part.weights, part.items + 1)  # what stands beside an item goes with it
    assert len(part.rows) == len(part)
    return [part.row(row).tolist() for row in range(len(part))]


def test_plays_before_and_after_a_monday_are_weighed_apart(tmp_path: Path) -> None:
    sunday, monday, tuesday = (datetime(2026, 6, day, tzinfo=UTC) for day in (7, 8, 9))
    catalog = catalog_of(tmp_path, song("a"))
    plays = [{**play("l", "a"), "occurred_at": sunday + timedelta(hours=hour)} for hour in range(3)]
    sources = sources_of(tmp_path, *plays, {**play("l", "a"), "occurred_at": tuesday})
    weights = []
    for part in by_time(sources, monday):
        data = build(part, catalog, DatasetConfig(signals=SignalsConfig(half_life_days=1e9)))
        assert data.listeners is not None
        weights += data.listeners.weights.tolist()
    assert weights == pytest.approx([(1 + 3) * 3 / (3 + 3), 1])


def test_undated_plays_and_playlists_are_known_before_any_moment(tmp_path: Path) -> None:
    sources = sources_of(tmp_path, play("l", "a", None), playlist("p", ["a"]), play("l", "b", 0))
    known, held = by_time(sources, datetime(2000, 1, 1, tzinfo=UTC))
    assert (heard(known)["track"].to_list(), known.playlists.height) == (["a"], 1)
    assert (heard(held)["track"].to_list(), held.playlists.height) == (["b"], 0)
    assert known.until == held.until == sources.until == 3


def test_a_play_at_the_very_moment_is_held_out(tmp_path: Path) -> None:
    sources = sources_of(tmp_path, play("l", "a", 0))
    at = heard(sources)["occurred_at"][0]
    assert heard(by_time(sources, at)[1]).height == 1


@given(ROWS, st.integers(1, 3), st.data())
def test_the_last_items_by_time_are_left_out_and_short_rows_are_kept_whole(
    rows: list[list[int]], count: int, data: st.DataObject
) -> None:
    times = [data.draw(st.lists(st.integers(0, 5), min_size=len(row), max_size=len(row))) for row in rows]
    kept, held = leave_last(interactions(rows, times), count)
    for row, when, first, last in zip(rows, times, items(kept), items(held), strict=True):
        latest = sorted(range(len(row)), key=lambda place: (when[place], place))[-count:] if len(row) > count else []
        assert last == [item for place, item in enumerate(row) if place in latest]
        assert first == [item for place, item in enumerate(row) if place not in latest]


def test_without_times_the_last_items_are_the_last_written() -> None:
    kept, held = leave_last(interactions([[5, 3, 4], [7], []]))
    assert (items(kept), items(held)) == ([[5, 3], [7], []], [[4], [], []])


@given(ROWS, st.integers(0, 7))
def test_hiding_the_tail_cuts_each_row_in_two(rows: list[list[int]], seen: int) -> None:
    shown, hidden = hide_tail(interactions(rows), seen)
    assert (items(shown), items(hidden)) == ([row[:seen] for row in rows], [row[seen:] for row in rows])


@given(ROWS, st.sampled_from([0.0, 0.3, 0.5, 1.0]), st.integers(1, 5), st.integers(0, 2**32))
def test_whole_rows_are_held_out_by_share_and_at_most_so_many(
    rows: list[list[int]], share: float, most: int, seed: int
) -> None:
    whole = interactions(rows)
    kept, held = hold_out_rows(whole, share, most, np.random.Generator(np.random.PCG64(seed)))
    assert len(held) == min(most, int(len(rows) * share))
    again = dict(zip([*kept.rows, *held.rows], items(kept) + items(held), strict=True))
    assert again == dict(zip(whole.rows, rows, strict=True))
    assert held.titles is not None
    assert held.titles.to_list() == [name.replace("r", "title ") for name in held.rows]


def test_the_same_seed_holds_out_the_same_rows() -> None:
    whole = interactions([[number] for number in range(50)])
    held = [hold_out_rows(whole, 0.3, 99, np.random.Generator(np.random.PCG64(seed)))[1] for seed in (1, 1, 2)]
    assert held[0].rows.equals(held[1].rows)
    assert not held[0].rows.equals(held[2].rows)
