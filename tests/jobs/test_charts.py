# SPDX-License-Identifier: Apache-2.0
import asyncio

import httpx
import numpy as np

from segue.apps.gateway import create
from segue.events.signals import LISTENING
from segue.types import Purpose
from segue.workspace import Workspace


def home(world: Workspace) -> str:
    """The region of most listeners."""
    plays = world.door.read(Purpose.PERSONALISE, ["listener", "region"], types=LISTENING).drop_nulls()
    return str(plays.unique().group_by("region").len().sort("len")["region"][-1])


def test_a_regions_chart_over_http_is_that_in_python_and_its_own_where_it_says_so(world: Workspace) -> None:
    region = home(world)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(create(world))
        async with httpx.AsyncClient(transport=transport, base_url="http://segue") as client:
            return await client.get("/v1/charts", params={"region": region, "limit": 20})

    told = asyncio.run(ask()).json()
    own = world.charts(region=region, limit=20)
    assert [one["track"] for one in told["tracks"]] == [one.track for one in own]
    assert len(own) == 20
    everyone = {one.track: one.share for one in world.charts(limit=1000)}
    assert any(one.own and one.share != everyone[one.track] for one in own)


def test_a_chart_of_a_language_lists_tracks_of_it_alone(world: Workspace) -> None:
    marks = world.current().traits.marks["language"]
    listed = [one.track for one in world.charts(language=marks.names[0].upper())]
    assert listed
    of_it = world.catalog().tracks["track_id"].gather(marks.of(0))
    assert set(listed) <= set(of_it)


def test_nothing_that_is_kept_rests_on_fewer_listeners_of_a_region_than_ten(world: Workspace) -> None:
    serving = world.current()
    assert serving.charts is not None
    charts, plays = serving.charts.model, world.door.read(Purpose.PERSONALISE, ["listener", "track", "region"])
    heard = plays.drop_nulls().unique().group_by("region", "track").len()
    often = {(region, track) for region, track, listeners in heard.iter_rows() if listeners >= 10}
    ids = serving.catalog.tracks["track_id"]
    for place, region in enumerate(charts.regions):
        told = ids.gather(serving.charts.numbers[np.flatnonzero(charts.told(place))])
        assert all((region, track) in often for track in told)
