# SPDX-License-Identifier: Apache-2.0
"""Listening to podcasts and audiobooks: on the way to work and before sleep, part after part, or given up."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segue.seeds import generator
from segue.simulate.busy import APART_MS, Busy
from segue.simulate.config import DAY_MS, WEEK_MS, WorldConfig
from segue.simulate.groups import earlier
from segue.simulate.listeners import Listeners
from segue.simulate.occasions import OCCASIONS
from segue.simulate.regions import LANGUAGES, REGIONS, shares
from segue.simulate.serials import TOPICS, Serials
from segue.simulate.sessions import devices, places, starts
from segue.types import ItemKind

__all__ = ["Audience", "Habits", "Sittings", "Spoken", "form_habits"]

_HEAR_SHOWS, _HEAR_BOOKS = 0.35, 0.15
_TOPICS_LIKED = 2
_SITTINGS = 4.0  # a week, of the median member
_FOLLOWED = {ItemKind.EPISODE: 3, ItemKind.CHAPTER: 1}  # serials at a time
_MINUTES = {ItemKind.EPISODE: 32.0, ItemKind.CHAPTER: 28.0}  # of the median sitting
_OCCASIONS = {
    ItemKind.EPISODE: {"commute": 0.35, "cooking": 0.12, "": 0.18},
    ItemKind.CHAPTER: {"sleep": 0.75, "relax": 0.25},
}
"""Share of each activity; "commute" is two occasions, "" is any time."""
_LOOKED_AT = 12  # serials from which one is chosen
_OWN_LANGUAGE = 0.85
_GIVES_UP = {ItemKind.EPISODE: 0.16, ItemKind.CHAPTER: 0.05}  # chance for a part of no interest at all
_COOLS = 0.12  # how much interest falls when an episode is given up
_DROPPED = 0.2  # below this interest a show is left for another
_TO_NEWEST = 0.08  # chance that a follower who is behind begins with the newest episode
_RESUMES = 1.5  # how much dearer what was begun is, in units of Gumbel noise
_REMEMBERED = 12  # serials that were left, and are not taken up again
_MOST_PARTS = 8
_SHORTEST_MS = 20_000
_BREATH_MS = 1_500


@dataclass(frozen=True, slots=True)
class Habits:
    """Arrays over listeners."""

    topics: NDArray[np.intp]  # [listeners, 2]: index into `TOPICS`, dearest first
    shows: NDArray[np.bool_]
    books: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Sittings:
    """Arrays over the times that someone sat down to listen to what is spoken."""

    listener: NDArray[np.intp]
    member: NDArray[np.intp]  # row of the audience
    occasion: NDArray[np.intp]  # index into `OCCASIONS`; their number: none
    start_ms: NDArray[np.int64]  # after the week's start
    length_ms: NDArray[np.int64]  # at most
    device: NDArray[np.intp]
    place: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Spoken:
    """Arrays over plays of parts, in the order of sitting and time."""

    sitting: NDArray[np.intp]
    part: NDArray[np.intp]
    start_ms: NDArray[np.int64]
    played_ms: NDArray[np.int64]
    given_up: NDArray[np.bool_]
    finished: NDArray[np.bool_]  # heard to its end, perhaps from where it was left the last time


def form_habits(config: WorldConfig, listeners: Listeners) -> Habits:
    """Return who listens to what is spoken, and what they like to hear of. Machines have no such habits."""
    rng = generator("simulate", config.seed, "habits")
    count = len(listeners.region)
    appeal = np.log([topic.shows + topic.books for topic in TOPICS]) + rng.gumbel(size=(count, len(TOPICS)))
    drawn = rng.random((2, count))
    return Habits(
        topics=np.argsort(-appeal, axis=1, kind="stable")[:, :_TOPICS_LIKED],
        shows=(drawn[0] < _HEAR_SHOWS) & ~listeners.bot & (config.shows > 0),
        books=(drawn[1] < _HEAR_BOOKS) & ~listeners.bot & (config.books > 0),
    )


class Audience:
    """Those who listen to serials of one kind; remembers what each follows and how far they are."""

    def __init__(self, config: WorldConfig, serials: Serials, listeners: Listeners, habits: Habits) -> None:
        self.config = config
        self.serials = serials
        self.shows = serials.kind is ItemKind.EPISODE
        self.members = np.flatnonzero(habits.shows if self.shows else habits.books)
        self.topics = habits.topics[self.members]
        self.languages = listeners.languages[self.members]
        self.home = np.array([LANGUAGES.index(place.language) for place in REGIONS])[listeners.region[self.members]]
        rng = generator("simulate", config.seed, "audience", serials.kind.value)
        self.rate = _SITTINGS * np.exp(0.5 * rng.standard_normal(len(self.members)))
        shape = (len(self.members), _FOLLOWED[serials.kind])
        self.serial = np.full(shape, -1, np.intp)  # −1: follows one less
        self.part = np.zeros(shape, np.intp)  # the next
        self.offset_ms = np.zeros(shape, np.int64)  # where in it
        self.interest = np.zeros(shape)
        self.past = np.full((shape[0], _REMEMBERED), -1, np.intp)  # serials that were left, the last one last
        self._fill_up(0, rng)

    def listen(
        self, listeners: Listeners, busy: Busy, free_ms: NDArray[np.int64], week: int
    ) -> tuple[Sittings, Spoken]:
        """Return what is heard in a week, in time that is not busy.

        Args:
            listeners: All listeners, where they live in this week.
            busy: When they are busy.
            free_ms: When each listener's music of the week before ended, after this week's start; often negative.
            week: From 0.
        """
        rng = generator("simulate", self.config.seed, "spoken", self.serials.kind.value, week)
        self._fill_up(week, rng)
        sittings = self._sit_down(listeners, busy, free_ms, week, rng)
        turn = earlier(sittings.member)
        pieces: list[Spoken] = []
        for number in range(int(turn.max(initial=-1)) + 1):
            pieces += self._hear(sittings, np.flatnonzero(turn == number), week, rng)
        return sittings, _in_order(pieces)

    def _sit_down(
        self, listeners: Listeners, busy: Busy, free_ms: NDArray[np.int64], week: int, rng: np.random.Generator
    ) -> Sittings:
        """Draw sittings and keep those that fit beside all else; they stand by member and time."""
        kind = self.serials.kind
        member = np.repeat(np.arange(len(self.members)), rng.poisson(self.rate))
        listener = self.members[member]
        wanted = _OCCASIONS[kind]
        weights = [wanted.get(activity, 0.0) for activity in (*(one.activity for one in OCCASIONS), "")]
        occasion = rng.choice(len(weights), len(member), p=shares(weights)).astype(np.intp)
        start_ms = starts(self.config, listeners, listener, occasion, week, rng)
        length_ms = (60_000 * _MINUTES[kind] * np.exp(0.45 * rng.standard_normal(len(member)))).astype(np.int64)
        end_ms = start_ms + length_ms + _MOST_PARTS * _BREATH_MS
        fits = busy.free(listener, start_ms, end_ms) & (start_ms >= free_ms[listener]) & (end_ms <= WEEK_MS)
        drawn = (listener, member, occasion, start_ms, length_ms, devices(occasion, rng), places(occasion, rng))
        order = np.flatnonzero(fits)[np.lexsort((start_ms[fits], member[fits]))]
        latest = np.maximum.accumulate((APART_MS * listener + end_ms)[order])
        clear = (APART_MS * listener + start_ms)[order] >= np.concatenate(([-1], latest[:-1]))[: len(order)]
        return Sittings(*(column[order[clear]] for column in drawn))

    def _hear(self, sittings: Sittings, rows: NDArray[np.intp], week: int, rng: np.random.Generator) -> list[Spoken]:
        """Let each of these sittings, of different members, hear part after part of one serial; move their marks."""
        who, at, left = sittings.member[rows], sittings.start_ms[rows], sittings.length_ms[rows]
        slot = self._chosen(who, at, week, rng)
        pieces = []
        for _ in range(_MOST_PARTS):
            goes_on = (slot >= 0) & (left > _SHORTEST_MS)
            goes_on[goes_on] = self._is_out(who[goes_on], slot[goes_on], at[goes_on], week)
            rows, who, slot, at, left = (one[goes_on] for one in (rows, who, slot, at, left))
            part, interest = self.part[who, slot], self.interest[who, slot]
            rest = self.serials.duration_ms[part] - self.offset_ms[who, slot]
            bored = rng.random(len(rows)) < _GIVES_UP[self.serials.kind] * (1 - interest)
            wanted = np.where(bored, (0.02 + 0.3 * rng.random(len(rows))) * rest, rest).astype(np.int64)
            heard = np.minimum(wanted, left)
            finished = ~bored & (wanted <= left)
            pieces.append(Spoken(rows, part, at, heard, bored, finished))
            done = bored | finished
            self.offset_ms[who, slot] = np.where(done, 0, self.offset_ms[who, slot] + heard)
            self.part[who, slot] = part + done
            self.interest[who, slot] = interest - _COOLS * bored
            self._change(who, slot, bored, week, rng)
            spent = heard + _BREATH_MS
            at, left = at + spent, np.where(done, left - spent, 0)
        return pieces

    def _change(
        self,
        who: NDArray[np.intp],
        slot: NDArray[np.intp],
        bored: NDArray[np.bool_],
        week: int,
        rng: np.random.Generator,
    ) -> None:
        """Leave a show that has lost its interest, and a book that is over or has bored, for another."""
        over = self.part[who, slot] == self.serials.first[self.serial[who, slot] + 1]
        leaves = (self.interest[who, slot] < _DROPPED) & bored if self.shows else over | bored
        who, slot = who[leaves], slot[leaves]
        self.past[who] = np.hstack((self.past[who, 1:], self.serial[who, slot][:, None]))
        self._take_up(who, slot, week, rng)

    def _chosen(
        self, who: NDArray[np.intp], at: NDArray[np.int64], week: int, rng: np.random.Generator
    ) -> NDArray[np.intp]:
        """Return the slot whose serial each member hears, −1: none has a part that is out. Some go to the newest."""
        slots = np.broadcast_to(np.arange(self.serial.shape[1]), (len(who), self.serial.shape[1]))
        there = self._is_out(who[:, None], slots, at[:, None], week)
        appeal = np.log(np.maximum(self.interest[who], 1e-3)) + _RESUMES * (self.offset_ms[who] > 0)
        appeal = np.where(there, appeal + rng.gumbel(size=appeal.shape), -np.inf)
        slot = np.where(there.any(axis=1), np.argmax(appeal, axis=1), -1)
        jumps = np.flatnonzero((slot >= 0) & (rng.random(len(who)) < _TO_NEWEST) & self.shows)
        serial = self.serial[who[jumps], slot[jumps]]
        newest = self._newest(serial, (week * WEEK_MS + at[jumps]) // DAY_MS)
        behind = newest > self.part[who[jumps], slot[jumps]]
        whose, where = who[jumps[behind]], slot[jumps[behind]]
        self.part[whose, where], self.offset_ms[whose, where] = newest[behind], 0
        return slot

    def _is_out(
        self, who: NDArray[np.intp], slot: NDArray[np.intp], at: NDArray[np.int64], week: int
    ) -> NDArray[np.bool_]:
        """Return whether the next part of a member's serial is there and out."""
        serial, part = self.serial[who, slot], self.part[who, slot]
        there = (serial >= 0) & (part < self.serials.first[serial + 1])
        day = self.serials.release_day[np.where(there, part, 0)]
        return np.asarray(there & (day * DAY_MS <= week * WEEK_MS + at))

    def _newest(self, serial: NDArray[np.intp], day: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return the last part of each serial that is out on a day."""
        apart = 1 << 24  # more days than a world has
        dated = apart * self.serials.serial + self.serials.release_day
        return np.searchsorted(dated, apart * serial + day, side="right") - 1

    def _fill_up(self, week: int, rng: np.random.Generator) -> None:
        """Let who follows fewer serials than they would take up others, one after the other."""
        for slot in range(self.serial.shape[1]):
            idle = np.flatnonzero(self.serial[:, slot] < 0)
            self._take_up(idle, np.full(len(idle), slot), week, rng)

    def _take_up(self, who: NDArray[np.intp], slot: NDArray[np.intp], week: int, rng: np.random.Generator) -> None:
        """Let members follow a serial that they have not followed, or none for now where they come upon none.

        A show is taken up at its newest episode or a few before, a book at its first chapter.
        """
        looked_at = self._met(who, rng)
        topic = self.serials.topic[looked_at]
        suits = np.where(topic == self.topics[who, :1], 1.0, 0.8 * (topic == self.topics[who, 1:]))
        appeal = 3 * suits + rng.gumbel(size=suits.shape)
        known = np.hstack((self.serial[who], self.past[who]))
        followed = (looked_at[:, :, None] == known[:, None, :]).any(axis=2)
        best = np.argmax(np.where(followed, -np.inf, appeal), axis=1)
        each = np.arange(len(who))
        serial = np.where(followed.all(axis=1), -1, looked_at[each, best])
        first = self.serials.first[serial]
        if self.shows:
            newest = self._newest(serial, np.full(len(who), 7 * week))
            first = np.maximum(newest - rng.geometric(0.5, len(who)) + 1, first)
        self.serial[who, slot] = serial
        self.part[who, slot] = first
        self.offset_ms[who, slot] = 0
        self.interest[who, slot] = np.clip(
            0.4 + 0.4 * suits[each, best] + 0.15 * rng.standard_normal(len(who)), 0.05, 0.98
        )

    def _met(self, who: NDArray[np.intp], rng: np.random.Generator) -> NDArray[np.intp]:
        """Return serials that members come upon, [rows, looked at]: famous ones most, in a language they understand."""
        met = np.zeros((len(who), _LOOKED_AT), np.intp)
        foreign = rng.random((len(who), len(LANGUAGES))) * self.languages[who]
        language = np.where(rng.random(len(who)) < _OWN_LANGUAGE, self.home[who], np.argmax(foreign, axis=1))
        for i in range(len(LANGUAGES)):
            here = np.flatnonzero(language == i)
            told = np.flatnonzero(self.serials.language == i)
            told = told if len(told) else np.arange(len(self.serials.language))
            fame = self.serials.fame[told]
            met[here] = rng.choice(told, (len(here), _LOOKED_AT), p=fame / fame.sum())
        return met


def _in_order(pieces: list[Spoken]) -> Spoken:
    """Return all pieces as one, by sitting and time."""
    none = np.zeros(0, np.int64)
    nothing = Spoken(none.astype(np.intp), none.astype(np.intp), none, none, none > 0, none > 0)
    names = Spoken.__dataclass_fields__
    joined = Spoken(*(np.concatenate([getattr(one, name) for one in (nothing, *pieces)]) for name in names))
    order = np.lexsort((joined.start_ms, joined.sitting))
    return Spoken(*(getattr(joined, name)[order] for name in names))
