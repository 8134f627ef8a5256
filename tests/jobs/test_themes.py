# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime

import numpy as np
import pytest

from segue.errors import NotFound
from segue.jobs import themes
from segue.kernels.ragged import Ragged
from segue.settings import ThemeConfig, ThemesConfig
from segue.themes.shelf import SHELF
from segue.workspace import Workspace
from tests.conftest import NOW

CONFIG = ThemesConfig(length=15)


@pytest.fixture
def kept(copy: Workspace) -> dict[str, object]:
    return themes.refresh(copy.home, copy.service, copy.door, CONFIG, NOW)


def anywhere(now: datetime, south: bool = False) -> themes.Moment:
    return themes.Moment(now, 7.0, "evening", south)


def test_every_theme_becomes_a_playlist_of_its_own(copy: Workspace, kept: dict[str, object]) -> None:
    made = kept["themes"]
    assert isinstance(made, dict)
    assert set(made) == {theme.title for theme in SHELF}
    assert all(len(one["tracks"]) == 15 for one in made.values())
    assert themes.read(copy.home, copy.current(), CONFIG) == kept


def test_what_other_settings_made_is_made_anew(copy: Workspace, kept: dict[str, object]) -> None:
    assert themes.read(copy.home, copy.current(), ThemesConfig(length=16)) is None


def test_a_theme_whose_tracks_someone_plays_is_nearest_to_them(copy: Workspace, kept: dict[str, object]) -> None:
    found = copy.current()
    every = themes.listed(kept, found, CONFIG, Ragged.empty(1), anywhere(NOW))
    for one in every[:6]:
        numbers = found.catalog.canonical[found.catalog.numbers(one.tracks)]
        listed = themes.listed(kept, found, CONFIG, Ragged.of([numbers]), anywhere(NOW))
        assert one.title in [near.title for near in listed[:3]]
        assert [near.fit for near in listed] == sorted((near.fit for near in listed), reverse=True)


def test_a_theme_is_near_to_who_knows_none_of_its_tracks(copy: Workspace, kept: dict[str, object]) -> None:
    found = copy.current()
    one = themes.listed(kept, found, CONFIG, Ragged.empty(1), anywhere(NOW))[0]
    numbers = found.catalog.canonical[found.catalog.numbers(one.tracks)]
    factors, index = found.space
    place = factors[index[numbers]].mean(axis=0)
    near = factors @ place / (np.linalg.norm(factors, axis=1) + 1e-9)
    items = [item for item in np.argsort(-near) if item not in set(index[numbers])][:20]
    unknown = found.models["als"].numbers[items]
    listed = themes.listed(kept, found, CONFIG, Ragged.of([unknown]), anywhere(NOW))
    assert one.title in [near.title for near in listed[:6]]


def test_themes_out_of_season_are_not_listed(copy: Workspace, kept: dict[str, object]) -> None:
    def titles(month: int, south: bool) -> set[str]:
        at = anywhere(datetime(2026, month, 15, 20, tzinfo=UTC), south)
        return {one.title for one in themes.listed(kept, copy.current(), CONFIG, Ragged.empty(1), at)}

    assert "Summer" in titles(7, south=False) and "Summer" not in titles(7, south=True)
    assert "Winter" in titles(7, south=True) and "Winter" not in titles(7, south=False)
    assert "Christmas" in titles(12, south=True) & titles(12, south=False)


def test_the_moment_is_the_listeners_own(world: Workspace) -> None:
    moment, listed = world_themes(world)
    zone = world.audience()[world.listeners()[0]]
    assert str(moment.now.tzinfo) == zone
    assert 0 <= moment.begins_hour < 24
    assert listed


def world_themes(world: Workspace) -> tuple[themes.Moment, list[themes.Listed]]:
    return world.themes(listener=world.listeners()[0], now=NOW)


def test_nobody_in_particular_gets_the_themes_that_are_due(world: Workspace) -> None:
    moment, listed = world.themes(now=NOW)
    assert {one.fit for one in listed} == {0.0}
    assert moment.now.astimezone(UTC) == NOW


def test_an_unknown_listener_is_told(world: Workspace) -> None:
    with pytest.raises(NotFound, match="no plays of listener 'stranger'"):
        world.themes(listener="stranger", now=NOW)


def test_a_theme_of_ones_own_takes_the_place_of_another_of_its_title(copy: Workspace) -> None:
    own = ThemesConfig(
        length=5, more=(ThemeConfig(title="Sleep", words="jazz"), ThemeConfig(title="Mine", words="pop"))
    )
    made = themes.refresh(copy.home, copy.service, copy.door, own, NOW)["themes"]
    assert (made["Sleep"]["words"], made["Mine"]["words"], len(made)) == ("jazz", "pop", len(SHELF) + 1)
    alone = own.model_copy(update={"starting": False})
    assert set(themes.refresh(copy.home, copy.service, copy.door, alone, NOW)["themes"]) == {"Sleep", "Mine"}


def test_a_damaged_file_is_made_anew(copy: Workspace, kept: dict[str, object]) -> None:
    (copy.home / "playlists" / "themes.json").write_text("{}")
    assert themes.read(copy.home, copy.current(), CONFIG) is None
    assert copy.themes(now=NOW)[1]
