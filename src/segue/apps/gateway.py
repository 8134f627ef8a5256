# SPDX-License-Identifier: Apache-2.0
"""The gateway: the HTTP API under `/v1`, health, metrics, and the page."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from time import perf_counter
from typing import Annotated, Any, Literal, TypeAlias, TypeVar
from uuid import uuid4

import polars as pl
from fastapi import APIRouter, FastAPI, Path, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, ConfigDict, Field
from threadpoolctl import threadpool_limits

from segue import __version__
from segue.apps import playlists, problems, profiles, shelves
from segue.apps.intake import EVENTS_BODY, parse_events, read_body
from segue.apps.languages import Language, asked_language
from segue.apps.metrics import Metrics
from segue.catalog import search
from segue.errors import BadInput, Busy, NotFound, NotReady, SegueError
from segue.events.intake import from_rows
from segue.service.asks import MOST_MINUTES, MOST_TRACKS, read_arc, read_mix
from segue.types import Ask, Kind, Slate
from segue.workspace import Workspace

__all__ = ["Pages", "create"]

_LOG = logging.getLogger(__name__)
T = TypeVar("T")
Pages: TypeAlias = Callable[[Workspace, Any], APIRouter]
Dial: TypeAlias = Annotated[float, Field(ge=0, le=1)] | Literal["learned"]
"""From what a listener knows (0) to what is new to them (1), or as they like it."""


class Playlist(BaseModel):
    """A playlist to continue."""

    model_config = ConfigDict(extra="forbid")

    tracks: list[Annotated[str, Field(max_length=512)]] = Field(default=[], max_length=1000)
    """Track ids, as the source gave them."""
    title: str | None = Field(default=None, max_length=1000)
    """What it is called; with tracks, or alone."""
    listener: str | None = None
    """Whose it is."""
    limit: int = Field(default=30, ge=1, le=MOST_TRACKS)
    """How many tracks."""
    dial: Dial | None = None
    """From what the listener knows (0) to what is new to them (1); `learned`: as they like it."""
    minutes: float | None = Field(default=None, ge=1, le=MOST_MINUTES)
    """How long it is to last, within a twentieth; `limit` then does not count."""
    arc: str | list[float] | None = Field(default=None, max_length=100)
    """Of energy, from its beginning to its end: a name, or levels."""
    mix: dict[str, float] | None = Field(default=None, max_length=3)
    """Shares of `music`, `podcast` and `audiobook`, which add up to 1; without it, nothing is spoken."""
    language: str | None = Field(default=None, max_length=35)
    """In which reasons are said, such as `es`; else the header `Accept-Language` says."""


class Gateway:
    """What the routes share: the workspace, a bounded pool for work, and whether answers can be given."""

    def __init__(self, workspace: Workspace):
        self.workspace = workspace
        self.metrics = Metrics()
        self.ready = False
        self.why_not = "warming up"
        self._pool = ThreadPoolExecutor(max(2, os.cpu_count() or 1), "answer")
        self._waiting = 0
        self.service = workspace.service  # made here, before several threads could each make one
        self.sink = workspace.sink

    async def run(self, work: Callable[[], T]) -> T:
        """Run CPU or disk work in the pool; the event loop does only I/O.

        Raises:
            Busy: As much work waits as may wait.
        """
        if self._waiting >= self.workspace.settings.serve.queue:
            raise Busy(f"{self._waiting} requests are waiting already; try again in a second")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1

    def warm_up(self) -> None:
        """Load the snapshot and compile what answers need, so that no listener waits for it."""
        try:
            self.service.warm_up()
            self.ready, self.why_not = True, ""
        except SegueError as error:
            self.ready, self.why_not = False, str(error)

    async def follow(self) -> None:
        """Look at the snapshot pointer for ever."""
        while True:
            try:
                await asyncio.get_running_loop().run_in_executor(None, self._look)
            except Exception:
                _LOG.exception("following the workspace failed; it is tried again")
            await asyncio.sleep(self.workspace.settings.serve.refresh_seconds)

    def _look(self) -> None:
        """Warm up, or swap to a newer snapshot; then tidy the log."""
        if not self.ready:
            self.warm_up()
        elif self.workspace.current.refresh():
            self.metrics.swaps.inc()
        self.workspace.tidy()

    def close(self) -> None:
        """Let running work end."""
        self._pool.shutdown(wait=True, cancel_futures=True)


def create(workspace: Workspace, pages: Sequence[Pages] = ()) -> FastAPI:
    """Return the app over a workspace.

    Args:
        workspace: What it serves.
        pages: Further routes; each is given the workspace and the way to run work off the event loop.
    """
    gateway = Gateway(workspace)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with threadpool_limits(1):
            follower = asyncio.create_task(gateway.follow())
            yield
            follower.cancel()
            gateway.close()

    app = FastAPIOffline(
        title="Segue",
        version=__version__,
        summary="Radio, a weekly playlist for everyone, and true reasons.",
        lifespan=lifespan,
        docs_url="/docs",
        redoc_url=None,
        responses=problems.RESPONSES,
    )
    app.state.gateway = gateway
    problems.install(app)

    @app.middleware("http")
    async def observe(request: Request, respond: Callable[[Request], Awaitable[Response]]) -> Response:
        began = perf_counter()
        request.state.id = request.headers.get("X-Request-ID") or uuid4().hex
        try:
            response = await respond(request)
        except Exception:
            _LOG.exception("request %s failed", request.state.id)
            response = problems.unexpected()
        response.headers["X-Request-ID"] = request.state.id
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        route = request.scope.get("route")
        gateway.metrics.observe(getattr(route, "path", "unknown"), response.status_code, perf_counter() - began)
        return response

    app.include_router(_api(gateway))
    app.include_router(profiles.routes(workspace, gateway.run))
    app.include_router(shelves.routes(workspace, gateway.run))
    app.include_router(playlists.routes(workspace, gateway.run))
    app.include_router(_health(gateway))
    for more in pages:
        app.include_router(more(workspace, gateway.run))
    return app


def _api(gateway: Gateway) -> APIRouter:
    api = APIRouter(prefix="/v1", tags=["music"])
    workspace = gateway.workspace

    @api.post("/events", summary="Take events in", openapi_extra={"requestBody": EVENTS_BODY})
    async def events(request: Request) -> dict[str, int]:
        """Take `{"events": [{…}, …]}`. When it answers, they are on disk. An `event_id` sent again changes nothing."""
        body = await read_body(request, workspace.settings.ingest.request_bytes)
        rows = parse_events(body, workspace.settings.ingest.request_events)
        receipt = await gateway.run(lambda: gateway.sink.append(from_rows(rows, "http")))
        gateway.metrics.events.inc(receipt.accepted)
        return {"accepted": receipt.accepted, "duplicates": receipt.duplicates, "position": receipt.position}

    @api.get("/radio", summary="A radio from one track")
    async def radio(
        request: Request,
        track: Annotated[str | None, Query(description="Track id, as the source gave it", max_length=512)] = None,
        q: Annotated[str | None, Query(description="Artist and title, as a person types them", max_length=256)] = None,
        listener: Annotated[str | None, Query(description="Makes it personal")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_TRACKS)] = 30,
        dial: Annotated[Dial | None, Query(description="From familiar (0) to new (1), or `learned`")] = None,
        minutes: Annotated[float | None, Query(ge=1, le=MOST_MINUTES, description="How long; not `limit`")] = None,
        arc: Annotated[str | None, Query(description="Of energy: a name, or levels such as 0.2,0.9,0.1")] = None,
        mix: Annotated[str | None, Query(description="Shares, such as music=0.8,podcast=0.2", max_length=100)] = None,
        language: Language = None,
    ) -> dict[str, Any]:
        """Give `track` or `q`. Without a listener, nothing is read or kept of anyone."""
        if (track is None) == (q is None):
            raise BadInput("give either track or q")
        now = datetime.now(UTC)

        def work() -> Slate:
            seed = track if track is not None else workspace.find(str(q))
            wanted = None if arc is None else read_arc(arc)
            told: dict[str, Any] = {"dial": dial, "minutes": minutes, "arc": wanted}
            told["mix"] = None if mix is None else read_mix(mix)
            told["language"] = asked_language(language, request)
            ask = Ask("radio", Kind.RADIO, (seed,), None, listener, limit=limit, now=now, **told)
            return workspace.answer(ask, request_id=_fresh(request.state.id))

        slate = await gateway.run(work)
        gateway.metrics.rungs.labels(slate.rung.value).inc()
        return slate.to_json()

    @api.post("/continue", summary="What a playlist would hold next")
    async def continue_(request: Request, playlist: Playlist) -> dict[str, Any]:
        """Give its tracks, its title, or both. Without a listener, nothing is read or kept of anyone."""
        now = datetime.now(UTC)
        ask = Ask(
            "continue", Kind.CONTINUE, tuple(playlist.tracks), playlist.title, playlist.listener,
            limit=playlist.limit, now=now, dial=playlist.dial, minutes=playlist.minutes,
            arc=tuple(playlist.arc) if isinstance(playlist.arc, list) else playlist.arc,
            language=asked_language(playlist.language, request), mix=playlist.mix,
        )  # fmt: skip
        slate = await gateway.run(lambda: workspace.answer(ask, request_id=_fresh(request.state.id)))
        gateway.metrics.rungs.labels(slate.rung.value).inc()
        return slate.to_json()

    @api.get("/charts", summary="What most listeners play, of a region, a genre, a language")
    async def charts(
        region: Annotated[str | None, Query(description="As plays name it, such as PT", max_length=16)] = None,
        genre: Annotated[str | None, Query(description="Of tracks or artists", max_length=128)] = None,
        language: Annotated[str | None, Query(description="Of tracks, ISO 639-1", max_length=16)] = None,
        listener: Annotated[str | None, Query(description="Who looks: what is not for their age is left out")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_TRACKS)] = 50,
    ) -> dict[str, Any]:
        """Give tracks, the first first; `own` says whether the region's own count speaks, or everyone's."""
        of = {"region": region, "genre": genre, "language": language}
        found = await gateway.run(lambda: workspace.charts(**of, listener=listener, limit=limit))
        return {"region": region, "genre": genre, "language": language, "tracks": [asdict(one) for one in found]}

    @api.get("/moods/{words}", summary="A playlist for free words")
    async def mood(
        request: Request,
        words: Annotated[str, Path(description="A mood, an activity, a genre, years, a tempo …", max_length=256)],
        listener: Annotated[str | None, Query(description="Leans to their taste")] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_TRACKS)] = 30,
        arc: Annotated[str | None, Query(description="flat, build, wind-down, gentle, peak or wave")] = None,
        language: Language = None,
    ) -> dict[str, Any]:
        """Say `theme.understood` and `theme.unknown`: what the words were taken for, and which nothing knows."""
        now = datetime.now(UTC)
        said = asked_language(language, request)
        ask = Ask("mood", Kind.MOOD, listener=listener, limit=limit, now=now, text=words, arc=arc, language=said)
        slate = await gateway.run(lambda: workspace.answer(ask, request_id=_fresh(request.state.id)))
        gateway.metrics.rungs.labels(slate.rung.value).inc()
        return slate.to_json()

    @api.get("/listeners/{listener}/weekly", summary="A listener's weekly playlist")
    async def weekly(request: Request, listener: str, language: Language = None) -> dict[str, Any]:
        """Give this week's; the first time it is asked for, it is made."""

        def work() -> dict[str, Any]:
            made = workspace.weekly_of(listener, language=asked_language(language, request))
            line = made.slate.to_json()
            return {**line, "id": made.id, "listener": listener, "week": made.week, "made_at": made.made_at}

        made = await gateway.run(work)
        gateway.metrics.rungs.labels(made["rung"]).inc()
        return made

    @api.get("/tracks", summary="Search the catalogue, or page through it")
    async def tracks(
        q: Annotated[str | None, Query(description="Artist and title", max_length=256)] = None,
        cursor: Annotated[int, Query(ge=0, description="`next` of the page before")] = 0,
        limit: Annotated[int, Query(ge=1, le=200)] = 20,
    ) -> dict[str, Any]:
        """With `q`, the best matches; without, all tracks in the order of their numbers."""

        def work() -> dict[str, Any]:
            serving = workspace.current()
            catalog = serving.catalog
            if q is not None:
                found = [match.number for match in search.search(catalog, q, limit, serving.popularity)]
                return {"tracks": _told(catalog.described[found]), "next": None}
            page = catalog.described.slice(cursor, limit)
            after = cursor + limit
            return {"tracks": _told(page), "next": after if after < len(catalog) else None}

        return await gateway.run(work)

    @api.get("/tracks/{track:path}", summary="One track")
    async def track(track: str) -> dict[str, Any]:
        """Describe the track with this id."""

        def work() -> dict[str, Any]:
            catalog = workspace.current().catalog
            (number,) = catalog.numbers([track])
            if number < 0:
                raise NotFound(f"no track {track!r} in the catalogue")
            return _told(catalog.described[[int(number)]])[0]

        return await gateway.run(work)

    return api


def _health(gateway: Gateway) -> APIRouter:
    health = APIRouter(include_in_schema=False)

    @health.get("/healthz")
    async def healthz() -> PlainTextResponse:
        return PlainTextResponse("ok\n")

    @health.get("/readyz")
    async def readyz() -> JSONResponse:
        if not gateway.ready:
            raise NotReady(gateway.why_not)
        current = gateway.workspace.current
        return JSONResponse({"snapshot": current().id, "refused": current.refused})

    @health.get("/metrics")
    async def metrics() -> Response:
        content, media_type = gateway.metrics.text()
        return Response(content, media_type=media_type)

    return health


def _told(tracks: pl.DataFrame) -> list[dict[str, Any]]:
    shown = tracks.drop("number", "canonical", "artist_number", "artist_key", "title_key")
    return [{name: value for name, value in row.items() if value is not None} for row in shown.to_dicts()]


def _fresh(request_id: str) -> str:
    """Return an id for the impression; a client that repeats its request id does not overwrite an earlier one."""
    return f"{request_id[:100]}-{uuid4().hex[:8]}"
