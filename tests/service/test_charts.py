# SPDX-License-Identifier: Apache-2.0
from datetime import timedelta

import polars as pl
import pytest

from segue.errors import BadInput
from segue.events.schema import conform
from segue.privacy.profiles import Profile
from segue.service.asks import check
from segue.types import Ask, Kind, Purpose, Slate
from segue.workspace import Workspace
from tests.conftest import NOW


def region(workspace: Workspace) -> str:
    """A region of whose own listeners something is told."""
    boards = workspace.current().boards
    assert boards is not None
    return max(boards.regions)


def weekly(workspace: Workspace, listener: str, **told: str) -> Slate:
    ask = Ask("w", Kind.WEEKLY, listener=listener, now=NOW, language="es", context=told)
    (slate,) = workspace.service.answer([ask]).slates
    assert isinstance(slate, Slate)
    return slate


def codes(slate: Slate) -> set[str]:
    return {track.code.partition(":")[2].partition(":")[0] for track in slate.tracks}


def test_who_is_new_gets_what_is_popular_where_they_say_they_are(copy: Workspace) -> None:
    here = region(copy)
    assert codes(weekly(copy, "new")) == {"history"}
    copy.introduce("new", Profile(region=here))
    slate = weekly(copy, "new")
    assert here in codes(slate)
    own = {entry.track for entry in copy.charts(region=here, limit=1000) if entry.own}
    for track in slate.tracks:
        assert (track.code.partition(":")[2] != "history") == (track.track in own)
        assert track.reason.startswith("Popular ahora entre" if track.code == "popularity:history" else "Popular ahora")
    copy.consent("new", Purpose.PERSONALISE, False)
    assert codes(weekly(copy, "new")) == {"history"}


def test_an_ask_that_names_a_region_goes_before_what_the_listener_says(copy: Workspace) -> None:
    here = region(copy)
    copy.introduce("new", Profile(region="AQ"))
    assert codes(weekly(copy, "new")) == {"history"}
    assert here in codes(weekly(copy, "new", region=here))
    with pytest.raises(BadInput, match="region is 7"):
        check(Ask("w", Kind.WEEKLY, listener="new", context={"region": 7}))


def test_where_nobody_says_where_they_are_their_newest_play_does(copy: Workspace) -> None:
    rows = [
        {"event_id": f"p{days}", "type": "play", "listener": "new", "track": "sim:track:000001",
         "occurred_at": NOW - timedelta(days=days), "region": where}
        for days, where in ((9, region(copy)), (3, "AQ"), (1, None))
    ]  # fmt: skip
    copy.sink.append(conform(pl.DataFrame(rows)))
    assert codes(weekly(copy, "new")) == {"history"}
    copy.sink.append(conform(pl.DataFrame([{**rows[0], "event_id": "back", "occurred_at": NOW}])))
    assert region(copy) in codes(weekly(copy, "new"))
