# SPDX-License-Identifier: Apache-2.0
"""The language of an answer over HTTP: the parameter `language`, else what the client says that it reads."""

from typing import Annotated, TypeAlias

from fastapi import Query, Request

from segue.explain.words import language

__all__ = ["Language", "asked_language"]

Language: TypeAlias = Annotated[
    str | None,
    Query(description="Of the reasons, such as es; else the header Accept-Language says", min_length=1, max_length=35),
]


def asked_language(asked: str | None, request: Request) -> str | None:
    """Return the tag of the language that reasons are to be in; None: nobody asked for one that there is.

    Args:
        asked: What the parameter says; it goes before the header.
        request: Whose header `Accept-Language` is read (RFC 9110): of the languages that there are, the one liked best.
    """
    if asked:
        return asked
    liked = [_quality(part) for part in request.headers.get("Accept-Language", "").split(",")]
    there = [(quality, tag) for quality, tag in liked if quality > 0 and language(tag) is not None]
    return max(there, key=lambda one: one[0])[1] if there else None


def _quality(part: str) -> tuple[float, str]:
    """Read a part such as "de-CH;q=0.8"; what cannot be read counts for nothing."""
    tag, _, quality = part.partition(";")
    try:
        return (float(quality.strip().removeprefix("q=")) if quality.strip() else 1.0), tag.strip()
    except ValueError:
        return 0.0, tag.strip()
