# SPDX-License-Identifier: Apache-2.0
import sys
from collections.abc import Sequence

import numpy as np
import onnxruntime
import pytest
import torch
from pydantic import ValidationError

from segue.dataset.matrices import Dataset, Interactions
from segue.errors import NotReady
from segue.kernels.ragged import Ragged
from segue.models.sequence import SasRec, SasRecConfig

from .contract import ModelContract, fitted
from .worlds import checkerboard, histories, interactions, noise, random_histories, vocabulary

SMALL = SasRecConfig(
    hidden=16, layers=1, length=8, dropout=0.0, negatives=100, epochs=25, patience=None, rate=0.01, batch=64
)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class TestSasRec(ModelContract):
    kind = SasRec
    other_config = SMALL.model_copy(update={"epochs": 2, "layers": 2})
    additive = False

    def build(self) -> SasRec:
        return SasRec(SMALL)

    def test_the_other_items_of_the_listeners_own_colour_come_first(self) -> None:
        """Rows of the checkerboard go upwards, and so does what comes next: only the first items leave room for it."""
        data = checkerboard()
        all_of_it = histories(data)
        history = Ragged.of([all_of_it.row(row)[:2] for row in range(len(all_of_it))])
        items, _ = fitted(self.build(), data).recommend(history, history, 4)
        assert (items % 2 == np.arange(len(history))[:, None] % 2).all()


def of(*sessions: Sequence[int], items: int = 10) -> Dataset:
    """Build from sessions."""
    rows = Ragged.of(sessions)
    ids = vocabulary(len(sessions)).ids
    return Dataset(vocabulary(items), sessions=Interactions(ids, rows.offsets, rows.values, rows.weights))


def trained(data: Dataset, **changes: object) -> SasRec:
    model = fitted(SasRec(SasRecConfig.model_validate({**SMALL.model_dump(), **changes})), data)
    assert isinstance(model, SasRec)
    return model


def next_after(model: SasRec, *history: int) -> int:
    items, _ = model.recommend(Ragged.of([history]), Ragged.empty(1), 1)
    return int(items[0, 0])


@pytest.mark.parametrize("loss", ["softmax", "gbce"])
@pytest.mark.parametrize("negatives", [4, 100])
def test_a_cycle_is_continued(loss: str, negatives: int) -> None:
    cycles = [[(first + place) % 3 for place in range(9)] for first in range(3)]
    model = trained(of(*cycles * 5), loss=loss, negatives=negatives)
    assert [next_after(model, item) for item in (0, 1, 2)] == [1, 2, 0]
    assert [next_after(model, (item + 1) % 3, (item + 2) % 3, item) for item in (0, 1, 2)] == [1, 2, 0]


def test_the_same_items_in_another_order_are_followed_by_another_item() -> None:
    model = trained(of(*[[0, 1, 5], [1, 0, 6]] * 20))
    assert next_after(model, 0, 1) == 5
    assert next_after(model, 1, 0) == 6


def test_only_the_last_items_of_a_long_history_are_looked_at() -> None:
    model = trained(noise(4), length=3)
    history = Ragged.of([[9, 9, 9, 1, 2, 3], [4, 5, 1, 2, 3], [1, 2, 3], [1, 4, 3]])
    items, scores = model.recommend(history, Ragged.empty(4), 5)
    assert items[0].tolist() == items[1].tolist() == items[2].tolist()
    assert scores[0].tolist() == scores[1].tolist() == scores[2].tolist()
    assert scores[3].tolist() != scores[2].tolist()


def test_skipped_items_are_passed_over() -> None:
    model = trained(noise(4))
    history = Ragged.of([[1, 7, 2], [1, 2]], [[1, -1, 1], [1, 1]])
    _, scores = model.recommend(history, Ragged.empty(2), 5)
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-5)


def test_what_was_heard_may_come_again_unless_it_is_excluded() -> None:
    model = trained(of(*[[0, 1, 0, 1, 0, 1]] * 10))
    assert next_after(model, 0, 1) == 0
    items, _ = model.recommend(Ragged.of([[0, 1]]), Ragged.of([[0, 1]]), 10)
    assert set(items[0].tolist()) == {-1, *range(2, 10)}


def test_chosen_items_are_scored_as_they_are_ranked() -> None:
    model = trained(noise(4))
    history = random_histories(2, 9)
    items, scores = model.recommend(history, Ragged.empty(9), 5)
    scored = model.score(history, Ragged.of(np.maximum(items, 0))).reshape(9, 5)
    np.testing.assert_allclose(scored[items >= 0], scores[items >= 0], rtol=1e-4, atol=1e-5)
    assert np.isnan(scored[items < 0]).all()


