# SPDX-License-Identifier: Apache-2.0
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.models.sound import SOUND, Sound
from segue.pipeline.request import Request
from segue.pipeline.trace import Trace
from segue.playlists.arcs import arc
from segue.playlists.sequencing import STEPS, Sequence
from tests.pipeline.rows import candidates, request, tracks_of

ANGLES = np.linspace(0, 1.5, 12)
VECTORS = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1).astype(np.float32)
INDEX = np.arange(12, dtype=np.int32)
"""Tracks lie on an arc, in the order of their numbers."""
OWN = np.arange(12, dtype=np.int32)
"""Each track has an artist of its own."""


def sounding(**columns: NDArray[Any]) -> Sound:
    sound = Sound.unknown(12)
    for name, values in columns.items():
        sound.values[: len(values), SOUND.index(name)] = values
    return sound


def stage(artist: NDArray[np.int32] = OWN, gap: int = 0, **more: Any) -> Sequence:
    told: dict[str, Any] = {
        "vectors": VECTORS,
        "index": INDEX,
        "groups": artist[None],
        "gaps": np.array([gap], np.int32),
        "sound": Sound.unknown(12),
        "steps": STEPS,
        "arc": arc("flat"),
    }
    return Sequence(**{**told, **more})


def test_each_row_goes_along_by_small_steps() -> None:
    given_rows = candidates([[7, 0, 3, 5], [], [2, 11, 9, 4]])
    found = tracks_of(stage(gap=2, hook=0)(request(3), given_rows, Trace()))
    assert [sorted((row, row[::-1])) for row in found if row] == [
        [[0, 3, 5, 7], [7, 5, 3, 0]],
        [[2, 4, 9, 11], [11, 9, 4, 2]],
    ]
    assert found[1] == []


def test_a_row_begins_with_its_best() -> None:
    scores = np.random.default_rng(3).permutation(12).astype(float)
    (row,) = tracks_of(stage(hook=50)(request(1), candidates([list(range(12))], [scores.tolist()]), Trace()))
    assert sorted(scores[row[:3]]) == [9, 10, 11]


def test_an_artist_comes_back_only_behind_the_gap() -> None:
    artist = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5], np.int32)
    trace = Trace()
    left = stage(artist, 3)(request(1), candidates([list(range(12))]), trace)
    artists = artist[left.track]
    assert all(len(set(artists[place : place + 4].tolist())) == 4 for place in range(9))
    assert trace.relaxed["gap"].tolist() == [False]


def test_a_gap_that_cannot_be_kept_is_told() -> None:
    trace = Trace()
    stage(np.zeros(12, np.int32), 3)(request(2), candidates([[0, 1, 2], [3]]), trace)
    assert trace.relaxed["gap"].tolist() == [True, False]


def test_steps_of_tempo_are_small_across_an_octave() -> None:
    sound = sounding(tempo=np.log2([70, 139, 105, 71, 142], dtype=np.float32))
    same = np.zeros(12, np.int32)
    left = stage(vectors=VECTORS[:1], index=same, sound=sound)(request(1), candidates([[2, 0, 1, 3, 4]]), Trace())
    (row,) = tracks_of(left)
    assert row.index(2) in (0, 4)
    assert set(row) == {0, 1, 2, 3, 4}


def test_the_arc_of_the_request_goes_before_that_of_the_recipe() -> None:
    energies = np.array([0.1, 0.9, 0.5, 0.3, 0.7, 0.2, 0.8, 0.4, 0.6], np.float32)
    asked = request(3)
    rows = [list(range(9))] * 3
    arcs = np.stack([arc("wind-down"), np.full_like(arc("build"), np.nan), arc("flat")])
    asked = Request(**{**{name: getattr(asked, name) for name in Request.__slots__}, "arcs": arcs})
    made = stage(
        vectors=VECTORS[:1], index=np.zeros(12, np.int32), sound=sounding(energy=energies), arc=arc("build"), hook=0
    )
    found = [energies[row] for row in tracks_of(made(asked, candidates(rows), Trace()))]
    assert (np.diff(found[0]) < 0).all()
    assert (np.diff(found[1]) > 0).all()
    assert np.abs(np.diff(found[2])).sum() <= 0.81


def test_a_playlist_goes_on_close_to_its_last_track_and_away_from_its_artists() -> None:
    artist = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5], np.int32)
    given_rows = candidates([[8, 5, 1, 11]], [[1, 1, 1, 1]])
    going_on = stage(artist, 3, goes_on=True)
    assert tracks_of(going_on(request(1, seeds=[[0, 4]]), given_rows, Trace()))[0][2:] == [1, 5]
    close = stage(goes_on=True, hook=0)
    assert tracks_of(close(request(1, seeds=[[6, 0]]), given_rows, Trace())) == [[1, 5, 8, 11]]
    assert tracks_of(close(request(1, seeds=[[11]]), given_rows, Trace())) == [[11, 8, 5, 1]]


def test_a_long_row_is_put_in_order_in_parts_that_go_on_from_each_other() -> None:
    tracks = np.random.Generator(np.random.PCG64(2)).permutation(250)
    angles = np.linspace(0, 1.5, 250)
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    own = np.arange(250, dtype=np.int32)
    artist = own % 25
    made = stage(artist, 5, vectors=vectors, index=own, sound=Sound.unknown(250), together=100)
    (left,) = tracks_of(made(request(1), candidates([tracks.tolist()]), Trace()))
    for first in (0, 100, 200):
        assert sorted(left[first : first + 100]) == sorted(tracks[first : first + 100].tolist())
    artists = artist[left]
    assert all(len(set(artists[place : place + 6].tolist())) == 6 for place in range(245))


@pytest.mark.parametrize("parallel", [False, True])
@settings(deadline=None)
@given(
    rows=st.lists(st.lists(st.integers(0, 11), max_size=12, unique=True), max_size=4),
    gap=st.integers(0, 5),
    goes_on=st.booleans(),
)
def test_every_track_stays_in_its_row_with_its_score(
    parallel: bool, rows: list[list[int]], gap: int, goes_on: bool
) -> None:
    trace = Trace()
    given_rows = candidates(rows, [[track / 4 for track in row] for row in rows])
    index = np.where(INDEX < 9, INDEX, -1).astype(np.int32)
    made = stage((OWN % 3).astype(np.int32), gap, index=index, goes_on=goes_on, parallel=parallel)
    left = made(request(len(rows), seeds=[[1, 5]] * len(rows)), given_rows, trace)
    assert [sorted(row) for row in tracks_of(left)] == [sorted(row) for row in rows]
    np.testing.assert_array_equal(left.score, left.track / 4)
    assert not trace.drops
