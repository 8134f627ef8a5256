# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from segue.models.sound import SOUND, Sound
from segue.themes.heights import Heights, heights, reached, within
from segue.themes.theme import Aim

ENERGY, TEMPO = SOUND.index("energy"), SOUND.index("tempo")


def levels(known: list[float], guessed: list[float] = (), explained: float = 0.4) -> Heights:  # type: ignore[assignment]
    """Energies that are known, then such as are guessed, then one of which nothing is known."""
    sound = Sound.unknown(len(known) + len(guessed) + 1)
    sound.values[: len(known) + len(guessed), ENERGY] = [*known, *guessed]
    sound.known[: len(known), ENERGY] = True
    told = np.full(len(SOUND), np.nan, np.float32)
    told[ENERGY] = explained
    return heights(sound, told)


def test_scores_are_those_of_the_normal_distribution_over_what_is_known() -> None:
    made = levels([0.1, 0.2, 0.3, 0.4]).scores["energy"][:4]
    np.testing.assert_allclose(made, norm.ppf([0.125, 0.375, 0.625, 0.875]), rtol=1e-5)


def test_only_the_order_of_values_counts() -> None:
    plain, stretched = levels([0.1, 0.2, 0.3]), levels([0.01, 0.5, 0.99])
    np.testing.assert_array_equal(plain.scores["energy"], stretched.scores["energy"])


def test_what_is_known_reaches_further_than_the_same_value_guessed() -> None:
    made = reached(Aim("energy", True, 0.7), levels([0.1, 0.2, 0.3, 0.4, 0.9], [0.9, 0.1]))
    known, guessed = made[4], made[5]
    assert known > guessed > made[6] > made[0]


def test_of_what_nothing_is_known_it_is_as_likely_as_of_any() -> None:
    assert reached(Aim("energy", True, 0.7), levels([0.1, 0.9]))[2] == pytest.approx(0.3)
    assert reached(Aim("energy", False, 0.2), levels([0.1, 0.9]))[2] == pytest.approx(0.2)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0.05, 0.95), st.booleans(), st.floats(0, 1))
def test_more_of_what_is_wanted_is_never_less_likely(
    known: list[float], quantile: float, above: bool, explained: float
) -> None:
    made = reached(Aim("energy", above, quantile), levels(known, explained=explained))[: len(known)]
    assert ((made >= 0) & (made <= 1)).all()
    order = np.argsort(np.float32(known) if above else -np.float32(known), kind="stable")
    assert (np.diff(made[order]) >= -1e-6).all()


def test_half_and_double_of_a_pace_suit_too() -> None:
    sound = Sound.unknown(5)
    sound.values[:4, TEMPO] = np.log2([160, 80, 120, 320])
    sound.known[:4, TEMPO] = True
    made = within((150, 180), heights(sound, np.full(len(SOUND), np.nan, np.float32)))
    assert made[0] > 0.9 and made[1] > 0.9 and made[3] > 0.9
    assert made[2] < 0.01
    assert made[4] == pytest.approx(made[:4].mean(), abs=1e-5)
