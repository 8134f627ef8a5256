# SPDX-License-Identifier: Apache-2.0
import pytest
from fastapi import Request

from segue.apps.languages import asked_language


def asked(header: str | None, language: str | None = None) -> str | None:
    headers = [] if header is None else [(b"accept-language", header.encode("latin-1"))]
    return asked_language(language, Request({"type": "http", "headers": headers}))


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("de", "de"),
        ("de-CH,de;q=0.9,en;q=0.8", "de-CH"),
        ("tlh, en;q=0.3, pt-BR;q=0.8", "pt-BR"),
        ("tlh", None),
        ("ja;q=0, es;q=0.1", "es"),
        ("*", None),
        ("", None),
        (";;q=,=,,q", None),
        ("es;q=nan,de;q=0.1", "de"),
        (None, None),
    ],
)
def test_of_the_languages_that_there_are_the_one_liked_best_is_taken(header: str | None, found: str | None) -> None:
    assert asked(header) == found


def test_the_parameter_goes_before_the_header_even_where_nobody_wrote_that_language() -> None:
    assert asked("de", "tlh") == "tlh"
