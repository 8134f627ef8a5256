# SPDX-License-Identifier: Apache-2.0
"""The generated parts of the documentation: `python -m tests.docs.reference` writes them anew.

A page holds a part between `<!-- generated: NAME -->` and `<!-- end -->`; what stands around it is written by hand.
"""

import ast
import inspect
import json
import re
import tempfile
import tomllib
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from textwrap import dedent
from typing import Any, Literal

import polars as pl
from pydantic import BaseModel
from typer.main import get_command

from segue import errors
from segue import types as segue_types
from segue.apps.gateway import create
from segue.catalog import schema as catalogue_schema
from segue.cli.app import app
from segue.errors import BadInput
from segue.events import schema as event_schema
from segue.events.schema import EVENTS, INTAKE, conform
from segue.events.signals import LISTENING_COLUMNS, SignalsConfig, preferences, strength
from segue.explain.words import languages
from segue.importers.columns import FIELDS, OF_ARTISTS, OF_CATALOGUE, OF_TRACKS
from segue.importers.sources import SOURCES
from segue.jobs.bench.rows import figure, ratio_figure
from segue.jobs.benchmark.plot import drawn
from segue.jobs.benchmark.rows import BEYOND, Benchmark, Row
from segue.jobs.benchmark.suites import SUITES
from segue.privacy.consent import ConsentConfig
from segue.recipes.music import RecipesConfig
from segue.settings import Settings
from segue.types import EventType
from segue.workspace import Workspace

__all__ = ["PARTS", "ROOT", "commands", "pages", "pictures", "renewed"]

ROOT = Path(__file__).parents[2]
_WORD = re.compile(r"\ban? (EventType|EndReason|Device|Purpose|ItemKind|AgeBracket|Tier)\b")
_PART = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def pages() -> list[Path]:
    """Return every page of the documentation."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def pictures() -> dict[Path, str]:
    """Return the picture of each table of quality that has a coverage, and where it lies."""
    made = {}
    for path in sorted((ROOT / "docs" / "reference" / "quality").glob("*.json")):
        content = json.loads(path.read_text("utf-8"))
        rows = [Row(**row) for row in content.pop("rows")]
        first = SUITES[content["benchmark"]].measures[0]
        rows.sort(key=lambda row: first not in row.metrics)
        if any(name.endswith("coverage") for row in rows for name in row.metrics):
            made[path.with_suffix(".svg")] = drawn(Benchmark(**content, rows=rows), first)
    return made


def renewed(text: str) -> str:
    """Return a page with its generated parts made anew."""
    return _PART.sub(lambda found: f"{found[1]}\n{PARTS[found[2]]().strip()}\n\n{found[3]}", text)


def commands() -> Iterator[tuple[str, Any]]:
    """Give each command with its full name, such as "segue models list"."""
    yield from _below("segue", get_command(app))


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for word, inner in command.commands.items():
            yield from _below(f"{name} {word}", inner)
    else:
        yield name, command


def _cli() -> str:
    parts = []
    for name, command in commands():
        hints = typing.get_type_hints(command.callback, include_extras=True)
        arguments, options = [], []
        for param in command.params:
            if param.name not in hints:  # --help
                continue
            kind, told = _of_command(hints[param.name])
            words = [_sentence(told.help or "")]
            if param.default not in (None, False, []):
                words.append(f"Default: {_default(param)}.")
            elif isinstance(told.show_default, str):
                words.append(f"Default: {told.show_default}.")
            if told.envvar:
                words.append(f"Also the variable `{told.envvar}`.")
            if told.min is not None:
                words.append(f"{told.min:,} to {told.max:,}." if told.max is not None else f"At least {told.min:,}.")
            if param.opts[0].startswith("-"):
                flags = "`, `".join([*param.opts, *param.secondary_opts])
                value = "" if kind == "bool" else f" {param.metavar or _KINDS.get(kind, kind).upper()}"
                if getattr(param, "multiple", False):
                    words.append("May be given more than once.")
                elif param.required:
                    words.append("Required.")
                options.append(f"| `{flags}{value}` | {' '.join(filter(None, words))} |")
            else:
                arguments.append((param.name.upper(), " ".join(filter(None, words))))
        usage = " ".join([name, *(argument for argument, _ in arguments), "[OPTIONS]"])
        rows = [*(f"| `{argument}` | {about} |" for argument, about in arguments), *options]
        table = "\n".join(["| | |", "|---|---|", *rows])
        parts.append(f"### {name}\n\n```\n{usage}\n```\n\n{inspect.getdoc(command.callback)}\n\n{table}")
    return "\n\n".join(parts)


def _default(param: Any) -> str:
    if param.default is True:
        return str(param.opts[0])
    return f"{param.default:,}" if isinstance(param.default, int) else str(param.default)


def _of_command(hint: Any) -> tuple[str, Any]:
    """Return the type of a command's parameter in a word, and what Typer was told of it."""
    bare, told = typing.get_args(hint)[0], hint.__metadata__[0]
    inner = [one for one in typing.get_args(bare) if one is not type(None)] or [bare]
    return str(getattr(inner[0], "__name__", inner[0])).lower(), told


