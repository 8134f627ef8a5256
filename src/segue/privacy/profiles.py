# SPDX-License-Identifier: Apache-2.0
"""What listeners say of themselves: age, languages and the like, of one or of thousands at once."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from segue.errors import BadInput
from segue.events.sink import Sink
from segue.privacy.door import Door
from segue.privacy.saying import say
from segue.types import AgeBracket, EventType, Purpose, Tier

__all__ = ["AudienceConfig", "Profile", "ProfileColumns", "Profiles", "profile", "record_profile", "stated"]

_PROTECTING = ("age_bracket", "allows_explicit", "tier")
"""Read to operate: what keeps from a listener what is not for them holds whatever personalisation they allow."""
_PERSONAL = ("languages", "region", "timezone")
"""Read to personalise."""


class AudienceConfig(BaseModel):
    """Who counts as how old, and who may hear explicit tracks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unknown_age: AgeBracket = AgeBracket.ADULT
    """As which bracket a listener counts who says no age, and a request of nobody."""
    explicit_for: AgeBracket = AgeBracket.YOUTH
    """Youngest bracket that may hear explicit tracks, unless a listener says no."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What a listener says of themselves; None: nothing. `profile` makes one of words and checks them."""

    age_bracket: AgeBracket | None = None
    allows_explicit: bool | None = None
    tier: Tier | None = None
    languages: tuple[str, ...] | None = None
    """ISO 639-1, best first."""
    region: str | None = None
    """ISO 3166."""
    timezone: str | None = None
    """IANA name."""

    def to_json(self) -> dict[str, Any]:
        """Return every field under its name, with null for what is not said."""
        return {**asdict(self), "languages": None if self.languages is None else list(self.languages)}


def profile(
    *,
    age_bracket: str | None = None,
    allows_explicit: bool | None = None,
    tier: str | None = None,
    languages: Iterable[str] | None = None,
    region: str | None = None,
    timezone: str | None = None,
) -> Profile:
    """Return the profile that these words make.

    Raises:
        BadInput: One is none of its kind; it is named with what it may be.
    """
    return Profile(
        None if age_bracket is None else _one_of(AgeBracket, "age", age_bracket),
        allows_explicit,
        None if tier is None else _one_of(Tier, "tier", tier),
        None if languages is None else _languages(languages),
        None if region is None else _region(region),
        None if timezone is None else _timezone(timezone),
    )


def record_profile(sink: Sink, listener: str, said: Profile) -> str:
    """Write down what a listener says of themselves; return the event's id. What is None stays as it was.

    Raises:
        BadInput: It says nothing.
    """
    words = {name: value for name, value in said.to_json().items() if value is not None}
    if not words:
        raise BadInput(f"nothing is said of {listener!r}; say one of: {', '.join(Profile.__slots__)}")
    return say(sink, listener, EventType.PROFILE, **words)


def stated(door: Door, listener: str) -> Profile:
    """Return what is kept of a listener's own words, for themselves to see, whatever else they may be used for."""
    columns = (*_PROTECTING, *_PERSONAL)
    events = door.read(Purpose.OPERATE, ("listener", *columns), types=[EventType.PROFILE], listeners=[listener])
    return _made(_latest(events, columns).get(listener, (None,) * len(columns)))


@dataclass(frozen=True, slots=True)
class ProfileColumns:
    """The profiles of n listeners as columns; a code of -1 is unknown."""

    age: NDArray[np.int8]
    """`int8[n]`: place in `AgeBracket`, youngest first."""
    explicit: NDArray[np.int8]
    """`int8[n]`: 1 where they say that they allow explicit tracks, 0 where they say that they do not."""
    tier: NDArray[np.int8]
    """`int8[n]`: place in `Tier`."""
    language_offsets: NDArray[np.int64]
    """`int64[n + 1]`: where each one's languages begin and end."""
    language: NDArray[np.int32]
    """`int32[offsets[n]]`: place in `languages`, each listener's best first."""
    languages: tuple[str, ...]
    region: NDArray[np.int32]
    """`int32[n]`: place in `regions`."""
    regions: tuple[str, ...]
    timezone: NDArray[np.int32]
    """`int32[n]`: place in `timezones`."""
    timezones: tuple[str, ...]

    def years(self, config: AudienceConfig) -> NDArray[np.int8]:
        """Return `int8[n]`: the least age, in years, that each listener counts as."""
        least = np.array([bracket.least_years for bracket in AgeBracket], np.int8)
        return least[np.where(self.age < 0, _AGES[config.unknown_age], self.age)]

    def region_names(self) -> list[str | None]:
        """Return where each listener says that they are."""
        return [None if code < 0 else self.regions[code] for code in self.region.tolist()]

    def may_hear_explicit(self, config: AudienceConfig) -> NDArray[np.bool_]:
        """Return `bool[n]`: whether each listener may hear explicit tracks: old enough, and not unwilling."""
        may: NDArray[np.bool_] = (self.years(config) >= config.explicit_for.least_years) & (self.explicit != 0)
        return may


