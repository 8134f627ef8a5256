# SPDX-License-Identifier: Apache-2.0
"""A workspace: one folder, and the verbs on it. `segue.open(home)` gives one."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from segue import settings as settings_file
from segue.catalog import search, store
from segue.catalog.store import Catalog
from segue.errors import BadInput, Damaged, NotFound, NotReady
from segue.events import compaction
from segue.events.sink import Sink
from segue.features.personas import COLUMNS, HEARD, Persona
from segue.features.personas import personas as personas_of
from segue.importers.batch import Importer
from segue.jobs import charts as charts_job
from segue.jobs import demo as demo_job
from segue.jobs import dials as dials_job
from segue.jobs import ingest as ingest_job
from segue.jobs import personas as personas_job
from segue.jobs import themes as themes_job
from segue.jobs import train as train_job
from segue.jobs import weekly as weekly_job
from segue.jobs.progress import Progress, silent
from segue.models.words import Neighbour
from segue.playlists.playlist import Playlist
from segue.privacy import erasure
from segue.privacy.door import Door
from segue.privacy.profiles import Profile, Profiles, record_profile, stated
from segue.registry import snapshot, versions
from segue.registry.current import Current
from segue.registry.snapshot import Pointer, Snapshot
from segue.service import shown
from segue.service.answer import Service
from segue.service.asks import check, parse
from segue.service.audience import Audience
from segue.service.dials import KeptDials
from segue.service.exposure import record
from segue.service.histories import Histories
from segue.service.personas import KeptPersonas
from segue.settings import Settings
from segue.stores import files
from segue.stores.playlists import Kept, Shelf
from segue.types import Ask, Kind, Purpose, Refusal, Slate, Spoken

__all__ = ["FORMAT", "Forgotten", "Workspace", "default_home"]

FORMAT = 1
"""Version of the folder's layout."""
_BATCH = 1024


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The receipt of a listener's erasure."""

    receipt: str
    listener: str
    events: int
    playlists: int
    remains: str


def default_home() -> Path:
    """Return the folder that `SEGUE_HOME` names, or `~/.segue`."""
    return Path(os.environ.get("SEGUE_HOME") or Path.home() / ".segue").expanduser()


