# SPDX-License-Identifier: Apache-2.0
"""The body of events: read within bounds, and described from the columns that the log takes."""

import json
from typing import Any, cast

import polars as pl
from fastapi import Request

from segue.errors import BadInput, TooLarge
from segue.events.schema import INTAKE
from segue.types import EventType

__all__ = ["EVENTS_BODY", "parse_events", "read_body"]


async def read_body(request: Request, most: int) -> bytes:
    """Read a body of bounded size; a larger one is refused before it is read."""
    body = bytearray()
    if int(request.headers.get("Content-Length") or 0) > most:
        raise TooLarge(f"the body has {request.headers['Content-Length']} bytes; at most {most} are taken at once")
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise TooLarge(f"the body has more than {most} bytes; send fewer events at once")
    return bytes(body)


def parse_events(body: bytes, most: int) -> list[dict[str, Any]]:
    """Return the events of a body `{"events": [ … ]}`, not looked into yet.

    Raises:
        BadInput: It is not that.
        TooLarge: There are more than `most`.
    """

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not a number in JSON")

    try:
        content = json.loads(body, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"the body is not JSON: {error}") from error
    rows = content.get("events") if isinstance(content, dict) else None
    if not isinstance(rows, list) or not rows:
        raise BadInput('the body must be {"events": [ … ]} with at least one event')
    if len(rows) > most:
        raise TooLarge(f"{len(rows)} events; at most {most} are taken at once")
    return rows


def _json_type(dtype: pl.DataType) -> dict[str, Any]:
    if isinstance(dtype, pl.List):
        return {"type": "array", "items": _json_type(cast(pl.DataType, dtype.inner))}
    if dtype.base_type() == pl.Datetime:
        return {"type": "string", "format": "date-time"}
    if dtype.is_integer():
        return {"type": "integer"}
    return {"type": "number" if dtype.is_float() else "boolean" if dtype == pl.Boolean else "string"}


_EVENT = {
    "type": "object",
    "required": ["event_id", "type"],
    "additionalProperties": False,
    "properties": {
        **{name: _json_type(dtype) for name, dtype in INTAKE.items()},
        "type": {"type": "string", "enum": [kind.value for kind in EventType if kind is not EventType.ERASURE]},
    },
}
EVENTS_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["events"],
                "properties": {"events": {"type": "array", "minItems": 1, "items": _EVENT}},
            },
            "example": {
                "events": [
                    {
                        "event_id": "a-unique-id",
                        "type": "play",
                        "listener": "ann",
                        "track": "sim:track:000001",
                        "occurred_at": "2026-06-04T10:00:00Z",
                        "played_ms": 181_000,
                    }
                ]
            },
        }
    },
}
"""The body of `POST /v1/events`, as OpenAPI describes it."""
