# SPDX-License-Identifier: Apache-2.0
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from segue.privacy.consent import ConsentConfig, Ledger
from segue.types import Purpose

from .making import Log, opened

YES = {Purpose.PERSONALISE, Purpose.MEASURE, Purpose.INTEGRITY, Purpose.OPERATE}
"""What is allowed for a listener who has said nothing."""


@pytest.mark.parametrize("purpose", list(Purpose))
def test_who_has_said_nothing_allows_what_the_settings_allow(log: Log, purpose: Purpose) -> None:
    log.play("ann")
    assert log.plays(purpose) == ([1] if purpose in YES else [])
    assert log.door.ledger().allowed("ann", purpose) == (purpose in YES)


def test_the_defaults_are_settings(tmp_path: Path) -> None:
    with opened(tmp_path, ConsentConfig(personalise=False, research=True)) as log:
        log.play("ann", None)
        assert log.plays(Purpose.PERSONALISE) == [2], "a play of nobody needs nobody's consent"
        assert log.plays(Purpose.RESEARCH) == [1, 2]
    with pytest.raises(ValidationError):
        ConsentConfig.model_validate({"profit": True})


def test_a_withdrawal_stops_past_and_later_plays(log: Log) -> None:
    log.play("ann", "bob")
    log.consent("ann", False)
    log.play("ann", "bob")
    assert log.plays() == [2, 5]


def test_a_new_grant_restores_what_was_gathered_under_consent_and_not_what_came_between(log: Log) -> None:
    log.play("ann")
    log.consent("ann", False)
    log.play("ann")
    log.consent("ann", True)
    log.play("ann")
    assert log.plays() == [1, 5]


def test_a_grant_does_not_reach_back_to_before_it_where_the_default_is_no(log: Log) -> None:
    log.play("ann")
    log.consent("ann", True, Purpose.RESEARCH)
    log.play("ann", "bob")
    assert log.plays(Purpose.RESEARCH) == [3]


def test_each_purpose_has_a_consent_of_its_own(log: Log) -> None:
    log.play("ann")
    log.consent("ann", False, Purpose.MEASURE)
    assert log.plays(Purpose.MEASURE) == []
    assert log.plays(Purpose.PERSONALISE) == [1]
    state = log.door.ledger().state("ann")
    assert state == {purpose: purpose in YES - {Purpose.MEASURE} for purpose in Purpose}


def test_an_erasure_hides_all_that_came_before_and_nothing_after(log: Log) -> None:
    log.play("ann", "bob")
    erased = log.say("erasure", "ann")
    log.play("ann")
    assert log.plays() == [2, 4]
    assert log.plays(Purpose.OPERATE) == [2, 4], "for no purpose does it come back"
    ledger = log.door.ledger()
    assert (ledger.erased_at("ann"), ledger.erased_at("bob")) == (erased, 0)


def test_a_grant_after_an_erasure_brings_nothing_back(log: Log) -> None:
    log.consent("ann", True)
    log.play("ann")
    log.say("erasure", "ann")
    log.consent("ann", True)
    log.play("ann")
    assert log.plays() == [5]


def test_a_withdrawal_outlives_an_erasure(log: Log) -> None:
    log.consent("ann", False)
    log.say("erasure", "ann")
    log.play("ann")
    assert log.plays() == []
    assert not log.door.ledger().allowed("ann", Purpose.PERSONALISE)


def test_the_last_erasure_counts(log: Log) -> None:
    for _ in range(2):
        log.play("ann")
        log.say("erasure", "ann")
    log.play("ann")
    assert log.plays() == [5]


def test_nobodys_plays_are_never_withheld(log: Log) -> None:
    log.play(None)
    log.consent("ann", False, Purpose.RESEARCH)
    log.say("erasure", "ann")
    log.play(None)
    assert all(log.plays(purpose) == [1, 4] for purpose in Purpose)


def test_a_ledger_is_empty_before_anyone_speaks(log: Log) -> None:
    ledger = log.door.ledger()
    assert isinstance(ledger, Ledger)
    assert ledger.state("ann") == {purpose: purpose in YES for purpose in Purpose}


_acts = st.tuples(
    st.sampled_from(["play", "grant", "withdraw", "erasure"]),
    st.sampled_from(["ann", "bob"]),
    st.sampled_from([Purpose.PERSONALISE, Purpose.RESEARCH]),
)


@settings(max_examples=30)
@given(st.lists(_acts, max_size=12))
def test_what_may_be_read_follows_from_the_order_of_events(acts: list[tuple[str, str, Purpose]]) -> None:
    with TemporaryDirectory() as folder, opened(Path(folder)) as log:
        for act, listener, purpose in acts:
            if act == "play":
                log.play(listener)
            elif act == "erasure":
                log.say("erasure", listener)
            else:
                log.consent(listener, act == "grant", purpose)
        for purpose in (Purpose.PERSONALISE, Purpose.RESEARCH):
            assert log.plays(purpose) == _expected(acts, purpose)


def _expected(acts: list[tuple[str, str, Purpose]], purpose: Purpose) -> list[int]:
    """Walk through the acts as a person would: each listener's consent now, and what is kept under it."""
    consent = dict.fromkeys(["ann", "bob"], purpose in YES)
    kept: dict[str, list[int]] = {"ann": [], "bob": []}
    for position, (act, listener, about) in enumerate(acts, 1):
        if act == "play" and consent[listener]:
            kept[listener].append(position)
        elif act == "erasure":
            kept[listener].clear()
        elif act in ("grant", "withdraw") and about is purpose:
            consent[listener] = act == "grant"
    return sorted(position for listener, mine in kept.items() if consent[listener] for position in mine)
