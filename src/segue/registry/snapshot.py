# SPDX-License-Identifier: Apache-2.0
"""The snapshot: one frozen set of catalogue and models that serves, and the atomic pointer to it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from segue.catalog import store
from segue.catalog.evidence import Evidence, evidence
from segue.catalog.store import Catalog
from segue.catalog.traits import Traits, traits
from segue.dataset.matrices import Dataset
from segue.errors import Damaged, NotReady
from segue.models.als import ImplicitALS
from segue.models.boards import Boards
from segue.models.bound import Bound, BoundModel, BoundTitles
from segue.models.charts import Charts
from segue.models.model import Learned, Model
from segue.models.popularity import Popularity
from segue.models.ranker import Ranker
from segue.models.sound import SOUND, Sound, SoundModel
from segue.models.title import TitleModel
from segue.models.words import Words
from segue.registry import versions
from segue.registry.versions import Manifest
from segue.seeds import digest
from segue.stores import files
from segue.stores.locks import exclusive
from segue.themes.fitting import Themes
from segue.themes.heights import heights
from segue.themes.reading import Reader, Vocabulary

__all__ = ["Pointer", "Snapshot", "before", "bind", "grow", "load", "point", "promote", "read_pointer", "roll_back"]

_FAMOUS = 0.95
"""An artist whose name is an everyday word is meant by it if so large a share of artists is less played."""


_USUAL = 5
"""Titles in which a word must stand for playlists to be called by it."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Names every part of the set that serves."""

    id: str
    created_at: str
    generation: int
    """Of the catalogue."""
    models: Mapping[str, str]
    """Version of each model, by name."""
    settings: str
    """Hash of the settings that it was made under."""
    previous: Mapping[str, Any] | None = field(default=None)
    """The last pointer to other models, without its own previous: what `rollback` returns to."""


@dataclass(frozen=True)
class Snapshot:
    """Everything that answers, loaded. A request keeps its snapshot to the end."""

    pointer: Pointer
    catalog: Catalog
    models: Mapping[str, BoundModel]
    manifests: Mapping[str, Manifest]
    face: NDArray[np.int32]
    """`int32[catalogue]`: the number of the recording to show for each canonical one: an available edition of it."""
    titles: BoundTitles | None = None
    """Knows playlists by their titles, where there were titles to learn from."""
    ranker: Ranker | None = None
    """Orders lists that start from tracks, where there was enough to learn it from."""
    sounds: Bound[SoundModel] | None = None
    """Knows or guesses how tracks sound, where the catalogue says so of any."""
    words: Words | None = None
    """Knows which words lead to the same music, where there were titles to learn from."""
    charts: Bound[Charts] | None = None
    """What each region plays, where there were plays to count."""

    @cached_property
    def own(self) -> NDArray[np.bool_]:
        """`bool[catalogue]`: canonical recordings, and no repetitions of others."""
        own: NDArray[np.bool_] = self.catalog.canonical == np.arange(len(self.catalog))
        return own

    @cached_property
    def learned(self) -> NDArray[np.bool_]:
        """`bool[catalogue]`: whether any model knows the track."""
        known = np.zeros(len(self.catalog), bool)
        for bound in self.models.values():
            known |= bound.index >= 0  # titles are learned of the same items
        return known

    @property
    def trained(self) -> set[str]:
        """Names of the models that are there."""
        return {*self.models, *([TitleModel.name] if self.titles is not None else [])}

    @cached_property
    def popularity(self) -> NDArray[np.float32]:
        """`float32[catalogue]`: what the popularity model makes of each track; 0 where it does not know one."""
        scores = np.zeros(len(self.catalog), np.float32)
        bound = self.models.get(Popularity.name)
        if bound is not None:
            known = bound.numbers >= 0
            scores[bound.numbers[known]] = bound.model.state()["scores"][known]
        return scores

    @cached_property
    def rare(self) -> NDArray[np.bool_]:
        """`bool[catalogue]`: the least played tracks, which together have a fifth of all that popularity counts."""
        order = np.argsort(self.popularity, kind="stable")
        total = np.cumsum(self.popularity[order], dtype=np.float64)
        found = np.zeros(len(order), bool)
        found[order] = total <= 0.2 * total[-1] if len(total) else False
        return found

    @cached_property
    def artist_popularity(self) -> NDArray[np.float32]:
        """`float32[artists]`: the sum of the popularity of each artist's tracks."""
        return np.bincount(self.catalog.artist, self.popularity).astype(np.float32)

    @cached_property
    def space(self) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
        """What tells how alike tracks are: `float32[n, f]` and `int32[catalogue]`, the row of each, -1 for none.

        The factors of ALS, where that was trained; else nothing is known to be alike.
        """
        bound = self.models.get(ImplicitALS.name)
        if bound is None or not isinstance(bound.model, ImplicitALS):
            return np.zeros((1, 1), np.float32), np.full(len(self.catalog), -1, np.int32)
        return bound.model.item_factors, bound.index

    @cached_property
    def sound(self) -> Sound:
        """How each track sounds, by number; nothing is known where that was not learned."""
        if self.sounds is None:
            return Sound.unknown(len(self.catalog))
        return self.sounds.model.bound(self.sounds.index)

    @cached_property
    def evidence(self) -> Evidence:
        """What reasons may say of each track."""
        return evidence(self.catalog)

    @cached_property
    def traits(self) -> Traits:
        """Genres, languages and the like of each track."""
        return traits(self.catalog)

    @cached_property
    def boards(self) -> Boards | None:
        """Charts to recommend from; None: nothing was counted."""
        if self.charts is None:
            return None
        return Boards(self.charts, self.traits.marks["genre"], self.traits.marks["language"])

    @cached_property
    def themes(self) -> Themes:
        """Reads free words, and knows how well each track fits them."""
        known = self.traits
        explained = np.full(len(SOUND), np.nan, np.float32) if self.sounds is None else self.sounds.model.explained
        heard = np.sort(self.artist_popularity[self.artist_popularity > 0])
        famous = heard[int(_FAMOUS * len(heard))] if len(heard) else np.float32(np.inf)

        def is_artist(name: str, clearly: bool) -> bool:
            numbers = known.artists.get(name.removeprefix("the "), ())
            return any(self.artist_popularity[number] >= (famous if clearly else 0) for number in numbers)

        def learned(word: str) -> bool:
            return self.titles is not None and bool(self.titles.model.knows([word])[0])

        marks = {kind: one.names for kind, one in known.marks.items()}

        def usual(word: str) -> bool:
            return self.titles is not None and bool(self.titles.model.knows([word], _USUAL)[0])

        reader = Reader(Vocabulary(marks, is_artist, learned, usual))
        return Themes(reader, known, heights(self.sound, explained), self.catalog.artist, self._company)

    def _company(self, towards: Sequence[str], against: Sequence[str]) -> NDArray[np.float32] | None:
        """Return how far each track lies towards some titles and away from others; NaN where titles know none."""
        if self.titles is None or (apart := self.titles.model.apart(towards, against)) is None:
            return None
        known = self.titles.index >= 0
        found = np.full(len(known), np.nan, np.float32)
        found[known] = apart[self.titles.index[known]]
        return found

    @property
    def id(self) -> str:
        """The snapshot's id, which every answer names."""
        return self.pointer.id