_KINDS = {"int": "number", "str": "text"}


def _sentence(text: str) -> str:
    return text.replace("|", "\\|")


def _http() -> str:
    with tempfile.TemporaryDirectory() as folder:
        document = create(Workspace.open(folder, create=True)).openapi()
    parts = []
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            rows = [_parameter(one) for one in route.get("parameters", [])]
            table = ["", "| parameter | in | type | default | what it is |", "|---|---|---|---|---|", *rows]
            lines = [f"### {method.upper()} {path}", "", f"{route['summary']}. {route['description']}"]
            parts.append("\n".join([*lines, *(table if rows else [])]))
    return "\n\n".join(parts)


def _parameter(one: Mapping[str, Any]) -> str:
    schema = one["schema"]
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]
    words = [kinds[0]["type"]]
    bounds = {**schema, **kinds[0]}
    if "minimum" in bounds:
        words.append(f"{bounds['minimum']}–{bounds['maximum']:,}" if "maximum" in bounds else f"≥ {bounds['minimum']}")
    if "maxLength" in bounds:
        words.append(f"≤ {bounds['maxLength']} characters")
    default = "required" if one["required"] else schema.get("default", "")
    return f"| `{one['name']}` | {one['in']} | {', '.join(words)} | {default} | {one.get('description', '')} |"


def _settings() -> str:
    return "\n\n".join(_tables("", Settings, "", None))


def _tables(table: str, kind: type[BaseModel], about: str, made: BaseModel | None) -> Iterator[str]:
    """Give one table for the plain fields of a config, then those of the configs inside it.

    Args:
        table: Name of the table in `segue.toml`.
        kind: The config.
        about: What the table is for.
        made: The config as it is by default; None: as its fields say.
    """
    told = _told(kind)
    plain, inner = [], []
    for name, field in kind.model_fields.items():
        default = field.default if made is None else getattr(made, name)
        if isinstance(default, BaseModel):
            says = told.get(name) or (inspect.getdoc(type(default)) or "").splitlines()[0]
            inner.append((f"{table}.{name}".strip("."), type(default), says, default))
        else:
            bounds = ", ".join(_bounds(field.metadata))
            plain.append(
                f"| `{name}` | {_kind(field.annotation)} | {_value(default)} | {bounds} | {told.get(name, '')} |"
            )
    if plain:
        head = f"### [{table}]\n\n{about}" if table else "### Above all tables"
        yield "\n".join([head, "", "| key | type | default | bounds | what it is |", "|---|---|---|---|---|", *plain])
    for each in inner:
        yield from _tables(*each)


def _bounds(metadata: list[Any]) -> Iterator[str]:
    for one in metadata:
        for sign, attribute in (("≥", "ge"), (">", "gt"), ("≤", "le"), ("<", "lt")):
            if (limit := getattr(one, attribute, None)) is not None:
                yield f"{sign} {limit}"


def _kind(annotation: Any) -> str:
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return "one of " + ", ".join(f"`{word}`" for word in inner)
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return "one of " + ", ".join(f"`{word}`" for word in annotation)
    if origin is tuple:
        return f"list, each {_kind(inner[0])}"
    if origin is dict:
        return "table of numbers"
    if origin in (typing.Union, types.UnionType):
        nothing = ["nothing"] * (type(None) in inner)
        return " or ".join([*(_kind(one) for one in inner if one is not type(None)), *nothing])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "a table"
    words = {int: "whole number", float: "number", str: "text", bool: "true or false", Path: "path"}
    return words[annotation]


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "<br>".join(f"`{name}` {weight:g}" for name, weight in value.items())
    if isinstance(value, tuple):
        return ", ".join(f"`{word}`" for word in value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) if isinstance(value, int) else f"`{value}`"


def _told(model: type[BaseModel]) -> dict[str, str]:
    """Return the sentence that stands below each field in the source."""
    told: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)) or not kind.__module__.startswith("segue"):
            continue
        (tree,) = ast.parse(dedent(inspect.getsource(kind))).body
        assert isinstance(tree, ast.ClassDef)
        for field, below in zip(tree.body, [*tree.body[1:], None], strict=True):
            if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
                told[field.target.id] = inspect.cleandoc(ast.literal_eval(below.value)).replace("\n", " ")
    return told


