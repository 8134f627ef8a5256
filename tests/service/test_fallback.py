import shutil
from collections.abc import Iterator

import polars as pl
import pytest

from segue.catalog import store
from segue.events.schema import conform
from segue.types import Ask, Kind, Refusal, Rung, Slate
from segue.workspace import Workspace
from tests.conftest import NOW

SEED = "sim:track:000001"


def slate(workspace: Workspace, ask: Ask) -> Slate:
    (answer,) = workspace.service.answer([ask]).slates
    assert isinstance(answer, Slate), answer
    return answer


def weekly(listener: str, limit: int = 30) -> Ask:
    return Ask("w", Kind.WEEKLY, listener=listener, limit=limit, now=NOW)


def hear(workspace: Workspace, listener: str, tracks: list[str], kind: str = "play") -> None:
    rows = [
        {"event_id": f"{kind} {listener} {track}", "type": kind, "listener": listener, "track": track}
        for track in tracks
    ]
    workspace.sink.append(conform(pl.DataFrame(rows).with_columns(pl.lit(NOW).alias("occurred_at"))))


@pytest.fixture(scope="module")
def extended(world: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The world with one more track, "new", that nobody has played."""
    home = tmp_path_factory.mktemp("extended") / "home"
    shutil.copytree(world.home, home)
    new = pl.DataFrame({"track_id": ["new"], "title": ["Never played"], "artist_name": ["Nobody"]})
    store.extend(home / "catalog", new)
    workspace = Workspace.open(home)
    workspace.train(now=NOW.replace(hour=13))
    yield workspace
    workspace.sink.close()


def test_a_listener_without_plays_gets_what_is_popular_and_it_says_so(world: Workspace) -> None:
    made = slate(world, weekly("a stranger"))
    assert (made.rung, made.recipe, len(made.tracks)) == (Rung.POPULAR, "popular", 30)
    assert {track.reason for track in made.tracks} == {"Popular with everyone now"}
    assert {track.seed for track in made.tracks} == {None}


def test_everyone_without_plays_gets_the_same(world: Workspace) -> None:
    assert slate(world, weekly("one stranger")).tracks == slate(world, weekly("another")).tracks


def test_a_full_list_of_the_last_resort_is_not_called_short(extended: Workspace) -> None:
    made = slate(extended, Ask("r", Kind.RADIO, ("new",), now=NOW))
    assert (made.rung, len(made.tracks)) == (Rung.POPULAR, 30)
    assert not any("instead of" in note for note in made.notes)


def test_a_listener_who_starts_from_a_track_that_no_model_knows_gets_their_own_taste(extended: Workspace) -> None:
    who = extended.listeners()[0]
    made = slate(extended, Ask("r", Kind.RADIO, ("new",), listener=who, limit=10, now=NOW))
    assert (made.rung, made.recipe, len(made.tracks)) == (Rung.PERSONAL, "personal", 10)
    assert any("newer than the models" in note for note in made.notes)


def test_a_list_that_is_short_says_so_once(extended: Workspace) -> None:
    made = slate(extended, Ask("r", Kind.RADIO, ("new",), limit=1000, now=NOW))
    assert made.rung is Rung.POPULAR
    assert [note for note in made.notes if "instead of" in note] == [
        f"{len(made.tracks)} tracks instead of 1000: nothing else fits well enough"
    ]


def test_a_disliked_track_does_not_come_back_on_the_last_rung_either(copy: Workspace) -> None:
    listener = "only dislikes"
    top = [track.track for track in slate(copy, weekly(listener)).tracks[:5]]
    hear(copy, listener, top, "dislike")
    made = slate(copy, weekly(listener, limit=200))
    assert made.rung is Rung.POPULAR
    assert not set(top) & {track.track for track in made.tracks}


def test_a_weekly_holds_no_heard_track_on_the_last_rung_either(copy: Workspace) -> None:
    """Who has heard everything that a small catalogue has gets no week of old songs as new."""
    tracks = copy.catalog().tracks["track_id"].to_list()
    hear(copy, "heard it all", tracks)
    made = slate(copy, weekly("heard it all"))
    assert not {track.track for track in made.tracks} & set(tracks)


def test_a_disliked_track_never_comes_back_in_any_list(copy: Workspace) -> None:
    who = "sim:listener:000001"
    radio = Ask("r", Kind.RADIO, (SEED,), listener=who, limit=1000, now=NOW)
    disliked = {track.track for track in slate(copy, radio).tracks[:10]}
    disliked |= {track.track for track in slate(copy, weekly(who)).tracks[:10]}
    hear(copy, who, sorted(disliked), "dislike")
    for ask in (radio, weekly(who, limit=1000)):
        assert not disliked & {track.track for track in slate(copy, ask).tracks}


def test_a_limit_out_of_bounds_is_refused_beside_answers(world: Workspace) -> None:
    asks = [Ask(str(limit), Kind.RADIO, (SEED,), limit=limit, now=NOW) for limit in (1, 0, 1000, 10000)]
    one, none, many, too_many = world.service.answer(asks).slates
    assert isinstance(one, Slate)
    assert isinstance(many, Slate)
    assert len(one.tracks) == 1
    assert one.tracks[0] in many.tracks[:15]
    assert isinstance(none, Refusal)
    assert isinstance(too_many, Refusal)
    assert "limit is 0" in none.error
    assert "limit is 10000" in too_many.error


def test_no_track_is_in_a_list_twice_and_the_seed_is_not_in_it(world: Workspace) -> None:
    tracks = [track.track for track in slate(world, Ask("r", Kind.RADIO, (SEED,), limit=1000, now=NOW)).tracks]
    assert len(tracks) == len(set(tracks))
    assert SEED not in tracks


def test_popular_tracks_go_by_score_and_others_only_begin_with_good_ones(world: Workspace) -> None:
    scores = [track.score for track in slate(world, weekly("a stranger")).tracks]
    assert scores == sorted(scores, reverse=True)
    for ask in (Ask("r", Kind.RADIO, (SEED,), now=NOW), weekly("sim:listener:000001")):
        scores = [track.score for track in slate(world, ask).tracks]
        assert sum(scores[:3]) / 3 > sorted(scores)[len(scores) // 2]


def test_excluded_tracks_are_left_out(world: Workspace) -> None:
    ask = weekly("sim:listener:000001")
    first = [track.track for track in slate(world, ask).tracks]
    (second,) = world.service.answer([ask], exclude={"w": first}).slates
    assert isinstance(second, Slate)
    assert not set(first) & {track.track for track in second.tracks}


def test_a_shown_slate_comes_back_from_json_as_it_was(world: Workspace) -> None:
    made = slate(world, weekly("sim:listener:000001"))
    assert Slate.from_json(made.to_json()) == made
