# SPDX-License-Identifier: Apache-2.0
"""A small world, in which figures are noise: that the loop closes, and that the table holds what it says."""

from segue.jobs.benchmark.dial import LEARNED, MEASURES, Size, measured
from segue.jobs.benchmark.suites import SUITES, Together


def test_lists_are_answered_turn_by_turn_and_every_row_has_its_figures() -> None:
    ours, new = measured([LEARNED, "dial 1.0"], 1, Size(listeners=60, tracks=400, weeks=3, turns=3, length=8))
    assert set(MEASURES) - {"gain", "gain low", "gain high"} == set(ours.metrics)
    assert set(MEASURES) == set(new.metrics)
    for row in (ours, new):
        assert 0.2 < row.metrics["satisfaction"] < 0.9
        assert 0 < row.metrics["skipped"] < 1
    assert new.metrics["new"] > 0.9
    assert ours.metrics["new"] < new.metrics["new"]
    assert new.metrics["gain low"] <= new.metrics["gain"] <= new.metrics["gain high"]
    gain = ours.metrics["satisfaction"] - new.metrics["satisfaction"]
    assert abs(gain - new.metrics["gain"]) < 1e-3


def test_it_needs_no_data_and_says_that_it_is_simulated() -> None:
    for name in ("dial", "listeners"):
        suite = SUITES[name]
        assert isinstance(suite, Together)
        assert suite.simulated
        assert suite.protocol.startswith("simulated: ")
