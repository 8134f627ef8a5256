# SPDX-License-Identifier: Apache-2.0
import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from segue.importers import sources
from segue.workspace import Workspace

REQUESTS = 1000
SEEDS = 5
LIMIT = 500
FEWEST_KNOWN = 30


def read_playlists(datasets: Path) -> list[dict[str, Any]]:
    with gzip.open(datasets / "mpd-7k" / "playlists.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def distinct_tracks(playlist: dict[str, Any]) -> list[str]:
    return list(dict.fromkeys(track["track_uri"] for track in playlist["tracks"]))


def cut(playlists: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[list[str]], list[set[str]]]:
    """Hold out playlists until 1,000 of them have enough tracks that the others know.

    Returns the playlists to train on, and of each of the 1,000 its first tracks and its other known ones.
    """
    Random(20180627).shuffle(playlists)
    count, fit = REQUESTS, []
    while True:
        held, training = playlists[:count], playlists[count:]
        known = {track["track_uri"] for playlist in training for track in playlist["tracks"]}
        tracks = [distinct_tracks(playlist) for playlist in held]
        fit = [ids for ids in tracks if len(known.intersection(ids)) >= FEWEST_KNOWN]
        if len(fit) >= REQUESTS:
            break
        count += REQUESTS - len(fit)
    chosen = fit[:REQUESTS]
    return training, [ids[:SEEDS] for ids in chosen], [known.intersection(ids[SEEDS:]) for ids in chosen]


def segue_lists(training: list[dict[str, Any]], seeds: list[list[str]], folder: Path) -> list[list[str]]:
    """Answer as `segue import`, `segue train` and `segue batch` do."""
    source = folder / "playlists.jsonl"
    source.write_text("".join(f"{json.dumps(playlist)}\n" for playlist in training), "utf-8")
    home = folder / "home"
    home.mkdir()
    (home / "segue.toml").write_text("[train]\nheld_out_share = 0\n")
    workspace = Workspace.open(home, create=True)
    workspace.ingest(sources.build("mpd"), source)
    workspace.sink.close()
    workspace.train(now=datetime(2026, 6, 5, tzinfo=UTC))
    lines = [
        json.dumps({"id": str(place), "kind": "continue", "tracks": tracks, "limit": LIMIT})
        for place, tracks in enumerate(seeds)
    ]
    answers = list(workspace.batch(lines))
    assert [answer["id"] for answer in answers] == [str(place) for place in range(len(seeds))]
    return [[entry["track"] for entry in answer.get("tracks", [])] for answer in answers]


def cosine_lists(training: list[dict[str, Any]], seeds: list[list[str]]) -> list[list[str]]:
    """Rank by the sum of the cosines of binary columns to the seeds, over all neighbours."""
    rows = [distinct_tracks(playlist) for playlist in training]
    ids = sorted({track for row in rows for track in row})
    place = {track: number for number, track in enumerate(ids)}
    matrix = incidence(rows, place)
    norms = np.sqrt(np.bincount(matrix.indices)).astype(np.float32)
    unit = (matrix @ sp.diags_array(1 / norms)).tocsr()
    by_track = unit.T.tocsr()
    lists = []
    for first in range(0, len(seeds), 100):
        asked = incidence(seeds[first : first + 100], place)
        scores = ((asked @ by_track) @ unit).toarray()
        scores[asked.nonzero()] = 0
        best = np.argpartition(-scores, LIMIT, axis=1)[:, :LIMIT]
        for row, columns in enumerate(best):
            order = columns[np.lexsort((columns, -scores[row, columns]))]
            lists.append([ids[column] for column in order if scores[row, column] > 0])
    return lists


def incidence(rows: Sequence[Sequence[str]], place: dict[str, int]) -> sp.csr_array:
    known = [[place[track] for track in row if track in place] for row in rows]
    indptr = np.cumsum([0, *(len(row) for row in known)])
    indices = np.array([number for row in known for number in row], np.int64)
    return sp.csr_array((np.ones(len(indices), np.float32), indices, indptr), shape=(len(rows), len(place)))


def r_precision(lists: list[list[str]], relevant: list[set[str]]) -> float:
    """Chen et al. 2018, on tracks."""
    shares = [
        len(wanted.intersection(ids[: len(wanted)])) / len(wanted) for ids, wanted in zip(lists, relevant, strict=True)
    ]
    return sum(shares) / len(shares)


def ndcg(lists: list[list[str]], relevant: list[set[str]]) -> float:
    discounts = 1 / np.log2(np.arange(LIMIT) + 2)
    shares = [
        sum(discounts[at] for at, track in enumerate(ids) if track in wanted) / discounts[: len(wanted)].sum()
        for ids, wanted in zip(lists, relevant, strict=True)
    ]
    return float(np.mean(shares))


@pytest.mark.datasets
def test_continuation_finds_at_least_as_much_as_cosine_neighbours(datasets: Path, tmp_path: Path) -> None:
    training, seeds, relevant = cut(read_playlists(datasets))
    assert len(seeds) == REQUESTS
    ours = segue_lists(training, seeds, tmp_path)
    peer = cosine_lists(training, seeds)
    assert not any(set(given).intersection(ids) for given, ids in zip(seeds, ours, strict=True))
    assert all(len(set(ids)) == len(ids) <= LIMIT for ids in ours)
    for name, lists in (("segue", ours), ("cosine", peer)):
        print(f"{name:8} R-precision {r_precision(lists, relevant):.4f}  NDCG@500 {ndcg(lists, relevant):.4f}")
    assert r_precision(ours, relevant) >= r_precision(peer, relevant)
