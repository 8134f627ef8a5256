# SPDX-License-Identifier: Apache-2.0
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from segue.dataset.matrices import Dataset, Vocabulary
from segue.errors import NotReady
from segue.kernels.ragged import Ragged
from segue.models.als import ImplicitALS, ImplicitALSConfig
from segue.models.title import TitleConfig, TitleModel

from .worlds import interactions, noise, places, vocabulary

SMALL = TitleConfig(als=ImplicitALSConfig(factors=8, regularization=1.0), regularization=0.5, name_rows=1)
ROCK, JAZZ = {0, 1, 2, 3, 4, 5}, {6, 7, 8, 9, 10, 11}


def world(titles: Sequence[str | None], rows: Sequence[Sequence[int]], names: Sequence[str | None] = ()) -> Dataset:
    """Playlists of these titles and items; item i is of artist i, whom `names` calls something."""
    items = 1 + max(item for row in rows for item in row)
    plain = vocabulary(items)
    called = pl.Series("artist", [*names, *[None] * (items - len(names))], pl.String) if names else None
    playlists = interactions([dict.fromkeys(row, 1.0) for row in rows])
    return Dataset(
        Vocabulary(plain.ids, plain.numbers, plain.artists, called),
        playlists=type(playlists)(
            playlists.rows,
            playlists.offsets,
            playlists.items,
            playlists.weights,
            titles=pl.Series("title", list(titles), pl.String),
        ),
    )


def halves(rock: str, jazz: str, names: Sequence[str | None] = ()) -> Dataset:
    """Six playlists of each title, over items that the other has not: 5 of the 6 of each half."""
    rows = [sorted({base + (skip + step) % 6 for step in range(5)}) for base in (0, 6) for skip in range(6)]
    return world([rock] * 6 + [jazz] * 6, rows, names)


def fitted(data: Dataset, config: TitleConfig = SMALL, seed: int = 3) -> TitleModel:
    model = TitleModel(config)
    model.fit(data, seed=seed)
    return model


def best(model: TitleModel, title: str, k: int = 6) -> list[int]:
    items, _ = model.recommend([title], Ragged.empty(1), k)
    return places(items)[0]


def bytes_of(arrays: Sequence[NDArray[np.generic]]) -> list[bytes]:
    return [array.tobytes() for array in arrays]


def test_a_title_leads_to_the_tracks_of_playlists_that_bear_it() -> None:
    model = fitted(halves("rock night", "jazz evening"))
    assert set(best(model, "rock night")) == ROCK
    assert set(best(model, "jazz evening")) == JAZZ


def test_one_known_word_is_enough() -> None:
    model = fitted(halves("rock night", "jazz evening"))
    assert set(best(model, "my old jazz")) == JAZZ


@pytest.mark.parametrize("title", ["Rockin'", "nights", "roock", "ROCKNIGHT", "r̈öck"])
def test_plurals_compounds_accents_and_typing_errors_are_found_by_their_parts(title: str) -> None:
    assert set(best(fitted(halves("rock night", "jazz evening")), title)) == ROCK


@pytest.mark.parametrize(("first", "second", "asked"), [
    ("🔥", "🌊", "🔥"),
    ("🔥🔥🔥", "🌊🌊", "so 🔥"),
    ("👍🏽", "👎🏽", "👍"),
    ("❤️", "💔", "❤"),
    ("♪ ♫", "☀", "♫"),
    ("русский рок", "вечерний джаз", "РОК"),
    ("华语摇滚精选", "爵士之夜", "摇滚"),
    ("ロック", "ジャズ", "ロック!"),
    ("हिन्दी गाने", "शाम", "गाने हिन्दी"),
    ("روك عربي", "جاز", "رُوك"),
    ("𝓡𝓸𝓬𝓴", "𝔍𝔞𝔷𝔷", "rock"),
])  # fmt: skip
def test_emoji_and_every_script_are_read(first: str, second: str, asked: str) -> None:
    assert set(best(fitted(halves(first, second)), asked)) == ROCK
    assert set(best(fitted(halves(second, first)), asked)) == JAZZ


