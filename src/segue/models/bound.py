# SPDX-License-Identifier: Apache-2.0
"""A model bound to a catalogue generation: items become tracks' numbers, and back."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from segue.models.model import Learned, Model
from segue.models.title import TitleModel

__all__ = ["Bound", "BoundModel", "BoundTitles"]

AnyModel = TypeVar("AnyModel", bound=Learned)


@dataclass(frozen=True)
class Bound(Generic[AnyModel]):
    """A model with its items translated to a catalogue generation's numbers, once, at load."""

    model: AnyModel
    numbers: NDArray[np.int32]
    """`int32[n]`: the catalogue number of each item, -1 for one that the catalogue does not know."""
    index: NDArray[np.int32]
    """`int32[catalogue]`: the item of each number, -1 for a track that the model does not know."""


BoundModel = Bound[Model]
"""Ranks for histories."""
BoundTitles = Bound[TitleModel]
"""Ranks for titles."""
