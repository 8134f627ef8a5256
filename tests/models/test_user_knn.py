# SPDX-License-Identifier: Apache-2.0
import numpy as np

from segue.dataset.matrices import Dataset
from segue.kernels.ragged import Ragged
from segue.models.user_knn import UserKnn, UserKnnConfig

from .contract import ModelContract, fitted
from .worlds import ITEMS, interactions, noise, vocabulary

PLAIN = UserKnnConfig(rarity=0.0, length=0.0, sharpness=1.0)


class TestUserKnn(ModelContract):
    kind = UserKnn
    other_config = UserKnnConfig(rows=("sessions",), neighbours=5, rarity=1.0, length=0.2)
    additive = False
    scores_items = False


def of(*rows: list[int], items: int = 10) -> Dataset:
    return Dataset(vocabulary(items), listeners=interactions([dict.fromkeys(row, 1.0) for row in rows]))


def asked(data: Dataset, config: UserKnnConfig, history: list[int], k: int = 3) -> list[tuple[int, float]]:
    seen = Ragged.of([history])
    items, scores = fitted(UserKnn(config), data).recommend(seen, seen, k)
    return [(item, score) for item, score in zip(items[0].tolist(), scores[0].tolist(), strict=True) if item >= 0]


def test_a_row_votes_by_what_it_shares() -> None:
    data = of([0, 1, 2], [0, 3], [0, 1, 2, 4], [5, 6])
    assert asked(data, PLAIN, [0, 1]) == [(2, 2.0), (4, 1.0), (3, 0.5)]


def test_likeness_counts_to_a_power() -> None:
    data = of([0, 1, 2], [0, 3])
    assert asked(data, PLAIN.model_copy(update={"sharpness": 2.0}), [0, 1]) == [(2, 1.0), (3, 0.25)]


def test_a_long_row_says_less() -> None:
    data = of([0, 2, 7, 8], [0, 3])
    assert asked(data, PLAIN.model_copy(update={"length": 0.5}), [0], 1) == [(3, 1.0)]


def test_sharing_a_rare_item_says_more() -> None:
    data = of([0, 2], [1, 3], [1, 4], [1, 5])
    assert asked(data, PLAIN, [0, 1], 1) == [(2, 1.0)], "equal votes go to the lower item"
    data = of([0, 5], [1, 2], [1, 3], [1, 4])
    assert asked(data, PLAIN.model_copy(update={"rarity": 1.0}), [0, 1], 1) == [(5, 1.0)]


def test_only_as_many_rows_vote_as_are_asked_for() -> None:
    data = of([0, 1, 2], [0, 3])
    assert asked(data, PLAIN.model_copy(update={"neighbours": 1}), [0, 1]) == [(2, 1.0)]


def test_whose_a_row_is_changes_nothing() -> None:
    data = noise(31)
    assert data.listeners is not None
    turned = Dataset(data.items, data.listeners.take(np.random.default_rng(1).permutation(len(data.listeners))))
    first, second = (fitted(UserKnn(), Dataset(one.items, one.listeners)).state() for one in (data, turned))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_a_row_of_one_item_is_not_kept() -> None:
    model = fitted(UserKnn(), of([4], [0, 1], [2]))
    assert isinstance(model, UserKnn)
    assert model.row_offsets.tolist() == [0, 2]
    assert asked(of([4]), PLAIN, [4], ITEMS) == []
