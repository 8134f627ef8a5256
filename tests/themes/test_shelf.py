# SPDX-License-Identifier: Apache-2.0
from datetime import date

import pytest

from segue.features.habits import DAY_PARTS
from segue.themes.reading import Vocabulary, parse
from segue.themes.shelf import SHELF, Shelved, due, southern

SUMMER = Shelved("Summer", "summer", season=((6, 1), (8, 31)))
WINTER = Shelved("Winter", "winter", season=((12, 1), (2, 29)))
CHRISTMAS = Shelved("Christmas", "christmas", season=((11, 25), (12, 26)), turns=False)


@pytest.mark.parametrize(("theme", "day", "north", "south"), [
    (SUMMER, date(2026, 7, 15), True, False),
    (SUMMER, date(2026, 1, 15), False, True),
    (WINTER, date(2026, 1, 15), True, False),
    (WINTER, date(2028, 2, 29), True, False),
    (WINTER, date(2026, 7, 15), False, True),
    (CHRISTMAS, date(2026, 12, 24), True, True),
    (CHRISTMAS, date(2026, 7, 15), False, False),
])  # fmt: skip
def test_a_season_is_half_a_year_later_in_the_south_and_christmas_is_not(
    theme: Shelved, day: date, north: bool, south: bool
) -> None:
    assert due(theme, day, None, south=False) is north
    assert due(theme, day, None, south=True) is south


def test_a_theme_is_due_on_its_days_and_in_its_parts_of_the_day() -> None:
    theme = Shelved("Party", "party", ("evening", "night"), (4, 5))
    friday = date(2026, 11, 20)
    assert due(theme, friday, "evening", south=False)
    assert not due(theme, friday, "morning", south=False)
    assert not due(theme, date(2026, 11, 18), "evening", south=False)


def test_the_south_is_known_by_the_country_and_else_by_the_zone() -> None:
    assert southern("AU", None) and southern("BR", "Europe/Lisbon") and southern(None, "America/Sao_Paulo")
    assert not southern("ES", "Australia/Sydney") and not southern(None, "Europe/Madrid") and not southern(None, None)


def test_every_theme_that_comes_with_segue_is_understood_by_rules_alone() -> None:
    assert len({theme.title for theme in SHELF}) == len(SHELF) >= 24
    for theme in SHELF:
        read = parse(theme.words, Vocabulary({"genre": ("jazz", "soul", "electronic", "acoustic")}))
        assert not read.unknown, theme
        assert set(theme.day_parts) <= set(DAY_PARTS)


@pytest.mark.parametrize("month", range(1, 13))
def test_in_every_month_some_theme_of_a_season_is_due_on_each_half_of_the_earth(month: int) -> None:
    seasons = [theme for theme in SHELF if theme.season is not None and theme.turns]
    for south in (False, True):
        assert len([theme for theme in seasons if due(theme, date(2026, month, 15), None, south=south)]) == 1
