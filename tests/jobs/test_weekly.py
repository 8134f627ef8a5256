from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest

from segue.errors import NotReady
from segue.jobs import weekly
from segue.jobs.weekly import monday, playlist_id
from segue.service.answer import Service
from segue.service.slates import Slates
from segue.settings import WeeklyConfig
from segue.types import Purpose, Rung
from segue.workspace import Workspace
from tests.conftest import NOW


def make_for(workspace: Workspace, listeners: Sequence[str], *, again: bool = False, **config: float) -> weekly.Week:
    """Run the job for some listeners, whose time zones nobody knows."""
    whom = dict.fromkeys(listeners)
    made = WeeklyConfig.model_validate(config)
    parts = workspace.service, workspace.door, workspace.shelf, workspace.sink
    return weekly.weekly(*parts, whom, made, NOW, again=again)


@pytest.mark.parametrize(
    ("now", "zone", "expected"),
    [
        ("2026-11-16T05:00", "America/Los_Angeles", "2026-11-09"),
        ("2026-11-16T05:00", "UTC", "2026-11-16"),
        ("2026-11-15T15:30", "Asia/Tokyo", "2026-11-16"),
        ("2026-11-22T23:59", "UTC", "2026-11-16"),
        ("2026-11-16T05:00", "Nowhere/Land", "2026-11-16"),
        ("2026-11-16T05:00", None, "2026-11-16"),
    ],
)
def test_the_week_begins_on_monday_where_the_listener_is(now: str, zone: str | None, expected: str) -> None:
    assert monday(datetime.fromisoformat(now).replace(tzinfo=UTC), zone, "UTC") == date.fromisoformat(expected)


def test_everyone_gets_a_playlist_once_a_week(copy: Workspace) -> None:
    first = copy.weekly(now=NOW)
    again = copy.weekly(now=NOW + timedelta(days=1))
    assert first.made == first.listeners == len(copy.listeners())
    assert (again.made, again.current) == (0, first.made)


def test_the_next_week_repeats_nothing_and_keeps_the_past(copy: Workspace) -> None:
    who = copy.listeners()[0]
    weeks = [copy.weekly_of(who, now=NOW + timedelta(weeks=week)) for week in range(3)]
    tracks = [{track.track for track in week.slate.tracks} for week in weeks]
    assert not tracks[0] & tracks[1]
    assert not (tracks[0] | tracks[1]) & tracks[2]
    assert {week.id for week in weeks} == {playlist_id(who)}
    assert [kept.edition for kept in copy.shelf.editions(who, weekly.NAME)] == [
        "2026-06-15",
        "2026-06-08",
        "2026-06-01",
    ]


def test_making_it_again_replaces_it_in_place(copy: Workspace) -> None:
    who = copy.listeners()[0]
    first = copy.weekly_of(who, now=NOW)
    again = copy.weekly_of(who, now=NOW + timedelta(hours=1), again=True)
    assert (again.id, again.week) == (first.id, first.week)
    assert again.made_at > first.made_at
    assert len(copy.shelf.editions(who, weekly.NAME)) == 1


def test_a_week_of_fallbacks_is_not_published(copy: Workspace) -> None:
    strangers = [f"stranger {number}" for number in range(20)]
    with pytest.raises(NotReady, match="fallback_most"):
        make_for(copy, strangers)
    assert not any(copy.shelf.editions(one, weekly.NAME) for one in strangers)


def test_what_was_made_before_a_kill_is_not_made_again(copy: Workspace) -> None:
    listeners = copy.listeners()
    make_for(copy, listeners[:10])
    report = copy.weekly(now=NOW)
    assert (report.made, report.current) == (len(listeners) - 10, 10)


def test_a_playlist_comes_back_from_the_shelf_as_it_was(copy: Workspace) -> None:
    who = copy.listeners()[0]
    copy.weekly(now=NOW)
    made = copy.weekly_of(who, now=NOW)
    assert copy.weekly_of(who, now=NOW + timedelta(hours=1)) == made
    assert made.slate.rung is Rung.PERSONAL


def test_each_playlist_made_leaves_one_impression(copy: Workspace) -> None:
    report = copy.weekly(now=NOW)
    shown = copy.door.read(Purpose.MEASURE, ["type", "recipe", "reasons", "tracks"])
    shown = shown.filter((shown["type"] == "impression") & (shown["recipe"] == "weekly"))
    assert shown.height == report.made
    assert all(len(reasons) == len(tracks) for reasons, tracks in shown.select("reasons", "tracks").iter_rows())


def test_who_withdraws_or_is_erased_while_a_run_goes_on_gets_no_playlist(copy: Workspace) -> None:
    """They do so after the answers are made and before they are kept."""
    withdrawn, erased, *others = copy.listeners()
    weeklies = copy.service.weeklies

    class Slow:
        snapshot, recipes = copy.service.snapshot, copy.service.recipes

        def weeklies(self, *asks: Any, **options: Any) -> Slates:
            made = weeklies(*asks, **options)
            copy.consent(withdrawn, Purpose.PERSONALISE, False)
            copy.erase(erased)
            return made

    whom = dict.fromkeys([withdrawn, erased, *others])
    slow = cast(Service, Slow())
    report = weekly.weekly(slow, copy.door, copy.shelf, copy.sink, whom, WeeklyConfig(), NOW)
    assert report.made == len(others)
    assert not copy.shelf.editions(withdrawn, weekly.NAME)
    assert not copy.shelf.editions(erased, weekly.NAME)
    shown = copy.door.read(Purpose.OPERATE, ["listener", "type"], listeners=[withdrawn, erased])
    assert "impression" not in set(shown["type"])
