# SPDX-License-Identifier: Apache-2.0
"""The HTTP route of what is spoken: shelves of podcasts and audiobooks."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Path, Query, Request

from segue.apps.languages import Language, asked_language
from segue.service.asks import MOST_TRACKS
from segue.types import Slate
from segue.workspace import Workspace

__all__ = ["routes"]


def routes(workspace: Workspace, run: Callable[[Callable[[], Any]], Awaitable[Any]]) -> APIRouter:
    """Return the routes over a workspace; `run` does work off the event loop."""
    api = APIRouter(prefix="/v1", tags=["spoken"])

    @api.get("/shelves/{kind}", summary="Shelves of podcasts or audiobooks")
    async def shelves(
        request: Request,
        kind: Annotated[Literal["podcast", "audiobook"], Path(description="podcast or audiobook")],
        listener: Annotated[str | None, Query(description="Whose; without, what most hear")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_TRACKS, description="Parts of a shelf")] = 10,
        language: Language = None,
    ) -> dict[str, Any]:
        """Give what to resume, what is new, what comes next and what to discover, of each what there is.

        The `id` of a shelf says which it is. Without a listener, nothing is read or kept of anyone.
        """

        def work() -> list[Slate]:
            tag = asked_language(language, request)
            one = f"{request.state.id[:100]}-{uuid4().hex[:8]}"
            return workspace.shelves(kind, listener=listener, limit=limit, language=tag, request_id=one)

        made: list[Slate] = await run(work)
        return {"kind": kind, "listener": listener, "shelves": [slate.to_json() for slate in made]}

    return api
