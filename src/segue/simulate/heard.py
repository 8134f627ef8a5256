# SPDX-License-Identifier: Apache-2.0
"""What each listener has heard, remembered in bounded memory."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["Heard"]

_MOST_BYTES = 1 << 26


class Heard:
    """Remembers pairs of listener and track, exactly in small worlds.

    In worlds of more than 64 million pairs, some share a byte; a track that nobody played may then seem heard.
    """

    def __init__(self, listeners: int, tracks: int) -> None:
        self.tracks = tracks
        self.marks = np.zeros(min(listeners * tracks, _MOST_BYTES - 5), np.bool_)

    def note(self, listener: NDArray[np.intp], track: NDArray[np.int32]) -> None:
        """Remember that these listeners heard these tracks."""
        self.marks[self._place(listener, track)] = True

    def knows(self, listener: NDArray[np.intp], track: NDArray[np.int32]) -> NDArray[np.bool_]:
        """Return whether each listener has heard each track."""
        return self.marks[self._place(listener, track)]

    def _place(self, listener: NDArray[np.intp], track: NDArray[np.int32]) -> NDArray[np.int64]:
        return (listener * self.tracks + track) % len(self.marks)
