# SPDX-License-Identifier: Apache-2.0
"""How vectors are searched, and how much an approximate index must find."""

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["FEWEST", "ApproximateKind", "IndexConfig", "Kind"]

FEWEST = 1000
"""Fewer vectors are always compared with all: neither lists nor codes can be learned from them."""

ApproximateKind: TypeAlias = Literal["flat", "hnsw", "ivf", "sq8", "pq", "fastscan"]
Kind: TypeAlias = Literal["exact"] | ApproximateKind


class IndexConfig(BaseModel):
    """How the items that a model ranks are searched."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["auto", "exact", "flat", "hnsw", "ivf", "sq8", "pq", "fastscan"] = "auto"
    """exact: compare with all; the others are of FAISS: flat (all too), hnsw (a graph), ivf (lists of whole vectors),
    sq8 (lists of vectors of 8 bits a dimension), pq (of codes of 8 bits), fastscan (of codes of 4 bits, read in
    registers). auto: exact for few items, sq8 for many."""
    exact_below: int = Field(default=100_000, ge=0)
    """For fewer items auto is exact: of 100,000 and more, lists are quicker to search in batches too, not only for
    one request."""
    floor: float = Field(default=0.95, ge=0, le=1)
    """The share of the true nearest that an index must find on held-out queries; one that finds less is refused."""
    neighbours: int = Field(default=500, ge=1, le=10_000)
    """How many nearest are looked for when that share is measured. Who asks for more is answered exactly."""
    rebuild_share: float = Field(default=0.1, gt=0, le=1)
    """An index is built anew, in the background, when more than this share of it was added or removed."""

    def kind_for(self, count: int) -> Kind:
        """Return how so many vectors are searched."""
        if count < FEWEST:
            return "exact"
        if self.kind == "auto":
            return "sq8" if count >= self.exact_below else "exact"
        return self.kind
