# SPDX-License-Identifier: Apache-2.0
"""Whatever is asked, no answer breaks a rule without saying so. `SEGUE_FUZZ` sets how many requests are tried."""

import os
import shutil
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from segue.privacy.profiles import Profile, record_profile
from segue.service.answer import Service
from segue.types import AgeBracket, Ask, Kind, Rung, Slate
from segue.workspace import Workspace
from tests.conftest import NOW

REQUESTS = int(os.environ.get("SEGUE_FUZZ", "400"))
ARCS = (None, "build", "flat", "wave", (0.1, 0.9, 0.2), "gentle")
TITLES = ("slow evenings", "for the gym", "metal", "🎧", "zzqy", "café del mar", " ".join(["mix"] * 60))


class Asker:
    """Draws asks over everything that may be asked."""

    def __init__(self, world: Workspace, seed: int):
        self.rng = np.random.default_rng(seed)
        catalog = world.current().catalog
        self.tracks = catalog.tracks["track_id"].to_list()
        self.listeners = [*world.listeners(), "a stranger"]

    def ask(self, number: int) -> Ask:
        rng = self.rng
        kind = [Kind.RADIO, Kind.CONTINUE, Kind.WEEKLY][rng.integers(3)]
        listener = self.listeners[rng.integers(len(self.listeners))]
        if kind is not Kind.WEEKLY and rng.random() < 0.4:
            listener = None
        many = 0 if kind is Kind.WEEKLY else int(rng.choice([1, 1, 2, 5, 40]))
        seeds = tuple(self.tracks[one] for one in rng.integers(0, len(self.tracks), many))
        if rng.random() < 0.05 and seeds:
            seeds = (*seeds, "no such track")
        title = TITLES[rng.integers(len(TITLES))] if kind is Kind.CONTINUE and rng.random() < 0.5 else None
        if title and title.strip() and rng.random() < 0.3:
            seeds = ()
        context = {}
        if rng.random() < 0.3:
            context["age_bracket"] = list(AgeBracket)[rng.integers(len(AgeBracket))].value
        if rng.random() < 0.2:
            context["allows_explicit"] = bool(rng.random() < 0.5)
        return Ask(
            str(number), kind, seeds, title, listener, context, int(rng.choice([1, 2, 7, 30, 30, 30, 100])),
            NOW + timedelta(days=int(rng.integers(0, 3))),
            float(np.round(rng.random(), 2)) if listener is not None and rng.random() < 0.4 else None,
            float(rng.integers(5, 120)) if rng.random() < 0.2 else None,
            ARCS[rng.integers(len(ARCS))],
        )  # fmt: skip


@pytest.fixture(scope="module")
def guarded(world: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A copy of the simulated world, some of whose listeners are young, or unwilling to hear what is explicit."""
    home = tmp_path_factory.mktemp("guarded") / "home"
    shutil.copytree(world.home, home)
    copy = Workspace.open(home)
    whom = copy.listeners()
    young = [Profile(age_bracket=bracket) for bracket in AgeBracket]
    for place, said in enumerate([*young, Profile(allows_explicit=False)]):
        for listener in whom[place::7]:
            record_profile(copy.sink, listener, said)
    return copy


def broken(guarded: Workspace, service: Service, ask: Ask, slate: Slate) -> list[str]:
    """Return the rules that an answer breaks, in words."""
    catalog = guarded.current().catalog
    ids = [track.track for track in slate.tracks]
    numbers = catalog.numbers(ids)
    canonical = catalog.canonical[numbers]
    seeds = catalog.numbers(ask.tracks)
    wrong = []
    if len(set(canonical.tolist())) != len(ids):
        wrong.append("a recording twice")
    if set(canonical.tolist()) & set(catalog.canonical[seeds[seeds >= 0]].tolist()):
        wrong.append("a seed comes back")
    if ask.minutes is not None:
        off = abs(catalog.length_ms[numbers].sum() / 60_000 - ask.minutes)
        if off > 0.05 * ask.minutes and not any("not as long" in note for note in slate.notes):
            wrong.append(f"{off:.1f} minutes off {ask.minutes:g}, and nothing says so")
    elif len(ids) > ask.limit or (len(ids) < ask.limit and not any("instead of" in note for note in slate.notes)):
        wrong.append(f"{len(ids)} tracks of {ask.limit} without a reason")
    if not catalog.available[numbers].all():
        wrong.append("something unavailable")
    profile = guarded.profiles(ask.listener)
    ages = [one.least_years for one in (profile.age_bracket, AgeBracket(ask.context.get("age_bracket", "18+"))) if one]
    young = min(ages) < 16 or profile.allows_explicit is False or ask.context.get("allows_explicit") is False
    if young and catalog.explicit[numbers].any():
        wrong.append("something explicit for the young or unwilling")
    personal = slate.rung is Rung.PERSONAL
    name = {Kind.RADIO: "radio", Kind.CONTINUE: "continuation", Kind.WEEKLY: "weekly"}[ask.kind]
    config = getattr(guarded.settings.recipes, slate.recipe if slate.recipe == "title" else name)
    artists = catalog.artist[numbers]
    if (
        slate.recipe == name
        and config.artist_cap
        and np.unique(artists, return_counts=True)[1].max() > config.artist_cap
    ):
        wrong.append("more of an artist than the cap")
    if slate.recipe == name and config.flow is not None and not any("sooner" in note for note in slate.notes):
        gap = config.flow.artist_gap
        near = any(artists[place] in artists[place + 1 : place + 1 + gap] for place in range(len(artists)))
        parts = len(ids) > config.flow.together
        if near and not parts:
            wrong.append("an artist too soon, and nothing says so")
    if personal and ask.dial is not None and slate.recipe == name and ask.listener in guarded.listeners():
        (taste,) = service._histories.of([ask.listener], catalog, ask.now or NOW)
        familiar = int(np.isin(canonical, taste.tracks).sum())
        asked = round((1 - ask.dial) * len(ids))
        told = any("familiar" in note for note in slate.notes)
        if abs(familiar - asked) > 1 and not told:
            wrong.append(f"{familiar} familiar tracks where {asked} were asked for, and nothing says so")
    return wrong


def test_no_answer_breaks_a_rule_without_saying_so(guarded: Workspace) -> None:
    asker = Asker(guarded, 20_261_122)
    service = guarded.service
    kinds: list[str] = []
    for first in range(0, REQUESTS, 50):
        asks = [asker.ask(number) for number in range(first, min(first + 50, REQUESTS))]
        for ask, slate in zip(asks, service.answer(asks).slates, strict=True):
            if not isinstance(slate, Slate):
                assert "no track" in slate.error, (ask, slate)
                continue
            assert broken(guarded, service, ask, slate) == [], (ask, slate.notes, slate.recipe)
            kinds.append(slate.recipe)
    counts = dict(pl.Series("recipe", kinds).value_counts().iter_rows())
    assert {"radio", "continuation", "weekly", "title", "popular"} <= set(counts)
