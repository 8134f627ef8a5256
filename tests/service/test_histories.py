from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl

from segue.events.schema import conform
from segue.events.sink import Sink
from segue.service.answer import Service
from segue.service.histories import Histories, ragged
from segue.types import Ask, Kind, Purpose, Slate
from segue.workspace import Workspace
from tests.conftest import NOW

WHO = "sim:listener:000001"
SEED = "sim:track:000001"


def histories(workspace: Workspace) -> Histories:
    return Histories(workspace.door, workspace.settings.dataset.signals)


def test_an_anonymous_answer_is_the_same_where_there_is_no_log(world: Workspace, home: Path) -> None:
    bare = Workspace.open(home, create=True)
    service = Service(world.current, bare.door, world.settings.recipes, histories(bare))
    ask = Ask("r", Kind.RADIO, (SEED,), now=NOW)
    assert service.answer([ask]).slates == world.service.answer([ask]).slates


def test_nobody_and_a_stranger_have_no_taste(world: Workspace) -> None:
    for taste in histories(world).of([None, "a stranger"], world.catalog(), NOW):
        assert (len(taste.tracks), len(taste.weights), len(taste.banned)) == (0, 0, 0)


def test_tastes_stand_beside_their_listeners(world: Workspace) -> None:
    catalog = world.catalog()
    mine, nobody, other, again = histories(world).of([WHO, None, "sim:listener:000002", WHO], catalog, NOW)
    assert mine is again
    assert len(nobody.tracks) == 0
    assert set(mine.tracks.tolist()) != set(other.tracks.tolist())
    assert len(mine.tracks) == len(mine.weights)


def test_what_was_played_last_stands_last(copy: Workspace) -> None:
    played = ["sim:track:000009", "sim:track:000002", "sim:track:000005"]
    rows = [
        {
            "event_id": track,
            "type": "play",
            "listener": "new",
            "track": track,
            "occurred_at": NOW + timedelta(minutes=at),
        }
        for at, track in enumerate(played)
    ]
    copy.sink.append(conform(pl.DataFrame(rows)))
    (taste,) = histories(copy).of(["new"], copy.catalog(), NOW + timedelta(hours=1))
    assert taste.tracks.tolist() == copy.catalog().numbers(played).tolist()


def test_a_play_that_another_process_wrote_is_seen_at_once(copy: Workspace) -> None:
    own = histories(copy)
    number = int(copy.catalog().numbers([SEED])[0])
    (before,) = own.of(["newcomer"], copy.catalog(), NOW)
    row = {"event_id": "n", "type": "play", "listener": "newcomer", "track": SEED, "occurred_at": NOW}
    other = Sink(copy.home / "events")
    other.append(conform(pl.DataFrame([row])))
    other.close()
    (after,) = own.of(["newcomer"], copy.catalog(), NOW)
    assert len(before.tracks) == 0
    assert after.tracks.tolist() == [number]


def test_a_withdrawn_consent_empties_the_taste_and_a_new_one_brings_it_back(copy: Workspace) -> None:
    own = histories(copy)
    (before,) = own.of([WHO], copy.catalog(), NOW)
    copy.consent(WHO, Purpose.PERSONALISE, False)
    (silent,) = own.of([WHO], copy.catalog(), NOW)
    copy.consent(WHO, Purpose.PERSONALISE, True)
    (after,) = own.of([WHO], copy.catalog(), NOW)
    assert len(silent.tracks) == len(silent.banned) == 0
    assert np.array_equal(before.tracks, after.tracks)


def test_an_answer_does_not_depend_on_what_was_asked_before(world: Workspace) -> None:
    """Weights fade with age: what is kept of a listener must not stay as old as the first answer."""
    later = NOW + timedelta(days=400)
    asked_before = Workspace.open(world.home).service
    asked_before.answer([Ask("w", Kind.WEEKLY, listener=WHO, now=NOW)])
    fresh = Workspace.open(world.home).service
    ask = Ask("w", Kind.WEEKLY, listener=WHO, now=later)
    assert asked_before.answer([ask]).slates == fresh.answer([ask]).slates


def test_answers_are_the_same_for_the_same_inputs(world: Workspace) -> None:
    asks = [
        Ask("r", Kind.RADIO, (SEED,), now=NOW),
        Ask("p", Kind.RADIO, (SEED,), listener=WHO, now=NOW),
        Ask("w", Kind.WEEKLY, listener=WHO, now=NOW),
        Ask("c", Kind.CONTINUE, (SEED, "sim:track:000007"), limit=100, now=NOW),
    ]
    first, second = (Workspace.open(world.home).service.answer(asks).slates for _ in range(2))
    assert first == second
    assert all(isinstance(slate, Slate) for slate in first)


def test_habits_are_the_same_for_one_and_for_many(copy: Workspace) -> None:
    artist = copy.catalog().artists["artist_id"][3]
    row = {"event_id": "f", "type": "follow", "listener": WHO, "artist": artist, "occurred_at": NOW}
    copy.sink.append(conform(pl.DataFrame([row])))
    own, whom = histories(copy), ["a stranger", None, WHO, "sim:listener:000002"]
    history, banned, habits = ragged(own.of(whom, copy.catalog(), NOW))
    many = own.read(whom, copy.catalog(), NOW, copy.door.position())
    for one, other in zip((history, banned, habits.follows), (many[0], many[1], many[2].follows), strict=True):
        assert (one.offsets.tolist(), one.values.tolist()) == (other.offsets.tolist(), other.values.tolist())
    for name in ("plays", "replayed", "away_days"):
        assert getattr(habits, name).tolist() == getattr(many[2], name).tolist()
        assert len(getattr(habits, name)) == len(history.values)
    assert habits.regions == many[2].regions
    assert [one is None for one in habits.regions] == [True, True, False, False]
    assert 3 in habits.follows.row(2)
    assert habits.replayed.any()


def test_a_follow_counts_from_the_next_answer_on_also_of_who_played_nothing(copy: Workspace) -> None:
    own, artist = histories(copy), copy.catalog().artists["artist_id"][3]
    (before,) = own.of(["fan"], copy.catalog(), NOW)
    row = {"event_id": "f", "type": "follow", "listener": "fan", "artist": artist, "occurred_at": NOW}
    copy.sink.append(conform(pl.DataFrame([row])))
    (after,) = own.of(["fan"], copy.catalog(), NOW)
    assert (before.follows.tolist(), after.follows.tolist(), len(after.tracks)) == ([], [3], 0)
    copy.consent("fan", Purpose.PERSONALISE, False)
    assert own.of(["fan"], copy.catalog(), NOW)[0].follows.tolist() == []
