# SPDX-License-Identifier: Apache-2.0
"""A model bound to a catalogue generation: items become tracks' numbers, and back."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.models.model import Model

__all__ = ["BoundModel"]


@dataclass(frozen=True)
class BoundModel:
    """A model with its items translated to a catalogue generation's numbers, once, at load."""

    model: Model
    numbers: NDArray[np.int32]
    """`int32[n]`: the catalogue number of each item, -1 for one that the catalogue does not know."""
    index: NDArray[np.int32]
    """`int32[catalogue]`: the item of each number, -1 for a track that the model does not know."""
