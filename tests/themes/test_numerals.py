# SPDX-License-Identifier: Apache-2.0
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.models.title import plain_words
from segue.themes.numerals import Numeral, read


def found(text: str) -> tuple[str, float, float] | None:
    numeral = read(plain_words(text).split(), 0)
    return None if numeral is None else (numeral.kind, numeral.first, numeral.last)


@pytest.mark.parametrize(("text", "years"), [
    ("1985", (1985, 1985)), ("80s", (1980, 1989)), ("80's", (1980, 1989)), ("’90s", (1990, 1999)),
    ("1970s", (1970, 1979)), ("00s", (2000, 2009)), ("20s", (2020, 2029)), ("eighties", (1980, 1989)),
    ("ochenta", (1980, 1989)), ("años 80", (1980, 1989)), ("los ochenta", (1980, 1989)), ("80er", (1980, 1989)),
    ("achtziger", (1980, 1989)), ("années 60", (1960, 1969)), ("anos setenta", (1970, 1979)),
    ("late 80s", (1986, 1989)), ("early 1990s", (1990, 1993)), ("1990-1995", (1990, 1995)),
    ("1990 bis 1995", (1990, 1995)), ("before 1970", (1900, 1969)), ("seit 2015", (2015, 2099)),
])  # fmt: skip
def test_years_are_read_in_many_spellings(text: str, years: tuple[int, int]) -> None:
    assert found(text) == ("years", *years)


@pytest.mark.parametrize(("text", "least", "most"), [
    ("160 bpm", 153.6, 166.4), ("160bpm", 153.6, 166.4), ("120-130 bpm", 120, 130), ("130 to 120 bpm", 120, 130),
])  # fmt: skip
def test_a_tempo_is_read_as_one_number_with_a_tolerance_or_as_two(text: str, least: float, most: float) -> None:
    assert found(text) == ("tempo", pytest.approx(least), pytest.approx(most))


@pytest.mark.parametrize("text", ["5", "160", "blink", "3005", "999 bpm", "7 bpm", "80", "bpm", "anos", "the", "s"])
def test_other_numbers_and_words_are_no_numerals(text: str) -> None:
    assert found(text) is None


@given(st.lists(st.text(alphabet="0123456789sanobpmr", min_size=1, max_size=5), min_size=1, max_size=6))
def test_a_numeral_takes_no_more_words_than_there_are_and_its_bounds_are_in_order(words: list[str]) -> None:
    numeral = read(words, 0)
    assert numeral is None or (1 <= numeral.words <= len(words) and numeral.first <= numeral.last)
    assert numeral is None or isinstance(numeral, Numeral)
