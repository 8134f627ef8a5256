# SPDX-License-Identifier: Apache-2.0
import asyncio

import httpx

from segue.apps.gateway import create
from segue.events.signals import LISTENING
from segue.types import Purpose
from segue.workspace import Workspace


def test_a_regions_chart_over_http_is_that_in_python_and_its_own_where_it_says_so(world: Workspace) -> None:
    plays = world.door.read(Purpose.PERSONALISE, ["listener", "region"], types=LISTENING).drop_nulls()
    home = plays.unique().group_by("region").len().sort("len")["region"][-1]

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(create(world))
        async with httpx.AsyncClient(transport=transport, base_url="http://segue") as client:
            return await client.get("/v1/charts", params={"region": home, "limit": 20})

    told = asyncio.run(ask()).json()
    own = world.chart(region=home, limit=20)
    assert [one["track"] for one in told["tracks"]] == [one.track for one in own]
    assert len(own) == 20
    everyone = {one.track: one.share for one in world.chart(limit=1000)}
    assert any(one.own and one.share != everyone[one.track] for one in own)


def test_a_chart_of_a_language_lists_tracks_of_it_alone(world: Workspace) -> None:
    described = world.catalog().described
    language = described["language"].drop_nulls().mode()[0]
    listed = [one.track for one in world.chart(language=language)]
    assert listed
    assert set(described.filter(described["track_id"].is_in(listed))["language"]) == {language}
