# SPDX-License-Identifier: Apache-2.0
"""What every index promises, whatever its kind. Vectors have length 1, so that each is nearest to itself."""

from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.errors import BadInput
from segue.index.config import IndexConfig, Kind
from segue.index.index import Index, build, load
from segue.index.measured import recall
from segue.jobs.bench.vectors import clustered
from segue.kernels.products import best_products
from segue.kernels.ragged import Ragged

VECTORS, FACTORS, QUERIES, NEIGHBOURS = 2000, 18, 200, 40
FLOOR, WHEN_CHANGED = 0.9, 0.8


@cache
def vectors() -> NDArray[np.float32]:
    made = clustered(VECTORS, FACTORS, 0).vectors
    return made / np.linalg.norm(made, axis=1, keepdims=True)


@cache
def queries() -> NDArray[np.float32]:
    return clustered(VECTORS, FACTORS, QUERIES).queries


@cache
def _built(kind: Kind) -> Index:
    return build(vectors(), queries(), IndexConfig(kind=kind, neighbours=NEIGHBOURS, floor=FLOOR), seed=1)


def numbers(*given: int) -> NDArray[np.int32]:
    return np.array(given, np.int32)


class IndexContract:
    """A test class of a kind inherits this."""

    kind: ClassVar[Kind]

    def built(self) -> Index:
        """Return an index that no test changes."""
        return _built(self.kind)

    def fresh(self, share: float = 1.0) -> Index:
        """Return one of the same contents that may be changed."""
        built = self.built()
        config = built.config.model_copy(update={"rebuild_share": share, "floor": WHEN_CHANGED})
        return Index(config, built._contents, queries(), 1)

    def test_a_vector_finds_itself_first(self) -> None:
        found, scores = self.built().search(vectors(), Ragged.empty(VECTORS), 1)
        assert (found[:, 0] == np.arange(VECTORS)).mean() >= (1 if self.kind in ("exact", "flat") else FLOOR)
        np.testing.assert_allclose(scores, 1, atol=0.2)

    def test_it_finds_what_it_says_and_its_scores_are_exact(self) -> None:
        index = self.built()
        true, _ = best_products(queries(), vectors(), Ragged.empty(QUERIES), NEIGHBOURS)
        for parallel in (False, True):
            found, scores = index.search(queries(), Ragged.empty(QUERIES), NEIGHBOURS, parallel=parallel)
            assert recall(found, true) >= FLOOR
            np.testing.assert_allclose(scores, np.einsum("qf,qkf->qk", queries(), vectors()[found]), atol=1e-5)
            assert (np.diff(scores, axis=1) <= 0).all()
            assert all(len(np.unique(row)) == NEIGHBOURS for row in found)
        assert index.measured.recall >= index.measured.floor == FLOOR
        assert index.measured.kind == self.kind

    def test_what_is_excluded_is_made_up_for(self) -> None:
        """Each query excludes its very nearest, and one nearly all."""
        nearest, _ = best_products(queries(), vectors(), Ragged.empty(QUERIES), 60)
        rows = [row[: 10 + place % 50] for place, row in enumerate(nearest)]
        rows[3] = np.arange(5, VECTORS)
        exclude = Ragged.of(rows)
        true, _ = best_products(queries(), vectors(), exclude, NEIGHBOURS)
        found, _ = self.built().search(queries(), exclude, NEIGHBOURS)
        assert not any(np.isin(row, without).any() for row, without in zip(found, rows, strict=True))
        assert found[3].tolist() == true[3].tolist()
        assert (np.delete(found, 3, axis=0) >= 0).all()
        assert recall(found, true) >= FLOOR - 0.05

    def test_more_than_was_measured_is_answered_exactly(self) -> None:
        some = queries()[:5]
        expected = best_products(some, vectors(), Ragged.empty(5), NEIGHBOURS + 1)
        found = self.built().search(some, Ragged.empty(5), NEIGHBOURS + 1)
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_array_equal(found[1], expected[1])

    def test_only_those_are_answered_who_ask(self) -> None:
        asked = np.arange(QUERIES) % 3 == 0
        found, scores = self.built().search(queries(), Ragged.empty(QUERIES), 5, asked=asked)
        assert (found[~asked] == -1).all() and (scores[~asked] == -np.inf).all()
        np.testing.assert_array_equal(found[asked], self.built().search(queries()[asked], Ragged.empty(67), 5)[0])
        assert self.built().search(queries(), Ragged.empty(QUERIES), 5, asked=asked & False)[0].max() == -1

    def test_what_is_added_is_found_and_what_is_removed_is_not(self) -> None:
        index = self.fresh()
        other = -vectors()[:3]
        index.add(numbers(5000, 4000, 7), other)
        assert len(index) == VECTORS + 2
        found, _ = index.search(other, Ragged.empty(3), 1)
        assert found.tolist() == [[5000], [4000], [7]]
        assert 7 not in index.search(vectors()[7:8], Ragged.empty(1), NEIGHBOURS)[0]  # it is another now
        assert index.search(other, Ragged.of([[5000], [4000], [7]]), 1)[0].ravel().tolist() != [5000, 4000, 7]
        index.remove(numbers(5000, 0, 1, 9999))
        assert len(index) == VECTORS - 1
        everything, _ = index.search(np.concatenate([other, vectors()[:2]]), Ragged.empty(5), NEIGHBOURS)
        assert not np.isin(everything, [5000, 0, 1]).any()
        assert (everything >= 0).all()

    def test_a_build_anew_changes_no_answer_beyond_its_recall(self) -> None:
        index = self.fresh()
        index.remove(np.arange(0, 400, dtype=np.int32))
        index.add(np.arange(3000, 3100, dtype=np.int32), vectors()[:100])
        held = np.concatenate([vectors()[400:], vectors()[:100]])
        known = np.concatenate([np.arange(400, VECTORS), np.arange(3000, 3100)])
        true = known[best_products(queries(), held, Ragged.empty(QUERIES), NEIGHBOURS)[0]]
        before, _ = index.search(queries(), Ragged.empty(QUERIES), NEIGHBOURS)
        index.rebuild()
        after, _ = index.search(queries(), Ragged.empty(QUERIES), NEIGHBOURS)
        assert index.measured.vectors == len(index) == 1700
        assert recall(before, true) >= FLOOR - 0.05
        assert recall(after, true) >= WHEN_CHANGED - 0.05

    def test_it_is_built_anew_in_the_background_when_enough_has_changed(self) -> None:
        index = self.fresh(share=0.1)
        index.remove(np.arange(150, dtype=np.int32))
        assert index.rebuilding is None
        index.add(np.arange(3000, 3100, dtype=np.int32), vectors()[:100])
        assert index.rebuilding is not None
        index.remove(numbers(3000))  # while it is built
        index.rebuilding.result()
        assert index.measured.vectors in (1949, 1950)
        assert len(index) == 1949
        assert index.search(vectors()[:1], Ragged.empty(1), NEIGHBOURS)[0].min() >= 150
        assert 3000 not in index.search(vectors()[:1], Ragged.empty(1), NEIGHBOURS)[0]

    def test_searches_go_on_while_it_changes(self) -> None:
        """A reader asks all the time; what was removed before it asked never comes, what was added does."""
        index, stop = self.fresh(), Event()
        added, removed, wrong, answers = [0], [0], [], [0]

        def read() -> None:
            while not stop.is_set() or not answers[0]:
                came, left = added[0], removed[0]
                found, _ = index.search(vectors()[:200:50] * 2, Ragged.empty(4), NEIGHBOURS)
                answers[0] += 1
                if (found < left).any() or (came == 20 and 10_019 not in found[0]):
                    wrong.append(found)

        reader = Thread(target=read)
        reader.start()
        for step in range(20):
            index.add(numbers(10_000 + step), vectors()[:1] * np.float32(2 + step))
            added[0] = step + 1
            index.remove(numbers(*range(10 * step, 10 * step + 10)))
            removed[0] = 10 * step + 10
            if step == 10:
                index.rebuild()
        stop.set()
        reader.join()
        assert answers[0] and not wrong

    def test_loaded_from_a_file_it_answers_as_before(self, tmp_path: Path) -> None:
        told = self.built().save(tmp_path)
        mapped = np.load(self._saved(tmp_path), mmap_mode="r")
        loaded = load(tmp_path, mapped, told)
        assert loaded.measured == self.built().measured
        assert loaded.config == self.built().config
        nothing = Ragged.empty(QUERIES)
        for one, other in zip(
            loaded.search(queries(), nothing, 9), self.built().search(queries(), nothing, 9), strict=True
        ):
            np.testing.assert_array_equal(one, other)
        loaded.remove(numbers(1))
        with pytest.raises(BadInput, match="save that"):
            loaded.save(tmp_path)
        loaded.rebuild()
        assert len(loaded) == VECTORS - 1
        with pytest.raises(BadInput, match="save that"):  # its numbers are not those that it would be loaded beside
            loaded.save(tmp_path)

    def _saved(self, folder: Path) -> Path:
        np.save(folder / "vectors.npy", vectors())
        return folder / "vectors.npy"

    @settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.differing_executors])
    @given(
        steps=st.lists(
            st.tuples(st.booleans(), st.lists(st.integers(0, 2 * VECTORS), min_size=1, max_size=8)), max_size=8
        ),
        seed=st.integers(0, 2**32),
    )
    def test_after_any_changes_it_holds_what_it_should(self, steps: list[tuple[bool, list[int]]], seed: int) -> None:
        """All that is added lies beyond every other vector, so that it must be found."""
        rng = np.random.Generator(np.random.PCG64(seed))
        index = self.fresh()
        held = set(range(VECTORS))
        far: set[int] = set()
        for adds, given_numbers in steps:
            chosen = np.unique(np.array(given_numbers, np.int32))
            if adds:
                index.add(chosen, 5 + rng.random((len(chosen), FACTORS), np.float32))
                held |= set(chosen.tolist())
                far |= set(chosen.tolist())
            else:
                index.remove(chosen)
                held -= set(chosen.tolist())
                far -= set(chosen.tolist())
        assert len(index) == len(held)
        found, _ = index.search(np.ones((1, FACTORS), np.float32), Ragged.empty(1), 64)
        assert set(found[0].tolist()) <= held
        assert (far if len(far) <= 64 else set()) <= set(found[0].tolist())
