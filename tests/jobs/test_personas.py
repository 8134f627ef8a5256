# SPDX-License-Identifier: Apache-2.0
from segue.types import Purpose
from segue.workspace import Workspace
from tests.conftest import NOW

WHO = "sim:listener:000004"


def test_what_training_kept_is_what_the_log_says_as_of_then(world: Workspace) -> None:
    for who in world.listeners()[:5]:
        kept = world.personas.of(who, world.settings.personas)
        assert kept is not None
        assert (kept.snapshot, kept.measured_at) == (world.pointer().id, NOW.isoformat())
        assert kept.persona == world.persona(who) == world.persona(who, now=NOW)


def test_other_bounds_call_the_same_numbers_otherwise(world: Workspace) -> None:
    stricter = world.settings.personas.model_copy(update={"known_plays": 10**9})
    kept = world.personas.of(WHO, stricter)
    assert kept is not None
    assert kept.persona.rhythm == "new"


def test_a_persona_goes_with_a_withdrawn_consent_and_with_an_erasure(copy: Workspace) -> None:
    config, other = copy.settings.personas, "sim:listener:000005"
    assert [row["type"] for row in copy.export(WHO)].count("persona") == 1
    copy.consent(WHO, Purpose.PERSONALISE, False)
    copy.erase(other)
    assert copy.persona(WHO) is None
    assert [copy.personas.of(one, config) for one in (WHO, other)] == [None, None]
    assert copy.personas.of("sim:listener:000006", config) is not None
