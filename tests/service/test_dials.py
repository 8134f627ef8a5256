# SPDX-License-Identifier: Apache-2.0
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from segue.errors import BadInput
from segue.events.schema import INTAKE, conform
from segue.features.dial import LEVELS, Dials
from segue.service.dials import KeptDials
from segue.types import Ask, Kind, Purpose, Slate
from segue.workspace import Workspace
from tests.conftest import NOW

SEED = "sim:track:000001"
WHO = "sim:listener:000001"
OTHER = "sim:listener:000002"
RADIO = Ask("r", Kind.RADIO, (SEED,), listener=WHO, limit=20, now=NOW)


def peaked(*listeners: tuple[str, float], everyone: float = 0.5) -> Dials:
    """Dials that are known nearly for sure."""
    best = np.array([*(best for _, best in listeners), everyone]) - 0.5
    mean = np.stack([0.5 - 2 * best**2, 4 * best, np.full(len(best), -2.0), np.zeros(len(best))], axis=1)
    names = np.array([name for name, _ in listeners], dtype=object)
    return Dials(names, mean, np.tile(1e-8 * np.eye(4), (len(best), 1, 1)))


@pytest.fixture
def dialled(copy: Workspace) -> Iterator[Workspace]:
    copy.dials.keep(peaked((WHO, 0.8), (OTHER, 0.2)))
    yield copy


def test_what_is_kept_is_read_again_and_forgotten_by_listener(tmp_path: Path) -> None:
    kept = KeptDials(tmp_path / "playlists" / "dials.parquet")
    assert kept() is None
    kept.keep(peaked(("a", 0.2), ("b", 0.7), everyone=0.4))
    read = KeptDials(kept.path)()
    assert read is not None
    assert read.best(["b", "a", "c", None]).tolist() == pytest.approx([0.7, 0.2, 0.4, 0.4])
    assert kept.told("c") is None
    assert (kept.told("b") or {})["best"] == 0.7
    kept.forget(["b"])
    assert kept.told("b") is None
    assert kept.told("a") is not None
    kept.keep(None)
    assert kept() is None


def test_a_radio_is_as_new_as_its_listener_likes_it_and_the_impression_says_so(dialled: Workspace) -> None:
    slate = dialled.answer(RADIO, request_id="mine")
    assert slate.dial == pytest.approx(0.8)
    assert slate.dial_propensity == 1
    shown = dialled.door.read(Purpose.OPERATE, ["request_id", "dial", "propensity", "propensities"])
    (row,) = shown.filter(request_id="mine").to_dicts()
    assert (row["dial"], row["propensity"]) == (pytest.approx(0.8), 1)
    assert row["propensities"] == [None] * len(slate.tracks)
    history = set(dialled.service.history(WHO, dialled.current(), NOW).values.tolist())
    tracks = dialled.current().catalog.numbers([one.track for one in slate.tracks])
    new = [track not in history for track in tracks.tolist()]
    assert np.mean(new) == pytest.approx(0.8, abs=0.06) or any("familiar" in note for note in slate.notes)


def test_a_dial_that_is_asked_for_always_wins(dialled: Workspace) -> None:
    slate = dialled.answer(replace(RADIO, dial=0.3))
    assert (slate.dial, slate.dial_propensity) == (pytest.approx(0.3), None)


def test_nobody_and_who_does_not_allow_it_has_no_dial(dialled: Workspace) -> None:
    assert dialled.answer(replace(RADIO, listener=None)).dial is None
    assert dialled.answer(replace(RADIO, listener="a stranger")).dial is None
    dialled.consent(WHO, Purpose.PERSONALISE, False)
    assert dialled.answer(RADIO).dial is None
    assert dialled.dials.told(WHO) is None


def test_an_answer_does_not_depend_on_what_it_was_asked_beside(dialled: Workspace) -> None:
    asks = [
        replace(RADIO, id=f"{place}", listener=who, dial=dial)  # type: ignore[arg-type]
        for place, (who, dial) in enumerate([(WHO, None), (OTHER, None), (None, None), (WHO, 0.5), (OTHER, "learned")])
    ]
    together = dialled.service.answer(asks).slates
    assert together == [dialled.service.answer([ask]).slates[0] for ask in asks]


