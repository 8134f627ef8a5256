# SPDX-License-Identifier: Apache-2.0
"""A cut that tells a model the answer is refused."""

from dataclasses import replace

import pytest

from segue.dataset.matrices import Dataset
from segue.errors import BadInput
from segue.evaluation.protocol import Split, Task, check
from segue.kernels.ragged import Ragged
from tests.models.worlds import interactions, vocabulary

KNOWN = Ragged.of([[0, 1], [2, 3]])
DATA = Dataset(vocabulary(10), listeners=interactions([{0: 1, 1: 1}, {2: 1, 3: 1}]))
HONEST = Split(DATA, Task(KNOWN, KNOWN, Ragged.of([[4], [5]])), Task(KNOWN, KNOWN, Ragged.of([[6], [7]])))


def test_an_honest_cut_is_taken() -> None:
    check(HONEST)


def test_answers_in_the_rows_of_training_are_a_leak() -> None:
    leaking = Dataset(vocabulary(10), listeners=interactions([{0: 1, 1: 1, 6: 1}, {2: 1, 3: 1}]))
    with pytest.raises(BadInput, match="test leaks: a row of training"):
        check(replace(HONEST, data=leaking))


def test_answers_of_another_row_are_none() -> None:
    check(replace(HONEST, data=Dataset(vocabulary(10), listeners=interactions([{0: 1, 7: 1}, {2: 1, 6: 1}]))))


@pytest.mark.parametrize("name", ["validation", "test"])
def test_answers_in_the_history_are_a_leak(name: str) -> None:
    told = Task(Ragged.of([[0, 1], [2, 9]]), KNOWN, Ragged.of([[4], [9]]))
    split = replace(HONEST, validation=told) if name == "validation" else replace(HONEST, test=told)
    with pytest.raises(BadInput, match=f"{name} leaks: .* in the history"):
        check(split)


def test_answers_that_may_not_come_back_cannot_be_found() -> None:
    with pytest.raises(BadInput, match="cannot be answered"):
        check(replace(HONEST, test=replace(HONEST.test, exclude=Ragged.of([[0, 6], [2]]))))


def test_masking_validation_in_the_test_inflates_the_figures() -> None:
    masked = replace(HONEST, test=replace(HONEST.test, exclude=KNOWN.concat(HONEST.validation.relevant)))
    with pytest.raises(BadInput, match="masks what validation found"):
        check(masked)
    check(replace(masked, masks_validation=True))
    told = masked.test.exclude
    check(replace(masked, test=replace(masked.test, history=told)))


def test_sessions_may_repeat_what_they_hold() -> None:
    again = Task(KNOWN, Ragged.empty(2), Ragged.of([[1], [3]]), repeats=True)
    check(Split(Dataset(vocabulary(10)), again, again, aligned=False))
