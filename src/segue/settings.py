# SPDX-License-Identifier: Apache-2.0
"""Every setting in one place: the components' configs, from `segue.toml`, then the environment, then flags."""

import os
import tomllib
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from segue.dataset.build import DatasetConfig
from segue.errors import BadInput
from segue.features.dial import DialConfig
from segue.features.personas import PersonasConfig
from segue.index.config import IndexConfig
from segue.models.als import ImplicitALSConfig
from segue.models.artist import SameArtistConfig
from segue.models.charts import ChartsConfig
from segue.models.content import ContentConfig
from segue.models.ease import EaseConfig
from segue.models.item2vec import Item2VecConfig
from segue.models.knn import ItemKnnConfig
from segue.models.popularity import PopularityConfig
from segue.models.ranker import RankerConfig
from segue.models.sequence import SasRecConfig
from segue.models.serials import SerialsConfig
from segue.models.session_knn import SessionKnnConfig
from segue.models.sound import SoundConfig
from segue.models.spectral import GraphFilterConfig
from segue.models.title import TitleConfig
from segue.models.user_knn import UserKnnConfig
from segue.models.walks import RandomWalkConfig
from segue.models.words import WordsConfig
from segue.privacy.consent import ConsentConfig
from segue.privacy.profiles import AudienceConfig
from segue.recipes.music import RecipesConfig
from segue.recipes.spoken import SpokenConfig
from segue.seeds import digest

__all__ = [
    "IngestConfig",
    "ModelsConfig",
    "ServeConfig",
    "Settings",
    "ThemesConfig",
    "TrainConfig",
    "WeeklyConfig",
    "load",
]

NOTHING = "none"
"""The word for nothing, in the file and in the environment."""


class _Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelsConfig(_Config):
    """One config a model. Those that a recipe asks are trained, popularity, and words where als is."""

    popularity: PopularityConfig = PopularityConfig()
    knn: ItemKnnConfig = ItemKnnConfig()
    als: ImplicitALSConfig = ImplicitALSConfig()
    ease: EaseConfig = EaseConfig()
    walks: RandomWalkConfig = RandomWalkConfig()
    user_knn: UserKnnConfig = UserKnnConfig()
    graph: GraphFilterConfig = GraphFilterConfig()
    item2vec: Item2VecConfig = Item2VecConfig()
    sequence: SasRecConfig = SasRecConfig()
    session_knn: SessionKnnConfig = SessionKnnConfig()
    artist: SameArtistConfig = SameArtistConfig()
    content: ContentConfig = ContentConfig()
    title: TitleConfig = TitleConfig()
    sound: SoundConfig = SoundConfig()
    words: WordsConfig = WordsConfig()
    charts: ChartsConfig = ChartsConfig()
    serials: SerialsConfig = SerialsConfig()


class TrainConfig(_Config):
    """How models are fitted and measured."""

    seed: int = Field(default=20_260_101, ge=0)
    """Of all that is random in training."""
    held_out_share: float = Field(default=0.15, ge=0, le=0.5)
    """Share of the rows on which a twin of each model, fitted without them, is measured. 0: nothing is measured."""
    held_out_most: int = Field(default=1500, ge=1)
    """No more rows than this are held out."""
    folds: int = Field(default=2, ge=1, le=20)
    """How many times other rows are held out, to learn the ranker from more of them; each fits its models again."""
    keep_versions: int = Field(default=3, ge=1)
    """Versions kept of each model, newest first; what serves, and what served before it, is kept regardless."""


class WeeklyConfig(_Config):
    """The weekly playlist."""

    length: int = Field(default=30, ge=1, le=100)
    """Tracks."""
    timezone: str = "UTC"
    """IANA name; of listeners whose plays name none."""
    no_repeat_weeks: int = Field(default=26, ge=0)
    """A track recommended within so many past weeks does not come back."""
    fallback_most: float = Field(default=0.5, ge=0, le=1)
    """The job stops, and publishes no more, when a greater share of listeners would get what is merely popular."""

    @field_validator("timezone")
    @classmethod
    def _known(cls, timezone: str) -> str:
        try:
            ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{timezone!r} is no time zone; write it as Europe/Berlin") from error
        return timezone


