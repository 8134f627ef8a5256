# SPDX-License-Identifier: Apache-2.0
"""Seeds and stable hashes: the same inputs give the same numbers on every machine and in every process."""

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

__all__ = ["digest", "generator", "seed_of", "uniform"]


def digest(*parts: object, size: int = 16) -> str:
    """Return `size` bytes of BLAKE2b over the parts, as hex. Parts are joined by a byte that no text contains."""
    return blake2b("\x1f".join(str(part) for part in parts).encode(), digest_size=size).hexdigest()


def seed_of(*parts: object) -> int:
    """Return a 64-bit seed that depends on the parts alone (listener, local day, recipe, snapshot …)."""
    return int(digest(*parts, size=8), 16)


def generator(*parts: object) -> np.random.Generator:
    """Return a PCG64 generator seeded by `seed_of` the parts."""
    return np.random.Generator(np.random.PCG64(seed_of(*parts)))


def uniform(seeds: NDArray[np.uint64], turn: int) -> NDArray[np.float64]:
    """Return a number for each seed, from 0 to below 1, and for each turn another: `float64`, shaped as the seeds.

    By the finaliser of SplitMix64 (Steele, Lea, Flood 2014): for columns, where a generator for each would be slow.
    """
    mixed = seeds + np.uint64((0x9E3779B97F4A7C15 * (turn + 1)) & 0xFFFFFFFFFFFFFFFF)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11), np.float64) * 2.0**-53
