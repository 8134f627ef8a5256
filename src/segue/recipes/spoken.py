# SPDX-License-Identifier: Apache-2.0
"""Shelves of podcasts and audiobooks: what to continue, what is new, what comes next, and what one may like."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from segue.explain.reasons import Reasons
from segue.models.popularity import Popularity
from segue.pipeline.stage import Recipe, Source, Stage
from segue.ranking.best import Best
from segue.ranking.blend import Blend
from segue.registry.snapshot import Snapshot
from segue.reranking.rules import ArtistCap, Limit
from segue.retrieval.eligibility import Eligible
from segue.retrieval.serials import AlikeSerials, Begun, FamousSerials, Following, NewParts, day_of, entries
from segue.retrieval.sources import Gather
from segue.types import ItemKind, Kind, Spoken

__all__ = ["SHELVES", "SpokenConfig", "famous", "shelf"]

SHELVES = (Kind.RESUME, Kind.NEW, Kind.NEXT, Kind.DISCOVER)
"""In the order in which they stand; what is on one is not on those after it."""
_CANDIDATES = 200


class SpokenConfig(BaseModel):
    """The shelves of podcasts and audiobooks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    started_ms: int = Field(default=60_000, ge=0)
    """Who heard less of a part has not begun it."""
    podcast_days: int = Field(default=60, ge=1)
    """An episode that was left longer ago is left for good, and so is a podcast, until something new comes out."""
    audiobook_days: int = Field(default=365, ge=1)
    """The same of audiobooks."""
    new_days: int = Field(default=14, ge=1, le=365)
    """An episode is new for so long."""
    famous: float = Field(default=0.1, ge=0, le=1)
    """Weight of what most hear among what one may like; the rest is of what is heard beside one's own."""


def shelf(kind: Kind, spoken: Spoken, snapshot: Snapshot, config: SpokenConfig, now: datetime) -> Recipe:
    """Put the stages of one shelf in a row, bound to a snapshot.

    Args:
        kind: Of `SHELVES`.
        spoken: Podcasts or audiobooks; the other kind is dropped, and so is music.
        snapshot: The catalogue and what was learned of serials.
        config: The rules.
        now: When: what comes out later is not there yet.
    """
    days = config.podcast_days if spoken is Spoken.PODCAST else config.audiobook_days
    book, serials = spoken is Spoken.AUDIOBOOK, snapshot.serials
    sources: list[Source] = []
    rank: Stage = Best()
    following = Following("next:history", serials, _CANDIDATES, days, again=book)
    if kind is Kind.RESUME:  # a book goes on with its next chapter; the next episode is another shelf's
        begun = Begun("resume:history", serials, _CANDIDATES, config.started_ms, days, in_order=book)
        sources = [begun, following] if book else [begun]
    elif kind is Kind.NEW:
        sources = [NewParts("new:history", serials, _CANDIDATES, config.new_days)]
    elif kind is Kind.NEXT:
        sources = [] if book else [following]
    else:
        entry = _entries(snapshot, now)
        if snapshot.shows is not None:
            sources.append(AlikeSerials("serials:history", serials, snapshot.shows, entry, _CANDIDATES))
        sources.append(_famous(spoken, snapshot, entry))
        rank = Blend({"serials:history": 1 - config.famous, sources[-1].name: config.famous})
    apart = kind is not Kind.RESUME or book
    return _recipe(kind.value, spoken, snapshot, sources, rank, apart=apart)


def famous(spoken: Spoken, snapshot: Snapshot, now: datetime) -> Recipe:
    """Return what most hear: it answers where nothing is known of a listener, or of what is heard beside theirs."""
    source = _famous(spoken, snapshot, _entries(snapshot, now))
    return _recipe("popular", spoken, snapshot, [source], Best(), apart=True)


def _recipe(
    name: str, spoken: Spoken, snapshot: Snapshot, sources: Sequence[Source], rank: Stage, *, apart: bool
) -> Recipe:
    catalog = snapshot.catalog
    stages: list[Stage] = [
        Gather(sources, len(catalog)),
        Eligible(
            catalog.available[snapshot.face],
            catalog.explicit,
            catalog.age_rating,
            kind=catalog.of_kind(_part(spoken)),
        ),
        rank,
    ]
    if apart:
        stages.append(ArtistCap(snapshot.serials.of, 1))
    said = {source.name: source for source in sources}
    return Recipe(name, [*stages, Limit(catalog.length_ms), Reasons(said)])


def _part(spoken: Spoken) -> ItemKind:
    return ItemKind.EPISODE if spoken is Spoken.PODCAST else ItemKind.CHAPTER


def _entries(snapshot: Snapshot, now: datetime) -> NDArray[np.int32]:
    catalog = snapshot.catalog
    episode, available = catalog.of_kind(ItemKind.EPISODE), catalog.available[snapshot.face]
    return entries(snapshot.serials, episode, available, day_of(now))


def _famous(spoken: Spoken, snapshot: Snapshot, entry: NDArray[np.int32]) -> FamousSerials:
    serials = snapshot.serials
    popularity = np.zeros(len(serials), np.float32)
    if snapshot.shows is not None:
        heard = snapshot.shows.numbers >= 0
        popularity[serials.of[snapshot.shows.numbers[heard]]] = snapshot.shows.model.scores[heard]
    popularity[~snapshot.catalog.of_kind(_part(spoken))[serials.first]] = 0
    return FamousSerials(f"{Popularity.name}:{spoken.value}", serials, popularity, entry, _CANDIDATES)