def test_without_answered_lists_recipes_do_as_they_are_set_and_say_so_if_asked(world: Workspace) -> None:
    plain = world.service.answer([RADIO, replace(RADIO, dial="learned")]).slates
    assert isinstance(plain[0], Slate)
    assert isinstance(plain[1], Slate)
    assert plain[0].dial is plain[1].dial is None
    assert plain[0].tracks == plain[1].tracks
    assert any("no dial is learned yet" in note for note in plain[1].notes)


def test_a_weekly_stays_mostly_unheard_and_keeps_its_dial(dialled: Workspace) -> None:
    dialled.weekly(now=NOW)
    shown = dialled.door.read(Purpose.OPERATE, ["type", "listener", "recipe", "dial", "propensity"])
    weeklies = shown.filter(pl.col("type") == "impression", pl.col("recipe") == "weekly")
    assert weeklies.height > 10
    assert weeklies["dial"].min() >= 0.69  # type: ignore[operator]
    drawn = {row["listener"]: row["dial"] for row in weeklies.to_dicts()}
    assert drawn[WHO] == pytest.approx(0.8)
    assert drawn[OTHER] == pytest.approx(0.7)


def test_places_that_are_left_to_chance_are_written_down_with_their_chances_and_a_reason(copy: Workspace) -> None:
    (copy.home / "segue.toml").write_text("[recipes.radio]\nexplore = [4, 9]\nexplore_pool = 8\n")
    opened = Workspace.open(copy.home)
    slate = opened.answer(replace(RADIO, limit=12), request_id="mine")
    shown = opened.door.read(Purpose.OPERATE, ["request_id", "propensities", "reasons"]).filter(request_id="mine")
    chances = shown["propensities"].to_list()[0]
    assert [place for place, chance in enumerate(chances) if chance is not None] == [4, 9]
    for place in (4, 9):
        track = slate.tracks[place]
        assert track.propensity == pytest.approx(chances[place])
        assert 1 / 8 <= chances[place] < 1
        assert track.code == "explored"
        assert track.reason == f"Outside your usual: you have not played {track.artist} yet"
    assert Slate.from_json(slate.to_json()) == slate
    assert [place for place, one in enumerate(slate.to_json()["tracks"]) if "propensity" in one] == [4, 9]
    opened.sink.close()


@pytest.mark.parametrize("dial", ["mine", 1.5])
def test_a_dial_that_is_none_is_refused(world: Workspace, dial: object) -> None:
    with pytest.raises(BadInput, match="from 0 .all familiar. to 1 .all new., or 'learned'"):
        world.answer(replace(RADIO, dial=dial))  # type: ignore[arg-type]


def test_what_listeners_make_of_lists_is_learned_exported_and_erased(copy: Workspace) -> None:
    events = []
    for turn, level in enumerate(LEVELS.tolist()):
        for listener in (WHO, OTHER):
            dial, request, at = (level if listener == WHO else 1 - level), f"{listener} {turn}", NOW + timedelta(turn)
            slate = copy.answer(replace(RADIO, listener=listener, dial=dial, now=at), request_id=request)
            for place, one in enumerate(slate.tracks):
                answer = {"type": "play" if dial > 0.5 else "skip", "track": one.track, "request_id": request}
                about = {"played_ms": 90 if dial > 0.5 else 10, "duration_ms": 100, "listener": listener}
                when = {"occurred_at": at + timedelta(minutes=place + 1), "event_id": f"{request} {place}"}
                events.append(answer | about | when)
    copy.sink.append(conform(pl.DataFrame(events, schema={name: INTAKE[name] for name in events[0]})))
    later = NOW + timedelta(20)
    few = copy.settings.model_copy(update={"dial": copy.settings.dial.model_copy(update={"least_lists": 5})})
    opened = Workspace(copy.home, few)
    assert opened.learn_dials(now=later) > 2  # who answered nothing, by how they listen
    told, other = opened.dials.told(WHO), opened.dials.told(OTHER)
    assert told is not None
    assert other is not None
    assert sum(told["chances"].values()) == pytest.approx(1, abs=0.01)
    assert told["chances"] != other["chances"]
    assert {"type": "dial", "listener": WHO, **told} in list(opened.export(WHO))
    opened.erase(WHO)
    assert opened.dials.told(WHO) is None
    assert opened.dials.told(OTHER) is not None
    opened.sink.close()
