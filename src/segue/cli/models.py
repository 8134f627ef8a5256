# SPDX-License-Identifier: Apache-2.0
"""`segue models`: which versions there are, and which serve."""

from dataclasses import asdict
from typing import Annotated

import typer

from segue.cli.output import Home, Json, complain_softly, emit, table, workspace

__all__ = ["app"]

app = typer.Typer(help="Which model versions there are, and which serve.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="As `segue models list` names it.")]
Version = Annotated[str, typer.Argument(help="As `segue models list` names it.")]


@app.command("list")
def list_(home: Home = None, as_json: Json = False) -> None:
    """List every version; those that serve are marked."""
    opened = workspace(home)
    serving = opened.pointer().models
    manifests = opened.models()
    if as_json:
        emit([{**asdict(one), "serving": serving.get(one.model) == one.version} for one in manifests])
        return
    rows = [
        (
            "●" if serving.get(one.model) == one.version else "",
            one.model,
            one.version,
            one.dataset["items"],
            one.metrics.get("r_precision"),
            one.metrics.get("ndcg@100"),
        )
        for one in manifests
    ]
    table("Models", ("", "model", "version", "items", "R-precision", "NDCG@100"), rows)


@app.command()
def show(name: Name, version: Version, home: Home = None, as_json: Json = False) -> None:
    """Show a version's manifest, after checking every checksum."""
    from segue.registry import versions

    opened = workspace(home)
    manifest = versions.load(opened.home / "models", name, version)[2]
    if as_json:
        emit(manifest)
        return
    rows = [(key, str(value)) for key, value in asdict(manifest).items() if key != "files"]
    table(f"{name} {version}", ("", ""), [*rows, *((f"sha256 {file}", sum_) for file, sum_ in manifest.files.items())])


@app.command()
def promote(name: Name, version: Version, home: Home = None, as_json: Json = False) -> None:
    """Let another version serve. Running servers take it within seconds, without a failed request."""
    pointer = workspace(home).promote(name, version)
    if as_json:
        emit(pointer)
    else:
        complain_softly(f"{name} {version} serves, in snapshot {pointer.id}")


@app.command()
def rollback(home: Home = None, as_json: Json = False) -> None:
    """Let the set of models before this one serve again."""
    pointer = workspace(home).roll_back()
    if as_json:
        emit(pointer)
    else:
        complain_softly(f"snapshot {pointer.id} serves: {', '.join(f'{n} {v}' for n, v in pointer.models.items())}")
