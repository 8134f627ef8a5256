# SPDX-License-Identifier: Apache-2.0
"""What holds of every simulated world, and what claims about recommenders may lean on."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy import sparse

from segue.catalog.schema import ALBUMS, ARTISTS, TRACKS
from segue.events.schema import INTAKE, conform
from segue.seeds import digest
from segue.simulate.truth import MOST_TASTES
from segue.simulate.world import World, WorldConfig, simulate

SMALL = WorldConfig(seed=3, listeners=300, tracks=1_500, weeks=6)
TOLD = {"event_id", "type", "listener", "occurred_at", "track", "artist", "title", "end_reason", "query", "session"}
TOLD |= {"played_ms", "duration_ms", "shuffle", "device", "place", "region", "timezone", "activity"}
OF_TRACKS = ["track_id", "kind", "title", "artist_name", "album_id", "release_date", "duration_ms", "key", "explicit"]
OF_ALBUMS = ["album_id", "title", "artist_id"]


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(SMALL)


@pytest.fixture(scope="module")
def weeks(world: World) -> list[pl.DataFrame]:
    return list(world.events())


@pytest.fixture(scope="module")
def events(weeks: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(weeks)


@pytest.fixture(scope="module")
def plays(events: pl.DataFrame) -> pl.DataFrame:
    return plays_of(events)


def plays_of(events: pl.DataFrame) -> pl.DataFrame:
    """Plays and skips, with the row numbers of listener and track."""
    return events.filter(pl.col("type").is_in(["play", "skip"])).with_columns(
        row=pl.col("listener").str.slice(-6).cast(pl.Int64), number=pl.col("track").str.slice(-6).cast(pl.Int64)
    )


def local(plays: pl.DataFrame) -> pl.DataFrame:
    """Plays with the hour (0–23) and the weekday (1 = Monday) of the listener's own clock."""
    parts = [
        part.with_columns(
            hour=pl.col("occurred_at").dt.convert_time_zone(zone).dt.hour(),
            weekday=pl.col("occurred_at").dt.convert_time_zone(zone).dt.weekday(),
        )
        for (zone,), part in plays.group_by("timezone")
    ]
    return pl.concat(parts)


def test_the_same_settings_give_the_same_world(world: World, weeks: list[pl.DataFrame]) -> None:
    again = simulate(WorldConfig.model_validate_json(SMALL.model_dump_json()))
    assert again.tracks.equals(world.tracks)
    assert again.artists.equals(world.artists)
    assert again.albums.equals(world.albums)
    assert all(one.equals(other) for one, other in zip(again.events(), weeks, strict=True))


def test_events_can_be_asked_for_twice(world: World, weeks: list[pl.DataFrame]) -> None:
    assert next(iter(world.events())).equals(weeks[0])


def test_another_seed_gives_another_world(world: World) -> None:
    other = simulate(SMALL.model_copy(update={"seed": 4}))
    assert not other.tracks["title"].equals(world.tracks["title"])
    assert not next(iter(other.events()))["track"].equals(next(iter(world.events()))["track"])


def test_a_world_keeps_its_bytes_from_release_to_release() -> None:
    """What is added to the simulator draws from streams of its own. Fractions are left out: last bits may differ."""
    world = simulate(WorldConfig(seed=11, listeners=40, tracks=300, weeks=3, bot_share=0.05))
    told = [week.select(name for name in week.columns if name in TOLD).write_csv() for week in world.events()]
    assert digest(*told) == "3c382572045705ecee00fb6319d3d64c"
    known = [frame.select(names).write_csv() for frame, names in ((world.tracks, OF_TRACKS), (world.albums, OF_ALBUMS))]
    assert digest(*known) == "08271629859289b717b2c0d7dc0c68ea"


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ValidationError, match="listner"):
        WorldConfig.model_validate({"listner": 3})


def test_the_smallest_world_still_turns() -> None:
    tiny = simulate(WorldConfig(listeners=1, tracks=50, weeks=1, sessions_per_week=20))
    assert tiny.tracks.height == 50
    assert sum(week.height for week in tiny.events()) > 0


