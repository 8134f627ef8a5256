# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segue.errors import BadInput, BelowFloor
from segue.index.config import IndexConfig
from segue.index.index import build
from segue.kernels.products import best_products
from segue.kernels.ragged import Ragged

from .contract import IndexContract


class TestExact(IndexContract):
    kind = "exact"

    @settings(deadline=None, max_examples=40)
    @given(vectors=st.integers(1, 40), f=st.integers(1, 4), k=st.integers(1, 45), seed=st.integers(0, 2**32))
    def test_it_is_best_products_ties_and_all(self, vectors: int, f: int, k: int, seed: int) -> None:
        """Whole numbers, so that ties abound; some of the vectors are added later, and some come and go."""
        rng = np.random.Generator(np.random.PCG64(seed))
        whole = rng.integers(-2, 3, (vectors, f)).astype(np.float32)
        queries = rng.integers(-2, 3, (6, f)).astype(np.float32)
        exclude = Ragged.of([rng.permutation(vectors)[: rng.integers(0, vectors + 1)] for _ in range(6)])
        first = rng.random(vectors) < 0.5
        numbers = np.arange(vectors, dtype=np.int32)
        index = build(whole[first], queries, IndexConfig(rebuild_share=1.0), numbers=numbers[first])
        index.add(numbers, -whole)
        index.remove(numbers[first])
        index.add(numbers, whole)
        expected = best_products(queries, whole, exclude, k)
        found = index.search(queries, exclude, k)
        assert [one.tolist() for one in found] == [one.tolist() for one in expected]
        index.rebuild()
        assert [one.tolist() for one in index.search(queries, exclude, k)] == [one.tolist() for one in expected]


class TestFlat(IndexContract):
    kind = "flat"


class TestHnsw(IndexContract):
    kind = "hnsw"


class TestIvf(IndexContract):
    kind = "ivf"


class TestSq8(IndexContract):
    kind = "sq8"


class TestPq(IndexContract):
    kind = "pq"


class TestFastscan(IndexContract):
    kind = "fastscan"


def test_a_build_that_finds_too_little_is_refused_with_what_to_do() -> None:
    """Directions drawn evenly have no clusters: no share of the lists finds all."""
    rng = np.random.Generator(np.random.PCG64(1))
    vectors, queries = (rng.standard_normal((count, 24), np.float32) for count in (20_000, 100))
    strict = IndexConfig(kind="sq8", neighbours=50, floor=1.0)
    refused = r"sq8 index of 20,000 vectors finds 0\.\d+ of the 50 nearest, its floor is 1"
    with pytest.raises(BelowFloor, match=refused):
        build(vectors, queries, strict)
    index = build(vectors, queries, strict.model_copy(update={"floor": 0.0, "neighbours": 5}))
    index.config = strict
    index.remove(np.arange(3, dtype=np.int32))
    with pytest.raises(BelowFloor, match="19,997"):
        index.rebuild()
    assert index.measured.vectors == 20_000  # what there was goes on
    assert 0 not in index.search(vectors[:1], Ragged.empty(1), 5)[0]


def test_few_vectors_are_searched_exactly_and_many_by_lists() -> None:
    config = IndexConfig()
    assert config.kind_for(config.exact_below - 1) == "exact"
    assert config.kind_for(config.exact_below) == "sq8"
    assert IndexConfig(kind="hnsw").kind_for(999) == "exact"
    assert IndexConfig(kind="hnsw").kind_for(1000) == "hnsw"
    assert IndexConfig(kind="exact").kind_for(10**9) == "exact"


def test_a_config_survives_json() -> None:
    config = IndexConfig(kind="pq", exact_below=5, floor=0.5, neighbours=7, rebuild_share=0.2)
    assert IndexConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda index: index.add(np.array([7, 1, 7]), np.ones((3, 3), np.float32)), "number 7 is there 2 times"),
        (lambda index: index.add(np.array([-1]), np.ones((1, 3), np.float32)), "number -1 is below 0"),
        (lambda index: index.add(np.array([1]), np.ones((1, 4), np.float32)), r"shape \(1, 4\)"),
        (lambda index: index.add(np.array([9]), np.full((1, 3), np.nan, np.float32)), "vector of number 9"),
        (lambda index: build(np.ones((2, 3), np.float32), np.ones((2, 3), np.float32), index.config,
                             numbers=np.array([4, 2], np.int32)), "number 2 comes after 4"),
    ],
    ids=["twice", "below 0", "another shape", "not finite", "not ascending"],
)  # fmt: skip
def test_what_cannot_be_held_is_refused(wrong: Callable[..., None], told: str) -> None:
    index = build(np.ones((2, 3), np.float32), np.ones((2, 3), np.float32), IndexConfig())
    with pytest.raises(BadInput, match=told):
        wrong(index)


def test_an_index_may_begin_and_end_empty() -> None:
    nothing = np.zeros((0, 3), np.float32)
    index = build(nothing, nothing, IndexConfig())
    assert index.search(np.ones((1, 3), np.float32), Ragged.empty(1), 2)[0].tolist() == [[-1, -1]]
    index.add(np.array([4], np.int32), np.ones((1, 3), np.float32))
    if index.rebuilding is not None:
        index.rebuilding.result()
    assert index.search(np.ones((1, 3), np.float32), Ragged.empty(1), 2)[0].tolist() == [[4, -1]]
    index.remove(np.array([4], np.int32))
    assert index.search(np.ones((1, 3), np.float32), Ragged.empty(1), 2)[0].tolist() == [[-1, -1]]


def test_nothing_imports_faiss_before_an_index_needs_it() -> None:
    code = "import sys, segue.cli.app, segue.jobs.train, segue.registry.snapshot; sys.exit('faiss' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
