# SPDX-License-Identifier: Apache-2.0
"""The loop closed for real: a trained workspace recommends, the simulated listeners answer, and it learns from that."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl

from segue.simulate.feedback import events_of
from segue.simulate.hearings import Hearings
from segue.simulate.response import respond
from segue.simulate.world import simulate
from segue.types import Ask, Kind, Purpose
from segue.workspace import Workspace
from tests.conftest import NOW, WORLD

LIMIT = 12


def test_what_is_recommended_is_answered_logged_and_learned_from(copy: Workspace) -> None:
    world = simulate(WORLD)
    hearings = Hearings.none(WORLD).after(pl.concat(world.events()), NOW)
    listeners = copy.listeners()
    ask = Ask("", Kind.WEEKLY, limit=LIMIT, now=NOW)
    requests = pl.Series([f"loop:{listener}" for listener in listeners])
    slates = [
        copy.answer(replace(ask, id=request, listener=listener), request_id=request)
        for request, listener in zip(requests, listeners, strict=True)
    ]
    who = np.array([int(listener[-6:]) for listener in listeners])
    shown = np.full((len(who), LIMIT), -1)
    for row, slate in enumerate(slates):
        shown[row, : len(slate.tracks)] = [int(track.track[-6:]) for track in slate.tracks]

    answer = respond(world, who, shown, hearings.of(who, shown))
    events = events_of(world, answer, requests, NOW)
    assert copy.sink.append(events).accepted == events.height

    logged = copy.door.read(Purpose.OPERATE, ["type", "request_id", "slot", "track", "tracks", "source"])
    impressions = logged.filter(type="impression").select("request_id", shown="tracks")
    answers = logged.filter(pl.col("type").is_in(["play", "skip"]), pl.col("request_id").is_in(requests.implode()))
    joined = answers.join(impressions, on="request_id")
    assert joined.height == answers.height == answer.reached.sum() > len(who)
    assert (joined["track"] == joined["shown"].list.get(joined["slot"])).all()
    assert set(joined["source"]) == {"simulated"}

    later = NOW + timedelta(weeks=1)
    before = copy.pointer().id
    copy.train(now=later)
    assert copy.pointer().id != before
    again = copy.answer(replace(ask, id="later", listener=listeners[0], now=later))
    played = {int(track) for track, reached in zip(shown[0], answer.reached[0], strict=True) if reached}
    assert again.tracks
    assert not played & {int(track.track[-6:]) for track in again.tracks}
