# SPDX-License-Identifier: Apache-2.0
"""Benches at a thousandth of their size: that both sides run and agree, not how fast they are."""

import json
from dataclasses import asdict

import pytest
from typer.testing import CliRunner

from segue.cli.app import app
from segue.errors import BadInput, NotFound
from segue.jobs.bench.run import run

SMALL = {
    "als": ("64 factors", 0.01),
    "topk": ("64 factors", 0.1),
    "knn": ("k = 20", 0.01),
    "ingest": ("batches", 0.01),
    "ann": ("clustered, one at a time", 0.002),
}


@pytest.mark.parametrize("name", SMALL)
def test_both_sides_run_and_are_equally_good(name: str) -> None:
    case, scale = SMALL[name]
    made = run(name, cases=[case], scale=scale, rounds=2)
    assert made.machine["gflops"] > 0 < made.machine["gbps"]
    assert len(made.rows) >= 2
    for row in made.rows:
        assert row.ratio is not None and 0 < row.ratio.min <= row.ratio.median <= row.ratio.max
        assert row.ours > 0 < (row.peer or 0)
        assert row.quality
        assert 0 < (row.peak_mb or 0) < 10_000
    json.dumps(asdict(made))


def test_the_weekly_bench_makes_everyones_list_and_tells_how_its_time_grows() -> None:
    made = run("weekly", cases=["10,000 listeners, 50", "1,000,000 listeners"], scale=0.002, rounds=1)
    *sizes, growth = made.rows
    for row in sizes:
        assert (row.quality["personal"], row.unit) == (1, "listeners/s")
        assert row.quality["tracks a listener"] > 20
        assert row.ours > 0 < (row.peak_mb or 0)
    assert growth.case.startswith("growth with listeners (10,000, 1,000,000)")


def test_the_weekly_bench_kills_the_job_and_compares_every_byte() -> None:
    (row,) = run("weekly", cases=["killed"], scale=0.005, rounds=1).rows
    assert row.quality["killed"] == 5
    assert row.quality["impressions"] == 500
    assert row.quality["files not the same"] == 0 < row.quality["files"]


def test_the_serve_bench_asks_a_server_and_an_empty_route() -> None:
    made = run("serve", cases=["weekly"], scale=0.01, rounds=1)
    (row,) = made.rows
    assert row.ratio is not None and row.ours > 0 < (row.peer or 0)
    assert 0 < row.quality["p50 ms"] <= row.quality["p99 ms"]


def test_an_index_answers_while_it_is_changed_and_every_answer_is_checked() -> None:
    (row,) = run("ann", cases=["clustered, 10,000 added"], scale=0.002, rounds=1).rows
    assert row.ours > 0
    assert row.quality["failed"] == 0 < row.quality["queries"]
    assert row.quality["added"] == row.quality["removed"] == 500


def test_a_share_of_the_size_is_told_in_each_case() -> None:
    made = run("ingest", cases=["single"], scale=0.01, rounds=1)
    assert (made.scale, made.rounds) == (0.01, 1)
    assert made.rows[0].case == "single events, 8 at a time, at 0.01 of the size"


def test_data_that_a_case_needs_is_asked_for_before_anything_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEGUE_DATASETS", raising=False)
    with pytest.raises(BadInput, match="SEGUE_DATASETS"):
        run("ann", progress=lambda *_: pytest.fail("something has begun"))


def test_an_unknown_bench_or_case_is_told_with_what_there_is() -> None:
    with pytest.raises(NotFound, match="there are als"):
        run("alps")
    with pytest.raises(NotFound, match="conjugate, 64 factors"):
        run("als", cases=["65 factors"])


def test_the_command_prints_a_table_and_json() -> None:
    runner = CliRunner()
    arguments = ["bench", "topk", "--case", "30, 50,000", "--scale", "0.05", "--rounds", "1"]
    shown = runner.invoke(app, arguments)
    assert shown.exit_code == 0, shown.output
    assert "implicit" in shown.stdout and "ratio" in shown.stdout
    printed = runner.invoke(app, [*arguments, "--json"])
    assert json.loads(printed.stdout)["rows"][0]["unit"] == "listeners/s"
