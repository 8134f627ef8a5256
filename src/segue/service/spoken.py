# SPDX-License-Identifier: Apache-2.0
"""Answers of what is spoken: the shelves of podcasts and audiobooks, one after the other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from segue.explain.words import missing
from segue.kernels.ragged import Ragged
from segue.pipeline.request import Request
from segue.pipeline.stage import run
from segue.pipeline.trace import Trace
from segue.recipes.spoken import SHELVES, SpokenConfig, famous, shelf
from segue.registry.snapshot import Snapshot
from segue.seeds import seed_of
from segue.service.histories import Histories
from segue.service.slates import collect, moved, serial_names
from segue.types import Ask, Kind, Rung, Slate, Spoken

__all__ = ["Ages", "SpokenShelves"]

Ages: TypeAlias = Callable[[list[Ask]], tuple[NDArray[np.int8], NDArray[np.bool_]]]
"""How old each asker counts as at least, and whether they may hear what is explicit."""


class SpokenShelves:
    """Makes shelves of what is spoken.

    Args:
        config: The rules of the shelves.
        histories: Who heard what.
        ages: The same that answers of music keep to.
    """

    def __init__(self, config: SpokenConfig, histories: Histories, ages: Ages):
        self._config = config
        self._histories = histories
        self._ages = ages

    def answer(self, ask: Ask, snapshot: Snapshot, *, silent: bool, exclude: Sequence[str] = ()) -> Slate:
        """Answer one ask of a shelf.

        Args:
            ask: Of a kind of `SHELVES`, with `spoken`.
            snapshot: What answers.
            silent: Whether the listener does not allow personal answers: then nothing of theirs is read.
            exclude: Track ids that must not come back.
        """
        return next(self._shelves(ask, [ask.kind], snapshot, silent, exclude))

    def shelves(self, ask: Ask, snapshot: Snapshot, *, silent: bool, exclude: Sequence[str] = ()) -> list[Slate]:
        """Return the shelves that have anything, in their order; what is on one is not on those after it.

        Takes what `answer` takes; the kind of the ask does not count.
        """
        return [slate for slate in self._shelves(ask, SHELVES, snapshot, silent, exclude) if slate.tracks]

    def _shelves(
        self, ask: Ask, kinds: Sequence[Kind], snapshot: Snapshot, silent: bool, exclude: Sequence[str]
    ) -> Iterator[Slate]:
        assert ask.spoken is not None
        request, notes = self._request(ask, snapshot, silent, exclude)
        for kind in kinds:
            one = replace(ask, id=kind.value if len(kinds) > 1 else ask.id, kind=kind)
            slate = self._one(one, ask.spoken, request, notes, snapshot)
            yield slate
            shown = snapshot.catalog.canonical[snapshot.catalog.numbers(track.track for track in slate.tracks)]
            request = replace(request, exclude=request.exclude.concat(Ragged.of([shown])))

    def _one(self, ask: Ask, spoken: Spoken, request: Request, notes: Sequence[str], snapshot: Snapshot) -> Slate:
        recipe = shelf(ask.kind, spoken, snapshot, self._config, request.now)
        made = run(recipe, request, Trace())
        told = list(notes)
        if ask.kind is Kind.DISCOVER and not moved(made)[0]:
            recipe = famous(spoken, snapshot, request.now)
            made = run(recipe, request, Trace())
            if snapshot.shows is None:
                told.append("not asked, since not trained: serials; see `segue train`")
        everything = np.zeros(1, np.int64)
        slates = collect([replace(ask, limit=len(made.track))], [(everything, made, recipe)], [told], snapshot)
        (slate,) = slates.worded(snapshot.catalog)
        if not slate.tracks:
            slate = replace(slate, rung=Rung.PERSONAL if len(request.history.values) else Rung.POPULAR)
        return replace(slate, spoken=_spoken(slate, request, snapshot))

    def _request(self, ask: Ask, snapshot: Snapshot, silent: bool, exclude: Sequence[str]) -> tuple[Request, list[str]]:
        now = ask.now or datetime.now(UTC)
        notes = [untold] if (untold := missing(ask.language)) else []
        history, banned, progress = self._histories.parts([None if silent else ask.listener], snapshot.catalog, now)
        if ask.listener and silent:
            notes.append(f"not personal: {ask.listener!r} does not allow the use of their plays")
        elif ask.listener and not len(history.values):
            notes.append(f"not personal: nothing spoken is known that {ask.listener!r} plays")
        gone = snapshot.catalog.numbers(exclude)
        years, explicit = self._ages([ask])
        return Request(
            now=now,
            answer=np.zeros(1, np.int32),
            history=history,
            seeds=Ragged.empty(1),
            banned=banned,
            exclude=Ragged.of([snapshot.catalog.canonical[gone[gone >= 0]]]),
            limit=np.array([ask.limit], np.int32),
            seed=np.array([seed_of(ask.listener or "", now.date().isoformat(), ask.kind, snapshot.id)], np.uint64),
            years=years,
            allows_explicit=explicit,
            progress=progress,
        ), notes


def _spoken(slate: Slate, request: Request, snapshot: Snapshot) -> Mapping[str, Any]:
    """Return what a page needs to show the parts of a shelf: what they are of, and how much of them was heard."""
    catalog = snapshot.catalog
    numbers = catalog.numbers(track.track for track in slate.tracks)
    assert request.progress is not None
    heard = dict(zip(request.history.values.tolist(), request.progress.heard_ms.tolist(), strict=True))
    positions, lengths = (catalog.described[name].gather(numbers).to_list() for name in ("position", "duration_ms"))
    names = serial_names(numbers, catalog)
    told = {}
    for track, number, name, position, length in zip(
        slate.tracks, numbers.tolist(), names, positions, lengths, strict=True
    ):
        heard_ms = heard.get(int(catalog.canonical[number])) or None
        about = {"serial": name, "position": position, "duration_ms": length, "heard_ms": heard_ms}
        told[track.track] = {key: value for key, value in about.items() if value is not None}
    return told
