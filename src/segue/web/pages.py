# SPDX-License-Identifier: Apache-2.0
"""One page: a listener's weekly playlist, and a radio from a search."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Protocol, TypeVar

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.templating import Jinja2Templates

from segue.errors import SegueError
from segue.jobs.weekly import Weekly
from segue.types import Slate
from segue.workspace import Workspace

__all__ = ["pages"]

T = TypeVar("T")
_HERE = Path(__file__).parent
_MOST_LISTENERS = 500
_STYLE = (_HERE / "style.css").read_text("utf-8")
_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


class Run(Protocol):
    """Runs work off the event loop."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """Return what the work returns."""
        ...


@dataclass(frozen=True, slots=True)
class _View:
    """What the page shows."""

    listeners: list[str]
    simulated: bool
    tracks: int
    audience: int
    """How many listeners there are; the first are in `listeners`."""
    weekly: Weekly | None = None
    radio: Slate | None = None
    problem: str | None = None
    found: str = ""
    """"Artist – Title" of the track that a search found."""

    @property
    def week(self) -> str:
        """The week in words."""
        day = date.fromisoformat(self.weekly.week) if self.weekly else None
        return f"Week of {day.day} {day:%B %Y}" if day else ""


def pages(workspace: Workspace, run: Run) -> APIRouter:
    """Return the routes of the page."""
    router = APIRouter(include_in_schema=False)
    templates = Jinja2Templates(_HERE / "templates")

    @router.get("/", response_class=HTMLResponse)
    async def home(
        request: Request,
        listener: Annotated[str, Query(max_length=512)] = "",
        q: Annotated[str, Query(max_length=256)] = "",
        personal: bool = False,
    ) -> Response:
        view = await run(lambda: _view(workspace, listener, q, personal))
        shown = {"view": view, "listener": listener, "q": q, "personal": personal}
        page = templates.TemplateResponse(request, "home.html", shown)
        page.headers["Content-Security-Policy"] = _POLICY
        return page

    @router.get("/style.css")
    async def style() -> Response:
        return Response(_STYLE, media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    return router


def _view(workspace: Workspace, listener: str, q: str, personal: bool) -> _View:
    weekly, radio, problem, found = None, None, None, ""
    listeners: list[str] = []
    tracks = audience = 0
    try:
        tracks = len(workspace.current().catalog)
        everyone = workspace.listeners()
        listeners, audience = everyone[:_MOST_LISTENERS], len(everyone)
        if q:
            now = datetime.now(UTC)
            track = workspace.find(q)
            found = workspace.name_of(track)
            radio = workspace.radio(track, listener=listener if personal and listener else None, now=now)
        elif listener:
            weekly = workspace.weekly_of(listener)
    except SegueError as error:
        problem = str(error)
    return _View(listeners, workspace.simulated, tracks, audience, weekly, radio, problem, found)