class Workspace:
    """Everything that can be done with one folder. Opening is cheap; what a verb needs is loaded when it is called."""

    def __init__(self, home: Path, settings: Settings):
        self.home = home
        self.settings = settings

    @classmethod
    def open(cls, home: Path | str | None = None, *, create: bool = False) -> "Workspace":
        """Open the workspace in a folder.

        Args:
            home: The folder; None: `SEGUE_HOME`, or `~/.segue`.
            create: Make it where there is none.

        Raises:
            NotFound: There is no workspace.
            Damaged: It was written by a newer release.
            BadInput: Its `segue.toml` is wrong.
        """
        path = Path(home) if home is not None else default_home()
        stamp = path / "FORMAT"
        if not stamp.exists():
            if not create:
                raise NotFound(f"no workspace in {path}; `segue import … --home {path}` or `segue demo` makes one")
            if path.exists() and not path.is_dir():
                raise BadInput(f"{path} is a file; a workspace is a folder")
            try:
                path.mkdir(parents=True, exist_ok=True)
                files.write_bytes(stamp, f"{FORMAT}\n".encode())
            except OSError as error:
                raise BadInput(f"no workspace can be made in {path}: {error.strerror}; name another --home") from error
        found = stamp.read_text().strip()
        if found != str(FORMAT):
            raise Damaged(f"{path} has format {found!r}; this release reads {FORMAT}: use the release that wrote it")
        return cls(path, settings_file.load(path / "segue.toml"))

    # What the verbs stand on

    @cached_property
    def sink(self) -> Sink:
        """The way into the log."""
        return Sink(self.home / "events")

    @cached_property
    def door(self) -> Door:
        """The way out of the log."""
        return Door.open(self.home / "events", self.settings.consent)

    @cached_property
    def current(self) -> Current:
        """The snapshot that serves."""
        return Current(self.home)

    @cached_property
    def service(self) -> Service:
        """The one way in for asks."""
        histories = Histories(self.door, self.settings.dataset.signals)
        more = self.settings.audience, self.settings.spoken, self.dials
        return Service(self.current, self.door, self.settings.recipes, histories, *more)

    @cached_property
    def dials(self) -> KeptDials:
        """How new lists should be for each listener, as far as that was learned."""
        return KeptDials(self.home / "playlists" / "dials.parquet")

    @cached_property
    def audience(self) -> Audience:
        """Who listens."""
        return Audience(self.door)

    @cached_property
    def profiles(self) -> Profiles:
        """What listeners say of themselves, of any number at once, as far as they allow its use."""
        return Profiles(self.door)

    @cached_property
    def shelf(self) -> Shelf:
        """Playlists kept for listeners."""
        return Shelf(self.home / "playlists" / "kept.sqlite")

    @cached_property
    def personas(self) -> KeptPersonas:
        """How listeners listened when models were trained."""
        return KeptPersonas(self.home / "playlists" / "personas.parquet")

    def catalog(self) -> Catalog:
        """Return the newest catalogue."""
        return store.load(self.home / "catalog")

    @property
    def simulated(self) -> bool:
        """Whether `segue demo` made it: its artists, tracks and listeners are invented."""
        return (self.home / demo_job.MARKER).exists()

    # Data in

    def ingest(self, importer: Importer, path: Path | str, progress: Progress = silent) -> ingest_job.Report:
        """Take a source in. Twice the same source adds nothing; a bad one changes nothing.

        Raises:
            BadInput: The source cannot be understood.
            Busy: Another import is running.
        """
        source = Path(path)
        if not source.exists():
            raise BadInput(f"there is no file or folder {source}")
        return ingest_job.ingest(self.home, importer, source, self.sink, self.settings.ingest, progress)

    def tidy(self) -> bool:
        """Move hot events into Parquet when there are many; return whether there were."""
        folder = self.home / "events"
        if compaction.hot_rows(folder) <= self.settings.ingest.compact_rows:
            return False
        compaction.compact(folder)
        return True

    # Models

    def train(self, *, now: datetime | None = None, progress: Progress = silent) -> train_job.Training:
        """Fit every model on all that may be learned from, let them serve, and learn how new lists should be for whom.

        Raises:
            NotReady: There is nothing to learn from.
        """
        at = now or datetime.now(UTC)
        made = train_job.train(self.home, self.door, self.settings, at, progress)
        personas_job.refresh(self.personas, self.door, self.settings.personas, made.pointer.id, at, progress)
        self.learn_dials(now=at, progress=progress)
        return made

    def learn_dials(self, *, now: datetime | None = None, progress: Progress = silent) -> int:
        """Learn from the lists that listeners answered how new they want theirs; return of how many that is known."""
        at, catalog = now or datetime.now(UTC), self.catalog()
        learned = dials_job.refresh(self.dials, self.door, catalog, self.settings.dial, at, progress)
        return 0 if learned is None else len(learned.listeners)

    def models(self) -> list[versions.Manifest]:
        """Return every version of every model, oldest first by name."""
        folder = self.home / "models"
        return [manifest for name in versions.names(folder) for manifest in versions.versions(folder, name)]

    def pointer(self) -> Pointer:
        """Return which versions serve."""
        return snapshot.read_pointer(self.home)

    def promote(self, name: str, version: str, *, now: datetime | None = None) -> Pointer:
        """Let another version of one model serve, with the others as they are; it is loaded and checked first.

        Raises:
            NotFound: There is no such model or version.
        """
        return snapshot.promote(self.home, name, version, now=now or datetime.now(UTC))

    def roll_back(self, *, now: datetime | None = None) -> Pointer:
        """Let the set before this one serve again; it is loaded and checked first.

        Raises:
            NotReady: There is none.
        """
        return snapshot.roll_back(self.home, now=now or datetime.now(UTC))

    # Answers

    def find(self, text: str) -> str:
        """Return the id of the track that a person means by an id, "Artist - Title" or a title; names are of music.

        Raises:
            NotFound: Nothing in the catalogue comes close; the nearest names are offered.
        """
        serving = self.current()
        number = search.resolve(serving.catalog, text, serving.popularity, serving.catalog.music)
        return str(serving.catalog.tracks["track_id"][number])

    def name_of(self, track: str) -> str:
        """Return "Artist – Title" of a track's id, as `find` returns it."""
        catalog = self.current().catalog
        row = catalog.tracks.row(int(catalog.numbers([track])[0]), named=True)
        return f"{row['artist_name']} – {row['title']}"

    def words(self, word: str, *, limit: int = 10, language: str | None = None) -> list[Neighbour]:
        """Return the words that lead to the most similar music, of whatever language; or of one, ISO 639-1.

        Raises:
            NotFound: No title that was learned from has the word; near spellings are offered.
            NotReady: No words were learned.
        """
        words = self.current().words
        if words is None:
            raise NotReady("no words were learned yet; run `segue train` where tracks have titles")
        return words.neighbours(word, limit, language=language)

    def charts(
        self,
        *,
        region: str | None = None,
        genre: str | None = None,
        language: str | None = None,
        listener: str | None = None,
        limit: int = 50,
    ) -> list[charts_job.Entry]:
        """Return the most played tracks: of a region (as plays name it), a genre, a language of tracks, or several.

        They are counted at training. A region's counts are blended with everyone's by evidence, and a track needs
        `[models.charts] least_listeners` listeners. What is not for the age of who looks is left out.

        Raises:
            NotFound: Nobody plays in the region, or no track has the genre or the language.
            NotReady: Nothing is trained, or there were no plays to count.
        """
        serving = self.current()
        of = {"region": region, "genre": genre, "language": language}
        return charts_job.chart(serving, **of, limit=limit, may=self.service.audible(listener, serving))

    def radio(
        self,
        text: str,
        *,
        limit: int = 30,
        listener: str | None = None,
        dial: float | Literal["learned"] | None = None,
        minutes: float | None = None,
        arc: str | tuple[float, ...] | None = None,
        language: str | None = None,
        mix: Mapping[str, float] | None = None,
        now: datetime | None = None,
    ) -> Slate:
        """Return a radio from one track, named as `find` takes it; without a listener, nobody's history is read."""
        wishes: dict[str, Any] = {"limit": limit, "dial": dial, "minutes": minutes, "arc": arc, "language": language}
        wishes["mix"] = mix
        return self.answer(Ask("radio", Kind.RADIO, (self.find(text),), None, listener, now=now, **wishes))

    def continuation(
        self,
        texts: Iterable[str] = (),
        *,
        title: str | None = None,
        limit: int = 30,
        listener: str | None = None,
        dial: float | Literal["learned"] | None = None,
        minutes: float | None = None,
        arc: str | tuple[float, ...] | None = None,
        now: datetime | None = None,
        language: str | None = None,
        mix: Mapping[str, float] | None = None,
    ) -> Slate:
        """Return what a playlist would hold next: by its tracks, named as `find` takes them, by its title, or both."""
        tracks = tuple(self.find(text) for text in texts)
        wishes: dict[str, Any] = {"limit": limit, "dial": dial, "minutes": minutes, "arc": arc, "language": language}
        wishes["mix"] = mix
        return self.answer(Ask("continue", Kind.CONTINUE, tracks, title, listener, now=now, **wishes))

    def mood(
        self,
        text: str,
        *,
        limit: int = 30,
        listener: str | None = None,
        arc: str | None = None,
        language: str | None = None,
        mix: Mapping[str, float] | None = None,
        now: datetime | None = None,
    ) -> Slate:
        """Return a playlist for free words, such as "rainy sunday jazz"; the answer says what was not understood.

        In `language`: that, and the reasons.
        """
        whose = {"listener": listener, "language": language, "now": now}
        return self.answer(Ask("mood", Kind.MOOD, limit=limit, text=text, arc=arc, mix=mix, **whose))  # type: ignore[arg-type]

    def shelves(
        self,
        spoken: Spoken | str,
        *,
        listener: str | None = None,
        limit: int = 10,
        language: str | None = None,
        now: datetime | None = None,
        request_id: str | None = None,
    ) -> list[Slate]:
        """Return the shelves of podcasts or audiobooks that have anything, in order, and write down what was shown.

        The id of each is its kind: what to resume, what is new, what comes next, what to discover. Nobody in particular
        has only the last one, and so has who does not allow the use of their plays.

        Raises:
            BadInput: There are no shelves of this kind.
        """
        if spoken not in list(Spoken):
            raise BadInput(f"there are no shelves of {spoken!r}; there are of {', '.join(Spoken)}")
        at, one = now or datetime.now(UTC), request_id or uuid4().hex
        ask = Ask("shelves", Kind.DISCOVER, listener=listener, limit=limit, now=at, language=language)
        made = self.service.shelves(replace(ask, spoken=Spoken(spoken)))
        if listener and not self.door.ledger().allowed(listener, Purpose.PERSONALISE):
            ask = replace(ask, listener=None)  # what is shown to them is written down as shown to nobody
        record(self.sink, [ask] * len(made), made, [f"{one}-{slate.id}" for slate in made], at)
        return made

    def themes(
        self,
        *,
        listener: str | None = None,
        now: datetime | None = None,
        again: bool = False,
        progress: Progress = silent,
    ) -> tuple[themes_job.Moment, list[themes_job.Listed]]:
        """Return what moment it is for a listener, and the themes that are due then, nearest to their taste first.

        Playlists of themes are made where there are none yet of these models and settings, or `again`.

        Raises:
            NotFound: There are no plays of this listener.
            NotReady: Nothing is trained.
        """
        at, config = now or datetime.now(UTC), self.settings.themes
        if listener is not None and listener not in self.audience():
            raise NotFound(f"no plays of listener {listener!r} may be used; `segue listener list` names the others")
        serving = self.current()
        kept = None if again else themes_job.read(self.home, serving, config)
        if kept is None:
            kept = themes_job.refresh(self.home, self.service, self.door, config, at, progress)
        moment = themes_job.moment(self.door, listener, kept["hours"], at, self.settings.weekly.timezone)
        history = self.service.history(listener, serving, at)
        due = themes_job.listed(kept, serving, config, history, moment)
        return moment, [self._permitted(one, listener, serving) for one in due]

    def _permitted(self, theme: themes_job.Listed, listener: str | None, serving: Snapshot) -> themes_job.Listed:
        """Leave out of a theme, which was made for everyone, what is not for the listener's age."""
        may = self.service.permitted(listener, theme.tracks, serving)
        return replace(theme, tracks=tuple(track for track, so in zip(theme.tracks, may.tolist(), strict=True) if so))

    def answer(self, ask: Ask, *, request_id: str | None = None) -> Slate:
        """Answer one ask and write down what was shown, under the id that the answer names; see `playlist`.

        Raises:
            BadInput: It cannot be answered.
        """
        check(ask)
        now = ask.now or datetime.now(UTC)
        (slate,) = self.service.answer([ask]).slates
        if isinstance(slate, Refusal):
            raise NotFound(slate.error)
        if ask.listener and not self.door.ledger().allowed(ask.listener, Purpose.PERSONALISE):
            ask = replace(ask, listener=None)  # what is shown to them is written down as shown to nobody
        identity = request_id or uuid4().hex
        record(self.sink, [ask], [slate], [identity], now)
        return replace(slate, id=identity)

    def batch(self, lines: Iterable[str], *, now: datetime | None = None) -> Iterator[dict[str, Any]]:
        """Answer any number of requests, a JSON object a line, in order. A line that cannot be read gets an error.

        Nothing is written to the log: a batch is for evaluation and export.
        """
        at = now or datetime.now(UTC)
        numbered = enumerate(lines, 1)
        while chunk := list(islice(numbered, _BATCH)):
            parsed = [parse(line, number, at) for number, line in chunk if line.strip()]
            asks = [ask for ask in parsed if isinstance(ask, Ask)]
            answers = iter(self.service.answer(asks, parallel=True).slates)
            for one in parsed:
                yield (next(answers) if isinstance(one, Ask) else one).to_json()

    def weekly(
        self, *, now: datetime | None = None, again: bool = False, progress: Progress = silent
    ) -> weekly_job.Week:
        """Make the weekly playlist of everyone with plays who allows it, and the themes' playlists.

        Raises:
            NotReady: Nothing is trained, nobody listens, or too many would get what is merely popular.
        """
        listeners = self.audience()
        if not listeners:
            raise NotReady("there is nobody to make a weekly for: no plays may be used; `segue import` brings plays")
        at = now or datetime.now(UTC)
        made = weekly_job.weekly(
            self.service,
            self.door,
            self.shelf,
            self.sink,
            listeners,
            self.settings.weekly,
            at,
            again=again,
            progress=progress,
        )
        themes_job.refresh(self.home, self.service, self.door, self.settings.themes, at, progress)
        return made

    def weekly_of(
        self, listener: str, *, now: datetime | None = None, again: bool = False, language: str | None = None
    ) -> weekly_job.Weekly:
        """Return the listener's playlist of this week, making it where it is not there yet.

        A listener who does not allow personal answers gets what is popular, and nothing is kept.

        Raises:
            NotFound: There are no plays of this listener.
        """
        at = now or datetime.now(UTC)
        config = self.settings.weekly
        if self.door.ledger().allowed(listener, Purpose.PERSONALISE):
            zones = self.audience()
            if listener not in zones:
                raise NotFound(f"no plays of listener {listener!r} may be used; `segue listener list` names the others")
            week = weekly_job.monday(at, zones[listener], config.timezone).isoformat()
            kept = self.shelf.edition(listener, weekly_job.NAME, week)
            if kept and not again and weekly_job.personal(kept):
                snapshot = self.current()
                tracks = [pick.track for pick in kept.picks]
                if self.service.permitted(listener, tracks, snapshot).all():  # else the profile has become stricter
                    return weekly_job.read(kept, snapshot.catalog, language)
            whole = (self.service, self.door, self.shelf, self.sink, listener, config, week, at, language)
            if made := weekly_job.alone(*whole):
                return made
        ask = Ask(listener, Kind.WEEKLY, listener=listener, limit=config.length, now=at, language=language)
        (slate,) = self.service.answer([ask]).slates
        assert isinstance(slate, Slate)
        monday = weekly_job.monday(at, None, config.timezone)
        return weekly_job.Weekly(weekly_job.playlist_id(listener), listener, monday.isoformat(), at.isoformat(), slate)

    # Playlists that were made

    def playlist(self, identity: str, *, listener: str | None = None, language: str | None = None) -> Playlist:
        """Return a playlist by its id: a listener's newest weekly, or any answer that was shown, as it was then.

        What is not for the age of whom it was made for, or of who looks, is left out.

        Args:
            identity: The `id` of a weekly (of one week: with "-" and its Monday behind it), or of a radio, a
                continuation or a mood.
            listener: Who looks; None: whom it was made for.
            language: Of the reasons; None: English.

        Raises:
            NotFound: There is none, or who it was made for allows its use no more.
        """
        serving = self.current()
        weekly = self._weekly(identity) if identity.startswith(weekly_job.NAME) else None
        made = weekly or shown.impression(self.door, identity)
        if made is None:
            raise NotFound(f"no playlist {identity!r} is kept; the id stands below every list, and in its JSON")
        tracks = [pick.track for pick in made.picks]
        spoken = weekly is None  # what was shown was asked for
        may = self.service.permitted(made.listener or None, tracks, serving, spoken=spoken)
        if listener is not None:
            may &= self.service.permitted(listener, tracks, serving, spoken=spoken)
        picks = tuple(pick for pick, so in zip(made.picks, may.tolist(), strict=True) if so)
        return shown.playlist(identity, replace(made, picks=picks), serving, language)

    def _weekly(self, identity: str) -> Kept | None:
        """Return the edition of a weekly that an id names; it does not tell whose, so that everyone's is looked at."""
        for one in self.audience():
            own = weekly_job.playlist_id(one)
            if identity == own:
                return next(iter(self.shelf.editions(one, weekly_job.NAME, 1)), None)
            if identity.startswith(f"{own}-"):
                return self.shelf.edition(one, weekly_job.NAME, identity.removeprefix(f"{own}-"))
        return None

    def own_files(self, tracks: Iterable[str]) -> dict[str, Path]:
        """Return where the user's own files of some tracks lie, by id, as `segue import audio` last found them."""
        return shown.files(self.home / "audio" / "memory.sqlite", list(tracks), self.current().catalog)

    # Listeners

    def listeners(self) -> list[str]:
        """Return every listener whose plays may be used to personalise, sorted."""
        return list(self.audience())

    def knows(self, listener: str) -> bool:
        """Say whether anything is kept of a listener."""
        return not self.door.read(Purpose.OPERATE, ["type"], listeners=[listener]).is_empty()

    def listener(self, listener: str) -> dict[str, Any]:
        """Return what is known of a listener: events, since when, what they say, their persona and consents."""
        columns = ["type", "occurred_at"]
        events = self.door.read(Purpose.OPERATE, columns, listeners=[listener])
        try:
            kept: int | None = len(self.shelf.editions(listener, weekly_job.NAME))
        except Damaged:  # nobody can say; who is there can be erased all the same
            kept = None
        if events.is_empty() and kept == 0:
            raise NotFound(f"nothing is kept of listener {listener!r}; `segue listener list` names those with plays")
        ledger = self.door.ledger()
        return {
            "listener": listener,
            "events": dict(events.group_by("type").len().sort("type").iter_rows()),
            "first_at": events["occurred_at"].min(),
            "last_at": events["occurred_at"].max(),
            "playlists": kept,
            "profile": {name: said for name, said in self.profile(listener).to_json().items() if said is not None},
            "persona": None if (persona := self.persona(listener)) is None else persona.to_json(),
            "consent": {purpose.value: allowed for purpose, allowed in ledger.state(listener).items()},
            "dial": self.dials.told(listener),
        }

    def consent(self, listener: str, purpose: Purpose, granted: bool) -> None:
        """Write down that a listener gives or withdraws a consent. It counts from the next answer on."""
        erasure.record_consent(self.sink, listener, purpose, granted)
        if purpose is Purpose.PERSONALISE and not granted:
            self._forget(listener)

    def _forget(self, listener: str) -> int:
        """Remove what was made of a listener's plays; return how many playlists that were."""
        self.dials.forget([listener])
        self.personas.forget([listener])
        return self.shelf.forget(listener)

    def profile(self, listener: str) -> Profile:
        """Return what a listener says of themselves, as it is kept."""
        return stated(self.door, listener)

    def persona(self, listener: str, *, now: datetime | None = None) -> Persona | None:
        """Return how a listener listens, with the numbers that say so; None: nothing may be used to personalise.

        It is what was measured at the last training; of who was not there yet, and of another moment (`now`), it is
        worked out from the log.
        """
        if now is None and self.door.ledger().allowed(listener, Purpose.PERSONALISE):
            kept = self.personas.of(listener, self.settings.personas)
            if kept is not None:
                return kept.persona
        events = self.door.read(Purpose.PERSONALISE, COLUMNS, types=HEARD, listeners=[listener])
        return personas_of(events, self.settings.personas, now or datetime.now(UTC)).get(listener)

    def introduce(self, listener: str, said: Profile) -> Profile:
        """Write down what a listener says of themselves, and return all of it. It counts from the next answer on.

        Raises:
            BadInput: It says nothing.
        """
        record_profile(self.sink, listener, said)
        return self.profile(listener)

    def export(self, listener: str) -> Iterator[dict[str, Any]]:
        """Give everything kept of a listener: events, what they were called, playlists, and how new these should be."""
        yield from erasure.export(self.home / "events", listener)
        if (called := self.personas.of(listener, self.settings.personas)) is not None:
            told = {"snapshot": called.snapshot, "measured_at": called.measured_at, **called.persona.to_json()}
            yield {"type": "persona", "listener": listener, **told}
        for kept in self.shelf.editions(listener, weekly_job.NAME):
            slate = weekly_job.read(kept, self.catalog()).slate.to_json()
            yield {"type": "weekly", "listener": listener, "week": kept.edition, "slate": slate}
        if (learned := self.dials.told(listener)) is not None:
            yield {"type": "dial", "listener": listener, **learned}

    def erase(self, listener: str) -> Forgotten:
        """Erase a listener from the log's files and from the kept playlists, at once."""
        done = erasure.erase(self.home / "events", self.sink, listener)
        playlists = self._forget(listener)  # after it: from then on no weekly run puts any back
        return Forgotten(
            done.receipt,
            listener,
            done.events,
            playlists,
            "Models hold nothing keyed by a listener; their share in its statistics goes with the next training.",
        )