@pytest.mark.parametrize("title", ["", "  ", "?!", "qqqq", "🎺", "\ud83d"])
def test_a_title_of_which_nothing_is_known_gives_nothing(title: str) -> None:
    model = fitted(halves("rock night", "jazz evening"))
    items, scores = model.recommend([title, "rock"], Ragged.empty(2), 3)
    assert items[0].tolist() == [-1] * 3
    assert scores[0].tolist() == [-np.inf] * 3
    assert (items[1] >= 0).all()
    assert np.isnan(model.score([title], Ragged.of([[0, 7]]))).all()


NAMES = [None, "The Blue Notes", None, "Night", "Ночь", None, "Zu", "Blue Notes Trio"]


@pytest.mark.parametrize(("title", "item"), [
    ("The Blue Notes", 1),
    ("best of the blue notes", 1),
    ("blue notes", 1),
    ("🎷 BLUE NOTES 🎷", 1),
    ("blue notes trio", 7),
    ("zu", 6),
])  # fmt: skip
def test_an_artist_whom_the_title_names_comes_first(title: str, item: int) -> None:
    assert best(fitted(halves("rock night", "jazz evening", NAMES)), title)[0] == item


def test_the_article_alone_names_nobody() -> None:
    assert best(fitted(halves("rock night", "jazz evening", ["The The"])), "the") == []


def test_an_artists_favourite_track_comes_before_the_others() -> None:
    rows = [[0, 1, 2, 3], [0, 1, 2], [0, 1], [0, 3]]
    data = world(["rock", "pop", "jazz", "blues"], rows, ["Band"])
    by_band = Vocabulary(data.items.ids, data.items.numbers, np.zeros(4, np.int32), data.items.artist_names)
    data = Dataset(by_band, playlists=data.playlists)
    assert best(fitted(data), "Band") == [0, 1, 2, 3]


def test_an_artist_whom_few_rows_have_is_not_taken_for_named() -> None:
    data = halves("rock night", "jazz evening", NAMES)
    assert best(fitted(data, SMALL.model_copy(update={"name_rows": 6})), "zu") == []


def test_without_a_bonus_names_count_as_words_alone() -> None:
    named, without = halves("rock night", "jazz evening", NAMES), halves("rock night", "jazz evening")
    config = SMALL.model_copy(update={"bonus": 0.0})
    assert best(fitted(named, config), "zu night") == best(fitted(without), "zu night")


def test_what_is_excluded_never_comes_back() -> None:
    model = fitted(halves("rock night", "jazz evening", NAMES))
    items, _ = model.recommend(["blue notes", "rock", "qqqq"], Ragged.of([[1], [0, 2, 4], []]), 12)
    ranked = places(items)
    assert [len(row) for row in ranked] == [11, 9, 0]
    assert 1 not in ranked[0]
    assert not {0, 2, 4} & set(ranked[1])


def test_chosen_items_are_scored_as_they_are_ranked() -> None:
    model = fitted(halves("rock night", "jazz evening", NAMES))
    titles = ["blue notes at night", "jazz", "zu"]
    items, scores = model.recommend(titles, Ragged.empty(3), 12)
    assert (items >= 0).all()
    np.testing.assert_allclose(model.score(titles, Ragged.of(list(items))), scores.ravel(), rtol=1e-4, atol=1e-6)


def tfidf(titles: Sequence[str]) -> NDArray[np.float64]:
    """Words and n-grams of plain titles, each group of half the squared length (Salton & Buckley 1988)."""
    groups = [
        {title: set(title.split()) for title in titles},
        {title: {f" {title} "[a : a + n] for n in (3, 4, 5) for a in range(len(title) + 3 - n)} for title in titles},
    ]
    parts = []
    for group in groups:
        columns = sorted(set().union(*group.values()))
        has = np.array([[column in group[title] for column in columns] for title in titles], np.float64)
        weighted = has * (np.log((1 + len(titles)) / (1 + has.sum(axis=0))) + 1)
        parts.append(weighted / np.linalg.norm(weighted, axis=1, keepdims=True) / np.sqrt(2))
    return np.concatenate(parts, axis=1)


