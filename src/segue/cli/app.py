# SPDX-License-Identifier: Apache-2.0
"""The commands, in the order of a first day: demo, import, train, radio, weekly, batch, serve, doctor."""

import socket
import sys
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from segue.cli import benches, benchmarks, listeners, models, playlists
from segue.cli.output import (
    Arc,
    Dial,
    Home,
    Json,
    Language,
    Minutes,
    Mix,
    Now,
    complain_softly,
    emit,
    levels,
    moment,
    progress,
    shares,
    show_slate,
    table,
    told_dial,
    workspace,
)

__all__ = ["app"]

app = typer.Typer(
    name="segue",
    help="A self-hosted music recommender: radio, a weekly playlist for everyone, and true reasons.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(listeners.app, name="listener")
app.add_typer(models.app, name="models")
app.add_typer(playlists.app, name="playlist")
app.command()(benchmarks.benchmark)
app.command()(benches.bench)


def _version(show: bool) -> None:
    if show:
        from segue import __version__

        print(f"segue {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it and exit.")
    ] = False,
) -> None:
    del version


@app.command()
def demo(
    home: Home = None,
    listeners: Annotated[int, typer.Option(min=20, max=1_000_000, help="How many listen.")] = 400,
    tracks: Annotated[int, typer.Option(min=200, max=1_000_000, help="How many tracks there are.")] = 4000,
    weeks: Annotated[int, typer.Option(min=2, max=520, help="How many weeks they listen.")] = 8,
    seed: Annotated[int, typer.Option(min=0, help="Another seed is another world.")] = 1,
    serve: Annotated[bool, typer.Option(help="Serve it afterwards.")] = True,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Where to serve.")] = None,
    as_json: Json = False,
) -> None:
    """Make a simulated world, train on it, show what comes out, and serve it."""
    from segue.cli import demonstration

    demonstration.run(home, listeners, tracks, weeks, seed, as_json=as_json)
    if serve:
        _serve(home, None, port, None)


@app.command("import")
def import_(
    source: Annotated[
        str, typer.Argument(help="spotify, listenbrainz, lastfm, mpd, hetrec, table, catalogue or audio.")
    ],
    path: Annotated[Path, typer.Argument(help="A file, a zip or a folder.")],
    home: Home = None,
    listener: Annotated[str | None, typer.Option(help="Whose plays these are.")] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COLUMN=FIELD", help="table, catalogue: which column is which field."),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(
            help="catalogue: what its rows are.", metavar="track|artist|episode|chapter", show_default="track"
        ),
    ] = None,
    model: Annotated[Path | None, typer.Option(help="audio: an ONNX file that gives embeddings.")] = None,
    model_rate: Annotated[
        int | None, typer.Option(min=1000, max=192_000, help="audio: samples a second that the model takes.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=256, help="audio: processes.", show_default="one a core")
    ] = None,
    as_json: Json = False,
) -> None:
    """Take plays, playlists, a catalogue or music files in. Twice the same adds nothing; a bad file changes nothing."""
    from segue.errors import UsageError
    from segue.importers.sources import build
    from segue.workspace import default_home

    pairs = [pair.partition("=") for pair in mapping or ()]
    for column, equals, field in pairs:
        if not (column and equals and field):
            raise UsageError(f"--map {column + equals + field!r} is not of the form column=field")
    importer = build(
        source,
        listener=listener,
        mapping={column: field for column, _, field in pairs} or None,
        kind=kind,
        model=model,
        model_rate=model_rate,
        jobs=jobs,
        memory=(home or default_home()) / "audio" / "memory.sqlite" if source == "audio" else None,
    )
    if not path.exists():
        raise UsageError(f"there is no file or folder {path}")
    opened = workspace(home, create=True)
    with progress(as_json) as show:
        report = opened.ingest(importer, path, show)
    if as_json:
        emit(report)
        return
    described = [
        ("tracks of which more is known", report.enriched),
        ("artists of whom more is known", report.artists_enriched),
        ("artists without a track yet", report.artists_waiting),
    ]
    rows = [
        ("rows read", report.rows),
        ("new events", report.events),
        ("known already", report.duplicates),
        ("new tracks", report.tracks),
        ("of these, repeated recordings", report.folded),
        *((what, count) for what, count in described if count),
        *((f"dropped: {reason}", count) for reason, count in report.dropped.items()),
    ]
    table(f"{report.source} from {report.path}", ("", "count"), rows)


