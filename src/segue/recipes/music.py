# SPDX-License-Identifier: Apache-2.0
"""Radio, continuation, moods, the weekly playlist, and what everyone plays as the last resort."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from segue.errors import BadInput
from segue.explain.reasons import Reasons
from segue.models.model import Model
from segue.models.popularity import Popularity
from segue.models.title import TitleModel
from segue.pipeline.stage import Recipe, Source, Stage
from segue.playlists.arcs import arc
from segue.playlists.sequencing import STEPS, Sequence
from segue.ranking.agree import Agree
from segue.ranking.blend import Blend
from segue.ranking.features import Tracks, names
from segue.ranking.lean import Lean
from segue.ranking.learned import LearnedRank
from segue.registry.snapshot import Snapshot
from segue.registry.versions import MODELS
from segue.reranking.composition import Compose
from segue.reranking.exploration import Explore
from segue.reranking.rules import ArtistCap, Floor, Limit
from segue.retrieval.charts import ChartSource
from segue.retrieval.eligibility import Eligible
from segue.retrieval.sources import Complete, Gather, ModelSource, ThemeSource, TitleSource

__all__ = ["FlowConfig", "ListConfig", "RecipesConfig", "blended", "flow", "popular", "recipe"]


_POOL = 60
"""Tracks of a row that a diverse list is chosen from; from 100 nearly the same ones are chosen."""

_THEME = "theme"
"""The source that is no model: rules, over what the catalogue knows."""


class FlowConfig(BaseModel):
    """The order of a list: small steps, an arc, and artists that do not come back too soon."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    artist_gap: int = Field(default=3, ge=0, le=20)
    """Tracks between two of one artist, where that can be."""
    album_gap: int = Field(default=3, ge=0, le=20)
    """Tracks between two of one album, where that can be."""
    steps: dict[str, float] = Field(default_factory=lambda: dict(STEPS))
    """How long a step is for each unit of taste, tempo, energy, valence, key and mode between two tracks."""
    arc: str | tuple[float, ...] = "flat"
    """How energetic a list is from its first track to its last, where none is asked for: a name, or levels."""
    arc_weight: float = Field(default=3.0, ge=0, le=100)
    """How far from its arc a track is, in steps, when its energy is at the wrong end."""
    hook: float = Field(default=5.0, ge=0, le=100)
    """How much the list's worst track costs at each of the first three places, in steps."""
    together: int = Field(default=30, ge=2, le=100)
    """Tracks that are put in order together: of a longer list, what is better stays before what is less good."""

    @field_validator("arc")
    @classmethod
    def _an_arc(cls, wanted: str | tuple[float, ...]) -> str | tuple[float, ...]:
        try:
            arc(wanted)
        except BadInput as error:
            raise ValueError(str(error)) from error
        return wanted

    @field_validator("steps")
    @classmethod
    def _some_steps(cls, steps: dict[str, float]) -> dict[str, float]:
        for name, weight in steps.items():
            if name not in STEPS:
                raise ValueError(f"there is no step {name!r}; there are {', '.join(STEPS)}")
            if not 0 <= weight <= 100:
                raise ValueError(f"the step {name!r} has weight {weight}; it must be from 0 to 100")
        return steps