def test_equal_titles_are_merged_without_changing_the_ridge_regression_over_all_playlists() -> None:
    data = world(["rock", "Rock!", "jazz", "jazz rock", None], [[0, 1], [1, 2], [3, 4], [1, 4], [0, 4]])
    assert data.playlists is not None
    space = ImplicitALS(SMALL.als)
    space.fit(data, seed=3)
    lists = data.playlists
    targets = space.fold_in(Ragged(lists.offsets, lists.items, lists.weights))[:4].astype(np.float64)
    titles = ["rock", "rock", "jazz", "jazz rock"]
    encoded, mean = tfidf(titles), targets.mean(axis=0)
    kernel = encoded @ encoded.T
    fit = mean + kernel @ np.linalg.solve(kernel + SMALL.regularization * np.eye(4), targets - mean)
    scores = fitted(data).score(titles, Ragged.of([range(5)] * 4)).reshape(4, 5)
    np.testing.assert_allclose(scores, fit @ space.factors.T, rtol=1e-4, atol=1e-5)


def test_playlists_without_titles_or_tracks_teach_it_no_words() -> None:
    model = fitted(world(["rock", None, "jazz", "..."], [[0, 1], [2, 3], [], [1, 2]]))
    assert best(model, "rock")
    assert best(model, "jazz") == []


def test_listeners_shape_the_space_too() -> None:
    data = halves("rock night", "jazz evening")
    both = Dataset(data.items, listeners=interactions([{0: 1.0, 7: 2.0}, {3: 1.0, 9: 2.0}]), playlists=data.playlists)
    assert fitted(both).factors.tobytes() != fitted(data).factors.tobytes()


def test_no_more_titles_than_configured_are_learned_from_and_those_of_the_most_tracks() -> None:
    data = world(["rock", "jazz", "rock", "folk"], [[0, 1], [2, 3, 4], [0, 1], [5]])
    model = fitted(data, SMALL.model_copy(update={"most_titles": 2}))
    assert best(model, "rock")
    assert best(model, "jazz")
    assert best(model, "folk") == []


@pytest.mark.parametrize("data", [
    noise(1),
    world([None, None], [[0], [1]]),
    world(["!!", ""], [[0], [1]]),
    Dataset(vocabulary(3)),
], ids=["no playlists", "no titles", "no words", "nothing"])  # fmt: skip
def test_without_titles_it_is_not_ready(data: Dataset) -> None:
    with pytest.raises(NotReady, match="^title: the dataset has no playlists with titles"):
        TitleModel(SMALL).fit(data, seed=0)


def test_the_same_seed_learns_the_same_bytes() -> None:
    data = halves("rock night", "jazz evening", NAMES)
    first, second, other = (fitted(data, seed=seed).state() for seed in (3, 3, 4))
    assert list(first) == list(TitleModel.learned)
    assert bytes_of(list(first.values())) == bytes_of(list(second.values()))
    assert bytes_of(list(first.values())) != bytes_of(list(other.values()))


def test_arrays_on_disk_are_the_whole_state(tmp_path: Path) -> None:
    model = fitted(halves("rock night", "jazz evening", NAMES))
    for name, array in model.state().items():
        np.save(tmp_path / name, array, allow_pickle=False)
    loaded = TitleModel(SMALL)
    loaded.restore({name: np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in TitleModel.learned})
    titles = ["blue notes", "rock 🔥", "nothing", "qqqq"]
    exclude = Ragged.of([[0], [1], [], []])
    for parallel in (False, True):
        before, after = (one.recommend(titles, exclude, 9, parallel=parallel) for one in (model, loaded))
        assert bytes_of(before) == bytes_of(after)
    chosen = Ragged.of([[0, 7]] * 4)
    assert model.score(titles, chosen).tobytes() == loaded.score(titles, chosen).tobytes()
    assert set(vars(loaded)) == {"config", *TitleModel.learned}