class Profiles:
    """Kept up by following the log: the first look reads all profile events, later ones what is new.

    Of each field the value said last counts, in the log's order. An erasure forgets them all, and so does withdrawing
    `personalise` the languages, the region and the time zone.
    """

    def __init__(self, door: Door):
        self._protecting = _Words(door, Purpose.OPERATE, _PROTECTING)
        self._personal = _Words(door, Purpose.PERSONALISE, _PERSONAL)

    def __call__(self, listener: str | None) -> Profile:
        """Return what may be used of one listener's words; nothing is known of nobody."""
        (protecting,), (personal,) = self._protecting([listener]), self._personal([listener])
        return _made((*protecting, *personal))

    def of(self, listeners: Sequence[str | None]) -> ProfileColumns:
        """Return what may be used of many listeners' words; nothing is known of nobody (None)."""
        protecting, personal = self._protecting(listeners), self._personal(listeners)
        spoken = [words[0] or () for words in personal]
        language, languages = _coded([one for some in spoken for one in some])
        region, regions = _coded([words[1] for words in personal])
        timezone, timezones = _coded([words[2] for words in personal])
        return ProfileColumns(
            age=_codes((words[0] for words in protecting), _AGES, len(listeners)),
            explicit=_codes((words[1] for words in protecting), _ANSWERS, len(listeners)),
            tier=_codes((words[2] for words in protecting), _TIERS, len(listeners)),
            language_offsets=np.concatenate([np.zeros(1, np.int64), np.cumsum([len(some) for some in spoken])]),
            language=language,
            languages=languages,
            region=region,
            regions=regions,
            timezone=timezone,
            timezones=timezones,
        )


class _Words:
    """What every listener said last in some columns, as far as one purpose allows."""

    def __init__(self, door: Door, purpose: Purpose, columns: tuple[str, ...]):
        self._door = door
        self._purpose = purpose
        self._columns = columns
        self._nothing: tuple[Any, ...] = (None,) * len(columns)
        self._lock = Lock()
        self._said: dict[str | None, tuple[Any, ...]] = {}
        self._position = 0

    def __call__(self, listeners: Sequence[str | None]) -> list[tuple[Any, ...]]:
        """Return the values of each listener, in the order of the columns."""
        with self._lock:
            if self._door.position() != self._position:
                self._follow()
            return [self._said.get(listener, self._nothing) for listener in listeners]

    def _follow(self) -> None:
        followed = self._door.follow(
            self._purpose, self._position, ("listener", *self._columns), types=[EventType.PROFILE]
        )
        for listener, new in _latest(followed.events, self._columns).items():
            old = self._said.get(listener, self._nothing)
            self._said[listener] = tuple(was if now is None else now for was, now in zip(old, new, strict=True))
        if followed.changed and self._position:
            self._read_again(sorted(followed.changed), followed.position)
        self._position = followed.position

    def _read_again(self, listeners: list[str], until: int) -> None:
        events = self._door.read(
            self._purpose,
            ("listener", *self._columns),
            types=[EventType.PROFILE],
            listeners=listeners,
            until=until,
        )
        said = _latest(events, self._columns)
        for listener in listeners:
            if listener in said:
                self._said[listener] = said[listener]
            else:
                self._said.pop(listener, None)


def _latest(events: pl.DataFrame, columns: Sequence[str]) -> dict[str | None, tuple[Any, ...]]:
    """Return the last known value of each column, by listener; the events are in the log's order."""
    last = events.group_by("listener", maintain_order=True).agg(pl.col(columns).drop_nulls().last())
    return {listener: tuple(values) for listener, *values in last.iter_rows()}


def _made(words: Sequence[Any]) -> Profile:
    """Return the profile of values in the order of `_PROTECTING` and `_PERSONAL`."""
    age, explicit, tier, languages, region, timezone = words
    return Profile(
        None if age is None else AgeBracket(age),
        explicit,
        None if tier is None else Tier(tier),
        None if languages is None else tuple(languages),
        region,
        timezone,
    )


_AGES: Mapping[str | None, int] = {None: -1} | {bracket: place for place, bracket in enumerate(AgeBracket)}
_TIERS: Mapping[str | None, int] = {None: -1} | {tier: place for place, tier in enumerate(Tier)}
_ANSWERS: Mapping[bool | None, int] = {None: -1, False: 0, True: 1}


def _codes(values: Iterable[Any], codes: Mapping[Any, int], count: int) -> NDArray[np.int8]:
    return np.fromiter((codes[value] for value in values), np.int8, count)


def _coded(values: Sequence[str | None]) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Return the place of each value among those that there are, -1 for None, and these, sorted."""
    there = sorted({value for value in values if value is not None})
    codes: dict[str | None, int] = {None: -1} | {value: place for place, value in enumerate(there)}
    return np.fromiter((codes[value] for value in values), np.int32, len(values)), tuple(there)


def _one_of(kind: Any, what: str, word: str) -> Any:
    if word not in list(kind):
        raise BadInput(f"there is no {what} {word!r}; it is one of {[one.value for one in kind]}")
    return kind(word)


def _languages(words: Iterable[str]) -> tuple[str, ...]:
    given = tuple(word.strip().lower() for word in words)
    for word in given:
        if not re.fullmatch("[a-z]{2}", word):
            raise BadInput(f"{word!r} is no language; write two letters (ISO 639-1), such as es")
    return tuple(dict.fromkeys(given))


def _region(word: str) -> str:
    region = word.strip().upper()
    if not re.fullmatch("[A-Z]{2}(-[A-Z0-9]{1,3})?", region):
        raise BadInput(f"{word!r} is no region; write it as in ISO 3166, such as ES or ES-CT")
    return region


def _timezone(word: str) -> str:
    try:
        ZoneInfo(word)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(f"{word!r} is no time zone; write it as Europe/Berlin") from error
    return word