class ListConfig(BaseModel):
    """How one kind of list is made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights: dict[str, float]
    """Weight of each source in the blend. A source is "model:seeds", "model:history", "title:text" or "theme:text"."""
    agree: bool = False
    """Whether sources must agree: what they say is multiplied, weights are exponents, and a theme's no is a no."""
    learned: bool = False
    """Whether the learned ranker orders the list after the blend, where one was trained over the same sources."""
    lean: dict[str, float] = Field(default_factory=dict)
    """How much sources that know the listener ("model:history") or the title multiply the score of what fits them."""
    settled: float | None = Field(default=None, gt=0)
    """A history of so many liked tracks halves the weight of popularity, so that taste outweighs where a listener is;
    None: it is the same for all."""
    candidates: int = Field(default=500, ge=30, le=5000)
    """Tracks that each source proposes (more when a longer list is asked for)."""
    artist_cap: int | None = Field(default=None, ge=1)
    """Most tracks of one artist; None: no cap."""
    diversity: float = Field(default=0.0, ge=0, le=1)
    """How much likeness to what is chosen already takes from a track's score: 0, nothing; 1, likeness alone decides."""
    matched: bool = False
    """Whether `diversity` is greater for listeners who play widely, and less for those who do not."""
    calibration: float = Field(default=0.0, ge=0, le=10)
    """How closely a list follows the shares in which its listener plays their tastes: the cost of their divergence."""
    evidence: float = Field(default=3.0, gt=0, le=100)
    """What another taste of a listener must bring to be believed: more, and there are fewer."""
    rare_share: float = Field(default=0.0, ge=0, le=1)
    """Least share of a list that is of tracks which few play: those that together have a fifth of all plays."""
    language_floor: float = Field(default=0.0, ge=0, le=1)
    """Of the share of a history that is in a small language, the least part that a list has of it: with 0.5, who plays
    four tracks in ten in one gets two in ten at least."""
    flow: FlowConfig | None = None
    """The order in which tracks follow each other; None: by falling score."""
    floor: float = Field(default=0.0, ge=0, lt=1)
    """Tracks that score below this share of the best are left out."""
    unheard: bool = False
    """Whether tracks that the listener has heard are left out, where there is no dial."""
    dial: float | Literal["learned"] | None = None
    """The share of tracks new to their listener, 0 to 1, where none is asked for; `learned`: as each likes it."""
    dial_between: tuple[float, float] = (0.0, 1.0)
    """A learned dial is drawn from here to there."""
    explore: tuple[int, ...] = ()
    """Places in the list, from 0, that are left to chance: a track of an artist whom the listener never played."""
    explore_pool: int = Field(default=40, ge=1, le=1000)
    """Of so many such tracks, the best, each has the same chance at each of these places."""

    @model_validator(mode="after")
    def _ranked_by_seeds(self) -> "ListConfig":
        others = [source for source in self.weights if not source.endswith(":seeds")]
        if self.learned and others:
            raise ValueError(
                f"learned lists start from tracks, and {others[0]!r} says nothing of these; "
                "let it stand under `lean`, or set `learned = false`"
            )
        return self

    @field_validator("dial")
    @classmethod
    def _a_share(cls, dial: float | str | None) -> float | str | None:
        if isinstance(dial, float) and not 0 <= dial <= 1:
            raise ValueError(f"dial is {dial:g}; it must be from 0 (all familiar) to 1 (all new)")
        return dial

    @field_validator("dial_between")
    @classmethod
    def _a_range(cls, between: tuple[float, float]) -> tuple[float, float]:
        if not 0 <= between[0] <= between[1] <= 1 or int(10 * between[1] + 1e-6) < 10 * between[0] - 1e-6:
            raise ValueError(f"dial_between is {between}; it must go from 0 to 1, upwards, and hold a tenth")
        return between

    @field_validator("explore")
    @classmethod
    def _upwards(cls, slots: tuple[int, ...]) -> tuple[int, ...]:
        if list(slots) != sorted(set(slots)) or any(not 0 <= slot < 1000 for slot in slots):
            raise ValueError(f"explore is {slots}; name each place once, upwards, from 0")
        return slots

    @field_validator("weights")
    @classmethod
    def _some(cls, weights: dict[str, float]) -> dict[str, float]:
        if not weights:
            raise ValueError("weights are empty; name at least one source")
        if not any(weight > 0 for weight in weights.values()) and min(weights.values()) >= 0:
            raise ValueError("every weight is 0; give at least one source more")
        return weights

    @field_validator("weights", "lean")
    @classmethod
    def _known(cls, weights: dict[str, float]) -> dict[str, float]:
        for source, weight in weights.items():
            model, _, about = source.partition(":")
            knows = ("text",) if model in (TitleModel.name, _THEME) else ("seeds", "history")
            ranks = [name for name, kind in MODELS.items() if issubclass(kind, Model)]
            if model not in (*ranks, TitleModel.name, _THEME) or about not in knows:
                raise ValueError(
                    f"unknown source {source!r}: it is MODEL:seeds or MODEL:history, MODEL of {ranks}, "
                    "title:text or theme:text"
                )
            if weight < 0:
                raise ValueError(f"source {source!r} has weight {weight}; it cannot be negative")
        return weights