def test_tables_have_the_catalogues_columns(world: World) -> None:
    assert world.tracks.schema == TRACKS
    assert world.artists.schema == ARTISTS
    assert world.albums.schema == ALBUMS
    assert world.tracks["track_id"].n_unique() == world.tracks.height == SMALL.tracks
    assert set(world.tracks["artist_id"]) == set(world.artists["artist_id"])
    assert set(world.tracks["album_id"]) == set(world.albums["album_id"])


def test_no_artist_has_two_tracks_of_one_title_and_no_two_artists_one_name(world: World) -> None:
    assert not world.tracks.select("artist_id", "title").is_duplicated().any()
    assert world.artists["name"].str.to_lowercase().is_unique().all()


def test_events_conform_and_are_labelled_simulated(weeks: list[pl.DataFrame]) -> None:
    for week in weeks:
        assert conform(week).equals(week)
        assert week.schema == INTAKE
        assert set(week["source"]) == {"simulated"}


def test_event_ids_count_on_from_zero(events: pl.DataFrame) -> None:
    assert events["event_id"].equals(pl.Series("event_id", [f"sim:{n}" for n in range(events.height)]))


def test_weeks_are_in_order_and_keep_to_their_time(weeks: list[pl.DataFrame]) -> None:
    for number, week in enumerate(weeks):
        assert week["occurred_at"].is_sorted()
        assert week["occurred_at"][0] >= SMALL.week_start(number)
        assert week["occurred_at"][-1] < SMALL.week_start(number + 1)
    assert SMALL.week_start(SMALL.weeks).date() == SMALL.end


def test_every_kind_of_event_names_only_what_the_catalogue_has(world: World, events: pl.DataFrame) -> None:
    kinds = {"play", "skip", "like", "dislike", "save", "share", "follow", "search", "playlist"}
    assert set(events["type"]) == kinds
    assert set(events["track"].drop_nulls()) <= set(world.tracks["track_id"])
    assert set(events["artist"].drop_nulls()) <= set(world.artists["artist_id"])
    assert set(events["tracks"].explode().drop_nulls()) <= set(world.tracks["track_id"])
    assert set(events["listener"]) <= set(world.listeners["listener"])


def test_no_track_is_played_or_listed_before_its_release(world: World, events: pl.DataFrame) -> None:
    listed = events.select("occurred_at", track=pl.col("tracks")).explode("track").drop_nulls("track")
    met = pl.concat([events.select("occurred_at", "track").drop_nulls("track"), listed])
    dated = met.join(world.tracks.select(track="track_id", release="release_date"), on="track")
    assert (dated["occurred_at"].dt.date() >= dated["release"]).all()


def test_new_releases_come_out_in_the_weeks_and_are_played(world: World, plays: pl.DataFrame) -> None:
    new = world.tracks.filter(pl.col("release_date") > SMALL.start.date())
    assert 0 < new.height < world.tracks.height / 5
    assert set(new["track_id"]) & set(plays["track"])


def test_nobody_hears_more_than_the_whole_track(plays: pl.DataFrame) -> None:
    assert (plays["played_ms"] <= plays["duration_ms"]).all()
    assert (plays["played_ms"] >= 0).all()
    assert (
        plays.filter(end_reason="finished")["played_ms"] == plays.filter(end_reason="finished")["duration_ms"]
    ).all()


def test_nobody_plays_two_tracks_at_once(plays: pl.DataFrame) -> None:
    times = plays.sort("listener", "occurred_at").with_columns(
        ends=pl.col("occurred_at") + pl.duration(milliseconds="played_ms"),
        next=pl.col("occurred_at").shift(-1).over("listener"),
    )
    assert (times["ends"] <= times["next"]).drop_nulls().all()


def test_nobody_likes_a_track_twice(events: pl.DataFrame) -> None:
    assert not events.filter(type="like").select("listener", "track").is_duplicated().any()


def test_listening_looks_like_listening(plays: pl.DataFrame) -> None:
    weekly = plays.group_by("listener").len()["len"] / SMALL.weeks
    repeats = plays.group_by("listener").agg(share=1 - pl.col("track").n_unique() / pl.len())["share"]
    assert 40 < weekly.median() < 120
    assert weekly.quantile(0.95) > 2.5 * weekly.median()
    assert 0.2 < (plays["type"] == "skip").mean() < 0.35
    assert 0.4 < repeats.median() < 0.7


