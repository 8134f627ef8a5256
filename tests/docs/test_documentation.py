# SPDX-License-Identifier: Apache-2.0
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from segue.settings import Settings

from .reference import ROOT, commands, pages, pictures, renewed

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
_END = re.compile(r"\s*(?:\||>>?|&&?|;)\s")

named = pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in pages()])


def blocks(page: Path, kind: str) -> Iterator[str]:
    """Give the code blocks of a page that are of a language."""
    for found in _BLOCK.finditer(page.read_text("utf-8")):
        if found[1] == kind:
            yield found[2]


def typed(page: Path) -> list[str]:
    """Return the `segue` commands that a reader would type, without variables before and pipes behind."""
    lines = [line for block in blocks(page, "sh") for line in block.replace("\\\n", " ").splitlines()]
    found = (re.match(r"(?:time\s+)?(?:[A-Z_]+=(?:'[^']*'|\S*)\s+)*(segue\s.*)$", line) for line in lines)
    return [_END.split(command[1] + " ", maxsplit=1)[0] for command in found if command]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings."""
    text = page.read_text("utf-8")
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(text)}


@named
def test_generated_parts_say_what_the_code_says(page: Path) -> None:
    text = page.read_text("utf-8")
    assert text == renewed(text), f"{page.name} is not up to date; run `python -m tests.docs.reference`"


def test_the_pictures_show_what_the_tables_say() -> None:
    for path, picture in pictures().items():
        assert path.read_text("utf-8") == picture, (
            f"{path.name} is not up to date; run `python -m tests.docs.reference`"
        )


@named
def test_every_command_in_the_documentation_can_be_parsed(page: Path) -> None:
    known = dict(commands())
    for line in typed(page):
        words = shlex.split(line, comments=True)
        depth = 3 if " ".join(words[:3]) in known else 2
        name = " ".join(words[:depth])
        if name == "segue --version":
            continue
        assert name in known, f"{page.name}: there is no command {name!r}"
        try:
            known[name].make_context(name, words[depth:])
        except Exception as error:
            raise AssertionError(f"{page.name}: {line}: {error}") from error


def test_the_documentation_shows_every_command() -> None:
    shown = {" ".join(shlex.split(line, comments=True)) for page in pages() for line in typed(page)}
    unshown = [name for name, _ in commands() if not any(line.startswith(name) for line in shown)]
    assert unshown == []


@named
def test_internal_links_resolve(page: Path) -> None:
    for link in _LINK.findall(_CODE.sub("", page.read_text("utf-8"))):
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        target, _, anchor = link.partition("#")
        there = (page.parent / target).resolve() if target else page
        assert there.exists(), f"{page.name} links to {link}"
        assert not anchor or anchor in anchors(there), f"{page.name} links to {link}, which has no such heading"


def test_every_page_is_reached_from_the_readme() -> None:
    reached, ahead = set(), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in reached or not page.is_file():
            continue
        reached.add(page)
        links = _LINK.findall(_CODE.sub("", page.read_text("utf-8")))
        ahead += [
            (page.parent / link.partition("#")[0]).resolve() for link in links if link.partition("#")[0][-3:] == ".md"
        ]
    assert [page for page in pages() if page not in reached] == []


@named
def test_toml_in_the_documentation_is_a_settings_file(page: Path) -> None:
    for block in blocks(page, "toml"):
        Settings(**tomllib.loads(block))
