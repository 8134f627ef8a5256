# SPDX-License-Identifier: Apache-2.0
"""What holds of listeners who are shown lists: what pleases them more and less, and how much of the new suits whom."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.errors import BadInput
from segue.simulate.response import Response, appetite, liking_of_exposure, respond
from segue.simulate.truth import match
from segue.simulate.world import World, WorldConfig, simulate

CONFIG = WorldConfig(seed=3, listeners=2_000, tracks=2_000, weeks=2)
LENGTH = 30


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(CONFIG)


@pytest.fixture(scope="module")
def everyone() -> NDArray[np.intp]:
    return np.arange(CONFIG.listeners)


@pytest.fixture(scope="module")
def ranked(world: World, everyone: NDArray[np.intp]) -> NDArray[np.intp]:
    """All tracks of each listener, the best suited first."""
    return np.argsort(-world.truth.affinity(everyone, np.arange(CONFIG.tracks)), axis=1, kind="stable")


def never(tracks: NDArray[np.integer]) -> NDArray[np.float64]:
    return np.zeros(tracks.shape)


def shuffled(tracks: NDArray[np.intp], seed: int = 0) -> NDArray[np.intp]:
    return np.random.Generator(np.random.PCG64(seed)).permuted(tracks, axis=1)


def kept(response: Response) -> bool:
    """Whether all of a response is inside its bounds."""
    there = response.tracks >= 0
    inside = (response.played_ms >= 0) & (response.played_ms <= response.duration_ms)
    said = response.liked | response.disliked | response.saved | response.skipped | (response.replays > 0)
    contrary = (response.liked | response.saved | (response.replays > 0)) & (response.skipped | response.disliked)
    return bool(
        inside.all()
        and not (~there & (response.reached | (response.played_ms > 0))).any()
        and not (said & ~response.reached).any()
        and not contrary.any()
        and ((response.enjoyment >= 0) & (response.enjoyment <= 1)).all()
        and ((response.satisfaction >= 0) & (response.satisfaction <= 1)).all()
    )


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 6).flatmap(
        lambda slots: st.lists(
            st.tuples(st.integers(0, 1_999), st.lists(st.integers(0, 1_999), max_size=slots)), max_size=8
        ).map(lambda rows: (slots, rows))
    ),
    st.floats(0, 200),
    st.integers(0, 5),
)
def test_any_lists_have_answers_within_bounds(
    world: World, given_lists: tuple[int, list[tuple[int, list[int]]]], heard: float, turn: int
) -> None:
    slots, rows = given_lists
    listeners = np.array([listener for listener, _ in rows], np.intp)
    tracks = np.array([row + [-1] * (slots - len(row)) for _, row in rows], np.int32).reshape(len(rows), slots)
    response = respond(world, listeners, tracks, np.full(tracks.shape, heard), turn=turn)
    assert response.tracks.shape == response.reached.shape == tracks.shape
    assert kept(response)


def test_the_same_turn_has_the_same_answers_alone_and_in_company(
    world: World, everyone: NDArray[np.intp], ranked: NDArray[np.intp]
) -> None:
    tracks = shuffled(ranked[:, :200])[:, :LENGTH]
    whole = respond(world, everyone, tracks, never(tracks))
    rows = np.array([1_700, 3, 12])
    some = respond(world, rows, tracks[rows], never(tracks[rows]))
    for field in fields(Response):
        np.testing.assert_array_equal(getattr(some, field.name), getattr(whole, field.name)[rows])


def test_another_turn_is_another_luck_and_the_same_truth(
    world: World, everyone: NDArray[np.intp], ranked: NDArray[np.intp]
) -> None:
    tracks = ranked[:, 100 : 100 + LENGTH]
    first, second = (respond(world, everyone, tracks, never(tracks), turn=turn) for turn in (0, 1))
    assert (first.skipped != second.skipped).any()
    np.testing.assert_array_equal(first.enjoyment, second.enjoyment)


def test_arguments_are_left_as_they_were(world: World) -> None:
    listeners, tracks, hearings = np.array([4]), np.array([[3, 5, -1]]), np.array([[1.0, 2.0, 0.0]])
    respond(world, listeners, tracks, hearings)
    assert tracks.tolist() == [[3, 5, -1]]
    assert hearings.tolist() == [[1.0, 2.0, 0.0]]


def test_suits_is_affinity_listener_by_listener(world: World) -> None:
    listeners, tracks = np.array([5, 900, 5]), np.array([[1, 2, 3], [4, 4, 0], [9, 8, 7]])
    whole = world.truth.affinity(np.arange(CONFIG.listeners), np.arange(CONFIG.tracks))
    np.testing.assert_allclose(world.truth.suits(listeners, tracks), whole[listeners[:, None], tracks], rtol=1e-5)


def test_enjoyment_grows_with_the_match(world: World, everyone: NDArray[np.intp], ranked: NDArray[np.intp]) -> None:
    by_match = [
        respond(world, everyone, ranked[:, [at]], np.full((len(everyone), 1), 3.0)) for at in range(0, 2_000, 99)
    ]
    enjoyed = np.concatenate([answer.enjoyment for answer in by_match], axis=1)
    assert (np.diff(enjoyed, axis=1) <= 1e-6).all()
    assert match(np.float32(0.9)) > match(np.float32(0.5))


def test_better_lists_are_skipped_less_left_less_and_satisfy_more(
    world: World, everyone: NDArray[np.intp], ranked: NDArray[np.intp]
) -> None:
    answers = []
    for first in (0, 300, 900):
        tracks = shuffled(ranked[:, first : first + 60])[:, :LENGTH]
        answers.append(respond(world, everyone, tracks, np.where(np.arange(LENGTH) % 2, 4.0, 0.0) + never(tracks)))
    best, middle, worst = answers
    assert best.satisfaction.mean() > middle.satisfaction.mean() + 0.1 > worst.satisfaction.mean() + 0.2
    assert best.left.mean() < middle.left.mean() < worst.left.mean()
    shares = [answer.skipped.sum() / answer.reached.sum() for answer in answers]
    assert shares[0] < shares[1] < shares[2]
    assert best.liked.sum() > worst.liked.sum()
    assert best.saved.sum() > worst.saved.sum()
    assert best.replays.sum() > 2 * worst.replays.sum()
    assert 5 * best.disliked.sum() < worst.disliked.sum()


def test_what_is_liked_less_is_skipped_earlier(
    world: World, everyone: NDArray[np.intp], ranked: NDArray[np.intp]
) -> None:
    places = []
    for at in (30, 900):
        answer = respond(world, everyone, ranked[:, [at]], np.full((len(everyone), 1), 3.0))
        places.append((answer.played_ms / answer.duration_ms)[answer.skipped].mean())
    assert places[1] < 0.8 * places[0]


def test_exposure_first_raises_liking_then_wears_it_out() -> None:
    hearings = np.linspace(0, 60, 601)
    liking = liking_of_exposure(hearings)
    peak = int(np.argmax(liking))
    assert liking[0] == 0
    assert 2 < hearings[peak] < 6
    assert (np.diff(liking[: peak + 1]) > 0).all()
    assert (np.diff(liking[peak:]) <= 0).all()
    assert liking[-1] < liking[0]


def test_a_track_is_enjoyed_more_after_some_hearings_and_less_after_many(
    world: World, everyone: NDArray[np.intp], ranked: NDArray[np.intp]
) -> None:
    tracks = ranked[:, [60]]
    fresh, known, worn = (
        respond(world, everyone, tracks, np.full(tracks.shape, heard)).enjoyment[:, 0] for heard in (0.0, 4.0, 40.0)
    )
    assert (known > fresh).all()
    assert (worn < fresh).all()


def test_new_tracks_cost_effort_least_to_those_with_an_appetite(
    world: World, everyone: NDArray[np.intp], ranked: NDArray[np.intp]
) -> None:
    tracks = ranked[:, [60]]
    new, known = (
        0.5 - np.log(1 / respond(world, everyone, tracks, np.full(tracks.shape, heard)).enjoyment[:, 0] - 1) / 5
        for heard in (0.0, 4.0)
    )
    cost = known - liking_of_exposure(np.array(4.0)) - new
    wanted = appetite(world.truth)
    assert np.corrcoef(cost, wanted)[0, 1] < -0.9
    between = (wanted > 0.5) & (wanted < 0.56)  # as far from the new as from the known: what is left is the effort
    assert between.sum() > 20
    assert (cost[between] > 0.015).all()


def test_appetite_rises_with_exploration_and_differs(world: World) -> None:
    order = np.argsort(world.truth.exploration)
    wanted = appetite(world.truth)
    assert (np.diff(wanted[order]) >= 0).all()
    assert np.quantile(wanted, 0.1) < 0.35
    assert np.quantile(wanted, 0.9) > 0.8


def test_the_best_share_of_new_tracks_lies_inside_and_follows_the_appetite(
    world: World, everyone: NDArray[np.intp], ranked: NDArray[np.intp]
) -> None:
    """Equally well suited tracks, of which some are known; more of the new, from none to all."""
    wanted = appetite(world.truth)
    group = np.digitize(wanted, np.quantile(wanted, [0.1, 0.3, 0.7, 0.9]))
    shares = np.linspace(0, 1, 11)
    satisfied = np.stack([satisfaction_at(world, everyone, ranked, share) for share in shares])  # [shares, listeners]
    means = np.stack([satisfied[:, group == one].mean(axis=1) for one in range(5)])
    best = np.argmax(means, axis=1)
    assert (np.diff(best) >= 0).all()
    assert 0.1 <= shares[best[0]] <= 0.3
    assert 0.4 <= shares[best[2]] <= 0.6
    assert 0.7 <= shares[best[4]] <= 0.9
    for one in range(5):
        mine = satisfied[:, group == one]
        for end in (0, -1):
            gain = mine[best[one]] - mine[end]
            assert gain.mean() > 3 * gain.std() / len(gain) ** 0.5, (one, end)


def satisfaction_at(
    world: World, everyone: NDArray[np.intp], ranked: NDArray[np.intp], share: float
) -> NDArray[np.float64]:
    place = np.arange(LENGTH)
    new = np.floor((place + 1) * share + 1e-9) > np.floor(place * share + 1e-9)  # spread evenly
    answers = []
    for turn in range(6):
        tracks = shuffled(ranked[:, :100], turn)[:, :LENGTH]
        hearings = np.broadcast_to(np.where(new, 0.0, 4.0), tracks.shape)
        answers.append(respond(world, everyone, tracks, hearings, turn=turn).satisfaction)
    return np.asarray(np.mean(answers, axis=0))


def test_one_artist_too_often_in_a_row_tires(world: World) -> None:
    artist = world.tracks["artist_id"].to_numpy()
    most = max(set(artist), key=lambda one: (artist == one).sum())
    own, others = np.flatnonzero(artist == most)[:8], np.flatnonzero(artist != most)
    listeners = np.arange(500)
    last = np.full((500, 1), own[7])
    in_a_row = np.hstack([np.broadcast_to(own[:7], (500, 7)), last])
    apart = in_a_row.copy()
    apart[:, 6] = own[6]
    apart[:, 5] = nearest(world, own[5], others)
    answers = [respond(world, listeners, tracks, np.full(tracks.shape, 3.0)).enjoyment for tracks in (in_a_row, apart)]
    assert (answers[0][:, 7] < answers[1][:, 7]).all()
    np.testing.assert_array_equal(answers[0][:, 1], answers[1][:, 1])
    logits = np.log(1 / answers[0] - 1) - np.log(1 / answers[1] - 1)
    assert (logits[:, 7] > 0.1).all()


def nearest(world: World, track: int, others: NDArray[np.intp]) -> int:
    """The track of another artist that is nearest in energy and tempo."""
    energy, tempo = world.tracks["energy"].to_numpy(), np.log2(world.tracks["tempo_bpm"].to_numpy())
    return int(others[np.argmin(np.abs(energy[others] - energy[track]) + np.abs(tempo[others] - tempo[track]))])


def test_a_leap_in_energy_and_tempo_costs_a_little(world: World) -> None:
    energy, tempo = world.tracks["energy"].to_numpy(), np.log2(world.tracks["tempo_bpm"].to_numpy())
    track = int(np.argmax(energy))
    away = np.abs(energy - energy[track]) + np.abs(tempo - tempo[track])
    away[world.tracks["artist_id"].to_numpy() == world.tracks["artist_id"][track]] = np.nan
    listeners = np.arange(500)
    gentle, harsh = (
        respond(world, listeners, np.tile([before, track], (500, 1)), np.full((500, 2), 3.0))
        for before in (int(np.nanargmin(away)), int(np.nanargmax(away)))
    )
    assert (harsh.enjoyment[:, 1] < gentle.enjoyment[:, 1]).all()
    luck = [
        [
            respond(world, listeners, answer.tracks, np.full((500, 2), 3.0), turn=turn).skipped[:, 1].sum()
            for turn in range(9)
        ]
        for answer in (gentle, harsh)
    ]
    assert sum(luck[0]) < sum(luck[1]) < 1.5 * sum(luck[0])


def test_first_tracks_count_most(world: World, everyone: NDArray[np.intp], ranked: NDArray[np.intp]) -> None:
    good, bad = ranked[:, :15], ranked[:, 900:915]
    hearings = np.full((len(everyone), 30), 3.0)
    good_first = respond(world, everyone, np.hstack([good, bad]), hearings)
    bad_first = respond(world, everyone, np.hstack([bad, good]), hearings)
    assert good_first.satisfaction.mean() > bad_first.satisfaction.mean() + 0.1
    stayed = ~good_first.left & ~bad_first.left
    assert stayed.sum() > 100
    assert (good_first.satisfaction > bad_first.satisfaction + 0.05)[stayed].mean() > 0.9


def test_who_skips_two_of_the_first_three_may_leave(
    world: World, everyone: NDArray[np.intp], ranked: NDArray[np.intp]
) -> None:
    tracks = shuffled(ranked[:, :1_000])[:, :LENGTH]
    answer = respond(world, everyone, tracks, never(tracks))
    annoyed = answer.skipped[:, :3].sum(axis=1) >= 2
    gone = ~answer.reached[:, 3]
    assert not gone[~annoyed].any()
    assert 0.3 < gone[annoyed].mean() < 0.7
    assert (np.diff(answer.reached.astype(int), axis=1) <= 0).all()


def test_bots_play_half_a_minute_of_everything_and_are_not_satisfied_by_anything() -> None:
    world = simulate(WorldConfig(listeners=40, tracks=300, weeks=1, bot_share=0.5))
    tracks = np.arange(40 * 5).reshape(40, 5)
    answer = respond(world, np.arange(40), tracks, never(tracks))
    bots = world.truth.bot
    assert 5 < bots.sum() < 35
    assert (np.isnan(answer.satisfaction) == bots).all()
    assert (answer.played_ms[bots] <= 31_000).all()
    assert not (answer.skipped | answer.liked | answer.saved | answer.disliked)[bots].any()


@pytest.mark.parametrize(
    ("listeners", "tracks", "hearings", "message"),
    [
        ([5], [[1, 2]], [[0.0]], r"have the shapes \(1,\), \(1, 2\) and \(1, 1\); they must be"),
        ([5, 6], [[1]], [[0.0]], "they must be"),
        ([2_000], [[1]], [[0.0]], "listener 2000 is not of this world; it has 0 to 1999"),
        ([-1], [[1]], [[0.0]], "listener -1 is not of this world"),
        ([1], [[2_000]], [[0.0]], "track 2000 is not of this world; it has 0 to 1999, -1 ends a list"),
        ([1], [[-2]], [[0.0]], "track -2 is not of this world"),
        ([1, 1], [[1, 2], [-1, 2]], [[0.0, 0.0]] * 2, "list 1 goes on after a -1; move its tracks to the front"),
        ([1], [[1]], [[-0.5]], "hearings of -0.5 cannot be; give 0 or more"),
        ([1], [[1]], [[np.nan]], "hearings of nan cannot be"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    world: World, listeners: list[int], tracks: list[list[int]], hearings: list[list[float]], message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        respond(world, np.array(listeners), np.array(tracks), np.array(hearings))


def test_a_list_without_tracks_satisfies_nobody(world: World) -> None:
    answer = respond(world, np.array([3]), np.array([[-1, -1]]), np.zeros((1, 2)))
    assert answer.satisfaction.tolist() == [0]
    assert not answer.left.any()
