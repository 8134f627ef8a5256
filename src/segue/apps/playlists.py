# SPDX-License-Identifier: Apache-2.0
"""The HTTP routes of playlists that were made: as JSON, and as a picture."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from segue.apps.languages import Language, asked_language
from segue.playlists.picture import drawn
from segue.workspace import Workspace

__all__ = ["routes"]

_SVG = "image/svg+xml"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Of a picture that is opened by itself: its own style, and nothing else."""


def routes(workspace: Workspace, run: Callable[[Callable[[], Any]], Awaitable[Any]]) -> APIRouter:
    """Return the routes over a workspace; `run` does work off the event loop."""
    api = APIRouter(prefix="/v1", tags=["music"])
    which = Path(description="The `id` of a weekly, a radio, a continuation or a mood", max_length=256)
    who = Query(description="Who looks, where it is not whom it was made for")

    @api.get("/playlists/{playlist}", summary="A playlist that was made")
    async def show(
        request: Request,
        playlist: Annotated[str, which],
        listener: Annotated[str | None, who] = None,
        language: Language = None,
    ) -> dict[str, Any]:
        """Tell it track by track, with how each sounds; `guessed` names what the catalogue does not say.

        What is not for the age of whom it was made for, or of who looks, is left out.
        """
        said = asked_language(language, request)
        found = await run(lambda: workspace.playlist(playlist, listener=listener, language=said))
        return dict(found.to_json())

    @api.get(
        "/playlists/{playlist}/plot",
        summary="A picture of a playlist",
        response_class=Response,
        responses={200: {"content": {_SVG: {}}}},
    )
    async def plot(
        request: Request,
        playlist: Annotated[str, which],
        listener: Annotated[str | None, who] = None,
        language: Language = None,
    ) -> Response:
        """Draw energy, tempo and key over it, and its sources, as SVG."""
        said = asked_language(language, request)
        picture = await run(lambda: drawn(workspace.playlist(playlist, listener=listener, language=said)))
        return Response(picture, media_type=_SVG, headers={"Content-Security-Policy": _POLICY})

    return api
