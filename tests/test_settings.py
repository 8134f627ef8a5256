from pathlib import Path

import pytest

from segue import settings
from segue.errors import BadInput
from segue.settings import Settings


def test_settings_round_trip_through_json() -> None:
    made = Settings()
    assert Settings.model_validate_json(made.model_dump_json()) == made
    assert Settings.model_validate_json(made.model_dump_json()).hash() == made.hash()


def test_the_file_says_and_the_environment_overrides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "segue.toml"
    path.write_text("[weekly]\nlength = 20\ntimezone = 'Europe/Berlin'\n")
    monkeypatch.setenv("SEGUE_WEEKLY__LENGTH", "25")
    weekly = settings.load(path).weekly
    assert (weekly.length, weekly.timezone) == (25, "Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[weekly]\nlenght = 1", "weekly.lenght"),
        ("[weekly]\nlength = 0", "weekly.length"),
        ("[models.als]\nfactors = 'many'", "models.als.factors"),
        ("[recipes.radio]\nweights = {'gramophone:seeds' = 1.0}", "gramophone"),
        ("[audience]\nunknown_age = '14'", "audience.unknown_age.*'13-15'"),
        ("=", "not TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "segue.toml").write_text(text)
    with pytest.raises(BadInput, match=says):
        settings.load(tmp_path / "segue.toml")


def test_a_recipe_may_change_one_value_and_keep_the_others(tmp_path: Path) -> None:
    (tmp_path / "segue.toml").write_text("[recipes.weekly]\nartist_cap = 3\n")
    changed, usual = settings.load(tmp_path / "segue.toml").recipes.weekly, Settings().recipes.weekly
    assert changed == usual.model_copy(update={"artist_cap": 3})


def test_a_time_zone_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    (tmp_path / "segue.toml").write_text("[weekly]\ntimezone = 'Mars'\n")
    with pytest.raises(BadInput, match="Mars"):
        settings.load(tmp_path / "segue.toml")


def test_a_misspelt_variable_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGUE_WEKLY__LENGTH", "25")
    with pytest.raises(BadInput, match="SEGUE_WEKLY__LENGTH"):
        settings.load(tmp_path / "segue.toml")


def test_nothing_can_be_said_in_the_file_and_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "segue.toml"
    path.write_text('[recipes.weekly]\nflow = "none"\n[models.popularity]\nhalf_life_days = "none"\n')
    monkeypatch.setenv("SEGUE_RECIPES__WEEKLY__ARTIST_CAP", "none")
    read = settings.load(path)
    assert (read.recipes.weekly.flow, read.recipes.weekly.artist_cap) == (None, None)
    assert read.models.popularity.half_life_days is None
    path.write_text('[weekly]\nlength = "none"\n')
    with pytest.raises(BadInput, match="weekly.length"):
        settings.load(path)
