# SPDX-License-Identifier: Apache-2.0
"""Two crowds share no track: one plays what is calm, the other what is loud. What is new belongs to one of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp

from segue.dataset.matrices import CONTENT, Dataset, Vocabulary
from segue.kernels.ragged import Ragged
from segue.models.als import ImplicitALS, ImplicitALSConfig
from segue.models.content import Content, ContentConfig, _Group

from .contract import ModelContract, fitted
from .worlds import ITEMS, checkerboard, interactions, noise, places, random_histories

SPACE = ImplicitALSConfig(factors=2, alpha=5.0, regularization=2.0)
SMALL = ContentConfig(als=SPACE, regularization=0.1, common=1)
PLAYED = 12
CROWD = 20
"""Listeners of each crowd."""


class TestContent(ModelContract):
    kind = Content
    other_config = ContentConfig(
        als=ImplicitALSConfig(factors=6, alpha=3.0, regularization=0.5, iterations=5), cold_only=False, same_artist=0.5
    )
    tolerance = 1e-3

    def build(self) -> Content:
        return Content(ContentConfig(als=SPACE, cold_only=False))


def world(
    new: Sequence[Mapping[str, Any]],
    *,
    said: Sequence[Mapping[str, Any]] | None = None,
    artists: Sequence[int] | None = None,
) -> Dataset:
    """Return 12 played tracks, even ones by the calm crowd, odd ones by the loud one, and behind them new ones.

    Args:
        new: What is said of each new track: columns of `CONTENT`, and "artist".
        said: What is said of the played tracks; else nothing.
        artists: Of the played tracks; else each has its own.
    """
    known = [dict(row) for row in said] if said is not None else [{} for _ in range(PLAYED)]
    of_new = [row.get("artist", 500 + place) for place, row in enumerate(new)]
    rows = known + [{name: value for name, value in row.items() if name != "artist"} for row in new]
    ids = pl.Series([f"track:{item:03}" for item in range(len(rows))], dtype=pl.String)
    numbers = np.arange(len(rows), dtype=np.int32)[::-1] + 5
    by = np.array([*(range(PLAYED) if artists is None else artists), *of_new], np.int32)
    rng = np.random.Generator(np.random.PCG64(4))
    listeners = [
        {int(item): 1.0 for item in np.sort(rng.permutation(PLAYED // 2)[:5]) * 2 + crowd}
        for crowd in (0, 1)
        for _ in range(CROWD)
    ]
    return Dataset(
        Vocabulary(ids[:PLAYED], numbers[:PLAYED], by[:PLAYED]),
        listeners=interactions(listeners),
        catalogue=Vocabulary(ids, numbers, by, pl.Series([f"Artist{chr(97 + n % 26)}" for n in range(by.max() + 1)])),
        content=pl.DataFrame([{name: row.get(name) for name in CONTENT} for row in rows], schema=CONTENT),
    )


def proposed(data: Dataset, heard: Sequence[int], config: ContentConfig = SMALL) -> list[int]:
    """Return what is proposed after what was heard, as places among the new tracks where only these are proposed."""
    history = Ragged.of([list(heard)])
    items, _ = fitted(Content(config), data).recommend(history, history, 8)
    return [item - (PLAYED if config.cold_only else 0) for item in places(items)[0]]


CALM, LOUD = [0, 2, 4], [1, 3, 5]


@pytest.mark.parametrize(("heard", "first"), [(CALM, 0), (LOUD, 1)])
def test_a_new_track_by_a_liked_artist_comes_before_one_by_a_stranger(heard: list[int], first: int) -> None:
    data = world([{"artist": 0}, {"artist": 1}], artists=[item % 4 for item in range(PLAYED)])
    assert proposed(data, heard)[0] == first


@pytest.mark.parametrize(("heard", "first"), [(CALM, 1), (LOUD, 0)])
@pytest.mark.parametrize("columns", [0, 100], ids=["means", "columns"])
def test_where_the_artist_says_nothing_the_genre_decides(columns: int, heard: list[int], first: int) -> None:
    said = [{"genres": ["Ambient", "pop"] if item % 2 == 0 else ["metal", "pop"]} for item in range(PLAYED)]
    data = world([{"genres": ["metal"]}, {"genres": ["ambient"]}], said=said)
    assert proposed(data, heard, SMALL.model_copy(update={"columns": columns}))[0] == first


@pytest.mark.parametrize(("heard", "first"), [(CALM, 1), (LOUD, 0)])
def test_a_word_of_the_title_decides_where_nothing_else_is_known(heard: list[int], first: int) -> None:
    said = [{"title": f"{'Lullaby' if item % 2 == 0 else 'Mosh'} number {item}"} for item in range(PLAYED)]
    data = world([{"title": "MOSH pit"}, {"title": "Another lullaby"}], said=said)
    assert proposed(data, heard)[0] == first


@pytest.mark.parametrize("column", ["energy", "valence"])
@pytest.mark.parametrize(("heard", "first"), [(CALM, 1), (LOUD, 0)])
def test_where_only_the_sound_is_known_it_decides(column: str, heard: list[int], first: int) -> None:
    said = [{column: 0.2 + 0.6 * (item % 2) + 0.01 * item} for item in range(PLAYED)]
    data = world([{column: 0.9}, {column: 0.1}], said=said)
    assert proposed(data, heard)[0] == first


@pytest.mark.parametrize(("heard", "first"), [(CALM, 1), (LOUD, 0)])
def test_a_new_version_of_a_song_stands_with_the_song(heard: list[int], first: int) -> None:
    song = ["Dusk", "Riot", "Dew", "Rage"]
    said = [{"title": song[item % 4]} for item in range(PLAYED)]
    data = world([{"title": "Riot (Live)"}, {"title": "Dusk - 2011 Remaster"}], said=said)
    assert proposed(data, heard, SMALL.model_copy(update={"columns": 0}))[0] == first


@pytest.mark.parametrize(("heard", "first"), [(CALM, 1), (LOUD, 0)])
def test_a_guest_named_in_the_title_counts(heard: list[int], first: int) -> None:
    guests = ["Artista", "Artistb", "Artistc", "Artistd"]
    said = [{"title": f"Song {item} (feat. {guests[(item + 2) % 4]})"} for item in range(PLAYED)]
    songs = [{"title": "New (feat. Artistb)"}, {"title": "Newer ft. Artista & Nobody"}]
    data = world(songs, said=said)
    assert proposed(data, heard, SMALL.model_copy(update={"columns": 0}))[0] == first


def test_a_new_track_as_seed_finds_its_neighbours() -> None:
    data = world([{"artist": 0}, {"artist": 1}, {"artist": 2}], artists=[item % 4 for item in range(PLAYED)])
    among_all = SMALL.model_copy(update={"cold_only": False})
    assert proposed(data, [PLAYED])[0] == 2
    ranked = proposed(data, [PLAYED + 1], among_all)
    assert ranked
    assert {item for item in ranked if item < PLAYED} <= set(range(1, PLAYED, 2))


def test_a_track_of_which_nothing_is_known_is_never_proposed() -> None:
    data = world([{}, {"artist": 0}], artists=[item % 4 for item in range(PLAYED)])
    for heard in (CALM, LOUD, [PLAYED + 1]):
        assert 0 not in proposed(data, heard)
    assert proposed(data, [PLAYED]) == []
    wanted = Ragged.of([[PLAYED, PLAYED + 1]])
    assert np.isnan(fitted(Content(SMALL), data).score(Ragged.of([CALM]), wanted)).tolist() == [True, False]


def test_a_track_of_which_nothing_is_known_follows_its_artist() -> None:
    data = world([{"artist": 40}, {"artist": 40}, {"artist": 41}])
    history = Ragged.of([[*CALM, PLAYED]])
    model = fitted(Content(SMALL), data)
    items, scores = model.recommend(history, history, 3)
    assert places(items) == [[PLAYED + 1]]
    np.testing.assert_array_equal(model.score(history, Ragged.of([[PLAYED + 1, PLAYED + 2]])), [scores[0, 0], np.nan])


def test_alone_among_the_models_it_knows_the_whole_catalogue() -> None:
    data = world([{}, {}, {}])
    assert len(Content(SMALL).vocabulary(data)) == PLAYED + 3
    assert len(Content(SMALL).vocabulary(noise(1))) == ITEMS


def test_only_what_nobody_has_played_is_proposed_unless_asked_for() -> None:
    new = [{"artist": artist} for artist in range(4)]
    data = world(new, artists=[item % 4 for item in range(PLAYED)])
    history = Ragged.of([CALM, LOUD, [PLAYED]])
    for cold_only in (True, False):
        model = fitted(Content(SMALL.model_copy(update={"cold_only": cold_only})), data)
        items, _ = model.recommend(history, history, 16)
        assert all(places(items))
        assert any(item < PLAYED for row in places(items) for item in row) != cold_only


def test_without_a_catalogue_nothing_is_new() -> None:
    items, scores = fitted(Content(ContentConfig(als=SPACE)), checkerboard()).recommend(
        Ragged.of([[0, 2]]), Ragged.of([[]]), 5
    )
    assert items.tolist() == [[-1] * 5]
    assert np.isneginf(scores).all()


def test_played_tracks_keep_the_factors_of_the_factorization() -> None:
    data = world([{"artist": 0}], artists=[item % 4 for item in range(PLAYED)])
    model, als = fitted(Content(SMALL), data), fitted(ImplicitALS(SPACE), data)
    assert isinstance(model, Content)
    assert isinstance(als, ImplicitALS)
    np.testing.assert_array_equal(model.factors[:PLAYED], als.factors)


def test_a_catalogue_of_which_nothing_is_said_is_placed_by_its_artists_alone() -> None:
    whole = world([{"artist": 0}, {"artist": 1}], artists=[item % 4 for item in range(PLAYED)])
    bare = Dataset(whole.items, listeners=whole.listeners, catalogue=whole.catalogue)
    for data in (whole, bare):
        assert proposed(data, CALM)[0] == 0


def test_without_the_bonus_a_track_is_ranked_by_its_factors_alone() -> None:
    data = world([{"artist": artist} for artist in range(4)], artists=[item % 4 for item in range(PLAYED)])
    plain = fitted(Content(SMALL.model_copy(update={"same_artist": 0.0})), data)
    assert isinstance(plain, Content)
    als = ImplicitALS(SPACE)
    shared = {name: getattr(plain, name) for name in ("factors", "spectrum", "damping")}
    als.restore({**shared, "artist_rows": np.zeros(0, np.int32)})
    history, wanted = Ragged.of([CALM]), Ragged.of([range(PLAYED, PLAYED + 4)])
    np.testing.assert_array_equal(plain.score(history, wanted), als.score(history, wanted))


@pytest.mark.parametrize("cold_only", [True, False])
def test_chosen_tracks_score_as_in_the_list(cold_only: bool) -> None:
    new = [{"artist": artist} for artist in (0, 1, 2, 3, 0, 1)]
    data = world(new, artists=[item % 4 for item in range(PLAYED)])
    model = fitted(Content(SMALL.model_copy(update={"cold_only": cold_only})), data)
    history = Ragged.of([CALM, LOUD, [PLAYED, 3]], [[1, 2, 0.5], [1, 1, 1], [2, 1]])
    items, scores = model.recommend(history, history, 5)
    chosen = places(items)
    asked = model.score(history, Ragged.of(chosen))
    np.testing.assert_allclose(asked, scores[items >= 0], rtol=1e-5)
    for row, ranked in enumerate(chosen):
        one = history.take(np.array([row]))
        shares = model.contributions(one, np.array(ranked, np.int32))
        np.testing.assert_allclose(shares.sum(axis=0), scores[row, : len(ranked)], rtol=1e-3, atol=1e-4)


def test_serial_and_parallel_agree_to_the_byte_over_a_catalogue() -> None:
    data = world([{"artist": item % 4} for item in range(ITEMS)], artists=[item % 4 for item in range(PLAYED)])
    model = fitted(Content(SMALL), data)
    history = random_histories(3, 200)
    serial, parallel = (model.recommend(history, history, 5, parallel=parallel) for parallel in (False, True))
    assert [array.tobytes() for array in serial] == [array.tobytes() for array in parallel]


def test_the_same_seed_learns_the_same_bytes_of_every_kind_of_content() -> None:
    said = [
        {
            "title": f"Song {item} (feat. Artist{chr(97 + item)})", "genres": ["pop", f"kind {item % 2}"],
            "year": 1980 + item, "tempo_bpm": 100.0 + item, "key": item, "mode": item % 2,
            "energy": item / 12, "valence": 1 - item / 12,
        }
        for item in range(PLAYED)
    ]  # fmt: skip
    data = world([{**row, "artist": item} for item, row in enumerate(said)], said=said)
    first, second = (fitted(Content(SMALL), data).state() for _ in range(2))
    assert [array.tobytes() for array in first.values()] == [array.tobytes() for array in second.values()]
    assert np.isfinite(first["factors"]).all()
    assert first["factors"][PLAYED:].any(axis=1).all()


def test_a_mean_leaves_the_track_itself_out_and_is_shrunk_to_the_prior() -> None:
    rng = np.random.Generator(np.random.PCG64(6))
    member = (rng.random((9, 4)) < 0.5).astype(np.float32)
    factors, weight = rng.standard_normal((9, 3), np.float32), rng.uniform(1, 3, 9).astype(np.float32)
    weight[6:] = factors[6:] = 0
    prior = np.array([1.0, -2.0, 0.5], np.float32)
    groups = sp.csr_matrix(member)
    made = _Group(groups, groups, factors, weight, 2.0).means(np.arange(9), prior)
    for track in range(9):
        others = np.arange(9) != track
        asked = [group for group in range(4) if member[track, group] and (member[:, group] * weight).any()]
        means = [prior * 1.0]
        if asked:
            share = [member[:, group] * weight * others for group in asked]
            means = [(one @ factors + 2.0 * prior) / (one.sum() + 2.0) for one in share]
        np.testing.assert_allclose(made[track], np.mean(means, axis=0), rtol=1e-4, atol=1e-5)
