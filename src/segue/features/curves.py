# SPDX-License-Identifier: Apache-2.0
"""Curves of many listeners, learned together: what is known of one tells of those who are like them.

A curve is a polynomial of the third degree in a share. A parabola would be stiffer, and wrong: what pleases may be
nearly level for long and then fall, and whoever fits a parabola to that takes a place before the edge for the best.

A hierarchical regression (Laird, Ware 1982, "Random-effects models for longitudinal data"): each listener's four
coefficients are normally distributed around what traits of theirs say of them, by everyone's line over them. The line,
how widely listeners scatter around it, and how much chance there is in an answer are learned in turn.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["TERMS", "Sums", "basis", "posterior"]

Floats: TypeAlias = NDArray[np.float64]
TERMS = 4
"""So many coefficients has a curve."""
_MIDDLE = 0.5
"""Where a curve is measured from, so that its coefficients are nearly apart."""
_BEFORE = np.array([0.02, 0.01, 0.05, 0.05])
"""Variances of the coefficients over listeners who are alike in their traits, as presumed before any answered."""
_PRESUMED = 3.0
"""How many listeners that presumption counts for."""
_ROUNDS = 30
_LEAST_NOISE = 1e-3


@dataclass(frozen=True, slots=True)
class Sums:
    """All that answers say of n curves; an answer of weight w has a variance of the noise / w."""

    squares: Floats
    """`float64[n, 4, 4]`: weighted sums of the basis with itself."""
    products: Floats
    """`float64[n, 4]`: with the outcome."""
    total: Floats
    """`float64[n]`: of the outcome with itself."""
    answers: Floats
    """`float64[n]`: how many answers they are of, each as much as its age leaves of it."""

    @classmethod
    def of(
        cls, row: NDArray[np.intp], share: Floats, outcome: Floats, weight: Floats, left: Floats, count: int
    ) -> "Sums":
        """Add up answers, all `[m]`: of the listener `row`, to a share; `left` is what age leaves of one answer."""
        on = basis(share)

        def sums(values: Floats) -> Floats:
            return np.bincount(row, values, count).astype(np.float64)

        squares = [np.stack([sums(weight * on[:, a] * on[:, b]) for b in range(TERMS)], axis=1) for a in range(TERMS)]
        products = np.stack([sums(weight * on[:, a] * outcome) for a in range(TERMS)], axis=1)
        return cls(np.stack(squares, axis=1), products, sums(weight * outcome**2), sums(left))


def basis(share: Floats) -> Floats:
    """Return 1, y, y² and y³ of shares, y the share less a half: `float64[…, 4]`."""
    apart = share - _MIDDLE
    return np.stack([np.ones_like(apart), apart, apart**2, apart**3], axis=-1)


def posterior(sums: Sums, traits: Floats, presumed: Floats) -> tuple[Floats, Floats]:
    """Return the means, `float64[n + 1, 4]`, and covariances, `float64[n + 1, 4, 4]`, of n curves and a stranger's.

    Args:
        sums: What was answered; who answered nothing has zeros.
        traits: `float64[n, k]`: of each listener, in standard deviations from the mean; 0 where they are not known.
        presumed: `float64[1 + k, 4]`: what everyone's curve is taken for before anyone has answered, and what a
            standard deviation of each trait adds to it. It counts for three listeners.
    """
    line = np.concatenate([np.ones((len(traits), 1)), traits], axis=1)
    some = np.flatnonzero(sums.answers > 0)
    squares, products, known = sums.squares[some], sums.products[some], line[some]
    answers = max(float(sums.answers.sum()), 1.0)
    slopes, spread, noise = presumed, np.diag(_BEFORE), 1.0
    for _ in range(_ROUNDS if len(some) else 0):
        precision = np.linalg.inv(spread)
        covariance = np.linalg.inv(precision + squares / noise)
        shrunk = precision @ covariance / noise
        told = (shrunk @ products[:, :, None])[:, :, 0]
        slopes = _slopes(known, shrunk @ squares, told, precision, presumed)
        prior = known @ slopes
        mean = ((prior @ precision + products / noise)[:, None, :] @ covariance)[:, 0]
        apart = mean - prior
        spread = covariance.sum(axis=0) + apart.T @ apart + _PRESUMED * np.diag(_BEFORE)
        spread /= len(some) + _PRESUMED
        moments = covariance + mean[:, :, None] * mean[:, None, :]
        left = sums.total[some] - 2 * (products * mean).sum(axis=1) + (squares * moments).sum(axis=(1, 2))
        noise = max(float(left.sum() / answers), _LEAST_NOISE)
    precision = np.linalg.inv(spread)
    means, covariances = line @ slopes, np.tile(spread, (len(line), 1, 1))
    covariances[some] = np.linalg.inv(precision + squares / noise)
    means[some] = ((means[some] @ precision + products / noise)[:, None, :] @ covariances[some])[:, 0]
    unknown = traits.T @ traits / max(len(traits), 1)
    stranger = spread + slopes[1:].T @ unknown @ slopes[1:]
    return np.concatenate([means, slopes[:1]]), np.concatenate([covariances, stranger[None]])


def _slopes(line: Floats, squares: Floats, products: Floats, precision: Floats, presumed: Floats) -> Floats:
    """Return everyone's line, `float64[1 + k, 4]`: the generalised least squares of coefficients over traits.

    Args:
        line: `float64[n, 1 + k]`: 1 and the traits.
        squares: `float64[n, 4, 4]`: how well each one's coefficients are known, their own scatter included.
        products: `float64[n, 4]`: these times the coefficients.
        precision: `float64[4, 4]`: of the scatter of listeners; the presumed ones are known so well.
        presumed: `float64[1 + k, 4]`: the line that is presumed.
    """
    count = len(presumed) * TERMS
    pairs = (line[:, :, None] * line[:, None, :]).reshape(len(line), -1)
    sides = len(presumed), len(presumed), TERMS, TERMS
    left = (pairs.T @ squares.reshape(len(line), -1)).reshape(sides).transpose(0, 2, 1, 3).reshape(count, count)
    left += np.kron(np.eye(len(presumed)), _PRESUMED * precision)
    right = np.einsum("na,ni->ai", line, products) + _PRESUMED * presumed @ precision
    return np.linalg.solve(left, right.ravel()).reshape(-1, TERMS)
