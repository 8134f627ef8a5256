# SPDX-License-Identifier: Apache-2.0
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from segue.errors import BadInput
from segue.events.schema import INTAKE, conform
from segue.events.sink import Sink
from segue.simulate.feedback import events_of
from segue.simulate.hearings import Hearings
from segue.simulate.response import Response, respond
from segue.simulate.world import World, WorldConfig, simulate

CONFIG = WorldConfig(seed=9, listeners=300, tracks=800, weeks=3, mover_share=0.5)
MONDAY = CONFIG.week_start(1)
WHO = np.arange(0, 300, 2)
REQUESTS = pl.Series([f"request-{row}" for row in range(len(WHO))])


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(CONFIG)


@pytest.fixture(scope="module")
def shown(world: World) -> np.ndarray:
    """The best suited tracks of each, lists of 5 to 20 of them."""
    best = np.argsort(-world.truth.affinity(WHO, np.arange(CONFIG.tracks)), axis=1)[:, :20]
    return np.where(np.arange(20) < 5 + WHO[:, None] % 16, best, -1).astype(np.int32)


@pytest.fixture(scope="module")
def response(world: World, shown: np.ndarray) -> Response:
    return respond(world, WHO, shown, np.zeros(shown.shape))


@pytest.fixture(scope="module")
def events(world: World, response: Response) -> pl.DataFrame:
    return events_of(world, response, REQUESTS, MONDAY)


def slots(events: pl.DataFrame, *kinds: str) -> set[tuple[int, int]]:
    """Row of the list and slot of each event of these kinds that answers a request."""
    found = events.filter(pl.col("type").is_in(kinds), pl.col("request_id").is_not_null())
    return set(
        found.select(
            pl.col("request_id").str.strip_prefix("request-").cast(pl.Int64), pl.col("slot").cast(pl.Int64)
        ).rows()
    )


def marked(which: np.ndarray) -> set[tuple[int, int]]:
    return set(zip(*(part.tolist() for part in np.nonzero(which)), strict=True))


def test_events_conform_and_are_labelled_simulated(events: pl.DataFrame) -> None:
    assert events.schema == INTAKE
    assert conform(events).equals(events)
    assert set(events["source"]) == {"simulated"}
    assert events["event_id"].is_unique().all()
    assert events["occurred_at"].is_sorted()


def test_every_answer_names_its_request_and_slot(response: Response, events: pl.DataFrame) -> None:
    assert slots(events, "play", "skip") == marked(response.reached)
    assert slots(events, "skip") == marked(response.skipped)
    assert slots(events, "like") == marked(response.liked)
    assert slots(events, "dislike") == marked(response.disliked)
    assert slots(events, "save") == marked(response.saved)
    assert min(response.liked.sum(), response.saved.sum(), response.skipped.sum()) > 0


def test_events_name_the_track_and_the_listener_of_their_slot(response: Response, events: pl.DataFrame) -> None:
    for event in events.filter(pl.col("request_id").is_not_null()).iter_rows(named=True):
        row, slot = int(event["request_id"].removeprefix("request-")), event["slot"]
        assert event["track"] == f"sim:track:{response.tracks[row, slot]:06d}"
        assert event["listener"] == f"sim:listener:{WHO[row]:06d}"
        if event["type"] in ("play", "skip"):
            assert event["played_ms"] == response.played_ms[row, slot]
            assert event["end_reason"] == ("skipped" if event["type"] == "skip" else "finished")


def test_a_list_is_played_in_order_and_one_track_at_a_time(events: pl.DataFrame) -> None:
    plays = events.filter(pl.col("type").is_in(["play", "skip"]), pl.col("slot").is_not_null()).sort("session", "slot")
    following = plays.with_columns(after=pl.col("occurred_at").shift(-1).over("session")).drop_nulls("after")
    assert (
        following["occurred_at"] + following.select(pl.duration(milliseconds="played_ms")).to_series()
        < following["after"]
    ).all()
    assert plays["occurred_at"].min() == MONDAY
    assert plays["session"].n_unique() == len(WHO)


def test_who_comes_back_does_so_unasked_and_within_the_week(response: Response, events: pl.DataFrame) -> None:
    own = events.filter(pl.col("request_id").is_null())
    assert own.height == response.replays.sum() > 20
    assert set(own["type"]) == {"play"}
    assert own["slot"].null_count() == own["session"].null_count() == own.height
    first = events.filter(pl.col("slot").is_not_null(), type="play").select("listener", "track", first="occurred_at")
    again = own.join(first, on=["listener", "track"])
    assert again.height == own.height
    assert (again["occurred_at"] > again["first"]).all()
    ends = own["occurred_at"] + own.select(pl.duration(milliseconds="played_ms")).to_series()
    assert (ends <= MONDAY + timedelta(weeks=1)).all()


def test_events_are_where_the_listener_lives_by_then(world: World, events: pl.DataFrame, response: Response) -> None:
    moved = (world.truth.move_week >= 0) & (world.truth.move_week <= 1)
    here = events.filter(pl.col("listener").is_in(world.listeners["listener"].filter(pl.Series(~moved))))
    assert here.join(world.listeners, on=["listener", "region", "timezone"]).height == here.height
    gone = events.join(world.listeners.filter(pl.Series(moved)), on="listener")
    assert gone.height > 0
    assert (gone["region"] != gone["region_right"]).all()
    before = events_of(world, response, REQUESTS, CONFIG.week_start(0))
    assert before.join(world.listeners, on=["listener", "region", "timezone"]).height == before.height


def test_the_log_takes_each_answer_once(world: World, events: pl.DataFrame, tmp_path: Path) -> None:
    sink = Sink(tmp_path / "events")
    assert sink.append(events).accepted == events.height
    assert sink.append(events).accepted == 0


def test_a_closed_loop_wears_out_what_it_repeats(world: World, shown: np.ndarray) -> None:
    """The same list week after week: first dearer, then worn; hearings come from the events alone."""
    hearings, satisfied, played = Hearings.none(CONFIG), [], []
    for week in range(20):
        now = MONDAY + timedelta(weeks=week)
        heard = hearings.of(WHO, shown)
        answer = respond(world, WHO, shown, heard, turn=week)
        requests = REQUESTS + f"-{week}"
        hearings = hearings.after(events_of(world, answer, requests, now), now + timedelta(weeks=1))
        satisfied.append(float(answer.satisfaction.mean()))
        played.append(float(heard.mean()))
    best = int(np.argmax(satisfied))
    assert 0 < best < 8
    assert satisfied[-1] < satisfied[best] - 0.05
    assert played[0] == 0 < played[1] < played[10]


def test_nobody_shown_anything_is_no_event(world: World) -> None:
    answer = respond(world, WHO[:2], np.full((2, 3), -1), np.zeros((2, 3)))
    made = events_of(world, answer, pl.Series(["a", "b"]), MONDAY)
    assert made.schema == INTAKE
    assert made.is_empty()


@pytest.mark.parametrize("requests", [["a"], ["a", "a"], ["a", "b", "c"]])
def test_lists_need_a_request_each(world: World, requests: list[str]) -> None:
    answer = respond(world, WHO[:2], np.array([[1], [2]]), np.zeros((2, 1)))
    with pytest.raises(BadInput, match="give each list one of its own"):
        events_of(world, answer, pl.Series(requests), MONDAY)
