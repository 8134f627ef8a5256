# SPDX-License-Identifier: Apache-2.0
"""On playlists that people put in order of energy, the order of each row comes out as it must."""

import csv
import gzip
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from segue.errors import BadInput
from segue.jobs.benchmark import flow, moods

SONGS = 240


def table(rows: list[dict[str, object]]) -> str:
    made = io.StringIO()
    writer = csv.DictWriter(made, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return made.getvalue()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """160 playlists of 40 songs of one of two colours, calm ones first; of a tenth of the songs no sound is known."""
    monkeypatch.setattr(moods, "_TEST", 20)
    rng = np.random.Generator(np.random.PCG64(5))
    for name in ("mpd-7k", "spotify-songs"):
        (tmp_path / name).mkdir()
    with gzip.open(tmp_path / "mpd-7k" / "playlists.jsonl.gz", "wt") as file:
        for pid in range(160):
            numbers = np.sort(2 * rng.permutation(SONGS // 2)[:40] + pid % 2).tolist()
            tracks = [
                {"pos": at, "track_uri": f"spotify:track:{one}", "track_name": f"Song number {one}",
                 "artist_name": f"Band {one % 24}"}
                for at, one in enumerate(numbers)
            ]  # fmt: skip
            file.write(json.dumps({"pid": pid, "name": "mine", "num_followers": 20, "tracks": tracks}) + "\n")
    artists = [{"name": f"Band {n}", "followers": 1, "genres": "['rock']"} for n in range(24)]
    (tmp_path / "mpd-7k" / "artist_genres.csv").write_text(table(list(artists)))
    sounds = [
        {
            "track_id": str(one),
            "track_name": f"Song number {one}",
            "track_artist": f"Band {one % 24}",
            "track_album_release_date": "1999-01",
            "playlist_genre": "rock",
            **dict.fromkeys(moods._SOUND, one / SONGS),
            "key": int(rng.integers(12)),
            "mode": int(rng.integers(2)),
            "tempo": 60 + 120 * float(rng.random()),
        }
        for one in range(SONGS)
        if one % 10
    ]
    with zipfile.ZipFile(tmp_path / "spotify-songs" / "spotify_songs.zip", "w") as archive:
        archive.writestr("spotify_songs.csv", table(list(sounds)))
    return tmp_path


def test_people_beat_chance_we_beat_scores_and_arcs_are_followed(folder: Path) -> None:
    rows = {row.model: row.metrics for row in flow.rows(folder, flow.MODELS, 1)}
    assert list(rows) == list(flow.MODELS)
    assert rows["people's order"]["energy gain low"] > 0.8
    assert abs(rows["people's order"]["tempo gain"]) < 0.15
    assert rows["segue's order"]["tempo gain low"] > 0.2
    assert rows["segue"]["tempo gain low"] > 0.2
    assert rows["segue"]["energy step"] < rows["by score"]["energy step"]
    for name in ("build", "wind-down", "gentle", "peak", "wave"):
        metrics = rows[f"segue, {name}"]
        assert metrics["arc error"] < 0.12 < metrics["arc error by chance"]
    for row in rows.values():
        assert 0 <= row["repeats"] <= 1
    assert rows["segue"]["N@500 loss low"] <= rows["segue"]["N@500 loss"] <= rows["segue"]["N@500 loss high"]
    assert rows["segue"]["N@500"] == pytest.approx(
        rows["by score"]["N@500"] * (1 - rows["segue"]["N@500 loss"]), abs=1e-3
    )


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"playlists\.jsonl\.gz"):
        flow.rows(tmp_path, flow.MODELS, 1)