@app.command()
def train(home: Home = None, now: Now = None, as_json: Json = False) -> None:
    """Fit every model on all that may be learned from, measure them, and let them serve."""
    opened = workspace(home)
    at = moment(now)
    with progress(as_json) as show:
        done = opened.train(now=at, progress=show)
    if as_json:
        emit(done)
        return
    size = ", ".join(f"{count:,} {name[:-1] if count == 1 else name}" for name, count in done.rows.items())
    rows = [
        (
            name,
            done.seconds[name],
            *(done.metrics.get(name, {}).get(key) for key in ("r_precision", "ndcg@100", "recall@100")),
        )
        for name in done.pointer.models
    ]
    title = f"Snapshot {done.pointer.id}: {done.items:,} tracks, {size}"
    table(title, ("model", "seconds", "R-precision", "NDCG@100", "recall@100"), rows)
    held = int(max((measured.get("rows", 0) for measured in done.metrics.values()), default=0))
    if held:
        told = f"Measured on {held:,} held-out rows: from the first half of each, the other half is to be found."
    else:
        told = "Not measured: no rows of four tracks or more were held out: too few, or train.held_out_share is 0."
    complain_softly(told)
    for why in done.choices:
        complain_softly(why)
    for reason, count in done.dropped.items():
        complain_softly(f"{count:,} × {reason}")
    if done.withdrawn:
        who = "1 listener" if done.withdrawn == 1 else f"{done.withdrawn:,} listeners"
        complain_softly(f"{who} withdrew or were erased while this ran, and are still in it: run `segue train` again")