def test_popularity_is_unequal(plays: pl.DataFrame) -> None:
    played = np.sort(np.bincount(plays["number"], minlength=SMALL.tracks))
    lorenz = np.cumsum(played) / played.sum()
    assert 1 - 2 * lorenz.mean() > 0.5


def test_low_affinity_is_skipped_more(world: World, plays: pl.DataFrame) -> None:
    affinity = world.truth.affinity(np.arange(SMALL.listeners), np.arange(SMALL.tracks))
    of_play = affinity[plays["row"], plays["number"]]
    skipped = (plays["type"] == "skip").to_numpy()
    low, high = np.quantile(of_play, [0.25, 0.75])
    assert skipped[of_play < low].mean() > 2 * skipped[of_play > high].mean()


def test_what_is_disliked_is_skipped_early(world: World, plays: pl.DataFrame) -> None:
    skips = plays.filter(type="skip")
    affinity = world.truth.affinity(np.arange(SMALL.listeners), np.arange(SMALL.tracks))[skips["row"], skips["number"]]
    heard = (skips["played_ms"] / skips["duration_ms"]).to_numpy()
    low, high = np.quantile(affinity, [0.25, 0.75])
    assert heard[affinity < low].mean() < 0.7 * heard[affinity > high].mean()


def test_plays_have_high_affinity(world: World, plays: pl.DataFrame) -> None:
    affinity = world.truth.affinity(np.arange(SMALL.listeners), np.arange(SMALL.tracks))
    assert affinity[plays["row"], plays["number"]].mean() > np.quantile(affinity, 0.85)


def test_affinity_is_that_of_the_best_suited_taste(world: World) -> None:
    truth = world.truth
    tastes = truth.taste_vectors[7][truth.taste_weights[7] > 0]
    expected = (tastes @ truth.track_vectors[:9].T).max(axis=0)
    found = truth.affinity(np.array([7]), np.arange(9))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected[None], rtol=1e-5)
    np.testing.assert_allclose(truth.taste_weights.sum(axis=1), 1, rtol=1e-5)
    assert truth.taste_vectors.shape[:2] == (SMALL.listeners, MOST_TASTES)


def test_evenings_are_busiest_by_the_listeners_own_clock(plays: pl.DataFrame, world: World) -> None:
    by_day = plays.filter(~pl.Series(world.truth.night_shift).gather(plays["row"]))
    for (zone,), part in local(by_day).group_by("timezone"):
        hours = np.bincount(part["hour"], minlength=24)
        assert hours[18:23].mean() > 2 * hours[9:17].mean(), zone
        assert 17 <= hours.argmax() <= 22, zone


def test_fridays_and_saturdays_are_busier_than_other_days(plays: pl.DataFrame) -> None:
    days = np.bincount(local(plays)["weekday"], minlength=8)[1:]
    assert days[4:6].mean() > 1.1 * days[:4].mean()


def test_listeners_favour_their_own_language(world: World, plays: pl.DataFrame) -> None:
    sung = plays.join(world.tracks.select("language", track="track_id"), on="track").drop_nulls("language")
    share = {region: (part["language"] == "ja").mean() for (region,), part in sung.group_by("region")}
    assert share["JP"] > 3 * max(value for region, value in share.items() if region != "JP")


def test_the_day_part_changes_what_is_done_and_on_what(plays: pl.DataFrame) -> None:
    focus, party = plays.filter(activity="focus"), plays.filter(activity="party")
    assert focus["device"].mode()[0] == "laptop"
    assert local(focus)["hour"].median() < 13 < local(party)["hour"].median()


def test_night_shifts_turn_the_day_round() -> None:
    turned = simulate(WorldConfig(listeners=200, tracks=500, weeks=1, night_shift_share=0.5))
    plays = plays_of(pl.concat(turned.events()))
    night = pl.Series(turned.truth.night_shift).gather(plays["row"])
    peaks = [
        int(np.bincount(local(part)["hour"], minlength=24).argmax())
        for part in (plays.filter(night), plays.filter(~night))
    ]
    assert 4 <= peaks[0] <= 10
    assert 17 <= peaks[1] <= 22


