# SPDX-License-Identifier: Apache-2.0
"""What a model is asked and from what it may learn, and the check that it is not told the answer."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.dataset.matrices import Dataset
from segue.errors import BadInput
from segue.kernels.ragged import Ragged, row_numbers

__all__ = ["Split", "Task", "check"]


@dataclass(frozen=True, slots=True)
class Task:
    """Q questions: from what a row heard, find what it heard besides. Numbers are items of the dataset."""

    history: Ragged
    """What the model is told of each row."""
    exclude: Ragged
    """What must not come back."""
    relevant: Ragged
    """What is to be found."""
    candidates: Ragged | None = None
    """What alone is ranked, the row's relevant item last: published protocols draw some wrong ones; None: all items."""
    repeats: bool = False
    """Whether what the row heard before may be what is to be found (sessions)."""


@dataclass(frozen=True, slots=True)
class Split:
    """A dataset to learn from, questions to choose settings by, and questions to report."""

    data: Dataset
    validation: Task
    test: Task
    tuning: Dataset | None = None
    """What is learned from while settings are chosen, where `data` holds validation's answers; None: `data`."""
    aligned: bool = True
    """Whether row q of the tasks is row q of `data.listeners` (else they are rows that training never saw)."""
    masks_validation: bool = False
    """Whether the published protocol keeps what validation found out of the test's lists, without telling the model."""


def check(split: Split) -> None:
    """Refuse a split that tells a model the answer, or makes the question easier than it is.

    Raises:
        BadInput: What is to be found is in the history or may not come back; a training row holds it; or what is to be
            found in validation is masked in the test, which takes the likeliest wrong answers away.
    """
    for name, task in (("validation", split.validation), ("test", split.test)):
        if not task.repeats and _shared(task.history, task.relevant).any():
            raise BadInput(f"{name} leaks: what is to be found stands in the history of its row")
        if not task.repeats and _shared(task.exclude, task.relevant).any():
            raise BadInput(f"{name} cannot be answered: what is to be found is excluded")
        if split.aligned and split.data.listeners is not None:
            learned = split.data.listeners
            rows = Ragged(learned.offsets, learned.items, learned.weights)
            if _shared(rows, task.relevant).any():
                raise BadInput(f"{name} leaks: a row of training holds what is to be found in it")
    masked = _shared(split.test.exclude, split.validation.relevant) & ~_shared(
        split.test.history, split.validation.relevant
    )
    if masked.any() and not split.masks_validation:
        raise BadInput("the test masks what validation found, without being told it: that inflates every figure")


def _shared(rows: Ragged, wanted: Ragged) -> NDArray[np.bool_]:
    """Mark the values of `wanted` (`bool[n]`) that the same row of `rows` holds."""
    if len(rows) != len(wanted):
        return np.zeros(len(wanted.values), bool)
    size = int(max(rows.values.max(initial=0), wanted.values.max(initial=0))) + 1
    mine = row_numbers(rows.offsets) * size + rows.values
    marked: NDArray[np.bool_] = np.isin(row_numbers(wanted.offsets) * size + wanted.values, mine)
    return marked
