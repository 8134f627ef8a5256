# SPDX-License-Identifier: Apache-2.0
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.kernels.ragged import Ragged, offsets_of
from segue.kernels.reasons import AGAIN, FOLLOWED, OFTEN, OUTSIDE, PLAYED, REPLAYED, Bounds, choose, holds

BOUNDS = Bounds(new_days=60, often=10, away_days=60, known=3, rare=0.34)
DAY, TRACKS, ARTISTS, GENRES = 1000, 12, 4, 5


def twin(
    lists: tuple[NDArray[np.int64], NDArray[np.int32]],
    history: Ragged,
    habits: tuple[NDArray[np.int32], NDArray[np.bool_], NDArray[np.int32], Ragged],
    tracks: tuple[NDArray[np.int32], NDArray[np.int32], Ragged],
    named: NDArray[np.int32],
) -> tuple[list[int], list[list[int]]]:
    """What the sentences say, one track at a time."""
    plays, replayed, away, follows = habits
    artist, released, genres = tracks
    of_track, of_named = [], []
    for row in range(len(history)):
        first, last = history.offsets[row], history.offsets[row + 1]
        heard = {int(history.values[h]): h for h in range(first, last)}
        played = Counter[int]()
        for track, h in heard.items():
            played[int(artist[track])] += int(plays[h])
        with_genres = [set(genres.row(track).tolist()) for track in heard if len(genres.row(track))]
        for at in range(lists[0][row], lists[0][row + 1]):
            track = int(lists[1][at])
            own, bits = int(artist[track]), 0
            new = 0 <= DAY - int(released[track]) <= 60
            bits += int(FOLLOWED) * (new and own in follows.row(row))
            bits += int(OFTEN) * (new and played[own] >= 10)
            if track in heard:
                h = heard[track]
                bits += int(AGAIN) * bool(history.weights[h] > 0 and plays[h] > 0 and away[h] > 60)
            mine = set(genres.row(track).tolist())
            shared = sum(len(mine & one) for one in with_genres)
            usual = len(with_genres) >= 3 and mine and track not in heard and not played[own]
            bits += int(OUTSIDE) * bool(usual and shared <= 0.34 * len(with_genres))
            of_track.append(bits)
            of_named.append([])
            for one in named[at].tolist():
                h = heard.get(one, -1)
                good = h >= 0 and history.weights[h] > 0 and plays[h] > 0
                of_named[-1].append((int(PLAYED) + int(REPLAYED) * bool(replayed[h])) if good else 0)
    return of_track, of_named


@given(seed=st.integers(0, 2**32))
def test_what_holds_is_what_the_sentences_say(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = 3
    heard = [rng.permutation(TRACKS)[: rng.integers(0, TRACKS)] for _ in range(rows)]
    history = Ragged.of(heard, [rng.choice([-1.0, 0.5, 2.0], len(one)) for one in heard])
    size = len(history.values)
    follows = Ragged.of([rng.permutation(ARTISTS + 2)[: rng.integers(0, 4)] for _ in range(rows)])
    habits = (
        rng.integers(0, 8, size).astype(np.int32),
        rng.random(size) < 0.5,
        rng.choice([-1, 0, 60, 61, 400], size).astype(np.int32),
        follows,
    )
    genres = Ragged.of([np.sort(rng.permutation(GENRES)[: rng.integers(0, 3)]) for _ in range(TRACKS)])
    released = rng.choice([DAY + 1, DAY, DAY - 60, DAY - 61, np.iinfo(np.int32).min], TRACKS).astype(np.int32)
    tracks = (rng.integers(0, ARTISTS, TRACKS).astype(np.int32), released, genres)
    shown = [rng.permutation(TRACKS)[: rng.integers(0, 6)] for _ in range(rows)]
    lists = (offsets_of(map(len, shown)), np.concatenate(shown).astype(np.int32))
    named = rng.integers(-1, TRACKS, (len(lists[1]), 2)).astype(np.int32)
    of_track, of_named = holds(lists, history, habits, tracks, named, DAY, BOUNDS)
    assert (of_track.tolist(), of_named.reshape(-1, 2).tolist()) == twin(lists, history, habits, tracks, named)


def chosen_by_hand(
    codes: NDArray[np.int8], first: NDArray[np.int32], second: NDArray[np.int32], worth: NDArray[np.float32]
) -> list[int]:
    """One list, a place after the other."""
    chosen: list[int] = []
    for at in range(len(codes)):
        values = {}
        for c in np.flatnonzero(codes[at] >= 0).tolist():
            mine = {int(first[at, c]), int(second[at, c])} - {-1}
            back = [
                (codes[p, chosen[p]], [t for t in (first[p, chosen[p]], second[p, chosen[p]]) if t in mine])
                for p in range(max(0, at - 30), at)
            ]
            value = float(worth[c])
            value -= 0.125 * sum(code == codes[at, c] for code, _ in back) + 0.5 * sum(len(same) for _, same in back)
            in_a_row = len(back) >= 3 and all(same for _, same in back[-3:])
            values[c] = (first[at, c] >= 0 and in_a_row, value)
        free = {c: value for c, (tired, value) in values.items() if not tired}
        tired = {c: value for c, (_, value) in values.items() if c not in free}
        best = max(free, key=lambda c: (free[c], -c), default=None)
        if tired and (best is None or (first[at, best] < 0 and worth[best] < 0)):
            best = max(tired, key=lambda c: (tired[c], -c))
        assert best is not None
        chosen.append(best)
    return chosen


@given(seed=st.integers(0, 2**32))
def test_choices_are_those_made_by_hand(seed: int) -> None:
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, 50, 3)
    n = int(lengths.sum())
    codes = np.where(rng.random((n, 4)) < 0.6, rng.integers(0, 3, (n, 4)), -1).astype(np.int8)
    codes[:, 3] = 3
    first, second = (rng.integers(-1, 3, (n, 4)).astype(np.int32) for _ in range(2))
    first[:, 3] = second[:, 3] = -1
    worth = np.array([4.0, 3.5, 3.0, rng.choice([-100.0, 3.25])], np.float32)
    offsets = offsets_of(lengths)
    made = choose(offsets, codes, first, second, worth, (0.125, 0.5))
    for row in range(3):
        part = slice(int(offsets[row]), int(offsets[row + 1]))
        assert made[part].tolist() == chosen_by_hand(codes[part], first[part], second[part], worth)


def test_a_track_is_named_a_fourth_time_in_a_row_where_there_is_nothing_else() -> None:
    codes = np.array([[0, 1]] * 6, np.int8)
    first = np.array([[7, -1]] * 6, np.int32)
    nothing = np.full((6, 2), -1, np.int32)
    generic, as_good = np.array([4, -100], np.float32), np.array([4, 1], np.float32)
    assert choose(np.array([0, 6]), codes, first, nothing, generic, (0.1, 0.0)).tolist() == [0] * 6
    assert choose(np.array([0, 6]), codes, first, nothing, as_good, (0.1, 0.0)).tolist() == [0, 0, 0, 1, 0, 0]
