# SPDX-License-Identifier: Apache-2.0
"""A small world: who is unlike most is served well there too, by wide margins."""

import numpy as np
import pytest

from segue.jobs.benchmark.listeners import MODELS, Size, kept, measured
from segue.jobs.benchmark.rows import Row


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    return {row.model: row for row in measured(MODELS, 1, Size(listeners=120, tracks=500, weeks=3))}


def test_a_weekly_touches_most_tastes_of_eclectic_listeners_and_gives_up_little(rows: dict[str, Row]) -> None:
    figures = rows["eclectic"].metrics
    assert figures["listeners"] > 20
    assert figures["tastes"] >= 0.75
    assert figures["kept high"] >= 0.97


def test_who_moves_keeps_their_taste(rows: dict[str, Row]) -> None:
    figures = rows["movers"].metrics
    assert figures["listeners"] > 20
    assert figures["kept high"] >= 0.9
    assert 0 < figures["NDCG"] < 1


def test_a_morning_is_where_it_is_for_those_who_live_by_night(rows: dict[str, Row]) -> None:
    figures = rows["night shift"].metrics
    assert figures["right"] > figures["wall clock"]
    assert figures["others"] > 0.7


def test_a_share_kept_has_an_interval_around_it() -> None:
    theirs = np.linspace(0.4, 0.6, 200)
    share = kept(np.append(theirs * 0.9, np.nan), np.append(theirs, 0.5))
    assert share == pytest.approx({"kept": 0.9, "kept low": 0.9, "kept high": 0.9}, abs=1e-3)
