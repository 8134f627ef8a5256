# SPDX-License-Identifier: Apache-2.0
import asyncio
from pathlib import Path
from urllib.parse import quote

import httpx

from segue.apps.gateway import create
from segue.types import Purpose
from segue.web import pages
from segue.workspace import Workspace

WHO = "sim:listener:000001"
LINK = f'href="/?listener={quote(WHO)}"'


def page(workspace: Workspace, **query: str) -> str:
    """Return the HTML of the page, with spaces as a browser folds them."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(create(workspace, [pages]))
        async with httpx.AsyncClient(transport=transport, base_url="http://segue") as client:
            return await client.get("/", params=query)

    answer = asyncio.run(ask())
    assert answer.status_code == 200
    return " ".join(answer.text.split())


def test_the_first_page_offers_listeners_and_a_search(copy: Workspace) -> None:
    text = page(copy)
    assert "600 tracks · 60 listeners" in text
    assert LINK in text
    assert 'type="search"' in text


def test_an_empty_workspace_says_what_to_do(home: Path) -> None:
    workspace = Workspace.open(home, create=True)
    assert "segue train" in page(workspace)
    workspace.sink.close()


def test_a_radio_is_personal_only_where_that_was_asked_for(copy: Workspace) -> None:
    assert "anonymous: no history read or kept" in page(copy, q="sim:track:000001", listener=WHO)
    assert f"tuned to {WHO}" in page(copy, q="sim:track:000001", listener=WHO, personal="true")


def test_a_search_that_finds_nothing_says_so_and_keeps_what_was_typed(copy: Workspace) -> None:
    text = page(copy, q="qqqqqqqqqqqq")
    assert 'class="problem"' in text
    assert 'value="qqqqqqqqqqqq"' in text


def test_who_allows_no_personal_answers_is_told_why_the_list_is_not(copy: Workspace) -> None:
    copy.consent(WHO, Purpose.PERSONALISE, False)
    text = page(copy, listener=WHO)
    assert "popular now, for" in text
    assert "does not allow the use of their plays" in text
    assert LINK not in page(copy)


def test_a_stranger_gets_a_message_and_no_list(copy: Workspace) -> None:
    text = page(copy, listener="nobody here")
    assert "no plays of listener" in text
    assert 'class="tracks"' not in text
