# SPDX-License-Identifier: Apache-2.0
"""`segue bench`: speed, beside the tools that people use, in the same run."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from segue.cli.output import Json, complain_softly, emit, progress, table

__all__ = ["bench"]


def bench(
    name: Annotated[str, typer.Argument(help="als, topk, knn, ann, weekly, serve or ingest.")],
    case: Annotated[
        list[str] | None, typer.Option("--case", help="Only cases with these words; may be given again.")
    ] = None,
    scale: Annotated[float, typer.Option(min=0.0001, max=100, help="Share of the full size.")] = 1.0,
    rounds: Annotated[int, typer.Option(min=1, max=1000, help="Rounds of each side.")] = 6,
    output: Annotated[Path | None, typer.Option(help="Write the JSON here too.")] = None,
    as_json: Json = False,
) -> None:
    """Measure how fast a hot path is, beside its peers: in turn, at equal quality, with the ratio and its spread."""
    from segue.jobs.bench.rows import figure
    from segue.jobs.bench.run import run
    from segue.stores import files

    with progress(as_json) as show:
        made = run(name, cases=case or (), scale=scale, rounds=rounds, progress=show)
    if output is not None:
        files.write_json(output, asdict(made))
    if as_json:
        emit(made)
        return
    rows = [
        (
            row.case,
            row.ours,
            row.peer,
            row.unit,
            row.peer_name,
            str(row.ratio) if row.ratio else None,
            f"{row.limit_fraction:.0%}" if row.limit_fraction else None,
            ", ".join(f"{key} {figure(value)}" for key, value in row.quality.items()),
            row.peak_mb,
        )
        for row in made.rows
    ]
    table(f"{made.bench}: {made.protocol}", ("case", "ours", "peer", "", "beside", "ratio", "of GEMM", "", "MB"), rows)
    known = made.machine
    complain_softly(
        f"{known['processor']}, {known['threads']} threads: {known['gflops']:g} GFLOP/s, {known['gbps']:g} GB/s; "
        "a ratio above 1 is ours ahead"
    )
