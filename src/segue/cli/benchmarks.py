# SPDX-License-Identifier: Apache-2.0
"""`segue benchmark`: quality on public data, beside what was published."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from segue.cli.output import Json, complain_softly, emit, progress, table

__all__ = ["benchmark"]


def benchmark(
    name: Annotated[
        str,
        typer.Argument(
            help="lastfm-lightgcnpp, lastfm-s3rec, hetrec, nowplaying, mpd, mpd-cold, flow, moods, situnes; "
            "simulated: regions, kinds, dial, listeners."
        ),
    ],
    model: Annotated[list[str] | None, typer.Option("--model", help="Only this one; may be given again.")] = None,
    seeds: Annotated[int | None, typer.Option(min=1, max=100, help="Runs; the figures are their mean.")] = None,
    output: Annotated[Path | None, typer.Option(help="Write the JSON here too.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw accuracy beside coverage here, as SVG.")] = None,
    as_json: Json = False,
) -> None:
    """Measure the models on a public data set, by its protocol. SEGUE_DATASETS names the folder that holds it.

    What is simulated needs none.
    """
    from segue.jobs.benchmark.plot import drawn
    from segue.jobs.benchmark.rows import BEYOND
    from segue.jobs.benchmark.run import datasets_folder, run
    from segue.jobs.benchmark.suites import Together, suite
    from segue.stores import files

    chosen = suite(name)  # a name that is none is told before anything else
    simulated = isinstance(chosen, Together) and chosen.simulated
    with progress(as_json) as show:
        made = run(name, Path() if simulated else datasets_folder(), models=model or (), seeds=seeds, progress=show)
    if output is not None:
        files.write_json(output, asdict(made))
    if plot is not None:
        files.write_bytes(plot, drawn(made, chosen.measures[0]).encode())
    if as_json:
        emit(made)
        return
    there = {key for row in made.rows for key in row.metrics}
    columns = [key for key in (*chosen.measures, *BEYOND) if key in there]
    rows = [
        (row.model, row.source, *(row.metrics.get(key) for key in columns), row.seconds, row.query_ms, row.peak_mb)
        for row in made.rows
    ]
    table(f"{made.benchmark}: {made.protocol}", ("model", "", *columns, "fit s", "query ms", "MB"), rows)
    for row in made.rows:
        if row.source == "ours" and row.tried:
            settings = ", ".join(f"{key} {value}" for key, value in row.settings.items())
            complain_softly(f"{row.model}: {row.tried} settings tried on validation; chosen: {settings}")
