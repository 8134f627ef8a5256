# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.errors import BadInput
from segue.playlists.arcs import ARCS, KNOTS, arc, error, levels

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20)


@pytest.mark.parametrize("name", ARCS)
def test_a_named_arc_lies_between_0_and_1(name: str) -> None:
    curve = arc(name)
    assert (curve.shape, curve.dtype) == ((KNOTS,), np.float32)
    assert curve.min() >= 0
    assert curve.max() <= 1


def test_a_build_rises_from_the_least_to_the_most() -> None:
    np.testing.assert_allclose(arc("build"), np.linspace(0, 1, KNOTS), atol=1e-6)
    np.testing.assert_allclose(arc("wind-down"), arc("build")[::-1], atol=1e-6)


def test_a_gentle_one_starts_below_its_peak_and_ends_calm() -> None:
    curve = arc("gentle")
    assert curve[0] < curve.max()
    assert 0.3 < curve.argmax() / KNOTS < 0.7
    assert curve[-1] == curve.min()


@given(NUMBERS, st.floats(0.1, 10), st.floats(-10, 10))
def test_only_the_order_of_levels_counts(numbers: list[float], scale: float, shift: float) -> None:
    rounded = [round(number, 1) for number in numbers]
    np.testing.assert_allclose(arc(rounded), arc([scale * 100 * one + shift for one in rounded]), atol=0.07)


def test_levels_that_are_all_the_same_are_flat() -> None:
    np.testing.assert_array_equal(arc([3, 3, 3]), arc("flat"))


@pytest.mark.parametrize("wanted", ["buildup", [1.0], [0.0, float("nan")], [0.5] * 101])
def test_what_is_no_arc_is_refused_with_what_there_is(wanted: str | list[float]) -> None:
    with pytest.raises(BadInput, match="arc"):
        arc(wanted)


def test_levels_are_places_among_the_known_of_the_row() -> None:
    energy = np.array([0.5, np.nan, 0.9, 0.1, 0.4, 0.4, 0.7], np.float32)
    found = levels(np.array([0, 4, 4, 6, 7]), energy)
    np.testing.assert_array_equal(found, np.array([0.5, np.nan, 1, 0, 0, 1, 0], np.float32))


def test_the_error_is_0_along_the_arc_and_greatest_against_it() -> None:
    energy = np.linspace(0.2, 0.4, 12, dtype=np.float32)
    assert error(arc("build"), energy) == pytest.approx(0, abs=1e-6)
    assert error(arc("build"), energy[::-1]) > 0.5
    assert error(arc("build"), np.where(np.arange(12) % 3 == 0, np.nan, energy).astype(np.float32)) < 0.01
    assert np.isnan(error(arc("flat"), energy))
    assert np.isnan(error(arc("build"), np.full(12, np.nan, np.float32)))


@pytest.mark.parametrize("name", [name for name in ARCS if name != "flat"])
def test_every_arc_can_be_followed_by_tracks_of_any_energies(name: str) -> None:
    rng = np.random.default_rng(1)
    energy = np.sort(rng.random(30)).astype(np.float32)
    curve = np.interp(np.linspace(0, 1, 30), np.linspace(0, 1, KNOTS), arc(name))
    placed = np.empty(30, np.float32)
    placed[np.argsort(curve, kind="stable")] = energy
    assert error(arc(name), placed) < 0.03