_ABOUT_SEEDS = {"knn:seeds": 0.4, "als:seeds": 0.4, "item2vec:seeds": 0.1, "graph:seeds": 0.1, "artist:seeds": 0.15}
"""Shared by radio and continuation, so that one ranker knows both."""


class RecipesConfig(BaseModel):
    """The recipes of music."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    radio: ListConfig = ListConfig(
        weights=_ABOUT_SEEDS,
        learned=True,
        lean={"als:history": 1.0},
        flow=FlowConfig(artist_gap=1, album_gap=0, hook=20.0, together=15),
        dial="learned",
    )
    """From one or a few tracks; personal where there is a history."""
    continuation: ListConfig = ListConfig(
        weights=_ABOUT_SEEDS,
        learned=True,
        lean={"title:text": 1.0},
        flow=FlowConfig(artist_gap=1, album_gap=0, hook=20.0, together=20),
    )
    """What a playlist would hold next, by its tracks and, where it has one, its title."""
    title: ListConfig = ListConfig(weights={"title:text": 1.0}, flow=FlowConfig())
    """What a playlist of this title would hold, where there are no tracks yet."""
    mood: ListConfig = ListConfig(
        weights={"title:text": 1.0, "theme:text": 1.0, "popularity:history": 0.05},
        agree=True,
        lean={"als:history": 0.5},
        candidates=2000,
        artist_cap=3,
        diversity=0.1,
        flow=FlowConfig(arc="gentle"),
    )
    """What free words ask for: a mood, an activity, a tempo, years, genres, or a title."""
    weekly: ListConfig = ListConfig(
        weights={"als:history": 0.6, "knn:history": 0.35, "popularity:history": 0.3},
        settled=10.0,
        artist_cap=2,
        diversity=0.15,
        matched=True,
        calibration=0.3,
        language_floor=0.5,
        flow=FlowConfig(arc="gentle"),
        floor=0.05,
        unheard=True,
        dial="learned",
        dial_between=(0.7, 1.0),
    )
    """New tracks for a listener."""

    @property
    def models(self) -> set[str]:
        """Names of the models that a recipe asks."""
        recipes: list[ListConfig] = [getattr(self, name) for name in type(self).model_fields]
        asked = {source.partition(":")[0] for recipe in recipes for source in (*recipe.weights, *recipe.lean)}
        return asked - {_THEME}

    @model_validator(mode="before")
    @classmethod
    def _keep_defaults(cls, given: Any) -> Any:
        """Let a table name only what it changes: the recipe's other values stay as they are by default."""
        if not isinstance(given, dict):
            return given
        defaults = {name: field.default.model_dump() for name, field in cls.model_fields.items()}
        return {
            name: {**defaults[name], **value} if name in defaults and isinstance(value, dict) else value
            for name, value in given.items()
        }


def recipe(
    name: Literal["radio", "continuation", "title", "mood", "weekly", "personal"],
    snapshot: Snapshot,
    config: ListConfig,
    *,
    candidates: int,
    parallel: bool,
    dialled: bool = False,
) -> Recipe:
    """Put the stages of one list in a row, bound to a snapshot.

    Args:
        name: What the recipe is called in answers.
        snapshot: The models and the catalogue.
        config: Weights and rules.
        candidates: Tracks that each source proposes to a row.
        parallel: Use all threads (jobs) or one (requests).
        dialled: Whether some rows ask for a share of what they know (`Request.dial`).
    """
    if dialled:
        config = config.model_copy(update={"unheard": False})
    sources = _sources(config.weights, snapshot, candidates, config.unheard)
    leaning = _sources(config.lean, snapshot, candidates, config.unheard)
    stages = blended(snapshot, config, candidates=candidates, parallel=parallel)
    asked = tuple(sorted(sources))
    if config.learned and snapshot.ranker is not None and snapshot.ranker.names == names(asked):
        tracks = Tracks(snapshot.catalog.artist, snapshot.popularity, snapshot.artist_popularity)
        stages.append(LearnedRank(snapshot.ranker, tracks, asked, parallel))
    if leaning:
        stages.append(Lean(leaning, config.lean))
    stages.append(Floor(config.floor))
    if config.artist_cap is not None:
        spared = snapshot.themes.about_artists if f"{_THEME}:text" in config.weights else None
        stages.append(
            ArtistCap(
                snapshot.catalog.artist,
                config.artist_cap,
                None if spared is None else lambda request: spared(request.titles or [""] * len(request)),
            )
        )
    last: list[Stage] = []
    if config.diversity or config.calibration or config.rare_share or config.language_floor or dialled:
        last.append(
            Compose(
                *snapshot.space,
                config.diversity,
                pool=_POOL,
                matched=config.matched,
                calibration=config.calibration,
                evidence=config.evidence,
                rare=snapshot.rare if config.rare_share else None,
                rare_share=config.rare_share,
                boards=snapshot.boards,
                language_floor=config.language_floor,
                parallel=parallel,
            )
        )
    last.append(Limit(snapshot.catalog.length_ms))
    if config.flow is not None:
        last.append(flow(config.flow, snapshot, goes_on=name == "continuation", parallel=parallel))
    stages += [Explore(last, snapshot.catalog.artist, config.explore, config.explore_pool)] if config.explore else last
    return Recipe(name, [*stages, Reasons({**sources, **leaning}, snapshot.evidence)])