@app.command()
def radio(
    track: Annotated[str, typer.Argument(help='"Artist - Title", a title, or a track id.')],
    home: Home = None,
    limit: Annotated[int, typer.Option(help="How many tracks, 1–1000.")] = 30,
    listener: Annotated[str | None, typer.Option(help="Makes it personal.")] = None,
    dial: Dial = None,
    minutes: Minutes = None,
    arc: Arc = None,
    mix: Mix = None,
    language: Language = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """A radio from one track. Without a listener, nothing is read or kept of anyone."""
    opened = workspace(home)
    at = moment(now)
    found = opened.find(track)
    wishes = {"limit": limit, "dial": told_dial(dial), "minutes": minutes, "arc": levels(arc), "language": language}
    slate = opened.radio(found, listener=listener, now=at, mix=shares(mix), **wishes)  # type: ignore[arg-type]
    if as_json:
        emit(slate.to_json())
    else:
        show_slate(f"Radio from {opened.name_of(found)}", slate)


@app.command("continue")
def continue_(
    tracks: Annotated[list[str] | None, typer.Argument(help='Its tracks: "Artist - Title", titles or ids.')] = None,
    title: Annotated[str | None, typer.Option(help="What the playlist is called; with tracks or alone.")] = None,
    home: Home = None,
    limit: Annotated[int, typer.Option(help="How many tracks, 1–1000.")] = 30,
    listener: Annotated[str | None, typer.Option(help="Whose it is.")] = None,
    dial: Dial = None,
    minutes: Minutes = None,
    arc: Arc = None,
    mix: Mix = None,
    language: Language = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """What a playlist would hold next, by its tracks, its title, or both."""
    opened = workspace(home)
    wishes = {"limit": limit, "dial": told_dial(dial), "minutes": minutes, "arc": levels(arc), "language": language}
    whose = {"title": title, "listener": listener, "now": moment(now), "mix": shares(mix)}
    slate = opened.continuation(tracks or (), **whose, **wishes)  # type: ignore[arg-type]
    if as_json:
        emit(slate.to_json())
    else:
        about = f"“{title}”" if title else f"{len(tracks or ())} tracks"
        show_slate(f"More for {about}", slate)


@app.command()
def words(
    word: Annotated[str, typer.Argument(help="A word of titles, or a genre, in any language.")],
    home: Home = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many words.")] = 10,
    language: Annotated[str | None, typer.Option(help="Words of this language alone, as en or pt.")] = None,
    as_json: Json = False,
) -> None:
    """The words that lead to the same music as a word does, in whatever language they are."""
    found = workspace(home).words(word, limit=limit, language=language)
    if as_json:
        emit([asdict(one) for one in found])
        return
    table(f"Near “{word}”", ("word", "score", "language"), [(one.word, one.score, one.language) for one in found])


@app.command()
def charts(
    home: Home = None,
    region: Annotated[str | None, typer.Option(help="As plays name it, such as PT.")] = None,
    genre: Annotated[str | None, typer.Option(help="Of tracks or artists.")] = None,
    language: Annotated[str | None, typer.Option(help="Of tracks, ISO 639-1.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many tracks.")] = 20,
    as_json: Json = False,
) -> None:
    """What most listeners play; of a region, as far as the evidence goes."""
    found = workspace(home).charts(region=region, genre=genre, language=language, limit=limit)
    if as_json:
        emit([asdict(one) for one in found])
        return
    rows = [(one.title, f"{one.share:.3%}", "yes" if one.own else "no") for one in found]
    table("Chart", ("track", "share", "region's own"), rows)
    if not found:
        complain_softly("no track has listeners enough to be listed: `[models.charts] least_listeners` says how many")


@app.command()
def mood(
    words: Annotated[str, typer.Argument(help="A mood, an activity, a genre, years, a tempo, an artist … or several.")],
    home: Home = None,
    limit: Annotated[int, typer.Option(help="How many tracks, 1–1000.")] = 30,
    listener: Annotated[str | None, typer.Option(help="Leans to their taste.")] = None,
    arc: Annotated[
        str | None, typer.Option(help="flat, build, wind-down, gentle, peak or wave.", show_default="what suits")
    ] = None,
    language: Language = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """A playlist for free words, such as "rainy sunday jazz" or "correr 160 bpm"; it says what it understood."""
    opened = workspace(home)
    slate = opened.mood(words, limit=limit, listener=listener, arc=arc, language=language, now=moment(now))
    if as_json:
        emit(slate.to_json())
    else:
        show_slate(f"“{words}”", slate)


@app.command()
def shelves(
    listener: Annotated[str | None, typer.Argument(help="Whose; without, what most hear.")] = None,
    home: Home = None,
    kind: Annotated[str, typer.Option(help="podcast or audiobook.")] = "podcast",
    limit: Annotated[int, typer.Option(help="Parts of a shelf, 1–1000.")] = 10,
    language: Language = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """What is spoken, apart from music: what to continue, what is new, what comes next, and what one may like."""
    made = workspace(home).shelves(kind, listener=listener, limit=limit, language=language, now=moment(now))
    if as_json:
        emit({"kind": kind, "listener": listener, "shelves": [slate.to_json() for slate in made]})
        return
    titles = {"resume": "Continue", "new": "New", "next": "Next", "discover": "You may like"}
    for slate in made:
        rows = []
        for place, track in enumerate(slate.tracks, 1):
            about = (slate.spoken or {}).get(track.track, {})
            heard = f"{about['heard_ms'] // 60_000} of " if "heard_ms" in about else ""
            length = f"{heard}{about['duration_ms'] // 60_000} min" if "duration_ms" in about else ""
            rows.append((place, track.title, about.get("serial", ""), length, track.reason))
        table(titles[slate.id], ("", "title", "of", "", "why"), rows)
    for note in dict.fromkeys(note for slate in made for note in slate.notes):
        complain_softly(note)
    if not made:
        complain_softly("nothing of this kind can be shown; `segue import` brings what is spoken, and who hears it")


@app.command()
def themes(
    home: Home = None,
    listener: Annotated[str | None, typer.Option(help="Whose taste, clock and hemisphere count.")] = None,
    again: Annotated[bool, typer.Option(help="Make the playlists anew.")] = False,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """The themes that are due now, those nearest to a listener's taste first: each is a playlist."""
    from dataclasses import asdict

    opened = workspace(home)
    with progress(as_json) as show:
        at, found = opened.themes(listener=listener, now=moment(now), again=again, progress=show)
    if as_json:
        emit({"moment": {**asdict(at), "now": at.now.isoformat()}, "themes": [asdict(one) for one in found]})
        return
    rows = [(place, one.title, one.words, one.fit, len(one.tracks)) for place, one in enumerate(found, 1)]
    table("Themes", ("", "title", "words", "fit", "tracks"), rows)
    clock = f"{int(at.begins_hour):02d}:{round(at.begins_hour % 1 * 60):02d}"
    complain_softly(f"it is {at.now:%A %H:%M}, {at.part} of a day that begins about {clock}")


@app.command()
def weekly(
    home: Home = None,
    listener: Annotated[str | None, typer.Option(help="Of one listener; without, of everyone.")] = None,
    again: Annotated[bool, typer.Option(help="Make this week's anew where it is there already.")] = False,
    language: Language = None,
    now: Now = None,
    as_json: Json = False,
) -> None:
    """The weekly playlists: 30 tracks that each listener has not heard, from Monday in their own time zone."""
    opened = workspace(home)
    at = moment(now)
    if listener is not None:
        made = opened.weekly_of(listener, now=at, again=again, language=language)
        if as_json:
            line = made.slate.to_json()
            emit({**line, "id": made.id, "listener": listener, "week": made.week, "made_at": made.made_at})
        else:
            show_slate(f"Weekly of {listener}, week of {made.week}", made.slate, made.id)
        return
    with progress(as_json) as show:
        report = opened.weekly(now=at, again=again, progress=show)
    if as_json:
        emit(report)
        return
    rows = [
        ("listeners", report.listeners),
        ("playlists made", report.made),
        ("made this week already", report.current),
        ("tracks", report.tracks),
        *((f"rung: {rung}", count) for rung, count in report.rungs.items()),
    ]
    table("Weekly playlists", ("", "count"), rows)
    if report.went_on_from:
        complain_softly(f"went on with the run of {report.went_on_from}, which had not come to its end")
    if report.lost:
        complain_softly(f"given up with files that were missing or damaged: {report.lost:,} playlists, of any week")


@app.command()
def batch(
    home: Home = None,
    requests: Annotated[
        Path, typer.Option("--input", help="Requests, a JSON object a line; - for standard input.")
    ] = Path("-"),
    output: Annotated[Path, typer.Option("--output", help="Answers, a line each; - for standard output.")] = Path("-"),
    now: Now = None,
    as_json: Json = False,
) -> None:
    """Answer any number of requests, as the API would."""
    import json

    from segue.errors import NotFound
    from segue.stores.files import write_with

    if str(requests) != "-" and not requests.is_file():
        raise NotFound(f"there is no file {requests}")
    opened = workspace(home)
    at = moment(now)
    counts = {"answered": 0, "errors": 0}

    def answer(path: Path | None) -> None:
        """Write the answers to a file, or to standard output."""
        with (
            nullcontext(sys.stdin)
            if str(requests) == "-"
            else requests.open(encoding="utf-8", errors="replace") as lines,
            path.open("w", encoding="utf-8") if path else nullcontext(sys.stdout) as out,
            progress(as_json or path is None) as show,
        ):
            for line in opened.batch(lines, now=at):
                out.write(json.dumps(line, ensure_ascii=False) + "\n")
                counts["errors" if "error" in line else "answered"] += 1
                show("answering", sum(counts.values()))

    if str(output) == "-":
        answer(None)
        return
    write_with(output, answer)
    if as_json:
        emit({**counts, "output": str(output)})
    else:
        complain_softly(f"{counts['answered']:,} answered, {counts['errors']:,} with an error → {output}")


@app.command()
def serve(
    home: Home = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port to listen on.", show_default="8337")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Processes.", show_default="1")] = None,
) -> None:
    """Serve the HTTP API and the page."""
    _serve(home, host, port, workers)


@app.command()
def doctor(home: Home = None, as_json: Json = False) -> None:
    """Look the workspace over: what is there, what is missing, what is damaged, and what to do."""
    from segue.cli.output import complain
    from segue.jobs.doctor import examine

    findings = examine(workspace(home).home)
    if as_json:
        emit([{"what": finding.what, "ok": finding.ok, "detail": finding.detail} for finding in findings])
    else:
        table("Workspace", ("", "part", "state"), [("✓" if one.ok else "✗", one.what, one.detail) for one in findings])
    if not all(finding.ok for finding in findings):
        if not as_json:
            complain("something is wrong; the lines marked ✗ say what to do")
        raise typer.Exit(1)


def _serve(home: Path | None, host: str | None, port: int | None, workers: int | None) -> None:
    import os

    import uvicorn

    from segue.errors import Busy

    opened = workspace(home)
    os.environ["SEGUE_HOME"] = str(opened.home.resolve())
    config = opened.settings.serve
    address, number = host or config.host, config.port if port is None else port
    try:
        with socket.create_server((address, number), reuse_port=False):
            pass
    except OSError as error:
        raise Busy(f"{address}:{number} cannot be listened on ({error.strerror}); name another --port") from error
    if address not in ("127.0.0.1", "::1", "localhost"):
        complain_softly("there are no tokens yet: whoever reaches this port can read any weekly and write events")
    if number:
        complain_softly(f"http://{address}:{number}  (page)   /docs  (API)   Ctrl-C stops it")
    uvicorn.run(
        "segue.cli.serving:app",
        factory=True,
        host=address,
        port=number,
        workers=workers or config.workers,
        log_level="warning",
        access_log=False,
        server_header=False,
    )
