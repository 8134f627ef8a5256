from pathlib import Path

import pytest

from segue.errors import Busy, NotReady
from segue.stores.locks import exclusive
from segue.workspace import Workspace
from tests.conftest import NOW


def test_every_model_is_measured_on_rows_that_its_twin_never_saw(world: Workspace) -> None:
    manifests = {manifest.model: manifest for manifest in world.models()}
    assert set(manifests) == {"popularity", "knn", "als", "artist"}
    assert all(manifest.metrics["rows"] > 0 for manifest in manifests.values())
    assert manifests["als"].metrics["ndcg@100"] > manifests["popularity"].metrics["ndcg@100"]


def test_training_on_nothing_says_what_to_do(home: Path) -> None:
    with pytest.raises(NotReady, match="segue import"):
        Workspace.open(home, create=True).train(now=NOW)


def test_a_second_training_is_refused(world: Workspace) -> None:
    with exclusive(world.home / "locks" / "train.lock"), pytest.raises(Busy, match="train"):
        world.train(now=NOW)


def test_nothing_that_serves_is_as_long_as_the_listeners(world: Workspace) -> None:
    count = len(world.listeners())
    arrays = [array for bound in world.current().models.values() for array in bound.model.state().values()]
    assert all(count not in array.shape for array in arrays)