def test_serial_and_parallel_agree_to_the_byte() -> None:
    model = fitted(halves("rock night", "jazz evening", NAMES))
    titles = ["rock", "jazz night", "qqqq", "zu"] * 50
    serial, parallel = (model.recommend(titles, Ragged.empty(200), 7, parallel=way) for way in (False, True))
    assert bytes_of(serial) == bytes_of(parallel)


def test_no_titles_give_no_lists() -> None:
    items, scores = fitted(halves("rock", "jazz")).recommend([], Ragged.empty(0), 5)
    assert items.shape == scores.shape == (0, 5)


def test_nothing_learned_is_as_long_as_the_playlists_nor_holds_a_title() -> None:
    rows = [[row % 5, 5 + row % 2] for row in range(53)]
    model = fitted(world(["secret diary", "rock"] * 26 + ["rock"], rows))
    for array in model.state().values():
        assert 53 not in array.shape
        assert b"secret" not in array.tobytes()


def test_the_dataset_is_not_changed() -> None:
    data = halves("rock night", "jazz evening", NAMES)
    assert data.playlists is not None
    arrays = [data.playlists.offsets, data.playlists.items, data.playlists.weights, data.items.artists]
    before = [array.copy() for array in arrays]
    fitted(data)
    for array, was in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, was)


def test_a_config_refuses_unknown_keys() -> None:
    for wrong in ({"no_such_key": 1}, {"als": {"no_such_key": 1}}):
        with pytest.raises(ValidationError, match="no_such_key"):
            TitleConfig.model_validate(wrong)


def test_configs_round_trip_through_json() -> None:
    for config in (TitleConfig(), SMALL):
        assert TitleConfig.model_validate_json(config.model_dump_json()) == config


def test_several_ways_to_say_one_thing_lead_to_their_mean() -> None:
    model = fitted(halves("rock night", "jazz evening"))
    every = Ragged.of([list(range(12))])
    rock, jazz, both = (model.score([title], every) for title in ("rock", "jazz", ("rock", "jazz")))
    np.testing.assert_allclose(both, (rock + jazz) / 2, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.score([("rock", "qqqq")], every), rock, rtol=1e-5)
    assert np.isnan(model.score([("qqqq", "?"), ()], Ragged.of([[0], [0]]))).all()


def test_a_word_is_known_if_some_title_has_it() -> None:
    model = fitted(halves("rock night", "jazz evening"))
    assert model.knows(["rock", "jaz", "evening", "q"]).tolist() == [True, False, True, False]


def test_a_word_is_usual_if_so_many_titles_have_it() -> None:
    model = fitted(halves("rock night", "jazz evening"))
    assert model.knows(["rock", "rock", "q"], 6).tolist() == [True, True, False]
    assert model.knows(["rock", "jazz"], 7).tolist() == [False, False]


def test_items_lie_on_the_side_of_some_titles_and_away_from_others() -> None:
    model = fitted(halves("rock night", "jazz night"))
    apart = model.apart(["rock"], ["jazz"])
    assert apart is not None
    assert apart[:6].min() > 0 > apart[6:].max()
    np.testing.assert_allclose(model.apart(["jazz"], ["rock"]), -apart, atol=1e-6)
    alone = model.apart(["rock"], [])
    assert alone is not None and alone[:6].min() > alone[6:].max()


def test_of_titles_that_nobody_uses_there_are_no_sides() -> None:
    model = fitted(halves("rock night", "jazz night"))
    assert model.apart(["qqqq"], ["jazz"]) is None
    assert model.apart(["rock"], ["qqqq"]) is None
