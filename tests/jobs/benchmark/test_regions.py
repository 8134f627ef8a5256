# SPDX-License-Identifier: Apache-2.0
from segue.jobs.benchmark.regions import MODELS, Size, measured
from segue.jobs.benchmark.suites import suite

SMALL = Size(listeners=600, tracks=400, known=(10, 20, 40), new=10)


def test_charts_of_small_worlds_are_measured_by_the_size_of_regions() -> None:
    rows = {row.model: row.metrics for row in measured(("blended", "everyone only"), 1, SMALL)}
    assert list(rows["blended"]) == ["N@30 small", "N@30 middling", "N@30 large"]
    assert all(0 < value < 1 for figures in rows.values() for value in figures.values())
    assert rows["blended"] != rows["everyone only"]


def test_the_suite_says_that_it_is_simulated() -> None:
    chosen = suite("regions")
    assert chosen.protocol.startswith("simulated")
    assert list(chosen.models) == list(MODELS)
