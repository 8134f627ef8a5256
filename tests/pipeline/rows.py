# SPDX-License-Identifier: Apache-2.0
"""Small requests and candidates, and sources that say what they are told to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from segue.kernels.ragged import Ragged, offsets_of
from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request

NOW = datetime(2026, 6, 5, 12, tzinfo=UTC)
Rows = Sequence[Sequence[int]]


def request(
    rows: int,
    *,
    history: Rows | None = None,
    seeds: Rows | None = None,
    banned: Rows | None = None,
    exclude: Rows | None = None,
    limit: Sequence[int] | None = None,
) -> Request:
    def ragged(given: Rows | None) -> Ragged:
        return Ragged.empty(rows) if given is None else Ragged.of(given)

    return Request(
        now=NOW,
        answer=np.arange(rows, dtype=np.int32),
        history=ragged(history),
        seeds=ragged(seeds),
        banned=ragged(banned),
        exclude=ragged(exclude),
        limit=np.array([10] * rows if limit is None else limit, np.int32),
        seed=np.arange(rows, dtype=np.uint64),
    )


def candidates(
    tracks: Rows, scores: Sequence[Sequence[float]] | None = None, proposed: Mapping[str, Sequence[float]] | None = None
) -> Candidates:
    """Build from the tracks and scores of each row, and what each source said of all places, one after the other."""
    said = {"knn:seeds": [1.0] * sum(map(len, tracks))} if proposed is None else proposed
    flat = [track for row in tracks for track in row]
    matrix = np.array(list(said.values()), np.float32).reshape(len(said), len(flat)).T
    made = Candidates.of(offsets_of(map(len, tracks)), np.array(flat, np.int32), tuple(said), matrix)
    if scores is not None:
        made.score[:] = [score for one in scores for score in one]
    return made


def tracks_of(made: Candidates) -> list[list[int]]:
    bounds = zip(made.offsets[:-1], made.offsets[1:], strict=True)
    return [made.track[first:last].tolist() for first, last in bounds]


@dataclass
class Fixed:
    """A source that proposes the same to each row as it was told, in numbers above 0 or not."""

    name: str
    rows: Sequence[Mapping[int, float]]
    seeds: Mapping[int, int] = field(default_factory=dict)
    """The seed that it answers to, by track."""

    def propose(self, request: Request, *, parallel: bool) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        width = max(map(len, self.rows), default=0) + 1
        tracks = np.full((len(self.rows), width), -1, np.int32)
        scores = np.full((len(self.rows), width), -np.inf, np.float32)
        for row, said in enumerate(self.rows):
            tracks[row, : len(said)] = list(said)
            scores[row, : len(said)] = list(said.values())
        return tracks, scores

    def score(self, request: Request, candidates: Candidates) -> NDArray[np.float32]:
        told = [self.rows[row].get(track, np.nan) for row, track in zip(candidates.rows, candidates.track, strict=True)]
        return np.array(told, np.float32)

    def seeds_of(self, request: Request, candidates: Candidates, asked: NDArray[np.bool_]) -> NDArray[np.int32]:
        return np.array([[self.seeds[track]] for track in candidates.track[asked].tolist()], np.int32).reshape(-1, 1)
