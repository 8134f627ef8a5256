# SPDX-License-Identifier: Apache-2.0
"""`segue playlist`: what was made, shown, drawn and written into files."""

from pathlib import Path
from typing import Annotated

import typer

from segue.cli.output import Home, Json, Language, complain_softly, emit, table, workspace

__all__ = ["app"]

app = typer.Typer(help="Playlists that were made: a weekly, or any list that was shown.", no_args_is_help=True)
Which = Annotated[str, typer.Argument(help="Its id: it stands below every list, and in its JSON.")]
Looks = Annotated[str | None, typer.Option("--listener", help="Who looks, where it is not whom it was made for.")]


@app.command()
def show(
    playlist: Which,
    home: Home = None,
    plot: Annotated[Path | None, typer.Option(help="Draw energy, tempo, key and sources here, as SVG.")] = None,
    listener: Looks = None,
    language: Language = None,
    as_json: Json = False,
) -> None:
    """Show a playlist track by track: how it sounds, where it comes from, and why it is there."""
    from segue.errors import BadInput
    from segue.playlists.picture import drawn
    from segue.stores import files

    if plot is not None and plot.suffix.lower() != ".svg":
        raise BadInput(f"{plot} is no SVG; let its name end in .svg")
    found = workspace(home).playlist(playlist, listener=listener, language=language)
    if plot is not None:
        files.write_bytes(plot, drawn(found).encode())
    if as_json:
        emit(found.to_json())
        return
    rows = [
        (
            place,
            one.shown.title,
            one.shown.artist,
            _number(one.energy, 2, "energy" in one.guessed),
            _number(one.tempo_bpm, 0, "tempo" in one.guessed),
            one.key and f"{one.key} {one.camelot or ''}".strip(),
            one.shown.source,
            one.shown.reason,
        )
        for place, one in enumerate(found.tracks, 1)
    ]
    table(found.title, ("", "title", "artist", "energy", "tempo", "key", "source", "why"), rows)
    for note in found.notes:
        complain_softly(note)
    guessed = " · ~ is a guess" if any(one.guessed for one in found.tracks) else ""
    complain_softly(
        f"{len(found.tracks)} tracks · {found.rung} · recipe {found.recipe} · made {found.made_at[:16]}{guessed}"
    )
    if plot is not None:
        complain_softly(f"drawn → {plot}")


@app.command()
def export(
    playlist: Which,
    form: Annotated[str, typer.Option("--format", help="jspf, xspf or m3u8.")] = "xspf",
    output: Annotated[Path | None, typer.Option(help="The file.", show_default="standard output")] = None,
    home: Home = None,
    listener: Looks = None,
    language: Language = None,
) -> None:
    """Write a playlist as a file that players read; your own files are found where they lie."""
    from segue.playlists.formats import written
    from segue.stores import files

    opened = workspace(home)
    found = opened.playlist(playlist, listener=listener, language=language)
    text = written(found, form, opened.own_files(one.shown.track for one in found.tracks))
    if output is None:
        print(text, end="")
        return
    files.write_bytes(output, text.encode())
    complain_softly(f"{len(found.tracks)} tracks → {output}")


def _number(value: float | None, digits: int, guess: bool) -> str | None:
    return None if value is None else f"{'~' if guess else ''}{value:.{digits}f}"
