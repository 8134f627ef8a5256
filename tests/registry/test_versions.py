# SPDX-License-Identifier: Apache-2.0
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from segue.dataset.matrices import Dataset, Vocabulary
from segue.errors import Damaged, NotFound
from segue.index import index
from segue.index.config import IndexConfig
from segue.kernels.ragged import Ragged
from segue.models.als import ImplicitALS, ImplicitALSConfig
from segue.models.knn import ItemKnn, ItemKnnConfig
from segue.models.popularity import Popularity
from segue.registry import versions
from segue.registry.versions import MODELS, Manifest
from segue.stores import files
from tests.models.worlds import interactions

from .homes import NOW, ROWS, dataset, grow, save

FILES = ["found.npy", "item_id_ends.npy", "item_ids.npy", "similarity.npy"]


@pytest.fixture
def saved(home: Path) -> Manifest:
    grow(home, "a", "b", "c", "d")
    return save(home, ItemKnn(ItemKnnConfig(neighbours=3, shrinkage=1.0)), dataset(home, ["a", "b", "c", "d"]))


def folder_of(home: Path, manifest: Manifest) -> Path:
    return home / "models" / manifest.model / manifest.version


def load(home: Path, manifest: Manifest) -> tuple[object, pl.Series, Manifest]:
    return versions.load(home / "models", manifest.model, manifest.version)


def test_a_manifest_says_what_the_version_is(home: Path, saved: Manifest) -> None:
    data = dataset(home, ["a", "b", "c", "d"])
    assert (saved.model, saved.seed, saved.seconds, saved.created_at) == ("knn", 1, 0.25, NOW.isoformat())
    assert saved.config == ItemKnnConfig(neighbours=3, shrinkage=1.0).model_dump(mode="json")
    assert saved.dataset == {"fingerprint": data.fingerprint, "items": 4, "position": 0}
    assert saved.metrics == {"ndcg@100": 0.5}
    assert sorted(saved.files) == FILES


def test_a_manifest_round_trips_through_its_file(home: Path, saved: Manifest) -> None:
    assert versions.read_manifest(home / "models", "knn", saved.version) == saved
    assert load(home, saved)[2] == saved


def test_a_version_holds_arrays_and_a_manifest_and_no_pickle(home: Path, saved: Manifest) -> None:
    assert sorted(path.name for path in folder_of(home, saved).iterdir()) == sorted([*FILES, "manifest.json"])
    for name in FILES:
        assert not np.load(folder_of(home, saved) / name, allow_pickle=False).dtype.hasobject


def test_loaded_arrays_are_mapped_and_cannot_be_changed(home: Path, saved: Manifest) -> None:
    model = load(home, saved)[0]
    assert isinstance(model, ItemKnn)
    assert isinstance(model.found, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        model.found[0, 0] = 3


def test_versions_are_listed_oldest_first(home: Path, saved: Manifest) -> None:
    data = dataset(home, ["a", "b", "c", "d"])
    newer = save(home, ItemKnn(), data, NOW + timedelta(days=1))
    older = save(home, ItemKnn(), data, NOW - timedelta(days=1))
    assert versions.versions(home / "models", "knn") == [older, saved, newer]
    assert versions.versions(home / "models", "als") == []
    assert versions.names(home / "models") == ["knn"]


def test_nothing_is_listed_where_nothing_was_trained(home: Path) -> None:
    assert versions.names(home / "models") == []


def test_a_version_that_was_half_written_is_not_there(home: Path, saved: Manifest) -> None:
    folder_of(home, saved).rename(home / "models" / "knn" / f".{saved.version}.1234.tmp")
    assert versions.versions(home / "models", "knn") == []
    with pytest.raises(NotFound, match=saved.version):
        load(home, saved)


def test_the_same_version_is_never_written_twice(home: Path, saved: Manifest) -> None:
    before = {path.name: path.read_bytes() for path in folder_of(home, saved).iterdir()}
    again = save(home, ItemKnn(ItemKnnConfig(neighbours=3, shrinkage=1.0)), dataset(home, ["a", "b", "c", "d"]))
    assert again == saved
    assert {path.name: path.read_bytes() for path in folder_of(home, saved).iterdir()} == before


def test_other_configs_and_seeds_of_the_same_second_are_other_versions(home: Path, saved: Manifest) -> None:
    other = save(home, ItemKnn(), dataset(home, ["a", "b", "c", "d"]))
    assert other.version != saved.version
    assert other.version.partition("-")[0] == saved.version.partition("-")[0] == "20260605T120000"


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_missing_is_refused_by_its_name(home: Path, saved: Manifest, name: str) -> None:
    (folder_of(home, saved) / name).unlink()
    with pytest.raises(Damaged, match=rf"{saved.version} is damaged: {name} is missing; promote another"):
        load(home, saved)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(FILES), where=st.floats(0, 1, exclude_max=True), mask=st.integers(1, 255))
