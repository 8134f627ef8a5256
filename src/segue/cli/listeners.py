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
    rows += [(f"says: {name}", _shown(said)) for name, said in known["profile"].items()]
    rows += [("persona", known["persona"]["says"] if known["persona"] else None)]
    rows += [(f"consent: {purpose}", "yes" if given else "no") for purpose, given in known["consent"].items()]
    if known["dial"] is not None:
        rows.append(("new tracks they like best", f"{known['dial']['best']:.0%}"))
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


@app.command()
def profile(
    listener: Who,
    home: Home = None,
    age: Annotated[str | None, typer.Option(help="How old: 0-12, 13-15, 16-17 or 18+.")] = None,
    explicit: Annotated[
        bool | None, typer.Option("--explicit/--no-explicit", help="Whether they want explicit tracks.")
    ] = None,
    languages: Annotated[str | None, typer.Option(help="ISO 639-1, best first, such as es,en.")] = None,
    region: Annotated[str | None, typer.Option(help="ISO 3166, such as ES.")] = None,
    timezone: Annotated[str | None, typer.Option(help="IANA name, such as Europe/Berlin.")] = None,
    tier: Annotated[str | None, typer.Option(help="premium or ad-supported.")] = None,
    as_json: Json = False,
) -> None:
    """Show what a listener says of themselves, or write it down. What is not named stays as it was."""
    from segue.privacy.profiles import Profile
    from segue.privacy.profiles import profile as profile_of

    opened = workspace(home)
    said = profile_of(
        age_bracket=age,
        allows_explicit=explicit,
        tier=tier,
        languages=None if languages is None else [word for word in languages.split(",") if word.strip()],
        region=region,
        timezone=timezone,
    )
    known = opened.knows(listener)
    told = opened.profile(listener) if said == Profile() else opened.introduce(listener, said)
    if as_json:
        emit({"listener": listener, **told.to_json()})
        return
    rows = [(name, _shown(value) if value is not None else "unknown") for name, value in told.to_json().items()]
    table(listener, ("", ""), rows)
    if not known:
        complain_softly(f"nothing else is kept of {listener!r}: if it is misspelt, `segue listener list` names all")


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
