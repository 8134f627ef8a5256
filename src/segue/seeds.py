# SPDX-License-Identifier: Apache-2.0
"""Seeds and stable hashes: the same inputs give the same numbers on every machine and in every process."""

from hashlib import blake2b

import numpy as np

__all__ = ["digest", "generator", "seed_of"]


def digest(*parts: object, size: int = 16) -> str:
    """Return `size` bytes of BLAKE2b over the parts, as hex. Parts are joined by a byte that no text contains."""
    return blake2b("\x1f".join(str(part) for part in parts).encode(), digest_size=size).hexdigest()


def seed_of(*parts: object) -> int:
    """Return a 64-bit seed that depends on the parts alone (listener, local day, recipe, snapshot …)."""
    return int(digest(*parts, size=8), 16)


def generator(*parts: object) -> np.random.Generator:
    """Return a PCG64 generator seeded by `seed_of` the parts."""
    return np.random.Generator(np.random.PCG64(seed_of(*parts)))