def test_any_changed_byte_of_an_array_is_refused_by_its_file(
    home: Path, saved: Manifest, name: str, where: float, mask: int
) -> None:
    path = folder_of(home, saved) / name
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[int(where * len(changed))] ^= mask
    path.write_bytes(changed)
    try:
        with pytest.raises(Damaged, match=rf"{saved.version} is damaged: {name} does not match its checksum"):
            load(home, saved)
    finally:
        path.write_bytes(whole)


def test_any_changed_byte_of_a_manifest_is_refused(home: Path, saved: Manifest) -> None:
    path = folder_of(home, saved) / "manifest.json"
    whole = path.read_bytes()
    undetected, escaped = [], []
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            load(home, saved)
            undetected.append(place)
        except Damaged:
            pass
        except Exception as error:  # what a server that follows the pointer would die of
            escaped.append((place, repr(error)))
    assert not escaped, f"{len(escaped)} of {len(whole)} changed bytes raise something else, such as {escaped[0]}"
    assert not undetected, f"{len(undetected)} of {len(whole)} changed bytes are not noticed"


@pytest.mark.parametrize("content", [b"", b"{", b"\xff"], ids=["empty", "cut", "binary"])
def test_a_manifest_that_is_no_json_is_refused(home: Path, saved: Manifest, content: bytes) -> None:
    (folder_of(home, saved) / "manifest.json").write_bytes(content)
    with pytest.raises(Damaged, match=r"manifest\.json"):
        load(home, saved)


def test_a_version_of_a_newer_format_is_refused(home: Path, saved: Manifest) -> None:
    path = folder_of(home, saved) / "manifest.json"
    files.write_sealed(path, {**files.read_sealed(path), "format": 99, "something": "new"})
    with pytest.raises(Damaged, match="has format 99, this release reads 2; `segue train` makes models anew"):
        load(home, saved)


def test_a_version_that_does_not_exist_is_not_found(home: Path, saved: Manifest) -> None:
    with pytest.raises(NotFound, match="no version 'nope' of model 'knn'; see `segue models list`"):
        versions.load(home / "models", "knn", "nope")


@settings(max_examples=30)
@given(
    ids=st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8), min_size=4, max_size=4, unique=True
    ),
    number=st.integers(0, 10**6),
)
@example(ids=["a\nb", "c", "d", "e"], number=0)
def test_ids_come_back_as_they_were_given_whatever_they_hold(
    tmp_path_factory: pytest.TempPathFactory, ids: list[str], number: int
) -> None:
    folder = tmp_path_factory.mktemp("models")
    items = Vocabulary(pl.Series("track_id", ids), np.arange(4, dtype=np.int32), np.arange(4, dtype=np.int32))
    data = Dataset(items, playlists=interactions(ROWS))
    model = Popularity()
    model.fit(data, seed=number)
    manifest = versions.save(folder, model, data, metrics={}, seed=number, seconds=0, now=NOW)
    assert versions.load(folder, "popularity", manifest.version)[1].to_list() == ids


def test_every_model_is_known_by_its_own_name() -> None:
    assert {name: kind.name for name, kind in MODELS.items()} == {name: name for name in MODELS}


def test_old_versions_are_removed_but_for_the_newest_and_those_to_keep(home: Path, saved: Manifest) -> None:
    data = dataset(home, ["a", "b", "c", "d"])
    later = [save(home, ItemKnn(), data, NOW + timedelta(days=day)).version for day in range(1, 5)]
    assert versions.prune(home / "models", "knn", keep={saved.version}, newest=2) == later[:2]
    assert [one.version for one in versions.versions(home / "models", "knn")] == [saved.version, *later[2:]]
    assert versions.prune(home / "models", "knn", keep={saved.version}, newest=2) == []
    load(home, saved)


def test_an_index_is_saved_beside_the_arrays_and_loaded_with_them(home: Path) -> None:
    """Only its measured recall, its settings and checksums are in the manifest."""
    names = [f"{number:04d}" for number in range(1000)]
    grow(home, *names)
    model, data = ImplicitALS(ImplicitALSConfig(factors=16, iterations=1)), dataset(home, names)
    model.fit(data, seed=1)
    rng = np.random.Generator(np.random.PCG64(1))
    model.factors = rng.standard_normal((1000, 16), np.float32)
    config = IndexConfig(kind="sq8", neighbours=10, floor=0.5)
    model.index = index.build(model.factors, model.factors[:100], config)
    saved = versions.save(home / "models", model, data, metrics={}, seed=1, seconds=0.1, now=NOW)
    assert saved.index is not None and saved.index["recall"] >= saved.index["floor"] == 0.5
    loaded, _, manifest = load(home, saved)
    assert manifest == saved
    assert isinstance(loaded, ImplicitALS) and loaded.index is not None
    history = Ragged.of([[0, 1], [3]])
    assert loaded.recommend(history, history, 5)[0].tolist() == model.recommend(history, history, 5)[0].tolist()
    (folder_of(home, saved) / "index.faiss").write_bytes(b"x")
    with pytest.raises(Damaged, match="index.faiss does not match"):
        load(home, saved)
