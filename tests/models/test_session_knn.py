# SPDX-License-Identifier: Apache-2.0
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.dataset.matrices import Dataset, Interactions
from segue.errors import NotReady
from segue.kernels.ragged import Ragged
from segue.models.session_knn import SessionKnn, SessionKnnConfig

from .contract import ModelContract, fitted
from .worlds import checkerboard, noise, vocabulary

PLAIN = SessionKnnConfig(rarity=0.0, length=0.0, half_life=None, steps=0.0, sharpness=1.0)


class TestSessionKnn(ModelContract):
    kind = SessionKnn
    other_config = SessionKnnConfig(neighbours=20, window=3)
    additive = False
    scores_items = False

    def build(self) -> SessionKnn:
        return SessionKnn(SessionKnnConfig(half_life=None))


def of(*sessions: Sequence[int], items: int = 10) -> Dataset:
    """Build from sessions in order of time."""
    rows = Ragged.of(sessions)
    ids = vocabulary(len(sessions)).ids
    return Dataset(vocabulary(items), sessions=Interactions(ids, rows.offsets, rows.values, rows.weights))


def next_after(data: Dataset, config: SessionKnnConfig, *history: int, k: int = 3) -> list[int]:
    items, _ = fitted(SessionKnn(config), data).recommend(Ragged.of([history]), Ragged.empty(1), k)
    return [item for item in items[0].tolist() if item >= 0]


def test_without_sessions_it_is_not_ready() -> None:
    data = checkerboard()
    with pytest.raises(NotReady, match="session_knn"):
        SessionKnn().fit(Dataset(data.items, data.listeners, data.playlists), seed=0)


def test_what_stood_behind_the_shared_item_comes_before_what_stood_ahead_of_it() -> None:
    assert next_after(of([1, 2, 3]), PLAIN, 2)[:2] == [3, 1]


def test_what_stood_near_the_newest_shared_item_comes_first() -> None:
    assert next_after(of([1, 2, 3, 4]), PLAIN, 1) == [2, 3, 4]


def test_sessions_that_share_more_of_the_newest_items_vote_more() -> None:
    data = of([1, 5], [2, 6])
    assert next_after(data, PLAIN, 1, 2)[0] == 6
    assert next_after(data, PLAIN, 2, 1)[0] == 5


def test_a_rare_item_says_more_than_a_common_one() -> None:
    data = of([1, 5], [2, 6], [2, 7], [2, 8], [2, 9])
    rare = PLAIN.model_copy(update={"rarity": 2.0, "fade": 1000.0})
    assert next_after(data, rare, 1, 2)[0] == 5


def test_a_newer_session_says_more_where_age_counts() -> None:
    data = of([1, 5], [1, 6], [3, 4])
    assert next_after(data, PLAIN, 1)[0] == 5, "equal votes go to the lower item"
    assert next_after(data, PLAIN.model_copy(update={"half_life": 1.0}), 1)[0] == 6


def test_only_as_many_sessions_vote_as_are_asked_for() -> None:
    data = of([1, 5], [1, 2, 6], [1, 2, 7])
    assert 5 not in next_after(data, PLAIN.model_copy(update={"neighbours": 2}), 1, 2, k=9)
    assert 5 in next_after(data, PLAIN, 1, 2, k=9)


def test_the_steps_alone_are_a_markov_chain() -> None:
    data = of([1, 2], [1, 2], [1, 3])
    chain = PLAIN.model_copy(update={"steps": 1000.0, "window": 1})
    assert next_after(data, chain, 1)[:2] == [2, 3]
    model = fitted(SessionKnn(chain), data)
    assert isinstance(model, SessionKnn)
    inside = slice(model.step_offsets[1], model.step_offsets[2])
    assert model.step_items[inside].tolist() == [2, 3]
    assert model.step_shares[inside].tolist() == [1.0, 0.5]


def test_farther_places_of_the_window_count_less() -> None:
    model = fitted(SessionKnn(PLAIN.model_copy(update={"window": 3})), of([1, 2, 3, 4]))
    assert isinstance(model, SessionKnn)
    inside = slice(model.step_offsets[1], model.step_offsets[2])
    assert model.step_shares[inside] == pytest.approx([1, 1 / 2, 1 / 3])


def test_a_skipped_item_is_passed_over() -> None:
    model = fitted(SessionKnn(PLAIN), of([1, 5], [2, 6]))
    history = Ragged.of([[1, 2], [1]], [[1.0, -1.0], [1.0]])
    items, scores = model.recommend(history, Ragged.empty(2), 5)
    assert items[0].tolist() == items[1].tolist()
    assert scores[0].tolist() == scores[1].tolist()


def test_scores_agree_with_a_plain_reading_of_the_definition() -> None:
    """The twin: one session at hand, all neighbours, written as the kernel's docstring says."""
    data = noise(3)
    assert data.sessions is not None
    config = SessionKnnConfig(rarity=1.2, length=0.3, half_life=20.0, fade=2.0, reach=3.0, sharpness=1.5, steps=0.0)
    model = fitted(SessionKnn(config), data)
    sessions = [data.sessions.row(at).tolist() for at in range(len(data.sessions))]
    count = [sum(item in one for one in sessions) for item in range(len(data.items))]
    rarity = [math.log(len(sessions) / max(one, 1) + 1) ** config.rarity for one in count]
    history = [3, 8, 1, 14]
    totals: dict[int, float] = {}
    for at, session in enumerate(sessions):
        shared = [age for age, item in enumerate(reversed(history)) if item in session]
        if not shared:
            continue
        alike = sum(rarity[history[-1 - age]] * math.exp(-age / config.fade) for age in shared)
        vote = (alike * 2 ** (-(len(sessions) - at) / 20.0) / len(session) ** config.length) ** config.sharpness
        newest = session.index(history[-1 - shared[0]])
        for place, item in enumerate(session):
            distance = place - newest
            near = config.itself if distance == 0 else math.exp(-(abs(distance) - 1) / config.reach)
            totals[item] = totals.get(item, 0) + vote * rarity[item] * near * (config.before if distance < 0 else 1)
    best = max(totals.values())
    items, scores = model.recommend(Ragged.of([history]), Ragged.empty(1), 10)
    expected = sorted(totals, key=lambda item: (-totals[item], item))[:10]
    assert items[0].tolist() == expected
    np.testing.assert_allclose(scores[0], [totals[item] / best for item in expected], rtol=1e-4)


@given(seed=st.integers(0, 2**32))
def test_what_a_track_followed_is_what_it_followed_in_two_sessions_or_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sessions = [rng.integers(0, 8, rng.integers(2, 7)).tolist() for _ in range(30)]
    model = fitted(SessionKnn(PLAIN), of(*sessions, items=8))
    history, items = rng.permutation(8)[:4], np.arange(8)
    named = model.strongest(Ragged.of([history]), Ragged.of([items]), 4)
    last = [{item: place for place, item in enumerate(session)} for session in sessions]
    for item in items.tolist():
        times = {
            int(one): sum(one in at and item in at and at[item] > at[one] for at in last) for one in history.tolist()
        }
        most = max(times.values())
        good = {one for one, count in times.items() if count >= 2 and count >= most / 3}
        listed = [one for one in named[item].tolist() if one >= 0]
        assert set(listed) == good
        assert [times[one] for one in listed] == sorted((times[one] for one in listed), reverse=True)
