# SPDX-License-Identifier: Apache-2.0
import asyncio
from collections.abc import Sequence
from xml.etree import ElementTree

import httpx

from segue.apps.gateway import create
from segue.types import Purpose
from segue.workspace import Workspace

ANN = "sim:listener:000001"


def get(workspace: Workspace, *paths: str) -> Sequence[httpx.Response]:
    """Ask for some paths, one after the other; `{id}` in one is the id of the answer before."""

    async def send() -> list[httpx.Response]:
        transport = httpx.ASGITransport(create(workspace))
        answers: list[httpx.Response] = []
        async with httpx.AsyncClient(transport=transport, base_url="http://segue") as client:
            for path in paths:
                answers.append(await client.get(path.replace("{id}", answers[0].json()["id"] if answers else "")))
        return answers

    return asyncio.run(send())


def test_a_radio_is_given_again_by_its_id_and_drawn(copy: Workspace) -> None:
    radio, again, plot, other = get(
        copy, "/v1/radio?track=sim:track:000001", "/v1/playlists/{id}", "/v1/playlists/{id}/plot", "/v1/playlists/other"
    )
    assert again.status_code == 200
    assert [one["track"] for one in again.json()["tracks"]] == [one["track"] for one in radio.json()["tracks"]]
    assert {"energy", "tempo_bpm", "key", "camelot", "guessed"} <= set(again.json()["tracks"][0])
    assert plot.headers["content-type"] == "image/svg+xml"
    assert ElementTree.fromstring(plot.content).tag.endswith("svg")
    assert (other.status_code, other.headers["content-type"]) == (404, "application/problem+json")


def test_a_weekly_is_gone_over_http_when_its_listener_withdraws(copy: Workspace) -> None:
    weekly, there = get(copy, f"/v1/listeners/{ANN}/weekly", "/v1/playlists/{id}?language=es")
    assert there.json()["title"].startswith("Weekly, ")
    copy.consent(ANN, Purpose.PERSONALISE, False)
    for path in ("", "/plot"):
        (gone,) = get(copy, f"/v1/playlists/{weekly.json()['id']}{path}")
        assert gone.status_code == 404
