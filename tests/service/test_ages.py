# SPDX-License-Identifier: Apache-2.0
"""Nothing explicit, and nothing above a listener's age, on any way to an answer."""

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from segue.catalog import store
from segue.errors import BadInput
from segue.privacy.profiles import Profile, record_profile
from segue.types import AgeBracket, Ask, Kind, Slate
from segue.workspace import Workspace
from tests.conftest import NOW

CHILD, TEEN, ADULT = "sim:listener:000001", "sim:listener:000002", "sim:listener:000003"
ALL = {0, 1, 2, 3}


@pytest.fixture
def rated(world: Workspace, tmp_path: Path) -> Workspace:
    """The simulated world with half of its music explicit and a quarter for grown-ups, and three listeners' ages."""
    home = tmp_path / "rated"
    shutil.copytree(world.home, home)
    folder = home / "catalog"
    tracks = store.load(folder).tracks
    number = pl.col("number")
    path = max(folder.glob("0*")) / "tracks.parquet"
    tracks.with_columns(
        (number % 2 == 0).alias("explicit"),
        pl.when(number % 4 == 1).then(18).when(number % 4 == 3).then(13).cast(pl.Int8).alias("age_rating"),
    ).write_parquet(path)
    copy = Workspace.open(home)
    for listener, age in ((CHILD, AgeBracket.CHILD), (TEEN, AgeBracket.TEEN), (ADULT, AgeBracket.ADULT)):
        record_profile(copy.sink, listener, Profile(age_bracket=age))
    return copy


def shown(rated: Workspace, *slates: Slate) -> set[int]:
    """Return the rests by four of the numbers of what is shown: 0 and 2 are explicit, 1 is for 18, 3 for 13."""
    catalog = rated.current().catalog
    numbers = catalog.canonical[catalog.numbers(track.track for slate in slates for track in slate.tracks)]
    return set(np.unique(numbers % 4).tolist())


def asks(listener: str | None) -> list[Ask]:
    seed = ("sim:track:000010",)
    return [
        Ask("radio", Kind.RADIO, seed, listener=listener, now=NOW),
        Ask("continue", Kind.CONTINUE, (*seed, "sim:track:000021"), "for the gym", listener, now=NOW),
        Ask("title", Kind.CONTINUE, (), "for the gym", listener, now=NOW),
        Ask("long", Kind.RADIO, seed, listener=listener, limit=500, now=NOW),
        Ask("mood", Kind.MOOD, listener=listener, now=NOW, text="calm metal"),
        Ask("nothing known", Kind.CONTINUE, (), "qzqzqz", listener, now=NOW),
        *([Ask("weekly", Kind.WEEKLY, listener=listener, now=NOW)] if listener else []),
    ]


@pytest.mark.parametrize(
    ("listener", "rests"), [(CHILD, set()), (TEEN, {3}), (ADULT, {0, 1, 2, 3}), (None, {0, 1, 2, 3})]
)
def test_every_recipe_and_every_rung_keep_to_an_age(rated: Workspace, listener: str | None, rests: set[int]) -> None:
    slates = rated.service.answer(asks(listener)).slates
    assert all(isinstance(slate, Slate) for slate in slates)
    assert shown(rated, *[slate for slate in slates if isinstance(slate, Slate)]) == rests


@pytest.mark.parametrize(("listener", "rests"), [(CHILD, set()), (TEEN, {3}), (ADULT, ALL)])
def test_themes_that_are_kept_for_everyone_keep_to_the_age_of_whoever_looks(
    rated: Workspace, listener: str, rests: set[int]
) -> None:
    _, due = rated.themes(listener=listener, now=NOW)
    catalog = rated.current().catalog
    numbers = catalog.canonical[catalog.numbers(track for one in due for track in one.tracks)]
    assert due
    assert set((numbers % 4).tolist()) == rests


def test_a_request_of_nobody_can_say_for_whom_it_is(rated: Workspace) -> None:
    ask = Ask("r", Kind.RADIO, ("sim:track:000010",), context={"age_bracket": "13-15"}, now=NOW)
    assert shown(rated, rated.answer(ask)) == {3}


def test_a_request_cannot_be_laxer_than_the_listeners_profile(rated: Workspace) -> None:
    context = {"age_bracket": "18+", "allows_explicit": True}
    ask = Ask("r", Kind.RADIO, ("sim:track:000010",), listener=TEEN, context=context, now=NOW)
    assert shown(rated, rated.answer(ask)) == {3}


def test_who_does_not_want_explicit_tracks_gets_none(rated: Workspace) -> None:
    record_profile(rated.sink, ADULT, Profile(allows_explicit=False))
    ask = Ask("r", Kind.RADIO, ("sim:track:000010",), listener=ADULT, now=NOW)
    assert shown(rated, rated.answer(ask)) == {1, 3}


def test_a_playlist_that_was_kept_is_made_anew_when_its_listener_turns_out_to_be_young(rated: Workspace) -> None:
    before = rated.weekly_of(ADULT, now=NOW)
    assert shown(rated, before.slate) == {0, 1, 2, 3}
    assert rated.weekly_of(ADULT, now=NOW).slate == before.slate
    record_profile(rated.sink, ADULT, Profile(age_bracket=AgeBracket.TEEN))
    assert shown(rated, rated.weekly_of(ADULT, now=NOW).slate) == {3}


def test_weeklies_of_everyone_keep_to_each_ones_age(rated: Workspace) -> None:
    rated.weekly(now=NOW)
    assert shown(rated, rated.weekly_of(CHILD, now=NOW).slate) == set()
    assert shown(rated, rated.weekly_of(TEEN, now=NOW).slate) == {3}


@pytest.mark.parametrize("context", [{"age_bracket": "12"}, {"allows_explicit": "no"}])
def test_what_is_no_age_is_refused(rated: Workspace, context: dict[str, object]) -> None:
    with pytest.raises(BadInput, match=next(iter(context))):
        rated.answer(Ask("r", Kind.RADIO, ("sim:track:000010",), context=context, now=NOW))
