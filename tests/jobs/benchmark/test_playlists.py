# SPDX-License-Identifier: Apache-2.0
"""On a world of two colours the whole way is gone: imported, trained, asked, measured; and the picture of a table."""

import gzip
import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from segue.errors import BadInput
from segue.jobs.benchmark import playlists
from segue.jobs.benchmark.plot import drawn, pareto
from segue.jobs.benchmark.rows import Benchmark, Row


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """160 playlists of 40 tracks, each of one of two colours, which their titles name; few are held out."""
    monkeypatch.setattr(playlists, "_TEST", 20)
    monkeypatch.setattr(playlists, "_VALIDATION", 20)
    monkeypatch.setattr(playlists, "_WEIGHTS", [(0.5, 0.1), (0.5, 0.3)])
    rng = np.random.Generator(np.random.PCG64(5))
    (tmp_path / "mpd-7k").mkdir()
    with gzip.open(tmp_path / "mpd-7k" / "playlists.jsonl.gz", "wt") as file:
        for pid in range(160):
            tracks = [
                {
                    "pos": at,
                    "track_uri": f"spotify:track:{number}",
                    "track_name": f"Song number {number}",
                    "artist_name": f"Band {number % 24}",
                }
                for at, number in enumerate(2 * rng.permutation(120)[:40] + pid % 2)
            ]
            line = {"pid": pid, "name": ("red", "blue")[pid % 2], "num_followers": 20, "tracks": tracks}
            file.write(json.dumps(line) + "\n")
    return tmp_path


def test_every_row_is_measured_and_the_colours_are_found(folder: Path) -> None:
    made = {row.model: row for row in playlists.rows(folder, playlists.MODELS, 1)}
    assert set(made) == set(playlists.MODELS)
    ours, popularity = made["segue"].metrics, made["popularity"].metrics
    assert set(playlists.MEASURES) <= set(ours)
    for measure in ("radio N@30", "5 N@500", "25 N@500", "title N@500"):
        assert ours[measure] > popularity[measure] + 0.05, measure
    assert made["segue"].query_ms is not None
    assert made["title kNN"].metrics["title N@500"] > popularity["title N@500"] + 0.05
    assert set(made["simple blend"].settings) == {"1 given", "5 given", "25 given"}


def test_rows_that_are_not_wanted_are_not_made(folder: Path) -> None:
    (row,) = playlists.rows(folder, ["popularity"], 2)
    assert row.spread["radio N@30"] >= 0


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"playlists\.jsonl\.gz"):
        playlists.rows(tmp_path, playlists.MODELS, 1)


TABLE = Benchmark(
    "set",
    "a protocol",
    {"cores": 2},
    [
        Row("paper", "published", {"N@10": 0.25}),
        Row("narrow", "ours", {"N@10": 0.3, "coverage": 0.01}),
        Row("wide", "ours", {"N@10": 0.2, "coverage": 0.5}),
        Row("<beaten>", "ours", {"N@10": 0.1, "coverage": 0.02}),
    ],
)


def test_the_picture_is_well_formed_and_names_every_model() -> None:
    picture = ElementTree.fromstring(drawn(TABLE, "N@10"))
    said = {text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")}
    assert {"set", "narrow", "wide", "<beaten>", "best published", "coverage →", "N@10 →"} <= said


def test_those_that_nothing_beats_in_both_are_joined() -> None:
    picture = ElementTree.fromstring(pareto(TABLE, "N@10", "coverage"))
    dots = [dot.get("class") for dot in picture.iter("{http://www.w3.org/2000/svg}circle")]
    assert sorted(map(str, dots)) == ["best", "best", "dot"]
    (front,) = picture.iter("{http://www.w3.org/2000/svg}polyline")
    assert len(str(front.get("points")).split()) == 2


def test_a_table_without_figures_is_drawn_empty() -> None:
    ElementTree.fromstring(drawn(Benchmark("set", "", {}, []), "N@10"))
