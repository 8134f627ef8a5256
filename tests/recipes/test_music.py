# SPDX-License-Identifier: Apache-2.0
from collections import Counter
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest
from pydantic import ValidationError

from segue.explain.reasons import FACTS
from segue.pipeline.candidates import Candidates
from segue.pipeline.request import Request
from segue.pipeline.stage import Recipe, run
from segue.pipeline.trace import Trace
from segue.recipes.music import ListConfig, RecipesConfig, popular, recipe
from segue.registry.snapshot import Snapshot
from segue.types import DropReason
from segue.workspace import Workspace
from tests.pipeline.rows import request, tracks_of

Name = Literal["radio", "continuation", "weekly"]
NAMES: tuple[Name, ...] = ("radio", "continuation", "weekly")
CONFIG = RecipesConfig()


@pytest.fixture(scope="module")
def snapshot(world: Workspace) -> Snapshot:
    return world.current()


@pytest.fixture(scope="module")
def asked(snapshot: Snapshot) -> Request:
    """Six rows with one popular seed each and a history of five tracks; the last row bans and excludes some."""
    numbers = snapshot.models["popularity"].numbers
    order = snapshot.models["popularity"].model.state()["order"]
    heard = numbers[order[:36]].reshape(6, 6).tolist()
    return request(
        6,
        seeds=[row[:1] for row in heard],
        history=[row[1:] for row in heard],
        banned=[[], [], [], [], [], heard[0]],
        exclude=[[], [], [], [], [], heard[1]],
        limit=[30, 5, 30, 30, 30, 30],
    )


def made_by(name: Name, snapshot: Snapshot, asked: Request, config: ListConfig | None = None) -> Candidates:
    chosen = config or getattr(CONFIG, name)
    return run(recipe(name, snapshot, chosen, candidates=500, parallel=False), asked, Trace())


@pytest.mark.parametrize("source", ["knn", "knn:", "knn:title", "neural:seeds", ":seeds", "knn:seeds:history"])
def test_a_list_of_an_unknown_source_is_refused(source: str) -> None:
    with pytest.raises(ValidationError, match=f"unknown source '{source}'"):
        ListConfig(weights={source: 1.0})


def test_a_negative_weight_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"'knn:seeds' has weight -0\.1"):
        ListConfig(weights={"knn:seeds": -0.1})


def test_a_list_without_any_source_is_refused() -> None:
    with pytest.raises(ValidationError, match="weights"):
        ListConfig(weights={})


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(ValidationError, match="no_such_key"):
        ListConfig.model_validate({"weights": {"knn:seeds": 1.0}, "no_such_key": 1})
    with pytest.raises(ValidationError, match="podcast"):
        RecipesConfig.model_validate({"podcast": {"weights": {"knn:seeds": 1.0}}})


def test_configs_round_trip_through_json() -> None:
    changed = RecipesConfig(weekly=ListConfig(weights={"als:history": 1.0}, artist_cap=1, floor=0.5, unheard=True))
    for config in (CONFIG, changed):
        assert RecipesConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize("name", NAMES)
def test_lists_are_in_order_within_their_limits_and_without_what_must_not_come(
    name: Name, snapshot: Snapshot, asked: Request
) -> None:
    made = made_by(name, snapshot, asked)
    for row, tracks in enumerate(tracks_of(made)):
        assert 0 < len(tracks) <= asked.limit[row]
        assert len(set(tracks)) == len(tracks)
        unwanted = [asked.seeds, asked.banned, asked.exclude, *([asked.history] if name == "weekly" else [])]
        assert not set(tracks).intersection(*[np.concatenate([one.row(row) for one in unwanted]).tolist()])
        scores = made.score[made.offsets[row] : made.offsets[row + 1]]
        if getattr(CONFIG, name).flow is None:
            assert (np.diff(scores) <= 0).all()
        else:  # its order is another; but it begins with what is good
            assert scores[:3].mean() >= np.median(scores)
    assert snapshot.catalog.available[snapshot.face[made.track]].all()


@pytest.mark.parametrize("name", NAMES)
def test_no_artist_has_more_tracks_in_a_list_than_the_cap(name: Name, snapshot: Snapshot, asked: Request) -> None:
    for cap in (1, 2):
        config = getattr(CONFIG, name).model_copy(update={"artist_cap": cap})
        for tracks in tracks_of(made_by(name, snapshot, asked, config)):
            assert max(Counter(snapshot.catalog.artist[tracks].tolist()).values()) <= cap


def test_weekly_keeps_an_artists_tracks_apart_and_takes_small_steps_of_tempo_and_energy(
    snapshot: Snapshot, asked: Request
) -> None:
    def step(tracks: list[int]) -> float:
        tempo, energy = (np.diff(snapshot.sound[name][tracks]) for name in ("tempo", "energy"))
        return float(np.mean(np.abs(tempo - np.rint(tempo)) + np.abs(energy)))

    by_score = made_by("weekly", snapshot, asked, CONFIG.weekly.model_copy(update={"flow": None}))
    for tracks, before in zip(tracks_of(made_by("weekly", snapshot, asked)), tracks_of(by_score), strict=True):
        assert sorted(tracks) == sorted(before)
        if len(tracks) > 10:  # in fewer, two tracks of two artists may not fit apart
            assert step(tracks) < step(before)
            artists = snapshot.catalog.artist[tracks].tolist()
            assert not any(artist in artists[place + 1 : place + 4] for place, artist in enumerate(artists))


