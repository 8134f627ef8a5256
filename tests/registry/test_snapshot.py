# SPDX-License-Identifier: Apache-2.0
import json
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import numpy as np
import polars as pl
import pytest

from segue.catalog import store
from segue.errors import Damaged, NotFound, NotReady, SegueError
from segue.kernels.ragged import Ragged
from segue.models.popularity import Popularity
from segue.pipeline.trace import Trace
from segue.registry import snapshot
from segue.registry.snapshot import Pointer, Snapshot
from segue.retrieval.sources import Gather, ModelSource
from tests.pipeline.rows import candidates, request, tracks_of

from .homes import NOW, dataset, grow, publish, save


def loaded(home: Path) -> Snapshot:
    return snapshot.load(home, snapshot.read_pointer(home))


def known_ids(made: Snapshot, name: str) -> list[str]:
    """Return the track id of each item of a model, by way of the catalogue's numbers."""
    return made.catalog.tracks["track_id"].gather(made.models[name].numbers).to_list()


def test_where_nothing_is_trained_nothing_is_ready(home: Path) -> None:
    with pytest.raises(NotReady, match="run `segue train`"):
        snapshot.read_pointer(home)


def test_a_pointer_round_trips_through_its_file(home: Path) -> None:
    pointer = publish(home)
    assert snapshot.read_pointer(home) == pointer
    assert (pointer.generation, pointer.settings, pointer.created_at) == (1, "none", NOW.isoformat())
    assert sorted(pointer.models) == ["knn", "popularity"]


def test_the_pointer_before_is_kept_without_its_own(home: Path) -> None:
    first, second, third = (publish(home, days) for days in range(3))
    assert snapshot.before(first) is None
    assert snapshot.before(second) == first
    before = snapshot.before(third)
    assert before is not None
    assert (before.id, before.models, before.previous) == (second.id, second.models, None)
    assert len({first.id, second.id, third.id}) == 3


def test_a_snapshot_before_can_still_be_loaded(home: Path) -> None:
    publish(home)
    before = snapshot.before(publish(home, 1))
    assert before is not None
    assert snapshot.load(home, before).id == before.id


