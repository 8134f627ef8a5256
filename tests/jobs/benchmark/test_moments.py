# SPDX-License-Identifier: Apache-2.0
"""Where the mood decides the rating, context helps; where nothing does, it does not; and no answer is read early."""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segue.errors import BadInput
from segue.jobs.benchmark import moments

PLAIN, FULL = "content, no context", "content + context"
AFTER = ("emo_post_valence", "emo_post_arousal", "duration", "preference", "rec_type", "emo_valence", "emo_arousal")
"""Columns of what is known only when the track has played, or that is no context."""
SOUND = ("loudness", "danceability", "energy", "speechiness", "acousticness", "instrumentalness", "valence", "tempo")
LISTENERS, TRACKS = 10, 40


def by_mood(mood: float, energy: float, rng: np.random.Generator) -> int:
    """Lively tracks in a lively mood, calm ones in a calm mood."""
    return 5 if mood * (energy - 0.5) > 0 else 1


def by_chance(mood: float, energy: float, rng: np.random.Generator) -> int:
    return int(rng.integers(1, 6))


def write(folder: Path, rate: Callable[[float, float, np.random.Generator], int]) -> Path:
    """Write the three stages as SiTunes has them, rated by a rule."""
    rng = np.random.Generator(np.random.PCG64(8))
    home = folder / "situnes"
    home.mkdir(parents=True)
    sounds = rng.random((TRACKS, len(SOUND)))
    header = ["item_id", "popularity", *SOUND, "general_genre_id", "duration"]
    tracks = [[track, 50, *sounds[track], track % 3, 200_000] for track in range(TRACKS)]
    table(home / "music_info.csv", header, tracks)
    for stage, count in ((1, 8), (2, 40), (3, 20)):
        rows: list[list[Any]] = []
        places: dict[str, Any] = {}
        for number in range(1, LISTENERS * count + 1):
            listener, track = number % LISTENERS + 1, int(rng.integers(TRACKS))
            mood, arousal, after, other = rng.uniform(-1, 1, 4)
            rating = rate(mood, sounds[track, SOUND.index("energy")], rng)
            heard = [listener, track, 1_600_000_000 + stage * 10_000_000 + number * 3600, rating]
            if stage == 1:
                rows.append([*heard, number, 90.5, after, other])
                continue
            asked = [int(rng.integers(100))] if stage == 3 else []
            rows.append([number, *heard, *asked, mood, arousal, after, other, 120, "Random"])
            weather = [int(it) for it in rng.integers([0, 990, 0, 0], [3, 1020, 30, 100])]
            places[str(number)] = {"time": int(rng.integers(1, 4)), "weather": weather, "speed": float(rng.random())}
        columns = ["user_id", "item_id", "timestamp", "rating"]
        if stage == 1:
            columns += ["No.", "duration", "emo_valence", "emo_arousal"]
        else:
            moods = [f"emo_{when}_{what}" for when in ("pre", "post") for what in ("valence", "arousal")]
            columns = ["inter_id", *columns, *(["preference"] if stage == 3 else []), *moods, "duration", "rec_type"]
            (home / f"stage{stage}_env.json").write_text(json.dumps(places))
        table(home / f"stage{stage}_interactions.csv", columns, rows)
    return folder


def table(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def test_context_that_decides_the_rating_helps(tmp_path: Path) -> None:
    (ours,) = moments.rows(write(tmp_path, by_mood), [FULL], 1)
    assert all(ours.metrics[f"{cut} {name} gain low"] > 0 for cut in ("later", "stage 3") for name in ("AUC", "RMSE"))


def test_only_the_context_that_decides_helps(tmp_path: Path) -> None:
    mood, speed = moments.rows(write(tmp_path, by_mood), ["content + mood before", "content + speed"], 1)
    assert mood.metrics["stage 3 AUC gain low"] > 0.1 > speed.metrics["stage 3 AUC gain"]


def test_where_chance_rates_nothing_tells_the_rating(tmp_path: Path) -> None:
    chance = moments.rows(write(tmp_path, by_chance), moments.MODELS, 1)
    assert all(0.4 < row.metrics[f"{cut} pooled AUC"] < 0.6 for row in chance for cut in ("later", "stage 3"))
    full = chance[moments.MODELS.index(FULL)].metrics
    sure = [cut for cut in ("later", "stage 3", "random") if full[f"{cut} AUC gain low"] > 0]
    assert len(sure) <= 1, "of intervals of 95%, with ten listeners, one may miss by chance"


def test_what_is_known_only_afterwards_is_not_read(tmp_path: Path) -> None:
    folder = write(tmp_path, by_mood)
    before = moments.rows(folder, [FULL], 1)[0].metrics
    rng = np.random.Generator(np.random.PCG64(1))
    for path in sorted((folder / "situnes").glob("stage*.csv")):
        header, *rows = csv.reader(path.read_text().splitlines())
        for column in (header.index(name) for name in AFTER if name in header):
            for row, value in zip(rows, rng.permutation([row[column] for row in rows]), strict=True):
                row[column] = value
        table(path, header, rows)
    assert moments.rows(folder, [FULL], 1)[0].metrics == before


def test_ratings_of_the_test_teach_nothing(tmp_path: Path) -> None:
    """Its ratings turned upside down, stage 3 is ranked exactly as wrongly as it was ranked rightly."""
    folder = write(tmp_path, by_mood)
    before = moments.rows(folder, [FULL], 1)[0].metrics
    path = folder / "situnes" / "stage3_interactions.csv"
    header, *rows = csv.reader(path.read_text().splitlines())
    for row in rows:
        row[header.index("rating")] = str(6 - int(row[header.index("rating")]))
    table(path, header, rows)
    after = moments.rows(folder, [FULL], 1)[0].metrics
    assert after["stage 3 pooled AUC"] == pytest.approx(1 - before["stage 3 pooled AUC"], abs=2e-4)
    assert after["later AUC"] == before["later AUC"]


@pytest.mark.parametrize("name", ["music_info.csv", "stage1_interactions.csv", "stage3_env.json"])
def test_a_file_that_is_missing_is_named(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path, by_chance)
    (folder / "situnes" / name).unlink()
    with pytest.raises(BadInput, match=name):
        moments.rows(folder, [PLAIN], 1)
