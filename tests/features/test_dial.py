# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from segue.events.schema import INTAKE
from segue.features.dial import COLUMNS, LEVELS, Dials, learn, lists

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def shown(listener: str, best: float, lists: int, days: int = 0) -> pl.DataFrame:
    """Lists of all levels, whose outcome is the less the further they are from the best."""
    novelty = np.resize(LEVELS, lists)
    outcome = 0.8 - (novelty - best) ** 2
    return pl.DataFrame({"listener": listener, "novelty": novelty, "outcome": outcome}).select(
        "listener", pl.lit(NOW - timedelta(days=days)).alias("occurred_at"), "novelty", "outcome"
    )


def log(*events: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(events), schema={name: INTAKE[name] for name in COLUMNS})


def learned(*parts: pl.DataFrame) -> Dials:
    return learn(pl.concat(parts), NOW)


def test_who_has_answered_much_has_a_dial_of_their_own_and_who_has_not_everyones() -> None:
    dials = learned(shown("new", 0.8, 110), shown("old", 0.2, 110), shown("middle", 0.5, 110))
    assert dials.best("new") == pytest.approx(0.8)
    assert dials.best("old") == pytest.approx(0.2)
    assert dials.best("a stranger") == pytest.approx(0.5)
    everyone = learned(shown("many", 0.5, 330), shown("one", 1.0, 1))
    assert everyone.best("one") == pytest.approx(0.5, abs=0.11)


def test_what_lies_long_ago_counts_less() -> None:
    dials = learned(shown("a", 0.2, 110, days=900), shown("a", 0.8, 110))
    assert dials.best("a") == pytest.approx(0.8)


def test_a_draw_is_the_same_for_the_same_seed_and_its_propensity_is_how_often_others_draw_it() -> None:
    dials = learned(shown("a", 0.6, 22))
    draws = [dials.draw("a", day) for day in range(400)]
    assert draws[0] == dials.draw("a", 0)
    levels = np.array([one.dial for one in draws])
    assert len(set(levels.tolist())) > 1
    for level in set(levels.tolist()):
        told = np.mean([one.propensity for one in draws if one.dial == level])
        assert told == pytest.approx((levels == level).mean(), abs=0.08)


def test_nothing_learned_draws_any_dial() -> None:
    dials = learn(shown("a", 0.5, 0), NOW)
    assert 0 <= dials.draw("a", 1).dial <= 1
    assert 0 < dials.draw("a", 1).propensity <= 1


def test_a_track_is_new_that_was_not_played_before_it_was_shown() -> None:
    before, after = NOW - timedelta(days=1), NOW + timedelta(minutes=1)
    event = {"listener": "a", "duration_ms": 100}
    answer = event | {"occurred_at": after, "request_id": "r"}
    found = lists(
        log(
            event | {"type": "play", "track": "known", "occurred_at": before},
            {
                "type": "impression",
                "listener": "a",
                "request_id": "r",
                "tracks": ["known", "x", "y"],
                "occurred_at": NOW,
            },
            answer | {"type": "play", "track": "known", "played_ms": 100},
            answer | {"type": "skip", "track": "x", "played_ms": 20},
            answer | {"type": "like", "track": "known"},
        )
    )
    assert found.select("listener", "novelty").rows() == [("a", 0.5)]
    assert found["outcome"].to_list() == pytest.approx([(2 + 0.2) / 2])