class ThemeConfig(_Config):
    """A theme of your own."""

    title: str = Field(min_length=1, max_length=100)
    """What it is called."""
    words: str = Field(min_length=1, max_length=1000)
    """What is asked for, as `segue mood` takes it."""
    day_parts: tuple[Literal["morning", "afternoon", "evening", "night"], ...] = ()
    """Parts of each listener's own day that it is for; none: any."""
    weekdays: tuple[int, ...] = ()
    """Days that it is for, 0 is Monday; none: any."""
    season: tuple[tuple[int, int], tuple[int, int]] | None = None
    """First and last [month, day] north of the equator; south of it half a year later. None: all year."""


class ThemesConfig(_Config):
    """Themes that are kept as playlists."""

    length: int = Field(default=50, ge=1, le=500)
    """Tracks of each."""
    starting: bool = True
    """Whether the themes that come with Segue are among them."""
    more: tuple[ThemeConfig, ...] = ()
    """Themes of your own; one with the title of another takes its place."""


class IngestConfig(_Config):
    """Taking events in."""

    compact_rows: int = Field(default=1_000_000, ge=1)
    """Hot events that start a compaction after an import."""
    request_events: int = Field(default=5_000, ge=1)
    """Most events in one HTTP request."""
    request_bytes: int = Field(default=8 << 20, ge=1024)
    """Most bytes in one HTTP request."""


class ServeConfig(_Config):
    """The HTTP server."""

    host: str = "127.0.0.1"
    """Address to listen on. There are no tokens yet: keep it on the machine."""
    port: int = Field(default=8337, ge=0, le=65_535)
    """Port to listen on; 0: any that is free."""
    workers: int = Field(default=1, ge=1, le=64)
    """Processes."""
    refresh_seconds: float = Field(default=2.0, gt=0)
    """How often the snapshot pointer is looked at."""
    queue: int = Field(default=64, ge=1)
    """Requests in work or waiting for a free thread; one more is refused with 503."""


class Settings(BaseSettings):
    """All settings of a workspace. Unknown keys are refused.

    A variable such as `SEGUE_WEEKLY__LENGTH=20` overrides `length` of the table `[weekly]` in `segue.toml`.
    """

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix="SEGUE_",
        env_nested_delimiter="__",
        env_parse_none_str=NOTHING,
        toml_file=None,
    )

    threads: int = Field(default=0, ge=0)
    """Threads of jobs; 0: one a core."""
    consent: ConsentConfig = ConsentConfig()
    audience: AudienceConfig = AudienceConfig()
    personas: PersonasConfig = PersonasConfig()
    dataset: DatasetConfig = DatasetConfig()
    models: ModelsConfig = ModelsConfig()
    index: IndexConfig = IndexConfig()
    ranker: RankerConfig = RankerConfig()
    train: TrainConfig = TrainConfig()
    recipes: RecipesConfig = RecipesConfig()
    spoken: SpokenConfig = SpokenConfig()
    weekly: WeeklyConfig = WeeklyConfig()
    themes: ThemesConfig = ThemesConfig()
    dial: DialConfig = DialConfig()
    ingest: IngestConfig = IngestConfig()
    serve: ServeConfig = ServeConfig()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file, whose content comes in through the constructor."""
        return env_settings, init_settings

    def hash(self) -> str:
        """Return a short hash of all settings, which snapshots carry."""
        return digest(self.model_dump_json(), size=6)


def load(path: Path) -> Settings:
    """Read the settings file (which may be missing) and the environment.

    Raises:
        BadInput: The file is not TOML, a key is unknown, or a value is out of bounds; all such keys are named.
    """
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is not TOML: {error}") from error
    for name in os.environ:
        table = name.removeprefix("SEGUE_").partition("__")
        if name.startswith("SEGUE_") and table[1] and table[0].lower() not in Settings.model_fields:
            raise BadInput(f"the variable {name} sets nothing; the tables are: {', '.join(Settings.model_fields)}")
    try:
        return Settings(**_with_nothing(content))
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, item['loc']))}: {item['msg'].removeprefix('Value error, ')}" for item in error.errors()
        )
        raise BadInput(f"{path} or a SEGUE_ variable is wrong: {problems}") from error


def _with_nothing(content: Any) -> Any:
    """Return a file's content with None for the word that says so: TOML has no other."""
    if isinstance(content, dict):
        return {name: _with_nothing(value) for name, value in content.items()}
    return None if content == NOTHING else content
