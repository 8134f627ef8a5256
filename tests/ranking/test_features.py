# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from numpy.typing import NDArray

from segue.ranking.features import Tracks, features, names
from tests.pipeline.rows import candidates, request

NAN = float("nan")
# Tracks 0 to 5; artists of two tracks each.
TRACKS = Tracks(np.array([0, 0, 1, 1, 2, 2], np.int32), np.array([1, 0.5, 0.25, 0, 0.125, 0.5], np.float32),
                np.array([1.5, 0.25, 0.625], np.float32))  # fmt: skip


def known(
    tracks: list[list[int]], said: dict[str, list[float]], scores: list[list[float]], seeds: list[list[int]]
) -> dict[str, NDArray[np.float32]]:
    sources = tuple(said)
    made = features(request(len(tracks), seeds=seeds), candidates(tracks, scores, said), TRACKS, sources)
    assert made.dtype == np.float32
    return dict(zip(names(sources), made.T, strict=True))


def test_a_source_gives_its_score_its_share_and_its_place() -> None:
    made = known([[1, 2, 3]], {"knn:seeds": [2.0, 8.0, NAN]}, [[0.25, 1.0, 0.0]], [[0]])
    assert made["score knn:seeds"].tolist() == [2, 8, 0]
    assert made["share knn:seeds"].tolist() == [0.25, 1, 0]
    assert made["place knn:seeds"].tolist() == [1, 0, 500]


def test_the_artist_of_a_seed_is_counted() -> None:
    made = known([[1, 2, 4]], {"knn:seeds": [1.0, 1.0, 1.0]}, [[1.0, 1.0, 1.0]], [[0, 5, 4]])
    assert made["seeds of artist"].tolist() == [1, 0, 2]
    assert made["share of artist in seeds"].tolist() == pytest.approx([1 / 3, 0, 2 / 3])
    assert made["artists per seed"].tolist() == pytest.approx([2 / 3] * 3)
    assert made["candidates of seed artists"].tolist() == pytest.approx([2 / 3] * 3)


def test_an_artist_has_the_share_of_the_blend_that_their_tracks_have() -> None:
    made = known([[2, 3, 4]], {"knn:seeds": [1.0, 1.0, 1.0]}, [[0.5, 0.25, 0.25]], [[0]])
    assert made["artist share"].tolist() == [0.75, 0.75, 0.25]


def test_fame_is_measured_beside_the_seeds_and_within_the_artist() -> None:
    made = known([[1, 3]], {"knn:seeds": [1.0, 1.0]}, [[1.0, 1.0]], [[2, 4]])
    mean = np.log([0.25, 0.125]).mean()
    assert made["popularity"].tolist() == pytest.approx([np.log(0.5), np.log(1e-6)], rel=1e-5)
    assert made["beside seed popularity"].tolist() == pytest.approx([np.log(0.5) - mean, np.log(1e-6) - mean], rel=1e-5)
    assert made["least seed popularity"].tolist() == pytest.approx([np.log(0.125)] * 2, rel=1e-5)
    assert made["popularity in artist"][0] == pytest.approx(np.log(0.5 / 1.5), rel=1e-5)


def test_rows_do_not_know_of_one_another() -> None:
    said = {"knn:seeds": [4.0, 2.0, 1.0], "als:seeds": [NAN, 3.0, 1.0]}
    both = known([[1], [2, 4]], said, [[1.0], [1.0, 0.5]], [[0], [3, 3]])
    alone = known([[2, 4]], {key: values[1:] for key, values in said.items()}, [[1.0, 0.5]], [[3, 3]])
    for name, values in alone.items():
        np.testing.assert_array_equal(both[name][1:], values, name)


def test_a_request_without_seeds_is_no_error() -> None:
    made = known([[1]], {"knn:seeds": [1.0]}, [[1.0]], [[]])
    assert all(np.isfinite(values).all() for values in made.values())


def test_no_candidates_have_no_features() -> None:
    sources = ("knn:seeds",)
    made = features(request(2), candidates([[], []], None, {"knn:seeds": []}), TRACKS, sources)
    assert made.shape == (0, len(names(sources)))
