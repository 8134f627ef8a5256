# SPDX-License-Identifier: Apache-2.0
"""The arc of a playlist: how energetic it is to be from its first track to its last, beside its own tracks."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from segue.errors import BadInput

__all__ = ["ARCS", "KNOTS", "arc", "error", "levels"]

KNOTS = 33
"""Moments that an arc is given at, evenly from the first track to the last."""
_MOST = 100

_THROUGH: Mapping[str, Sequence[float]] = {
    "build": (0.0, 1.0),
    "wind-down": (1.0, 0.0),
    "gentle": (0.35, 0.5, 0.75, 1.0, 0.9, 0.45, 0.0),
    "peak": (0.0, 1.0, 0.0),
    "wave": (0.0, 1.0, 0.0, 1.0, 0.0),
}
ARCS = ("flat", *_THROUGH)
"""The arcs that have a name. `flat` is level: small steps alone make the order."""


def arc(wanted: str | Sequence[float]) -> NDArray[np.float32]:
    """Return an arc by its name, or through given levels: `float32[KNOTS]`.

    Levels are taken as an order, since no order of calm tracks is energetic: what counts is that the most energetic of
    the tracks stand where the curve is highest. So levels become ranks, the share of moments at which the curve lies
    lower. For instance 10, 20, 40 is the arc that 0, 0.5, 1 is: a build.

    Raises:
        BadInput: There is no arc of that name, or a level is no number.
    """
    if isinstance(wanted, str):
        if wanted not in ARCS:
            raise BadInput(f"there is no arc {wanted!r}; there are {', '.join(ARCS)}, or numbers such as 0.2,0.8,0.5")
        if wanted not in _THROUGH:
            return np.full(KNOTS, 0.5, np.float32)
        wanted = _THROUGH[wanted]
    if not 2 <= len(wanted) <= _MOST:
        raise BadInput(f"an arc of {len(wanted)} levels was asked for; give from 2 to {_MOST}")
    through = np.asarray(wanted, np.float64)
    if not np.isfinite(through).all():
        raise BadInput(f"an arc has the level {through[~np.isfinite(through)][0]}; levels are numbers")
    curve = np.interp(np.linspace(0, 1, KNOTS), np.linspace(0, 1, len(through)), through)
    return _ranks(curve).astype(np.float32)


def levels(offsets: NDArray[np.int64], energy: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return where each track stands among those of its row: 0 the calmest, 1 the most energetic; NaN stays NaN.

    Args:
        offsets: `int64[Q + 1]`.
        energy: `float32[n]`, NaN where not known.
    """
    found = np.full(len(energy), np.nan, np.float32)
    known = np.flatnonzero(np.isfinite(energy))
    row = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))[known]
    order = known[np.lexsort((energy[known], row))]
    counts = np.bincount(row, minlength=len(offsets) - 1)
    place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    found[order] = place / np.maximum(np.repeat(counts, counts) - 1, 1)
    return found


def error(curve: NDArray[np.float32], energy: NDArray[np.float32]) -> float:
    """Return how far a playlist is from an arc: the mean distance of its levels from the curve, over what is known.

    0 is an order that follows it as closely as the tracks can; chance is about 1/3. NaN where the arc is level, or
    fewer than two tracks are known.

    Args:
        curve: `float32[KNOTS]`, as `arc` has it.
        energy: `float32[n]` of the tracks in their order, NaN where not known.
    """
    known = np.isfinite(energy)
    if known.sum() < 2 or np.ptp(curve) == 0:
        return float("nan")
    wanted = _ranks(np.interp(np.linspace(0, 1, len(energy)), np.linspace(0, 1, KNOTS), curve)[known])
    had = levels(np.array([0, int(known.sum())]), energy[known])
    return float(np.abs(wanted - had).mean())


def _ranks(curve: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of the other moments at which a curve lies lower, half of those where it is as high."""
    lower = (curve[:, None] > curve + 1e-9).sum(axis=1)
    equal = (np.abs(curve[:, None] - curve) <= 1e-9).sum(axis=1) - 1
    found: NDArray[np.float64] = (lower + 0.5 * equal) / max(len(curve) - 1, 1)
    return found
