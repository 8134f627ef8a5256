# SPDX-License-Identifier: Apache-2.0
"""The HTTP routes of what a listener says of themselves, and of what their plays say of them."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from segue.privacy.profiles import profile
from segue.types import AgeBracket, Tier
from segue.workspace import Workspace

__all__ = ["routes"]


class Words(BaseModel):
    """What a listener says of themselves; a field that is left out or null stays as it was."""

    model_config = ConfigDict(extra="forbid")

    age_bracket: AgeBracket | None = None
    allows_explicit: bool | None = None
    tier: Tier | None = None
    languages: list[str] | None = None
    """ISO 639-1, best first."""
    region: str | None = None
    """ISO 3166."""
    timezone: str | None = None
    """IANA name."""


def routes(workspace: Workspace, run: Callable[[Callable[[], Any]], Awaitable[Any]]) -> APIRouter:
    """Return the routes over a workspace; `run` does work off the event loop."""
    api = APIRouter(prefix="/v1", tags=["music"])

    @api.get("/listeners/{listener}/profile", summary="What a listener says of themselves")
    async def told(listener: str) -> dict[str, Any]:
        """Give every field; null: nothing is said, also of a listener of whom nothing is kept."""
        said = await run(lambda: workspace.profile(listener))
        return {"listener": listener, **said.to_json()}

    @api.put("/listeners/{listener}/profile", summary="Say something of a listener")
    async def say(listener: str, words: Words) -> dict[str, Any]:
        """Give the fields to say; others stay as they were. It counts from the next answer on."""
        said = await run(lambda: workspace.introduce(listener, profile(**words.model_dump())))
        return {"listener": listener, **said.to_json()}

    @api.get("/listeners/{listener}/persona", summary="How a listener listens, with the numbers that say so")
    async def persona(listener: str) -> dict[str, Any]:
        """Give what the listener is called and why; null: there are no plays, or none may be used to personalise."""
        found = await run(lambda: workspace.persona(listener))
        return {"listener": listener, "persona": None if found is None else found.to_json()}

    return api
