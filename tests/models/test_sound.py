# SPDX-License-Identifier: Apache-2.0
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from segue.dataset.matrices import CONTENT, Dataset, Interactions, Vocabulary
from segue.errors import NotReady
from segue.kernels.ragged import offsets_of
from segue.models.sound import SOUND, SoundModel
from segue.registry import versions

ENERGY, TEMPO, KEY = SOUND.index("energy"), SOUND.index("tempo"), SOUND.index("key")


def dataset(artists: list[int], rows: list[list[int]], **content: list[Any]) -> Dataset:
    """Tracks of these artists, rows of a playlist each, and columns of content."""
    n = len(artists)
    ids = pl.Series("track_id", [f"{place:03d}" for place in range(n)], dtype=pl.String)
    known = Vocabulary(ids, np.arange(n, dtype=np.int32), np.array(artists, np.int32))
    said = pl.DataFrame({"title": [f"song {place}" for place in range(n)], **content})
    frame = said.select(
        pl.col(name).cast(dtype) if name in said.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in CONTENT.items()
    )
    entries = np.array([item for row in rows for item in row], np.int32)
    playlists = Interactions(
        pl.Series([f"p{place}" for place in range(len(rows))], dtype=pl.String),
        offsets_of([len(row) for row in rows]),
        entries,
        np.ones(len(entries), np.float32),
    )
    return Dataset(known, catalogue=known, content=frame, playlists=playlists)


def fitted(data: Dataset) -> SoundModel:
    model = SoundModel()
    model.fit(data, seed=1)
    return model


def test_what_is_said_stays_and_is_marked_as_known() -> None:
    model = fitted(dataset([0, 0, 1], [[0, 1, 2]], energy=[0.25, None, 0.75], tempo_bpm=[128, 64, None], key=[9, 0, 7]))
    assert model.values[[0, 2], ENERGY].tolist() == [0.25, 0.75]
    assert model.values[:2, TEMPO].tolist() == [7, 6]
    assert model.known[:, ENERGY].tolist() == [True, False, True]
    assert np.isfinite(model.values[1, ENERGY])


def test_keys_are_places_on_the_circle_of_fifths_where_relative_keys_meet() -> None:
    """C, G, F, A minor, E minor; a key without a mode is taken for major, and none is guessed."""
    model = fitted(dataset([0] * 6, [[0, 1, 2]], key=[0, 7, 5, 9, 4, None], mode=[1, 1, 1, 0, 0, 1]))
    assert model.values[:5, KEY].tolist() == [0, 1, 11, 0, 1]
    assert np.isnan(model.values[5, KEY])


def test_a_tempo_of_nothing_is_not_known() -> None:
    model = fitted(dataset([0, 1], [[0, 1]], tempo_bpm=[0, 120]))
    assert model.known[:, TEMPO].tolist() == [False, True]


def world(by: str) -> tuple[Dataset, np.ndarray[Any, Any]]:
    """A thousand tracks whose energy follows their artist, their genre or their playlist; of a fifth it is not said."""
    rng = np.random.default_rng(5)
    n = 1000
    artist, genre, playlist = (rng.integers(0, many, n) for many in (100, 8, 60))
    of = {"artist": artist, "genre": genre, "playlist": playlist}[by]
    energy = np.clip(rng.uniform(0.1, 0.9, 100)[of] + rng.normal(0, 0.03, n), 0, 1)
    hidden = rng.random(n) < 0.2
    rows = [np.flatnonzero(playlist == one).tolist() for one in range(60)]
    genres = [[f"genre {one}"] for one in genre]
    told = [None if hide else float(one) for hide, one in zip(hidden, energy, strict=True)]
    return dataset(artist.tolist(), rows, energy=told, genres=genres), np.where(hidden, energy, np.nan)


@pytest.mark.parametrize("by", ["artist", "genre", "playlist"])
def test_a_sound_is_guessed_from_whatever_tells_it(by: str) -> None:
    data, truth = world(by)
    model = fitted(data)
    hidden = np.isfinite(truth)
    wrong = ((model.values[hidden, ENERGY] - truth[hidden]) ** 2).mean() / truth[hidden].var()
    assert wrong < 0.3
    assert model.explained[ENERGY] == pytest.approx(1 - wrong, abs=0.15)


def test_where_nothing_tells_a_sound_little_is_claimed() -> None:
    rng = np.random.default_rng(6)
    energy = rng.random(500)
    rows = [rng.integers(0, 500, 30).tolist() for _ in range(50)]
    data = dataset(rng.integers(0, 100, 500).tolist(), rows, energy=energy.tolist())
    assert fitted(data).explained[ENERGY] < 0.05


def test_a_track_without_company_sounds_like_the_mean() -> None:
    model = fitted(dataset([0, 1, 2], [[0, 1]], energy=[0.2, 0.4, None]))
    assert model.values[2, ENERGY] == pytest.approx(0.3)


def test_a_guess_lies_between_what_is_known() -> None:
    data, _ = world("artist")
    model = fitted(data)
    said = model.values[model.known[:, ENERGY], ENERGY]
    assert said.min() <= model.values[:, ENERGY].min()
    assert model.values[:, ENERGY].max() <= said.max()


def test_a_catalogue_that_says_nothing_teaches_nothing() -> None:
    with pytest.raises(NotReady, match="segue import catalogue"):
        fitted(dataset([0, 1], [[0, 1]]))


def test_it_is_known_by_the_numbers_of_a_catalogue() -> None:
    sound = fitted(dataset([0, 1], [[0, 1]], energy=[0.2, 0.4])).bound(np.array([-1, 1, 0, -1], np.int32))
    np.testing.assert_array_equal(sound["energy"], np.array([np.nan, 0.4, 0.2, np.nan], np.float32))
    assert sound.known[:, ENERGY].tolist() == [False, True, True, False]


def test_a_version_comes_back_as_it_was_written(tmp_path: Path) -> None:
    data, _ = world("genre")
    model = fitted(data)
    now = datetime(2026, 11, 22, tzinfo=UTC)
    manifest = versions.save(tmp_path, model, data, metrics={}, seed=1, seconds=1, now=now)
    loaded, ids, _ = versions.load(tmp_path, "sound", manifest.version)
    assert len(ids) == 1000
    for name, array in model.state().items():
        np.testing.assert_array_equal(loaded.state()[name], array)
