# SPDX-License-Identifier: Apache-2.0
"""`segue listener`: what is known of one, and their rights over it."""

import json
from typing import Annotated

import typer

from segue.cli.output import Home, Json, complain_softly, emit, table, workspace

__all__ = ["app"]

app = typer.Typer(help="What is known of a listener, and their rights over it.", no_args_is_help=True)
Who = Annotated[str, typer.Argument(help="The listener's id.")]


@app.command("list")
def list_(home: Home = None, as_json: Json = False) -> None:
    """Name every listener whose plays may be used."""
    found = workspace(home).listeners()
    if as_json:
        emit(found)
    else:
        for listener in found:
            print(listener)
        if not found:
            complain_softly("nobody yet: `segue import` brings plays")


@app.command()
def show(listener: Who, home: Home = None, as_json: Json = False) -> None:
    """Say what is known of a listener, and what they allow."""
    known = workspace(home).listener(listener)
    if as_json:
        emit(known)
        return
    rows: list[tuple[str, object]] = [(f"{kind} events", count) for kind, count in known["events"].items()]
    rows += [("first", known["first_at"]), ("last", known["last_at"]), ("playlists kept", known["playlists"])]
    rows += [(f"consent: {purpose}", "yes" if given else "no") for purpose, given in known["consent"].items()]
    table(listener, ("", ""), [(name, str(value) if value is not None else "unknown") for name, value in rows])


@app.command()
def export(listener: Who, home: Home = None) -> None:
    """Print everything kept of a listener, a JSON object a line."""
    for row in workspace(home).export(listener):
        print(json.dumps(row, ensure_ascii=False, default=lambda value: value.isoformat()))


@app.command()
def erase(
    listener: Who,
    home: Home = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Erase a listener for ever: their events from every file, and their playlists."""
    opened = workspace(home)
    opened.listener(listener)
    if not yes:
        typer.confirm(f"Erase everything of {listener}? This cannot be undone.", abort=True)
    done = opened.erase(listener)
    if as_json:
        emit(done)
        return
    rows = [("receipt", done.receipt), ("events erased", f"{done.events:,}"), ("playlists erased", str(done.playlists))]
    table(f"Erased {listener}", ("", ""), rows)
    complain_softly(done.remains)


@app.command()
def consent(
    listener: Who,
    purpose: Annotated[str, typer.Argument(help="personalise, measure, research, demographic, integrity or operate.")],
    granted: Annotated[bool, typer.Option("--grant/--withdraw", help="Give it or take it back.")],
    home: Home = None,
    as_json: Json = False,
) -> None:
    """Write down what a listener allows. It counts from the next answer on."""
    from segue.errors import BadInput
    from segue.types import Purpose

    if purpose not in list(Purpose):
        raise BadInput(f"there is no purpose {purpose!r}; it is one of {[one.value for one in Purpose]}")
    opened = workspace(home)
    known = opened.knows(listener)
    opened.consent(listener, Purpose(purpose), granted)
    if as_json:
        emit({"listener": listener, "purpose": purpose, "granted": granted})
    else:
        complain_softly(f"{listener} {'allows' if granted else 'does not allow'} {purpose}")
        if not known:
            complain_softly(f"nothing else is kept of {listener!r}: if it is misspelt, `segue listener list` names all")