def point(home: Path, *, generation: int, models: Mapping[str, str], settings: str, now: datetime) -> Pointer:
    """Publish a set: from now on it serves. One rename, so that no reader sees half of it."""
    with _changing(home):
        try:
            replaced: Pointer | None = read_pointer(home)
        except (NotReady, Damaged):  # publishing is how a damaged pointer is mended
            replaced = None
        return _publish(home, replaced, generation, models, settings, now)


def promote(home: Path, name: str, version: str, *, now: datetime) -> Pointer:
    """Let another version of one model serve, with the others as they are; it is loaded and checked first.

    Raises:
        NotFound: There is no such model or version.
        NotReady: Nothing is trained yet.
        Damaged: It is not what was written.
    """
    with _changing(home):
        serving = read_pointer(home)
        versions.load(home / "models", name, version)
        return _publish(home, serving, serving.generation, {**serving.models, name: version}, serving.settings, now)


def roll_back(home: Path, *, now: datetime) -> Pointer:
    """Let the set before this one serve again; it is loaded and checked first.

    Raises:
        NotReady: There is none.
        Damaged: It is not what was written.
    """
    with _changing(home):
        serving = read_pointer(home)
        back = before(serving)
        if back is None:
            raise NotReady("there is no snapshot before this one; `segue models promote` picks a version")
        load(home, back)
        generation = max(serving.generation, back.generation)  # a catalogue only grows
        return _publish(home, serving, generation, back.models, back.settings, now)


def grow(home: Path, generation: int, *, now: datetime) -> None:
    """Let the models that serve do so over a newer catalogue. Where nothing is trained, there is nothing to do."""
    with _changing(home):
        try:
            serving = read_pointer(home)
        except (NotReady, Damaged):
            return
        if generation > serving.generation:
            _publish(home, serving, generation, serving.models, serving.settings, now)


