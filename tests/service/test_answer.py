from dataclasses import replace
from datetime import timedelta

import polars as pl

from segue.catalog import store
from segue.events.schema import conform
from segue.types import Ask, Kind, Purpose, Refusal, Rung, Slate
from segue.workspace import Workspace
from tests.conftest import NOW

WHO = "sim:listener:000001"
SEED = "sim:track:000001"


def slate(workspace: Workspace, ask: Ask) -> Slate:
    (answer,) = workspace.service.answer([ask]).slates
    assert isinstance(answer, Slate)
    return answer


def radio(listener: str | None = None, limit: int = 30) -> Ask:
    return Ask("r", Kind.RADIO, (SEED,), listener=listener, limit=limit, now=NOW)


def say(workspace: Workspace, number: int, kind: str, track: str, listener: str = WHO) -> None:
    row = {"event_id": f"test-{number}", "type": kind, "listener": listener, "track": track, "occurred_at": NOW}
    workspace.sink.append(conform(pl.DataFrame([row])))


def heard(workspace: Workspace, listener: str) -> set[str]:
    events = workspace.door.read(Purpose.PERSONALISE, ["track"], listeners=[listener])
    return set(events["track"].drop_nulls())


def test_an_anonymous_radio_is_of_the_session_rung_and_its_impression_names_nobody(copy: Workspace) -> None:
    assert copy.answer(radio()).rung is Rung.SESSION
    shown = copy.door.read(Purpose.OPERATE, ["type", "listener", "tracks"]).filter(pl.col("type") == "impression")
    assert shown["listener"].to_list() == [None]
    assert len(shown["tracks"][0]) == 30


def test_a_personal_radio_differs_from_the_anonymous_one(world: Workspace) -> None:
    personal, anonymous = slate(world, radio(WHO)), slate(world, radio())
    assert (personal.rung, anonymous.rung) == (Rung.PERSONAL, Rung.SESSION)
    assert personal.tracks != anonymous.tracks


def test_every_reason_names_a_track_of_the_request_or_of_the_history(world: Workspace) -> None:
    weekly = slate(world, Ask("w", Kind.WEEKLY, listener=WHO, now=NOW))
    mine = heard(world, WHO)
    assert all(track.reason for track in weekly.tracks)
    assert {track.seed for track in weekly.tracks if track.seed} <= mine
    assert {track.seed for track in slate(world, radio()).tracks} <= {SEED, None}


def test_a_weekly_holds_only_unheard_tracks_and_few_of_one_artist(world: Workspace) -> None:
    weekly = slate(world, Ask("w", Kind.WEEKLY, listener=WHO, now=NOW))
    assert len(weekly.tracks) == 30
    assert not {track.track for track in weekly.tracks} & heard(world, WHO)
    artists = [track.artist for track in weekly.tracks]
    assert max(artists.count(artist) for artist in artists) <= 2


def test_a_disliked_track_is_gone_from_the_next_answer_on(copy: Workspace) -> None:
    first = slate(copy, radio(WHO)).tracks[0].track
    say(copy, 1, "dislike", first)
    assert first not in {track.track for track in slate(copy, radio(WHO, limit=200)).tracks}


def test_a_play_counts_from_the_next_answer_on(copy: Workspace) -> None:
    new = "somebody new"
    assert slate(copy, Ask("w", Kind.WEEKLY, listener=new, now=NOW)).rung is Rung.POPULAR
    say(copy, 1, "play", SEED, new)
    after = slate(copy, Ask("w", Kind.WEEKLY, listener=new, now=NOW))
    assert after.rung is Rung.PERSONAL
    assert SEED not in {track.track for track in after.tracks}


def test_a_withdrawn_consent_counts_from_the_next_answer_on_and_is_told(copy: Workspace) -> None:
    assert slate(copy, radio(WHO)).rung is Rung.PERSONAL
    copy.consent(WHO, Purpose.PERSONALISE, False)
    after = slate(copy, radio(WHO))
    assert after.rung is Rung.SESSION
    assert "does not allow" in after.notes[0]
    assert after.tracks == slate(copy, radio()).tracks
    assert copy.weekly_of(WHO, now=NOW).slate.rung is Rung.POPULAR
    assert not copy.shelf.editions(WHO, "weekly")
    copy.consent(WHO, Purpose.PERSONALISE, True)
    assert slate(copy, radio(WHO)).rung is Rung.PERSONAL


