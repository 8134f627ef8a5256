# SPDX-License-Identifier: Apache-2.0
"""On a world of two colours, one loud and glad, one quiet and sad, words are asked and measured to the end."""

import csv
import gzip
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from segue.errors import BadInput
from segue.jobs.benchmark import moods

SONGS = 240


def song(number: int) -> tuple[str, str]:
    return f"Band {number % 24}", f"Song number {number}"


def table(rows: list[dict[str, object]]) -> str:
    made = io.StringIO()
    writer = csv.DictWriter(made, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return made.getvalue()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Even songs are red: loud, glad and rap; odd ones are blue. Titles say which, and nothing of moods."""
    monkeypatch.setattr(moods, "_TEST", 20)
    monkeypatch.setattr(moods, "_FIRST", 20)
    monkeypatch.setattr(moods, "_LONGEST", 60)
    rng = np.random.Generator(np.random.PCG64(5))
    for name in ("mpd-7k", "spotify-songs", "deezer-mood"):
        (tmp_path / name).mkdir()
    with gzip.open(tmp_path / "mpd-7k" / "playlists.jsonl.gz", "wt") as file:
        for pid in range(160):
            tracks = [
                {"pos": at, "track_uri": f"spotify:track:{number}", "track_name": title, "artist_name": artist}
                for at, number in enumerate((2 * rng.permutation(SONGS // 2)[:40] + pid % 2).tolist())
                for artist, title in [song(number)]
            ]
            line = {"pid": pid, "name": ("red", "blue")[pid % 2], "num_followers": 20, "tracks": tracks}
            file.write(json.dumps(line) + "\n")
    artists = [{"name": f"Band {n}", "followers": 1, "genres": f"['{('rap', 'rock')[n % 2]}']"} for n in range(24)]
    (tmp_path / "mpd-7k" / "artist_genres.csv").write_text(table(list(artists)))
    sounds = []
    labels = []
    for number in range(SONGS):
        artist, title = song(number)
        red = number % 2 == 0
        height = (0.6 if red else 0.1) + 0.3 * float(rng.random())
        sounds.append(
            {
                "track_id": str(number),
                "track_name": title,
                "track_artist": artist,
                "track_album_release_date": ("1985", "1999-03")[red],
                "playlist_genre": list(moods.GENRES.values())[number % 6],
                **dict.fromkeys(moods._SOUND, height),
                "key": 1,
                "mode": 1,
                "tempo": 100 + number / 10,
            }
        )
        labels.append({"artist_name": artist, "track_name": title, "valence": height, "arousal": height})
    with zipfile.ZipFile(tmp_path / "spotify-songs" / "spotify_songs.zip", "w") as archive:
        archive.writestr("spotify_songs.csv", table(sounds))
    (tmp_path / "deezer-mood" / "test.csv").write_text(table(labels))
    return tmp_path


def test_rules_find_the_mood_that_titles_know_nothing_of(folder: Path) -> None:
    rows = {row.model: row.metrics for row in moods.rows(folder, moods.MODELS, 1)}
    assert set(rows) == set(moods.MODELS)
    for model in ("rules alone", "mood"):
        assert rows[model]["moods"] > 0.85
        assert rows[model]["moods narrow"] > 0.85
    assert 0.2 < rows["popularity"]["moods"] < 0.8
    assert rows["titles alone"]["title N@500"] == pytest.approx(rows["mood"]["title N@500"], abs=0.02)
    assert rows["mood"]["title N@500"] > 0.08 + rows["popularity"]["title N@500"]
    assert rows["mood"]["genre rap"] >= 0


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"playlists\.jsonl\.gz; SEGUE_DATASETS"):
        moods.rows(tmp_path, moods.MODELS, 1)
