# SPDX-License-Identifier: Apache-2.0
import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from segue.apps.gateway import create
from segue.types import Purpose
from segue.workspace import Workspace

PATH = "/v1/listeners/ann/profile"
NOTHING = dict.fromkeys(("age_bracket", "allows_explicit", "tier", "languages", "region", "timezone"))


@pytest.fixture
def workspace(home: Path) -> Iterator[Workspace]:
    opened = Workspace.open(home, create=True)
    yield opened
    opened.sink.close()


def ask(workspace: Workspace, *requests: tuple[str, Any]) -> list[httpx.Response]:
    """Send requests to the profile of ann, one after the other: a method and a body."""

    async def send() -> list[httpx.Response]:
        transport = httpx.ASGITransport(create(workspace))
        async with httpx.AsyncClient(transport=transport, base_url="http://segue") as client:
            return [await client.request(method, PATH, json=body) for method, body in requests]

    return asyncio.run(send())


def test_of_a_listener_who_said_nothing_every_field_is_null(workspace: Workspace) -> None:
    (answer,) = ask(workspace, ("GET", None))
    assert (answer.status_code, answer.json()) == (200, {"listener": "ann", **NOTHING})


def test_what_is_put_is_given_back_and_what_is_left_out_stays(workspace: Workspace) -> None:
    first, second, told = ask(
        workspace,
        ("PUT", {"age_bracket": "13-15", "languages": ["es", "en"], "allows_explicit": False}),
        ("PUT", {"age_bracket": "16-17", "region": "ES", "tier": None}),
        ("GET", None),
    )
    said = {"age_bracket": "13-15", "languages": ["es", "en"], "allows_explicit": False}
    assert first.json() == {"listener": "ann", **NOTHING, **said}
    assert (
        second.json() == told.json() == {"listener": "ann", **NOTHING, **said, "age_bracket": "16-17", "region": "ES"}
    )
    assert workspace.profiles("ann").region == "ES"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"age_bracket": "14"}, "13-15"),
        ({"tier": "gold"}, "premium"),
        ({"colour": "red"}, "colour"),
        ({"languages": ["spanish"]}, "'spanish' is no language"),
        ({"region": "Spain"}, "'Spain' is no region"),
        ({}, "nothing is said of 'ann'"),
    ],
)
def test_what_cannot_be_said_is_refused_and_nothing_is_kept(
    workspace: Workspace, body: dict[str, object], says: str
) -> None:
    refused, told = ask(workspace, ("PUT", body), ("GET", None))
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert says in refused.text
    assert told.json() == {"listener": "ann", **NOTHING}


def test_a_persona_is_given_with_its_numbers_until_plays_may_not_be_used(copy: Workspace) -> None:
    who = copy.listeners()[0]

    async def persona() -> Any:
        transport = httpx.ASGITransport(create(copy))
        async with httpx.AsyncClient(transport=transport, base_url="http://segue") as client:
            return (await client.get(f"/v1/listeners/{who}/persona")).json()["persona"]

    told = asyncio.run(persona())
    assert told["plays"] == copy.listener(who)["events"]["play"]
    assert told["says"].startswith(told["rhythm"])
    copy.consent(who, Purpose.PERSONALISE, False)
    assert asyncio.run(persona()) is None
