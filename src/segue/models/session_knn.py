# SPDX-License-Identifier: Apache-2.0
"""Session neighbours: what came next in past sessions like the one at hand."""

from typing import ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from pydantic import Field

from segue.dataset.matrices import Dataset
from segue.errors import NotReady
from segue.kernels.ragged import Ragged, places, row_numbers
from segue.kernels.sessions import followed_at, score_by_sessions
from segue.models.model import Model, ModelConfig, Ranked

__all__ = ["SessionKnn", "SessionKnnConfig"]


_BACK = 10
"""How many items of a session, the last ones, a reason is sought among."""
_SESSIONS = 2
"""In how many past sessions, at least, what is said to follow an item came after it."""


class SessionKnnConfig(ModelConfig):
    """Which past sessions are like the one at hand, and what they vote for."""

    neighbours: int = Field(default=200, ge=1, le=10_000)
    """How many past sessions vote."""
    recent: int = Field(default=2000, ge=1)
    """How many sessions of an item are looked at, newest first."""
    rarity: float = Field(default=1.4, ge=0, le=4)
    """How much more a rare item says: its inverse document frequency to this power."""
    length: float = Field(default=0.15, ge=0, le=2)
    """How much less a long session says: its length to this power divides its score."""
    half_life: float | None = Field(default=70_000.0, gt=0)
    """A session that is so many sessions older than the newest says half as much; None: age says nothing."""
    fade: float = Field(default=10.0, gt=0)
    """How many items back in the session at hand say a share of 1/e."""
    reach: float = Field(default=9.0, gt=0)
    """How many places from the newest shared item a neighbour's votes fall to 1/e."""
    before: float = Field(default=0.7, ge=0)
    """What a place before the newest shared item counts, beside one behind it."""
    itself: float = Field(default=0.3, ge=0)
    """What the newest shared item counts itself."""
    sharpness: float = Field(default=2.0, gt=0, le=4)
    """How much more the most alike sessions vote: their score to this power."""
    window: int = Field(default=2, ge=1, le=50)
    """How many places ahead count as following an item; the place at distance d counts 1/d."""
    steps: float = Field(default=0.3, ge=0)
    """Weight of what directly followed the last items, beside the neighbours' votes."""


class SessionKnn(Model):
    """Session neighbours with order and rarity (Ludewig, Jannach 2018; STAN: Garg et al. 2019), and a Markov chain.

    A history is a session: its items in order, the last one newest. Repeats may be proposed. Sessions are kept without
    any id of whose they were.
    """

    name = "session_knn"
    learned: ClassVar[tuple[str, ...]] = (
        "session_offsets", "session_items", "item_offsets", "item_sessions", "item_places",
        "step_offsets", "step_items", "step_shares", "idf", "freshness",
    )  # fmt: skip
    Config = SessionKnnConfig
    config: SessionKnnConfig
    session_offsets: NDArray[np.int64]
    """`int64[S + 1]`, with `session_items`: the sessions in their order."""
    session_items: NDArray[np.int32]
    """`int32[m]`."""
    item_offsets: NDArray[np.int64]
    """`int64[n + 1]`, with `item_sessions` and `item_places`: where each item stands."""
    item_sessions: NDArray[np.int32]
    """`int32[p]`: sessions of each item, ascending."""
    item_places: NDArray[np.int16]
    """`int16[p]`: the item's last place in each."""
    step_offsets: NDArray[np.int64]
    """`int64[n + 1]`, with `step_items` and `step_shares`: what followed each item."""
    step_items: NDArray[np.int32]
    """`int32[t]`."""
    step_shares: NDArray[np.float32]
    """`float32[t]`: as a share of the item that followed most."""
    idf: NDArray[np.float32]
    """`float32[n]`: rarity of each item."""
    freshness: NDArray[np.float32]
    """`float32[S]`: what a session's age and length leave of its score."""

    def fit(self, data: Dataset, *, seed: int) -> None:  # noqa: ARG002 (nothing is random here)
        """Index the sessions, which stand in the order of time."""
        if data.sessions is None or not len(data.sessions):
            raise NotReady("session_knn: the dataset has no sessions")
        config, n = self.config, len(data.items)
        self.session_offsets, self.session_items = data.sessions.offsets, data.sessions.items
        session = row_numbers(self.session_offsets)
        place = places(self.session_offsets)
        order = np.lexsort((place, session, self.session_items))
        items, sessions = self.session_items[order], session[order]
        last = np.ones(len(order), bool)
        last[:-1] = (items[1:] != items[:-1]) | (sessions[1:] != sessions[:-1])
        counts = np.bincount(items[last], minlength=n)
        self.item_offsets = np.concatenate([[0], counts.cumsum()])
        self.item_sessions = sessions[last].astype(np.int32)
        self.item_places = place[order][last].astype(np.int16)
        lengths = np.diff(self.session_offsets)
        self.idf = (np.log(len(lengths) / np.maximum(counts, 1) + 1) ** config.rarity).astype(np.float32)
        age = np.arange(len(lengths), 0, -1) if config.half_life is not None else np.zeros(len(lengths))
        fresh = np.exp2(-age / (config.half_life or 1)) / np.maximum(lengths, 1) ** config.length
        self.freshness = fresh.astype(np.float32)
        self._fit_steps(session, n)

    def recommend(self, history: Ragged, exclude: Ragged, k: int, *, parallel: bool = False) -> Ranked:
        """Rank what comes next; a history of nothing gets nothing."""
        config = self.config
        return score_by_sessions(
            history,
            exclude,
            (self.session_offsets, self.session_items),
            (self.item_offsets, self.item_sessions, self.item_places),
            (self.step_offsets, self.step_items, self.step_shares),
            self.idf,
            self.freshness,
            (
                config.recent,
                config.neighbours,
                config.fade,
                config.reach,
                config.before,
                config.itself,
                config.sharpness,
                config.steps,
            ),
            k,
            parallel=parallel,
        )

    def strongest(self, history: Ragged, items: Ragged, count: int = 1, *, parallel: bool = False) -> NDArray[np.int32]:  # noqa: ARG002
        """Return what each came after in most of the sessions that were learned from, of the last items of the history.

        That is no share of its score, but it says why it is there: who played the one went on to the other.
        """
        postings = (self.item_offsets, self.item_sessions, self.item_places)
        places = followed_at(history, items, postings, self.config.recent, _BACK, _SESSIONS, count)
        return history.pick(items.offsets, places)

    def _fit_steps(self, session: NDArray[np.int64], n: int) -> None:
        """Count what followed each item within the window, 1/d at distance d."""
        items = self.session_items
        befores, afters, shares = [], [], []
        for distance in range(1, self.config.window + 1):
            same = session[distance:] == session[:-distance]
            befores.append(items[:-distance][same])
            afters.append(items[distance:][same])
            shares.append(np.full(int(same.sum()), 1 / distance, np.float32))
        pairs = (np.concatenate(befores), np.concatenate(afters))
        followed = sp.csr_matrix((np.concatenate(shares), pairs), shape=(n, n))
        followed.sum_duplicates()
        self.step_offsets = followed.indptr.astype(np.int64)
        self.step_items = followed.indices.astype(np.int32)
        most = np.zeros(n, np.float32)
        row = row_numbers(self.step_offsets)
        np.maximum.at(most, row, followed.data)
        self.step_shares = (followed.data / most[row]).astype(np.float32)
