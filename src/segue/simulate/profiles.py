# SPDX-License-Identifier: Apache-2.0
"""What listeners say of themselves: how old they are, whether explicit music may come, what they pay."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.seeds import generator
from segue.simulate.config import WorldConfig
from segue.simulate.listeners import Listeners

__all__ = ["TIERS", "Profiles", "introduce"]

TIERS = ("ad-supported", "premium")
_AGE_SHARES = (0.03, 0.06, 0.06, 0.85)  # in the order of `AgeBracket`
_ALLOW_EXPLICIT = (0.0, 0.05, 0.5, 0.85)  # share of each bracket
_PREMIUM = 0.45


@dataclass(frozen=True, slots=True)
class Profiles:
    """Arrays over listeners. What they play does not depend on it: a recommender must heed it all the same."""

    age: NDArray[np.intp]  # index into `tuple(AgeBracket)`
    allows_explicit: NDArray[np.bool_]
    tier: NDArray[np.intp]  # index into `TIERS`


def introduce(config: WorldConfig, listeners: Listeners) -> Profiles:
    """Return the listeners' profiles; a machine says that it is grown up."""
    rng = generator("simulate", config.seed, "profiles")
    count = len(listeners.region)
    grown_up = len(_AGE_SHARES) - 1
    age = np.where(listeners.bot, grown_up, rng.choice(len(_AGE_SHARES), count, p=_AGE_SHARES)).astype(np.intp)
    return Profiles(
        age=age,
        allows_explicit=rng.random(count) < np.array(_ALLOW_EXPLICIT)[age],
        tier=(rng.random(count) < _PREMIUM).astype(np.intp),
    )