def test_a_viral_track_rises_in_its_week() -> None:
    world = simulate(WorldConfig(seed=5, listeners=300, tracks=1_000, weeks=4, viral_tracks=2))
    counts = np.stack([np.bincount(plays_of(week)["number"], minlength=1_000) for week in world.events()])
    viral = np.flatnonzero(world.truth.viral_week >= 0)
    assert len(viral) == 2
    for track in viral:
        week = world.truth.viral_week[track]
        assert counts[week, track] > 5 * (1 + counts[week - 1, track])


def test_bots_play_one_artist_for_half_a_minute() -> None:
    world = simulate(WorldConfig(listeners=60, tracks=500, weeks=1, bot_share=0.2))
    plays = plays_of(pl.concat(world.events()))
    machine = plays.filter(pl.Series(world.truth.bot).gather(plays["row"])).join(
        world.tracks.select(track="track_id", by="artist_id"), on="track"
    )
    assert machine["row"].n_unique() == world.truth.bot.sum() > 3
    assert machine.group_by("row").agg(pl.col("by").n_unique())["by"].max() == 1
    assert (machine["played_ms"] <= 31_000).all()


def test_playlists_have_titles_and_come_from_one_taste(world: World, events: pl.DataFrame) -> None:
    made = events.filter(type="playlist")
    assert made["playlist"].is_unique().all()
    assert made["title"].is_not_null().all()
    assert made["tracks"].list.len().min() >= 8
    assert (made["tracks"].list.n_unique() == made["tracks"].list.len()).all()
    truth = world.truth
    for listener, tracks in made.select("listener", "tracks").head(50).iter_rows():
        tastes = truth.taste_vectors[int(listener[-6:])]
        numbers = [int(track[-6:]) for track in tracks]
        suits = tastes @ truth.track_vectors.T
        assert (suits[:, numbers].mean(axis=1) - suits.mean(axis=1)).max() > 0.1


def test_neighbours_foretell_unheard_tracks_better_than_popularity(weeks: list[pl.DataFrame]) -> None:
    before, after = matrix(weeks[:4]), matrix(weeks[4:])
    heard = before.toarray() > 0
    new = (after.toarray() > 0) & ~heard
    popularity = np.broadcast_to(heard.sum(axis=0), heard.shape).astype(np.float64)
    assert recall(neighbours(before), heard, new) > 1.5 * recall(popularity, heard, new)


def matrix(weeks: list[pl.DataFrame]) -> sparse.csr_array:
    """Plays heard, not skipped: [listeners, tracks]."""
    plays = plays_of(pl.concat(weeks)).filter(type="play")
    at = (plays["row"].to_numpy(), plays["number"].to_numpy())
    return sparse.csr_array((np.ones(plays.height), at), shape=(SMALL.listeners, SMALL.tracks))


def neighbours(plays: sparse.csr_array) -> NDArray[np.float64]:
    """Scores of an item-kNN by cosine."""
    weights = np.log1p(plays.toarray())
    unit = weights / np.maximum(np.linalg.norm(weights, axis=0), 1e-9)
    similar = unit.T @ unit
    np.fill_diagonal(similar, 0)
    return np.asarray(weights @ similar)


def recall(scores: NDArray[np.float64], heard: NDArray[np.bool_], new: NDArray[np.bool_], limit: int = 20) -> float:
    """Share of the newly played tracks among the best unheard ones, over listeners who played any."""
    best = np.argsort(-np.where(heard, -np.inf, scores), axis=1)[:, :limit]
    found = np.take_along_axis(new, best, axis=1).sum(axis=1)
    there = new.sum(axis=1)
    return float((found[there > 0] / np.minimum(there[there > 0], limit)).mean())


def test_the_end_is_given_and_not_read_from_a_clock() -> None:
    world = simulate(WorldConfig(listeners=5, tracks=60, weeks=2, end=date(2020, 3, 1)))
    times = pl.concat(world.events())["occurred_at"]
    assert times.dt.date().min() >= date(2020, 2, 16)
    assert times.dt.date().max() < date(2020, 3, 1)
