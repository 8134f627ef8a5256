# SPDX-License-Identifier: Apache-2.0
"""Errors as `application/problem+json` (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from segue import errors

__all__ = ["RESPONSES", "install", "problem", "unexpected"]

_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "const": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What is wrong, with the value it had, and what to do"},
    },
}
_CONTENT = {"application/problem+json": {"schema": _SCHEMA}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"description": "The request is wrong", "content": _CONTENT},
    "5XX": {"description": "It cannot be answered now; a 503 says when to come back", "content": _CONTENT},
}
"""How every operation describes its errors in OpenAPI."""

_STATUS: list[tuple[type[errors.SegueError], HTTPStatus]] = [
    (errors.NotFound, HTTPStatus.NOT_FOUND),
    (errors.TooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (errors.BadInput, HTTPStatus.UNPROCESSABLE_ENTITY),
    (errors.UsageError, HTTPStatus.BAD_REQUEST),
    (errors.SegueError, HTTPStatus.SERVICE_UNAVAILABLE),
]


def problem(status: HTTPStatus, detail: str) -> JSONResponse:
    """Return a problem document. 503s ask to come back in a second."""
    content = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}
    headers = {"Retry-After": "1"} if status is HTTPStatus.SERVICE_UNAVAILABLE else None
    return JSONResponse(content, status, headers, media_type="application/problem+json")


def unexpected() -> JSONResponse:
    """Return the problem of an error that nobody foresaw; it goes into the log, and not to the client."""
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "an unexpected error; the server's log has the details")


def install(app: FastAPI) -> None:
    """Turn every error that the app raises on purpose, or the framework for it, into a problem document."""

    @app.exception_handler(errors.SegueError)
    async def segue_error(request: Request, error: errors.SegueError) -> JSONResponse:  # noqa: ARG001
        status = next(status for kind, status in _STATUS if isinstance(error, kind))
        return problem(status, str(error))

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:  # noqa: ARG001
        first = error.errors()[0]
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{'.'.join(map(str, first['loc'][1:]))}: {first['msg']}")

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:  # noqa: ARG001
        return problem(HTTPStatus(error.status_code), str(error.detail))
