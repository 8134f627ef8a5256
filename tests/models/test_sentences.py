# SPDX-License-Identifier: Apache-2.0
import sys
from pathlib import Path

import numpy as np
import pytest

from segue.errors import BadInput, NotReady
from segue.models.sentences import Sentences

from .meanings import write

WORDS = {"rain": [3.0, 0.0, 0.0], "lluvia": [2.0, 0.0, 0.0], "sun": [0.0, 1.0, 0.0], "night": [0.0, 0.0, 5.0]}


@pytest.mark.parametrize("pooled", [False, True])
def test_texts_become_vectors_of_length_one(tmp_path: Path, pooled: bool) -> None:
    said = Sentences.load(write(tmp_path, WORDS, pooled=pooled)).embed(["rain", "lluvia", "sun"])
    np.testing.assert_allclose(said, [[1, 0, 0], [1, 0, 0], [0, 1, 0]], atol=1e-6)


def test_a_text_of_several_words_is_their_mean(tmp_path: Path) -> None:
    said = Sentences.load(write(tmp_path, {"a": [1.0, 0.0], "b": [0.0, 1.0]})).embed(["a b"])
    np.testing.assert_allclose(said, [[0.5**0.5, 0.5**0.5]], atol=1e-6)


def test_a_text_means_the_same_beside_a_longer_one(tmp_path: Path) -> None:
    sentences = Sentences.load(write(tmp_path, WORDS))
    alone = sentences.embed(["rain night"])
    np.testing.assert_allclose(sentences.embed(["rain night", "sun sun sun sun rain"])[:1], alone, atol=1e-6)


def test_more_texts_than_fit_a_batch_keep_their_order(tmp_path: Path) -> None:
    texts = [["rain", "sun", "night"][place % 3] for place in range(600)]
    said = Sentences.load(write(tmp_path, WORDS)).embed(texts)
    assert said.argmax(axis=1).tolist() == [place % 3 for place in range(600)]


def test_what_the_model_does_not_know_says_nothing(tmp_path: Path) -> None:
    assert not Sentences.load(write(tmp_path, WORDS)).embed(["qqqq", ""]).any()


def test_a_model_is_told_from_another_and_from_one_with_another_tokenizer(tmp_path: Path) -> None:
    first = Sentences.load(write(tmp_path / "a", WORDS)).checksum
    same = Sentences.load(write(tmp_path / "b", WORDS)).checksum
    other = Sentences.load(write(tmp_path / "c", {**WORDS, "night": [0.0, 0.0, 4.0]})).checksum
    renamed = Sentences.load(write(tmp_path / "d", {word[::-1]: vector for word, vector in WORDS.items()})).checksum
    assert len(first) == 32
    assert first.tobytes() == same.tobytes()
    assert len({checksum.tobytes() for checksum in (first, other, renamed)}) == 3


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"models\.words\.onnx names .*nothing\.onnx, and there is no such file"):
        Sentences.load(tmp_path / "nothing.onnx")


def test_a_model_without_its_tokenizer_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, WORDS)
    (tmp_path / "tokenizer.json").unlink()
    with pytest.raises(BadInput, match=r"meanings\.onnx needs its tokenizer .*tokenizer\.json"):
        Sentences.load(path)


@pytest.mark.parametrize("name", ["meanings.onnx", "tokenizer.json"])
def test_a_damaged_file_is_refused(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, WORDS)
    (tmp_path / name).write_bytes(b"no model")
    with pytest.raises(BadInput, match=r"meanings\.onnx or its tokenizer cannot be read"):
        Sentences.load(path)


@pytest.mark.parametrize("package", ["onnxruntime", "tokenizers"])
def test_a_package_that_is_missing_is_named_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    path = write(tmp_path, WORDS)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(NotReady, match=rf"{package} is not installed; run `pip install 'segue\[neural\]'`"):
        Sentences.load(path)
