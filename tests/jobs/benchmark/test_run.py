# SPDX-License-Identifier: Apache-2.0
"""On a small copy of each data set's format, the harness runs from end to end; on the real ones, its figures hold."""

import gzip
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from segue.dataset.matrices import Dataset
from segue.errors import BadInput, NotFound
from segue.evaluation.protocol import Split, Task, check
from segue.jobs.benchmark import run as harness
from segue.jobs.benchmark import sets
from segue.jobs.benchmark.suites import SUITES, Suite
from segue.kernels.ragged import Ragged
from segue.models.popularity import Popularity
from tests.models.worlds import interactions, vocabulary


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
    (tmp_path / "lastfm-s3rec").mkdir()
    lines = [[user + 1, *(1 + user % 2 + 2 * rng.permutation(20)[:9])] for user in range(60)]
    others = [[line[0], *(1 + (user + 1) % 2 + 2 * rng.permutation(20)[:9])] for user, line in enumerate(lines)]
    for name, rows in (("LastFM.txt", lines), ("LastFM_sample.txt", others)):
        (tmp_path / "lastfm-s3rec" / name).write_text("\n".join(" ".join(map(str, row)) for row in rows))
    starts = rng.integers(1, 30, 200)
    sessions = [" ".join(str(start + step) for step in range(5)) for start in starts]
    (tmp_path / "nowplaying").mkdir()
    with gzip.open(tmp_path / "nowplaying" / "train.txt.gz", "wt") as file:
        file.write("\n".join(sessions))
    with gzip.open(tmp_path / "nowplaying" / "test.txt.gz", "wt") as file:
        file.write("\n".join(f"{start} {start + 1}\t{start + 2}" for start in starts[:20]))
    return tmp_path


@pytest.mark.parametrize("name", [name for name, one in SUITES.items() if isinstance(one, Suite)])
def test_every_cut_is_honest(folder: Path, name: str) -> None:
    chosen = SUITES[name]
    assert isinstance(chosen, Suite)
    check(chosen.read(folder, 0))


def test_another_seed_cuts_hetrec_otherwise_and_the_same_seed_alike(folder: Path) -> None:
    one, again, other = (sets.hetrec(folder, seed).test.relevant.values.tolist() for seed in (1, 1, 2))
    assert one == again != other


def test_a_model_is_tuned_on_validation_and_measured_on_the_test_of_each_seed(folder: Path) -> None:
    made = harness.run("hetrec", folder, models=["knn"], seeds=2)
    ours = made.rows[-1]
    chosen = SUITES["hetrec"]
    assert isinstance(chosen, Suite)
    assert (ours.model, ours.source, ours.tried) == ("knn", "ours", len(chosen.tried["knn"]))
    assert ours.settings in [dict(one) for one in chosen.tried["knn"]]
    assert set(ours.metrics) == {"R@10", "MRR@10", "N@10", "coverage", "novelty", "lift", "gini", "diversity"}
    assert ours.metrics["R@10"] > 0.4, "of twenty items of the own colour ten are found"
    assert {row.source for row in made.rows[:-1]} == {"published"}


def test_the_last_item_is_ranked_among_those_that_the_publishers_drew(folder: Path) -> None:
    made = harness.run("lastfm-s3rec", folder, models=["popularity", "ease"], seeds=1)
    popularity, ours = made.rows[-2:]
    assert ours.metrics["MRR@100"] == 1.0, "the others are of the other colour"
    assert popularity.metrics["MRR@100"] < 0.9


def test_equal_scores_do_not_favour_what_is_to_be_found() -> None:
    model = Popularity()
    model.scores = np.ones(5, np.float32)
    task = Task(Ragged.empty(1), Ragged.empty(1), Ragged.of([[4]]), candidates=Ragged.of([[2, 0, 4]]))
    data = Dataset(vocabulary(5), listeners=interactions([{0: 1.0}]))
    figures = harness.measured(model, Split(data, task, task), task, ["MRR@3"])
    assert figures["MRR@3"] == pytest.approx(1 / 3)


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
    settings = {"factors": 64, "starts": 5, "alpha": 12.0, "regularization": 50.0, "frequency": 0.6, "iterations": 12}
    model = harness.fitted("als", settings, split.data, 0)
    published = {"R@10": 0.1894, "N@10": 0.2177, "R@40": 0.3754, "N@40": 0.3093}
    figures = harness.measured(model, split, split.test, list(published))
    assert all(figures[name] > best for name, best in published.items()), figures


def test_item_neighbours_that_fade_are_above_what_was_published_on_sequences(datasets: Path) -> None:
    """With the settings that validation chose (`docs/reference/quality`)."""
    split = sets.s3rec(datasets, 0)
    settings = {"asked_exponent": 1.2, "found_exponent": 1.2, "row_damping": 0.6, "recency": 0.6, "neighbours": 1000}
    published = {"HR@10": 0.6083, "N@10": 0.3577, "MRR@100": 0.2981}
    figures = harness.measured(harness.fitted("knn", settings, split.data, 0), split, split.test, list(published))
    assert all(figures[name] > best for name, best in published.items()), figures


def test_the_committed_tables_name_their_machine_and_all_their_rows() -> None:
    tables = sorted((Path(__file__).parents[3] / "docs" / "reference" / "quality").glob("*.json"))
    assert tables
    for path in tables:
        made = json.loads(path.read_text("utf-8"))
        assert made["machine"]["cores"] > 0
        assert {row["model"] for row in made["rows"]} >= {*SUITES[made["benchmark"]].models}
