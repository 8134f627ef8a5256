# SPDX-License-Identifier: Apache-2.0
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.pipeline.trace import Trace
from segue.playlists.sequencing import Sequence
from tests.pipeline.rows import candidates, request, tracks_of

ANGLES = np.linspace(0, 1.5, 12)
VECTORS = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1).astype(np.float32)
INDEX = np.arange(12, dtype=np.int32)
"""Tracks lie on an arc, in the order of their numbers."""
OWN = np.arange(12, dtype=np.int32)
"""Each track has an artist of its own."""


def test_each_row_goes_along_from_its_best_track() -> None:
    given_rows = candidates([[0, 7, 3, 5], [], [11, 2, 9, 4]], [[9, 1, 1, 1], [], [9, 1, 1, 1]])
    left = Sequence(VECTORS, INDEX, OWN, 2)(request(3), given_rows, Trace())
    assert tracks_of(left) == [[0, 3, 5, 7], [], [11, 9, 4, 2]]


def test_an_artist_comes_back_only_behind_the_gap() -> None:
    artist = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5], np.int32)
    left = Sequence(VECTORS, INDEX, artist, 3)(request(1), candidates([list(range(12))]), Trace())
    artists = artist[left.track]
    assert all(len(set(artists[place : place + 4].tolist())) == 4 for place in range(9))


def test_features_count_by_their_weights() -> None:
    tempo = np.array([[100], [170], [105], [np.nan]] + [[0]] * 8, np.float32)
    same = np.zeros(12, np.int32)
    given_rows = candidates([[0, 1, 2]], [[3, 2, 1]])
    stage = Sequence(VECTORS[:1], same, OWN, 0, features=tempo, weights=np.array([0.01], np.float32))
    assert tracks_of(stage(request(1), given_rows, Trace())) == [[0, 2, 1]]
    assert tracks_of(Sequence(VECTORS[:1], same, OWN, 0)(request(1), given_rows, Trace())) == [[0, 1, 2]]


def test_a_long_row_is_put_in_order_by_hundreds() -> None:
    tracks = np.random.Generator(np.random.PCG64(2)).permutation(250)
    angles = np.linspace(0, 1.5, 250)
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    own = np.arange(250, dtype=np.int32)
    (left,) = tracks_of(Sequence(vectors, own, own, 1)(request(1), candidates([tracks.tolist()]), Trace()))
    for first in (0, 100, 200):
        assert left[first] == tracks[first]
        assert sorted(left[first : first + 100]) == sorted(tracks[first : first + 100].tolist())


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 11), max_size=12, unique=True), max_size=4), st.integers(0, 5))
def test_every_track_stays_in_its_row_with_its_score(rows: list[list[int]], gap: int) -> None:
    trace = Trace()
    given_rows = candidates(rows, [[track / 4 for track in row] for row in rows])
    index = np.where(INDEX < 9, INDEX, -1).astype(np.int32)
    left = Sequence(VECTORS, index, OWN % 3, gap)(request(len(rows)), given_rows, trace)
    assert [sorted(row) for row in tracks_of(left)] == [sorted(row) for row in rows]
    np.testing.assert_array_equal(left.score, left.track / 4)
    assert [row[0] for row in tracks_of(left) if row] == [max(row) for row in rows if row]
    assert not trace.drops
