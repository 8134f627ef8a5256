# SPDX-License-Identifier: Apache-2.0
"""On a small copy of each data set's format, the harness runs from end to end; on the real ones, its figures hold."""

import gzip
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from segue.errors import BadInput, NotFound
from segue.evaluation.protocol import check
from segue.jobs.benchmark import run as harness
from segue.jobs.benchmark import sets
from segue.jobs.benchmark.suites import SUITES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Colours again: odd users have odd items, and sessions walk upwards."""
    rng = np.random.Generator(np.random.PCG64(4))
    parts: Mapping[str, list[str]] = {"train": [], "valid": [], "test": []}
    plays = ["userID\tartistID\tweight"]
    for user in range(40):
        items = rng.permutation(20)[:14] * 2 + user % 2
        for name, cut in (("train", items[:8]), ("valid", items[8:10]), ("test", items[10:])):
            parts[name].append(" ".join(map(str, [user, *cut])))
        plays += [f"{user + 2}\t{item + 7}\t{rng.integers(1, 99)}" for item in items]
    (tmp_path / "lastfm-lightgcnpp").mkdir()
    for name, lines in parts.items():
        (tmp_path / "lastfm-lightgcnpp" / f"{name}.txt").write_text("\n".join(lines))
    (tmp_path / "hetrec").mkdir()
    with zipfile.ZipFile(tmp_path / "hetrec" / "hetrec2011-lastfm-2k.zip", "w") as archive:
        archive.writestr("user_artists.dat", "\n".join(plays))
    starts = rng.integers(1, 30, 200)
    sessions = [" ".join(str(start + step) for step in range(5)) for start in starts]
    (tmp_path / "nowplaying").mkdir()
    with gzip.open(tmp_path / "nowplaying" / "train.txt.gz", "wt") as file:
        file.write("\n".join(sessions))
    with gzip.open(tmp_path / "nowplaying" / "test.txt.gz", "wt") as file:
        file.write("\n".join(f"{start} {start + 1}\t{start + 2}" for start in starts[:20]))
    return tmp_path


@pytest.mark.parametrize("name", SUITES)
def test_every_cut_is_honest(folder: Path, name: str) -> None:
    check(SUITES[name].read(folder, 0))


def test_another_seed_cuts_hetrec_otherwise_and_the_same_seed_alike(folder: Path) -> None:
    one, again, other = (sets.hetrec(folder, seed).test.relevant.values.tolist() for seed in (1, 1, 2))
    assert one == again != other


def test_a_model_is_tuned_on_validation_and_measured_on_the_test_of_each_seed(folder: Path) -> None:
    made = harness.run("hetrec", folder, models=["knn"], seeds=2)
    ours = made.rows[-1]
    assert (ours.model, ours.source, ours.tried) == ("knn", "ours", len(SUITES["hetrec"].tried["knn"]))
    assert ours.settings in [dict(one) for one in SUITES["hetrec"].tried["knn"]]
    assert set(ours.metrics) == {"R@10", "MRR@10", "N@10", "coverage", "novelty", "lift", "gini"}
    assert ours.metrics["R@10"] > 0.4, "of twenty items of the own colour ten are found"
    assert {row.source for row in made.rows[:-1]} == {"published"}


def test_session_neighbours_find_what_comes_next(folder: Path) -> None:
    made = harness.run("nowplaying", folder, models=["popularity", "session_knn"])
    popularity, ours = made.rows[-2:]
    assert ours.metrics["MRR@20"] > 0.9 > popularity.metrics["MRR@20"]
    assert ours.query_ms is not None


def test_what_is_not_there_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound, match="no benchmark 'hetrek'; there are lastfm-lightgcnpp"):
        harness.run("hetrek", folder)
    with pytest.raises(NotFound, match="hetrec has no model 'session_knn'; it has popularity"):
        harness.run("hetrec", folder, models=["session_knn"])
    (folder / "nowplaying" / "test.txt.gz").unlink()
    with pytest.raises(BadInput, match=r"test\.txt\.gz; SEGUE_DATASETS"):
        harness.run("nowplaying", folder)
    monkeypatch.delenv("SEGUE_DATASETS", raising=False)
    with pytest.raises(BadInput, match="SEGUE_DATASETS"):
        harness.datasets_folder()


def test_implicit_als_is_above_what_was_published_on_last_fm(datasets: Path) -> None:
    """With the settings that validation chose (`docs/reference/quality`)."""
    split = sets.lightgcnpp(datasets, 0)
    settings = {"factors": 256, "alpha": 12.0, "regularization": 60.0, "frequency": 0.4, "iterations": 12}
    model = harness.fitted("als", settings, split.data, 0)
    figures = harness.measured(model, split, split.test, ["R@10", "N@10"])
    assert figures["R@10"] > 0.187
    assert figures["N@10"] > 0.215


def test_the_committed_tables_name_their_machine_and_all_their_rows() -> None:
    tables = sorted((Path(__file__).parents[3] / "docs" / "reference" / "quality").glob("*.json"))
    assert tables
    for path in tables:
        made = json.loads(path.read_text("utf-8"))
        assert made["machine"]["cores"] > 0
        assert {row["model"] for row in made["rows"]} >= {*SUITES[made["benchmark"]].tried}
