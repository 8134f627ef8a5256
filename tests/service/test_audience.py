# SPDX-License-Identifier: Apache-2.0
from datetime import datetime, timedelta

import polars as pl

from segue.events.schema import conform
from segue.service.audience import Audience
from segue.types import Purpose
from segue.workspace import Workspace
from tests.conftest import NOW

WHO = "sim:listener:000001"


def play(workspace: Workspace, listener: str, at: datetime, zone: str | None) -> None:
    row = {"event_id": f"{listener} {at}", "type": "play", "listener": listener, "track": "sim:track:000001"}
    frame = pl.DataFrame([{**row, "timezone": zone}], schema_overrides={"timezone": pl.String})
    workspace.sink.append(conform(frame.with_columns(pl.lit(at).alias("occurred_at"))))


def test_everyone_with_plays_is_there_in_order(world: Workspace) -> None:
    heard = world.door.read(Purpose.PERSONALISE, ["listener"])["listener"].drop_nulls()
    assert list(Audience(world.door)()) == sorted(set(heard))


def test_who_plays_for_the_first_time_is_there_at_the_next_look(copy: Workspace) -> None:
    audience = Audience(copy.door)
    assert "a newcomer" not in audience()
    play(copy, "a newcomer", NOW, "Asia/Tokyo")
    assert audience()["a newcomer"] == "Asia/Tokyo"
    assert list(audience()) == sorted(audience())
    assert audience() == Audience(copy.door)()


def test_the_zone_is_that_of_the_newest_play_that_names_one(copy: Workspace) -> None:
    audience = Audience(copy.door)
    play(copy, "ann", NOW, "Europe/Berlin")
    play(copy, "ann", NOW - timedelta(days=1), "Asia/Tokyo")
    play(copy, "ann", NOW + timedelta(days=1), None)
    assert audience()["ann"] == Audience(copy.door)()["ann"] == "Europe/Berlin"


def test_who_withdraws_leaves_and_who_allows_again_comes_back(copy: Workspace) -> None:
    audience = Audience(copy.door)
    before = dict(audience())
    copy.consent(WHO, Purpose.PERSONALISE, False)
    assert set(before) - set(audience()) == {WHO}
    copy.consent(WHO, Purpose.PERSONALISE, True)
    assert audience() == before


def test_who_is_erased_leaves(copy: Workspace) -> None:
    audience = Audience(copy.door)
    audience()
    copy.erase(WHO)
    assert WHO not in audience()


def test_nothing_new_is_not_read_again(world: Workspace) -> None:
    audience = Audience(world.door)
    assert audience() is audience()
