# SPDX-License-Identifier: Apache-2.0
"""The one way in: asks become a request, the request goes through its recipe, and slates come out."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from segue.errors import BadInput, NotFound, SegueError
from segue.explain.words import language_or_default, missing
from segue.features.dial import Dials
from segue.kernels.ragged import Ragged
from segue.pipeline.candidates import Candidates
from segue.pipeline.habits import Habits
from segue.pipeline.request import Request
from segue.pipeline.stage import Recipe, run
from segue.pipeline.trace import Trace
from segue.privacy.door import Door
from segue.privacy.profiles import AudienceConfig, ProfileColumns, Profiles
from segue.recipes import music
from segue.recipes.music import ListConfig, RecipesConfig
from segue.recipes.spoken import SHELVES, SpokenConfig
from segue.registry.snapshot import Snapshot
from segue.seeds import seed_of
from segue.service import mixing, moods
from segue.service.asks import MOST_TRACKS, check
from segue.service.dials import drawn, wanted
from segue.service.histories import Histories, ragged
from segue.service.slates import Slates, collect, moved
from segue.service.spoken import SpokenShelves
from segue.types import AgeBracket, Ask, Kind, Purpose, Refusal, Slate, SlateTrack, Spoken

__all__ = ["Answer", "Service"]

_Name: TypeAlias = Literal["radio", "continuation", "title", "mood", "weekly"]
_LIMIT = 30
_EVERY = slice(None)
_NOTHING = np.zeros(0, np.int32)
_NAMES: Mapping[Kind, _Name] = {
    Kind.RADIO: "radio",
    Kind.CONTINUE: "continuation",
    Kind.MOOD: "mood",
    Kind.WEEKLY: "weekly",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """Slates in the order of their asks, and what happened on the way."""

    slates: list[Slate | Refusal]
    trace: Trace = field(default_factory=Trace)


class Service:
    """Answers asks from the snapshot that serves at that moment.

    Args:
        snapshot: Returns the snapshot; called once an answer, which keeps it to the end.
        door: The way to what listeners heard.
        recipes: How lists are made.
        histories: Who heard what.
        audience: Who may hear what is explicit, and how old strangers count as.
        spoken: How shelves of podcasts and audiobooks are made.
        dials: Returns how new lists should be for each listener, where that was learned.
    """

    def __init__(
        self,
        snapshot: Callable[[], Snapshot],
        door: Door,
        recipes: RecipesConfig,
        histories: Histories,
        audience: AudienceConfig | None = None,
        spoken: SpokenConfig | None = None,
        dials: Callable[[], Dials | None] = lambda: None,
    ):
        self.snapshot = snapshot
        self._door = door
        self.recipes = recipes
        self._histories = histories
        self._audience = audience or AudienceConfig()
        self._profiles = Profiles(door)
        self._spoken = SpokenShelves(spoken or SpokenConfig(), histories, self._ages)
        self._dials = dials

    def answer(
        self,
        asks: Sequence[Ask],
        *,
        exclude: Mapping[str, Sequence[str]] | None = None,
        parallel: bool = False,
    ) -> Answer:
        """Answer each ask, or say why not; one wrong ask does not spoil the others.

        Args:
            asks: Any number, of any kinds; `check`ed at the border.
            exclude: Track ids that must not come back, by ask id.
            parallel: Use all threads (jobs) or one (requests).

        Raises:
            NotReady: Nothing is trained.
            Damaged: What is trained cannot be loaded.
        """
        snapshot = self.snapshot()
        trace = Trace()
        slates: dict[int, Slate | Refusal] = {}
        mixes: dict[int, tuple[dict[Spoken, list[SlateTrack]], list[Slate]]] = {}
        asks, banned = list(asks), exclude or {}
        dials, silent = self._dials(), self._silent(asks)
        alike: dict[tuple[_Name, datetime | None, int, bool], list[int]] = {}
        for place, ask in enumerate(asks):
            try:
                _known(check(ask), snapshot)
            except SegueError as error:
                slates[place] = Refusal(ask.id, str(error))
                continue
            if ask.kind in SHELVES:
                hidden = ask.listener in silent
                slates[place] = self._spoken.answer(ask, snapshot, silent=hidden, exclude=banned.get(ask.id, ()))
                continue
            if ask.mix is not None:
                asks[place], mixes[place] = self._mixed(ask, snapshot, banned.get(ask.id, ()))
                ask = asks[place]
            # Asks that differ in these go apart, so that no answer depends on what it was asked beside.
            name: _Name = "title" if ask.kind is Kind.CONTINUE and not ask.tracks else _NAMES[ask.kind]
            config = self._config(name)
            dialled = wanted(ask, config, dials, silent) is not None
            key = (name, ask.now, max(config.candidates, 2 * ask.limit), dialled)
            alike.setdefault(key, []).append(place)
        for (name, _, candidates, _), places in alike.items():
            some = [asks[place] for place in places]
            made = self._same_recipe(some, name, candidates, snapshot, banned, trace, parallel, None, dials)
            worded = made.worded(snapshot.catalog)
            if name == "mood":
                worded = moods.told(made, worded, snapshot)
            slates.update(zip(places, worded, strict=True))
        for place, (spoken, shelves) in mixes.items():
            music = slates[place]
            assert isinstance(music, Slate)
            slates[place] = mixing.mixed(music, spoken, shelves)
        return Answer([slates[place] for place in range(len(asks))], trace)

    def shelves(self, ask: Ask) -> list[Slate]:
        """Return all shelves of podcasts or of audiobooks (`ask.spoken`) that have anything for a listener, or nobody.

        Raises:
            NotReady: Nothing is trained.
            BadInput: It cannot be asked.
        """
        checked = check(replace(ask, kind=Kind.DISCOVER))
        return self._spoken.shelves(checked, self.snapshot(), silent=bool(self._silent([ask])))

    def _mixed(
        self, ask: Ask, snapshot: Snapshot, exclude: Sequence[str]
    ) -> tuple[Ask, tuple[dict[Spoken, list[SlateTrack]], list[Slate]]]:
        """Return the ask for the music of a mix, and what is spoken in it: what there is too little of, music fills."""
        silent = bool(self._silent([ask]))
        found: dict[Spoken, list[SlateTrack]] = {}
        shelves: list[Slate] = []
        wanted = mixing.counts(ask.mix or {}, ask.limit)
        for spoken in Spoken:
            if wanted.get(spoken.value):
                asked = replace(ask, kind=Kind.DISCOVER, spoken=spoken, mix=None)
                own = self._spoken.shelves(asked, snapshot, silent=silent, exclude=exclude)
                found[spoken] = mixing.picked(own, wanted[spoken.value])
                shelves += own
        return replace(ask, mix=None, limit=ask.limit - sum(map(len, found.values()))), (found, shelves)

    def weeklies(
        self,
        asks: Sequence[Ask],
        snapshot: Snapshot,
        *,
        exclude: Mapping[str, Sequence[str]],
        until: int,
    ) -> Slates:
        """Answer weeklies of one moment and length, as columns, on one thread.

        Args:
            asks: Of kind WEEKLY, alike in `now` and `limit`.
            snapshot: What answers.
            exclude: Track ids that must not come back, by ask id.
            until: The log's position up to which histories count.
        """
        candidates = max(self._config("weekly").candidates, 2 * asks[0].limit)
        trace, dials = Trace(), self._dials()
        return self._same_recipe(list(asks), "weekly", candidates, snapshot, exclude, trace, False, until, dials)

    def history(self, listener: str | None, snapshot: Snapshot, now: datetime) -> Ragged:
        """Return what a listener heard, one row of catalogue numbers; empty for who does not allow it, or nobody."""
        allowed = listener is not None and self._door.ledger().allowed(listener, Purpose.PERSONALISE)
        return ragged(self._histories.of([listener if allowed else None], snapshot.catalog, now))[0]

    def warm_up(self) -> None:
        """Make a list by every recipe for an invented asker, so that no request waits for what is loaded or compiled.

        Raises:
            NotReady: Nothing is trained.
            Damaged: What is trained cannot be loaded.
        """
        snapshot = self.snapshot()
        some = np.flatnonzero(snapshot.learned & (snapshot.catalog.canonical == np.arange(len(snapshot.catalog))))
        heard, seeds, banned, excluded = (some[first::4][:5].astype(np.int32) for first in range(4))
        request = Request(
            now=datetime.now(UTC),
            answer=np.zeros(1, np.int32),
            history=Ragged.of([heard]),
            seeds=Ragged.of([seeds]),
            banned=Ragged.of([banned]),
            exclude=Ragged.of([excluded]),
            limit=np.full(1, _LIMIT, np.int32),
            seed=np.zeros(1, np.uint64),
            titles=("warm-up",),
        )
        for name in get_args(_Name):
            config = self._config(name)
            main = music.recipe(name, snapshot, config, candidates=config.candidates, parallel=False)
            for one in (main, *self._lower_rungs(name, snapshot, config.candidates, parallel=False)):
                run(one, request, Trace())

    def _same_recipe(
        self,
        asks: list[Ask],
        name: _Name,
        candidates: int,
        snapshot: Snapshot,
        exclude: Mapping[str, Sequence[str]],
        trace: Trace,
        parallel: bool,
        until: int | None,
        dials: Dials | None,
    ) -> Slates:
        silent = self._silent(asks)
        seeds: list[NDArray[np.int32]] = []
        notes: list[list[str]] = []
        for place, ask in enumerate(asks):
            numbers = snapshot.catalog.numbers(ask.tracks) if ask.tracks else _NOTHING
            known = numbers[numbers >= 0]
            spoken = ~snapshot.catalog.music[known]
            known = known[~spoken]
            seeds.append(_last_of_each(snapshot.catalog.canonical[known]) if len(known) else _NOTHING)
            unknown = [track for track, number in zip(ask.tracks, numbers, strict=True) if number < 0]
            notes.append([_unknown(unknown, len(numbers))] if unknown else [])
            if spoken.any():
                notes[place].append(
                    f"{spoken.sum()} of {len(numbers)} tracks are spoken: music does not follow from them"
                )
            new = [int(number) for number in seeds[place] if not snapshot.learned[number]]
            if new:
                notes[place].append(f"{len(new)} of {len(numbers)} tracks are newer than the models: run `segue train`")
            if untold := missing(ask.language):
                notes[place].append(untold)
            if ask.listener in silent:
                notes[place].append(language_or_default(ask.language).say("silent", listener=ask.listener))
        config = self._config(name)
        request = self._request(asks, seeds, exclude, snapshot, until)
        request, chances = drawn(request, asks, config, dials, silent)
        for place, ask in enumerate(asks):
            if ask.listener and ask.listener not in silent and not len(request.history.row(place)):
                notes[place].append(language_or_default(ask.language).say("strange", listener=ask.listener))
            if ask.dial == "learned" and dials is None:
                notes[place].append(language_or_default(ask.language).say("undialled"))
        dialled = request.dial is not None
        main = music.recipe(name, snapshot, config, candidates=candidates, parallel=parallel, dialled=dialled)
        own = Trace()
        made = run(main, request, own)
        untrained = sorted({source.partition(":")[0] for source in config.weights} - snapshot.trained)
        for place, ask in enumerate(asks):
            if name == "mood":
                notes[place].extend(moods.notes(snapshot.themes, ask))
            if untrained and name not in ("title", "mood"):
                notes[place].append(f"not asked, since not trained: {', '.join(untrained)}; see `segue train`")
            if ask.title and ask.tracks and not _heard(made, place, "title:text"):
                notes[place].append(language_or_default(ask.language).say("untitled", title=ask.title))
        answered = moved(made)
        _tell(own, asks, np.flatnonzero(answered), answered, notes)
        trace.add(own)
        parts = [(np.flatnonzero(answered), made.take(np.flatnonzero(answered)), main)]
        bare = np.flatnonzero(~answered)
        for lower in self._lower_rungs(name, snapshot, candidates, parallel):
            if not len(bare):
                break
            own = Trace()
            made = run(lower, request.take(bare), own)
            answered = moved(made) | (lower.name == "popular")
            _tell(own, asks, bare[answered], answered, notes)
            trace.add(own)
            if lower.name == "popular":
                for place in bare.tolist():
                    ask, tongue = asks[place], language_or_default(asks[place].language)
                    if name == "mood":
                        notes[place].append(tongue.say("nothing", text=ask.text))
                    if name == "title":
                        notes[place].append(tongue.say("untitled", title=ask.title))
                    if len(request.history.row(place)) and not len(seeds[place]):
                        notes[place].append(tongue.say("worn", listener=ask.listener))
            parts.append((bare[answered], made.take(np.flatnonzero(answered)), lower))
            bare = bare[~answered]
        none = np.full(len(asks), np.nan, np.float32)
        main_made = np.isin(np.arange(len(asks)), parts[0][0])
        aimed = none if request.dial is None else np.where(main_made, request.dial, none)
        return collect(asks, parts, notes, snapshot, request, (aimed, np.where(np.isnan(aimed), none, chances)))

    def _lower_rungs(self, name: _Name, snapshot: Snapshot, candidates: int, parallel: bool) -> Iterator[Recipe]:
        """Yield what answers where nothing is known of tracks or title: the listener's taste, then everyone's."""
        if name != "weekly":
            config = self.recipes.weekly.model_copy(update={"unheard": False})
            yield music.recipe("personal", snapshot, config, candidates=candidates, parallel=parallel)
        unheard = self._config(name).unheard
        yield music.popular(snapshot, candidates=candidates, parallel=parallel, unheard=unheard)

    def _config(self, name: _Name) -> ListConfig:
        config: ListConfig = getattr(self.recipes, name)
        return config

    def permitted(
        self, listener: str | None, tracks: Sequence[str], snapshot: Snapshot, *, spoken: bool = False
    ) -> NDArray[np.bool_]:
        """Mark the tracks, by id, that a listener of this age (None: a stranger) may be shown now.

        For lists that were made for everyone, or before the listener said how old they are.

        Args:
            listener: Who looks.
            tracks: Of the list.
            snapshot: Knows them.
            spoken: Whether parts of podcasts and audiobooks may be among them; else the list is of music.
        """
        numbers = snapshot.catalog.numbers(tracks)
        known = np.maximum(numbers, 0)
        may = self.audible(listener, snapshot, known) & (spoken | snapshot.catalog.music[known])
        found: NDArray[np.bool_] = may | (numbers < 0)
        return found

    def audible(
        self, listener: str | None, snapshot: Snapshot, numbers: NDArray[np.int32] | slice = _EVERY
    ) -> NDArray[np.bool_]:
        """Mark the tracks, by number, that can be played and that a listener of this age may hear; None: a stranger."""
        years, explicit = self._ages([Ask("kept", Kind.WEEKLY, listener=listener)])
        catalog = snapshot.catalog
        may: NDArray[np.bool_] = catalog.available[numbers] & (catalog.age_rating[numbers] <= years[0])
        may &= ~catalog.explicit[numbers] | explicit[0]
        return may

    def _ages(
        self, asks: Sequence[Ask], said: ProfileColumns | None = None
    ) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
        """Return how old each asker counts as at least, and whether they may hear what is explicit.

        What they said of themselves is looked up, where the caller has not done so.
        """
        said = said or self._profiles.of([ask.listener for ask in asks])
        asked = [_stricter(ask) for ask in asks]
        years = np.minimum(said.years(self._audience), np.array([years for years, _ in asked], np.int8))
        explicit = said.may_hear_explicit(self._audience) & np.array([may for _, may in asked], bool)
        return years, explicit & (years >= self._audience.explicit_for.least_years)

    def _silent(self, asks: Sequence[Ask]) -> set[str]:
        """Return the listeners among the askers who do not allow personal answers."""
        ledger = self._door.ledger()
        named = {ask.listener for ask in asks if ask.listener}
        return {one for one in named if not ledger.allowed(one, Purpose.PERSONALISE)}

    def _request(
        self,
        asks: list[Ask],
        seeds: list[NDArray[np.int32]],
        exclude: Mapping[str, Sequence[str]],
        snapshot: Snapshot,
        until: int | None,
    ) -> Request:
        now = max((ask.now for ask in asks if ask.now is not None), default=None) or datetime.now(UTC)
        listeners = [ask.listener for ask in asks]
        said = self._profiles.of(listeners)
        if until is None:
            history, banned, habits = ragged(self._histories.of(listeners, snapshot.catalog, now))
        else:
            history, banned, habits = self._histories.read(listeners, snapshot.catalog, now, until)
        excluded = [snapshot.catalog.numbers(exclude[ask.id]) if ask.id in exclude else _NOTHING for ask in asks]
        region, mark = _charts(asks, said.region_names(), history, habits, snapshot)
        canonical = snapshot.catalog.canonical
        day = now.date().isoformat()
        years, explicit = self._ages(asks, said)
        return Request(
            now=now,
            answer=np.arange(len(asks), dtype=np.int32),
            history=history,
            seeds=Ragged.of(seeds),
            banned=banned,
            exclude=Ragged.of([canonical[numbers[numbers >= 0]] for numbers in excluded]),
            limit=np.array([_most(ask, snapshot) for ask in asks], np.int32),
            seed=np.array([seed_of(ask.listener or "", day, ask.kind, snapshot.id) for ask in asks], np.uint64),
            titles=tuple(ask.text or ask.title or "" for ask in asks)
            if any(ask.text or ask.title for ask in asks)
            else (),
            years=years,
            allows_explicit=explicit,
            length_ms=_lengths(asks),
            arcs=moods.arcs(asks, snapshot),
            habits=habits,
            region=region,
            mark=mark,
        )


def _charts(
    asks: Sequence[Ask], said: Sequence[str | None], history: Ragged, habits: Habits, snapshot: Snapshot
) -> tuple[NDArray[np.int16] | None, NDArray[np.int32] | None]:
    """Return of which region and of which mark a chart suits each asker.

    Where somebody is, the ask says, else they themselves, else their newest play.
    """
    boards = snapshot.boards
    if boards is None:
        return None, None
    asked = (ask.context.get("region") for ask in asks)
    homes = (one or own or newest for one, own, newest in zip(asked, said, habits.regions, strict=True))
    return boards.places(homes), boards.suiting(history)


def _tell(
    trace: Trace,
    asks: Sequence[Ask],
    places: NDArray[np.int64],
    answered: NDArray[np.bool_],
    notes: Sequence[list[str]],
) -> None:
    """Say in the notes of the answers at some places which rules could not be held in the rows answered."""
    for rule, rows in trace.relaxed.items():
        for place in places[rows[answered]].tolist():
            notes[place].append(language_or_default(asks[place].language).say(rule))


def _stricter(ask: Ask) -> tuple[int, bool]:
    """Return the least age and the leave that the ask itself states: it may only be stricter than the profile."""
    stated = ask.context.get("age_bracket")
    years = AgeBracket.ADULT.least_years if stated is None else AgeBracket(stated).least_years
    return years, ask.context.get("allows_explicit") is not False


def _most(ask: Ask, snapshot: Snapshot) -> int:
    """Return how many tracks a list may have: for a time, half as many again as usually last so long, and some."""
    if ask.minutes is None:
        return ask.limit
    usual = float(np.median(snapshot.catalog.length_ms[snapshot.catalog.music])) / 60_000
    return min(MOST_TRACKS, int(1.5 * ask.minutes / usual) + 10)


def _lengths(asks: Sequence[Ask]) -> NDArray[np.int64] | None:
    if all(ask.minutes is None for ask in asks):
        return None
    return np.array([round(60_000 * (ask.minutes or 0)) for ask in asks], np.int64)


def _known(ask: Ask, snapshot: Snapshot) -> None:
    """Refuse an ask all of whose tracks are unknown, or spoken."""
    if not ask.tracks:
        return
    numbers = snapshot.catalog.numbers(ask.tracks)
    if (numbers < 0).all():
        raise NotFound(f"no track {ask.tracks[0]!r} in the catalogue; `segue radio` also takes names")
    if not snapshot.catalog.music[numbers[numbers >= 0]].any():
        kind = snapshot.catalog.tracks["kind"][int(numbers[numbers >= 0][0])]
        raise BadInput(
            f"{ask.tracks[0]!r} is {'an' if kind[0] in 'aeiou' else 'a'} {kind}, and music is asked for; "
            "`segue shelves` has what is spoken"
        )


def _heard(made: Candidates, row: int, source: str) -> bool:
    """Return whether a source said anything of a row's candidates."""
    if source not in made.sources:
        return False
    said = made.proposed[made.offsets[row] : made.offsets[row + 1], made.sources.index(source)]
    return bool((np.nan_to_num(said, nan=0.0) > 0).any())


def _last_of_each(numbers: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the numbers in their order, each where it stands last: models may read the end as the newest."""
    _, from_end = np.unique(numbers[::-1], return_index=True)
    return numbers[np.sort(len(numbers) - 1 - from_end)]


def _unknown(tracks: list[str], of: int) -> str:
    return f"{len(tracks)} of {of} tracks are unknown, such as {tracks[0]!r}"