@contextmanager
def _changing(home: Path) -> Iterator[None]:
    """Hold off other writers of the pointer, so that none builds on a set that another has replaced meanwhile."""
    with exclusive(home / "locks" / "snapshot.lock"):
        yield


def _publish(
    home: Path, replaced: Pointer | None, generation: int, models: Mapping[str, str], settings: str, now: datetime
) -> Pointer:
    previous = None if replaced is None else {**asdict(replaced), "previous": None}
    if replaced is not None and replaced.models == models:  # going back to the same models would be no way back
        previous = dict(replaced.previous) if replaced.previous is not None else None
    identity = digest(generation, sorted(models.items()), settings, now.isoformat(), size=6)
    pointer = Pointer(identity, now.isoformat(), generation, dict(models), settings, previous)
    files.write_sealed(home / "snapshot", asdict(pointer))
    return pointer


def read_pointer(home: Path) -> Pointer:
    """Read which set serves.

    Raises:
        NotReady: Nothing was trained yet.
    """
    try:
        return Pointer(**files.read_sealed(home / "snapshot"))
    except FileNotFoundError as error:
        raise NotReady("nothing is trained yet; run `segue train` (after `segue import`)") from error


def before(pointer: Pointer) -> Pointer | None:
    """Return the pointer before this one, if there was one."""
    return None if pointer.previous is None else Pointer(**pointer.previous)


def load(home: Path, pointer: Pointer) -> Snapshot:
    """Load all that a pointer names.

    Raises:
        NotFound: A version that it names is gone.
        Damaged: A version is not what was written.
    """
    catalog = store.load(home / "catalog", pointer.generation)
    bound: dict[str, BoundModel] = {}
    titles: BoundTitles | None = None
    ranker: Ranker | None = None
    sounds: Bound[SoundModel] | None = None
    words: Words | None = None
    charts: Bound[Charts] | None = None
    manifests: dict[str, Manifest] = {}
    translated: dict[str, tuple[NDArray[np.int32], NDArray[np.int32]]] = {}
    for name, version in pointer.models.items():
        model, ids, manifests[name] = versions.load(home / "models", name, version)
        if isinstance(model, Ranker):
            ranker = model
            continue
        if isinstance(model, Words):
            words = model
            continue
        key = versions.vocabulary_checksum(manifests[name])
        if key not in translated:
            translated[key] = _translate(catalog, ids)
        if isinstance(model, SoundModel):
            sounds = Bound(model, *translated[key])
        elif isinstance(model, Charts):
            charts = Bound(model, *translated[key])
        elif isinstance(model, TitleModel):
            titles = Bound(model, *translated[key])
        elif isinstance(model, Model):
            bound[name] = Bound(model, *translated[key])
    return Snapshot(pointer, catalog, bound, manifests, _faces(catalog), titles, ranker, sounds, words, charts)


def bind(catalog: Catalog, models: Mapping[str, Learned], data: Dataset) -> Snapshot:
    """Return a set that is not published: fitted models, to be learned from.

    Args:
        catalog: Gives the items their numbers.
        models: By name.
        data: What they were fitted to.
    """
    known = {name: model.vocabulary(data) or data.items for name, model in models.items()}
    translated = {id(items): _translate(catalog, items.ids) for items in known.values()}
    bound: dict[str, BoundModel] = {}
    titles: BoundTitles | None = None
    sounds: Bound[SoundModel] | None = None
    for name, model in models.items():
        key = translated[id(known[name])]
        if isinstance(model, SoundModel):
            sounds = Bound(model, *key)
        elif isinstance(model, TitleModel):
            titles = Bound(model, *key)
        elif isinstance(model, Model):
            bound[name] = Bound(model, *key)
    return Snapshot(Pointer("", "", 0, {}, ""), catalog, bound, {}, _faces(catalog), titles=titles, sounds=sounds)


def _translate(catalog: Catalog, ids: pl.Series) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return each item's canonical number (-1: the catalogue does not know it), and the item of each number."""
    found = catalog.join(ids)
    known = np.flatnonzero(found >= 0).astype(np.int32)
    numbers = np.full(len(ids), -1, np.int32)
    numbers[known] = catalog.canonical[found[known]]
    index = np.full(len(catalog), -1, np.int32)
    index[numbers[known[::-1]]] = known[::-1]
    return numbers, index


def _faces(catalog: Catalog) -> NDArray[np.int32]:
    """Show the canonical recording where it is available, else its first available edition, else itself."""
    faces = np.arange(len(catalog), dtype=np.int32)
    editions = np.flatnonzero(catalog.available & (catalog.canonical != faces))[::-1]
    hidden = ~catalog.available[catalog.canonical[editions]]
    faces[catalog.canonical[editions[hidden]]] = editions[hidden]
    return faces