def test_one_wrong_ask_does_not_spoil_the_others(world: Workspace) -> None:
    asks = [radio(), Ask("bad", Kind.RADIO, ("nothing",), now=NOW), Ask("w", Kind.WEEKLY, listener=WHO, now=NOW)]
    good, bad, weekly = world.service.answer(asks).slates
    assert isinstance(good, Slate)
    assert isinstance(weekly, Slate)
    assert isinstance(bad, Refusal)
    assert "nothing" in bad.error


def test_answers_made_together_are_the_answers_made_alone(world: Workspace) -> None:
    listeners = world.listeners()[:20]
    asks = [Ask(one, Kind.WEEKLY, listener=one, now=NOW) for one in listeners]
    together = world.service.answer(asks, parallel=True).slates
    alone = [slate(world, ask) for ask in asks]
    assert [[track.track for track in one.tracks] for one in together if isinstance(one, Slate)] == [
        [track.track for track in one.tracks] for one in alone
    ]


def test_unknown_seeds_are_told_and_the_known_ones_answered(world: Workspace) -> None:
    answer = slate(world, Ask("c", Kind.CONTINUE, (SEED, "nothing"), now=NOW))
    assert answer.tracks
    assert "1 of 2 tracks are unknown" in answer.notes[0]


def test_an_answer_that_nothing_fits_falls_to_what_is_popular(copy: Workspace) -> None:
    tracks = pl.DataFrame({"track_id": ["new"], "title": ["Never played"], "artist_name": ["Nobody"]})
    store.extend(copy.home / "catalog", tracks)
    copy.train(now=NOW + timedelta(hours=1))
    answer = slate(copy, Ask("r", Kind.RADIO, ("new",), now=NOW))
    assert answer.rung is Rung.POPULAR
    assert answer.recipe == "popular"
    assert all(track.reason == "Popular with everyone now" for track in answer.tracks)


def test_who_opted_out_is_named_in_no_impression(copy: Workspace) -> None:
    copy.consent(WHO, Purpose.PERSONALISE, False)
    copy.answer(radio(WHO))
    shown = copy.door.read(Purpose.OPERATE, ["type", "listener"]).filter(pl.col("type") == "impression")
    assert shown["listener"].to_list() == [None]


def test_a_listener_who_heard_everything_gets_nothing_old_and_is_told(copy: Workspace) -> None:
    tracks = copy.catalog().tracks["track_id"].to_list()
    rows = [{"event_id": f"all-{t}", "type": "play", "listener": "all", "track": t, "occurred_at": NOW} for t in tracks]
    copy.sink.append(conform(pl.DataFrame(rows)))
    answer = slate(copy, Ask("w", Kind.WEEKLY, listener="all", now=NOW))
    assert answer.tracks == ()
    assert answer.notes == (
        "not personal: nothing new fits what 'all' plays",
        "0 tracks instead of 30: nothing else fits well enough",
    )


def test_an_unknown_listener_is_told_that_the_answer_is_not_personal(world: Workspace) -> None:
    assert "nothing is known of what 'typo' plays" in slate(world, radio("typo")).notes[0]


def test_each_ask_has_its_reasons_in_its_own_language(world: Workspace) -> None:
    tags = ["de", None, "pt-BR", "tlh", "ja"]
    slates = world.service.answer([replace(radio(WHO, 5), id=str(tag), language=tag) for tag in tags]).slates
    told = [slate for slate in slates if isinstance(slate, Slate)]
    assert len({tuple(track.code for track in slate.tracks) for slate in told}) == 1
    first = {str(tag): slate.tracks[0].reason for tag, slate in zip(tags, told, strict=True)}
    assert first["tlh"] == first["None"]
    assert len(set(first.values())) == 4
    assert "there are none in 'tlh' yet" in told[3].notes[0]
    assert not any("reasons are" in note for slate in (told[0], told[2]) for note in slate.notes)
