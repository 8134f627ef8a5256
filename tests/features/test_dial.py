# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from segue.features.answers import SHOWN
from segue.features.dial import LEVELS, DialConfig, Dials, learn

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def shown(listener: str, best: float, lists: int, days: int = 0) -> pl.DataFrame:
    """Lists of all levels, whose outcome is the less the further they are from the best."""
    novelty = np.resize(LEVELS, lists)
    outcome = 0.8 - (novelty - best) ** 2 + 0.01 * (-1) ** np.arange(lists)
    rows = {"listener": listener, "occurred_at": NOW - timedelta(days=days), "tracks": 20, "swing": 0.0, "lift": 0.0}
    return pl.DataFrame({"novelty": novelty, "outcome": outcome}).select(
        pl.col(name) if name in ("novelty", "outcome") else pl.lit(rows[name]).cast(kind).alias(name)
        for name, kind in SHOWN.items()
    )


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


def ventured(**shares: float) -> pl.DataFrame:
    return pl.DataFrame({"listener": list(shares), "share": list(shares.values())})


def test_who_never_answered_has_the_dial_of_those_who_listen_as_they_do() -> None:
    homely, roving = [f"homely {one}" for one in range(8)], [f"roving {one}" for one in range(8)]
    parts = [shown(one, 0.2, 22) for one in homely] + [shown(one, 0.7, 22) for one in roving]
    shares = dict.fromkeys([*homely, "quiet"], 0.1) | dict.fromkeys([*roving, "curious"], 0.4)
    dials = learn(pl.concat(parts), NOW, DialConfig(least_lists=1), ventured(**shares))
    assert dials is not None
    assert dials.best(["quiet", "curious", "a stranger"]).tolist() == pytest.approx([0.2, 0.7, 0.45], abs=0.11)
    assert dials.listeners.tolist() == sorted(shares)


def test_before_there_is_much_to_go_by_a_dial_is_best_where_a_listener_goes_of_themselves() -> None:
    dials = learn(
        shown("a", 0.5, 1), NOW, DialConfig(least_lists=1), ventured(homely=0.1, middling=0.3, curious=0.5, roving=0.7)
    )
    assert dials is not None
    best = dials.best(["homely", "middling", "curious", "roving"])
    assert (np.diff(best) > 0).all()
    assert best.tolist() == pytest.approx([0.1, 0.3, 0.5, 0.7], abs=0.11)


def test_who_answers_the_newer_moments_of_lists_better_is_like_others_who_do() -> None:
    def swayed(listener: str, lift: float, best: float, lists: int) -> pl.DataFrame:
        return shown(listener, best, lists).with_columns(swing=pl.lit(1.0), lift=pl.lit(lift))

    many = [swayed(f"up {one}", 0.3, 0.8, 22) for one in range(8)]
    many += [swayed(f"down {one}", -0.3, 0.2, 22) for one in range(8)]
    few = [
        shown(name, 0.5, 1).with_columns(swing=pl.lit(20.0), lift=pl.lit(lift))
        for name, lift in (("u", 6.0), ("d", -6.0))
    ]
    up, down = learned(*many, *few).best(["u", "d"])
    assert up > 0.55
    assert down < 0.45
