# SPDX-License-Identifier: Apache-2.0
"""What commands print: tables for people, JSON for scripts, progress on stderr."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from segue.jobs.progress import Progress
    from segue.types import Slate
    from segue.workspace import Workspace

__all__ = [
    "Arc",
    "Dial",
    "Home",
    "Json",
    "Language",
    "Minutes",
    "Mix",
    "Now",
    "complain",
    "emit",
    "levels",
    "moment",
    "progress",
    "shares",
    "show_slate",
    "table",
    "told_dial",
    "workspace",
]

Home = Annotated[
    Path | None,
    typer.Option("--home", help="The workspace's folder.", envvar="SEGUE_HOME", show_default="~/.segue"),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Dial = Annotated[
    str | None,
    typer.Option(help="From what the listener knows (0) to what is new to them (1), or learned; needs --listener."),
]
Minutes = Annotated[
    float | None, typer.Option("--minutes", help="How long it lasts, within a twentieth; instead of --limit.")
]
Arc = Annotated[
    str | None,
    typer.Option(help="Of energy: flat, build, wind-down, gentle, peak, wave, or levels: 0.2,0.9,0.1."),
]
Mix = Annotated[
    str | None,
    typer.Option(help="Shares of music, podcast and audiobook: music=0.8,podcast=0.2.", show_default="music alone"),
]
Now = Annotated[str | None, typer.Option("--now", help="The moment to answer for, ISO 8601 with offset.")]

Language = Annotated[str | None, typer.Option("--language", help="Of the reasons, such as es.")]


def workspace(home: Path | None, *, create: bool = False) -> "Workspace":
    """Open the workspace that a command names, on as many threads as its settings say."""
    from segue.workspace import Workspace

    opened = Workspace.open(home, create=create)
    if opened.settings.threads:
        import numba

        numba.set_num_threads(min(opened.settings.threads, numba.get_num_threads()))
    return opened


def moment(now: str | None) -> datetime:
    """Read `--now`.

    Raises:
        BadInput: It is no time, or has no offset.
    """
    from segue.errors import BadInput

    if now is None:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(now)
    except ValueError as error:
        raise BadInput(f"--now {now!r} is not a time; write it as 2026-11-16T08:30:00+00:00") from error
    if at.tzinfo is None:
        raise BadInput(f"--now {now!r} has no offset; write it as {at.isoformat()}+00:00")
    return at


def levels(arc: str | None) -> str | tuple[float, ...] | None:
    """Read `--arc`.

    Raises:
        BadInput: It is neither a name nor levels.
    """
    from segue.service.asks import read_arc

    return None if arc is None else read_arc(arc)


def shares(mix: str | None) -> dict[str, float] | None:
    """Read `--mix`.

    Raises:
        BadInput: It is no list of shares.
    """
    from segue.service.asks import read_mix

    return None if mix is None else read_mix(mix)


def told_dial(dial: str | None) -> float | str | None:
    """Read `--dial`; a word that is none is refused with the ask."""
    from segue.service.asks import read_dial

    return None if dial is None else read_dial(dial)


def emit(value: Any) -> None:
    """Print a value as one JSON document."""
    print(json.dumps(asdict(value) if is_dataclass(value) else value, ensure_ascii=False, default=str))  # type: ignore[arg-type]


def complain(message: str) -> None:
    """Print an error on stderr."""
    from rich.console import Console
    from rich.text import Text

    Console(stderr=True, soft_wrap=True).print(Text("Error: ", style="bold red") + Text(message))


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table. Numbers stand on the right."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for place, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[place], int | float) for row in rows)
        made.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(_cell(cell)) for cell in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    console.print(Text(title, style="bold"), soft_wrap=True)
    console.print(made)


def show_slate(title: str, slate: "Slate", identity: str | None = None) -> None:
    """Print a list with its reasons, and the id by which it is found again (None: the slate's own)."""
    rows = [(place, track.title, track.artist, track.reason) for place, track in enumerate(slate.tracks, 1)]
    table(title, ("", "title", "artist", "why"), rows)
    for note in slate.notes:
        complain_softly(note)
    if slate.dial is not None:
        drawn = "" if slate.dial_propensity is None else f", drawn with a chance of {slate.dial_propensity:.2f}"
        complain_softly(f"dial {slate.dial:.2f}{drawn}")
    complain_softly(f"{len(slate.tracks)} tracks · {slate.rung} · recipe {slate.recipe} · snapshot {slate.snapshot}")
    complain_softly(f"id {identity or slate.id}: `segue playlist show` tells more of it, and draws it")


def complain_softly(message: str) -> None:
    """Print a remark, apart from the result."""
    from rich.console import Console
    from rich.text import Text

    Console(stderr=True, soft_wrap=True).print(Text(message, style="dim"))


@contextmanager
def progress(quiet: bool = False) -> Iterator["Progress"]:
    """Show on stderr how far a job is: a bar, or a line for each step where a log is written; nothing when quiet."""
    if quiet or not sys.stderr.isatty():
        yield _ignore if quiet else _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(what: str, done: int | None = None, total: int | None = None) -> None:
            bar.update(task, description=what, completed=done or 0, total=total)

        yield show


class _Lines:
    """Writes a line for what is begun: a timer's log is read afterwards."""

    def __init__(self) -> None:
        self.last = ""

    def __call__(self, what: str, done: int | None = None, total: int | None = None) -> None:
        if what and what != self.last:
            complain_softly(f"{what} …" if total is None else f"{what} … ({done:,} of {total:,})")
        self.last = what


def _ignore(what: str, done: int | None = None, total: int | None = None) -> None:
    """Show nothing."""


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None else str(value)