def _recipes() -> str:
    recipes = RecipesConfig()
    sources = sorted({name for kind in RecipesConfig.model_fields for name in getattr(recipes, kind).weights})
    rows = [
        "| recipe | " + " | ".join(sources) + " | learned | leans to | artist cap | floor |",
        "|---|" + "---|" * (len(sources) + 4),
    ]
    for kind in RecipesConfig.model_fields:
        made = getattr(recipes, kind)
        weights = [f"{made.weights[name]:g}" if name in made.weights else "" for name in sources]
        leans = ", ".join(f"{name} × {weight:g}" for name, weight in made.lean.items())
        learned = "yes" if made.learned else ""
        cap = made.artist_cap or "none"
        rows.append(f"| {kind} | {' | '.join(weights)} | {learned} | {leans} | {cap} | {made.floor:g} |")
    return "\n".join(rows)


def _purposes() -> str:
    told = _told(ConsentConfig)
    rows = [
        f"| `{name}` | {'yes' if field.default else 'no'} | {told[name]} |"
        for name, field in ConsentConfig.model_fields.items()
    ]
    return "\n".join(["| purpose | until a listener says otherwise | what it allows |", "|---|---|---|", *rows])


def _events() -> str:
    said = _comments(event_schema)
    rows = [f"| `{name}` | {_dtype(dtype)} | {said.get(name, '')} |" for name, dtype in INTAKE.items()]
    own = [f"| `{name}` | {_dtype(dtype)} | set by the log |" for name, dtype in EVENTS.items() if name not in INTAKE]
    return "\n".join(["| column | type | what it is |", "|---|---|---|", *rows, *own])


def _needs() -> str:
    rows = []
    for kind in EventType:
        try:
            conform(pl.DataFrame({"event_id": ["x"], "type": [kind.value]}))
            needs = ""
        except BadInput as error:
            needs = ", ".join(f"`{name}`" for name in str(error).partition(" without ")[2].split(" and "))
        rows.append(f"| `{kind}` | {needs} |")
    return "\n".join(["| type | needs, besides `event_id` and `type` |", "|---|---|", *rows])


def _comments(module: types.ModuleType) -> dict[str, str]:
    """Return what the comment beside each column of a schema says."""
    found = re.findall(r'^ *"(\w+)": .*?,  # (.+)$', inspect.getsource(module), re.MULTILINE)
    return {name: _WORD.sub(_one_of, comment) for name, comment in found}


def _one_of(found: re.Match[str]) -> str:
    return "one of " + ", ".join(f"`{word}`" for word in getattr(segue_types, found[1]))


def _dtype(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.List):
        return f"list of {_dtype(typing.cast(pl.DataType, dtype.inner))}"
    words: dict[Any, str] = {pl.String: "text", pl.Boolean: "true or false", pl.Date: "date"}
    if isinstance(dtype, pl.Datetime):
        return "time, UTC, in milliseconds"
    return words.get(dtype.base_type(), str(dtype).lower())


def _languages() -> str:
    rows = ["| code | language | for instance |", "|---|---|---|"]
    for tag, spoken in languages().items():
        named = spoken.call("Antenna", "Kraftwerk")
        rows.append(f"| `{tag}` | {spoken.name} | {spoken.reasons['knn:history'].format(seed=named)} |")
    return "\n".join(rows)


def _sources() -> str:
    rows = []
    for name, source in SOURCES.items():
        flags = [flag for option, flag in _OPTIONS.items() if option in source.options]
        rows.append(f"| `{name}` | {source.reads} | {', '.join(flags)} |")
    return "\n".join(["| source | reads | takes |", "|---|---|---|", *rows])


_OPTIONS = {
    "listener": "`--listener`",
    "mapping": "`--map`",
    "kind": "`--kind`",
    "model": "`--model`",
    "model_rate": "`--model-rate`",
    "jobs": "`--jobs`",
}


def _fields() -> str:
    of_events = _comments(event_schema)
    called = _of_catalogue() | {"track": of_events["track"]}
    rows = []
    for name, dtype in FIELDS.items():
        about = of_events.get(name, "") if name in INTAKE else called.get(name, "")
        rows.append(f"| `{name}` | {_dtype(dtype)} | {'event' if name in INTAKE else 'track'} | {about} |")
    return "\n".join(["| field | type | of the | what it is |", "|---|---|---|---|", *rows])