def test_a_diverse_list_is_of_less_alike_tracks(snapshot: Snapshot, asked: Request) -> None:
    vectors, index = snapshot.space

    def likeness(strength: float) -> float:
        config = CONFIG.weekly.model_copy(update={"diversity": strength, "calibration": 0.0, "matched": False})
        found = []
        for tracks in tracks_of(made_by("weekly", snapshot, asked, config)):
            own = vectors[index[tracks]]
            own = own / np.linalg.norm(own, axis=1, keepdims=True)
            found.append((own @ own.T).mean())
        return float(np.mean(found))

    assert likeness(0.5) < likeness(0.15) < likeness(0.0)


def test_without_als_nothing_is_known_to_be_alike_and_lists_are_made_all_the_same(
    snapshot: Snapshot, asked: Request
) -> None:
    bare = replace(snapshot, models={name: bound for name, bound in snapshot.models.items() if name != "als"})
    assert all(tracks_of(made_by("weekly", bare, asked)))


def test_weekly_leaves_out_what_scores_far_below_the_best(snapshot: Snapshot, asked: Request) -> None:
    config = CONFIG.weekly.model_copy(update={"floor": 0.7})
    made = made_by("weekly", snapshot, asked, config)
    for first, last in zip(made.offsets[:-1], made.offsets[1:], strict=True):
        assert made.score[last - 1] >= 0.7 * made.score[first]


@pytest.mark.parametrize("name", NAMES)
def test_every_track_has_a_source_of_its_own_and_a_seed_of_its_row(
    name: Name, snapshot: Snapshot, asked: Request
) -> None:
    made = made_by(name, snapshot, asked)
    for place, row in enumerate(made.rows):
        source = made.sources[made.reason_source[place]]
        assert not np.isnan(made.proposed[place, made.reason_source[place]])
        reason = (*made.sources, *FACTS)[made.reason[place]]
        about = asked.seeds if reason.endswith(":seeds") else asked.history
        assert made.reason_seed[place] in [-1, *about.row(row)]
        assert made.reason_seed[place] >= 0 or reason in FACTS or source.startswith("popularity")


@pytest.mark.parametrize("name", NAMES)
def test_jobs_and_requests_get_the_same_lists(name: Name, snapshot: Snapshot, asked: Request) -> None:
    serial, parallel = (
        run(recipe(name, snapshot, getattr(CONFIG, name), candidates=500, parallel=parallel), asked, Trace())
        for parallel in (False, True)
    )
    np.testing.assert_array_equal(serial.track, parallel.track)
    np.testing.assert_array_equal(serial.offsets, parallel.offsets)
    np.testing.assert_allclose(serial.score, parallel.score, rtol=1e-5)


def test_rows_of_one_request_do_not_depend_on_one_another(snapshot: Snapshot, asked: Request) -> None:
    together = tracks_of(made_by("radio", snapshot, asked))
    alone = [tracks_of(made_by("radio", snapshot, asked.take(np.array([row]))))[0] for row in range(len(asked))]
    assert together == alone


def test_a_longer_list_asks_the_sources_for_more(snapshot: Snapshot, asked: Request) -> None:
    config = ListConfig(weights={"als:seeds": 1.0}, candidates=30)
    longer = replace(asked, limit=np.full(6, 200, np.int32))
    made = run(recipe("continuation", snapshot, config, candidates=500, parallel=False), longer, Trace())
    assert np.diff(made.offsets).tolist() == [200] * 6


def test_a_source_whose_model_is_not_trained_is_left_out(snapshot: Snapshot, asked: Request) -> None:
    fewer = replace(snapshot, models={name: model for name, model in snapshot.models.items() if name != "als"})
    made = made_by("radio", fewer, asked)
    assert "als:seeds" not in made.sources
    assert made.sources == tuple(name for name in CONFIG.radio.weights if name.partition(":")[0] in fewer.models)
    assert np.diff(made.offsets).all()


def test_what_is_unavailable_is_dropped_and_counted(snapshot: Snapshot, asked: Request) -> None:
    tracks = snapshot.catalog.tracks.with_columns(available=snapshot.catalog.tracks["number"] % 2 == 0)
    catalog = replace(snapshot.catalog, tracks=tracks)
    alone = replace(snapshot, catalog=catalog, face=np.arange(len(catalog), dtype=np.int32))
    trace = Trace()
    made = run(recipe("radio", alone, CONFIG.radio, candidates=500, parallel=False), asked, trace)
    assert not (made.track % 2).any()
    assert trace.drops[DropReason.UNAVAILABLE] > 0


def popular_recipe(snapshot: Snapshot) -> Recipe:
    return popular(snapshot, candidates=500, parallel=False, unheard=False)


def test_what_is_popular_is_the_same_for_everyone(snapshot: Snapshot) -> None:
    assert popular_recipe(snapshot).name == "popular"
    made = run(popular_recipe(snapshot), request(3, limit=[30, 30, 10]), Trace())
    first, second, third = tracks_of(made)
    assert first == second
    assert first[:10] == third
    assert len(first) == 30
    assert {made.sources[number] for number in made.reason_source} == {"popularity:history"}


def test_what_is_popular_still_leaves_out_what_is_banned(snapshot: Snapshot) -> None:
    everyone = tracks_of(run(popular_recipe(snapshot), request(1, limit=[30]), Trace()))[0]
    banned = request(1, banned=[everyone[:5]], limit=[30])
    assert not set(everyone[:5]) & set(tracks_of(run(popular_recipe(snapshot), banned, Trace()))[0])
