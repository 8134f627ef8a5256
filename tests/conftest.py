"""What every test may ask for: the benchmark data, and a small trained world."""

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import settings

from segue.jobs.demo import populate
from segue.simulate.world import WorldConfig
from segue.workspace import Workspace

settings.register_profile("untimed", deadline=None)  # the first example may compile a kernel
settings.load_profile("untimed")

NOW = datetime(2026, 6, 5, 12, tzinfo=UTC)
"""The moment that tests answer for: a Friday, at the end of the small world."""

WORLD = WorldConfig(listeners=60, tracks=600, weeks=4, seed=5, end=date(2026, 6, 5))


@pytest.fixture(scope="session")
def datasets() -> Path:
    """The folder of benchmark data; absent, the test is skipped, but fails where nothing may be skipped."""
    folder = os.environ.get("SEGUE_DATASETS")
    if folder and Path(folder).is_dir():
        return Path(folder)
    message = "SEGUE_DATASETS names no folder of benchmark data"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A small simulated world, trained once. Tests must leave it as it is: copy its home to change something."""
    home = tmp_path_factory.mktemp("world")
    workspace = Workspace.open(home, create=True)
    populate(workspace.home, workspace.sink, WORLD)
    workspace.train(now=NOW)
    yield workspace
    workspace.sink.close()


@pytest.fixture(scope="session")
def spoken(world: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The small world with podcasts and audiobooks in it. Tests must leave it as it is."""
    from tests.spoken import spoken_world

    with spoken_world(world, tmp_path_factory.mktemp("spoken") / "home") as workspace:
        yield workspace


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty folder for a workspace."""
    return tmp_path / "home"


@pytest.fixture
def copy(world: Workspace, home: Path) -> Iterator[Workspace]:
    """The small world in a folder of its own, to change at will."""
    shutil.copytree(world.home, home)
    workspace = Workspace.open(home)
    yield workspace
    workspace.sink.close()