def _described() -> str:
    called = _of_catalogue()
    rows = []
    for name, dtype in OF_CATALOGUE.items():
        whose = [word for word, fields in (("track", OF_TRACKS), ("artist", OF_ARTISTS)) if name in fields]
        whose = whose or (["track", "artist"] if name == "popularity_percent" else ["track"])
        rows.append(f"| `{name}` | {_dtype(dtype)} | {', '.join(whose)} | {called.get(name, '')} |")
    return "\n".join(["| field | type | of a row of kind | what it is |", "|---|---|---|---|", *rows])


def _of_catalogue() -> dict[str, str]:
    """Return what the fields of a track and of an artist are."""
    said = _comments(catalogue_schema)
    return said | {
        "track": said["track_id"],
        "track_title": "the track's title",
        "track_region": said["region"],
        "artist_region": said["region"],
        "played_s": "as `played_ms`, in seconds",
        "duration_s": "as `duration_ms`, in seconds",
        "popularity_percent": "as `popularity`, in percent",
    }


def _catalogue() -> str:
    said = _comments(catalogue_schema)
    stored = catalogue_schema.TRACKS_STORED.items()
    rows = [f"| `{name}` | {_dtype(dtype)} | {said.get(name, '')} |" for name, dtype in stored]
    return "\n".join(["| column | type | what it is |", "|---|---|---|", *rows])


_NOW = datetime(2026, 11, 16, tzinfo=UTC)
_EXAMPLE = [
    # what happened, how many days ago, track, and the columns that say how it went
    ("played to the end", 0, "Low Tide", {"type": "play", "played_ms": 240_000, "duration_ms": 240_000}),
    ("played to the end", 0, "Low Tide", {"type": "play", "played_ms": 240_000, "duration_ms": 240_000}),
    ("half of it, 180 days ago", 180, "Low Tide", {"type": "play", "played_ms": 120_000, "duration_ms": 240_000}),
    ("skipped after 8 s", 0, "Glass Houses", {"type": "skip", "played_ms": 8_000, "duration_ms": 200_000}),
    ("played to the end", 0, "Glass Houses", {"type": "play", "played_ms": 200_000, "duration_ms": 200_000}),
    ("skipped after 2:30 of 3:20", 0, "Marigold", {"type": "skip", "played_ms": 150_000, "duration_ms": 200_000}),
    ("skipped after 5 s", 0, "Static", {"type": "skip", "played_ms": 5_000, "duration_ms": 200_000}),
    ("liked", 0, "Ember", {"type": "like"}),
    ("a total of 12 plays, no time known", None, "Old Song", {"type": "play", "count": 12}),
    ("ended by an error", 0, "Broken", {"type": "play", "played_ms": 90_000, "end_reason": "error"}),
]


def _preferences() -> str:
    """Return the worked example of `signals`, as the code that training and serving use computes it."""
    config = SignalsConfig()
    rows = [
        {**said, "listener": "ann", "track": track, "occurred_at": None if ago is None else _NOW - timedelta(days=ago)}
        for _, ago, track, said in _EXAMPLE
    ]
    events = pl.DataFrame(rows, schema={name: EVENTS[name] for name in LISTENING_COLUMNS})
    strengths = events.select(strength(config).alias("said"))["said"]
    lines = ["| track | event | says, in plays |", "|---|---|---|"]
    for (event, _, track, _), said in zip(_EXAMPLE, strengths, strict=True):
        lines.append(f"| {track} | {event} | {'nothing' if said is None else f'{said:.3g}'} |")
    lines += ["", "They add up, faded by age and saturated:", "", "| track | preference | liked |", "|---|---|---|"]
    for row in preferences(events, config, _NOW, by="track").sort("weight", descending=True).iter_rows(named=True):
        lines.append(f"| {row['track']} | {row['weight']:.3g} | {'yes' if row['liked'] == 1 else ''} |")
    return "\n".join(lines)


def _layers() -> str:
    content = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (contract,) = [one for one in content["tool"]["importlinter"]["contracts"] if one["type"] == "layers"]
    lines = []
    for layer in contract["layers"]:
        rooms = [room.strip().removeprefix("segue.") for room in layer.split("|")]
        lines += [f"{room:<12}{_first_line(room)}" for room in rooms] + [""]
    return "```\n" + "\n".join(lines).rstrip() + "\n```"