def test_what_a_history_gets_does_not_depend_on_its_neighbours() -> None:
    model = trained(noise(4))
    history = random_histories(5, 300)
    _, together = model.recommend(history, Ragged.empty(300), 3)
    for row in (0, 7, 299):
        _, alone = model.recommend(history.take(np.array([row])), Ragged.empty(1), 3)
        np.testing.assert_allclose(alone[0], together[row], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layers", [1, 3])
def test_the_onnx_file_says_what_the_encoder_in_pytorch_says(layers: int) -> None:
    from segue.models.sequence_training import Encoder, export

    torch.manual_seed(1)
    encoder = Encoder(SMALL.model_copy(update={"layers": layers, "heads": 4})).eval()
    for weights in encoder.parameters():
        torch.nn.init.normal_(weights, std=0.3)
    session = onnxruntime.InferenceSession(export(encoder).tobytes(), providers=["CPUExecutionProvider"])
    rng = np.random.Generator(np.random.PCG64(1))
    for places in (1, 5, SMALL.length):
        embedded = rng.standard_normal((6, places, SMALL.hidden), np.float32)
        known = np.arange(places) >= rng.integers(0, places, (6, 1))
        with torch.no_grad():
            expected = encoder(torch.from_numpy(embedded), torch.from_numpy(known))[:, -1].numpy()
        (said,) = session.run(["said"], {"embedded": embedded, "known": known})
        np.testing.assert_allclose(said, expected, rtol=0, atol=1e-4)


def test_rows_of_any_length_are_cut_into_windows_that_tell_each_item_but_the_first_once() -> None:
    from segue.models.sequence_training import windows

    rng = np.random.Generator(np.random.PCG64(1))
    lengths = rng.integers(1, 30, 200)
    offsets = np.concatenate([[0], lengths.cumsum()])
    starts, counts = windows(offsets, 5, rng)
    assert counts.min() >= 1
    assert counts.max() == 5
    told = np.concatenate([np.arange(start, start + count) + 1 for start, count in zip(starts, counts, strict=True)])
    assert sorted(told.tolist()) == sorted(set(range(int(offsets[-1]))) - set(offsets[:-1].tolist()))


def test_training_stops_when_held_out_rows_are_told_no_better() -> None:
    changes = {"patience": 1, "held": 0.3, "epochs": 10_000}
    model = trained(checkerboard(), **changes)
    assert np.isfinite(model.embeddings).all()


def test_listeners_items_are_put_in_the_order_of_time() -> None:
    rows = [{0: 1.0, 1: 1.0, 2: 1.0}] * 20
    days = [{0: 1.0, 1: 3.0, 2: 2.0}] * 20
    data = Dataset(vocabulary(4), listeners=interactions(rows, days))
    model = trained(data, rows=("listeners",))
    assert next_after(model, 1) == 2
    assert next_after(model, 1, 2) == 0


def test_rows_of_one_item_tell_nothing() -> None:
    with pytest.raises(NotReady, match="two items"):
        SasRec(SMALL).fit(of([1], [2]), seed=0)


def test_training_leaves_pytorch_as_it_was() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    trained(of([0, 1], [1, 0]), epochs=1)
    assert torch.equal(torch.rand(3), expected)
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("absent", ["torch", "onnx"])
def test_without_the_extra_training_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch, absent: str) -> None:
    import segue.models

    monkeypatch.delitem(sys.modules, "segue.models.sequence_training", raising=False)
    monkeypatch.delattr(segue.models, "sequence_training", raising=False)
    monkeypatch.setitem(sys.modules, absent, None)
    with pytest.raises(NotReady, match=rf"{absent} .*pip install 'segue\[neural\]'"):
        SasRec(SMALL).fit(of([0, 1]), seed=0)


def test_without_the_extra_an_answer_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    model = trained(of([0, 1]), epochs=1)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(NotReady, match=r"onnxruntime .*pip install 'segue\[neural\]'"):
        model.recommend(Ragged.of([[0]]), Ragged.empty(1), 1)


def test_dimensions_that_the_heads_cannot_share_are_refused() -> None:
    with pytest.raises(ValidationError, match="multiple"):
        SasRecConfig(hidden=10, heads=4)
