# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from segue.events.schema import INTAKE
from segue.features.dial import COLUMNS, LEVELS, SHOWN, DialConfig, Dials, learn, lists

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def shown(listener: str, best: float, lists: int, days: int = 0) -> pl.DataFrame:
    """Lists of all levels, whose outcome is the less the further they are from the best."""
    novelty = np.resize(LEVELS, lists)
    outcome = 0.8 - (novelty - best) ** 2 + 0.01 * (-1) ** np.arange(lists)
    rows = {"listener": listener, "occurred_at": NOW - timedelta(days=days), "tracks": 20}
    return pl.DataFrame({"novelty": novelty, "outcome": outcome}).select(
        pl.col(name) if name in ("novelty", "outcome") else pl.lit(rows[name]).cast(kind).alias(name)
        for name, kind in SHOWN.items()
    )


def log(*events: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(events), schema={name: INTAKE[name] for name in COLUMNS})


def learned(*parts: pl.DataFrame) -> Dials:
    dials = learn(pl.concat(parts), NOW, DialConfig(least_lists=1))
    assert dials is not None
    return dials


def test_who_has_answered_much_has_a_dial_of_their_own_and_who_has_not_everyones() -> None:
    dials = learned(shown("new", 0.8, 110), shown("old", 0.2, 110), shown("middle", 0.5, 110))
    assert dials.best(["new", "old", "a stranger", None]).tolist() == pytest.approx([0.8, 0.2, 0.5, 0.5])
    crowd = learned(*(shown(f"listener {one}", 0.5, 33) for one in range(20)), shown("one", 1.0, 1))
    assert crowd.best(["one"])[0] == pytest.approx(0.5, abs=0.11)


def test_what_lies_long_ago_counts_less() -> None:
    dials = learned(shown("a", 0.2, 110, days=900), shown("a", 0.8, 110))
    assert dials.best(["a"])[0] == pytest.approx(0.8)


def test_a_draw_is_the_same_for_the_same_seed_and_its_chance_is_how_often_others_draw_it() -> None:
    dials = learned(shown("a", 0.6, 5), shown("b", 0.4, 5))
    seeds = np.arange(4000, dtype=np.uint64)
    drawn, chance = dials.draw(["a"] * 4000, seeds)
    assert np.array_equal(drawn[:1], dials.draw(["a"], seeds[:1])[0])
    levels = np.unique(drawn)
    assert len(levels) > 1
    for level in levels:
        assert chance[drawn == level][0] == pytest.approx((drawn == level).mean(), abs=0.03)
    assert dials.chances(["a", None]).sum(axis=1) == pytest.approx([1, 1])


def test_what_is_known_well_is_drawn_nearly_always_and_the_less_is_known_the_more_is_tried() -> None:
    dials = learned(shown("much", 0.6, 660), shown("little", 0.6, 3), shown("other", 0.2, 660))
    tried = [(dials.chances([one]) > 0).sum() for one in ("much", "little", "a stranger")]
    assert tried[0] < tried[1] <= tried[2]


def test_only_what_a_list_may_be_is_drawn() -> None:
    dials = learned(shown("old", 0.1, 110))
    drawn, chance = dials.draw(["old", "a stranger"] * 50, np.arange(100, dtype=np.uint64), between=(0.7, 1.0))
    assert drawn.min() >= np.float32(0.7)
    assert chance.min() > 0
    assert (drawn[::2] == np.float32(0.7)).all()


def test_of_too_few_answers_nothing_is_learned() -> None:
    assert learn(shown("a", 0.5, 10), NOW, DialConfig(least_lists=11)) is None
    assert learn(shown("a", 0.5, 0), NOW) is None


def test_a_track_is_new_that_was_not_played_before_it_was_shown_and_what_is_replayed_counts_more() -> None:
    before, after, later = NOW - timedelta(days=1), NOW + timedelta(minutes=1), NOW + timedelta(days=2)
    event = {"listener": "a", "duration_ms": 100}
    answer = event | {"occurred_at": after, "request_id": "r"}
    impression = {"type": "impression", "listener": "a", "request_id": "r", "occurred_at": NOW}
    told = (
        event | {"type": "play", "track": "known", "occurred_at": before},
        impression | {"tracks": ["known", "x", "y"]},
        answer | {"type": "skip", "track": "x", "played_ms": 20},
        answer | {"type": "play", "track": "known", "played_ms": 100, "occurred_at": after + timedelta(minutes=1)},
        answer | {"type": "like", "track": "known"},
    )
    found = lists(log(*told))
    assert found.select("listener", "novelty", "tracks").rows() == [("a", 0.5, 2)]
    assert found["outcome"].to_list() == pytest.approx([(2 + 0.2) / 2])
    left = lists(log(*told, answer | {"type": "skip", "track": "x", "played_ms": 20, "occurred_at": later}))
    assert left["tracks"].to_list() == [3]
    replayed = lists(log(*told, event | {"type": "play", "track": "x", "occurred_at": later}))
    assert replayed["outcome"].to_list() == pytest.approx([(2 + 0.7) / 2])
    assert replayed.schema == SHOWN
