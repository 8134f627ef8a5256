# SPDX-License-Identifier: Apache-2.0
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from segue.kernels.automaton import matches
from segue.kernels.ragged import offsets_of

A, B = ord("a"), ord("b")


def made(transitions: dict[tuple[int, int], int], states: int) -> NDArray[np.uint32]:
    """Steps of an automaton whose unnamed transitions lead to state 0; each state has a row of its own."""
    steps = np.zeros((states, 256), np.uint32)
    for (state, byte), to in transitions.items():
        steps[state, byte] = to
    return steps.ravel()


STEPS = made({(0, A): 1, (1, A): 1, (1, B): 2, (2, A): 1}, 3)
"""State 1: an "a" was read last; state 2: "ab"."""
ROWS = np.arange(3, dtype=np.uint32)
FOUND = np.array([-1, 4, 7], np.int32)


def run(texts: list[bytes], steps: NDArray[np.uint32] = STEPS, rows: NDArray[np.uint32] = ROWS) -> list[list[int]]:
    text = np.frombuffer(b"".join(texts), np.uint8)
    offsets, values = matches(text, offsets_of(map(len, texts)), steps, rows, FOUND)
    return [values[first:end].tolist() for first, end in pairwise(offsets.tolist())]


def twin(text: bytes) -> list[int]:
    state, met = 0, []
    for byte in text:
        state = int(STEPS[256 * state + byte])
        met += [int(FOUND[state])] if FOUND[state] >= 0 else []
    return met


def test_features_are_met_in_the_order_of_the_text() -> None:
    assert run([b"aab", b"", b"xbab", b"ba"]) == [[4, 4, 7], [], [4, 7], [4]]


def test_every_text_begins_anew() -> None:
    assert run([b"a", b"b"]) == [[4], []]


def test_no_texts_have_no_features() -> None:
    assert run([]) == []


def test_states_that_go_on_alike_may_share_a_row() -> None:
    shared = made({(0, A): 1, (1, A): 1, (1, B): 2}, 2)
    assert run([b"abab", b"aab"], shared, np.array([0, 1, 0], np.uint32)) == [[4, 7, 4, 7], [4, 4, 7]]


@given(st.lists(st.lists(st.sampled_from([A, B, 0, 255]), max_size=20).map(bytes), max_size=8))
def test_it_meets_what_a_walk_by_hand_does(texts: list[bytes]) -> None:
    assert run(texts) == [twin(text) for text in texts]