def test_readers_see_the_old_pointer_or_the_new_one_and_never_half_of_one(home: Path) -> None:
    first = publish(home)
    done, wrong = Event(), []

    def read() -> None:
        while not done.is_set():
            pointer = snapshot.read_pointer(home)
            if len(pointer.models) != 2 or not pointer.id:
                wrong.append(pointer)

    readers = [Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for hours in range(30):
            snapshot.point(
                home,
                generation=1,
                models=first.models,
                settings="x" * 999 * (hours % 5),
                now=NOW + timedelta(hours=hours),
            )
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert not wrong
    assert not list(home.glob(".snapshot*"))


def test_items_have_the_numbers_that_the_catalogue_gave_their_ids(home: Path) -> None:
    publish(home)
    made = loaded(home)
    assert made.catalog.tracks["track_id"].to_list() == ["d", "c", "b", "a"]
    for name in ("popularity", "knn"):
        assert known_ids(made, name) == ["a", "b", "c", "d"]
        assert made.models[name].index.tolist() == [3, 2, 1, 0]


def test_a_model_keeps_its_tracks_after_the_catalogue_grew(home: Path) -> None:
    pointer = publish(home)
    generation = grow(home, "0", "e")
    snapshot.point(home, generation=generation, models=pointer.models, settings="none", now=NOW + timedelta(days=1))
    made = loaded(home)
    assert len(made.catalog) == 6
    assert known_ids(made, "knn") == ["a", "b", "c", "d"]
    assert made.models["knn"].index.tolist() == [3, 2, 1, 0, -1, -1]


def test_a_model_keeps_its_tracks_in_a_catalogue_with_other_numbers(home: Path, tmp_path: Path) -> None:
    pointer = publish(home)
    other = tmp_path / "other"
    grow(other, "x", "b", "d", "y", "a", "c")
    (home / "models").rename(other / "models")
    made = snapshot.load(other, pointer)
    assert made.models["knn"].numbers.tolist() == [4, 1, 5, 2]
    items, _ = made.models["knn"].model.recommend(Ragged.of([[3]]), Ragged.of([[3]]), 1)
    assert known_ids(made, "knn")[items[0, 0]] == "c"


def test_a_model_that_knows_more_than_the_catalogue_proposes_only_what_is_there(home: Path) -> None:
    old = grow(home, "a", "b")
    grow(home, "c", "d")
    models = {"popularity": save(home, Popularity(), dataset(home, ["a", "b", "c", "d"])).version}
    snapshot.point(home, generation=old, models=models, settings="none", now=NOW)
    made = loaded(home)
    source = ModelSource("popularity:history", made.models["popularity"], "history", k=10)
    gathered = Gather([source], 100)(request(1), candidates([]), Trace())
    scores = made.models["popularity"].model.state()["scores"]
    assert tracks_of(gathered) == [[0, 1]]
    np.testing.assert_array_equal(gathered.proposed.ravel(), scores[:2])
    assert made.models["popularity"].index.tolist() == [0, 1]


def test_a_hidden_recording_is_shown_by_its_first_available_edition(home: Path) -> None:
    songs = [("a", False), ("b", False), ("c", True), ("d", True), ("e", True), ("f", False)]
    rows = [{"track_id": name, "title": "Song", "artist_name": "X", "available": there} for name, there in songs[:4]]
    rows += [{"track_id": name, "title": name, "artist_name": "Y", "available": there} for name, there in songs[4:]]
    store.extend(home / "catalog", pl.DataFrame(rows, schema_overrides={"available": pl.Boolean}))
    pointer = snapshot.point(home, generation=1, models={}, settings="none", now=NOW)
    assert snapshot.load(home, pointer).face.tolist()[:1] == [2]
    assert snapshot.load(home, pointer).face.tolist()[4:] == [4, 5]


def test_a_version_that_is_gone_is_not_found(home: Path) -> None:
    pointer = publish(home)
    with pytest.raises(NotFound, match="nope"):
        snapshot.load(home, Pointer("id", "", 1, {**pointer.models, "knn": "nope"}, "none"))


def test_any_changed_byte_of_the_pointer_leads_to_a_known_error_or_to_a_whole_set(home: Path) -> None:
    publish(home)
    path = home / "snapshot"
    whole = path.read_bytes()
    escaped = []
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            loaded(home)
        except SegueError:
            pass
        except Exception as error:  # what a server that follows the pointer would die of
            escaped.append((place, repr(error)))
    assert not escaped, f"{len(escaped)} of {len(whole)} changed bytes raise something else, such as {escaped[0]}"


def test_a_pointer_that_is_no_json_is_damaged(home: Path) -> None:
    publish(home)
    (home / "snapshot").write_bytes(json.dumps({"id": "x"}).encode()[:-3])
    with pytest.raises(Damaged, match="snapshot"):
        snapshot.read_pointer(home)


def test_publishing_the_same_models_again_leaves_the_way_back(home: Path) -> None:
    first, second = publish(home), publish(home, 1)
    again = snapshot.promote(home, "knn", second.models["knn"], now=NOW + timedelta(days=2))
    assert again.models == second.models
    assert snapshot.roll_back(home, now=NOW + timedelta(days=3)).models == first.models


def test_a_catalogue_that_grew_is_served_by_the_same_models(home: Path) -> None:
    before = publish(home)
    snapshot.grow(home, grow(home, "e"), now=NOW + timedelta(days=1))
    after = snapshot.read_pointer(home)
    assert (after.generation, after.models) == (before.generation + 1, before.models)
    assert loaded(home).learned.tolist() == [True, True, True, True, False]


def test_where_nothing_is_trained_a_catalogue_that_grows_changes_nothing(home: Path) -> None:
    snapshot.grow(home, grow(home, "a"), now=NOW)
    assert not (home / "snapshot").exists()


def test_rolling_back_keeps_the_newer_catalogue(home: Path) -> None:
    first = publish(home)
    publish(home, 1, ("a", "b", "c", "d", "e"))
    back = snapshot.roll_back(home, now=NOW + timedelta(days=2))
    assert (back.models, back.generation) == (first.models, first.generation + 1)
