# SPDX-License-Identifier: Apache-2.0
"""The model works in float32; against float64 its factors are within 0.2% of the longest item's."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

from segue.dataset.matrices import Dataset
from segue.kernels import products
from segue.kernels.beginnings import projected
from segue.kernels.ragged import Ragged
from segue.models.als import ImplicitALS, ImplicitALSConfig

from .contract import ModelContract, fitted
from .worlds import ITEMS, checkerboard, histories, interactions, noise, vocabulary

SMALL = ImplicitALSConfig(factors=6, alpha=3.0, regularization=0.5, frequency=0.3, iterations=5, solver="exact")
Dense = NDArray[np.float64]


class TestImplicitALS(ModelContract):
    kind = ImplicitALS
    other_config = SMALL
    tolerance = 1e-3

    def build(self) -> ImplicitALS:
        return ImplicitALS(ImplicitALSConfig(factors=2, alpha=5.0, regularization=2.0))


class TestImplicitALSInBlocks(ModelContract):
    kind = ImplicitALS
    other_config = SMALL
    tolerance = 1e-3

    def build(self) -> ImplicitALS:
        return ImplicitALS(ImplicitALSConfig(factors=20, alpha=5.0, regularization=9.0, solver="blocks", block=16))


class TestImplicitALSWithMoreFactorsThanItems(ModelContract):
    kind = ImplicitALS
    other_config = ImplicitALSConfig(factors=40, iterations=2)
    tolerance = 1e-3

    def build(self) -> ImplicitALS:
        return ImplicitALS(ImplicitALSConfig(factors=40, iterations=3))


class TestImplicitALSWithArtists(ModelContract):
    kind = ImplicitALS
    other_config = SMALL.model_copy(update={"artists": 2.0, "starts": 2})
    tolerance = 1e-3

    def build(self) -> ImplicitALS:
        return ImplicitALS(ImplicitALSConfig(factors=4, alpha=5.0, regularization=2.0, artists=0.7))


def half_step(weights: Dense, other: Dense, config: ImplicitALSConfig) -> Dense:
    """Solve every row of the dense problem (Hu, Koren, Volinsky 2008, equation 4)."""
    return np.stack(
        [
            np.linalg.solve(
                other.T @ ((1 + config.alpha * row)[:, None] * other) + damped * np.eye(config.factors),
                other.T @ ((1 + config.alpha * row) * (row > 0)),
            )
            for row, damped in zip(weights, regularization(weights, config), strict=True)
        ]
    )


def regularization(weights: Dense, config: ImplicitALSConfig) -> Dense:
    """λ of each row: its count to a power, scaled so that the mean over interactions is as configured."""
    counts = (weights > 0).sum(axis=1).astype(float)
    grown = counts**config.frequency
    return config.regularization * grown / ((grown * counts).sum() / counts.sum())


def loss(weights: Dense, rows: Dense, items: Dense, config: ImplicitALSConfig) -> float:
    error = (weights > 0) - rows @ items.T
    weighted = ((1 + config.alpha * weights) * error**2).sum()
    of_rows = (regularization(weights, config)[:, None] * rows**2).sum()
    return float(weighted + of_rows + (regularization(weights.T, config)[:, None] * items**2).sum())


@pytest.mark.parametrize("solver", ["conjugate", "blocks"])
def test_the_quicker_solvers_come_to_the_same_loss(solver: str) -> None:
    data = noise(23)
    weights = data.stacked().toarray().astype(np.float64)
    losses = []
    for config in (SMALL, SMALL.model_copy(update={"solver": solver})):
        config = config.model_copy(update={"factors": 24, "regularization": 5.0, "block": 16, "iterations": 12})
        model = fitted(ImplicitALS(config), data, 2)
        assert isinstance(model, ImplicitALS)
        rows = model.fold_in(histories(data)).astype(np.float64)
        losses.append(loss(weights, rows, model.factors.astype(np.float64), config))
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)


@pytest.mark.parametrize("frequency", [0.0, 0.4])
@pytest.mark.parametrize("seed", [0, 1])
def test_its_scores_are_those_of_a_plain_als_from_the_same_start(seed: int, frequency: float) -> None:
    config = SMALL.model_copy(update={"frequency": frequency})
    data = noise(20)
    weights = data.stacked().toarray().astype(np.float64)
    matrix = sp.csr_matrix((config.alpha * weights).astype(np.float32))
    sides = Ragged.of_matrix(matrix), Ragged.of_matrix(matrix.T.tocsr())
    start = projected(*sides, SMALL.factors, np.random.Generator(np.random.PCG64(seed)))
    items = start.astype(np.float64)
    for _ in range(config.iterations):
        rows = half_step(weights, items, config)
        items = half_step(weights.T, rows, config)
    expected = half_step(weights, items, config) @ items.T
    model = fitted(ImplicitALS(config), data, seed)
    assert isinstance(model, ImplicitALS)
    scores = model.fold_in(histories(data)) @ model.factors.T
    np.testing.assert_allclose(scores, expected, rtol=0, atol=2e-3 * np.abs(expected).max())


def test_every_sweep_lowers_the_weighted_loss() -> None:
    data = noise(21)
    weights = data.stacked().toarray().astype(np.float64)
    losses = []
    for iterations in range(1, 9):
        model = ImplicitALS(SMALL.model_copy(update={"iterations": iterations}))
        model.fit(data, seed=4)
        rows = model.fold_in(histories(data)).astype(np.float64)
        losses.append(loss(weights, rows, model.factors.astype(np.float64), SMALL))
    assert (np.diff(losses) < 0).all()


def test_a_folded_in_history_has_the_factors_that_training_would_give_it() -> None:
    data = noise(22)
    model = ImplicitALS(SMALL)
    model.fit(data, seed=4)
    expected = half_step(data.stacked().toarray().astype(np.float64), model.factors.astype(np.float64), SMALL)
    folded = model.fold_in(histories(data))
    np.testing.assert_allclose(folded, expected, rtol=0, atol=2e-3 * np.linalg.norm(expected, axis=1).max())


def test_what_was_skipped_is_passed_over_in_the_fold_in() -> None:
    model = ImplicitALS(SMALL)
    model.fit(checkerboard(), seed=1)
    folded = model.fold_in(Ragged.of([[0, 2, 5], [0, 2], [5]], [[1.0, 2.0, -1.0], [1.0, 2.0], [0.0]]))
    np.testing.assert_array_equal(folded[0], folded[1])
    assert not folded[2].any()


def test_another_seed_starts_elsewhere() -> None:
    states = [fitted(ImplicitALS(SMALL), checkerboard(), seed).state()["factors"].tobytes() for seed in (1, 2)]
    assert states[0] != states[1]


def test_long_batches_are_ranked_in_pieces_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    data = checkerboard()
    model = fitted(ImplicitALS(SMALL), data)
    history = histories(data)
    whole = model.recommend(history, history, 5)
    monkeypatch.setattr(products, "_QUERIES", 7)
    monkeypatch.setattr(products, "_SCORES", 7 * 16)
    pieces = model.recommend(history, history, 5)
    np.testing.assert_array_equal(pieces[0], whole[0])
    np.testing.assert_allclose(pieces[1], whole[1], rtol=1e-5)


def test_sessions_are_learned_from_when_asked_for() -> None:
    data = Dataset(vocabulary(4), sessions=interactions([{0: 1, 1: 1}, {2: 1, 3: 1}]))
    config = ImplicitALSConfig(rows=("sessions",), factors=2, alpha=40.0, regularization=0.01)
    model = fitted(ImplicitALS(config), data)
    items, _ = model.recommend(Ragged.of([[0], [3]]), Ragged.of([[0], [3]]), 1)
    assert items.ravel().tolist() == [1, 2]


def test_a_row_counts_its_artists_beside_its_items() -> None:
    """Against the same factorization of a dataset that has the artists as items."""
    data = noise(5)
    artists = data.items.artists
    matrix = data.stacked().toarray()
    together = np.stack([matrix[:, artists == artist].sum(axis=1) for artist in range(artists.max() + 1)], axis=1)
    joined = np.concatenate([matrix, 0.5 * np.sqrt(together)], axis=1).astype(np.float32)
    rows = [{int(item): float(row[item]) for item in np.flatnonzero(row)} for row in joined]
    ours = fitted(ImplicitALS(SMALL.model_copy(update={"artists": 0.5})), data)
    plain = fitted(ImplicitALS(SMALL), Dataset(vocabulary(joined.shape[1]), listeners=interactions(rows)))
    asked = Ragged.of([list(row) for row in rows], [list(row.values()) for row in rows])
    items = Ragged.of([list(range(ITEMS))] * len(rows))
    expected = plain.score(asked, items)
    got = ours.score(asked.keep(asked.values < ITEMS), items)
    np.testing.assert_allclose(got, expected, atol=1e-4 * np.abs(expected).max())