def _first_line(room: str) -> str:
    path = ROOT / "src" / "segue" / f"{room}.py"
    path = path if path.exists() else ROOT / "src" / "segue" / room / "__init__.py"
    return (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").splitlines()[0]


def _quality() -> str:
    """The tables of `segue benchmark --output docs/reference/quality/NAME.json`."""
    parts = []
    for path in sorted((ROOT / "docs" / "reference" / "quality").glob("*.json")):
        made = json.loads(path.read_text("utf-8"))
        machine = made["machine"]
        measures = list(SUITES[made["benchmark"]].measures)
        there = {name for row in made["rows"] for name in row["metrics"]}
        beyond = [name for name in BEYOND if name in there]
        heads = ["model", *measures, *beyond, "fit s", "query ms", "MB", "tried"]
        rows = [
            [
                row["model"] if row["source"] == "ours" else f"*{row['model']}* ({row['where']})",
                *(_figure(row, name) for name in [*measures, *beyond]),
                *(str(row[name]) if row[name] is not None else "" for name in ("seconds", "query_ms", "peak_mb")),
                str(row["tried"] or ""),
            ]
            for row in sorted(made["rows"], key=lambda row: row["metrics"].get(measures[0], 0))
        ]
        table = "\n".join(f"| {' | '.join(row)} |" for row in [heads, ["---"] * len(heads), *rows])
        where = f"{machine['cores']} cores, {machine['memory_gb']} GB, Python {machine['python']}"
        parts.append(
            f"## {made['benchmark']}\n\n{made['protocol'][0].upper()}{made['protocol'][1:]}. {where}.\n\n{table}\n"
            + (f"\n![Accuracy beside coverage](quality/{path.stem}.svg)\n" if path.with_suffix(".svg").exists() else "")
        )
    return "\n".join(parts)


def _speed() -> str:
    """The tables of `segue bench --output docs/reference/speed/NAME.json`."""
    parts = []
    for path in sorted((ROOT / "docs" / "reference" / "speed").glob("*.json")):
        made = json.loads(path.read_text("utf-8"))
        machine = made["machine"]
        heads = ["case", "ours", "peer", "unit", "ratio", "of GEMM", "equally good", "MB", "peer's MB"]
        rows = [
            [
                row["case"],
                f"{row['ours']:,}",
                f"{row['peer']:,}" if row["peer"] is not None else "",
                row["unit"],
                "**{}** ({}–{})".format(*(ratio_figure(row["ratio"][at]) for at in ("median", "min", "max")))
                if row["ratio"]
                else "",
                f"{row['limit_fraction']:.0%}" if row["limit_fraction"] else "",
                ", ".join(f"{name} {figure(value)}" for name, value in row["quality"].items()),
                f"{row['peak_mb']:,}" if row["peak_mb"] is not None else "",
                f"{row['peer_peak_mb']:,}" if row["peer_peak_mb"] is not None else "",
            ]
            for row in made["rows"]
        ]
        peers = ", ".join(dict.fromkeys(row["peer_name"] for row in made["rows"] if row["peer_name"]))
        table = "\n".join(f"| {' | '.join(row)} |" for row in [heads, ["---"] * len(heads), *rows])
        where = (
            f"{machine['processor']}, {machine['threads']} threads, {machine['memory_gb']} GB, "
            f"Python {machine['python']}; measured {machine['gflops']:g} GFLOP/s of GEMM, {machine['gbps']:g} GB/s read"
        )
        protocol = made["protocol"][0].upper() + made["protocol"][1:]
        title = f"{made['bench']}, beside {peers}" if peers else made["bench"]
        parts.append(f"## {title}\n\n{protocol}. {where}.\n\n{table}\n")
    return "\n".join(parts)


def _figure(row: Mapping[str, Any], name: str) -> str:
    if name not in row["metrics"]:
        return ""
    spread = row["spread"].get(name)
    return f"{row['metrics'][name]:.4g}" + (f" ±{spread:.2g}" if spread else "")


def _errors() -> str:
    tree = [line for line in (errors.__doc__ or "").splitlines()[2:] if line.startswith("    ")]
    return "```\n" + dedent("\n".join(tree)) + "\n```"


PARTS: Mapping[str, Callable[[], str]] = {
    "catalogue": _catalogue,
    "described": _described,
    "cli": _cli,
    "errors": _errors,
    "events": _events,
    "fields": _fields,
    "http": _http,
    "layers": _layers,
    "needs": _needs,
    "preferences": _preferences,
    "languages": _languages,
    "purposes": _purposes,
    "quality": _quality,
    "recipes": _recipes,
    "settings": _settings,
    "sources": _sources,
    "speed": _speed,
}
"""What each generated part is made by."""


if __name__ == "__main__":
    for path, picture in pictures().items():
        path.write_text(picture, "utf-8")
    for page in pages():
        page.write_text(renewed(page.read_text("utf-8")), "utf-8")