def flow(config: FlowConfig, snapshot: Snapshot, *, goes_on: bool, parallel: bool) -> Sequence:
    """Return the stage that puts tracks in order, bound to a snapshot.

    Args:
        config: Steps, gaps and arc.
        snapshot: Knows what tracks are like, whose they are, and how they sound.
        goes_on: Whether lists go on from their seeds.
        parallel: Use all threads (jobs) or one (requests).
    """
    return Sequence(
        *snapshot.space,
        np.stack([snapshot.catalog.artist, snapshot.catalog.album]),
        np.array([config.artist_gap, config.album_gap], np.int32),
        snapshot.sound,
        config.steps,
        arc(config.arc),
        config.arc_weight,
        config.hook,
        config.together,
        goes_on,
        parallel,
    )


def blended(snapshot: Snapshot, config: ListConfig, *, candidates: int, parallel: bool) -> list[Stage]:
    """Return the stages up to the blend, as `recipe` has them: also what a ranker is learned from."""
    sources = list(_sources(config.weights, snapshot, candidates, config.unheard).values())
    stages: list[Stage] = [
        Gather(sources, len(snapshot.catalog), parallel),
        Eligible(
            snapshot.catalog.available[snapshot.face],
            snapshot.catalog.explicit,
            snapshot.catalog.age_rating,
            config.unheard,
            snapshot.catalog.music,
        ),
    ]
    if config.learned or config.agree:
        stages.append(Complete(sources))
    if config.agree:
        must = frozenset(source for source in config.weights if source.startswith(f"{_THEME}:"))
        return [*stages, Agree(config.weights, must)]
    return [*stages, Blend(config.weights, config.settled)]


def _sources(weights: Mapping[str, float], snapshot: Snapshot, candidates: int, unheard: bool) -> dict[str, Source]:
    sources: dict[str, Source] = {}
    for source in weights:
        model, _, about = source.partition(":")
        if model == _THEME:
            there = snapshot.catalog.available[snapshot.face] & snapshot.own & snapshot.catalog.music
            sources[source] = ThemeSource(source, snapshot.themes, snapshot.popularity, there, candidates)
        elif model == TitleModel.name and snapshot.titles is not None:
            themes = snapshot.themes if f"{_THEME}:text" in weights else None
            sources[source] = TitleSource(source, snapshot.titles, candidates, themes)
        elif model in snapshot.models:
            asked: Literal["seeds", "history"] = "history" if about == "history" else "seeds"
            everyone = ModelSource(source, snapshot.models[model], asked, candidates, unheard)
            charted = model == Popularity.name and about == "history" and snapshot.boards is not None
            sources[source] = ChartSource(everyone, snapshot.boards) if charted and snapshot.boards else everyone
    return sources


def popular(snapshot: Snapshot, *, candidates: int, parallel: bool, unheard: bool) -> Recipe:
    """What everyone plays, with few tracks of one artist: answers when nothing better can."""
    config = ListConfig(weights={"popularity:history": 1.0}, artist_cap=3, unheard=unheard)
    made = recipe("radio", snapshot, config, candidates=candidates, parallel=parallel)
    return Recipe("popular", made.stages)
