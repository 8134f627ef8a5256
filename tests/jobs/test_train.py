import shutil
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from segue.catalog import store
from segue.dataset.matrices import Interactions
from segue.errors import Busy, NotReady
from segue.events.schema import conform
from segue.jobs.train import measure
from segue.models.popularity import Popularity
from segue.stores.locks import exclusive
from segue.types import Purpose
from segue.workspace import Workspace
from tests.conftest import NOW
from tests.spoken import ANNA


def test_every_model_is_measured_on_rows_that_its_twin_never_saw(world: Workspace) -> None:
    manifests = {manifest.model: manifest for manifest in world.models()}
    unmeasured = ("title", "sound", "words", "charts")
    assert set(manifests) == {"popularity", "knn", "als", "artist", "item2vec", "graph", *unmeasured}
    assert all(manifest.metrics["rows"] > 0 for name, manifest in manifests.items() if name not in unmeasured)
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


def test_plays_that_say_nothing_are_nothing_to_learn_from(home: Path) -> None:
    workspace = Workspace.open(home, create=True)
    tracks = pl.DataFrame({"track_id": ["t"], "title": ["Song"], "artist_name": ["Band"]})
    store.extend(home / "catalog", tracks)
    row = {"event_id": "1", "type": "play", "listener": "ann", "track": "t", "occurred_at": NOW, "end_reason": "quit"}
    workspace.sink.append(conform(pl.DataFrame([row])))
    with pytest.raises(NotReady):
        workspace.train(now=NOW)


def test_a_repeated_item_counts_once_where_a_row_is_measured() -> None:
    items = np.array([0, 0, 1, 2, 0, 3], np.int32)
    held = Interactions(pl.Series(["p"]), np.array([0, 6]), items, np.ones(6, np.float32))
    model = Popularity()
    model.scores, model.order = np.ones(4, np.float32), np.array([2, 3, 0, 1], np.int32)
    assert measure(model, held)["r_precision"] == 1.0


def test_a_training_tells_of_who_withdrew_while_it_ran(world: Workspace, home: Path) -> None:
    shutil.copytree(world.home, home)
    workspace = Workspace.open(home)
    first, second, third = workspace.listeners()[:3]

    def meanwhile(what: str, done: int | None = None, total: int | None = None) -> None:
        if what == "fitting knn":
            workspace.consent(first, Purpose.PERSONALISE, False)
            workspace.consent(third, Purpose.RESEARCH, False)
            workspace.erase(second)

    assert workspace.train(now=NOW + timedelta(hours=1), progress=meanwhile).withdrawn == 2
    assert workspace.train(now=NOW + timedelta(hours=2)).withdrawn == 0
    workspace.sink.close()


_QUICK = """
train.held_out_share = 0.0
[recipes]
radio = {weights = {"popularity:seeds" = 1.0}, learned = false, lean = {}}
continuation = {weights = {"popularity:seeds" = 1.0}, learned = false, lean = {}}
mood = {weights = {"theme:text" = 1.0}, lean = {}}
title = {weights = {"popularity:history" = 1.0}}
weekly = {weights = {"popularity:history" = 1.0}}
"""


def test_podcasts_and_audiobooks_are_learned_where_any_are_heard(spoken: Workspace, home: Path) -> None:
    shutil.copytree(spoken.home, home)
    (home / "segue.toml").write_text(_QUICK)
    workspace = Workspace.open(home)
    trained = workspace.train(now=NOW + timedelta(hours=1))
    assert {"popularity", "serials"} <= set(trained.pointer.models)
    assert trained.pointer.models["serials"] != spoken.pointer().models["serials"]
    assert not trained.dropped
    assert workspace.shelves("podcast", listener=ANNA, now=NOW)[-1].rung == "personal"
    workspace.sink.close()
